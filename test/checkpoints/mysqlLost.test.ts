/** The MySQL checkpoint when lines break: what was confirmed is there, nothing is there twice, nobody writes unprotected. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { openMysqlCheckpoint } from '../../src/checkpoints/mysql.ts';
import { openMysqlSession } from '../../src/checkpoints/mysqlSession.ts';
import { Secret } from '../../src/config/secret.ts';
import { AGAIN_CHANNEL, type CallAgain } from '../../src/core/again.ts';
import type { Checkpoint, LoadRecord } from '../../src/core/checkpoint.ts';
import { MigrateError } from '../../src/core/errors.ts';
import { parseMysqlDsn } from '../../src/formats/mysqlDsn.ts';
import { job, part, planned } from '../contract/checkpoint.ts';
import { type MetaDatabase, metaDatabase } from '../e2e/metaDatabase.ts';
import { type CuttingProxy, cuttingProxy } from './cuttingProxy.ts';

async function open(url: string): Promise<Checkpoint> {
  const checkpoint = await openMysqlCheckpoint(new Secret(url), true);
  assert.ok(checkpoint !== undefined);
  return checkpoint;
}

interface Line extends AsyncDisposable {
  readonly database: MetaDatabase;
  readonly proxy: CuttingProxy;
  /** Through the proxy. */
  readonly url: string;
}

async function line(): Promise<Line> {
  const database = await metaDatabase(undefined);
  const proxy = await cuttingProxy(database);
  const url = database.url.replace(`:${database.port}/`, `:${proxy.port}/`);
  return {
    database,
    proxy,
    url,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

const PARTITIONS = Array.from({ length: 150 }, (_, at) => planned(at));
const loadOf = (at: number): LoadRecord => ({ state: 'loaded', rows: at, how: 'import', dir: `d${at}` });

/** Parts, loads, uploads and collections, some at once: as a run writes them. */
async function writeAll(state: Checkpoint, each: () => Promise<void> | void = () => undefined): Promise<void> {
  const left = [...PARTITIONS];
  const lane = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const { ordinal, partition } = next;
      await state.recordUpload('j1', { path: partition.id, token: 't' });
      await state.recordPart('j1', part(partition.id));
      await state.dropUploads('j1', [{ path: partition.id, token: 't' }]);
      await state.recordLoad('j1', partition.id, { state: 'streaming', acked: 0, inFlight: ordinal });
      await state.recordLoad('j1', partition.id, loadOf(ordinal));
      await each();
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  await state.update('j1', { state: 'finished' });
}

async function assertAllThere(url: string): Promise<void> {
  await using state = await open(url);
  const records = await state.partitions('j1');
  assert.deepEqual(
    records,
    PARTITIONS.map((own) => ({ planned: own, part: part(own.partition.id), load: loadOf(own.ordinal) })),
  );
  assert.deepEqual(await state.uploads('j1'), []);
  const jobs = await state.list();
  assert.deepEqual(
    jobs.map(({ id, state: how }) => [id, how]),
    [['j1', 'finished']],
  );
}

describe('lines to MySQL break', { concurrency: 4 }, () => {
  test('connections are killed on the server while much is written: all is there, once', async () => {
    await using database = await metaDatabase(undefined);
    await using state = await open(database.url);
    await using lock = await state.lock('key-j1');
    await state.create({ ...job('j1'), partitions: PARTITIONS });
    let [writes, kills] = [0, 0];
    await writeAll(state, async () => {
      if (++writes % 15 === 0) kills += await database.killConnections();
    });
    assert.ok(kills >= 10, `${kills} connections were killed`);
    await assertAllThere(database.url);
    // The lock's own connection was among them.
    assert.equal(lock.lost.aborted, false);
    await using other = await open(database.url);
    await assert.rejects(other.lock('key-j1'), { code: 'E_JOB_LOCKED' });
  });

  test('a proxy cuts the line anywhere: all is there, once', async () => {
    await using at = await line();
    await using state = await open(at.url);
    let requests = 0;
    // 37 is prime to the number of requests of a write: each of them is cut in turn, on its way or on the way back.
    at.proxy.onRequest = () => (++requests % 37 !== 0 ? 'pass' : requests % 2 === 0 ? 'cut' : 'cut the answer');
    await state.create({ ...job('j1'), partitions: PARTITIONS });
    await writeAll(state);
    at.proxy.onRequest = () => 'pass';
    assert.ok(at.proxy.cuts() > 20, `${at.proxy.cuts()} cuts`);
    await assertAllThere(at.database.url);
  });

  test('a commit whose answer is lost is not done twice, and not taken for another job', async () => {
    await using at = await line();
    await using state = await open(at.url);
    let lost = 0;
    const loseNext = (): void => {
      at.proxy.onRequest = (bytes) => {
        if (!bytes.includes('COMMIT')) return 'pass';
        lost++;
        at.proxy.onRequest = () => 'pass';
        return 'cut the answer';
      };
    };
    const steps: (() => Promise<unknown>)[] = [
      () => state.create({ ...job('j1'), partitions: PARTITIONS }),
      () => state.recordUpload('j1', { path: 'p', token: 't' }),
      () => state.recordPart('j1', part('p0')),
      () => state.discardPart('j1', 'p0'),
      () => state.recordLoad('j1', 'p1', loadOf(1)),
      () => state.dropUploads('j1', [{ path: 'p', token: 't' }]),
      () => state.update('j1', { state: 'running' }),
    ];
    for (const step of steps) {
      loseNext();
      await step();
    }
    assert.equal(lost, steps.length);
    const records = await state.partitions('j1');
    assert.equal(records.length, PARTITIONS.length);
    assert.deepEqual([records[0]?.part, records[1]?.load], [undefined, loadOf(1)]);
    assert.deepEqual(await state.uploads('j1'), []);
    await assert.rejects(state.create(job('j2', 'key-j1')));
    loseNext();
    await state.forget('j1');
    assert.deepEqual(await state.list(), []);
  });

  test('who lost the lock without knowing it writes nothing any more, and is told', async () => {
    await using at = await line();
    await using one = await open(at.url);
    await using other = await open(at.database.url);
    await using lock = await one.lock('key-j1');
    const told = once(lock.lost, 'abort');
    await one.create(job('j1'));
    await one.recordPart('j1', part('p0'));
    at.proxy.open = false;
    at.proxy.cut();
    await using second = await other.lock('key-j1');
    at.proxy.open = true;
    for (const write of [
      () => one.recordPart('j1', part('p1')),
      () => one.recordLoad('j1', 'p0', loadOf(0)),
      () => one.recordUpload('j1', { path: 'p', token: 't' }),
      () => one.update('j1', { state: 'finished' }),
      () => one.forget('j1'),
      () => one.create(job('j9', 'key-j1')),
    ])
      await assert.rejects(write(), (error: unknown) => {
        assert.ok(error instanceof MigrateError);
        assert.equal(error.code, 'E_JOB_LOCKED');
        assert.match(error.found ?? '', new RegExp(`process ${process.pid} on `));
        return true;
      });
    await told;
    assert.equal((lock.lost.reason as MigrateError).code, 'E_JOB_LOCKED');
    await other.recordLoad('j1', 'p0', loadOf(7));
    // Nor when the other one is through.
    await second[Symbol.asyncDispose]();
    await assert.rejects(one.recordPart('j1', part('p2')), { code: 'E_JOB_LOCKED' });
    const records = await other.partitions('j1');
    assert.deepEqual(
      records.map(({ part: made, load }) => [made?.partition, load]),
      [
        ['p0', loadOf(7)],
        [undefined, undefined],
        [undefined, undefined],
      ],
    );
  });

  test('a lock whose line was cut is had again, if nobody was quicker', async () => {
    await using at = await line();
    await using one = await open(at.url);
    await using other = await open(at.database.url);
    await using lock = await one.lock('key');
    for (let round = 0; round < 5; round++) {
      // Who has it again looks whose it was meanwhile.
      const again = new Promise<void>((resolve) => {
        at.proxy.onRequest = (bytes) => {
          if (bytes.includes('FROM milvus_migrate_locks')) resolve();
          return 'pass';
        };
      });
      at.proxy.cut();
      await again;
      await assert.rejects(other.lock('key'), { code: 'E_JOB_LOCKED' });
    }
    assert.equal(lock.lost.aborted, false);
  });

  test('the lock of a process that was killed is free', async () => {
    await using database = await metaDatabase(undefined);
    const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
    const script = `
      const { openMysqlCheckpoint } = await import(${url('../../src/checkpoints/mysql.js')});
      const { Secret } = await import(${url('../../src/config/secret.js')});
      const state = await openMysqlCheckpoint(new Secret(process.env.STATE), true);
      globalThis.lock = await state.lock('key');
      console.log('locked');`;
    const env = { ...process.env, STATE: database.url };
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env });
    await once(child.stdout, 'data');
    await using state = await open(database.url);
    assert.equal(await state.isLocked('key'), true);
    await assert.rejects(state.lock('key'), { code: 'E_JOB_LOCKED', found: new RegExp(`^process ${child.pid} on `) });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using _lock = await state.lock('key');
  });

  test('a server that stays away is given up within the bound, by name and without the password', async () => {
    await using at = await line();
    const address = parseMysqlDsn(at.url);
    await using session = await openMysqlSession(address, 500);
    at.proxy.open = false;
    at.proxy.cut();
    const started = Date.now();
    await assert.rejects(
      session.statements((sql) => sql.rows('SELECT 1')),
      (error: unknown) => {
        assert.ok(error instanceof MigrateError);
        assert.equal(error.code, 'E_STATE');
        assert.match(error.at.file ?? '', new RegExp(`@127.0.0.1:${at.proxy.port}/${at.database.name}$`));
        assert.equal(JSON.stringify(error).includes(at.database.password), false);
        return true;
      },
    );
    assert.ok(Date.now() - started < 20_000);
    at.proxy.open = true;
    assert.equal((await session.statements((sql) => sql.rows('SELECT 1'))).length, 1);
  });
});

test('a server that takes no writes now is spoken of at once, not only when patience is over', async () => {
  await using database = await metaDatabase(undefined);
  await using session = await openMysqlSession(parseMysqlDsn(database.url));
  const heard: CallAgain[] = [];
  const hear = (call: unknown): void => void heard.push(call as CallAgain);
  subscribe(AGAIN_CHANNEL, hear);
  try {
    let tries = 0;
    await session.statements(async () => {
      const readOnly = new Error('running with the --read-only option');
      if (++tries <= 2) throw Object.assign(readOnly, { code: 'ER_OPTION_PREVENTS_STATEMENT' });
    });
  } finally {
    unsubscribe(AGAIN_CHANNEL, hear);
  }
  assert.deepEqual(
    heard.map(({ failures }) => failures),
    [1, 2],
  );
  assert.match(heard[0]!.found, /read-only/);
});
