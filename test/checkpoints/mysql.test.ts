/** The MySQL checkpoint on a real MariaDB: the contract, its tables, and what the server may say. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openMysqlCheckpoint } from '../../src/checkpoints/mysql.ts';
import { bytesOf, type Sql, type SqlValue } from '../../src/checkpoints/mysqlConnection.ts';
import { explainMysql } from '../../src/checkpoints/mysqlErrors.ts';
import { insertPartitions } from '../../src/checkpoints/mysqlPlan.ts';
import { Secret } from '../../src/config/secret.ts';
import type { Checkpoint } from '../../src/core/checkpoint.ts';
import { MigrateError, toPlain } from '../../src/core/errors.ts';
import { parseMysqlDsn } from '../../src/formats/mysqlDsn.ts';
import { checkpointContract, job } from '../contract/checkpoint.ts';
import { type MetaDatabase, metaDatabase } from '../e2e/metaDatabase.ts';

const databases: MetaDatabase[] = [];
after(async () => {
  for (const database of databases) await database[Symbol.asyncDispose]();
});

async function open(url: string): Promise<Checkpoint> {
  const checkpoint = await openMysqlCheckpoint(new Secret(url), true);
  assert.ok(checkpoint !== undefined);
  return checkpoint;
}

checkpointContract('mysql', async () => {
  const database = await metaDatabase(undefined);
  databases.push(database);
  return [await open(database.url), await open(database.dsn)];
});

test('mysql: many that open an empty database at once make one set of tables', async () => {
  await using database = await metaDatabase(undefined);
  assert.equal(await openMysqlCheckpoint(new Secret(database.url), false), undefined);
  const opened = await Promise.all(Array.from({ length: 6 }, () => open(database.url)));
  await opened[0]!.create(job('j1'));
  for (const state of opened) {
    assert.equal((await state.find('key-j1'))?.id, 'j1');
    await state[Symbol.asyncDispose]();
  }
});

test('mysql: tables whose making was cut off are made whole', async () => {
  await using database = await metaDatabase(undefined);
  await (await open(database.url))[Symbol.asyncDispose]();
  await database.run('DROP TABLE milvus_migrate_uploads');
  await database.run('DELETE FROM milvus_migrate_schema');
  await using state = await open(database.url);
  await state.create(job('j1'));
  await state.recordUpload('j1', { path: 'a', token: 'b' });
});

test('mysql: tables of a newer version are left alone', async () => {
  await using database = await metaDatabase(undefined);
  await (await open(database.url))[Symbol.asyncDispose]();
  await database.run('UPDATE milvus_migrate_schema SET version = 99');
  for (const make of [true, false])
    await assert.rejects(openMysqlCheckpoint(new Secret(database.url), make), { code: 'E_STATE', found: 'format 99' });
});

test('mysql: the settings of the server change no byte', async () => {
  await using database = await metaDatabase(undefined);
  await database.run(`ALTER DATABASE ${database.name} CHARACTER SET latin1`);
  await using state = await open(database.url);
  const source = '😀 \\ \\\\ \' " ä';
  await state.create({ ...job('j1'), source, config: { '\\"': source } });
  const found = await state.find('key-j1');
  assert.deepEqual([found?.source, found?.config], [source, { '\\"': source }]);
});

test('mysql: a record that is larger than the server takes is refused before it is sent', async () => {
  await using database = await metaDatabase(undefined);
  await using state = await open(database.url);
  await state.create(job('j1'));
  const cause = 'x'.repeat(40 * 1024 * 1024);
  const error = { code: 'E_READ', message: 'm', at: {}, retry: false, cause } as const;
  await assert.rejects(state.update('j1', { state: 'failed', error }), {
    code: 'E_STATE',
    wanted: /max_allowed_packet/,
  });
  await state.update('j1', { state: 'running' });
});

test('mysql: a server without room is told as that, whatever it was about to write', () => {
  const said = `Error writing file './ddl_recovery.log' (Errcode: 28 "No space left on device")`;
  const thrown = Object.assign(new Error(said), { code: 'EE_WRITE' });
  const error = explainMysql(thrown, parseMysqlDsn('mysql://user@host/jobs'));
  assert.deepEqual([error.code, error.found], ['E_NO_SPACE', `EE_WRITE: ${said}`]);
});

test('mysql: a plan goes into statements that the server takes, however small its packets', async () => {
  const most = 50_000;
  const sent: number[] = [];
  let rows = 0;
  const sql = {
    valueBytes: most,
    async run(_text: string, ...values: SqlValue[]) {
      sent.push(values.reduce<number>((sum, value) => sum + bytesOf(value), 0));
      rows += values.length / 3;
      return values.length / 3;
    },
  } as unknown as Sql;
  const [first] = job('j1').partitions;
  const partitions = Array.from({ length: 40 }, (_, ordinal) => {
    const partition = { ...first!.partition, id: `p${ordinal}`, detail: 'x'.repeat(6_000) };
    return { ...first!, ordinal, partition };
  });
  await insertPartitions(sql, 'j1', partitions);
  assert.equal(rows, 40);
  assert.ok(Math.max(...sent) <= most, `${sent}`);
});

const WRONG: readonly (readonly [string, (database: MetaDatabase) => string, 'E_STATE' | 'E_CONFIG', RegExp])[] = [
  [
    'a wrong password',
    ({ url, password }) => url.replace(password, `${password}-wrong`),
    'E_STATE',
    /refuses the user/,
  ],
  ['an unknown database', ({ url, name }) => url.replace(name, `${name}_not`), 'E_STATE', /_not/],
  ['an unknown host', ({ dsn, host }) => dsn.replace(`${host}:`, 'no-such-host.invalid:'), 'E_STATE', /no-such-host/],
  ['a port where nobody is', ({ url, port }) => url.replace(`:${port}/`, ':1/'), 'E_STATE', /ECONNREFUSED/],
  ['no database', ({ url, name }) => url.replace(`/${name}`, ''), 'E_CONFIG', /no database/],
  ['TLS that the server has not', ({ url }) => `${url}?tls=true`, 'E_STATE', /secure connection/],
];
for (const [what, change, code, said] of WRONG)
  test(`mysql: ${what}: a clear error without the password`, async () => {
    await using database = await metaDatabase(undefined);
    await assert.rejects(open(change(database)), (error: unknown) => shows(error, { code, said, database }));
  });

test('mysql: a user who may not make tables is told which rights he needs', async () => {
  await using database = await metaDatabase(undefined);
  const user = `${database.name}_r`;
  await database.run(`CREATE USER '${user}'@'127.0.0.1' IDENTIFIED BY '${database.password}'`);
  try {
    await database.run(`GRANT SELECT ON ${database.name}.* TO '${user}'@'127.0.0.1'`);
    const url = database.url.replace(`//${database.user}:`, `//${user}:`);
    const said = /GRANT SELECT, INSERT/;
    await assert.rejects(open(url), (error: unknown) => shows(error, { code: 'E_STATE', said, database }));
  } finally {
    await database.run(`DROP USER '${user}'@'127.0.0.1'`);
  }
});

interface Shown {
  readonly code: string;
  readonly said: RegExp;
  readonly database: MetaDatabase;
}

function shows(error: unknown, { code, said, database }: Shown): boolean {
  assert.ok(error instanceof MigrateError);
  assert.equal(error.code, code);
  const plain = toPlain(error);
  assert.match(`${error.message} ${plain.found} ${plain.hint}`, said);
  for (const text of [JSON.stringify(plain), error.stack ?? '']) assert.ok(!text.includes(database.password), text);
  return true;
}
