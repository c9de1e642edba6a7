/** How fast are the inner loops? Each at the size that it has in a run, on data in the core's cache, by tinybench. */
import { Bench } from 'tinybench';
import type { Batch } from '../src/core/batch.ts';
import { crc32 } from '../src/core/crc32.ts';
import type { Schema } from '../src/core/schema.ts';
import { createDeletedRows, createRuns, liveRuns, markDeleted } from '../src/formats/milvus1x/deletedRows.ts';
import { keepRuns } from '../src/formats/milvus1x/runs.ts';
import { encodeWriteRequest } from '../src/formats/milvusWire.ts';
import { fillRecords, RECORD_BYTES, RUN_RECORDS, sortRecords } from '../src/run/ids/keySort.ts';
import { allocateRing, fileRing, STREAM_RING } from '../src/run/threads/slabs.ts';
import { nonFiniteRows } from '../src/transforms/nonFinite.ts';
import { createRandom } from './makeData.ts';
import { documentLoops } from './microDocuments.ts';

export interface MicroCase {
  readonly name: string;
  readonly microseconds: number;
  readonly gigabytesPerSecond: number;
  /** Millions of `unit`, where these are what one counts. */
  readonly millionsPerSecond: number | undefined;
  readonly unit: string;
}

const SLAB_BYTES = fileRing(1).slabBytes;

/** One question: a call that goes over `bytes`, or over `units` of something. */
export interface Loop {
  readonly name: string;
  readonly bytes: number;
  readonly units?: number;
  readonly unit?: string;
  /** Before each call, not measured. */
  readonly reset?: () => void;
  readonly call: () => void;
}

/** @param milliseconds to spend on each loop */
export async function benchMicro(milliseconds: number): Promise<MicroCase[]> {
  const loops = [
    nanScan(128),
    checksum(),
    ...[128, 768].map(compaction),
    radixSort(),
    ...[128, 768].map(wireEncoding),
    ...documentLoops(),
  ];
  const bench = new Bench({ time: milliseconds, iterations: 5, warmupTime: milliseconds / 4, throws: true });
  for (const { name, call, reset } of loops) bench.add(name, call, reset === undefined ? {} : { beforeEach: reset });
  await bench.run();
  return loops.map((loop, index) => {
    const { result } = bench.tasks[index]!;
    if (result.state !== 'completed') throw new Error(`${loop.name}: ${result.state}`);
    return caseOf(loop, result.latency.p50);
  });
}

function caseOf({ name, bytes, units, unit }: Loop, medianMs: number): MicroCase {
  return {
    name,
    microseconds: round(medianMs * 1000),
    gigabytesPerSecond: round(bytes / 1e6 / medianMs),
    millionsPerSecond: units === undefined ? undefined : round(units / 1e3 / medianMs),
    unit: unit ?? '',
  };
}

function nanScan(dim: number): Loop {
  const bytes = randomVectors(SLAB_BYTES);
  const column = { field: 'data', rowBytes: dim * 4, bytes };
  return { name: 'NaN and infinity scan', bytes: bytes.length, call: () => void nonFiniteRows(column) };
}

function checksum(): Loop {
  const bytes = randomVectors(SLAB_BYTES);
  return { name: 'CRC-32', bytes: bytes.length, call: () => void crc32(bytes) };
}

/** Of a slab of vectors, one row in ten leaves. The runs are found and moved as in a dump. */
function compaction(dim: number): Loop {
  const bytes = randomVectors(SLAB_BYTES);
  const rowBytes = dim * 4;
  const rows = Math.floor(bytes.length / rowBytes);
  const random = createRandom(dim);
  const deleted = createDeletedRows(0, rows);
  const offsets = Array.from({ length: rows }, (_, row) => row).filter(() => random() < 0.1);
  markDeleted(deleted, Int32Array.from(offsets), rows);
  const runs = createRuns(rows);
  return {
    name: `10 % of the rows taken out, dim ${dim}`,
    bytes: rows * rowBytes,
    units: rows,
    unit: 'rows',
    call() {
      liveRuns(deleted, { from: 0, to: rows }, runs);
      keepRuns(bytes, runs, { rowBytes, first: 0 });
    },
  };
}

function radixSort(): Loop {
  const random = createRandom(1);
  const keys = BigInt64Array.from({ length: RUN_RECORDS }, () =>
    BigInt(Math.floor(random() * Number.MAX_SAFE_INTEGER)),
  );
  const words = (RUN_RECORDS * RECORD_BYTES) / 4;
  const [records, spare] = [new Uint32Array(words), new Uint32Array(words)];
  return {
    name: 'radix sort of key records',
    bytes: RUN_RECORDS * RECORD_BYTES,
    units: RUN_RECORDS,
    unit: 'keys',
    reset: () => fillRecords(records, keys, { to: 0, partition: 0, firstRow: 0 }),
    call: () => void sortRecords(records, spare, RUN_RECORDS),
  };
}

/** One request of a streaming insert. Ids are 63 bits, the longest that the wire knows. */
function wireEncoding(dim: number): Loop {
  const rows = Math.floor(STREAM_RING.slabBytes / (dim * 4 + 8));
  const vectors = randomVectors(rows * dim * 4);
  const ids = BigInt64Array.from({ length: rows }, (_, row) => 2n ** 62n + BigInt(row));
  const schema: Schema = {
    fields: [
      { name: 'id', type: 'Int64', primaryKey: true, dim: 0 },
      { name: 'data', type: 'FloatVector', primaryKey: false, dim },
    ],
    metric: 'L2',
  };
  const columns = [
    { field: 'id', rowBytes: 8, bytes: new Uint8Array(ids.buffer) },
    { field: 'data', rowBytes: dim * 4, bytes: vectors },
  ];
  const batch: Batch = { rows, columns, read: rows, deleted: 0, dropped: 0, origin: '' };
  const request = { collection: 'bench', milvusPartition: '_default', schema, batch, how: 'insert' } as const;
  return {
    name: `insert request written, dim ${dim}`,
    bytes: rows * (dim * 4 + 8),
    units: rows,
    unit: 'rows',
    call: () => void encodeWriteRequest(request),
  };
}

/** In the memory of a slab. */
function randomVectors(length: number): Uint8Array {
  const whole = Math.ceil(length / SLAB_BYTES) * SLAB_BYTES;
  const bytes = new Uint8Array(allocateRing({ slabBytes: whole, slabs: 1 }).slabs[0]!, 0, length);
  const random = createRandom(length);
  new Float32Array(bytes.buffer, 0, length / 4).forEach((_, index, all) => {
    all[index] = random() * 2 - 1;
  });
  return bytes;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
