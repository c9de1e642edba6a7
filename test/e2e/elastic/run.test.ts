/** Elasticsearch into a real Milvus 2.3.5, as a user does it: streamed, bulk inserted, by old files, with steps, with bad documents. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { milvusMigrate, plainText } from '../harness.ts';
import { assertDocuments, DIM, documentOf, elasticPlace, MAPPING, openContexts, versions, wantedOf } from './place.ts';

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
before(async () => {
  server = await elasticsearchForTests();
});
after(() => server[Symbol.asyncDispose]());

test('streamed: every document, every field, no snapshot left open', async () => {
  await using at = await elasticPlace(server.url);
  const ended = await milvusMigrate(at.words('run'));
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, /docs\s+600\s+0\s+0\s+600\s+count ✔\s+\d[\d,]* samples ✔/);
  await assertDocuments(at, wantedOf(versions(600)));
  assert.equal(await openContexts(at), 0);
});

for (const [format, encoding] of [
  ['json', 'json'],
  ['parquet', 'cbor'],
] as const)
  test(`bulk inserted from ${format} files, read as ${encoding}, every row verified`, async () => {
    await using at = await elasticPlace(server.url);
    const flags = ['--staging', at.staging, '--format', format, '--es-encoding', encoding, '--verify', 'full'];
    const ended = await milvusMigrate(at.words('run', ...flags));
    assert.equal(ended.code, 0, ended.stderr);
    await assertDocuments(at, wantedOf(versions(600)));
    assert.deepEqual(readdirSync(at.staging, { recursive: true }), []);
  });

test('twenty thousand documents, every row verified', async () => {
  await using at = await elasticPlace(server.url, { documents: 20_000, partSize: '512KB' });
  const flags = ['--staging', at.staging, '--verify', 'full'];
  const ended = await milvusMigrate(at.words('run', ...flags));
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(plainText(ended.stdout), /docs\s+20000\s+0\s+0\s+20000\s+count ✔\s+20000 samples ✔/);
});

test('the index of the mapping is built, with its graph and in its metric', async () => {
  const options = { type: 'int8_hnsw', m: 24, ef_construction: 120 };
  const vec = { type: 'dense_vector', dims: DIM, index: true, similarity: 'l2_norm', index_options: options };
  await using at = await elasticPlace(server.url, { documents: 100, mapping: { ...MAPPING, vec } });
  // The table breaks its lines by how long the names in it are.
  const plan = await milvusMigrate(at.words('plan', '--json'));
  assert.match(plan.stdout, /"vec: index int8_hnsw → HNSW, of whole vectors"/);
  const ended = await milvusMigrate(at.words('run'));
  assert.equal(ended.code, 0, ended.stderr);
  await assertDocuments(at, wantedOf(versions(100)));
  const { index_descriptions: indexes } = await at.database.client.describeIndex({ collection_name: 'docs' });
  const params = Object.fromEntries(indexes[0]!.params.map(({ key, value }) => [key, value]));
  assert.deepEqual([params.index_type, params.metric_type], ['HNSW', 'L2']);
  assert.deepEqual(JSON.parse(String(params.params)), { M: 24, efConstruction: 120 });
});

test('by sliced scroll', async () => {
  await using at = await elasticPlace(server.url);
  const ended = await milvusMigrate(at.words('run', '--es-read', 'scroll'));
  assert.equal(ended.code, 0, ended.stderr);
  await assertDocuments(at, wantedOf(versions(600)));
  assert.equal(await openContexts(at), 0);
});

test('documents that can be no rows: nothing is loaded, or they go to a file, whole and with the reason', async () => {
  await using at = await elasticPlace(server.url, { documents: 50 });
  const bad = [
    { id: 'no vector', source: { ...documentOf(1), vec: undefined } },
    { id: 'no title', source: { ...documentOf(2), title: undefined } },
    { id: 'long', source: { ...documentOf(3), title: 'x'.repeat(70_000) } },
  ];
  await at.admin.store(at.index, bad);
  const refused = await milvusMigrate(at.words('run'));
  assert.equal(refused.code, 6, refused.stderr);
  assert.match(refused.stdout, /not loaded/);
  assert.match(refused.stdout, /3 rows of docs can not be rows there/);
  const file = join(at.path, 'rejects.jsonl');
  const ended = await milvusMigrate(at.words('run', '--reject-file', file));
  assert.equal(ended.code, 6, ended.stderr);
  assert.match(ended.stdout, /3 rows of docs were rejected/);
  await assertDocuments(at, wantedOf(versions(50)));
  const lines = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const byId = new Map(lines.map((line) => [line.id, line]));
  assert.deepEqual([...byId.keys()].sort(), ['long', 'no title', 'no vector']);
  assert.match(byId.get('no vector').reason, /^vec: .*no vector/);
  assert.match(byId.get('no title').reason, /^title: /);
  assert.match(byId.get('long').reason, /70000 bytes.*65535/);
  for (const { id, source } of bad) assert.deepEqual(byId.get(id).row._source, JSON.parse(JSON.stringify(source)), id);
});

test('by choice missing values get a default and long texts are cut: counted, exit code 6', async () => {
  await using at = await elasticPlace(server.url, { documents: 20 });
  await at.admin.store(at.index, [
    { id: 'no title', source: { ...documentOf(100), title: undefined } },
    { id: 'long', source: { ...documentOf(101), title: 'é'.repeat(40_000) } },
  ]);
  const flags = ['--missing', 'default', '--long-text', 'truncate'];
  const ended = await milvusMigrate(at.words('run', ...flags));
  assert.equal(ended.code, 6, ended.stderr);
  assert.match(ended.stdout, /docs: title: default for a missing value: 1 value\./);
  assert.match(ended.stdout, /docs: title: text cut: 1 value\./);
  await assertDocuments(
    at,
    new Map([
      ...wantedOf(versions(20)),
      ['no title', { ...documentOf(100), title: '' }],
      ['long', { ...documentOf(101), title: 'é'.repeat(32_767) }],
    ]),
  );
});

test('steps on the way: what is selected, renamed, cast, filtered', async () => {
  await using at = await elasticPlace(server.url);
  const steps = [
    '--where',
    'n >= 300000900 && tag != "t0"',
    '--select',
    'vec,title,n',
    '--rename',
    'title=name',
    '--cast',
    'n:Double',
  ];
  const ended = await milvusMigrate(at.words('run', '--staging', at.staging, ...steps));
  assert.equal(ended.code, 0, ended.stderr);
  const left = versions(600).filter(({ source }) => source.n >= 300_000_900 && source.tag !== 't0');
  assert.match(plainText(ended.stdout), new RegExp(`docs\\s+600\\s+0\\s+${600 - left.length}\\s+0\\s+${left.length} `));
  const { data } = await at.database.client.query({
    collection_name: 'docs',
    filter: 'n >= 0.0',
    output_fields: ['*'],
    limit: 16_384,
    consistency_level: 0,
  } as never);
  const byId = new Map((data as { _id: string }[]).map((row) => [row._id, row as Record<string, unknown>]));
  assert.equal(byId.size, left.length);
  for (const { id, source } of left) {
    const row = byId.get(id)!;
    assert.deepEqual(
      Object.keys(row)
        .filter((name) => name !== '$meta')
        .sort(),
      ['_id', 'n', 'name', 'vec'],
    );
    assert.deepEqual([row.n, row.name], [source.n, source.title]);
  }
});

test('streamed, where steps leave no column as it was read', async () => {
  await using at = await elasticPlace(server.url);
  const steps = ['--select', 'vec', '--normalise', 'vec', '--where', '_id != "doc 7"'];
  const ended = await milvusMigrate(at.words('run', ...steps));
  assert.equal(ended.code, 0, ended.stderr);
  const { data } = await at.database.client.query({
    collection_name: 'docs',
    filter: '_id != "nobody"',
    output_fields: ['_id', 'vec'],
    limit: 16_384,
    consistency_level: 0,
  } as never);
  assert.equal((data as unknown[]).length, 599);
  for (const { _id, vec } of data as { _id: string; vec: number[] }[]) {
    const { source } = versions(600)[Number(_id.slice(4))]!;
    const length = Math.sqrt(source.vec.reduce((sum, value) => sum + value * value, 0));
    assert.deepEqual(
      [...vec],
      source.vec.map((value) => Math.fround(value / length)),
      _id,
    );
  }
});

test('an old migration.yaml: its declared fields, its files where they were', async () => {
  await using at = await elasticPlace(server.url, { documents: 40 });
  const out = join(at.path, 'out');
  const file = join(at.path, 'migration.yaml');
  const address = at.database.flags[1]!;
  writeFileSync(
    file,
    `dumper:
  worker:
    workMode: elasticsearch
    reader:
      bufferSize: 25
loader:
  worker:
    limit: 4
meta:
  mode: config
  index: ${at.index}
  fields:
    - name: vec
      type: dense_vector
      dims: ${DIM}
    - name: title
      type: text
      maxLen: 300
    - name: n
      type: long
  milvus:
    collection: old_docs
    shardNum: 2
    closeDynamicField: true
    consistencyLevel: Strong
    createIndex: true
    loadData: true
source:
  es:
    urls:
      - ${at.url}
target:
  mode: local
  local:
    outputDir: ${out}
  milvus2x:
    endpoint: ${address.replace('http://', '')}
    database: ${at.database.name}
`,
  );
  const ended = await milvusMigrate(['start', '--config', file, '--state', at.state]);
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  const { data } = await at.database.client.query({
    collection_name: 'old_docs',
    filter: 'n >= 0',
    output_fields: ['_id', 'title', 'n'],
    limit: 100,
    consistency_level: 0,
  } as never);
  assert.equal((data as unknown[]).length, 40);
  const dumped = await milvusMigrate(['dump', '--config', file, '--state', join(at.path, 'state2')]);
  assert.equal(dumped.code, 0, dumped.stderr);
  const files = (readdirSync(join(out, 'migration'), { recursive: true }) as string[]).filter(
    (name) => /\.json$/.test(name) && !/manifest/.test(name),
  );
  const rows = files.flatMap((name) => JSON.parse(readFileSync(join(out, 'migration', name), 'utf8')).rows);
  assert.equal(rows.length, 40);
});

test('a dump that lacks documents says so, by its exit code too, and is not loaded as if it had all', async () => {
  await using at = await elasticPlace(server.url, { documents: 20 });
  await at.admin.store(at.index, [{ id: 'no vector', source: { ...documentOf(1), vec: undefined } }]);
  const out = join(at.path, 'out');
  const rejects = join(at.path, 'rejects.jsonl');
  const flags = ['--out', out, '--state', at.state, '--name', 'docs', '--missing', 'default'];
  const dump = ['dump', `es+${at.url}/${at.index}`, ...flags];
  const dumped = await milvusMigrate(dump);
  assert.equal(dumped.code, 6, dumped.stderr);
  assert.match(dumped.stdout, /1 row of docs can not be rows there.*in no file; with --reject-file FILE/s);
  const load = ['load', out, ...at.database.flags, '--state', join(at.path, 'elsewhere')];
  for (const more of [[], ['--reject-file', rejects]]) {
    const loaded = await milvusMigrate([...load, ...more]);
    assert.equal(loaded.code, 2, loaded.stderr);
    assert.match(loaded.stderr, /1 document that could not be a row .*no vector/s);
  }
  const again = await milvusMigrate([...dump, '--reject-file', rejects]);
  assert.equal(again.code, 6, again.stderr);
  assert.equal(readFileSync(rejects, 'utf8').trim().split('\n').length, 1);
  const loaded = await milvusMigrate(load);
  assert.equal(loaded.code, 6, loaded.stderr);
  await assertDocuments(at, wantedOf(versions(20)));
});

test('dumped here, loaded there: the folder is enough', async () => {
  await using at = await elasticPlace(server.url, { documents: 200 });
  const dump = join(at.path, 'dump');
  const dumped = await milvusMigrate([
    'dump',
    `es+${at.url}/${at.index}`,
    '--out',
    dump,
    '--state',
    at.state,
    '--missing',
    'default',
    '--name',
    'docs',
  ]);
  assert.equal(dumped.code, 0, dumped.stderr);
  const loaded = await milvusMigrate(['load', dump, ...at.database.flags, '--state', join(at.path, 'elsewhere')]);
  assert.equal(loaded.code, 0, loaded.stderr + loaded.stdout);
  await assertDocuments(at, wantedOf(versions(200)));
});

test('plan touches nothing: no snapshot is left, no state, no collection', async () => {
  await using at = await elasticPlace(server.url, { documents: 30 });
  const planned = await milvusMigrate(at.words('plan', '--json'));
  assert.equal(planned.code, 0, planned.stderr);
  const { plan, source } = JSON.parse(planned.stdout);
  assert.equal(plan.collections[0].rows, 30);
  assert.match(source.title, /^Elasticsearch 8\./);
  assert.equal(await openContexts(at), 0);
  assert.equal(existsSync(at.state), false);
  assert.deepEqual((await at.database.client.showCollections()).data, []);
});

test('several indices: a collection each, or one of all', async () => {
  await using one = await elasticPlace(server.url, { documents: 30 });
  await using two = await elasticPlace(server.url, { documents: 0 });
  await two.admin.store(
    two.index,
    versions(40).map(({ id, source }) => ({ id: `two ${id}`, source })),
  );
  const expression = `es+${one.url}/${one.index},${two.index}`;
  const words = ['run', expression, ...one.database.flags, '--state', one.state];
  const ended = await milvusMigrate(words);
  assert.equal(ended.code, 0, ended.stderr);
  const names = (await one.database.client.showCollections()).data.map(({ name }) => name).sort();
  assert.deepEqual(names, [one.index, two.index].map((name) => name.replaceAll('-', '_')).sort());
  const merged = await milvusMigrate([...words, '--merge-indices', '--name', 'docs']);
  assert.equal(merged.code, 0, merged.stderr + merged.stdout);
  await assertDocuments(
    one,
    new Map([
      ...wantedOf(versions(30)),
      ...[...wantedOf(versions(40))].map(([id, source]) => [`two ${id}`, source] as const),
    ]),
  );
});

test('mistakes: no such index, an index without vectors, nobody there', async () => {
  await using at = await elasticPlace(server.url, { documents: 1 });
  const absent = await milvusMigrate(['plan', `es+${at.url}/no-such-index`, ...at.database.flags]);
  assert.equal(absent.code, 3);
  assert.match(absent.stderr, /E_SOURCE_NOT_FOUND.*\n.*no-such-index/s);
  const { vec: _, ...withoutVectors } = MAPPING;
  await using plain = await elasticPlace(server.url, { documents: 0, mapping: withoutVectors });
  const vectorless = await milvusMigrate(plain.words('plan'));
  assert.equal(vectorless.code, 3);
  assert.match(vectorless.stderr, /no dense_vector/);
  const many = Object.fromEntries(Array.from({ length: 64 }, (_, at) => [`f${at}`, { type: 'long' }]));
  await using wide = await elasticPlace(server.url, { documents: 0, mapping: { ...MAPPING, ...many } });
  const refused = await milvusMigrate(wide.words('run'));
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /limited to 64.*say which fields go over \(--fields/s);
  const nobody = await milvusMigrate(['plan', 'es+http://127.0.0.1:1/docs', ...at.database.flags]);
  assert.equal(nobody.code, 3);
  assert.match(nobody.stderr, /E_SOURCE_UNREACHABLE/);
});
