/** Loads and releases collections, and waits until that is done. */
import { MigrateError } from '../../core/errors.ts';
import { loadState } from './describe.ts';
import { until } from './poll.ts';
import type { Rpc } from './rpc.ts';

const ASK_MS = 60_000;

export async function load(rpc: Rpc, collection: string): Promise<void> {
  const at = { collection };
  await rpc.ask(
    'LoadCollection',
    { collection_name: collection, replica_number: 1 },
    { at, write: true, timeoutMs: ASK_MS },
  );
  await until('the load', () => isLoaded(rpc, collection), rpc.signal);
}

async function isLoaded(rpc: Rpc, collection: string): Promise<true | undefined> {
  const state = await loadState(rpc, collection);
  if (state === 'LoadStateLoaded') return true;
  if (state === 'LoadStateLoading') return undefined;
  // A load that failed is forgotten, but for the reason that the progress gives.
  await rpc.ask('GetLoadingProgress', { collection_name: collection }, { at: { collection } });
  throw new MigrateError('E_TARGET', 'the collection was released or dropped while it was being loaded', {
    at: { collection },
    found: state,
  });
}

export async function release(rpc: Rpc, collection: string): Promise<void> {
  const at = { collection };
  await rpc.ask('ReleaseCollection', { collection_name: collection }, { at, write: true, timeoutMs: ASK_MS });
  const released = async () => ((await loadState(rpc, collection)) === 'LoadStateNotLoad' ? true : undefined);
  await until('the release', released, rpc.signal);
}
