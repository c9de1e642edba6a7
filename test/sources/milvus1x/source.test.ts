import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../../src/config/secret.ts';
import type { MigrateError } from '../../../src/core/errors.ts';
import { writeMetaJson } from '../../../src/formats/milvus1x/metaJson.ts';
import { openSource } from '../../../src/sources/index.ts';
import { lookLocally } from '../../../src/sources/milvus1x/look.ts';
import { readModel } from '../../../src/sources/milvus1x/readModel.ts';
import { openStore } from '../../../src/stores/index.ts';
import { temporaryFolder } from '../../temporary.ts';
import { collect, config, fileRow, segmentContent, tableRow, withLength, writeSegment, writeSqlite } from './build.ts';
import { fails, makeDatabase } from './database.ts';

const state = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => `${name} ${statSync(join(folder, name)).mtimeMs} ${statSync(join(folder, name)).size}`);

test('datasets of a folder, which stays as it is', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  const before = state(folder.path);
  const leftBehind = (): string[] => readdirSync(tmpdir()).filter((name) => /^milvus-migrate-\w{6}$/.test(name));
  const others = leftBehind();
  const source = await openSource(config(db), { openStore });
  const datasets = await source.datasets();
  assert.deepEqual(state(folder.path), before);
  assert.deepEqual(
    leftBehind().filter((name) => !others.includes(name)),
    [],
  );
  assert.equal(source.locator, `milvus1x:${db}`);
  assert.match(source.notes[0]?.text ?? '', /no write-ahead log/);
  assert.deepEqual(
    datasets.map(({ name, rows, deleted, bytes, milvusPartitions, schema, index }) => [
      name,
      rows,
      deleted,
      bytes,
      milvusPartitions,
      schema.metric,
      index?.type,
    ]),
    [
      ['faces', 22, 2, 22 * 24, ['', 'eu'], 'L2', 'HNSW'],
      ['docs', 10, 0, 240, [''], 'IP', 'FLAT'],
      ['empty', 0, 0, 0, [''], 'JACCARD', 'BIN_FLAT'],
    ],
  );
  assert.deepEqual(
    datasets.map(({ notes }) => notes.filter(({ kind }) => kind === 'lossy').length),
    [0, 0, 1],
  );
  assert.deepEqual(Object.keys(datasets[0]!.fingerprint), [
    'schema',
    'partition eu',
    'segment 1678354366132931000',
    'segment 1678354366132931001',
    'segment eu/5',
  ]);
  const partitions = await collect(source.plan(datasets[0]!, { partBytes: 1e6 }));
  assert.deepEqual(
    partitions.map(({ milvusPartition, rows, deleted }) => [milvusPartition, rows, deleted]),
    [
      ['', 18, 2],
      ['eu', 4, 0],
    ],
  );
  const again = await openSource(config(db), { openStore });
  const same = await collect(again.plan((await again.datasets())[0]!, { partBytes: 1e6 }));
  assert.deepEqual(same, partitions);
  for (const { id } of partitions) assert.match(id, /^[0-9a-f]{16}$/);
});

test('the same source, however it is named', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  const tablesDir = join(db, 'tables');
  const file = join(db, 'meta.sqlite');
  const ways = [
    config(db),
    config(folder.path),
    config(file),
    config(db, { path: undefined, tablesDir, meta: { kind: 'sqlite', file } }),
  ];
  for (const way of ways) assert.equal((await openSource(way, { openStore })).locator, `milvus1x:${db}`);
});

test('what export writes is as good as the database', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  const want = await (await openSource(config(db), { openStore })).datasets();
  const model = await readModel({ kind: 'sqlite', file: join(db, 'meta.sqlite') }, lookLocally(), openStore);
  writeFileSync(join(db, 'meta.json'), writeMetaJson(model));
  const source = await openSource(config(join(db, 'meta.json')), { openStore });
  assert.deepEqual(await source.datasets(), want);
});

test('collections by name', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  rmSync(join(db, 'tables', 'faces'), { recursive: true });
  const source = await openSource(config(db), { collections: ['empty', 'docs'], openStore });
  assert.deepEqual(
    (await source.datasets()).map(({ name }) => name),
    ['docs', 'empty'],
  );
  await assert.rejects(
    openSource(config(db), { collections: ['docs', 'facs'], openStore }),
    fails('E_UNKNOWN_COLLECTION', 'facs', 'faces, docs'),
  );
});

test('a missing source says what is there instead', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  renameSync(join(db, 'meta.sqlite'), join(db, 'meta.old'));
  await assert.rejects(
    openSource(config(db), { openStore }),
    fails('E_SOURCE_NOT_FOUND', 'meta.sqlite', 'holds meta.old, tables'),
  );
  await assert.rejects(
    openSource(config(join(folder.path, 'nix', 'db')), { openStore }),
    fails('E_SOURCE_NOT_FOUND', 'no db; no nix;'),
  );
  assert.deepEqual(readdirSync(folder.path), ['db']);
  await assert.rejects(
    openSource(config(db, { meta: { kind: 'sqlite', file: join(db, 'x.sqlite') } }), { openStore }),
    fails('E_SOURCE_NOT_FOUND', 'x.sqlite'),
  );
  writeFileSync(join(db, 'meta.sqlite'), 'junk, and more of it');
  await assert.rejects(openSource(config(db), { openStore }), fails('E_METADATA', 'meta.sqlite', 'SQLITE_NOTADB'));
  writeFileSync(join(db, 'meta.sqlite'), '');
  await assert.rejects(openSource(config(db), { openStore }), fails('E_METADATA', 'no tables'));
});

test('a meta.json that is not UTF-8 is refused: its names would become others', async () => {
  using folder = temporaryFolder();
  const text = '{"collections":[{"collection":"café","metric":1,"dim":4,"segments":[]}],"rows":0}';
  writeFileSync(join(folder.path, 'meta.json'), text, 'latin1');
  await assert.rejects(openSource(config(folder.path), { openStore }), fails('E_METADATA', 'meta.json', 'UTF-8'));
  writeFileSync(join(folder.path, 'meta.json'), text);
  const source = await openSource(config(folder.path), { openStore });
  assert.equal((await source.datasets())[0]?.name, 'café');
});

test('a folder for temporary files that is not there is named', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  const before = process.env.TMPDIR;
  process.env.TMPDIR = join(folder.path, 'nowhere');
  try {
    await assert.rejects(openSource(config(db), { openStore }), fails('E_SOURCE_ACCESS', 'nowhere', 'TMPDIR'));
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

test('bad segments: the first one is an error, or all are named and left out', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  const content = segmentContent(10, 4, []);
  writeSegment(db, 'faces', '1678354366132931000', { ...content, rv: content.rv.slice(0, -4) });
  rmSync(join(db, 'tables', '77', '5', 'deleted_docs'));
  const strict = await openSource(config(db), { openStore });
  await assert.rejects(
    strict.datasets(),
    fails('E_SEGMENT_TRUNCATED', 'faces', '1678354366132931000.rv', '164 bytes', '168 bytes (8 + 10 rows × 4 × 4)'),
  );
  const [faces] = await (await openSource(config(db, { skipBadSegments: true }), { openStore })).datasets();
  assert.deepEqual(
    faces?.skipped.map(({ milvusPartition, segment, rows, reason }) => [
      milvusPartition,
      segment,
      rows,
      reason.split(':')[0],
    ]),
    [
      ['', '1678354366132931000', 10, 'E_SEGMENT_TRUNCATED'],
      ['eu', '5', 4, 'E_SEGMENT_MISSING'],
    ],
  );
  assert.equal(faces?.rows, 8);
  rmSync(join(db, 'tables'), { recursive: true });
  await assert.rejects(
    (await openSource(config(db, { skipBadSegments: true }), { openStore })).datasets(),
    fails('E_SEGMENT_MISSING', 'tables'),
  );
});

test('names that lead elsewhere are refused', async () => {
  using folder = temporaryFolder();
  for (const [name, segment] of [
    ['..', ''],
    ['c', '../../x'],
    ['c', ''],
    ['c/d', '1'],
    ['c', 'a\0b'],
  ] as const) {
    const db = join(folder.path, `db${Math.random()}`);
    mkdirSync(join(db, 'tables'), { recursive: true });
    const meta = {
      collections: [{ collection: name, metric: 1, rows: 1, dim: 4, segments: [{ segment, rows: 1 }] }],
      rows: 1,
    };
    writeFileSync(join(db, 'meta.json'), JSON.stringify(meta));
    await assert.rejects(
      (await openSource(config(db, { skipBadSegments: true }), { openStore })).datasets(),
      fails('E_METADATA', JSON.stringify(name === 'c' ? segment : name)),
    );
  }
});

test('data of no collection is refused with counts, unless the collections are chosen', async () => {
  for (const [tables, files, ...found] of [
    [
      [],
      [fileRow('lost', '1'), fileRow('lost', '2')],
      'live segments of no collection',
      'table "lost": 20 rows in 2 live segments',
    ],
    [
      [tableRow('8', { owner_table: '77', partition_tag: 'nested' })],
      [fileRow('8', '1')],
      'a partition of no collection',
      'partition "nested" (8) of "77": 10 rows in 1 live segment',
    ],
  ] as const) {
    using folder = temporaryFolder();
    const db = join(folder.path, 'db');
    mkdirSync(join(db, 'tables'), { recursive: true });
    writeSegment(db, 'docs', '6', segmentContent(10, 4, []));
    const eu = tableRow('77', { owner_table: 'docs', partition_tag: 'eu' });
    writeSqlite(join(db, 'meta.sqlite'), {
      Tables: [tableRow('docs'), eu, ...tables],
      TableFiles: [fileRow('docs', '6'), ...files],
    });
    await assert.rejects(openSource(config(db), { openStore }), fails('E_METADATA', ...found, '--col'));
    const chosen = await openSource(config(db), { collections: ['docs'], openStore });
    assert.equal((await chosen.datasets())[0]?.rows, 10);
  }
});

test('folders of data that the metadata does not name are told: it may be older than they are', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  const told = async (collections?: readonly string[]): Promise<string[]> => {
    const choice = collections === undefined ? {} : { collections };
    await using source = await openSource(config(db), { openStore, ...choice });
    return source.notes.filter(({ kind }) => kind === 'warning').map(({ text }) => text);
  };
  assert.deepEqual(await told(), []);
  writeSegment(db, 'faces', '1678354366132931009', segmentContent(10, 4, []));
  writeSegment(db, 'newer', '9', segmentContent(10, 4, []));
  writeFileSync(join(db, 'tables', 'a-file'), '');
  for (const name of ['lost+found', '.snapshot']) mkdirSync(join(db, 'tables', name));
  const left = 'tables holds folders that the metadata does not name, and that are left out: ';
  const [all] = await told();
  assert.ok(all?.startsWith(`${left}faces/1678354366132931009, newer;`), all);
  assert.ok((await told(['faces']))[0]?.startsWith(`${left}faces/1678354366132931009;`));
  assert.deepEqual(await told(['docs']), []);
});

test('a segment with other names in its folder, and a longer deleted_docs', async () => {
  using folder = temporaryFolder();
  const db = makeDatabase(folder.path);
  const segment = join(db, 'tables', 'docs', '6');
  for (const ending of ['rv', 'uid']) renameSync(join(segment, `6.${ending}`), join(segment, `7.${ending}`));
  writeFileSync(
    join(segment, 'deleted_docs'),
    Buffer.concat([withLength(new Uint8Array(Int32Array.of(2).buffer)), Buffer.from('tail')]),
  );
  const source = await openSource(config(db), { collections: ['docs'], openStore });
  const [docs] = await source.datasets();
  assert.deepEqual([docs?.rows, docs?.deleted], [9, 1]);
  const warnings = docs?.notes.filter(({ kind }) => kind === 'warning').map(({ text }) => text) ?? [];
  assert.match(warnings[0] ?? '', /^deleted_docs is longer.*segment 6 by 4 bytes$/);
  assert.match(warnings[1] ?? '', /^1 rows may be missing.*segment 6 10 for 9$/);
  writeFileSync(join(segment, '8.rv'), '');
  await assert.rejects(
    (await openSource(config(db), { collections: ['docs'], openStore })).datasets(),
    fails('E_SEGMENT_MISSING', '7.rv, 8.rv'),
  );
});

test('a row_count that is not what the files hold: fewer rows are a warning, more are said', async () => {
  using folder = temporaryFolder();
  const db = join(folder.path, 'db');
  for (const segment of ['1', '2', '3', '4']) writeSegment(db, 'docs', segment, segmentContent(10, 4, []));
  writeSqlite(join(db, 'meta.sqlite'), {
    Tables: [tableRow('docs')],
    TableFiles: [
      fileRow('docs', '1', { row_count: 100 }),
      fileRow('docs', '2'),
      fileRow('docs', '3', { row_count: 9 }),
      fileRow('docs', '4', { row_count: 1010 }),
    ],
  });
  const [docs] = await (await openSource(config(db), { openStore })).datasets();
  assert.deepEqual(docs?.rows, 40);
  assert.deepEqual(docs?.notes, [
    {
      kind: 'warning',
      text: '1,090 rows may be missing, the files hold fewer than row_count says: segment 1 100 for 10, segment 4 1,010 for 10',
    },
    { kind: 'info', text: 'the files hold more rows than row_count in the metadata says: segment 3 9 for 10' },
  ]);
});

test('MySQL: an address that can not be read, a server that is not there; never the password', async () => {
  const mysql = (url: string) =>
    openSource(config('/nowhere', { meta: { kind: 'mysql', url: new Secret(url) } }), { openStore });
  const noSecret = (code: string) => (error: MigrateError) =>
    error.code === code && !JSON.stringify([error, error.message, error.stack, error.found]).includes('hidden');
  await assert.rejects(mysql('u:hidden@host'), noSecret('E_CONFIG'));
  await assert.rejects(mysql('mysql://u:hidden@127.0.0.1:1/m'), noSecret('E_SOURCE_NOT_FOUND'));
});
