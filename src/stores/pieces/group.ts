/** Objects that become visible together, as far as a bucket can: all are uploaded whole before the first is completed. */
import type { StoreGroup } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { checkedPath } from '../paths.ts';
import type { ObjectWriter } from './writer.ts';

/** What a group needs of its bucket. */
export interface GroupBucket {
  describe(path: string): string;
  /** Before the first write. */
  ready(): Promise<void>;
  list(folder: string): AsyncIterable<{ readonly path: string }>;
  /** Absent ones are fine. */
  deletePaths(paths: readonly string[]): Promise<void>;
  writer(path: string): ObjectWriter;
}

/** Objects completed at once. */
const AT_ONCE = 8;

export function beginGroup(bucket: GroupBucket, dir: string): StoreGroup {
  const failed = (message: string, path: string): MigrateError =>
    new MigrateError('E_STORE', message, { at: { file: bucket.describe(path) } });
  if (checkedPath(dir) === '') throw failed('a part can not be the whole store', '');
  const writers = new Map<string, ObjectWriter>();
  let [begun, committed] = [false, false];
  return {
    async create(name) {
      const path = `${dir}/${checkedPath(name)}`;
      if (writers.has(path)) throw failed('a file is in its part already', path);
      const writer = bucket.writer(path);
      writers.set(path, writer);
      return writer;
    },
    async commit() {
      for (const [path, writer] of writers)
        if (!writer.closed()) throw failed('a part was committed with a file open', path);
      await bucket.ready();
      begun = true;
      await removeStrangers(bucket, dir, writers);
      await completeAll([...writers.values()]);
      committed = true;
    },
    async abort() {
      if (committed) return;
      for (const writer of writers.values()) await writer.abort();
      // Of a commit that failed some may be there, also ones that were not known to be.
      if (begun) await bucket.deletePaths([...writers.keys()]);
      writers.clear();
    },
  };
}

/** What lies under the final names was put there by a run that died before its checkpoint: nobody knows it. */
async function removeStrangers(bucket: GroupBucket, dir: string, own: ReadonlyMap<string, unknown>): Promise<void> {
  const strangers: string[] = [];
  for await (const { path } of bucket.list(dir)) if (!own.has(path)) strangers.push(path);
  await bucket.deletePaths(strangers);
}

/** Tries all of them before it tells of one that is to be tried again: so each try leaves fewer. */
async function completeAll(writers: readonly ObjectWriter[]): Promise<void> {
  let again: unknown;
  for (let first = 0; first < writers.length; first += AT_ONCE) {
    const some = await Promise.allSettled(writers.slice(first, first + AT_ONCE).map((writer) => writer.complete()));
    for (const result of some) {
      if (result.status === 'fulfilled') continue;
      if (!(result.reason instanceof MigrateError && result.reason.retry)) throw result.reason;
      again ??= result.reason;
    }
  }
  if (again !== undefined) throw again;
}
