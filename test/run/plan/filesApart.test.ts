import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jobConfig } from '../../../src/config/jobConfig.ts';
import type { MigrateError } from '../../../src/core/errors.ts';
import { migrate } from '../../../src/run/job.ts';
import { refuseFilesInSource } from '../../../src/run/plan/filesApart.ts';
import { plan } from '../../../src/run/planReport.ts';
import { makeSource } from '../../e2e/madeSource.ts';
import { temporaryFolder } from '../../temporary.ts';

const MADE = { collection: 'docs', rows: 10, dim: 4, deleted: [] };
const files = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
const isRefused = (error: MigrateError): boolean => error.code === 'E_USAGE' && /into the source/.test(error.message);

test('files among those of a Milvus 1.x are refused before one is written, also through a link', async () => {
  using folder = temporaryFolder();
  const db = join(folder.path, 'milvus/db');
  makeSource(db, MADE);
  symlinkSync(db, join(folder.path, 'link'));
  const before = files(db);
  for (const dir of ['milvus/db', 'milvus/db/out/there', 'milvus/db/tables', 'milvus/wal', 'link', 'link/out'])
    for (const act of [plan, (job: Parameters<typeof plan>[0]) => migrate(job, 'dump')]) {
      const to = { dir: join(folder.path, dir), keep: true };
      const source = { kind: 'milvus1x', path: join(folder.path, 'milvus') } as const;
      const job = jobConfig({ source, files: to, stateDir: join(folder.path, 'state') });
      await assert.rejects(act(job), isRefused, dir);
    }
  assert.deepEqual(files(db), before);
  assert.deepEqual(readdirSync(join(folder.path, 'milvus')), ['db']);
});

test('a folder beside the source is none of it; one whose parts would lie among its segments is', async () => {
  using folder = temporaryFolder();
  const [db, meta] = [join(folder.path, 'data'), join(folder.path, 'meta/meta.sqlite')];
  makeSource(db, MADE);
  mkdirSync(join(folder.path, 'meta'));
  copyFileSync(join(db, 'meta.sqlite'), meta);
  const dump = async (dir: string) => {
    const parts = { meta: { kind: 'sqlite', file: meta }, tablesDir: join(db, 'tables') } as const;
    const source = { kind: 'milvus1x', path: undefined, ...parts } as const;
    const to = { dir: join(folder.path, dir), keep: true };
    return await migrate(jobConfig({ source, files: to, stateDir: join(folder.path, 'state') }), 'dump');
  };
  await assert.rejects(dump('data'), isRefused);
  for (const dir of ['data/out', 'data-out', 'meta/out', '']) assert.equal((await dump(dir)).exitCode, 0, dir);
});

test('in a bucket, keys below the prefix of the tables are refused', () => {
  const bucket = (root: string, endpoint?: string) => {
    const { files: made } = jobConfig({ source: { kind: 'milvus1x', path: '/db' }, files: `s3://bucket/${root}` });
    return { ...made!, store: { ...made!.store!, endpoint } };
  };
  const tables = [{ ...bucket('old/db/tables').store, endpoint: undefined }];
  for (const root of ['old/db', 'old/db/tables', 'old/db/tables/x'])
    assert.throws(() => refuseFilesInSource(bucket(root), tables), isRefused, root);
  for (const root of ['old', 'old/db/out', 'old/db/tables2', '']) refuseFilesInSource(bucket(root), tables);
  refuseFilesInSource(bucket('old/db', 'http://elsewhere:9000'), tables);
  assert.throws(() => refuseFilesInSource(bucket(''), [{ ...tables[0]!, root: 'tables' }]), isRefused);
  refuseFilesInSource(undefined, tables);
});
