/** Reads the NumPy files of a dumped part back, row for row: for streaming inserts and verification without the source. */
import type { Batch, Column } from '../../core/batch.ts';
import { withoutRows } from '../../core/compact.ts';
import type {
  DroppedRows,
  KeyBatch,
  OpenStore,
  Partition,
  ReaderConfig,
  Slab,
  SlabRing,
  SourceReader,
  Store,
  StoreConfig,
} from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { type Field, fieldBytes, primaryKeyOf, rowBytes, type Schema } from '../../core/schema.ts';
import { type ColumnFile, openColumn } from './columnFiles.ts';
import { type DumpedDetail, readDumpedDetail } from './detail.ts';

/** Columns begin at multiples of this in the slab. */
const ALIGNMENT = 64;

export async function openDumpedReader(config: ReaderConfig, openStore: OpenStore): Promise<SourceReader> {
  const detail = config.detail as unknown as { readonly store: StoreConfig };
  const store = await openStore(detail.store);
  return {
    read: (partition, schema, slabs, dropped) => readRows(store, { partition, fields: schema.fields, slabs }, dropped),
    readKeys: (partition, schema, slabs) => readKeys(store, { partition, schema, slabs }),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

interface Reading {
  readonly partition: Partition;
  readonly fields: readonly Field[];
  readonly slabs: SlabRing;
}

async function* readRows(store: Store, reading: Reading, dropped?: DroppedRows): AsyncGenerator<Batch> {
  const { dir, files } = readDumpedDetail(reading.partition.detail);
  refuseOtherFormats(dir, files);
  const drops = dropped?.ordinals();
  let drop = drops?.next();
  for await (const { first, count, columns } of filledSlabs(store, reading)) {
    const gone: number[] = [];
    for (; drop?.done === false && drop.value < first + count; drop = drops?.next()) gone.push(drop.value - first);
    yield withoutRows({ rows: count, columns, read: count, deleted: 0, dropped: gone.length, origin: dir }, gone);
  }
}

/** Parquet and JSON are written for Milvus's import; nothing reads them back here. */
function refuseOtherFormats(dir: string, files: DumpedDetail['files']): void {
  const other = files.find(({ name }) => !name.endsWith('.npy'));
  if (other === undefined) return;
  throw new MigrateError('E_USAGE', 'a dumped part of this format can be bulk inserted only', {
    at: { file: `${dir}/${other.name}` },
    found: other.name,
    wanted: 'NumPy files, where rows are streamed or verified in full',
    hint: 'bulk insert them, with --verify sample; for all else dump again with --format npy, or run from the source',
  });
}

interface FilledSlab {
  readonly first: number;
  readonly count: number;
  readonly columns: readonly Column[];
}

interface Job {
  readonly slab: Slab;
  readonly filled: Promise<FilledSlab>;
}

/** In order; several are read at once where each read has to wait for an answer, and one is always with the consumer. */
async function* filledSlabs(store: Store, { partition, fields, slabs }: Reading): AsyncGenerator<FilledSlab> {
  const { dir, rows } = readDumpedDetail(partition.detail);
  const depth = Math.max(1, Math.min(store.traits.readsInFlight, slabs.slabs - 1));
  const files: ColumnFile[] = [];
  const jobs: Job[] = [];
  async function* oldest(): AsyncGenerator<FilledSlab> {
    const { slab, filled } = jobs[0]!;
    yield await filled;
    jobs.shift();
    slabs.release(slab);
  }
  try {
    for (const field of fields) files.push(await openColumn(store, { dir, field, rows }));
    const perBatch = rowsPerSlab(fields, slabs.slabBytes);
    for (let first = 0; first < rows; first += perBatch) {
      while (jobs.length >= depth) yield* oldest();
      const slab = slabs.acquire();
      const filled = fill(slab, files, { first, count: Math.min(perBatch, rows - first) });
      // Looked at when its turn comes: until then a failure must not count as one that nobody handles.
      filled.catch(() => undefined);
      jobs.push({ slab, filled });
    }
    while (jobs.length > 0) yield* oldest();
  } finally {
    // Reads that are under way still write into their slabs.
    await Promise.allSettled(jobs.map(({ filled }) => filled));
    for (const { slab } of jobs) slabs.release(slab);
    for (const file of files) await file.close();
  }
}

async function* readKeys(
  store: Store,
  { partition, schema, slabs }: { partition: Partition; schema: Schema; slabs: SlabRing },
): AsyncGenerator<KeyBatch> {
  let first = 0;
  for await (const { rows, columns } of readRows(store, { partition, fields: [primaryKeyOf(schema)], slabs })) {
    const { buffer, byteOffset } = columns[0]!.bytes;
    yield { first, keys: new BigInt64Array(buffer, byteOffset, rows) };
    first += rows;
  }
}

function rowsPerSlab(fields: readonly Field[], slabBytes: number): number {
  const room = slabBytes - fields.length * ALIGNMENT;
  return Math.max(1, Math.floor(room / rowBytes({ fields, metric: 'L2' })));
}

async function fill(
  slab: Slab,
  files: readonly ColumnFile[],
  { first, count }: { first: number; count: number },
): Promise<FilledSlab> {
  let at = 0;
  const columns = files.map(({ field }) => {
    const width = fieldBytes(field);
    const bytes = new Uint8Array(slab.memory, at, count * width);
    at = Math.ceil((at + bytes.length) / ALIGNMENT) * ALIGNMENT;
    return { field: field.name, rowBytes: width, bytes };
  });
  const reads = files.map((file, index) => file.read(columns[index]!.bytes, first));
  // All of them, also where one failed: until then they write into the slab.
  await Promise.allSettled(reads);
  await Promise.all(reads);
  return { first, count, columns };
}
