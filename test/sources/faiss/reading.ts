/** An index through the whole source: opened, planned, every partition read, as the stages do it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faissSource } from '../../../src/config/faissSource.ts';
import type { FaissSource } from '../../../src/config/job.ts';
import { columnOf } from '../../../src/core/batch.ts';
import type { Dataset, DroppedRows, OpenStore, Partition, PlanHint } from '../../../src/core/contracts.ts';
import { vectorOf } from '../../../src/core/schema.ts';
import { allocateRing, openRing } from '../../../src/run/threads/slabs.ts';
import { openReader, openSource } from '../../../src/sources/index.ts';
import { openStore } from '../../../src/stores/index.ts';

export interface Case {
  readonly name: string;
  readonly file: string;
  readonly cc: string;
  readonly kind: 'float' | 'binary';
  readonly d: number;
  readonly rows: number;
  readonly metric: number;
  /** Bit for bit what faiss gives back; else within 2e-6. */
  readonly exact: boolean;
  readonly refused: boolean;
  /** The truth of the transformed space is there too. */
  readonly inner: boolean;
  readonly sketch: boolean;
}

export function faissFixtures(): string {
  const folder = process.env.FAISS_FIXTURES;
  if (folder === undefined || folder === '')
    throw new Error('FAISS_FIXTURES is not set: run the tests with `npm test`');
  return folder;
}

export function faissCases(): readonly Case[] {
  return JSON.parse(readFileSync(join(faissFixtures(), 'cases.json'), 'utf8')) as Case[];
}

export interface Rows {
  readonly ids: BigInt64Array;
  readonly vectors: Uint8Array;
}

/** What faiss gave back. */
export function truthOf(name: string, vectors: 'vectors' | 'inner' = 'vectors'): Rows {
  const ids = npyBody(join(faissFixtures(), `${name}.ids.npy`));
  return {
    ids: new BigInt64Array(ids.slice().buffer),
    vectors: npyBody(join(faissFixtures(), `${name}.${vectors}.npy`)),
  };
}

function npyBody(file: string): Uint8Array {
  if (!existsSync(file)) throw new Error(`${file} is not there`);
  const bytes = readFileSync(file);
  return new Uint8Array(bytes.subarray(10 + bytes.readUInt16LE(8)));
}

export interface ReadOptions {
  readonly said?: Partial<FaissSource>;
  readonly hint?: PlanHint;
  readonly slabBytes?: number;
  readonly openStore?: OpenStore;
  readonly dropped?: (partition: Partition) => DroppedRows | undefined;
}

export interface Read extends Rows {
  readonly dataset: Dataset;
  readonly partitions: readonly Partition[];
  /** By `readKeys`. */
  readonly keys: BigInt64Array;
  /** Most rows of one batch. */
  readonly largest: number;
}

export async function readIndex(file: string, options: ReadOptions = {}): Promise<Read> {
  const { said = {}, hint = { partBytes: 512e6 }, slabBytes = 64 * 1024, openStore: open = openStore } = options;
  const source = await openSource(faissSource(file, said), { openStore: open });
  try {
    const [dataset] = await source.datasets();
    const partitions: Partition[] = [];
    for await (const partition of source.plan(dataset!, hint)) partitions.push(partition);
    // As it crosses to a worker.
    const reader = await openReader(
      { ...source.reader, detail: JSON.parse(JSON.stringify(source.reader.detail)) },
      open,
    );
    try {
      const found = { ids: [] as Uint8Array[], vectors: [] as Uint8Array[], keys: [] as Uint8Array[], largest: 0 };
      for (const partition of partitions)
        await readPartition({ reader, partition, dataset: dataset!, slabBytes }, options, found);
      return {
        dataset: dataset!,
        partitions,
        ids: int64s(found.ids),
        vectors: joined(found.vectors),
        keys: int64s(found.keys),
        largest: found.largest,
      };
    } finally {
      await reader[Symbol.asyncDispose]();
    }
  } finally {
    await source[Symbol.asyncDispose]();
  }
}

interface Reading {
  readonly reader: Awaited<ReturnType<typeof openReader>>;
  readonly partition: Partition;
  readonly dataset: Dataset;
  readonly slabBytes: number;
}

async function readPartition(
  { reader, partition, dataset: { schema }, slabBytes }: Reading,
  { dropped }: ReadOptions,
  found: { ids: Uint8Array[]; vectors: Uint8Array[]; keys: Uint8Array[]; largest: number },
): Promise<void> {
  // Two slabs, each given back by the reader itself: one that is not would be waited for for ever.
  const slabs = openRing(allocateRing({ slabBytes, slabs: 2 }));
  for await (const batch of reader.read(partition, schema, slabs, dropped?.(partition))) {
    found.ids.push(columnOf(batch, 'id').bytes.slice());
    found.vectors.push(columnOf(batch, vectorOf(schema).name).bytes.slice());
    found.largest = Math.max(found.largest, batch.rows);
  }
  let next = 0;
  for await (const { first, keys } of reader.readKeys(partition, schema, slabs, 'exactly')) {
    if (first !== next) throw new Error(`keys from ${first}, ${next} wanted`);
    if (!(keys instanceof BigInt64Array)) throw new Error('keys of a Faiss index are Int64');
    found.keys.push(new Uint8Array(keys.slice().buffer));
    next += keys.length;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function int64s(parts: readonly Uint8Array[]): BigInt64Array {
  return new BigInt64Array(joined(parts).buffer);
}

/** The largest difference of two f32 arrays over max(1, the largest wanted value); NaN and infinity must be the same. */
export function difference(found: Uint8Array, wanted: Uint8Array): number {
  const [a, b] = [floats(found), floats(wanted)];
  let [scale, most] = [1, 0];
  for (const value of b) if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value));
  for (let index = 0; index < b.length; index++)
    if (!Object.is(a[index], b[index])) most = Math.max(most, Math.abs(a[index]! - b[index]!) / scale || Infinity);
  return most;
}

function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}
