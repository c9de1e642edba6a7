/** Which rows are recorded to be compared: so many, from the first to the last, however many come in the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../../src/core/batch.ts';
import type { Schema } from '../../../src/core/schema.ts';
import { createSampler, type Sampling } from '../../../src/run/read/sampler.ts';

const schema: Schema = {
  fields: [
    { name: 'id', type: 'Int64', primaryKey: true, dim: 0 },
    { name: 'n', type: 'Int32', primaryKey: false, dim: 0 },
  ],
  metric: 'L2',
};

/** Keys that are recorded of the rows 0 … rows − 1, which come in batches of so many. */
function sampled(rows: number, perBatch: number, sampling: Sampling): number[] {
  const sampler = createSampler(schema, sampling);
  for (let first = 0; first < rows; first += perBatch) {
    const count = Math.min(perBatch, rows - first);
    const ids = BigInt64Array.from({ length: count }, (_, row) => BigInt(first + row));
    const columns = [
      { field: 'id', rowBytes: 8, bytes: new Uint8Array(ids.buffer) },
      { field: 'n', rowBytes: 4, bytes: new Uint8Array(count * 4) },
    ];
    sampler.take({ rows: count, columns, read: count, deleted: 0, dropped: 0, origin: '' } as Batch);
  }
  return sampler.samples().map(({ key }) => Number(key));
}

for (const mayBeFewer of [false, true])
  test(`as many rows as are planned${mayBeFewer ? ', where fewer may come' : ''}: as many as wanted, spread evenly`, () => {
    for (const [rows, wanted] of [
      [1, 1],
      [7, 1],
      [10, 10],
      [999, 20],
      [1000, 20],
      [5000, 100],
    ] as const)
      for (const perBatch of [1, 3, 64, 5000]) {
        const keys = sampled(rows, perBatch, { expected: rows, wanted, mayBeFewer });
        assert.equal(keys.length, wanted);
        assert.equal(new Set(keys).size, wanted);
        assert.equal(keys[0], 0);
        if (wanted > 1) assert.equal(keys.at(-1), rows - 1);
        const gaps = keys.slice(1).map((key, index) => key - keys[index]!);
        assert.ok(Math.max(0, ...gaps) <= (3 * rows) / wanted, `${rows} ${wanted} ${perBatch}: ${gaps}`);
      }
  });

test('far fewer rows than are planned: still as many of them as are wanted', () => {
  const planned = { expected: 1_000_000, wanted: 100 };
  assert.equal(sampled(500, 64, { ...planned, mayBeFewer: true }).length, 100);
  assert.equal(sampled(80, 64, { ...planned, mayBeFewer: true }).length, 80);
  assert.deepEqual(sampled(0, 64, { ...planned, mayBeFewer: true }), []);
  assert.deepEqual(sampled(9, 64, { expected: 0, wanted: 0, mayBeFewer: true }), []);
});
