/** Steps on batches against a naive implementation, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Batch } from '../../src/core/batch.ts';
import { MigrateError } from '../../src/core/errors.ts';
import type { Schema } from '../../src/core/schema.ts';
import type { TransformStep } from '../../src/core/transformSteps.ts';
import { openSteps, planSteps } from '../../src/transforms/index.ts';
import { batchOf, EVERY_TYPE, type Row, rowOfEveryType } from '../encoders/rows.ts';
import { through } from './readBack.ts';

const names = (schema: Schema): string[] => schema.fields.map(({ name }) => name);

test('without steps a batch is given back as it is', async () => {
  const batch = batchOf(EVERY_TYPE, []);
  assert.equal((await openSteps(EVERY_TYPE, []))(batch), batch);
  assert.equal(await planSteps(EVERY_TYPE, [], 'things'), EVERY_TYPE);
});

test('select, drop, rename, constant and filter equal a naive run over the rows', async () => {
  const steps: readonly TransformStep[] = [
    { kind: 'rename', from: 'text', to: 'title' },
    { kind: 'drop', fields: ['bits', 'longs'] },
    { kind: 'filter', expression: 'flag || tiny > 0' },
    { kind: 'constant', field: 'origin', type: 'VarChar', value: 'old' },
    { kind: 'constant', field: 'batch', type: 'Int64', value: '9007199254740993' },
    { kind: 'select', fields: ['origin', 'title', 'vector', 'precise', 'batch', 'meta', 'tags'] },
    { kind: 'filter', expression: 'precise == null || precise > 0' },
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(rowOfEveryType, { maxLength: 20 }), async (rows) => {
      const { batch, schema, rows: got } = await through(steps, rows);
      assert.deepEqual(names(schema), ['id', 'vector', 'precise', 'title', 'tags', 'meta', 'origin', 'batch']);
      const want = rows
        .filter(({ flag, tiny }) => flag === true || Number(tiny) > 0)
        .filter(({ precise }) => precise === null || Number(precise) > 0)
        .map((row) => ({
          id: row.id,
          vector: row.vector,
          precise: row.precise,
          title: row.text,
          tags: row.tags === null ? null : JSON.stringify(row.tags),
          meta: JSON.stringify(row.meta),
          origin: 'old',
          batch: 9007199254740993n,
        }));
      assert.deepEqual(got, want);
      assert.equal(batch.read, rows.length);
      assert.equal(batch.filtered ?? 0, rows.length - want.length);
      assert.equal(batch.refused, undefined);
    }),
  );
});

test('the order of the fields stays: key, vectors, the rest; each vector keeps its metric', async () => {
  const schema: Schema = {
    metric: 'COSINE',
    fields: [
      { name: 'id', type: 'VarChar', primaryKey: true, dim: 0, maxLength: 10 },
      { name: 'a', type: 'FloatVector', primaryKey: false, dim: 2 },
      { name: 'b', type: 'FloatVector', primaryKey: false, dim: 4, metric: 'IP' },
      { name: 'c', type: 'FloatVector', primaryKey: false, dim: 4 },
      { name: 'n', type: 'Int8', primaryKey: false, dim: 0 },
    ],
  };
  const after = await planSteps(schema, [{ kind: 'drop', fields: ['a'] }], 'things');
  assert.equal(after.metric, 'IP');
  assert.deepEqual(after.fields.slice(1), [
    { name: 'b', type: 'FloatVector', primaryKey: false, dim: 4 },
    { name: 'c', type: 'FloatVector', primaryKey: false, dim: 4, metric: 'COSINE' },
    { name: 'n', type: 'Int8', primaryKey: false, dim: 0 },
  ]);
});

test('a vector becomes as long as 1, summed in doubles; one without a direction is refused whole', async () => {
  const rows = fc.sample(rowOfEveryType, { numRuns: 4, seed: 7 });
  const vectors = [
    [3, 4, 0],
    [0, 0, 0],
    [1e30, 1e30, 0],
    [Number.NaN, 1, 1],
  ];
  const given = rows.map((row, at) => ({ ...row, id: BigInt(at), vector: vectors[at] }));
  const { batch, rows: got } = await through([{ kind: 'normalise', field: 'vector' }], given);
  const half = Math.fround(1 / Math.sqrt(2));
  assert.deepEqual(
    got.map(({ vector }) => vector),
    [
      [Math.fround(0.6), Math.fround(0.8), 0],
      [half, half, 0],
    ],
  );
  assert.deepEqual(
    batch.refused?.map(({ key, reason }) => [key, reason]),
    [
      ['1', 'vector: found a vector of length 0, wanted one that has a direction'],
      ['3', 'vector: found NaN or infinity, wanted finite numbers'],
    ],
  );
  assert.deepEqual(JSON.parse(batch.refused![1]!.row).vector, ['NaN', 1, 1]);
});

test('a refused row is shown as the source has it, whatever the steps before did', async () => {
  const [row] = fc.sample(rowOfEveryType, { numRuns: 1, seed: 3 });
  const given: Row = { ...row, id: 9007199254740993n, vector: [0, -0, 0], text: 'kept', whole: null };
  const { batch } = await through(
    [
      { kind: 'rename', from: 'text', to: 'title' },
      { kind: 'drop', fields: ['title', 'meta'] },
      { kind: 'normalise', field: 'vector' },
    ],
    [given],
  );
  assert.equal(batch.rows, 0);
  const [{ key, row: text } = { key: '', row: '' }] = batch.refused ?? [];
  assert.equal(key, '9007199254740993');
  assert.ok(text.startsWith('{"id":9007199254740993,"vector":[0,-0.0,0],'), text);
  const parsed = JSON.parse(text);
  assert.deepEqual([parsed.text, parsed.whole, parsed.meta], ['kept', null, JSON.parse(JSON.stringify(given.meta))]);
});

test('what a batch says already is added to', async () => {
  const rows = fc.sample(rowOfEveryType, { numRuns: 3, seed: 1 });
  const schema = EVERY_TYPE;
  const transform = await openSteps(schema, [{ kind: 'filter', expression: 'id == 1 || id == 2' }]);
  const old = { key: 'x', reason: 'old', row: '{}' };
  const batch: Batch = {
    ...batchOf(
      schema,
      rows.map((row, at) => ({ ...row, id: BigInt(at) })),
    ),
    read: 9,
    deleted: 2,
    dropped: 1,
    filtered: 2,
    refused: [old],
    changes: { cut: 4 },
  };
  const after = await transform(batch);
  const { rows: left, read, deleted, dropped, filtered, refused, changes } = after;
  assert.deepEqual(
    { left, read, deleted, dropped, filtered, refused, changes },
    { left: 2, read: 9, deleted: 2, dropped: 1, filtered: 3, refused: [old], changes: { cut: 4 } },
  );
});

/** Steps, then what the error says. */
const WRONG: readonly (readonly [TransformStep, RegExp, Partial<MigrateError>])[] = [
  [
    { kind: 'select', fields: ['vector', 'txt'] },
    /^step 2 \(select\) for things names a field that is not there$/,
    { found: 'txt', hint: 'did you mean text?' },
  ],
  [{ kind: 'select', fields: ['text'] }, /leaves no vector/, { wanted: 'at least one of vector, bits' }],
  [{ kind: 'drop', fields: ['id'] }, /drops the primary key/, {}],
  [{ kind: 'drop', fields: ['vector', 'bits'] }, /leaves no vector/, {}],
  [{ kind: 'rename', from: 'text', to: 'tags' }, /name of another one/, {}],
  [{ kind: 'rename', from: 'text', to: 'the text' }, /name that Milvus does not take/, { found: '"the text"' }],
  [{ kind: 'rename', from: 'text', to: '1st' }, /name that Milvus does not take/, {}],
  [{ kind: 'constant', field: 'text', type: 'Bool', value: true }, /name of another one/, {}],
  [{ kind: 'constant', field: 'n', type: 'Int8', value: 128 }, /value that its type does not hold/, { found: '128' }],
  [{ kind: 'constant', field: 'n', type: 'Int64', value: 2 ** 53 }, /value that its type does not hold/, {}],
  [
    { kind: 'constant', field: 'n', type: 'Double', value: '9007199254740993' },
    /value that its type does not hold/,
    {},
  ],
  [{ kind: 'constant', field: 'n', type: 'VarChar', value: 'a\ud800' }, /value that its type does not hold/, {}],
  [{ kind: 'constant', field: 'n', type: 'JSON', value: ['\ud800'] }, /value that its type does not hold/, {}],
  [{ kind: 'constant', field: 'n', type: 'Double', value: null }, /value that its type does not hold/, {}],
  [{ kind: 'constant', field: 'n', type: 'VarChar', maxLength: 2, value: 'abc' }, /does not hold/, {}],
  [{ kind: 'constant', field: 'n', type: 'Bool', maxLength: 2, value: true }, /length for a type without one/, {}],
  [{ kind: 'cast', field: 'vector', to: 'JSON', onLoss: 'reject' }, /casts a vector/, {}],
  [{ kind: 'cast', field: 'id', to: 'Int32', onLoss: 'reject' }, /primary key a type/, { wanted: 'Int64 or VarChar' }],
  [
    { kind: 'cast', field: 'tags', to: 'VarChar', onLoss: 'reject' },
    /no values in common/,
    { wanted: 'Array to JSON' },
  ],
  [{ kind: 'cast', field: 'text', to: 'VarChar', maxLength: 70000, onLoss: 'reject' }, /length that Milvus/, {}],
  [{ kind: 'normalise', field: 'bits' }, /no FloatVector/, { found: 'BinaryVector', wanted: 'one of vector' }],
];

test('what can not be is an error that names step, field, found and wanted', async () => {
  const first: TransformStep = { kind: 'drop', fields: ['flag'] };
  for (const [step, message, more] of WRONG)
    await assert.rejects(planSteps(EVERY_TYPE, [first, step], 'things'), (error) => {
      assert.ok(error instanceof MigrateError, String(error));
      assert.equal(error.code, 'E_CONFIG');
      assert.match(error.message, message);
      assert.match(error.message, / for things /);
      assert.ok(error.found !== undefined && error.wanted !== undefined, error.message);
      for (const [key, value] of Object.entries(more)) assert.equal(error[key as 'found'], value);
      return true;
    });
});

test('the dynamic field can be dropped, and neither renamed nor cast', async () => {
  const meta = { name: '$meta', type: 'JSON', primaryKey: false, dim: 0, dynamic: true } as const;
  const schema: Schema = { ...EVERY_TYPE, fields: [...EVERY_TYPE.fields, meta] };
  const after = await planSteps(schema, [{ kind: 'drop', fields: ['$meta'] }], 'things');
  assert.deepEqual(names(after), names(EVERY_TYPE));
  for (const step of [
    { kind: 'rename', from: '$meta', to: 'rest' },
    { kind: 'cast', field: '$meta', to: 'VarChar', onLoss: 'reject' },
  ] as const)
    await assert.rejects(planSteps(schema, [step], 'things'), /the dynamic field/);
});

test('a row whose dynamic field has a key that a step made the name of a field is refused whole', async () => {
  const meta = { name: '$meta', type: 'JSON', primaryKey: false, dim: 0, dynamic: true } as const;
  const schema: Schema = { ...EVERY_TYPE, fields: [...EVERY_TYPE.fields, meta] };
  const [row] = fc.sample(rowOfEveryType, { numRuns: 1, seed: 7 });
  const metas = [{}, { fresh: 999.5 }, { x: { fresh: 1 }, 'a.fresh': 2 }, { 'fr"esh': 1 }, { text: 1 }];
  const rows = metas.map((value) => ({ ...row!, text: 'x', flag: true, $meta: value }));
  const steps: readonly (readonly TransformStep[])[] = [
    [{ kind: 'rename', from: 'text', to: 'fresh' }],
    [{ kind: 'constant', field: 'fresh', type: 'Int64', value: 1 }],
    [
      { kind: 'rename', from: 'text', to: 'other' },
      { kind: 'rename', from: 'other', to: 'fresh' },
    ],
  ];
  for (const some of steps) {
    const { batch } = await through(some, rows, schema);
    assert.equal(batch.rows, metas.length - 1);
    assert.deepEqual(
      batch.refused!.map(({ reason }) => reason),
      ['$meta: found a key fresh, wanted no key that is the name of a field in Milvus; choose another name'],
    );
    assert.deepEqual(JSON.parse(batch.refused![0]!.row).$meta, { fresh: 999.5 });
  }
  // Gone before the end, or of no dynamic field: nothing is in the way.
  const gone: TransformStep = { kind: 'drop', fields: ['$meta'] };
  for (const some of [
    [...steps[0]!, gone],
    [...steps[1]!, { kind: 'rename', from: 'fresh', to: 'old' } as const],
  ])
    assert.equal((await through(some, rows, schema)).batch.refused, undefined);
});
