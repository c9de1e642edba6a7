/** A source of the user's own: the example of fixtures/, what is checked of any, and the helper that makes batches. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import type { Batch, RefusedRow } from '../../src/core/batch.ts';
import type { Dataset, Json, OpenStore, Partition, ReaderConfig } from '../../src/core/contracts.ts';
import { MigrateError } from '../../src/core/errors.ts';
import type { Schema } from '../../src/core/schema.ts';
import { allocateRing, openRing } from '../../src/run/threads/slabs.ts';
import { openReader, openSource } from '../../src/sources/index.ts';
import { batchesOf } from '../../src/sources/plugin/batches.ts';
import { EVERY_TYPE, type Row, rowOfEveryType } from '../encoders/rows.ts';
import { repoRoot } from '../root.ts';
import { temporaryFolder } from '../temporary.ts';
import { rowsOf } from '../transforms/readBack.ts';

const temporary = temporaryFolder();
after(() => temporary[Symbol.dispose]());
const example = join(repoRoot, 'fixtures/source-plugin/jsonLines.mjs');
const openStore: OpenStore = async () => {
  throw new Error('no store is needed');
};
const ring = (bytes = 1 << 16) => openRing(allocateRing({ slabBytes: bytes, slabs: 2 }));

async function planned(module: string, where: string | undefined, options: Json = {}) {
  const config = { kind: 'plugin', store: undefined, module, options, where } as const;
  await using source = await openSource(config, { openStore });
  const [dataset] = await source.datasets();
  assert.ok(dataset !== undefined);
  const partitions: Partition[] = [];
  for await (const partition of source.plan(dataset, { partBytes: 1e6 })) partitions.push(partition);
  return { source, dataset, partitions, reader: source.reader };
}

interface Read {
  readonly rows: Record<string, unknown>[];
  readonly refused: RefusedRow[];
  readonly read: number;
  readonly dropped: number;
}

async function readAll(
  { reader, dataset, partitions }: { reader: ReaderConfig; dataset: Dataset; partitions: readonly Partition[] },
  slabBytes?: number,
): Promise<Read> {
  // As a worker does: from plain JSON.
  await using opened = await openReader(JSON.parse(JSON.stringify(reader)), openStore);
  const all: Read[] = [];
  for (const partition of partitions) {
    const got = await drain(opened.read(partition, dataset.schema, ring(slabBytes)), dataset.schema);
    assert.equal(got.read, partition.rows, partition.id);
    all.push(got);
    const keys: bigint[] = [];
    for await (const batch of opened.readKeys(partition, dataset.schema, ring(), 'exactly'))
      keys.push(...(batch.keys as BigInt64Array));
    const ids = got.rows.map(({ id }) => id);
    if (got.refused.length === 0) assert.deepEqual(keys, ids);
    else assert.ok(ids.every((id) => keys.includes(id as bigint)));
  }
  return {
    rows: all.flatMap(({ rows }) => rows),
    refused: all.flatMap(({ refused }) => refused),
    read: all.reduce((sum, { read }) => sum + read, 0),
    dropped: 0,
  };
}

async function drain(batches: AsyncIterable<Batch>, schema: Schema): Promise<Read> {
  const rows: Record<string, unknown>[] = [];
  const refused: RefusedRow[] = [];
  let [read, dropped] = [0, 0];
  for await (const batch of batches) {
    rows.push(...rowsOf(schema, batch));
    refused.push(...(batch.refused ?? []));
    read += batch.read;
    dropped += batch.dropped;
  }
  return { rows, refused, read, dropped };
}

test('the example: its partitions cover each row once, and reading twice gives the same', async () => {
  const file = join(temporary.path, 'rows.jsonl');
  const vector = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 3, maxLength: 3 });
  const text = fc.option(fc.string({ unit: 'grapheme', maxLength: 20 }), { nil: undefined });
  const rowsArbitrary = fc.array(fc.record({ vector, text }), { minLength: 1, maxLength: 60 });
  const form = fc.record({
    end: fc.constantFrom('\n', '\r\n', '\n\n'),
    last: fc.boolean(),
    rowsPerPartition: fc.integer({ min: 1, max: 70 }),
  });
  await fc.assert(
    fc.asyncProperty(rowsArbitrary, form, async (given, { end, last, rowsPerPartition }) => {
      const rows = given.map((row, id) => ({
        id,
        ...row,
        text: row.text === undefined ? undefined : `${row.text}\u2028`,
      }));
      writeFileSync(file, rows.map((row) => JSON.stringify(row)).join(end) + (last ? end : ''));
      const plan = await planned(example, file, { rowsPerPartition });
      assert.equal(plan.dataset.rows, rows.length);
      assert.equal(plan.partitions.length, Math.ceil(rows.length / rowsPerPartition));
      assert.equal(
        plan.partitions.reduce((sum, partition) => sum + partition.rows, 0),
        rows.length,
      );
      const once = await readAll(plan);
      // JSON has no −0.
      const want = rows.map(({ id, vector, text = null }) => ({
        id: BigInt(id),
        vector: vector.map((value) => value + 0),
        text,
      }));
      assert.deepEqual(once.rows, want);
      // Slabs of another size: batches end elsewhere, the rows are the same.
      assert.deepEqual(await readAll(await planned(example, file, { rowsPerPartition }), 4096), once);
      const again = await planned(example, file, { rowsPerPartition });
      assert.deepEqual(again.partitions, plan.partitions);
    }),
    { numRuns: 40 },
  );
});

test('the example: rows that can not be are refused whole, with the reason', async () => {
  const file = join(temporary.path, 'bad.jsonl');
  const good = { id: 1, vector: [1, 2], text: 'a' };
  const bad = [
    { ...good, id: 2 ** 53 },
    { ...good, id: 'x' },
    { ...good, vector: [1] },
    { ...good, vector: [1, 'two'] },
    { ...good, vector: [1, 1e39] },
    { ...good, text: 5 },
    { ...good, text: 'ü'.repeat(501) },
    { vector: [1, 2] },
  ];
  writeFileSync(file, [good, ...bad, { ...good, id: 2 }].map((row) => JSON.stringify(row)).join('\n'));
  const { rows, refused } = await readAll(await planned(example, file));
  assert.deepEqual(
    rows.map(({ id }) => id),
    [1n, 2n],
  );
  assert.deepEqual(
    refused.map(({ reason }) => reason.replace(/ü+…/, 'ü…')),
    [
      'id: found 9007199254740992, wanted a whole number of 64 bits: a bigint, or a number within 2^53',
      'id: found "x", wanted a whole number of 64 bits: a bigint, or a number within 2^53',
      'vector: found "1 values", wanted 2 values',
      'vector: found "two", wanted a number within a float32',
      'vector: found 1e+39, wanted a number within a float32',
      'text: found 5, wanted a text',
      'text: found "ü…, wanted text of at most 1000 bytes of UTF-8',
      'id: found nothing, wanted a value: every row has a Int64',
    ],
  );
  for (const [at, { row }] of refused.entries()) assert.deepEqual(JSON.parse(row), JSON.parse(JSON.stringify(bad[at])));
});

test('rows of every type as batches, in slabs of any size, and dropped ones left out', async () => {
  const plain = (row: Row): Row => ({ ...row, vector: Float32Array.from(row.vector as number[]) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(rowOfEveryType, { maxLength: 30 }),
      fc.integer({ min: 2048, max: 20_000 }),
      fc.func(fc.boolean()),
      async (rows, slabBytes, drops) => {
        const gone = [...rows.keys()].filter((row) => drops(row));
        const dropped = { ordinals: () => gone.values() };
        const options = { schema: EVERY_TYPE, slabs: ring(slabBytes), dropped, origin: 'test' };
        const got = await drain(batchesOf(rows.map(plain), options), EVERY_TYPE);
        const want = rows
          .filter((_, row) => !gone.includes(row))
          .map((row) => ({
            ...row,
            tiny: BigInt(row.tiny as number),
            small: BigInt(row.small as number),
            whole: row.whole === null ? null : BigInt(row.whole as number),
            tags: row.tags === null ? null : JSON.stringify(row.tags),
            longs: `[${(row.longs as bigint[]).join(',')}]`,
            meta: JSON.stringify(row.meta),
          }));
        assert.deepEqual(got.refused, []);
        assert.deepEqual(got.rows, want);
        assert.equal(got.dropped, gone.length);
        assert.equal(got.read, rows.length);
      },
    ),
    { numRuns: 60 },
  );
});

test('a row that no slab takes is refused', async () => {
  const [row] = fc.sample(rowOfEveryType, { numRuns: 1, seed: 1 });
  const long = { ...row!, meta: { long: 'x'.repeat(5000) } };
  const options = { schema: EVERY_TYPE, slabs: ring(4096), dropped: undefined, origin: 'test' };
  const { rows, refused } = await drain(batchesOf([row!, long, row!], options), EVERY_TYPE);
  assert.equal(rows.length, 2);
  assert.match(refused[0]!.reason, /wanted a row of at most 4096 bytes in all/);
});

let modules = 0;
function moduleOf(text: string): string {
  const path = join(temporary.path, `source${modules++}.mjs`);
  writeFileSync(path, text);
  return path;
}

/** A source of one row, with parts replaced. */
function sourceOf(parts: Partial<Record<'dataset' | 'plan' | 'read' | 'source', string>>): string {
  const more = parts.read?.includes('own.text')
    ? `, { name: 'flag', type: 'Bool' }, { name: 'text', type: 'VarChar', maxLength: 2 }`
    : '';
  const fields = `[{ name: 'id', type: 'Int64', primaryKey: true }, { name: 'v', type: 'FloatVector', dim: 1 }${more}]`;
  return moduleOf(`
    export const openSource = () => (${
      parts.source ??
      `{
      title: 't', locator: 'l',
      datasets: () => [{ name: 'd', rows: 1, bytes: 12, schema: { fields: ${fields} }, ${parts.dataset ?? ''} }],
      async *plan() { ${parts.plan ?? `yield { id: 'a', rows: 1, bytes: 12 };`} },
    }`
    });
    export const openReader = (detail, context) => ({
      async *read(partition, schema, slabs, dropped) { ${parts.read ?? `yield* context.batches([{ id: 1n, v: [1] }], { schema, slabs, dropped, origin: 'o' });`} },
      readKeys: (partition, schema) => context.keys([{ id: 1n }], schema),
    });`);
}

test('what goes without saying may be left out', async () => {
  const plan = await planned(pathToFileURL(sourceOf({})).href, undefined);
  assert.deepEqual(plan.dataset.schema, {
    metric: 'L2',
    fields: [
      { name: 'id', type: 'Int64', primaryKey: true, dim: 0 },
      { name: 'v', type: 'FloatVector', primaryKey: false, dim: 1 },
    ],
  });
  assert.deepEqual(plan.partitions, [
    { id: 'a', dataset: 'd', milvusPartition: '', rows: 1, deleted: 0, bytes: 12, detail: null },
  ]);
  assert.deepEqual((await readAll(plan)).rows, [{ id: 1n, v: [1] }]);
});

test('the collections that the user chose are taken, and no others', async () => {
  const fields = `[{ name: 'id', type: 'VarChar', primaryKey: true }, { name: 'v', type: 'BinaryVector', dim: 8 }]`;
  const module = sourceOf({
    source: `{ title: 't', locator: 'l', async *plan() {},
      datasets: async () => ['a', 'b', 'c'].map((name) => ({ name, rows: 0, bytes: 0, schema: { fields: ${fields} } })) }`,
  });
  const config = { kind: 'plugin', store: undefined, module, options: null, where: undefined } as const;
  const names = async (collections: readonly string[]): Promise<readonly string[]> => {
    await using source = await openSource(config, { openStore, collections });
    return (await source.datasets()).map(({ name }) => name);
  };
  assert.deepEqual(await names(['c', 'a']), ['a', 'c']);
  await assert.rejects(names(['d']), (error) => error instanceof MigrateError && error.code === 'E_UNKNOWN_COLLECTION');
});

test('partitions of two datasets must not have the same id: by it a job knows what is done', async () => {
  const fields = `[{ name: 'id', type: 'Int64', primaryKey: true }, { name: 'v', type: 'BinaryVector', dim: 8 }]`;
  const module = sourceOf({
    source: `{ title: 't', locator: 'l', async *plan() { yield { id: 'all', rows: 0, bytes: 0 }; },
      datasets: async () => ['a', 'b'].map((name) => ({ name, rows: 0, bytes: 0, schema: { fields: ${fields} } })) }`,
  });
  const config = { kind: 'plugin', store: undefined, module, options: null, where: undefined } as const;
  await using source = await openSource(config, { openStore, collections: undefined });
  const [a, b] = await source.datasets();
  const planOf = async (dataset: Dataset): Promise<void> => {
    for await (const _ of source.plan(dataset, { partBytes: 1 }));
  };
  await planOf(a!);
  await planOf(a!);
  await assert.rejects(planOf(b!), { code: 'E_CONFIG', found: 'all, in a and in b' });
});

/** Module, code and text of the error of planning or reading. */
const WRONG: readonly (readonly [() => string, string, RegExp])[] = [
  [() => moduleOf('export const openSource = 1;'), 'E_CONFIG', /does not export openSource.*exports openSource/],
  [
    () => moduleOf('export const openSource = () => 1;'),
    'E_CONFIG',
    /does not export openReader.*export async function openReader/,
  ],
  [() => join(temporary.path, 'nosuch.mjs'), 'E_CONFIG', /there is no such module/],
  [() => sourceOf({ source: '{ title: "t" }' }), 'E_CONFIG', /openSource gives is not whole.*datasets, plan/],
  [() => sourceOf({ source: '{ datasets() {}, plan() {}, title: "t" }' }), 'E_CONFIG', /source\.locator is no text/],
  [() => sourceOf({ source: '(() => { throw new Error("no way") })()' }), 'E_READ', /openSource.*no way/],
  [() => sourceOf({ dataset: 'rows: -1' }), 'E_CONFIG', /rows of dataset d is no count/],
  [() => sourceOf({ dataset: 'schema: { fields: [] }' }), 'E_CONFIG', /schema of dataset d has not one primary key/],
  [() => sourceOf({ plan: `yield { id: 'a b', rows: 1, bytes: 1 };` }), 'E_CONFIG', /a partition has no id/],
  [
    () => sourceOf({ plan: `yield { id: 'a', rows: 1, bytes: 1 }; yield { id: 'a', rows: 0, bytes: 1 };` }),
    'E_CONFIG',
    /the same id/,
  ],
  [
    () => sourceOf({ plan: `yield { id: 'a', rows: 1, bytes: 1, milvusPartition: 'p' };` }),
    'E_CONFIG',
    /belongs to no partition/,
  ],
  [() => sourceOf({ plan: `throw new Error('cut');` }), 'E_READ', /plan of a source.*cut/],
  [() => sourceOf({ read: `throw new Error('torn');` }), 'E_READ', /reading of a source.*torn/],
  [
    () => sourceOf({ read: `yield { rows: 1, read: 1, deleted: 0, dropped: 0, columns: [], origin: '' };` }),
    'E_CONFIG',
    /gave a batch that is none.*columns id, v/,
  ],
  [
    () =>
      sourceOf({
        read: `for await (const batch of context.batches([{ id: 1n, v: [1] }], { schema, slabs, dropped, origin: 'o' })) yield { ...batch, read: 2 };`,
      }),
    'E_CONFIG',
    /rows = read - deleted/,
  ],
  [
    () => sourceOf({ plan: `yield { id: 'a', rows: 2, bytes: 1 };` }),
    'E_READ',
    /another number of rows.*1 rows.*2 rows/,
  ],
  [() => sourceOf({ read: batchWith('text: [0xff], flag: [0]') }), 'E_CONFIG', /text: bytes that are no UTF-8/],
  [
    () => sourceOf({ read: batchWith('text: [0xc3, 0xa4], flag: [0, 1]', 2) }),
    'E_CONFIG',
    /text: a text that begins within a character, at row 1/,
  ],
  [
    () => sourceOf({ read: batchWith('text: [65, 66, 67], flag: [0]') }),
    'E_CONFIG',
    /text: a text of 3 bytes, at row 0/,
  ],
  [() => sourceOf({ read: batchWith('text: [65], flag: [2]') }), 'E_CONFIG', /flag: a byte 2.*0 or 1/],
];

/** Reads one batch with these bytes, made without the helper; each row has as many of the text's. */
function batchWith(bytes: string, rows = 1): string {
  return `
    const own = { ${bytes} };
    const plain = { id: new Uint8Array(8 * ${rows}), v: new Uint8Array(4 * ${rows}), flag: Uint8Array.from(own.flag) };
    const columns = schema.fields.map(({ name }) => name === 'text'
      ? { field: name, rowBytes: 0, bytes: Uint8Array.from(own.text),
          offsets: Uint32Array.from({ length: ${rows} + 1 }, (_, row) => (row * own.text.length) / ${rows}) }
      : { field: name, rowBytes: plain[name].length / ${rows}, bytes: plain[name] });
    yield { rows: ${rows}, read: ${rows}, deleted: 0, dropped: 0, columns, origin: '' };`;
}

test('a source that is wrong is an error that names the module', async () => {
  for (const [make, code, said] of WRONG) {
    const module = make();
    await assert.rejects(
      async () => readAll(await planned(module, undefined)),
      (error) => {
        assert.ok(error instanceof MigrateError, String(error));
        assert.equal(error.code, code, error.message);
        assert.ok([module, pathToFileURL(module).href].includes(String(error.at.file)), error.message);
        assert.match(`${error.message} | ${error.found} | ${error.wanted}`, said);
        return true;
      },
    );
  }
});
