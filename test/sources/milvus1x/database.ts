/** A small database that tests share, and how they want errors. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MigrateError } from '../../../src/core/errors.ts';
import { fileRow, segmentContent, tableRow, writeSegment, writeSqlite } from './build.ts';

/** `<folder>/db` with collections faces (partition eu), docs and empty; faces' second segment has deleted rows. */
export function makeDatabase(folder: string, flush: { faces?: bigint; eu?: bigint; global?: bigint } = {}): string {
  const db = join(folder, 'db');
  mkdirSync(join(db, 'tables'), { recursive: true });
  writeSegment(db, 'faces', '1678354366132931000', segmentContent(10, 4, []));
  writeSegment(db, 'faces', '1678354366132931001', segmentContent(10, 4, [3, 1, 3], 100));
  writeSegment(db, '77', '5', segmentContent(4, 4, [], 200));
  writeSegment(db, 'docs', '6', segmentContent(10, 4, [], 300));
  writeSqlite(join(db, 'meta.sqlite'), {
    Tables: [
      tableRow('faces', {
        flush_lsn: flush.faces ?? 0,
        engine_type: 11,
        index_params: '{"M":16,"efConstruction":200}',
      }),
      tableRow('77', { owner_table: 'faces', partition_tag: 'eu', flush_lsn: flush.eu ?? 0 }),
      tableRow('docs', { metric_type: 2 }),
      tableRow('empty', { metric_type: 5, dimension: 64 }),
    ],
    TableFiles: [
      fileRow('faces', '1678354366132931001', { row_count: 8, file_size: 240 }),
      fileRow('faces', '1678354366132931000'),
      fileRow('77', '5', { row_count: 4, file_size: 96 }),
      fileRow('docs', '6'),
    ],
    Environment: [{ global_lsn: flush.global ?? 0 }],
  });
  return db;
}

export const fails =
  (code: string, ...mentions: (string | RegExp)[]) =>
  (error: MigrateError) => {
    const text = [error.message, JSON.stringify(error.at), error.found, error.wanted, error.hint].join(' ');
    assert.equal(error.code, code, text);
    for (const mention of mentions)
      assert.match(
        text,
        typeof mention === 'string' ? new RegExp(mention.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : mention,
      );
    return true;
  };
