/**
 * Milvus 1.x folders of any size, as input for the benchmarks: one collection in segments of the size that a server
 * makes, random vectors (never NaN), and a share of deleted rows. A folder that is there and whole is used again.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { dataFolder } from './places.ts';

export interface DataSpec {
  /** Bytes of ids and vectors, about. */
  readonly bytes: number;
  readonly dim: number;
  /** Share of the rows that are deleted, 0 to 1; which ones is random. */
  readonly deletes: number;
}

export interface BenchData {
  /** The `db` folder. */
  readonly db: string;
  readonly files: readonly string[];
  /** Bytes of all files, as a copy copies them. */
  readonly bytes: number;
  /** Live rows, and what they come to in bytes. */
  readonly rows: number;
  readonly liveBytes: number;
}

/** Segments of a server with index_file_size 256. */
const SEGMENT_BYTES = 256 * 2 ** 20;
const BLOCK_ROWS = 4096;
const COLLECTION = 'bench';
/** Changes when the files do. */
const FORMAT = 1;

interface Made {
  readonly format: number;
  readonly rows: number;
  readonly sizes: Readonly<Record<string, number>>;
}

export function makeData(spec: DataSpec): BenchData {
  const folder = join(dataFolder(), `${spec.bytes / 1e6}MB-dim${spec.dim}-deleted${spec.deletes * 100}`);
  const marker = join(folder, 'made.json');
  const made = readMade(folder, marker) ?? make(spec, folder);
  writeFileSync(marker, JSON.stringify(made));
  const bytes = Object.values(made.sizes).reduce((sum, size) => sum + size, 0);
  const files = Object.keys(made.sizes).map((name) => join(folder, name));
  return { db: join(folder, 'db'), files, bytes, rows: made.rows, liveBytes: made.rows * rowBytes(spec) };
}

/** undefined: not there, or not whole. */
function readMade(folder: string, marker: string): Made | undefined {
  if (!existsSync(marker)) return undefined;
  const made = JSON.parse(readFileSync(marker, 'utf8')) as Made;
  const sizeOf = (name: string): number | undefined => statSync(join(folder, name), { throwIfNoEntry: false })?.size;
  const whole = Object.entries(made.sizes).every(([name, size]) => sizeOf(name) === size);
  return made.format === FORMAT && whole ? made : undefined;
}

function make(spec: DataSpec, folder: string): Made {
  rmSync(folder, { recursive: true, force: true });
  const total = Math.floor(spec.bytes / rowBytes(spec));
  const count = Math.ceil((total * spec.dim * 4) / SEGMENT_BYTES);
  const rowsEach = Math.ceil(total / count);
  const random = createRandom(spec.dim);
  const block = Float32Array.from({ length: BLOCK_ROWS * spec.dim }, () => random() * 2 - 1);
  const segments: Segment[] = [];
  for (let index = 0; index < count; index++) {
    const rows = Math.min(rowsEach, total - index * rowsEach);
    const firstId = BigInt(index * rowsEach);
    segments.push(writeSegment(folder, { spec, index, rows, firstId, block, random }));
  }
  writeMetadata(join(folder, 'db', 'meta.sqlite'), spec, segments);
  const names = ['db/meta.sqlite', ...segments.flatMap(({ files }) => files)];
  return {
    format: FORMAT,
    rows: segments.reduce((sum, { live }) => sum + live, 0),
    sizes: Object.fromEntries(names.map((name) => [name, statSync(join(folder, name)).size])),
  };
}

interface Segment {
  readonly id: string;
  readonly live: number;
  readonly bytes: number;
  readonly files: readonly string[];
}

interface SegmentOrder {
  readonly spec: DataSpec;
  readonly index: number;
  readonly rows: number;
  readonly firstId: bigint;
  readonly block: Float32Array;
  readonly random: () => number;
}

function writeSegment(folder: string, { spec, index, rows, firstId, block, random }: SegmentOrder): Segment {
  const id = String(1_600_000_000_000_000_000n + BigInt(index) * 1_000_000n);
  const dir = `db/tables/${COLLECTION}/${id}`;
  mkdirSync(join(folder, dir), { recursive: true });
  const vectorBytes = spec.dim * 4;
  const files = [`${dir}/${id}.rv`, `${dir}/${id}.uid`, `${dir}/deleted_docs`] as const;
  writeColumn(join(folder, files[0]), rows * vectorBytes, function* () {
    for (let row = 0; row < rows; row += BLOCK_ROWS)
      yield bytesOf(block).subarray(0, Math.min(BLOCK_ROWS, rows - row) * vectorBytes);
  });
  const ids = BigInt64Array.from({ length: rows }, (_, row) => firstId + BigInt(row));
  writeColumn(join(folder, files[1]), ids.byteLength, () => [bytesOf(ids)]);
  const deleted = deletedRows(rows, spec.deletes, random);
  writeColumn(join(folder, files[2]), deleted.byteLength, () => [bytesOf(deleted)]);
  return { id, live: rows - deleted.length, bytes: rows * rowBytes(spec), files };
}

/** Ascending within a flush but not as a whole, as a server leaves them: here four flushes. */
function deletedRows(rows: number, share: number, random: () => number): Int32Array {
  const flushes: number[][] = [[], [], [], []];
  for (let row = 0; row < rows; row++) if (random() < share) flushes[Math.floor(random() * 4)]!.push(row);
  return Int32Array.from(flushes.flat());
}

/** A uint64 byte length, then the bytes. */
function writeColumn(file: string, length: number, pieces: () => Iterable<Uint8Array>): void {
  const fd = openSync(file, 'w');
  writeSync(fd, new BigUint64Array([BigInt(length)]));
  for (const piece of pieces()) for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
  closeSync(fd);
}

/** The tables that a reader needs, in the columns of Milvus 1.x's SqliteMetaImpl.cpp. */
function writeMetadata(file: string, spec: DataSpec, segments: readonly Segment[]): void {
  const database = new Database(file);
  database.exec(`
    CREATE TABLE Tables (id INTEGER PRIMARY KEY NOT NULL, table_id TEXT UNIQUE NOT NULL, state INTEGER NOT NULL,
      dimension INTEGER NOT NULL, created_on INTEGER NOT NULL, flag INTEGER NOT NULL DEFAULT 0,
      index_file_size INTEGER NOT NULL, engine_type INTEGER NOT NULL, index_params TEXT NOT NULL,
      metric_type INTEGER NOT NULL, owner_table TEXT NOT NULL DEFAULT '', partition_tag TEXT NOT NULL DEFAULT '',
      version TEXT NOT NULL DEFAULT '1.1.1', flush_lsn INTEGER NOT NULL);
    CREATE TABLE TableFiles (id INTEGER PRIMARY KEY NOT NULL, table_id TEXT NOT NULL, segment_id TEXT NOT NULL DEFAULT '',
      engine_type INTEGER NOT NULL, file_id TEXT NOT NULL, file_type INTEGER NOT NULL,
      file_size INTEGER NOT NULL DEFAULT 0, row_count INTEGER NOT NULL DEFAULT 0, updated_time INTEGER NOT NULL,
      created_on INTEGER NOT NULL, date INTEGER NOT NULL, flush_lsn INTEGER NOT NULL);
    CREATE TABLE Fields (collection_id TEXT NOT NULL, field_name TEXT NOT NULL, field_type INTEGER NOT NULL,
      field_params TEXT NOT NULL);
    CREATE TABLE Environment (global_lsn INTEGER NOT NULL DEFAULT 0);
    INSERT INTO Environment VALUES (0);`);
  database
    .prepare(`INSERT INTO Tables VALUES (1, ?, 0, ?, 1600000000000000, 2, 256, 1, '{}', 1, '', '', '1.1.1', 0)`)
    .run(COLLECTION, spec.dim);
  const insert = database.prepare(
    `INSERT INTO TableFiles VALUES (NULL, ?, ?, 1, ?, 1, ?, ?, 1600000000000000, 1600000000000000, 1200813, 0)`,
  );
  database.transaction(() => {
    for (const { id, live, bytes } of segments) insert.run(COLLECTION, id, id, bytes, live);
  })();
  database.close();
}

function rowBytes({ dim }: DataSpec): number {
  return dim * 4 + 8;
}

function bytesOf(values: Float32Array | BigInt64Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Numbers from 0 to 1 (without 1), the same ones for the same seed (xorshift32). */
export function createRandom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
