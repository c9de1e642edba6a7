/** Every fixture through the whole source against what faiss itself gives back, whatever slabs and parts there are. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { OpenStore } from '../../../src/core/contracts.ts';
import { openStore } from '../../../src/stores/index.ts';
import { type Case, difference, faissCases, faissFixtures, type Read, readIndex, truthOf } from './reading.ts';

/** A store whose reads are worth having under way together, as those of a bucket are. Stand-in for its traits alone. */
const several: OpenStore = async (config) => {
  const store = await openStore(config);
  return { ...store, traits: { ...store.traits, readsInFlight: 4 } };
};

const WAYS = {
  'in one part': {},
  'in many parts and small slabs': { hint: { partBytes: 4096 }, slabBytes: 8 * 1024 },
  'with reads ahead': { openStore: several, hint: { partBytes: 20_000 }, slabBytes: 16 * 1024 },
} as const;

const cases = faissCases();

for (const each of cases.filter(({ refused }) => !refused))
  test(`${each.name}: as faiss gives it back`, async () => {
    for (const [way, options] of Object.entries(WAYS)) {
      const found = await readIndex(join(faissFixtures(), each.file), { ...options, said: saidFor(each) });
      assertRows(found, each, way);
    }
  });

for (const each of cases.filter(({ inner }) => inner))
  test(`${each.name} --keep-transformed: the vectors of the inner index`, async () => {
    const said = { ...saidFor(each), keepTransformed: true };
    const found = await readIndex(join(faissFixtures(), each.file), { said });
    const wanted = truthOf(each.name, 'inner');
    assert.equal(found.vectors.length, wanted.vectors.length);
    assert.ok(difference(found.vectors, wanted.vectors) <= 2e-6);
    if (found.dataset.notes.length > 0)
      assert.ok(found.dataset.notes.some(({ text }) => /in the space behind/.test(text)));
  });

for (const each of cases.filter(({ refused }) => refused))
  test(`${each.name}: refused, and said why`, async () => {
    await assert.rejects(readIndex(join(faissFixtures(), each.file)), ({ code, found, hint }) => {
      assert.equal(code, 'E_FAISS_UNSUPPORTED');
      assert.ok(found && hint, 'says what and what to do');
      return true;
    });
  });

test('a sketch is refused unless it is wished for', async () => {
  const sketched = cases.filter(({ sketch }) => sketch);
  assert.ok(sketched.length > 0);
  for (const { file } of sketched)
    await assert.rejects(readIndex(join(faissFixtures(), file)), {
      code: 'E_FAISS_UNSUPPORTED',
      hint: /^((?!--allow-sketch).)*--allow-sketch((?!--allow-sketch).)*$/,
    });
});

/** Metrics that Milvus has not are chosen; the vectors have nothing to do with them. */
function saidFor({ sketch, kind, metric }: Case) {
  return { allowSketch: sketch, ...(kind === 'float' && metric > 1 ? { metric: 'L2' as const } : {}) };
}

function assertRows(found: Read, { name, d, rows, exact, kind }: Case, way: string): void {
  const wanted = truthOf(name);
  assert.equal(found.dataset.rows, rows, way);
  assert.equal(
    found.partitions.reduce((sum, partition) => sum + partition.rows, 0),
    rows,
    way,
  );
  assert.equal(new Set(found.partitions.map(({ id }) => id)).size, found.partitions.length, way);
  const order = [found, wanted].map(({ ids }) => [...ids.keys()].sort((a, b) => compare(ids[a]!, ids[b]!) || a - b));
  const width = rows === 0 ? 0 : wanted.vectors.length / rows;
  assert.deepEqual(sorted(found.ids, order[0]!), sorted(wanted.ids, order[1]!), way);
  assert.deepEqual(found.keys, found.ids, `${way}: keys alone`);
  const [ours, theirs] = [picked(found.vectors, order[0]!, width), picked(wanted.vectors, order[1]!, width)];
  assert.equal(ours.length, theirs.length, way);
  if (exact) assert.ok(Buffer.compare(ours, theirs) === 0, `${way}: bit for bit`);
  else assert.ok(difference(ours, theirs) <= 2e-6, `${way}: off by ${difference(ours, theirs)}`);
  assert.equal(found.dataset.schema.fields[1]!.dim, d);
  assert.equal(found.dataset.schema.fields[1]!.type, kind === 'binary' ? 'BinaryVector' : 'FloatVector');
  assert.ok(way !== 'in one part' || found.partitions.length <= 1);
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sorted(ids: BigInt64Array, order: readonly number[]): bigint[] {
  return order.map((row) => ids[row]!);
}

function picked(vectors: Uint8Array, order: readonly number[], width: number): Uint8Array {
  const out = new Uint8Array(order.length * width);
  for (const [to, row] of order.entries()) out.set(vectors.subarray(row * width, (row + 1) * width), to * width);
  return out;
}
