/** What a plan makes of collections and flags, and what it refuses before anything is read. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type JobChoices, jobConfig } from '../../../src/config/jobConfig.ts';
import type { Dataset, Partition, Source } from '../../../src/core/contracts.ts';
import type { MigrateError } from '../../../src/core/errors.ts';
import { buildPlan } from '../../../src/run/plan/buildPlan.ts';
import { fitSchema } from '../../../src/run/plan/fitSchema.ts';
import { plan } from '../../../src/run/planReport.ts';
import { repoRoot } from '../../root.ts';
import {
  fileRow,
  type Row,
  segmentContent,
  tableRow,
  writeSegment,
  writeSqlite,
} from '../../sources/milvus1x/build.ts';
import { temporaryFolder } from '../../temporary.ts';

/** Collections a (with partition t), b and c, of ten rows a segment. */
function makeDatabase(db: string): void {
  mkdirSync(join(db, 'tables'), { recursive: true });
  const segments = { a: '1', 77: '2', b: '3', c: '4' };
  for (const [table, segment] of Object.entries(segments))
    writeSegment(db, table, segment, segmentContent(10, 4, [], Number(segment) * 100));
  writeSqlite(join(db, 'meta.sqlite'), {
    Tables: [tableRow('a'), tableRow('77', { owner_table: 'a', partition_tag: 't' }), tableRow('b'), tableRow('c')],
    TableFiles: Object.entries(segments).map(([table, segment]) => fileRow(table, segment)),
  });
}

/** Collections of the plan with their rows. */
async function planned(options: Partial<JobChoices>): Promise<readonly (readonly [string, number])[]> {
  using folder = temporaryFolder();
  const path = join(folder.path, 'db');
  makeDatabase(path);
  const { plan: made } = await plan(
    jobConfig({ source: { kind: 'milvus1x', path }, stateDir: folder.path, ...options }),
  );
  return made.collections.map(({ target, rows }) => [target, rows] as const);
}

const merge = (...inputs: string[]) => ({ inputs: inputs.slice(1), into: inputs[0]! });

test('merges take what they name, once', async () => {
  assert.deepEqual(await planned({ merge: [merge('z', 'a/t', 'b'), merge('y', 'c', 'a/_default')] }), [
    ['z', 20],
    ['y', 20],
  ]);
  assert.deepEqual(await planned({ merge: [merge('z', 'a/t', 'b')] }), [
    ['a', 10],
    ['c', 10],
    ['z', 20],
  ]);
});

test('merges that take the same rows twice are refused, with what it is', async () => {
  for (const [merges, found] of [
    [[merge('z', 'a', 'a')], /^the default partition of a is in a \(into z\) and in a \(into z\)$/],
    [[merge('z', 'a', 'a/t')], /^a\/t is in a \(into z\) and in a\/t \(into z\)$/],
    [[merge('z', 'a/_default', 'a')], /^the default partition of a is in a\/_default \(into z\) and in a/],
    [
      [merge('z', 'a', 'b'), merge('y', 'b', 'c')],
      /^the default partition of b is in b \(into z\) and in b \(into y\)$/,
    ],
  ] as const)
    await assert.rejects(planned({ merge: merges }), (error: MigrateError) => {
      assert.equal(error.code, 'E_USAGE');
      assert.match(error.found ?? '', found);
      return true;
    });
});

test('collections that are searched otherwise are not merged; of other indexes that of the first is taken, which is said', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'db');
  mkdirSync(join(path, 'tables'), { recursive: true });
  const kinds: readonly Row[] = [
    { metric_type: 3, dimension: 32 },
    { metric_type: 6, dimension: 32 },
    { metric_type: 7, dimension: 32 },
    { engine_type: 2, index_params: '{"nlist":77}' },
    { engine_type: 11, index_params: '{"M":16,"efConstruction":300}' },
    { engine_type: 11, index_params: '{"M":16,"efConstruction":300}' },
  ];
  writeSqlite(join(path, 'meta.sqlite'), {
    Tables: kinds.map((kind, index) => tableRow('abcdef'[index]!, { id: index, ...kind })),
    TableFiles: [],
  });
  const merged = async (...inputs: string[]) => {
    const source = { kind: 'milvus1x', path } as const;
    const choices = { source, stateDir: folder.path, collections: inputs, merge: [merge('z', ...inputs)] };
    return (await plan(jobConfig(choices))).plan.collections[0]!;
  };
  for (const [first, second, found] of [
    ['a', 'b', 'a: BinaryVector 32, HAMMING; b: BinaryVector 32, SUBSTRUCTURE'],
    ['b', 'c', 'b: BinaryVector 32, SUBSTRUCTURE; c: BinaryVector 32, SUPERSTRUCTURE'],
  ] as const)
    await assert.rejects(merged(first, second), { code: 'E_CONFIG', found });
  const toldOf = ({ notes }: { notes: readonly { text: string }[] }) =>
    notes.map(({ text }) => text).filter((text) => text.startsWith('index'));
  const { index, notes } = await merged('d', 'e', 'f');
  assert.equal(index?.type, 'IVF_FLAT');
  assert.deepEqual(toldOf({ notes }), [
    'indexes differ, that of d is built: IVF_FLAT (nlist=77); e had HNSW (M=16, efConstruction=300); f had HNSW (M=16, efConstruction=300)',
  ]);
  assert.deepEqual(toldOf(await merged('e', 'f')), []);
});

test('names that were given and that Milvus does not take are refused, with what is wrong', async () => {
  const long = 'x'.repeat(256);
  for (const [choices, flag, name] of [
    [{ targetName: '123', collections: ['b'] }, '--name', '123'],
    [{ targetName: '../up', collections: ['b'] }, '--name', '../up'],
    [{ targetName: long, collections: ['b'] }, '--name', long],
    [{ idField: 'my id' }, '--id-field', 'my id'],
    [{ vectorField: 'a-b' }, '--vector-field', 'a-b'],
    [{ vectorField: '' }, '--vector-field', ''],
    [{ merge: [merge('z-1', 'a', 'b')] }, '--into', 'z-1'],
  ] as const)
    await assert.rejects(planned(choices), (error: MigrateError) => {
      assert.deepEqual([error.code, error.found], ['E_USAGE', JSON.stringify(name)]);
      assert.match(error.message, new RegExp(`^${flag} gives a name`));
      return true;
    });
  const most = 'x'.repeat(255);
  assert.deepEqual(await planned({ targetName: most, idField: '_1', vectorField: 'V', collections: ['b'] }), [
    [most, 10],
  ]);
});

test('key and vector have a name each', async () => {
  for (const [choices, found] of [
    [{ idField: 'data' }, 'id and data both become data'],
    [{ vectorField: 'id' }, 'id and data both become id'],
    [{ idField: 'x', vectorField: 'x' }, 'id and data both become x'],
  ] as const)
    await assert.rejects(planned(choices), { code: 'E_USAGE', found });
  assert.equal((await planned({ idField: 'data', vectorField: 'id', collections: ['b'] })).length, 1);
});

test('a selection of nothing is refused', () => {
  const source = { kind: 'milvus1x', path: '/db' } as const;
  for (const choices of [{ collections: [] }, { merge: [merge('z')] }])
    assert.throws(() => jobConfig({ source, ...choices }), { code: 'E_USAGE', found: 'an empty list' });
});

test("names by flags are refused for a source of one's own, whose reader gives rows by its own names", async () => {
  const module = join(repoRoot, 'fixtures/source-plugin/jsonLines.mjs');
  using folder = temporaryFolder();
  const where = join(folder.path, 'rows.jsonl');
  writeFileSync(where, '{"id":1,"vector":[1,2]}\n');
  const source = { kind: 'plugin', module, where } as const;
  const choices = { source, stateDir: folder.path };
  for (const [more, wanted] of [
    [{ idField: 'pk' }, '--rename id=pk'],
    [{ vectorField: 'vec' }, '--rename vector=vec'],
  ] as const)
    await assert.rejects(plan(jobConfig({ ...choices, ...more })), (error: MigrateError) => {
      assert.equal(error.code, 'E_USAGE');
      assert.equal(error.wanted, wanted);
      return true;
    });
  const { plan: made } = await plan(jobConfig({ ...choices, idField: 'id', vectorField: 'vector' }));
  assert.deepEqual(
    made.collections[0]!.schema.fields.map(({ name }) => name),
    ['id', 'vector', 'text'],
  );
});

test('more fields than a Milvus takes by default are spoken of', async () => {
  const facts = { product: 'Milvus', version: '2.3.5', nullable: false, documentFormat: 'parquet' } as const;
  const config = jobConfig({ source: { kind: 'plugin', module: './none.mjs', options: {} } });
  const noted = async (scalars: number): Promise<string[]> => {
    const key = { name: 'id', type: 'Int64', primaryKey: true, dim: 0 } as const;
    const vector = { name: 'vector', type: 'FloatVector', primaryKey: false, dim: 4 } as const;
    const others = Array.from({ length: scalars }, (_, at) => ({ ...key, name: `f${at}`, primaryKey: false }));
    const rest = { ...key, name: '$meta', type: 'JSON', primaryKey: false, dynamic: true } as const;
    const schema = { fields: [key, vector, ...others, rest], metric: 'L2' } as const;
    const dataset = { name: 'wide', schema, ownNames: true } as unknown as Dataset;
    return (await fitSchema(dataset, config, facts)).notes.map(({ text }) => text);
  };
  assert.deepEqual(await noted(62), []);
  assert.match((await noted(63)).join(), /^65 fields: a Milvus takes 64 unless its proxy\.maxFieldNum/);
});

test('thousands of collections have fewer samples each: all of them are held in memory', async () => {
  const config = jobConfig({ source: { kind: 'milvus1x', path: '/db' } });
  const key = { name: 'id', type: 'Int64', primaryKey: true, dim: 0 } as const;
  const vector = { name: 'vector', type: 'FloatVector', primaryKey: false, dim: 4 } as const;
  const source = {
    async *plan({ name }: Dataset): AsyncGenerator<Partition> {
      for (const part of [1, 2])
        yield {
          id: `${name}.${part}`,
          dataset: name,
          milvusPartition: '',
          rows: 5000,
          deleted: 0,
          bytes: 0,
          detail: null,
        };
    },
  } as unknown as Source;
  const samplesOf = async (count: number): Promise<readonly number[]> => {
    const datasets = Array.from({ length: count }, (_, at): Dataset => {
      const schema = { fields: [key, vector], metric: 'L2' } as const;
      const counts = { rows: 10_000, rowsExact: true, deleted: 0, bytes: 0 };
      const rest = { preferredMetric: undefined, index: undefined, notes: [], skipped: [], fingerprint: {} };
      return { name: `c${at}`, schema, milvusPartitions: [''], ...counts, ...rest };
    });
    const { partitions } = await buildPlan(config, source, { datasets, facts: undefined });
    return partitions.map(({ samples }) => samples);
  };
  const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0);
  assert.deepEqual(await samplesOf(1), [500, 500]);
  assert.equal(sum(await samplesOf(500)), 500_000);
  assert.equal(sum(await samplesOf(5000)), 500_000);
});
