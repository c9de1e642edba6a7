/** What a run says of calls that failed and were made again: the first of each sort at once, their number at the end. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { AGAIN_CHANNEL, type CallAgain } from '../../core/again.ts';

/** A call that has failed so often is spoken of once more: it is no hiccup. */
const LASTING = 5;

export interface AgainListener extends Disposable {
  /** undefined: every call was made once. */
  summary(): string | undefined;
}

/** Calls that failed in the same words, but for numbers in them (that of a piece). */
interface Sort {
  /** Of the first. */
  readonly found: string;
  count: number;
  /** One of them failed on and on, and that was said. */
  lasts: boolean;
}

/**
 * Listens until it is disposed. What is told is of this process: jobs that a library runs side by side hear of each
 * other's calls.
 */
export function listenForAgain(warn: (text: string) => void): AgainListener {
  const sorts = new Map<string, Sort>();
  const hear = (message: unknown): void => {
    const { what, found, failures } = message as CallAgain;
    // Not by what was found: servers put there what is different each time, and then there would be no end of warnings.
    const key = what.replace(/\d+/g, '#');
    const sort = sorts.get(key) ?? { found, count: 0, lasts: false };
    sorts.set(key, sort);
    if (sort.count++ === 0) warn(`${what} (${found}); trying again`);
    if (failures < LASTING || sort.lasts) return;
    sort.lasts = true;
    warn(`${what} (${found}): failed ${failures} times, still trying`);
  };
  subscribe(AGAIN_CHANNEL, hear);
  return {
    summary() {
      const all = [...sorts.values()].reduce((sum, { count }) => sum + count, 0);
      if (all === 0) return undefined;
      const each = [...sorts.values()].map(({ found, count }) => `${found}: ${count}`).join('; ');
      return `calls that failed and were made again: ${all} (${each})`;
    },
    [Symbol.dispose]: () => void unsubscribe(AGAIN_CHANNEL, hear),
  };
}
