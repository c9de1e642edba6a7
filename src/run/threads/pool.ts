/** The worker threads of a run: a Piscina pool, the memory that all threads share, and the way to stop them. */
import type { Transferable } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { type CallAgain, passOnAgain } from '../../core/again.ts';
import { fromPlain, MigrateError, messageOf } from '../../core/errors.ts';
import { transferClock } from '../../stores/with/limit.ts';
import { fileRing } from './slabs.ts';
import type { SharedState, WorkerReply, WorkerResults, WorkerStart, WorkerTask } from './tasks.ts';

export interface Pool extends AsyncDisposable {
  readonly threads: number;
  run<K extends keyof WorkerResults>(
    task: Extract<WorkerTask, { kind: K }>,
    transfer?: readonly Transferable[],
  ): Promise<WorkerResults[K]>;
  /** Asks every task to stop between two buffers, and ends its waits for another attempt; the tasks end with E_INTERRUPTED. */
  abort(): void;
  readonly counters: { readonly bytes: () => number; readonly rows: () => number };
  /** Another pool whose workers are started alike, and stopped by what stops this one. It must be disposed. */
  beside(threads: number): Pool;
}

/** One reads and writes, the other waits for the disk or the bucket to have what it wrote. Only dumps are given two. */
export const TASKS_PER_WORKER = 2;

// dist mirrors the tree, and only dist runs: `new URL` is not rewritten by tsc.
const WORKER = new URL('../../../workers/worker.js', import.meta.url).href;

/**
 * Where much comes over connections, young objects are looked through after every few megabytes of it anyway
 * (core/shortLived.ts): a young generation of the usual size would be 10 MB more of memory.
 */
const YOUNG_MIB = 2;

/** @param abort int32, that of the pool beside which it is opened */
export function openPool(
  threads: number,
  start: WorkerStart = localStart(threads),
  abort = new SharedArrayBuffer(4),
): Pool {
  // Threads share what was there before them.
  transferClock();
  const ready = new SharedArrayBuffer(4);
  const shared: SharedState = { abort, ready, counters: new SharedArrayBuffer(16) };
  const counters = new BigInt64Array(shared.counters);
  const piscina = startThreads(threads, {
    filename: WORKER,
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: TASKS_PER_WORKER,
    idleTimeout: Number.POSITIVE_INFINITY,
    workerData: { shared, start },
    ...(start.remote ? { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB } } : {}),
  });
  const stop = (): void => {
    const flag = new Int32Array(shared.abort);
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
  };
  let broken: MigrateError | undefined;
  const waiting = new Set<(reason: MigrateError) => void>();
  // Of a thread that ended with nothing to do: it could not start, and tasks might wait for it without end.
  piscina.on('error', (thrown: unknown) => {
    broken ??= noThreads(thrown, threads);
    stop();
    for (const reject of waiting) reject(broken);
  });
  // The one thing that workers say without being asked.
  piscina.on('message', (call: CallAgain) => passOnAgain(call));
  return {
    threads,
    async run(task, transfer = []) {
      if (broken !== undefined) throw broken;
      const reply = await new Promise<WorkerReply<typeof task.kind>>((resolve, reject) => {
        waiting.add(reject);
        const done = piscina.run(task, { transferList: [...transfer] as never });
        done.then(resolve, reject).finally(() => waiting.delete(reject));
      });
      if (!reply.ok) throw fromPlain(reply.error);
      return reply.value as never;
    },
    abort: stop,
    counters: {
      bytes: () => Number(Atomics.load(counters, 0)),
      rows: () => Number(Atomics.load(counters, 1)),
    },
    beside: (count) => openPool(count, start, abort),
    async [Symbol.asyncDispose]() {
      await loaded(new Int32Array(ready), () => piscina.threads.length, broken === undefined ? LOADED_MS : STARTED_MS);
      await piscina.close({ force: true });
    },
  };
}

function startThreads(threads: number, options: ConstructorParameters<typeof Piscina>[0]): Piscina {
  try {
    return new Piscina(options);
  } catch (thrown) {
    throw noThreads(thrown, threads);
  }
}

/** What a host that lets this user have no more of something says of it: EMFILE, EAGAIN, ENOMEM. */
function noThreads(thrown: unknown, threads: number): MigrateError {
  return new MigrateError('E_INTERNAL', 'a worker thread could not be started', {
    found: `${messageOf(thrown)}, with ${threads} threads`,
    hint: 'raise the limits of this process (open files: ulimit -n; processes: ulimit -u; memory), or take fewer with --threads',
    cause: thrown,
  });
}

function localStart(threads: number): WorkerStart {
  return { secrets: {}, sourceSecrets: {}, ring: fileRing(threads), remote: false, foreseen: [] };
}

/** Longer than any start: a worker that can't load at all would be waited for in vain. */
const LOADED_MS = 10_000;
/** Where one could not start, others may not either. */
const STARTED_MS = 1_000;

/**
 * Waits until the threads have loaded their modules: Node 20 aborts the whole process («IsGraphAsync must be used on an
 * instantiated module») when a worker is ended while it loads an ES module.
 */
async function loaded(ready: Int32Array, threads: () => number, limitMs: number): Promise<void> {
  // The wait for an Atomics alone would not keep the process.
  const alive = setInterval(() => undefined, limitMs);
  try {
    for (;;) {
      const seen = Atomics.load(ready, 0);
      if (seen >= threads()) return;
      if ((await Atomics.waitAsync(ready, 0, seen, limitMs).value) === 'timed-out') return;
    }
  } finally {
    clearInterval(alive);
  }
}
