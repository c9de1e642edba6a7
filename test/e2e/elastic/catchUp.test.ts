/** What changed since a run, caught up with in a real Milvus 2.3.5: all of it, and what an upsert can not do is told. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Report } from '../../../src/core/report.ts';
import { elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { milvusMigrate, plainText } from '../harness.ts';
import { runKilled } from '../killed.ts';
import { assertDocuments, documentOf, elasticPlace, loseSnapshots, openContexts, versions, wantedOf } from './place.ts';

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
before(async () => {
  server = await elasticsearchForTests();
});
after(() => server[Symbol.asyncDispose]());

test('--catch-up moves what changed since, and only that', async () => {
  await using at = await elasticPlace(server.url);
  const flags = ['--staging', at.staging];
  assert.equal((await milvusMigrate(at.words('run', ...flags))).code, 0);
  const none = await milvusMigrate(at.words('run', ...flags, '--catch-up'));
  assert.equal(none.code, 0, none.stderr);
  assert.match(none.stdout, /nothing was changed or added/);
  const changed = versions(700, 1).filter((_, id) => id % 9 === 0 || id >= 600);
  await at.admin.store(at.index, changed);
  const ended = await milvusMigrate(at.words('run', ...flags, '--catch-up'));
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  assert.match(ended.stdout, new RegExp(`${changed.length} rows were changed or added`));
  await assertDocuments(at, new Map([...wantedOf(versions(600)), ...wantedOf(changed)]));
  assert.equal(await openContexts(at), 0);
});

test('`dump` of a job that caught up is refused: what was upserted would be in no file', async () => {
  await using at = await elasticPlace(server.url, { documents: 60 });
  const run = at.words('run', '--staging', at.staging, '--verify', 'counts', '--missing', 'default');
  assert.equal((await milvusMigrate(run)).code, 0);
  await at.admin.store(at.index, versions(70, 1).slice(50));
  assert.equal((await milvusMigrate([...run, '--catch-up'])).code, 0);
  const out = join(at.path, 'out');
  const dump = at.words('dump', '--out', out, '--missing', 'default');
  const refused = await milvusMigrate(dump);
  assert.equal(refused.code, 2, refused.stderr + refused.stdout);
  assert.match(refused.stderr, /E_USAGE: docs: a job that has caught up .*20 rows.*--fresh/s);
  assert.equal(existsSync(join(out, 'tables')), false);
  const jobs = (...words: string[]) => milvusMigrate(['jobs', ...words, '--json', '--state', at.state]);
  const [job] = JSON.parse((await jobs('list')).stdout) as { id: string }[];
  const { config } = JSON.parse((await jobs('show', job!.id)).stdout) as { config: { files: { dir: string } } };
  assert.equal(config.files.dir, at.staging, 'nothing is recorded of what was refused');
  assert.equal((await milvusMigrate([...dump, '--fresh'])).code, 0);
  const load = ['load', out, ...at.database.flags, '--state', join(at.path, 'state2'), '--mode', 'overwrite'];
  const loaded = await milvusMigrate(load);
  assert.equal(loaded.code, 0, loaded.stderr + loaded.stdout);
  await assertDocuments(at, new Map([...wantedOf(versions(60)), ...wantedOf(versions(70, 1).slice(50))]));
});

test('a full verification later says how many rows it could not compare as they were read', async () => {
  await using at = await elasticPlace(server.url, { documents: 60 });
  assert.equal((await milvusMigrate(at.words('run', '--staging', at.staging))).code, 0);
  const changed = versions(60, 1).filter((_, id) => id % 3 === 0);
  await at.admin.store(at.index, changed);
  const verified = await milvusMigrate(at.words('verify', '--verify', 'full'));
  assert.equal(verified.code, 0, verified.stderr + verified.stdout);
  const words = plainText(verified.stdout).replaceAll(/\s+/g, ' ');
  assert.match(words, new RegExp(`${changed.length} rows are not in the source any more as they were read`));
  assert.match(
    words,
    new RegExp(`Everything arrived and was verified, but for ${changed.length} rows that are not in`),
  );
});

test('files that are kept of a run that caught up: loaded elsewhere, they are what was planned', async () => {
  await using at = await elasticPlace(server.url, { documents: 60 });
  const run = at.words('run', '--staging', at.staging, '--keep', '--verify', 'counts');
  assert.equal((await milvusMigrate(run)).code, 0);
  await at.admin.store(at.index, versions(70, 1).slice(50));
  for (const flags of [['--catch-up'], []]) assert.equal((await milvusMigrate([...run, ...flags])).code, 0);
  const load = ['load', at.staging, ...at.database.flags, '--state', join(at.path, 'state2'), '--mode', 'overwrite'];
  const loaded = await milvusMigrate(load);
  assert.equal(loaded.code, 0, loaded.stderr + loaded.stdout);
  await assertDocuments(at, wantedOf(versions(60)));
});

test('files that are kept of a run that lost its snapshots, and what had changed with them, are not loaded elsewhere', async () => {
  await using at = await elasticPlace(server.url, { documents: 60, partSize: '5KB' });
  const run = at.words('run', '--staging', at.staging, '--keep', '--verify', 'counts');
  await runKilled(run, 'part recorded');
  await loseSnapshots(at);
  await at.admin.store(at.index, versions(60, 1));
  const ended = await milvusMigrate(run);
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  assert.match(plainText(ended.stdout).replaceAll(/\s+/g, ' '), /docs: the files that are kept lack what was changed/);
  await assertDocuments(at, wantedOf(versions(60, 1)));
  const state = ['--state', join(at.path, 'state2')];
  const load = await milvusMigrate(['load', at.staging, ...at.database.flags, ...state, '--mode', 'overwrite']);
  assert.equal(load.code, 3, load.stderr + load.stdout);
  assert.match(load.stderr, /E_DUMP_FOLDER: the dumped folder holds no whole collection/);
});

test('a catch-up that ends before all of it is loaded: no report says that it was verified, and verify leads to its end', async () => {
  await using at = await elasticPlace(server.url, { documents: 60 });
  const file = join(at.path, 'report.json');
  const run = at.words('run', '--report', file);
  const report = () => (JSON.parse(readFileSync(file, 'utf8')) as Report).collections[0]!;
  assert.equal((await milvusMigrate(run)).code, 0);
  assert.equal(report().verify.count, 'ok');
  const { vec: _, ...bare } = documentOf(3, 1);
  await at.admin.store(at.index, [
    { id: 'doc 3', source: bare },
    { id: 'new', source: documentOf(60) },
  ]);
  const ended = await milvusMigrate([...run, '--catch-up']);
  assert.equal(ended.code, 5, ended.stderr + ended.stdout);
  assert.match(ended.stderr, /can not be rows of the collection/);
  const { outcome, verify } = report();
  assert.deepEqual([outcome, verify.count, verify.samples], ['failed', 'skipped', 'skipped']);
  const verified = await milvusMigrate(at.words('verify'));
  assert.equal(verified.code, 5, verified.stderr);
  const said = verified.stderr.replaceAll(/\s+/g, ' ');
  assert.match(said, /not loaded yet.*load it to its end first: docs/);
  assert.doesNotMatch(said, /overwrite|--fresh/, 'what is there would be moved again');
  assert.doesNotMatch(verified.stdout, /rows wanted,/);
  const whole = await milvusMigrate([...run, '--catch-up', '--reject-file', join(at.path, 'rejects.jsonl')]);
  assert.equal(whole.code, 6, whole.stderr + whole.stdout);
  assert.deepEqual([report().outcome, report().verify.count], ['loaded', 'ok']);
});

test('--catch-up with fields that are new: into the dynamic field, or told where there is none', async () => {
  await using at = await elasticPlace(server.url, { documents: 50 });
  const closed = at.words('run', '--dynamic-field=false').map((word) => (word === 'docs' ? 'closed' : word));
  for (const words of [at.words('run'), closed]) assert.equal((await milvusMigrate(words)).code, 0);
  const changed = [
    { id: 'doc 3', source: { ...documentOf(3, 1), colour: 'red' } },
    { id: 'new', source: { ...documentOf(60), another: 7 } },
  ];
  await at.admin.store(at.index, changed);
  for (const flags of [[], ['--catch-up']]) {
    const ended = await milvusMigrate(at.words('run', ...flags));
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    assert.doesNotMatch(ended.stdout, /stays behind/);
  }
  await assertDocuments(at, new Map([...wantedOf(versions(50)), ...wantedOf(changed)]), 'docs', ['colour', 'another']);
  const ended = await milvusMigrate([...closed, '--catch-up']);
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  const told =
    /the index has got fields since this job was planned \(another, colour\).*what 2 documents hold there now stays behind/;
  assert.match(plainText(ended.stdout).replaceAll(/\s+/g, ' '), told);
  const asBefore = [
    { id: 'doc 3', source: documentOf(3, 1) },
    { id: 'new', source: documentOf(60) },
  ];
  await assertDocuments(at, wantedOf([...versions(50), ...asBefore]), 'closed');
});

test('--catch-up says how many old rows may stay: of documents that are left out or rejected now, of keys that changed', async () => {
  await using at = await elasticPlace(server.url, { documents: 20 });
  const said = async (name: string, ...flags: string[]): Promise<string> => {
    const words = at.words('run', ...flags).map((word) => (word === 'docs' ? name : word));
    const ended = await milvusMigrate(words);
    assert.ok(ended.code === 0 || ended.code === 6, ended.stderr + ended.stdout);
    return plainText(ended.stdout).replaceAll(/\s+/g, ' ');
  };
  const filtered = ['--where', 'n >= 0', '--reject-file', join(at.path, 'rejects.jsonl')];
  const keyed = ['--fields', 'n:pk,vec'];
  assert.doesNotMatch(await said('docs', ...filtered), /stay/);
  await said('keyed', ...keyed);
  await at.admin.store(at.index, [
    { id: 'doc 2', source: { ...documentOf(2), n: -2 } },
    { id: 'doc 3', source: { ...documentOf(3), title: undefined } },
    { id: 'doc 4', source: documentOf(4, 1) },
  ]);
  assert.match(
    await said('docs', ...filtered, '--catch-up'),
    /docs: 2 rows that changed or were added in the source are no rows now \(1 left out by steps, 1 rejected\): where they were rows before, the old ones stay/,
  );
  assert.match(
    await said('keyed', ...keyed, '--catch-up'),
    /of a document whose n has changed the row under the old one stays/,
  );
});

test('documents of one _id in several shards are told, and what changed is not upserted over them', async () => {
  await using at = await elasticPlace(server.url, { documents: 30 });
  for (const routing of ['a', 'b', 'c', 'd', 'e'])
    await at.admin.call('PUT', `/${at.index}/_doc/same?routing=${routing}&refresh=true`, documentOf(1_000));
  const { count } = (await at.admin.call('GET', `/${at.index}/_count`)) as { count: number };
  assert.ok(count > 31, 'in more than one shard');
  const told = new RegExp(`docs: ids that occur more than once: 1, in ${count - 30} rows`);
  const out = join(at.path, 'out');
  const dumped = await milvusMigrate([
    ...['dump', `es+${at.url}/${at.index}`, '--out', out, '--missing', 'default', '--name', 'docs'],
    ...['--state', join(at.path, 'state2')],
  ]);
  assert.equal(dumped.code, 0, dumped.stderr);
  assert.match(plainText(dumped.stdout), told);
  const ended = await milvusMigrate(at.words('run'));
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  assert.match(plainText(ended.stdout), told);
  const open = await openContexts(at);
  await at.admin.call('PUT', `/${at.index}/_doc/same?routing=a&refresh=true`, documentOf(1_001));
  const refused = await milvusMigrate(at.words('run', '--catch-up'));
  assert.equal(refused.code, 3, refused.stderr + refused.stdout);
  assert.match(refused.stderr, /E_DUPLICATE_IDS.*1 ids that more than one row has/s);
  assert.equal(await openContexts(at), open);
});
