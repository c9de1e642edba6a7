/** Indices that come to an alias after a run, and documents that come to an index that had hardly any: caught up with. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3';
import { elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { type Ended, milvusMigrate, plainText } from '../harness.ts';
import {
  assertDocuments,
  documentOf,
  type ElasticPlace,
  elasticPlace,
  MAPPING,
  openContexts,
  versions,
  wantedOf,
} from './place.ts';

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
before(async () => {
  server = await elasticsearchForTests();
});
after(() => server[Symbol.asyncDispose]());

/** Another index behind the place's alias, as a rollover makes it; gone again at the end. */
async function another({ admin, index }: ElasticPlace, name: string, mapping: object, ids: readonly number[]) {
  const path = `/${index}-${name}`;
  await admin.call('PUT', path, { mappings: { properties: mapping }, aliases: { [`${index}-all`]: {} } });
  await admin.store(path.slice(1), documents(ids));
  return { [Symbol.asyncDispose]: async () => void (await admin.call('DELETE', path)) };
}

function documents(ids: readonly number[]) {
  return ids.map((id) => ({ id: `doc ${id}`, source: documentOf(id) }));
}

function said({ stdout }: Ended): string {
  return plainText(stdout).replaceAll(/\s+/g, ' ');
}

for (const merged of [[], ['--merge-indices']])
  test(`an alias that got another index: the job goes on, and --catch-up moves the new one too ${merged}`, async () => {
    await using at = await elasticPlace(server.url, { documents: 50 });
    await at.admin.call('POST', '/_aliases', { actions: [{ add: { index: at.index, alias: `${at.index}-all` } }] });
    const run = async (...flags: string[]): Promise<Ended> => {
      const words = at.words('run', ...merged, ...flags).map((word) => word.replace(/(es\+.*)/, '$1-all'));
      const ended = await milvusMigrate(words);
      assert.equal(ended.code, 0, ended.stderr + ended.stdout);
      return ended;
    };
    await run();
    await using _second = await another(at, '2', MAPPING, [50, 51]);
    assert.doesNotMatch(said(await run()), /changed or added|not looked at/);
    await assertDocuments(at, wantedOf(versions(50)));
    assert.match(said(await run('--catch-up')), /2 rows were changed or added/);
    await assertDocuments(at, wantedOf(versions(52)));
    await at.admin.store(`${at.index}-2`, documents([52]));
    assert.match(said(await run('--catch-up')), /: 1 rows were changed or added/);
    await assertDocuments(at, wantedOf(versions(53)));
    // Its numbers would be read as those of the others.
    await using _third = await another(at, '3', { ...MAPPING, n: { type: 'double' } }, [53]);
    const without = said(await run('--catch-up'));
    assert.match(without, new RegExp(`not looked at, .*: ${at.index}-3; a job of its own moves each`));
    assert.match(without, /nothing was changed or added/);
    await assertDocuments(at, wantedOf(versions(53)));
    assert.equal(await openContexts(at), 0);
  });

test('an index that comes to a pattern is a collection of its own: a run that goes on names it', async () => {
  await using at = await elasticPlace(server.url, { documents: 5 });
  const words = at.words('run').map((word) => word.replace(/(es\+.*)/, '$1*'));
  assert.doesNotMatch(said(await milvusMigrate(words)), /no part of it/);
  await using _second = await another(at, '2', MAPPING, [50]);
  const again = await milvusMigrate(words);
  assert.equal(again.code, 0, again.stderr);
  assert.match(said(again), new RegExp(`no part of it: ${at.index}-2; a job of its own moves each`));
  const caughtUp = said(await milvusMigrate([...words, '--catch-up']));
  assert.match(caughtUp, new RegExp(`not looked at, .*: ${at.index}-2; a job of its own moves each`));
  assert.doesNotMatch(caughtUp, /no part of it/);
  await assertDocuments(at, wantedOf(versions(5)));
});

test('an index that had no documents when it was planned', async () => {
  await using at = await elasticPlace(server.url, { documents: 0, mapping: { ...MAPPING, loose: { type: 'object' } } });
  assert.equal((await milvusMigrate(at.words('run'))).code, 0);
  await at.admin.store(at.index, versions(5));
  const ended = await milvusMigrate(at.words('run', '--catch-up'));
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  assert.match(said(ended), /5 rows were changed or added/);
  assert.doesNotMatch(said(ended), /not looked at/);
  await assertDocuments(at, wantedOf(versions(5)));
});

test('many documents after a few: parts are no smaller than they need be', async () => {
  await using at = await elasticPlace(server.url, { documents: 1 });
  assert.equal((await milvusMigrate(at.words('run'))).code, 0);
  await at.admin.store(at.index, versions(200));
  const ended = await milvusMigrate(at.words('run', '--catch-up'));
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  await assertDocuments(at, wantedOf(versions(200)));
  const state = new Database(join(at.state, 'state.sqlite'), { readonly: true });
  const { parts } = state.prepare('SELECT count(*) parts FROM partitions').get() as { parts: number };
  state.close();
  assert.equal(parts, 4, 'one of the first document, and one of each shard');
});
