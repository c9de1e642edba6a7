/** The Milvus target against a real Milvus 2.3.5, at `TEST_MILVUS` (host:port), which must see this machine's files. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Batch } from '../../src/core/batch.ts';
import type { CollectionSpec, ImportTask, Target } from '../../src/core/contracts.ts';
import { MigrateError } from '../../src/core/errors.ts';
import type { Schema } from '../../src/core/schema.ts';
import { npyHeader } from '../../src/formats/npy.ts';
import { openTarget } from '../../src/targets/index.ts';
import { until } from '../../src/targets/milvus/poll.ts';
import { batchOf, binarySchema, floatSchema, HIGHEST, LOWEST, vectorAt } from './batches.ts';

const RUN = `t${process.pid}_`;
const ANYONE = { user: undefined, password: undefined, token: undefined, database: undefined };

let target: Target;
let folder: string;

before(async () => {
  target = await openTarget('milvus', { endpoint: address(), ...ANYONE });
  folder = await mkdtemp(join(tmpdir(), 'milvus-target-'));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
  await target[Symbol.asyncDispose]();
});

function address(): string {
  const value = process.env.TEST_MILVUS;
  if (!value) throw new Error('TEST_MILVUS is not set: start a Milvus 2.3.5 and give its host:port, or run `npm test`');
  return value;
}

function spec(name: string, schema: Schema): CollectionSpec {
  const rest = { description: 'test', dynamicField: false, shards: undefined, consistencyLevel: undefined };
  return { name: RUN + name, schema, ...rest };
}

/** A new collection for one test, dropped after it. */
async function withCollection(name: string, schema: Schema, use: (collection: string) => Promise<void>) {
  const made = await target.create(spec(name, schema));
  try {
    await use(made.name);
  } finally {
    const still = await target.describe(made.name);
    if (still) await target.drop(made.name, still.id);
  }
}

const isError = (code: string, said?: RegExp) => (error: unknown) =>
  error instanceof MigrateError && error.code === code && (said === undefined || said.test(error.found ?? ''));

const EDGE_KEYS = [LOWEST, LOWEST + 1n, -1n, 0n, 127n, 128n, 2n ** 32n, 2n ** 53n + 1n, HIGHEST - 1n, HIGHEST];

async function roundTrip(name: string, schema: Schema, indexType: string) {
  await withCollection(name, schema, async (collection) => {
    await target.createMilvusPartition(collection, 'eu');
    await target.createMilvusPartition(collection, 'eu');
    const ids = [...EDGE_KEYS, ...Array.from({ length: 2_000 }, (_, row) => BigInt(row) * 3_037_000_499n + 7n)];
    const batch = batchOf(schema, ids);
    assert.deepEqual(await target.insert(collection, 'eu', schema, batch, 'insert'), { kind: 'done' });
    await target.flush(collection);
    await target.createIndex(collection, 'data', { type: indexType, params: {} }, schema.metric);
    await target.createIndex(collection, 'data', { type: indexType, params: {} }, schema.metric);
    await target.load(collection);

    const rows = BigInt(ids.length);
    assert.equal(await target.count(collection), rows);
    assert.equal(await target.count(collection, 'eu'), rows);
    assert.equal(await target.count(collection, '_default'), 0n);
    assert.equal(await target.statistics(collection, 'eu'), ids.length);
    assert.equal(await target.countKeys(collection, 'id', [...ids, 0n, 5n]), rows);
    for (const key of EDGE_KEYS) assert.equal(await target.countKeys(collection, 'id', [key], 'eu'), 1n, `${key}`);

    const read = await target.rows(collection, schema, [...ids, 5n]);
    const found = ids.filter(
      (id, row) => Buffer.compare(read.get(String(id))?.[0] ?? new Uint8Array(), vectorAt(batch, row)) === 0,
    );
    // The one key that 2.3.5 counts and does not return.
    assert.deepEqual(
      found,
      ids.filter((id) => id !== HIGHEST),
    );
    assert.equal(read.size, found.length);

    for (let round = 0; round < 2; round++) {
      assert.deepEqual(await target.insert(collection, 'eu', schema, batch, 'upsert'), { kind: 'done' });
    }
    assert.equal(await target.count(collection), rows);

    const facts = await target.describe(collection);
    assert.ok(facts);
    assert.deepEqual(facts.indexes, [{ field: 'data', type: indexType, metric: schema.metric }]);
    assert.deepEqual([facts.loaded, facts.milvusPartitions], [true, ['_default', 'eu']]);
    const dim = schema.fields[1]!.dim;
    assert.deepEqual(
      facts.fields.map((field) => [field.name, field.primaryKey, field.dim]),
      [
        ['id', true, 0],
        ['data', false, dim],
      ],
    );

    // A rename keeps what it is.
    await target.rename(collection, `${collection}_new`);
    assert.deepEqual(await target.describe(`${collection}_new`), { ...facts, name: `${collection}_new` });
    assert.equal(await target.describe(collection), undefined);
    await target.rename(`${collection}_new`, collection);

    await target.release(collection);
    assert.equal((await target.describe(collection))?.loaded, false);
    await assert.rejects(target.count(collection), isError('E_TARGET', /not loaded/));
  });
}

test('float vectors and all keys come back bit for bit', () => roundTrip('float', floatSchema(128), 'FLAT'));

test('binary vectors come back bit for bit', () => roundTrip('binary', binarySchema(256), 'BIN_FLAT'));

test('what the server is', async () => {
  const facts = await target.facts();
  assert.deepEqual(
    [facts.product, facts.version, facts.bulkInsert, facts.maxDim, facts.maxPartitions, facts.database],
    ['Milvus', '2.3.5', true, 32_768, 4_096, 'default'],
  );
  assert.equal(facts.address, address());
});

test('what is not there is undefined, and what cannot be is refused', async () => {
  assert.equal(await target.describe(`${RUN}nothing`), undefined);
  assert.equal(await target.importTask('12345'), undefined);
  await target.drop(`${RUN}nothing`, '1');
  await assert.rejects(target.create(spec('bad-name', floatSchema(8))), isError('E_TARGET_SCHEMA', /bad-name/));
  await assert.rejects(target.create(spec('wide', floatSchema(40_000))), isError('E_TARGET_SCHEMA', /40000/));
});

test('a collection of another schema, of another id, and an index of an unknown metric are refused', async () => {
  await withCollection('guarded', binarySchema(64), async (collection) => {
    await assert.rejects(target.create(spec('guarded', floatSchema(8))), isError('E_TARGET_SCHEMA', /duplicate/));
    await assert.rejects(target.drop(collection, '1'), isError('E_COLLECTION_REPLACED'));
    const flat = { type: 'BIN_FLAT', params: {} };
    await assert.rejects(target.createIndex(collection, 'data', flat, 'L2'), isError('E_TARGET', /metric/));
    // 2.3.5 takes it for BIN_FLAT, and for no other index.
    const lists = { type: 'BIN_IVF_FLAT', params: { nlist: 4 } };
    await assert.rejects(target.createIndex(collection, 'data', lists, 'SUBSTRUCTURE'), isError('E_TARGET', /metric/));
    await target.createIndex(collection, 'data', flat, 'SUBSTRUCTURE');
  });
});

test('a batch over the limit of a message is refused, and a smaller one would do', async () => {
  const schema = floatSchema(1_024);
  await withCollection('large', schema, async (collection) => {
    const batch = batchOf(
      schema,
      Array.from({ length: 17_000 }, (_, row) => BigInt(row)),
    );
    const outcome = await target.insert(collection, '_default', schema, batch, 'insert');
    assert.equal(outcome.kind === 'refused' && outcome.smaller, true);
    await target.createIndex(collection, 'data', { type: 'FLAT', params: {} }, 'L2');
    await target.load(collection);
    assert.equal(await target.count(collection), 0n);
  });
});

/** The batch as the files of an import. */
async function stage(name: string, schema: Schema, batch: Batch): Promise<string[]> {
  const dim = schema.fields[1]!.dim;
  const dir = await mkdtemp(join(folder, name));
  const files = [join(dir, 'id.npy'), join(dir, 'data.npy')];
  await writeFile(files[0]!, [npyHeader({ type: '<i8', shape: [batch.rows] }), batch.columns[0]!.bytes]);
  await writeFile(files[1]!, [npyHeader({ type: '<f4', shape: [batch.rows, dim] }), batch.columns[1]!.bytes]);
  return files;
}

test('an import: submitted, found by its files, complete; a loaded collection shows it after a load', async () => {
  const schema = floatSchema(16);
  await withCollection('import', schema, async (collection) => {
    await target.createMilvusPartition(collection, 'eu');
    await target.createIndex(collection, 'data', { type: 'FLAT', params: {} }, 'L2');
    await target.load(collection);
    const batch = batchOf(
      schema,
      Array.from({ length: 1_000 }, (_, row) => BigInt(row)),
    );
    const files = await stage('good', schema, batch);
    const id = await target.submitImport(collection, 'eu', files);
    const listed = (await target.listImports(collection)).filter((task) => task.files.includes(files[0]!));
    assert.deepEqual(
      listed.map((task) => task.id),
      [id],
    );

    const done = await finished(id);
    assert.deepEqual([done.state, done.rows, done.files, done.percent], ['completed', 1_000, files, 100]);
    await target.load(collection);
    assert.equal(await target.count(collection, 'eu'), 1_000n);
    const read = await target.rows(collection, schema, [999n], 'eu');
    assert.deepEqual(Uint8Array.from(read.get('999')![0]!), vectorAt(batch, 999));

    const unseen = await finished(
      await target.submitImport(collection, '_default', ['/nowhere/id.npy', '/nowhere/data.npy']),
    );
    assert.equal(unseen.state, 'failed');
    assert.match(unseen.reason, /no such file/);
    await assert.rejects(target.submitImport(collection, '_default', ['/a,b/id.npy']), isError('E_STAGING'));
  });
});

function finished(id: string): Promise<ImportTask> {
  const ask = async () => {
    const task = await target.importTask(id);
    assert.ok(task);
    return task.state === 'completed' || task.state === 'failed' ? task : undefined;
  };
  return until('the import', ask, AbortSignal.timeout(120_000));
}

test('a database is made when asked for, and not before', async () => {
  const database = `${RUN}db`;
  await using other = await openTarget('milvus', { endpoint: `http://${address()}/`, ...ANYONE, database });
  assert.equal(await other.describe('c'), undefined);
  await assert.rejects(other.create({ ...spec('c', floatSchema(8)), name: 'c' }), MigrateError);
  await other.createDatabaseIfAbsent();
  await other.createDatabaseIfAbsent();
  const made = await other.create({ ...spec('c', floatSchema(8)), name: 'c' });
  assert.equal(await target.describe('c'), undefined);
  await other.drop('c', made.id);
});

test('a wait ends when the signal comes', async () => {
  const controller = new AbortController();
  await using other = await openTarget('milvus', { endpoint: address(), ...ANYONE }, { signal: controller.signal });
  controller.abort();
  await assert.rejects(other.describe('c'), isError('E_INTERRUPTED'));
});
