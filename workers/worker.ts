/** The thread side: opens source and store once, then runs one task at a time. Errors go back as plain data. */
import { subscribe } from 'node:diagnostics_channel';
import { parentPort, workerData } from 'node:worker_threads';
import { AGAIN_CHANNEL } from '../src/core/again.ts';
import type { OpenStore, ReaderConfig, SourceReader, Store, StoreConfig } from '../src/core/contracts.ts';
import { MigrateError, toPlain } from '../src/core/errors.ts';
import { stopPausesBy } from '../src/core/pause.ts';
import { dumpPartition } from '../src/run/dump/dumpPartition.ts';
import { writeKeyRuns } from '../src/run/ids/keyRuns.ts';
import { markIds } from '../src/run/ids/markIds.ts';
import { streamPartition } from '../src/run/load/streamPartition.ts';
import { loadForeseen } from '../src/run/places/foreseen.ts';
import { askToRecord, recordNothing } from '../src/run/places/uploads.ts';
import { allocateRing, openRing } from '../src/run/threads/slabs.ts';
import type { SharedState, WorkerReply, WorkerResults, WorkerStart, WorkerTask } from '../src/run/threads/tasks.ts';
import { createTurn, inTurn } from '../src/run/threads/turn.ts';
import { lookupKeys } from '../src/run/verify/lookupKeys.ts';
import { openReader } from '../src/sources/index.ts';
import { openStore } from '../src/stores/index.ts';

const { shared, start } = workerData as { readonly shared: SharedState; readonly start: WorkerStart };
stopPausesBy(shared.abort);
loadForeseen(start.foreseen);
const slabs = openRing(allocateRing(start.ring));
// A worker may be given two tasks: each ring of slabs is one task's at a time.
const [turn, streams] = [createTurn(), createTurn()];
const open: OpenStore = (config) => openStore(config, start.secrets);
const readers = new Map<string, Promise<SourceReader>>();
const stores = new Map<string, Promise<Store>>();

function once<C extends ReaderConfig | StoreConfig, T>(
  opened: Map<string, Promise<T>>,
  config: C,
  make: (config: C) => Promise<T>,
): Promise<T> {
  const key = JSON.stringify(config);
  const known = opened.get(key);
  if (known !== undefined) return known;
  const made = make(config);
  opened.set(key, made);
  // A failure is that task's own: the next one tries again.
  made.catch(() => opened.delete(key));
  return made;
}

subscribe(AGAIN_CHANNEL, (call) => parentPort?.postMessage(call));

// As a microtask, which runs when whoever loads this module (Piscina, by `require`) is through with it.
queueMicrotask(() => {
  const ready = new Int32Array(shared.ready);
  Atomics.add(ready, 0, 1);
  Atomics.notify(ready, 0);
});

async function run(task: WorkerTask): Promise<WorkerResults[keyof WorkerResults]> {
  if (Atomics.load(new Int32Array(shared.abort), 0) !== 0) throw new MigrateError('E_INTERRUPTED', 'interrupted');
  const reader = await once(readers, task.reader, (config) => openReader(config, open, start.sourceSecrets));
  switch (task.kind) {
    case 'dump': {
      const store = task.store === undefined ? undefined : await once(stores, task.store, open);
      const record = task.uploads === undefined ? recordNothing : askToRecord(task.uploads);
      return dumpPartition(task, { reader, store, record, slabs, shared, turn });
    }
    case 'stream':
      return inTurn(streams, () => streamPartition(task, { reader, shared }));
    case 'keys':
      return inTurn(turn, () => writeKeyRuns(task, { reader, slabs, shared }));
    case 'marks':
      return inTurn(turn, () => markIds(task, { reader, slabs, shared }));
    case 'lookup':
      return inTurn(turn, () => lookupKeys(task, { reader, slabs, shared }));
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
    if (task.kind === 'dump') task.uploads?.close();
  }
}
