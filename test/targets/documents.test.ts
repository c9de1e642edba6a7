/**
 * Rows of many types in a real Milvus 2.3.5: by insert, and by import of JSON and Parquet files, read back value for value.
 * At `TEST_MILVUS` (host:port), which must see this machine's files.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { Batch } from '../../src/core/batch.ts';
import { canonicalValue, columnsOf, comparedFields } from '../../src/core/canonical.ts';
import type { ImportTask, Target } from '../../src/core/contracts.ts';
import { keyText, parseKey } from '../../src/core/keys.ts';
import type { FileFormat } from '../../src/core/plan.ts';
import type { Field, Schema } from '../../src/core/schema.ts';
import { ENCODERS } from '../../src/encoders/index.ts';
import { openStore } from '../../src/stores/index.ts';
import { openTarget } from '../../src/targets/index.ts';
import { until } from '../../src/targets/milvus/poll.ts';
import { batchOf, EVERY_TYPE, rowOfEveryType } from '../encoders/rows.ts';
import { temporaryFolder } from '../temporary.ts';

const RUN = `d${process.pid}_`;
let target: Target;

before(async () => {
  const endpoint = process.env.TEST_MILVUS;
  if (!endpoint) throw new Error('TEST_MILVUS is not set: run the tests with `npm test`');
  target = await openTarget('milvus', {
    endpoint,
    ...{ user: undefined, password: undefined, token: undefined, database: undefined },
  });
});

after(() => target[Symbol.asyncDispose]());

const DYNAMIC: Field = { name: '$meta', type: 'JSON', primaryKey: false, dim: 0, dynamic: true };

/** What 2.3.5 can have: one vector, no nulls; the key a text. */
const SCHEMA: Schema = {
  metric: 'L2',
  fields: [
    { name: '_id', type: 'VarChar', primaryKey: true, dim: 0, maxLength: 65_535 },
    ...EVERY_TYPE.fields
      .filter(({ name }) => name !== 'id' && name !== 'bits')
      .map(({ nullable: _, ...field }) => field),
    { name: 'doubles', type: 'Array', primaryKey: false, dim: 0, element: 'Double', maxCapacity: 9 },
    DYNAMIC,
  ],
};

/** Of JSON, 2.3.5 reads the doubles of an Array as floats: documents go by Parquet. */
const WITHOUT_DOUBLES: Schema = { ...SCHEMA, fields: SCHEMA.fields.filter(({ name }) => name !== 'doubles') };

/** Keys that end or escape a literal, or look like something else. */
const KEYS = [
  'plain',
  '',
  ' ',
  '"',
  "'",
  '\\',
  '\\"',
  'a\nb\r',
  'a\tb',
  '\u0001\u0000\u007f\u0085\ufeff',
  '5',
  'ä',
  '😀',
  '%',
  '$(x) {y}',
  'it\'s "so"',
  'true',
];

function documents(schema: Schema): Batch {
  const rows = fc.sample(rowOfEveryType, { numRuns: KEYS.length, seed: 7 });
  return batchOf(
    schema,
    rows.map((row, index) => ({
      ...row,
      _id: KEYS[index]!,
      whole: row.whole ?? -7,
      precise: row.precise ?? 1e300,
      text: row.text ?? 'ü "quoted" \\ \u2028',
      tags: row.tags ?? [],
      doubles: [0.1, -1e300, 5e-324].slice(index % 4),
      longs: [9_007_199_254_740_993n, -(2n ** 63n), 2n ** 63n - 1n],
      meta: { n: 1.5, big: 1e21, nested: { '<&>': [null, true, 'x'] }, 'key "q"': 'é' },
      $meta: { extra: index, text: 'dynamic <&> ü' },
    })),
  );
}

async function withCollection(name: string, schema: Schema, use: (collection: string) => Promise<void>): Promise<void> {
  const rest = { description: 'test', dynamicField: true, shards: undefined, consistencyLevel: undefined };
  const made = await target.create({ name: RUN + name, schema, ...rest });
  try {
    await use(made.name);
  } finally {
    await target.drop(made.name, made.id);
  }
}

async function show(collection: string): Promise<void> {
  await target.createIndex(collection, 'vector', { type: 'FLAT', params: {} }, 'L2');
  await target.load(collection);
}

/** Every value of every row, as it was sent; and no other rows. */
async function assertSame(collection: string, schema: Schema, batch: Batch): Promise<void> {
  const keys = KEYS.map((key) => parseKey(schema, key));
  assert.equal(await target.countKeys(collection, '_id', keys), BigInt(KEYS.length));
  assert.equal(await target.count(collection), BigInt(KEYS.length));
  const found = await target.rows(collection, schema, [...keys, 'nobody']);
  assert.deepEqual([...found.keys()].sort(), [...KEYS].sort());
  const fields = comparedFields(schema);
  const columns = columnsOf(batch, fields);
  for (let row = 0; row < batch.rows; row++) {
    const values = found.get(keyText(schema, batch, row))!;
    for (const [index, field] of fields.entries()) {
      const wanted = Buffer.from(canonicalValue(field, columns[index]!, row)!);
      const got = Buffer.from(values[index]!);
      assert.ok(
        wanted.equals(got),
        `${field.name} of row ${row}: ${got.toString('latin1')}, wanted ${wanted.toString('latin1')}`,
      );
    }
  }
}

test('documents go by a format that it reads exactly', async () => {
  assert.equal((await target.facts()).documentFormat, 'parquet');
});

test('inserted, and upserted', async () => {
  await withCollection('insert', SCHEMA, async (collection) => {
    const batch = documents(SCHEMA);
    assert.deepEqual(await target.insert(collection, '_default', SCHEMA, batch, 'insert'), { kind: 'done' });
    await target.flush(collection);
    await show(collection);
    await assertSame(collection, SCHEMA, batch);
    assert.deepEqual(await target.insert(collection, '_default', SCHEMA, batch, 'upsert'), { kind: 'done' });
    await assertSame(collection, SCHEMA, batch);
  });
});

for (const format of ['json', 'parquet'] as const)
  test(`imported from ${format}, and from a file without rows`, async () => {
    using folder = temporaryFolder();
    const schema = format === 'json' ? WITHOUT_DOUBLES : SCHEMA;
    await withCollection(format, schema, async (collection) => {
      const batch = documents(schema);
      assert.deepEqual(await imported(collection, await write(folder.path, { format, schema, batches: [] })), [
        'completed',
        0,
        '',
      ]);
      assert.deepEqual(await imported(collection, await write(folder.path, { format, schema, batches: [batch] })), [
        'completed',
        KEYS.length,
        '',
      ]);
      await show(collection);
      await assertSame(collection, schema, batch);
    });
  });

interface Writing {
  readonly format: FileFormat;
  readonly schema: Schema;
  readonly batches: readonly Batch[];
}

async function write(root: string, { format, schema, batches }: Writing): Promise<string[]> {
  await using store = await openStore({ scheme: 'file', root });
  const dir = `part${batches.length}`;
  const group = await store.begin(dir, async () => undefined);
  const encoder = await ENCODERS[format](group, schema);
  for (const batch of batches) await encoder.write(batch);
  const { files } = await encoder.close();
  await group.commit();
  return files.map(({ name }) => join(root, dir, name));
}

async function imported(collection: string, files: readonly string[]): Promise<unknown[]> {
  const id = await target.submitImport(collection, '_default', files);
  const ask = async (): Promise<ImportTask | undefined> => {
    const task = await target.importTask(id);
    return task?.state === 'completed' || task?.state === 'failed' ? task : undefined;
  };
  const { state, rows, reason } = await until('the import', ask, AbortSignal.timeout(120_000));
  return [state, rows, reason];
}
