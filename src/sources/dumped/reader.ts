/** Reads the NumPy files of a dumped part back, row for row: for streaming inserts and verification without the source. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Batch, Column } from '../../core/batch.ts';
import { withoutRows } from '../../core/compact.ts';
import type {
  DroppedRows,
  KeyBatch,
  Partition,
  ReaderConfig,
  Slab,
  SlabRing,
  SourceReader,
} from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { type Field, fieldBytes, primaryKeyOf, rowBytes, type Schema } from '../../core/schema.ts';
import { NPY_HEADER_MAX_BYTES, npyItemBytes, parseNpyHeader } from '../../formats/npy.ts';
import { readDumpedDetail } from './detail.ts';

/** Columns begin at multiples of this in the slab. */
const ALIGNMENT = 64;

interface ColumnFile {
  readonly field: Field;
  readonly fd: number;
  readonly file: string;
  readonly dataOffset: number;
}

export async function openDumpedReader(config: ReaderConfig): Promise<SourceReader> {
  const { root } = config.detail as { readonly root: string };
  return {
    read: (partition, schema, slabs, dropped) => readRows(root, { partition, fields: schema.fields, slabs }, dropped),
    readKeys: (partition, schema, slabs) => readKeys(root, { partition, schema, slabs }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

interface Reading {
  readonly partition: Partition;
  readonly fields: readonly Field[];
  readonly slabs: SlabRing;
}

async function* readRows(
  root: string,
  { partition, fields, slabs }: Reading,
  dropped?: DroppedRows,
): AsyncGenerator<Batch> {
  const { dir, rows } = readDumpedDetail(partition.detail);
  const files: ColumnFile[] = [];
  const drops = dropped?.ordinals();
  let drop = drops?.next();
  try {
    for (const field of fields) files.push(openColumn(root, { dir, field, rows }));
    const perBatch = rowsPerSlab(fields, slabs.slabBytes);
    for (let first = 0; first < rows; first += perBatch) {
      const count = Math.min(perBatch, rows - first);
      const gone: number[] = [];
      for (; drop?.done === false && drop.value < first + count; drop = drops?.next()) gone.push(drop.value - first);
      const slab = slabs.acquire();
      try {
        const columns = fill(slab, files, { first, count });
        const batch = { rows: count, columns, read: count, deleted: 0, dropped: gone.length, origin: dir };
        yield withoutRows(batch, gone);
      } finally {
        slabs.release(slab);
      }
    }
  } finally {
    for (const { fd } of files) closeSync(fd);
  }
}

async function* readKeys(
  root: string,
  { partition, schema, slabs }: { partition: Partition; schema: Schema; slabs: SlabRing },
): AsyncGenerator<KeyBatch> {
  let first = 0;
  for await (const { rows, columns } of readRows(root, { partition, fields: [primaryKeyOf(schema)], slabs })) {
    const { buffer, byteOffset } = columns[0]!.bytes;
    yield { first, keys: new BigInt64Array(buffer, byteOffset, rows) };
    first += rows;
  }
}

function rowsPerSlab(fields: readonly Field[], slabBytes: number): number {
  const room = slabBytes - fields.length * ALIGNMENT;
  return Math.max(1, Math.floor(room / rowBytes({ fields, metric: 'L2' })));
}

function fill(slab: Slab, files: readonly ColumnFile[], { first, count }: { first: number; count: number }): Column[] {
  let at = 0;
  return files.map(({ field, fd, file, dataOffset }) => {
    const width = fieldBytes(field);
    const bytes = new Uint8Array(slab.memory, at, count * width);
    readExactly({ fd, file }, bytes, dataOffset + first * width);
    at = Math.ceil((at + bytes.length) / ALIGNMENT) * ALIGNMENT;
    return { field: field.name, rowBytes: width, bytes };
  });
}

function openColumn(root: string, { dir, field, rows }: { dir: string; field: Field; rows: number }): ColumnFile {
  const file = join(root, dir, `${field.name}.npy`);
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (cause) {
    throw new MigrateError('E_PART_DAMAGED', 'a file of the dumped folder is missing', { at: { file }, cause });
  }
  try {
    const { size } = fstatSync(fd);
    const start = new Uint8Array(Math.min(size, NPY_HEADER_MAX_BYTES));
    readExactly({ fd, file }, start, 0);
    const { type, shape, dataOffset } = parseNpyHeader(start, file);
    const found = shape.slice(1).reduce((all, dim) => all * dim, npyItemBytes(type));
    const wanted = dataOffset + rows * fieldBytes(field);
    if (shape[0] !== rows || found !== fieldBytes(field) || size !== wanted)
      throw new MigrateError('E_PART_DAMAGED', 'a file of the dumped folder is not what the manifest says', {
        at: { file },
        found: `${size} bytes, shape ${shape.join(' × ')}`,
        wanted: `${wanted} bytes, ${rows} rows of ${fieldBytes(field)} bytes`,
        hint: 'copy the dumped folder again',
      });
    return { field, fd, file, dataOffset };
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

function readExactly({ fd, file }: { fd: number; file: string }, target: Uint8Array, start: number): void {
  for (let done = 0; done < target.length; ) {
    const got = readSync(fd, target, done, target.length - done, start + done);
    if (got === 0)
      throw new MigrateError('E_PART_DAMAGED', 'a file of the dumped folder ended early', {
        at: { file, offset: start + done },
        found: `${done} bytes`,
        wanted: `${target.length} bytes`,
      });
    done += got;
  }
}
