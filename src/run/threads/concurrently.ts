/** Runs work side by side, up to a limit, and a queue that such work waits on. */

/**
 * Calls `work` for every item, at most `limit` at a time. After the first failure nothing new is begun, what runs is
 * waited for, and the first error is thrown: it is the cause, the later ones are mostly its consequences.
 */
export async function forEachConcurrently<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let failure: { readonly error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    while (failure === undefined) {
      const next = await source.next();
      if (next.done === true || failure !== undefined) return;
      await work(next.value);
    }
  };
  const guarded = (): Promise<void> =>
    lane().catch((error: unknown) => {
      failure ??= { error };
    });
  await Promise.all(Array.from({ length: Math.max(1, limit) }, guarded));
  if (failure !== undefined) throw failure.error;
}

export interface Queue<T> extends AsyncIterable<T> {
  push(item: T): void;
  /** Forgets what nobody has taken yet. */
  clear(): void;
  /** No more items: consumers end when the queue is empty. */
  end(): void;
}

/** Items in the order in which they are pushed, for any number of consumers; each item goes to one of them. */
export function createQueue<T>(): Queue<T> {
  const items: T[] = [];
  const waiting: ((result: IteratorResult<T, undefined>) => void)[] = [];
  let ended = false;
  const finished: IteratorResult<T, undefined> = { done: true, value: undefined };
  return {
    push(item) {
      const consumer = waiting.shift();
      if (consumer === undefined) items.push(item);
      else consumer({ done: false, value: item });
    },
    clear: () => void items.splice(0),
    end() {
      ended = true;
      for (const consumer of waiting.splice(0)) consumer(finished);
    },
    [Symbol.asyncIterator]: () => ({
      next: () =>
        new Promise((resolve) => {
          if (items.length > 0) resolve({ done: false, value: items.shift() as T });
          else if (ended) resolve(finished);
          else waiting.push(resolve);
        }),
    }),
  };
}
