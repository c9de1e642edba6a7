/** A Milvus 1.x folder with one collection whose rows tell by their ids what they hold, and its check in Milvus. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileRow, segmentContent, tableRow, writeSegment, writeSqlite } from '../sources/milvus1x/build.ts';
import { countRows, type TestDatabase } from './reading.ts';

export interface MadeSource {
  readonly collection: string;
  readonly rows: number;
  readonly dim: number;
  readonly deleted: readonly number[];
}

const SEGMENT = '1600000000000000000';

export function makeSource(db: string, { collection, rows, dim, deleted }: MadeSource): void {
  writeSegment(db, collection, SEGMENT, segmentContent(rows, dim, deleted));
  writeSqlite(join(db, 'meta.sqlite'), {
    Tables: [tableRow(collection, { dimension: dim })],
    TableFiles: [fileRow(collection, SEGMENT, { row_count: rows - deleted.length, file_size: rows * (dim * 4 + 8) })],
  });
}

const ASKED = 400;

/** The count is exact, and rows from all over have the vectors that they were made with. */
export async function assertMade(
  database: TestDatabase,
  { collection, rows, dim, deleted }: MadeSource,
): Promise<void> {
  assert.equal(await countRows(database, collection), rows - deleted.length);
  const step = Math.max(1, Math.floor(rows / ASKED));
  const ids = Array.from({ length: Math.ceil(rows / step) }, (_, index) => index * step);
  const { data, status } = await database.client.query({
    collection_name: collection,
    filter: `id in [${ids.join(',')}]`,
    output_fields: ['id', 'data'],
    consistency_level: 0,
  } as never);
  assert.equal(status.error_code, 'Success', status.reason);
  const found = new Map((data as { id: string; data: number[] }[]).map((row) => [Number(row.id), row.data]));
  const gone = new Set(deleted);
  for (const id of ids) {
    const want = gone.has(id) ? undefined : Array.from({ length: dim }, (_, index) => id * dim + index);
    assert.deepEqual(found.get(id), want, `id ${id}`);
  }
}
