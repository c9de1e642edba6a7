/** Ids that several documents have, or come to have: of no row an upsert takes the place without a word. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { type Ended, milvusMigrate } from '../harness.ts';
import { runKilled } from '../killed.ts';
import { countRows } from '../reading.ts';
import { documentOf, type ElasticPlace, elasticPlace, loseSnapshots, MAPPING, openContexts } from './place.ts';

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
before(async () => {
  server = await elasticsearchForTests();
});
after(() => server[Symbol.asyncDispose]());

interface TwoIndices extends AsyncDisposable {
  readonly at: ElasticPlace;
  readonly second: string;
  /** Words for a run of both into the collection «docs». */
  words(how: 'merge' | 'merge-indices', ...flags: string[]): string[];
}

/** Two indices, with documents of these ids in the one and in the other; `n` says which of them a document is of. */
async function twoIndices(first: readonly number[], others: readonly number[]): Promise<TwoIndices> {
  const at = await elasticPlace(server.url, { documents: 0 });
  const second = `${at.index}-b`;
  await at.admin.call('PUT', `/${second}`, { mappings: { properties: MAPPING } });
  await store(at, at.index, first);
  await store(at, second, others);
  return {
    ...{ at, second },
    words(how, ...flags) {
      const both = `${at.index},${second}`;
      const merging = how === 'merge' ? ['--merge', both, '--into', 'docs'] : ['--merge-indices', '--name', 'docs'];
      const state = ['--state', at.state, '--threads', '1'];
      return ['run', `es+${at.url}/${both}`, ...at.database.flags, ...state, ...merging, ...flags];
    },
    async [Symbol.asyncDispose]() {
      await at.admin.call('DELETE', `/${second}`);
      await at[Symbol.asyncDispose]();
    },
  };
}

async function store({ admin, index: first }: ElasticPlace, index: string, ids: readonly number[]): Promise<void> {
  const n = index === first ? 1 : 2;
  await admin.store(
    index,
    ids.map((id) => ({ id: String(id), source: { ...documentOf(id), n } })),
  );
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

/** `n` of the row of an id. */
async function indexOf({ database }: ElasticPlace, id: string): Promise<number[]> {
  const request = { collection_name: 'docs', filter: `_id == ${id}`, output_fields: ['n'], consistency_level: 0 };
  const { data } = await database.client.query(request as never);
  return (data as { n: string }[]).map(({ n }) => Number(n));
}

function assertCode(ended: Ended, code: number): void {
  assert.equal(ended.code, code, ended.stderr + ended.stdout);
}

const WAYS = [['merge'], ['merge', '--on-duplicate', 'keep-all'], ['merge-indices']] as const;

for (const [how, ...flags] of WAYS)
  test(`a document that comes with the id of one in the other index is not upserted over it: ${how} ${flags}`, async () => {
    await using both = await twoIndices(numbers(0, 10), numbers(10, 20));
    const { at, second } = both;
    const words = both.words(how, ...flags);
    assertCode(await milvusMigrate(words), 0);
    await store(at, second, [10, 20]);
    assertCode(await milvusMigrate([...words, '--catch-up']), 0);
    assert.equal(await countRows(at.database, 'docs'), 21);
    assert.equal(await openContexts(at), 0);
    await store(at, second, [3, 21]);
    const refused = await milvusMigrate([...words, '--catch-up']);
    assertCode(refused, 3);
    assert.match(refused.stderr, /E_DUPLICATE_IDS: docs: .*1 ids that more than one row has/s);
    assert.equal(await openContexts(at), 0);
    assert.deepEqual([await indexOf(at, '"3"'), await countRows(at.database, 'docs')], [[1], 21]);
  });

test('rows that a collection held before may be replaced by what changed: told', async () => {
  await using both = await twoIndices(numbers(0, 10), numbers(10, 20));
  const { at, second } = both;
  const run = (index: string, ...flags: string[]) =>
    milvusMigrate([
      ...['run', `es+${at.url}/${index}`, ...at.database.flags, '--name', 'docs', '--threads', '1'],
      ...['--state', `${at.state}-${index}`, '--mode', 'append', ...flags],
    ]);
  assertCode(await run(at.index), 0);
  assertCode(await run(second), 0);
  await store(at, second, [11]);
  const ended = await run(second, '--catch-up');
  assertCode(ended, 0);
  assert.match(ended.stdout.replaceAll(/\s+/g, ' '), /docs: the collection held 10 rows before this job/);
});

const FIRST = ['--on-duplicate', 'first', '--fields', '_id:long,vec,n'];

test('--on-duplicate first: what changed is upserted where no id is in both, and refused where one is', async () => {
  await using both = await twoIndices(numbers(0, 10), numbers(10, 20));
  const { at, second } = both;
  const words = both.words('merge', ...FIRST);
  assertCode(await milvusMigrate(words), 0);
  await store(at, second, [11, 30]);
  assertCode(await milvusMigrate([...words, '--catch-up']), 0);
  assert.equal(await countRows(at.database, 'docs'), 21);
  await store(at, second, [4]);
  const refused = await milvusMigrate([...words, '--catch-up']);
  assertCode(refused, 3);
  assert.match(refused.stderr, /E_DUPLICATE_IDS/);
  assert.deepEqual(await indexOf(at, '4'), [1]);
});

test('duplicates that are left out are known by their place: not where a snapshot is lost and documents are gone', async () => {
  await using both = await twoIndices(numbers(0, 10), numbers(5, 20));
  const { at, second } = both;
  const words = both.words('merge', ...FIRST);
  await runKilled(words, 'part recorded');
  await loseSnapshots(at);
  await at.admin.call('DELETE', `/${second}/_doc/5?refresh=true`);
  const refused = await milvusMigrate(words);
  assertCode(refused, 3);
  assert.match(refused.stderr, /E_SOURCE_CHANGED: .*snapshot in which duplicates were found is gone.*--fresh/s);
  assertCode(await milvusMigrate([...words, '--fresh', '--mode', 'overwrite']), 0);
  assert.deepEqual([await indexOf(at, '10'), await countRows(at.database, 'docs')], [[2], 20]);
});

test('duplicates are left out where a snapshot is lost and nothing has changed', async () => {
  await using both = await twoIndices(numbers(0, 10), numbers(5, 20));
  const words = both.words('merge', ...FIRST);
  await runKilled(words, 'part recorded');
  await loseSnapshots(both.at);
  assertCode(await milvusMigrate(words), 0);
  assert.equal(await countRows(both.at.database, 'docs'), 20);
});
