/** Killed in the middle, snapshots lost in the middle, documents changed in the middle: the end is exact, or it says why not. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { startFaultProxy } from '../../servers/faultProxy.ts';
import { elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { milvusMigrate, plainText } from '../harness.ts';
import { type Kill, runKilled, runUntil } from '../killed.ts';
import {
  assertDocuments,
  documentOf,
  type ElasticPlace,
  elasticPlace,
  loseSnapshots,
  openContexts,
  versions,
  wantedOf,
} from './place.ts';

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
before(async () => {
  server = await elasticsearchForTests();
});
after(() => server[Symbol.asyncDispose]());

const ALL = 600;
/** By then each of two readers has failed six times, and waits for 3.2 seconds or more before the next try. */
const RESETS = 12;

const DENIED = {
  status: 403,
  headers: { 'content-type': 'application/json', 'X-elastic-product': 'Elasticsearch' },
  body: '{"error":{"type":"security_exception","reason":"denied by the proxy"},"status":403}',
};

/** The second of a row is that of the rerun: other threads may have left it one part only. */
const KILLS: readonly (readonly [how: 'bulk' | 'streamed', ...kills: Kill[]])[] = [
  ['bulk', 'batch written 2', 'part renamed'],
  ['bulk', 'import submitted', 'import completed'],
  ['streamed', 'part recorded', 'batch intended 2'],
  ['streamed', 'batch sent 2', 'verifying'],
];

function wordsOf(at: ElasticPlace, how: 'bulk' | 'streamed', ...flags: string[]): string[] {
  return at.words('run', ...(how === 'bulk' ? ['--staging', at.staging] : []), ...flags);
}

describe('killed', { concurrency: 2 }, () => {
  for (const [how, ...kills] of KILLS)
    test(`killed at ${kills.join(', then at ')} (${how}): the same command goes on to the exact end`, async () => {
      await using at = await elasticPlace(server.url);
      const words = wordsOf(at, how);
      for (const kill of kills) await runKilled(words, kill);
      const ended = await milvusMigrate(words);
      assert.equal(ended.code, 0, ended.stderr);
      await assertDocuments(at, wantedOf(versions(ALL)));
      assert.equal(await openContexts(at), 0);
    });

  test('documents changed, added and deleted while it is read: the snapshot is what arrives', async () => {
    await using at = await elasticPlace(server.url);
    const ended = await runUntil(wordsOf(at, 'bulk'), { moment: 'part recorded', signal: 'SIGSTOP' }, async (child) => {
      await at.admin.store(at.index, versions(700, 1));
      await at.admin.call('DELETE', `/${at.index}/_doc/doc%203`);
      child.kill('SIGCONT');
    });
    assert.equal(ended.code, 0, ended.stderr);
    await assertDocuments(at, wantedOf(versions(ALL)));
  });

  for (const how of ['bulk', 'streamed'] as const)
    test(`killed, then changed, then the snapshots are lost (${how}): what changed is found and upserted`, async () => {
      await using at = await elasticPlace(server.url);
      await runKilled(wordsOf(at, how), 'part recorded 2');
      await loseSnapshots(at);
      const changed = versions(650, 1).filter((_, id) => id % 3 === 0 || id >= ALL);
      await at.admin.store(at.index, changed);
      const ended = await milvusMigrate(wordsOf(at, how));
      assert.equal(ended.code, 0, ended.stderr + ended.stdout);
      assert.match(ended.stdout, /rows were changed or added in the source since it was read/);
      await assertDocuments(at, new Map([...wantedOf(versions(ALL)), ...wantedOf(changed)]));
      assert.equal(await openContexts(at), 0);
    });

  test('--fresh that may not close the snapshots of the job before leaves it as it is: it can be gone on with', async () => {
    let denied = false;
    await using proxy = await startFaultProxy(server.url, ({ method, url }) =>
      denied && method === 'DELETE' && url?.startsWith('/_pit') === true ? DENIED : undefined,
    );
    await using at = await elasticPlace(proxy.endpoint);
    const words = wordsOf(at, 'streamed', '--mode', 'overwrite');
    assert.equal((await milvusMigrate(words)).code, 0);
    // Now there is one to replace: rows go into another, until they are verified.
    await runKilled([...words, '--fresh'], 'batch sent');
    denied = true;
    const refused = await milvusMigrate([...words, '--fresh']);
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stderr, /E_SOURCE_ACCESS/);
    denied = false;
    const ended = await milvusMigrate(words);
    assert.equal(ended.code, 0, ended.stderr);
    await assertDocuments(at, wantedOf(versions(ALL)));
  });

  test('killed in the middle of what changed: upserted again, counted once', async () => {
    await using at = await elasticPlace(server.url);
    assert.equal((await milvusMigrate(wordsOf(at, 'bulk'))).code, 0);
    const changed = versions(650, 2).filter((_, id) => id % 2 === 0 || id >= ALL);
    await at.admin.store(at.index, changed);
    await runKilled(wordsOf(at, 'bulk', '--catch-up'), 'batch sent');
    const ended = await milvusMigrate(wordsOf(at, 'bulk'));
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    await assertDocuments(at, new Map([...wantedOf(versions(ALL)), ...wantedOf(changed)]));
  });

  test('files alone: a lost snapshot is an error where something changed, and none where nothing did', async () => {
    await using at = await elasticPlace(server.url);
    const words = ['dump', `es+${at.url}/${at.index}`, '--out', at.staging, '--state', at.state, '--part-size', '20KB'];
    await runKilled(words, 'part recorded 2');
    await loseSnapshots(at);
    const same = await milvusMigrate(words);
    assert.equal(same.code, 0, same.stderr);
    await using other = await elasticPlace(server.url);
    const again = [
      'dump',
      `es+${other.url}/${other.index}`,
      '--out',
      other.staging,
      '--state',
      other.state,
      '--part-size',
      '20KB',
    ];
    await runKilled(again, 'part recorded 2');
    await loseSnapshots(other);
    await other.admin.store(other.index, versions(10, 1));
    const refused = await milvusMigrate(again);
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stderr, /E_SOURCE_CHANGED.*10 rows/s);
  });

  test('a mapping that has grown: a dump that was killed goes on', async () => {
    await using at = await elasticPlace(server.url);
    const out = ['--out', at.staging, '--state', at.state, '--part-size', '20KB', '--threads', '2'];
    const words = ['dump', `es+${at.url}/${at.index}`, ...out, '--format', 'json', '--missing', 'default'];
    await runKilled(words, 'part recorded 2');
    // In the mapping's order before those that are known, and a vector in an object.
    const added = { ...documentOf(900), another: 'x', obj: { a: 'a', b: 1, inner: 'y' }, zoned: 'z' };
    await at.admin.call('PUT', `/${at.index}/_mapping`, {
      properties: {
        obj: { properties: { vec: { type: 'dense_vector', dims: 2, index: false } } },
        early: { type: 'dense_vector', dims: 2, index: false },
      },
    });
    await at.admin.store(at.index, [{ id: 'new', source: { ...added, early: [1, 2] } }]);
    const ended = await milvusMigrate(words);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(plainText(ended.stdout), /600/);
    assert.doesNotMatch(ended.stdout, /the index has got fields/);
    assert.equal(await openContexts(at), 0);
  });

  test('no snapshot stays: not of a dump that ended, not of one that was killed and is begun anew or forgotten', async () => {
    await using at = await elasticPlace(server.url);
    const out = ['--out', at.staging, '--state', at.state, '--part-size', '20KB', '--threads', '2'];
    const words = ['dump', `es+${at.url}/${at.index}`, ...out, '--missing', 'default'];
    await runKilled(words, 'part recorded 2');
    assert.equal(await openContexts(at), 3);
    const ended = await milvusMigrate([...words, '--fresh']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(await openContexts(at), 0);
    await runKilled([...words, '--fresh'], 'part recorded 2');
    assert.equal(await openContexts(at), 3);
    const jobs = (...more: string[]) => milvusMigrate(['jobs', ...more, '--state', at.state]);
    const [job] = JSON.parse((await jobs('list', '--json')).stdout) as { id: string }[];
    const forgotten = await jobs('forget', job!.id);
    assert.equal(forgotten.stdout, `Job ${job!.id} is forgotten.\n`, forgotten.stderr);
    assert.equal(await openContexts(at), 0);
    // For a target, which is not asked yet: what was read may be read again when it is loaded.
    const dumped = await milvusMigrate([...words, '--to', 'http://127.0.0.1:1']);
    assert.equal(dumped.code, 0, dumped.stderr);
    assert.equal(await openContexts(at), 3);
    const [kept] = JSON.parse((await jobs('list', '--json')).stdout) as { id: string }[];
    assert.equal((await jobs('forget', kept!.id)).stdout, `Job ${kept!.id} is forgotten.\n`);
    assert.equal(await openContexts(at), 0);
  });

  test('interrupted while it waits to ask a server again that hangs up each time: it ends soon', async () => {
    await using at = await elasticPlace(server.url);
    let hangsUp = false;
    let resets = 0;
    const proxied = new EventEmitter();
    await using proxy = await startFaultProxy(server.url, () => {
      if (hangsUp && ++resets === RESETS) proxied.emit('many');
      return hangsUp ? 'reset' : undefined;
    });
    const out = ['--out', at.staging, '--state', at.state, '--part-size', '20KB', '--threads', '2'];
    const words = ['dump', `es+${proxy.endpoint}/${at.index}`, ...out, '--missing', 'default'];
    let interrupted = 0;
    const ended = await runUntil(words, { moment: 'part recorded', signal: 'SIGSTOP' }, async (child) => {
      const many = once(proxied, 'many');
      hangsUp = true;
      child.kill('SIGCONT');
      await many;
      interrupted = performance.now();
      child.kill('SIGINT');
    });
    assert.equal(ended.code, 130, ended.stderr);
    const tookMs = performance.now() - interrupted;
    assert.ok(tookMs < 2_500, `${tookMs} ms`);
  });
});
