/**
 * A source of one's own into a real Milvus 2.3.5, streamed and by files of each format: values at the edges of their types
 * arrive bit for bit, and rows with NaN or infinity, also in a scalar, are set aside as those of vectors are.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConsistencyLevelEnum } from '@zilliz/milvus2-sdk-node';
import { milvusMigrate, plainText } from './harness.ts';
import { type Place, place } from './place.ts';

/** Six rows: the first three with values at the edges, the others with NaN or infinity in a field each. */
const SOURCE = `
const fields = [
  { name: 'id', type: 'Int64', primaryKey: true },
  { name: 'vector', type: 'FloatVector', dim: 2 },
  { name: 'real', type: 'Float' },
  { name: 'precise', type: 'Double' },
  { name: 'big', type: 'Int64' },
];
const texts = [
  { name: 'text', type: 'VarChar', maxLength: 65535 },
  { name: 'doubles', type: 'Array', element: 'Double' },
  { name: 'doc', type: 'JSON' },
  { name: '$meta', type: 'JSON', dynamic: true },
];
const row = (id, more) => ({ id, vector: [1, 2], real: 0.1, precise: 0.1, big: 0n, ...more });
const rows = [
  row(1, { vector: [-0, 1e-45], real: -0, precise: 5e-324, big: 2n ** 63n - 1n }),
  row(2, { vector: [3.4028234663852886e38, -3.4028234663852886e38], real: 1e-45, precise: -0, big: -(2n ** 63n) }),
  row(3, { real: 3.4028234663852886e38, precise: -1.7976931348623157e308 }),
  row(4, { real: NaN }),
  row(5, { precise: -Infinity }),
  row(6, { vector: [1, NaN] }),
];
const documents = (kind) => [
  { text: '', doubles: [], doc: {} },
  { text: '\\u0000\\u0001\\ufeff😀', doubles: [0.1, -1e300, -0], doc: { a: 9007199254740993n, 'b.c': [null, -0, 'é'] }, $meta: { 'x.y': 1 } },
  { text: 'x'.repeat(65535), doubles: [5e-324], doc: kind === 'lists' ? [1] : { deep: [[[{}]]] } },
  ...[1, 2, 3].map(() => ({ text: 'x', doubles: [], doc: {} })),
];
const whole = (kind) => kind === 'plain' ? rows : rows.map((one, at) => ({ ...one, ...documents(kind)[at] }));
export const openSource = (kind) => ({
  title: 'edges', locator: kind, reader: { detail: kind },
  datasets: () => [{ name: 'edges', rows: 6, bytes: 1000, schema: { fields: kind === 'plain' ? fields : [...fields, ...texts] } }],
  async *plan() { yield { id: 'all', rows: 6, bytes: 1000 }; },
});
export const openReader = (kind, context) => ({
  read: (_, schema, slabs, dropped) => context.batches(whole(kind), { schema, slabs, dropped, origin: kind }),
  readKeys: (_, schema) => context.keys(whole(kind), schema),
});`;

function run({ path, database }: Place, kind: 'plain' | 'documents' | 'lists', flags: readonly string[]) {
  const module = join(path, 'edges.mjs');
  writeFileSync(module, SOURCE);
  const state = ['--state', join(path, 'state')];
  return milvusMigrate(['run', `plugin:${module}:${kind}`, ...database.flags, ...state, '--verify', 'full', ...flags]);
}

/** The rows that were to arrive, by the SDK: it has the doubles as they are. */
async function arrived({ database: { client } }: Place): Promise<unknown> {
  const { data } = await client.query({
    collection_name: 'edges',
    filter: 'id >= 0',
    output_fields: ['id', 'precise', 'big'],
    consistency_level: ConsistencyLevelEnum.Strong,
  });
  return data.map(({ id, precise, big }) => [id, precise, big]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

for (const [how, kind, ...flags] of [
  ['streamed', 'plain'],
  ['streamed', 'documents'],
  ['by NumPy', 'plain', '--format', 'npy'],
  ['by Parquet', 'plain', '--format', 'parquet'],
  ['by what the server takes best', 'documents'],
  ['by JSON', 'plain', '--format', 'json'],
] as const)
  test(`${kind}, ${how}`, async () => {
    await using at = await place();
    const staging = how === 'streamed' ? [] : ['--staging', at.staging];
    const refused = await run(at, kind, [...staging, ...flags]);
    assert.equal(refused.code, 6, refused.stderr);
    assert.match(plainText(refused.stdout), /edges is not loaded: 3 of its rows hold NaN or infinity/);
    assert.deepEqual((await at.database.client.showCollections()).data, []);

    const rejects = join(at.path, 'rejects.jsonl');
    const ended = await run(at, kind, [...staging, ...flags, '--fresh', '--reject-file', rejects]);
    assert.equal(ended.code, 6, ended.stderr);
    assert.match(plainText(ended.stdout), /edges\s+6\s+0\s+3\s+3\s+count ✔\s+3 samples ✔/);
    const [min, max] = ['-9223372036854775808', '9223372036854775807'];
    assert.deepEqual(await arrived(at), [
      ['1', 5e-324, max],
      ['2', -0, min],
      ['3', -Number.MAX_VALUE, '0'],
    ]);
    const lines = readFileSync(rejects, 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => {
        const { id, reason, row } = JSON.parse(line);
        return [id, reason, row.real, row.precise, row.vector];
      }),
      [
        ['4', 'NaN or infinity', 'NaN', 0.1, [1, 2]],
        ['5', 'NaN or infinity', Math.fround(0.1), '-Infinity', [1, 2]],
        ['6', 'NaN or infinity', Math.fround(0.1), 0.1, [1, 'NaN']],
      ],
    );
  });

test('a JSON value that is no object, which 2.3.5 takes by import only: the row is named, and rejected rows are there', async () => {
  await using at = await place();
  const rejects = join(at.path, 'rejects.jsonl');
  const flags = ['--reject-file', rejects];
  const refused = await run(at, 'lists', flags);
  assert.equal(refused.code, 4, refused.stderr);
  assert.match(plainText(refused.stderr), /E_TARGET: edges,.*it takes only objects in a JSON field/);
  assert.match(plainText(refused.stderr), /found +\[1\] in the row of id 3/);
  assert.match(plainText(refused.stdout), /3 rows of edges were rejected .*rejects\.jsonl/s);
  assert.equal(readFileSync(rejects, 'utf8').trimEnd().split('\n').length, 3);
  const ended = await run(at, 'lists', [...flags, '--staging', at.staging, '--fresh', '--mode', 'overwrite']);
  assert.equal(ended.code, 6, ended.stderr);
  assert.match(plainText(ended.stdout), /edges\s+6\s+0\s+3\s+3\s+count ✔\s+3 samples ✔/);
});
