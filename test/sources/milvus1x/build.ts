/** Builds small Milvus 1.x folders for tests, and says what a right reader gives for them, row by row. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Milvus1xSource } from '../../../src/config/job.ts';
import type { OpenStore, Slab, SlabRing } from '../../../src/core/contracts.ts';
import { openStore } from '../../../src/stores/index.ts';

export function withLength(payload: Uint8Array, length: bigint = BigInt(payload.length)): Uint8Array {
  const bytes = new Uint8Array(8 + payload.length);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  bytes.set(payload, 8);
  return bytes;
}

export interface SegmentContent {
  readonly rv: Uint8Array;
  readonly uid: Uint8Array;
  readonly deletedDocs: Uint8Array;
}

/** Rows whose id and vector tell which they are. */
export function segmentContent(rows: number, dim: number, deleted: readonly number[], firstId = 0): SegmentContent {
  const vectors = Float32Array.from({ length: rows * dim }, (_, index) => firstId + index);
  const ids = BigInt64Array.from({ length: rows }, (_, row) => BigInt(firstId + row));
  return {
    rv: withLength(new Uint8Array(vectors.buffer)),
    uid: withLength(new Uint8Array(ids.buffer)),
    deletedDocs: withLength(new Uint8Array(Int32Array.from(deleted).buffer)),
  };
}

export function writeSegment(
  db: string,
  tableId: string,
  segment: string,
  { rv, uid, deletedDocs }: SegmentContent,
): void {
  const folder = join(db, 'tables', tableId, segment);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${segment}.rv`), rv);
  writeFileSync(join(folder, `${segment}.uid`), uid);
  writeFileSync(join(folder, 'deleted_docs'), deletedDocs);
}

export type Row = Readonly<Record<string, string | number | bigint>>;

export const tableRow = (table_id: string, more: Row = {}): Row => ({
  table_id,
  state: 0,
  dimension: 4,
  metric_type: 1,
  engine_type: 1,
  index_params: '{}',
  owner_table: '',
  partition_tag: '',
  flush_lsn: 0,
  ...more,
});

export const fileRow = (table_id: string, segment_id: string, more: Row = {}): Row => ({
  table_id,
  segment_id,
  engine_type: 1,
  file_id: segment_id,
  file_type: 1,
  row_count: 10,
  file_size: 240,
  ...more,
});

export function writeSqlite(file: string, tables: Readonly<Record<string, readonly Row[]>>): void {
  const database = new Database(file);
  for (const [table, rows] of Object.entries(tables)) {
    const columns = Object.keys(rows[0] ?? { id: 0 });
    database.exec(`CREATE TABLE "${table}" (${columns.join(', ')})`);
    const insert = database.prepare(`INSERT INTO "${table}" VALUES (${columns.map(() => '?').join(', ')})`);
    for (const row of rows) insert.run(...columns.map((column) => row[column]!));
  }
  database.close();
}

export function config(path: string, more: Partial<Milvus1xSource> = {}): Milvus1xSource {
  return {
    kind: 'milvus1x',
    store: undefined,
    path,
    meta: undefined,
    tablesDir: undefined,
    skipBadSegments: false,
    ignoreUnflushed: false,
    ...more,
  };
}

/**
 * The files of this host as if each read had to wait for an answer, and answers came in any order: what a bucket is like.
 * @param turns of the event loop that the n-th read waits, one after the other
 */
export function slowReads(readsInFlight: number, turns: readonly number[]): OpenStore {
  let reads = 0;
  return async (config) => {
    const store = await openStore(config);
    const openFile: typeof store.openFile = async (path) => {
      const file = await store.openFile(path);
      if (file === undefined) return undefined;
      const readInto: typeof file.readInto = async (target, start) => {
        for (let turn = turns[reads++ % turns.length] ?? 0; turn > 0; turn--) await setImmediate();
        await file.readInto(target, start);
      };
      return { ...file, readInto };
    };
    return { ...store, traits: { readsInFlight }, openFile };
  };
}

/** A ring that complains where a slab is used twice, or not given back. */
export function testRing(slabBytes: number, slabs = 1): SlabRing & { readonly lent: () => number } {
  const free: Slab[] = Array.from({ length: slabs }, (_, index) => ({
    index,
    memory: new SharedArrayBuffer(slabBytes),
  }));
  return {
    slabBytes,
    slabs,
    lent: () => slabs - free.length,
    acquire() {
      const slab = free.pop();
      if (slab === undefined) throw new Error('no slab is free');
      return slab;
    },
    release(slab) {
      if (free.includes(slab)) throw new Error('a slab was released twice');
      free.push(slab);
    },
  };
}

/** All that comes. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
