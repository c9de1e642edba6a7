/** Targets that are not what they should be, or ask for a login; and one without bulk insert. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createSocket, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import type { Report } from '../../src/core/report.ts';
import { startMilvusLite, type TestServer } from '../servers/index.ts';
import { startServer } from '../servers/supervised.ts';
import { temporaryFolder } from '../temporary.ts';
import { type Ended, fixture, milvusMigrate, wanted } from './harness.ts';
import { assertHidden } from './secrets.ts';

const FAST = ['--index', 'none', '--no-load'];
const source = (name: string): string => `milvus1x:${join(fixture(name), 'db')}`;

/** Runs it with a state folder and a report of its own, which are looked through for the secrets. */
async function run(
  words: readonly string[],
  secrets: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  using folder = temporaryFolder();
  const ended = await milvusMigrate(
    [...words, '--state', join(folder.path, 'state'), '--report', join(folder.path, 'report.json')],
    { env },
  );
  assertHidden(secrets, ended, [folder.path]);
  return ended;
}

describe('milvus-lite', { concurrency: 2 }, () => {
  let lite: TestServer;
  before(async () => {
    lite = await startMilvusLite();
  });
  after(() => lite.stop());

  for (const staged of [false, true])
    test(`run ${staged ? 'with --staging: says that there is no bulk insert' : 'without --staging'}; rows are streamed and verified`, async () => {
      using folder = temporaryFolder();
      const staging = join(folder.path, 'staging');
      mkdirSync(staging);
      const report = join(folder.path, 'report.json');
      const name = staged ? 'l2' : 'ip';
      const ended = await milvusMigrate([
        'run',
        source(name),
        '--to',
        lite.address,
        '--name',
        staged ? 'staged' : 'streamed',
        '--state',
        join(folder.path, 'state'),
        '--report',
        report,
        '--verify',
        'full',
        ...(staged ? ['--staging', staging] : []),
      ]);
      assert.equal(ended.code, 0, ended.stderr);
      const { collections, warnings } = JSON.parse(readFileSync(report, 'utf8')) as Report;
      assert.equal(
        collections.reduce((sum, { loaded }) => sum + loaded, 0),
        wanted(name).rows,
      );
      for (const { verify } of collections) assert.deepEqual([verify.count, verify.samples], ['ok', 'ok']);
      assert.equal(
        warnings.some((text) => /milvus-lite .* has no bulk insert/.test(text)),
        staged,
      );
      assert.deepEqual(readdirSync(staging), []);
    });

  test('--mode overwrite: the new collection bears the name, though collections have no ids there', async () => {
    using folder = temporaryFolder();
    const flags = ['--to', lite.address, '--name', 'again', '--state', join(folder.path, 'state')];
    const names = async (): Promise<readonly (readonly [string, number])[]> => {
      const client = new MilvusClient({ address: lite.address });
      const { data } = await client.showCollections();
      const found = data.map(({ name }) => name).filter((name) => name.startsWith('again'));
      const counts = await Promise.all(found.map((collection_name) => client.count({ collection_name })));
      await client.closeConnection();
      return found.map((name, at) => [name, counts[at]!.data] as const);
    };
    for (const [name, ...mode] of [['ip'], ['l2', '--mode', 'overwrite'], ['ip', '--mode', 'overwrite', '--fresh']]) {
      const ended = await milvusMigrate(['run', source(name!), ...flags, ...mode]);
      assert.equal(ended.code, 0, ended.stderr);
      assert.deepEqual(await names(), [['again', wanted(name!).rows]]);
    }
  });

  test('the lowest key that there is is counted, too', async () => {
    using folder = temporaryFolder();
    const ended = await milvusMigrate(['run', source('extreme-ids'), '--to', lite.address, '--state', folder.path]);
    assert.equal(ended.code, 0, ended.stderr);
  });

  test('each partition is counted by itself', async () => {
    using folder = temporaryFolder();
    const report = join(folder.path, 'report.json');
    const flags = ['--to', lite.address, '--state', join(folder.path, 'state'), '--report', report];
    const ended = await milvusMigrate(['run', source('partitions'), ...flags]);
    assert.equal(ended.code, 0, ended.stderr);
    const { collections } = JSON.parse(readFileSync(report, 'utf8')) as Report;
    for (const { verify } of collections) assert.deepEqual([verify.count, verify.samples], ['ok', 'ok']);
  });
});

describe('what is no Milvus', { concurrency: 4 }, () => {
  const servers: Server[] = [];
  const open = async (server: Server): Promise<number> => {
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as AddressInfo).port;
  };
  after(() => {
    for (const server of servers) server.close();
  });

  for (const [title, start] of [
    ['nothing listens', async () => 1],
    ['a web server', () => open(createServer((_, response) => response.end('hello')) as unknown as Server)],
    ['a server that says nothing', () => open(createSocket((socket) => socket.on('error', () => socket.destroy())))],
    ['a server that hangs up', () => open(createSocket((socket) => socket.destroy()))],
  ] as const)
    test(`${title}: E_TARGET_UNREACHABLE, exit code 4, within seconds`, async () => {
      const port = await start();
      const started = performance.now();
      const ended = await run(
        ['run', source('l2'), '--to', `http://127.0.0.1:${port}`, '--password', 'pw-7c1e'],
        ['pw-7c1e'],
      );
      assert.equal(ended.code, 4, ended.stderr);
      assert.match(ended.stderr, /^error E_TARGET_UNREACHABLE/m);
      assert.ok(ended.stderr.includes(`127.0.0.1:${port}`), ended.stderr);
      assert.doesNotMatch(ended.stderr, /Resolution note|\n\s+at /);
      assert.ok(performance.now() - started < 30_000);
    });

  test('https to a server without TLS', async () => {
    const port = await open(
      createSocket((socket) => socket.on('error', () => socket.destroy()).on('data', () => socket.end('no\n'))),
    );
    const ended = await run(['run', source('l2'), '--to', `https://127.0.0.1:${port}`], []);
    assert.equal(ended.code, 4, ended.stderr);
    assert.match(ended.stderr, /^error E_TARGET_UNREACHABLE/m);
  });
});

const ROOT = { username: 'root', password: 'Milvus' };

async function answers(address: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; ; await delay(200)) {
    const client = new MilvusClient({ address, ...ROOT, timeout: 5_000, maxRetries: 0 });
    try {
      const { status } = await client.showCollections();
      if (status.error_code === 'Success') return;
      if (Date.now() > deadline) throw new Error(`Milvus at ${address}: ${status.reason}`);
    } catch (thrown) {
      if (Date.now() > deadline) throw thrown;
    } finally {
      await client.closeConnection();
    }
  }
}

describe('a Milvus that asks for a login', { concurrency: 4 }, () => {
  const [user, password] = ['mover', 'S3cret/@:%pw 9'];
  let milvus: TestServer;
  let admin: MilvusClient;
  before(async () => {
    // startMilvus would wait until it lists collections to a stranger.
    const env = { MILVUS_EXTRA: 'common.security.authorizationEnabled=true' };
    milvus = await startServer({ script: 'milvus.sh', ports: 13, answers }, { env });
    admin = new MilvusClient({ address: milvus.address, ...ROOT });
    await admin.createUser({ username: user, password });
    await admin.addUserToRole({ username: user, roleName: 'admin' });
  });
  after(async () => {
    await admin.closeConnection();
    await milvus.stop();
  });

  const loaded = async (database: string, ended: Ended): Promise<void> => {
    assert.equal(ended.code, 0, ended.stderr);
    const client = new MilvusClient({ address: milvus.address, ...ROOT, database });
    const { data } = await client.showCollections();
    assert.deepEqual(
      data.map(({ name }) => name).sort(),
      wanted('l2')
        .collections.map(({ name }) => name)
        .sort(),
    );
    await client.closeConnection();
  };

  test('none, a wrong password, an unknown user: E_TARGET_AUTH, exit code 4', async () => {
    for (const login of [
      [],
      ['--user', user, '--password', 'wr0ng-pw'],
      ['--user', 'nobody', '--password', 'wr0ng-pw'],
      ['--token', 'wr0ng-pw'],
    ])
      for (const command of ['run', 'plan']) {
        const words = [command, source('l2'), '--to', milvus.address, ...login];
        const ended = command === 'run' ? await run(words, ['wr0ng-pw']) : await milvusMigrate(words);
        assert.equal(ended.code, 4, ended.stderr);
        assert.match(`${ended.stderr}${ended.stdout}`, /error E_TARGET_AUTH/);
        assertHidden(['wr0ng-pw'], ended, []);
      }
  });

  test('the right one by flag; a database that is not there is made', async () => {
    const words = ['run', source('l2'), '--to', milvus.address, '--database', 'by_flag', ...FAST];
    await loaded(
      'by_flag',
      await run([...words, '--user', user, '--password', password, '--log-format', 'json'], [password]),
    );
  });

  test('in the address', async () => {
    const to = `http://${user}:${encodeURIComponent(password)}@${milvus.address}`;
    await loaded('by_url', await run(['run', source('l2'), '--to', to, '--database', 'by_url', ...FAST], [password]));
  });

  test('as a token', async () => {
    const words = ['run', source('l2'), '--to', milvus.address, '--database', 'by_token', ...FAST];
    await loaded('by_token', await run([...words, '--token', `${user}:${password}`], [password]));
  });

  test('from the environment: not in the process list either; a stopped job goes on with it', async () => {
    using folder = temporaryFolder();
    const state = ['--state', join(folder.path, 'state')];
    const words = ['run', source('mixed'), '--to', milvus.address, '--database', 'by_env', ...FAST, ...state];
    const login = { MILVUS_MIGRATE_USER: user, MILVUS_MIGRATE_PASSWORD: password };
    const cli = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
    const child = spawn(process.execPath, [cli, ...words], {
      env: { ...process.env, ...login },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr, titles] = ['', '', ''];
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
      if (titles !== '' || !/load\s+started/.test(stderr)) return;
      titles = processTitles(child.pid!);
      child.kill('SIGINT');
    });
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 130, stderr);
    assert.match(titles, /main\.js/);
    assertHidden([password], { stdout, stderr: stderr + titles }, [folder.path]);

    const listed = await milvusMigrate(['jobs', '--json', ...state]);
    const [job] = JSON.parse(listed.stdout) as { id: string }[];
    assertHidden([password], await milvusMigrate(['jobs', 'show', job!.id, ...state]), []);
    const resumed = await milvusMigrate(['jobs', 'resume', job!.id, ...state], { env: login });
    assert.equal(resumed.code, 0, resumed.stderr);
    assertHidden([password], resumed, [folder.path]);
  });
});

/** Command line and names of all threads of a process (Linux). */
function processTitles(pid: number): string {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8'),
  );
  return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '), ...threads].join('\n');
}
