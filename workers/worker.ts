/** The thread side: opens source and store once, then runs one task at a time. Errors go back as plain data. */
import { workerData } from 'node:worker_threads';
import type { ReaderConfig, SourceReader, Store } from '../src/core/contracts.ts';
import { MigrateError, toPlain } from '../src/core/errors.ts';
import { dumpPartition } from '../src/run/dumpPartition.ts';
import { writeKeyRuns } from '../src/run/keyRuns.ts';
import { lookupKeys } from '../src/run/lookupKeys.ts';
import { allocateRing, FILE_SLAB_BYTES, FILE_SLABS, openRing } from '../src/run/slabs.ts';
import { streamPartition } from '../src/run/streamPartition.ts';
import type { SharedState, WorkerReply, WorkerResults, WorkerTask } from '../src/run/tasks.ts';
import { openReader } from '../src/sources/index.ts';
import { openStore, type StoreConfig } from '../src/stores/index.ts';

const shared: SharedState = (workerData as { shared: SharedState }).shared;
const slabs = openRing(allocateRing(FILE_SLAB_BYTES, FILE_SLABS));
const readers = new Map<string, Promise<SourceReader>>();
const stores = new Map<string, Promise<Store>>();

function once<C extends ReaderConfig | StoreConfig, T>(
  open: Map<string, Promise<T>>,
  config: C,
  make: (config: C) => Promise<T>,
): Promise<T> {
  const key = JSON.stringify(config);
  const known = open.get(key);
  if (known !== undefined) return known;
  const made = make(config);
  open.set(key, made);
  return made;
}

// As a microtask, which runs when whoever loads this module (Piscina, by `require`) is through with it.
queueMicrotask(() => {
  const ready = new Int32Array(shared.ready);
  Atomics.add(ready, 0, 1);
  Atomics.notify(ready, 0);
});

async function run(task: WorkerTask): Promise<WorkerResults[keyof WorkerResults]> {
  if (Atomics.load(new Int32Array(shared.abort), 0) !== 0) throw new MigrateError('E_INTERRUPTED', 'interrupted');
  const reader = await once(readers, task.reader, openReader);
  switch (task.kind) {
    case 'dump': {
      const store = task.store === undefined ? undefined : await once(stores, task.store, openStore);
      return dumpPartition(task, { reader, store, slabs, shared });
    }
    case 'stream':
      return streamPartition(task, { reader, shared });
    case 'keys':
      return writeKeyRuns(task, { reader, slabs, shared });
    case 'lookup':
      return lookupKeys(task, { reader, slabs, shared });
  }
}

export default async function work(task: WorkerTask): Promise<WorkerReply<keyof WorkerResults>> {
  try {
    return { ok: true, value: await run(task) };
  } catch (thrown) {
    return { ok: false, error: toPlain(thrown) };
  } finally {
    // However it ended: the receiver gives back every slab that was sent before, and then waits no longer.
    if (task.kind === 'stream') task.port.postMessage({ kind: 'end' });
  }
}
