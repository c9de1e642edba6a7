/** Reads an index as a run does: opened and planned on the main thread's side, rows by a reader of a worker's. */
import type { ElasticsearchSource } from '../../../src/config/elasticsearch.ts';
import { type Batch, isNull, valueAt } from '../../../src/core/batch.ts';
import type {
  Dataset,
  DroppedRows,
  Json,
  Partition,
  PlanHint,
  ReaderConfig,
  SlabRing,
  SourceReader,
} from '../../../src/core/contracts.ts';
import type { Field, Schema } from '../../../src/core/schema.ts';
import { openElasticReader } from '../../../src/sources/elasticsearch/reader.ts';
import { openElasticsearch } from '../../../src/sources/elasticsearch/source.ts';

/** A row by field name; null: it has none. Int64 as bigint, vectors as their bytes in hex, JSON and Array as text. */
export type ReadRow = Readonly<Record<string, unknown>>;

export interface Planned {
  readonly dataset: Dataset;
  readonly reader: ReaderConfig;
  readonly partitions: readonly Partition[];
}

const noStores = async (): Promise<never> => {
  throw new TypeError('an index lies in no store');
};

/** Plans the one dataset of a source, as a job that is adopted: its snapshots stay. */
export async function planned(config: ElasticsearchSource, hint: PlanHint = { partBytes: 64e6 }): Promise<Planned> {
  await using source = await openElasticsearch(config, { openStore: noStores });
  const [dataset] = await source.datasets();
  const partitions = await collect(source.plan(dataset!, hint));
  source.adopted();
  return { dataset: dataset!, reader: JSON.parse(JSON.stringify(source.reader)), partitions };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** A ring whose slabs are one behind the other in use; all are free again at the end. */
export function ring(slabBytes: number, slabs = 2): SlabRing & { readonly used: number } {
  const memory = Array.from({ length: slabs }, () => new SharedArrayBuffer(slabBytes));
  const used = new Set<number>();
  return {
    slabBytes,
    slabs,
    get used() {
      return used.size;
    },
    acquire() {
      const index = memory.findIndex((_, each) => !used.has(each));
      if (index < 0) throw new Error('all slabs are in use');
      used.add(index);
      // What an earlier batch left is not to be taken for values.
      new Uint8Array(memory[index]!).fill(0xaa);
      return { index, memory: memory[index]! };
    },
    release({ index }) {
      if (!used.delete(index)) throw new Error('released twice');
    },
  };
}

export interface Read {
  readonly rows: readonly ReadRow[];
  readonly refused: readonly NonNullable<Batch['refused']>[number][];
  readonly changes: Readonly<Record<string, number>>;
  readonly read: number;
  readonly dropped: number;
  readonly batches: number;
  readonly withoutSnapshot: number;
}

export interface How {
  readonly slabBytes?: number;
  readonly schema?: Schema;
  readonly dropped?: readonly number[];
  /** Called with each batch, before the next is asked for. */
  readonly onBatch?: (batch: Batch) => Promise<void> | void;
}

export const SLAB_BYTES = 256 * 1024;

/** All batches of the partitions, in order. */
export async function readAll(reader: SourceReader, { dataset, partitions }: Planned, how: How = {}): Promise<Read> {
  const slabs = ring(how.slabBytes ?? SLAB_BYTES);
  const schema = how.schema ?? dataset.schema;
  const rows: ReadRow[] = [];
  const refused: Read['refused'][number][] = [];
  const changes: Record<string, number> = {};
  const sum = { read: 0, dropped: 0, batches: 0, withoutSnapshot: 0 };
  const dropped: DroppedRows | undefined = how.dropped && { ordinals: () => how.dropped![Symbol.iterator]() };
  for (const partition of partitions)
    for await (const batch of reader.read(partition, schema, slabs, dropped)) {
      checkBatch(batch, schema);
      rows.push(...rowsOf(batch, schema));
      refused.push(...(batch.refused ?? []));
      for (const [name, count] of Object.entries(batch.changes ?? {})) changes[name] = (changes[name] ?? 0) + count;
      sum.read += batch.read;
      sum.dropped += batch.dropped;
      sum.batches++;
      if (batch.withoutSnapshot === true) sum.withoutSnapshot += batch.rows;
      await how.onBatch?.(batch);
    }
  if (slabs.used !== 0) throw new Error(`${slabs.used} slabs were not given back`);
  return { rows, refused, changes, ...sum };
}

/** Plans and reads with a reader of its own. */
export async function readIndex(config: ElasticsearchSource, how: How & { hint?: PlanHint } = {}): Promise<Read> {
  const plan = await planned(config, how.hint);
  await using reader = await openElasticReader(plan.reader, {});
  return await readAll(reader, plan, how);
}

/** As `core/batch.ts` says that a batch lies in memory. */
function checkBatch(batch: Batch, schema: Schema): void {
  const fail = (text: string): never => {
    throw new Error(`a batch that is none: ${text}`);
  };
  const memory = batch.columns[0]!.bytes.buffer;
  const regions: [number, number][] = [];
  for (const [index, column] of batch.columns.entries()) {
    const field = schema.fields[index]!;
    if (column.field !== field.name) fail(`column ${column.field} for ${field.name}`);
    if ((column.nulls !== undefined) !== (field.nullable === true)) fail(`nulls of ${field.name}`);
    if (column.nulls !== undefined && column.nulls.length !== batch.rows) fail(`nulls of ${field.name}`);
    if (column.offsets === undefined && column.bytes.length !== batch.rows * column.rowBytes) fail('width');
    if (column.offsets !== undefined) {
      if (column.offsets.length !== batch.rows + 1 || column.offsets[0] !== 0) fail(`offsets of ${field.name}`);
      if (column.offsets.at(-1) !== column.bytes.length) fail(`offsets of ${field.name}`);
    }
    if (column.bytes.byteOffset % 8 !== 0) fail(`${field.name} at ${column.bytes.byteOffset}`);
    for (const view of [column.bytes, column.offsets, column.nulls]) {
      if (view === undefined) continue;
      if (view.buffer !== memory) fail('two memories');
      if (view.byteLength > 0) regions.push([view.byteOffset, view.byteOffset + view.byteLength]);
    }
  }
  if (batch.columns.length !== schema.fields.length) fail(`${batch.columns.length} columns`);
  regions.sort((a, b) => a[0] - b[0]);
  for (let index = 1; index < regions.length; index++)
    if (regions[index]![0] < regions[index - 1]![1]) fail(`regions overlap at ${regions[index]![0]}`);
}

export function rowsOf(batch: Batch, { fields }: Schema): ReadRow[] {
  return Array.from({ length: batch.rows }, (_, row) =>
    Object.fromEntries(
      fields.map((field, column) => {
        const values = batch.columns[column]!;
        return [field.name, isNull(values, row) ? null : shown(field, Buffer.from(valueAt(values, row)))];
      }),
    ),
  );
}

function shown({ type }: Field, bytes: Buffer): unknown {
  switch (type) {
    case 'Bool':
      return bytes[0] === 1;
    case 'Int8':
      return bytes.readInt8();
    case 'Int16':
      return bytes.readInt16LE();
    case 'Int32':
      return bytes.readInt32LE();
    case 'Int64':
      return bytes.readBigInt64LE();
    case 'Float':
      return bytes.readFloatLE();
    case 'Double':
      return bytes.readDoubleLE();
    case 'FloatVector':
    case 'BinaryVector':
      return bytes.toString('hex');
    default:
      return bytes.toString('utf8');
  }
}

/** A FloatVector as `ReadRow` shows it: what JSON.parse makes of its numbers, rounded to float32. */
export function vectorHex(values: readonly number[]): string {
  return Buffer.from(Float32Array.from(values).buffer).toString('hex');
}

/** What a reader is opened with, changed. */
export function readerWith({ reader }: Planned, more: Readonly<Record<string, Json>>): ReaderConfig {
  return { ...reader, detail: { ...(reader.detail as Record<string, Json>), ...more } };
}
