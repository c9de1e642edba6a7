/** Milvus 1.x's metadata in a real MySQL: each way to say where, and each way in which it can go wrong. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Secret } from '../../src/config/secret.ts';
import { readMysqlMeta } from '../../src/sources/milvus1x/mysqlMeta.ts';
import { temporaryFolder } from '../temporary.ts';
import { compareDump, type Ended, fixture, milvusMigrate, plainText, wanted } from './harness.ts';
import { type MetaDatabase, metaDatabase } from './metaDatabase.ts';
import { testDatabase } from './reading.ts';
import { assertHidden } from './secrets.ts';

const tables = (name: string): string => join(fixture(name), 'db/tables');

interface Tried {
  readonly ended: Ended;
  readonly path: string;
}

/** Runs it with a state folder of its own, and looks for the password in all that is left. */
async function tried(meta: MetaDatabase, words: readonly string[], env: Record<string, string> = {}): Promise<Tried> {
  using folder = temporaryFolder();
  const { path } = folder;
  const state = ['--state', join(path, 'state'), '--report', join(path, 'report.json')];
  const given = words[0] === 'dump' ? [...words, '--out', join(path, 'out'), ...state] : words;
  const ended = await milvusMigrate(given, { env, cwd: path });
  assertHidden([meta.password], ended, [path]);
  if (ended.code === 0 && words[0] === 'dump') assert.equal(await compareDump(join(path, 'out'), 'mixed'), '');
  return { ended, path };
}

describe('metadata in MySQL', { concurrency: 4 }, () => {
  test('dump: by a URL, by the DSN of old files, from the environment', async () => {
    await using meta = await metaDatabase('mixed');
    const folder = `milvus1x:${join(fixture('mixed'), 'db')}`;
    for (const [words, env] of [
      [['dump', folder, '--meta', meta.url], {}],
      [['dump', '--meta', meta.dsn, '--tables', tables('mixed')], {}],
      [['dump', folder, '--log-format', 'json'], { MILVUS_MIGRATE_META: meta.dsn }],
    ] as const) {
      const { ended } = await tried(meta, words, env);
      assert.equal(ended.code, 0, ended.stderr);
    }
  });

  test('a server that falls silent in the middle is not waited for without end', async () => {
    await using meta = await metaDatabase('mixed');
    await meta.run('LOCK TABLES Tables WRITE');
    const silent = { code: 'E_SOURCE_UNREACHABLE', found: 'nothing for 0.5 s' };
    await assert.rejects(readMysqlMeta(new Secret(meta.url), 500), silent);
    await meta.run('UNLOCK TABLES');
    assert.ok((await readMysqlMeta(new Secret(meta.url), 500)).Tables.length > 0);
  });

  test('run: all rows arrive; resumed with the address given again', async () => {
    await using meta = await metaDatabase('mixed');
    await using database = await testDatabase();
    using folder = temporaryFolder();
    const state = ['--state', join(folder.path, 'state')];
    const fast = ['--index', 'none', '--no-load'];
    const words = ['run', `milvus1x:${join(fixture('mixed'), 'db')}`, ...database.flags, ...state, ...fast];
    const ended = await milvusMigrate(words, { env: { MILVUS_MIGRATE_META: meta.url } });
    assert.equal(ended.code, 0, ended.stderr);
    assertHidden([meta.password], ended, [folder.path]);
    for (const { name, rows } of wanted('mixed').collections) {
      const { stats } = await database.client.getCollectionStatistics({ collection_name: name.replace('-', '_') });
      assert.equal(stats.find(({ key }) => key === 'row_count')?.value, String(rows), name);
    }
    const listed = await milvusMigrate(['jobs', '--json', ...state]);
    const [job] = JSON.parse(listed.stdout) as { id: string; source: string }[];
    assert.ok(job !== undefined);
    assert.ok(job.source.includes(`${meta.user}@${meta.host}:${meta.port}/${meta.name}`), job.source);
    const without = await milvusMigrate(['jobs', 'resume', job.id, ...state]);
    assert.equal(without.code, 2, without.stderr);
    assert.match(without.stderr, /MILVUS_MIGRATE_META/);
    const resumed = await milvusMigrate(['jobs', 'resume', job.id, ...state], {
      env: { MILVUS_MIGRATE_META: meta.dsn },
    });
    assert.equal(resumed.code, 0, resumed.stderr);
    const shown = await milvusMigrate(['jobs', 'show', job.id, '--json', ...state]);
    assertHidden([meta.password], shown, []);
  });

  test('export: -m, --meta, an old file; the meta.json is read by dump', async () => {
    await using meta = await metaDatabase('mixed');
    using folder = temporaryFolder();
    const { path } = folder;
    const yaml = join(path, 'migration.yaml');
    writeFileSync(
      yaml,
      `dumper: {worker: {workMode: milvus1x}}\nmeta: {mode: mysql, mysqlUrl: ${JSON.stringify(meta.dsn)}}\n` +
        `source: {mode: local, local: {tablesDir: ${tables('mixed')}}}\ntarget: {mode: local, local: {outputDir: out}}\n`,
    );
    const texts: string[] = [];
    for (const [at, words] of [
      ['-m', meta.dsn],
      ['--meta', meta.url],
      ['--config', yaml],
    ].entries()) {
      const out = join(path, `out-${at}`);
      const ended = await milvusMigrate(['export', ...words, '-o', out]);
      assert.equal(ended.code, 0, ended.stderr);
      assert.ok(plainText(ended.stdout).includes(`${wanted('mixed').rows} rows`), ended.stdout);
      assertHidden([meta.password], ended, [out]);
      texts.push(readFileSync(join(out, 'meta.json'), 'utf8'));
    }
    assert.equal(new Set(texts).size, 1);
    const { ended } = await tried(meta, ['dump', '--meta', join(path, 'out-0/meta.json'), '--tables', tables('mixed')]);
    assert.equal(ended.code, 0, ended.stderr);
  });

  test('whole numbers above 2^53 come exact', async () => {
    await using meta = await metaDatabase('mixed');
    await meta.run(
      "ALTER TABLE Tables MODIFY dimension BIGINT; UPDATE Tables SET dimension = 9007199254740993 WHERE table_id = 'docs'",
    );
    const { ended } = await tried(meta, ['dump', '--meta', meta.url, '--tables', tables('mixed')]);
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(plainText(ended.stderr), /^error E_DIMENSION: docs.*[\s\S]*9007199254740993/m);
  });

  for (const [title, change, code, said] of [
    [
      'a wrong password',
      (meta: MetaDatabase) => meta.dsn.replace(meta.password, `${meta.password}-wrong`),
      'E_SOURCE_ACCESS',
      /refuses the user or the password/,
    ],
    [
      'an unknown host',
      (meta: MetaDatabase) => meta.dsn.replace(`${meta.host}:`, 'no-such-host.invalid:'),
      'E_SOURCE_NOT_FOUND',
      /no-such-host\.invalid/,
    ],
    [
      'a port where nothing listens',
      (meta: MetaDatabase) => meta.url.replace(`:${meta.port}/`, ':1/'),
      'E_SOURCE_NOT_FOUND',
      /ECONNREFUSED/,
    ],
    [
      'an unknown database',
      (meta: MetaDatabase) => meta.url.replace(meta.name, `${meta.name}_not`),
      'E_SOURCE_',
      /_not/,
    ],
    ['no database', (meta: MetaDatabase) => meta.url.replace(`/${meta.name}`, ''), 'E_CONFIG', /no database/],
  ] as const)
    test(`${title}: a clear error, and the password nowhere`, async () => {
      await using meta = await metaDatabase('mixed');
      for (const words of [['dump', '--tables', tables('mixed')], ['export'], ['plan', '--tables', tables('mixed')]]) {
        const { ended } = await tried(meta, [
          ...words,
          '--meta',
          change(meta),
          ...(words[0] === 'dump' ? ['--debug'] : []),
        ]);
        assert.equal(ended.code, code === 'E_CONFIG' ? 2 : 3, ended.stderr);
        assert.match(ended.stderr, new RegExp(`^error ${code}`, 'm'));
        assert.match(ended.stderr, said);
      }
    });

  test('tables with names in lower case, as a dump of a server without cases brings them to one with', async () => {
    await using meta = await metaDatabase('mixed');
    for (const name of ['Tables', 'TableFiles', 'Environment', 'Fields'])
      await meta.run(`RENAME TABLE \`${name}\` TO \`${name.toLowerCase()}\``);
    const { ended } = await tried(meta, ['dump', '--meta', meta.url, '--tables', tables('mixed')]);
    assert.equal(ended.code, 0, ended.stderr);
  });

  test('tables of these names in lower case beside them are another program’s', async () => {
    await using meta = await metaDatabase('mixed');
    for (const name of ['tables', 'tablefiles', 'fields']) await meta.run(`CREATE TABLE \`${name}\` (theirs INT)`);
    for (const name of ['tables', 'fields']) await meta.run(`INSERT INTO \`${name}\` VALUES (1)`);
    const { ended } = await tried(meta, ['dump', '--meta', meta.url, '--tables', tables('mixed')]);
    assert.equal(ended.code, 0, ended.stderr);
  });

  test('tables that are missing, and a database of something else', async () => {
    await using meta = await metaDatabase('mixed');
    await meta.run('DROP TABLE TableFiles');
    const gone = await tried(meta, ['dump', '--meta', meta.url, '--tables', tables('mixed')]);
    assert.equal(gone.ended.code, 3, gone.ended.stderr);
    assert.match(gone.ended.stderr, /^error E_METADATA/m);
    assert.match(gone.ended.stderr, /TableFiles/);
    await using empty = await metaDatabase(undefined);
    const nothing = await tried(empty, ['dump', '--meta', empty.url, '--tables', tables('mixed')]);
    assert.equal(nothing.ended.code, 3, nothing.ended.stderr);
    assert.match(nothing.ended.stderr, /^error E_METADATA/m);
  });
});
