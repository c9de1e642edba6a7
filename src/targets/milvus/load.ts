/** Loads and releases collections, and waits until that is done. */
import { MigrateError } from '../../core/errors.ts';
import { loadState } from './describe.ts';
import { hasBulkInsert } from './facts.ts';
import { until } from './poll.ts';
import type { Rpc } from './rpc.ts';

const ASK_MS = 60_000;

/**
 * Loads the collection. One that is loaded already is refreshed: what was imported after it was loaded becomes visible
 * by itself only some 18 s later (2.3.5), and nothing but this says when.
 */
export async function load(rpc: Rpc, collection: string): Promise<void> {
  const refresh = (await loadState(rpc, collection)) === 'LoadStateLoaded';
  await rpc.ask(
    'LoadCollection',
    { collection_name: collection, replica_number: 1, refresh },
    { at: { collection }, write: true, timeoutMs: ASK_MS },
  );
  await until('the load', () => isLoaded(rpc, collection), rpc.signal);
  // Without imports there is nothing to refresh, and no server that says when it is done (milvus-lite).
  if (refresh && (await hasBulkInsert(rpc))) await until('the refresh', () => isRefreshed(rpc, collection), rpc.signal);
}

async function isLoaded(rpc: Rpc, collection: string): Promise<true | undefined> {
  const state = await loadState(rpc, collection);
  if (state === 'LoadStateLoaded') return true;
  if (state === 'LoadStateLoading') return undefined;
  // A load that failed is forgotten, but for the reason that the progress gives.
  await progress(rpc, collection);
  throw new MigrateError('E_TARGET', 'the collection was released or dropped while it was being loaded', {
    at: { collection },
    found: state,
  });
}

async function isRefreshed(rpc: Rpc, collection: string): Promise<true | undefined> {
  return (await progress(rpc, collection)).refresh_progress === '100' ? true : undefined;
}

function progress(rpc: Rpc, collection: string) {
  return rpc.ask<{ progress: string; refresh_progress: string }>(
    'GetLoadingProgress',
    { collection_name: collection },
    { at: { collection } },
  );
}

export async function release(rpc: Rpc, collection: string): Promise<void> {
  const at = { collection };
  await rpc.ask('ReleaseCollection', { collection_name: collection }, { at, write: true, timeoutMs: ASK_MS });
  const released = async () => ((await loadState(rpc, collection)) === 'LoadStateNotLoad' ? true : undefined);
  await until('the release', released, rpc.signal);
}
