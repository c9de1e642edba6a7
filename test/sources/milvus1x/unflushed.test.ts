/** Rows that an old server has only in its write-ahead log: refused, or left out and said. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { placesOf } from '../../../src/config/milvus1xParts.ts';
import { parseLocation } from '../../../src/config/storeUrl.ts';
import type { OpenStore } from '../../../src/core/contracts.ts';
import type { MigrateError } from '../../../src/core/errors.ts';
import { openSource } from '../../../src/sources/index.ts';
import { openStore } from '../../../src/stores/index.ts';
import { temporaryFolder } from '../../temporary.ts';
import { config } from './build.ts';
import { fails, makeDatabase } from './database.ts';

/** A log with one insert into faces/eu (5 rows), then a delete (2 ids) in faces. */
function writeLog(folder: string): { first: bigint; second: bigint } {
  const record = (at: number, kind: number, tag: string, rows: number, data: number): Buffer => {
    const body = Buffer.alloc(21 + 5 + tag.length + rows * 8 + data);
    body.writeBigUInt64LE((1n << 32n) | BigInt(at + body.length), 0);
    body.writeUInt8(kind, 8);
    body.writeUInt16LE(5, 9);
    body.writeUInt16LE(tag.length, 11);
    body.writeUInt32LE(rows, 13);
    body.writeUInt32LE(data, 17);
    body.write(`faces${tag}`, 21);
    return body;
  };
  const insert = record(0, 2, 'eu', 5, 80);
  const remove = record(insert.length, 3, '', 2, 0);
  const [first, second] = [(1n << 32n) | BigInt(insert.length), (1n << 32n) | BigInt(insert.length + remove.length)];
  mkdirSync(join(folder, 'wal'));
  writeFileSync(join(folder, 'wal', '1.wal'), Buffer.concat([insert, remove]));
  writeFileSync(join(folder, 'wal', 'mxlog.meta'), new Uint8Array(BigUint64Array.of(0n, second, second).buffer));
  return { first, second };
}

test('unflushed rows: refused with counts, for chosen collections only, or left out and said', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  writeLog(folder.path);
  const found = ['faces/eu: 5 rows inserted', 'faces: 2 rows deleted', /flush/, '--ignore-unflushed'];
  await assert.rejects(openSource(config(db), { openStore }), fails('E_UNFLUSHED', ...found));
  assert.deepEqual((await openSource(config(db), { collections: ['docs'], openStore })).notes, []);
  const source = await openSource(config(db, { ignoreUnflushed: true }), { openStore });
  const [faces] = await source.datasets();
  assert.match(source.notes[0]?.text ?? '', /5 rows inserted.*2 rows deleted/);
  assert.deepEqual(
    faces?.skipped.map(({ segment }) => segment),
    ['write-ahead log', 'write-ahead log'],
  );
});

test('a log is found where the tables were copied away from it, and behind links', async () => {
  using folder = temporaryFolder();
  const old = join(folder.path, 'old');
  mkdirSync(old);
  const db = makeDatabase(old);
  writeLog(old);
  const fails5 = fails('E_UNFLUSHED', 'faces/eu: 5 rows inserted', 'faces: 2 rows deleted');
  const tablesDir = join(folder.path, 'copy', 'db', 'tables');
  cpSync(join(db, 'tables'), tablesDir, { recursive: true });
  await assert.rejects(openSource(config(db, { tablesDir }), { openStore }), fails5);
  const meta = { kind: 'sqlite', file: join(db, 'meta.sqlite') } as const;
  await assert.rejects(openSource(config(join(folder.path, 'copy', 'db'), { meta }), { openStore }), fails5);
  mkdirSync(join(folder.path, 'linked'));
  const link = join(folder.path, 'linked', 'db');
  symlinkSync(db, link);
  await assert.rejects(openSource(config(link), { openStore }), fails5);
  // Its metadata may be a link by itself.
  const apart = join(folder.path, 'apart', 'db');
  cpSync(join(db, 'tables'), join(apart, 'tables'), { recursive: true });
  symlinkSync(join(db, 'meta.sqlite'), join(apart, 'meta.sqlite'));
  await assert.rejects(openSource(config(apart), { openStore }), fails5);
  // The files themselves may be links, too.
  const moved = join(folder.path, 'moved');
  renameSync(join(old, 'wal'), moved);
  mkdirSync(join(old, 'wal'));
  for (const name of ['1.wal', 'mxlog.meta']) symlinkSync(join(moved, name), join(old, 'wal', name));
  await assert.rejects(openSource(config(db), { openStore }), fails5);
});

test('a log beside metadata on this host is found where the data is in a bucket', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  writeLog(folder.path);
  const bucket = join(folder.path, 'bucket');
  cpSync(join(db, 'tables'), join(bucket, 'db', 'tables'), { recursive: true });
  const open: OpenStore = (config) =>
    openStore(config.scheme === 'file' ? config : { scheme: 'file', root: join(bucket, config.root) });
  const { store } = placesOf({ path: parseLocation('s3://bucket/db', '/', 'it'), tables: undefined, meta: undefined });
  const meta = { kind: 'sqlite', file: join(db, 'meta.sqlite'), store: 'local' } as const;
  const opening = openSource(config('db', { store, meta }), { openStore: open });
  await assert.rejects(opening, fails('E_UNFLUSHED', 'faces/eu: 5 rows inserted', join(folder.path, 'wal')));
});

test('a collection without a flush position was never flushed; without any the log is said to be unknown', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  writeLog(folder.path);
  const forget = (where: string): void => {
    const metadata = new Database(join(db, 'meta.sqlite'));
    metadata.exec(`UPDATE Tables SET flush_lsn = NULL ${where}`);
    metadata.close();
  };
  forget("WHERE table_id IN ('faces', '77')");
  await assert.rejects(
    openSource(config(db), { openStore }),
    fails('E_UNFLUSHED', 'faces/eu: 5 rows inserted', 'faces: 2 rows deleted'),
  );
  forget('');
  const { notes } = await openSource(config(db), { openStore });
  assert.deepEqual(
    notes.map(({ kind }) => kind),
    ['warning'],
  );
  assert.match(notes[0]!.text, /no flush positions/);
});

test('what was flushed does not count: by partition, and by the global position', async () => {
  const size = 21 + 5 + 2 + 40 + 80;
  const first = (1n << 32n) | BigInt(size);
  const second = first + BigInt(21 + 5 + 16);
  for (const [flush, counts] of [
    [{ eu: first, faces: 0n }, ['faces: 2 rows deleted']],
    [{ eu: 0n, faces: second }, ['faces/eu: 5 rows inserted']],
    [{ eu: first, faces: second }, []],
    [{ global: second }, []],
  ] as const) {
    using folder = temporaryFolder();
    const db = makeDatabase(folder.path, flush);
    assert.deepEqual(writeLog(folder.path), { first, second });
    if (counts.length === 0) assert.deepEqual((await openSource(config(db), { openStore })).notes, []);
    else
      await assert.rejects(
        openSource(config(db), { openStore }),
        (error: MigrateError) => error.code === 'E_UNFLUSHED' && error.found === counts.join('; '),
      );
  }
});

test('a log that is broken or not whole is an error, or said', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  writeLog(folder.path);
  const log = join(folder.path, 'wal', '1.wal');
  for (const damage of [() => writeFileSync(log, 'torn'), () => writeFileSync(log, ''), () => rmSync(log)]) {
    damage();
    await assert.rejects(openSource(config(db), { openStore }), fails('E_WAL', /wal.1\.wal|wal"/));
    const { notes } = await openSource(config(db, { ignoreUnflushed: true }), { openStore });
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ['lossy'],
    );
  }
  rmSync(join(folder.path, 'wal', 'mxlog.meta'));
  assert.match((await openSource(config(db), { openStore })).notes[0]?.text ?? '', /no write-ahead log/);
});
