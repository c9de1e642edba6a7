/** What a run says of calls that failed and were made again: the first of each sort at once, their number at the end. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { AGAIN_CHANNEL, type CallAgain } from '../core/again.ts';

/** A call that has failed so often is spoken of once more: it is no hiccup. */
const LASTING = 5;

export interface AgainListener extends Disposable {
  /** undefined: every call was made once. */
  summary(): string | undefined;
}

/**
 * Listens until it is disposed. What is told is of this process: jobs that a library runs side by side hear of each
 * other's calls.
 */
export function listenForAgain(warn: (text: string) => void): AgainListener {
  const counts = new Map<string, number>();
  const lasting = new Set<string>();
  const hear = (message: unknown): void => {
    const { what, found, failures } = message as CallAgain;
    const before = counts.get(found) ?? 0;
    counts.set(found, before + 1);
    if (before === 0) warn(`${what} (${found}); trying again`);
    if (failures < LASTING || lasting.has(found)) return;
    lasting.add(found);
    warn(`${what} (${found}): failed ${failures} times, still trying`);
  };
  subscribe(AGAIN_CHANNEL, hear);
  return {
    summary() {
      const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
      if (all === 0) return undefined;
      const each = [...counts].map(([found, count]) => `${found}: ${count}`).join('; ');
      return `calls that failed and were made again: ${all} (${each})`;
    },
    [Symbol.dispose]: () => void unsubscribe(AGAIN_CHANNEL, hear),
  };
}
