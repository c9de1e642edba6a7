/**
 * Tells of every call on a diagnostics channel: what, where, how long, what came of it. A channel that nobody listens to
 * costs nothing; whoever wants to know subscribes, in the thread that makes the calls (`--import` is for all threads).
 */
import { channel } from 'node:diagnostics_channel';
import type { Store } from '../../core/contracts.ts';
import { messageOf } from '../../core/errors.ts';
import { aroundStore, type CallName } from './around.ts';

export const STORE_CALLS_CHANNEL = 'milvus-migrate:store';

/** What a subscriber gets. */
export interface StoreCallDone {
  readonly name: CallName;
  /** s3://bucket/prefix/path */
  readonly place: string;
  readonly bytes: number;
  readonly ms: number;
  /** undefined: it succeeded. */
  readonly error: string | undefined;
}

const calls = channel(STORE_CALLS_CHANNEL);

export function withLog(store: Store): Store {
  return aroundStore(store, async ({ name, path, bytes }, make) => {
    if (!calls.hasSubscribers) return make();
    const began = performance.now();
    const tell = (error: string | undefined): void => {
      const done: StoreCallDone = { name, place: store.describe(path), bytes, ms: performance.now() - began, error };
      calls.publish(done);
    };
    try {
      const result = await make();
      tell(undefined);
      return result;
    } catch (thrown) {
      tell(messageOf(thrown));
      throw thrown;
    }
  });
}
