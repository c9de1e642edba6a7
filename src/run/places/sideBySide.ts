/** Many questions to a store, each about one part or folder: where the store is far away, several are under way at once. */
import type { StoreConfig } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';

/** A folder answers at once; an answer of a bucket takes its time, and there may be one for each of many thousand parts. */
const AT_ONCE = 16;

/**
 * Begins nothing new after a failure, which is thrown when what runs has ended. Throws E_INTERRUPTED when the run is to
 * stop.
 */
export async function sideBySide<T>(
  { scheme }: Pick<StoreConfig, 'scheme'>,
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  // One sequence for all lanes: a lane that fails ends it.
  const queue = each(items);
  const lane = async (): Promise<void> => {
    for (const item of queue) {
      if (signal?.aborted === true) throw new MigrateError('E_INTERRUPTED', 'interrupted');
      await work(item);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: scheme === 'file' ? 1 : AT_ONCE }, lane));
  for (const result of ended) if (result.status === 'rejected') throw result.reason;
}

function* each<T>(items: Iterable<T>): Generator<T> {
  yield* items;
}
