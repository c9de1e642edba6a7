/**
 * The rows that are stored, step by step, with their stored ids: read ahead as far as the store is worth it.
 *
 * Raw codes of a local file are read straight into the slab. Else each step has buffers of its own, so that several can
 * be on their way while the first is decoded.
 */
import type { Slab, SlabRing } from '../../core/contracts.ts';
import type { Decoding } from './decoding.ts';
import type { RangeDetail } from './detail.ts';
import { fetchAll } from './fetch.ts';
import { wantIds } from './ids.ts';
import type { OpenIndex } from './openIndex.ts';
import { type Columns, columnsOf, layOutSlab } from './slab.ts';
import { type Step, stepsOf } from './steps.ts';

/** Bytes of codes that a step reads at most (but for a single row or block): a slab's worth of most kinds. */
const STEP_CODE_BYTES = 1024 * 1024;

export interface StoredRows {
  readonly columns: Columns;
  readonly slab: Slab;
}

export interface FillContext {
  readonly open: OpenIndex;
  readonly decoding: Decoding;
  readonly slabs: SlabRing;
  /** Bytes of one vector as it comes out. */
  readonly vectorBytes: number;
}

/** The consumer gives each slab back. */
export async function* storedRows(range: RangeDetail, context: FillContext): AsyncGenerator<StoredRows> {
  const { open, decoding, slabs, vectorBytes } = context;
  const layout = layOutSlab(vectorBytes, slabs.slabBytes);
  expectCodes(range, open);
  const steps = stepsOf(range, open.shape, { rows: layout.rows, codeBytes: STEP_CODE_BYTES });
  if (decoding.raw && open.limits.inFlight === 1) {
    for (const step of steps) {
      const slab = slabs.acquire();
      const columns = columnsOf(slab, layout, step.rows);
      await orRelease({ slabs, slab }, () => fetchStep(step, open, { codes: columns.vectors, ids: columns.ids }));
      yield { columns, slab };
    }
    return;
  }
  for await (const { step, buffers } of readAhead(steps, open)) {
    const slab = slabs.acquire();
    const columns = columnsOf(slab, layout, step.rows);
    await orRelease({ slabs, slab }, async () => {
      columns.ids.set(buffers.ids.subarray(0, step.rows));
      await decoding.decode(step, { codes: buffers.codes, ids: columns.ids, out: columns.vectors });
    });
    yield { columns, slab };
  }
}

/** Of one entry they lie one behind the other; between the codes of lists are their ids. */
function expectCodes({ fromRow, toRow }: RangeDetail, { lists, shape }: OpenIndex): void {
  if (shape.entries !== 1) return;
  const block = (row: number): number => shape.codesAt(0) + row * shape.blockBytes;
  lists.expect(block(Math.floor(fromRow / shape.blockRows)), block(Math.ceil(toRow / shape.blockRows)));
}

async function orRelease(held: { slabs: SlabRing; slab: Slab }, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    held.slabs.release(held.slab);
    throw thrown;
  }
}

interface Buffers {
  codes: Uint8Array;
  ids: BigInt64Array;
}

interface Ahead {
  readonly step: Step;
  readonly buffers: Buffers;
  /** Never rejects: what went wrong is looked at when its turn comes. */
  readonly done: Promise<{ readonly error: unknown } | undefined>;
}

async function* readAhead(steps: Iterable<Step>, open: OpenIndex): AsyncGenerator<Ahead> {
  const free: Buffers[] = [];
  const queue: Ahead[] = [];
  const next = steps[Symbol.iterator]();
  const start = (): boolean => {
    const { done, value: step } = next.next();
    if (done === true) return false;
    const buffers = roomFor(step, free.pop());
    const reading = fetchStep(step, open, buffers).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    queue.push({ step, buffers, done: reading });
    return true;
  };
  try {
    for (;;) {
      while (queue.length < open.limits.inFlight && start());
      const first = queue.shift();
      if (first === undefined) return;
      const failure = await first.done;
      if (failure !== undefined) throw failure.error;
      yield first;
      free.push(first.buffers);
    }
  } finally {
    // Files are closed behind this: nothing may still be reading.
    await Promise.all(queue.map(({ done }) => done));
  }
}

function roomFor({ rows, codeBytes }: Step, old: Buffers = { codes: new Uint8Array(0), ids: new BigInt64Array(0) }) {
  if (old.codes.length < codeBytes) old.codes = new Uint8Array(codeBytes);
  if (old.ids.length < rows) old.ids = new BigInt64Array(rows);
  return old;
}

/** Codes one piece behind the other, as they lie in the file; ids where they go. */
async function fetchStep(step: Step, open: OpenIndex, { codes, ids }: Buffers): Promise<void> {
  let at = 0;
  const codeWants = step.pieces.map(({ codesAt, codeBytes }) => {
    const target = codes.subarray(at, at + codeBytes);
    at += codeBytes;
    return { at: codesAt, target };
  });
  const idWants = wantIds(step, open, ids.subarray(0, step.rows));
  await fetchAll(open.lists, [...codeWants, ...idWants.lists], open.limits);
  if (idWants.index.length > 0) await fetchAll(open.index, idWants.index, open.limits);
}
