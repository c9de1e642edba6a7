/** Collections that are there before with fields which look like ours, and take no rows of ours: `plan` says it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { milvusMigrate } from './harness.ts';
import { place } from './place.ts';

const SOURCE = `
const fields = [
  { name: 'id', type: 'VarChar', primaryKey: true, maxLength: 40 },
  { name: 'vector', type: 'FloatVector', dim: 2 },
  { name: 'text', type: 'VarChar', maxLength: 100 },
  { name: 'list', type: 'Array', element: 'Int64', maxCapacity: 8 },
  { name: 'big', type: 'Int64' },
];
export const openSource = () => ({
  title: 'none', locator: 'none', reader: { detail: 'none' },
  datasets: () => [{ name: 'c', rows: 0, bytes: 0, schema: { fields } }],
  async *plan() {},
});
export const openReader = () => ({ read: async function* () {}, readKeys: async function* () {} });`;

const ID = { name: 'id', data_type: 'VarChar', max_length: 40, is_primary_key: true, autoID: false };
const VECTOR = { name: 'vector', data_type: 'FloatVector', dim: 2 };
const TEXT = { name: 'text', data_type: 'VarChar', max_length: 100 };
const LIST = { name: 'list', data_type: 'Array', element_type: 'Int64', max_capacity: 8 };
const BIG = { name: 'big', data_type: 'Int64' };

test('an existing collection that takes no rows of ours is refused by the plan', async () => {
  await using at = await place();
  const module = join(at.path, 'none.mjs');
  writeFileSync(module, SOURCE);
  for (const [fields, problem] of [
    [[ID, VECTOR, TEXT, LIST, BIG], ''],
    [[{ ...ID, max_length: 41 }, VECTOR, { ...TEXT, max_length: 200 }, { ...LIST, max_capacity: 9 }, BIG], ''],
    [[{ ...ID, max_length: 39 }, VECTOR, TEXT, LIST, BIG], 'id takes 39 bytes, wanted 40'],
    [[ID, VECTOR, { ...TEXT, max_length: 15 }, LIST, BIG], 'text takes 15 bytes, wanted 100'],
    [[ID, VECTOR, TEXT, { ...LIST, element_type: 'Int32' }, BIG], 'list is an Array of Int32, wanted Int64'],
    [[ID, VECTOR, TEXT, { ...LIST, max_capacity: 7 }, BIG], 'list takes 7 elements, wanted 8'],
    [[ID, VECTOR, TEXT, LIST, { ...BIG, is_partition_key: true }], 'big is its partition key'],
  ] as const) {
    await at.database.client.createCollection({ collection_name: 'c', fields } as never);
    const words = ['plan', `plugin:${module}`, ...at.database.flags, '--state', join(at.path, 'state')];
    const planned = await milvusMigrate(words);
    assert.equal(planned.code, problem === '' ? 0 : 4, planned.stdout);
    const said = planned.stdout.replaceAll(/\s+/g, ' ');
    if (problem !== '') assert.ok(said.includes('E_TARGET_SCHEMA') && said.includes(problem), `${problem}: ${said}`);
    await at.database.client.dropCollection({ collection_name: 'c' });
  }
});

test('texts of a length that nobody knows go into shorter fields by the steps that the refusal names', async () => {
  await using at = await place();
  const module = join(at.path, 'none.mjs');
  writeFileSync(module, SOURCE);
  const fields = [{ ...ID, max_length: 39 }, VECTOR, { ...TEXT, max_length: 15 }, LIST, BIG];
  await at.database.client.createCollection({ collection_name: 'c', fields } as never);
  const words = ['plan', `plugin:${module}`, ...at.database.flags, '--state', join(at.path, 'state')];
  const refused = await milvusMigrate(words);
  const named = [...refused.stdout.replaceAll(/\s+/g, ' ').matchAll(/--cast "(.*?)"/g)].map(([, step]) => step!);
  assert.deepEqual(named, ['id:VarChar(39)', 'text:VarChar(15)'], refused.stdout);
  const planned = await milvusMigrate([...words, ...named.flatMap((step) => ['--cast', step])]);
  assert.equal(planned.code, 0, planned.stdout);
});
