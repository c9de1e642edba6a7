/** Seals what was inserted, and waits until it is in the storage. */
import { isRateLimit, isSuccess, refused } from './errors.ts';
import { until } from './poll.ts';
import type { Rpc } from './rpc.ts';

interface FlushReply {
  readonly coll_segIDs: Readonly<Record<string, { readonly data: readonly string[] }>>;
  readonly coll_flush_ts: Readonly<Record<string, string>>;
}

const FLUSH_MS = 120_000;

export async function flush(rpc: Rpc, collection: string): Promise<void> {
  const at = { collection };
  const reply = await until('the flush', () => askFlush(rpc, collection), rpc.signal);
  const segments = reply.coll_segIDs[collection]?.data ?? [];
  const flushTs = reply.coll_flush_ts[collection] ?? '0';
  const question = { segmentIDs: segments, flush_ts: flushTs, collection_name: collection };
  await until(
    'the flush',
    async () => {
      const { flushed } = await rpc.ask<{ flushed: boolean }>('GetFlushState', question, { at });
      return flushed ? true : undefined;
    },
    rpc.signal,
  );
}

/** undefined: refused by the limit on flushes (one in ten seconds a collection, where it is on), which passes. */
async function askFlush(rpc: Rpc, collection: string): Promise<FlushReply | undefined> {
  const at = { collection };
  const { status, reply } = await rpc.askStatus<FlushReply>(
    'Flush',
    { collection_names: [collection] },
    { at, timeoutMs: FLUSH_MS },
  );
  if (isSuccess(status)) return reply;
  if (isRateLimit(status)) return undefined;
  throw refused(status, { method: 'Flush', address: rpc.address, at });
}
