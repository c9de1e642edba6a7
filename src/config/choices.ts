/** The words that a job's settings may take, for flags and files alike. */
import type { IndexChoice } from './job.ts';

export const WRITE_MODES = ['append', 'skip', 'overwrite'] as const;
export const VERIFY_WAYS = ['auto', 'sample', 'full', 'counts', 'none'] as const;
export const ON_DUPLICATE = ['fail', 'keep-all', 'first'] as const;
export const CONSISTENCY_LEVELS = ['Strong', 'Session', 'Bounded', 'Eventually', 'Customized'] as const;
export const MAX_SHARDS = 16;
/** Beyond it threads only take memory: V8 ends the whole process where it gets none for one more. */
export const MAX_THREADS = 1024;

/** The word of the list that `text` is, without regard to case; undefined: none. */
export function chooseWord<T extends string>(text: string, words: readonly T[]): T | undefined {
  return words.find((word) => word.toLowerCase() === text.toLowerCase());
}

/** «a, b or c» */
export function orList(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

export const INDEX_WANTED = 'auto, none, or a type with parameters, such as IVF_FLAT:nlist=1024';

/** `auto`, `none`, `HNSW`, `IVF_FLAT:nlist=1024,m=8`; undefined: neither. */
export function parseIndexChoice(text: string): IndexChoice | undefined {
  const fixed = chooseWord(text, ['auto', 'none'] as const);
  if (fixed !== undefined) return { kind: fixed };
  const match = /^([A-Za-z][A-Za-z0-9_]*)(?::(.+))?$/.exec(text);
  if (match === null) return undefined;
  const params: Record<string, number> = {};
  for (const pair of match[2]?.split(',') ?? []) {
    const [, name, value] = /^\s*([A-Za-z_]\w*)\s*=\s*(-?\d+(?:\.\d+)?)\s*$/.exec(pair) ?? [];
    if (name === undefined || name in params) return undefined;
    params[name] = Number(value);
  }
  return { kind: 'given', type: match[1]!.toUpperCase(), params };
}
