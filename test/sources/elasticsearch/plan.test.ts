/** Ranges of `_seq_no`: all documents once, as even as the stretches allow, the same ones each time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutSpread, rowsPerPart } from '../../../src/sources/elasticsearch/plan.ts';

const spreads = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 50 }), rows: fc.integer({ min: 1, max: 50 }) }), { maxLength: 60 })
  .map((steps) => {
    let at = 0;
    return steps.map(({ gap, rows }) => {
      at += gap;
      return { from: at, rows };
    });
  });

test('ranges follow one another without gaps and hold every stretch once', () => {
  fc.assert(
    fc.property(spreads, fc.integer({ min: 1, max: 200 }), (spread, target) => {
      const end = (spread.at(-1)?.from ?? 0) + 10;
      const ranges = [...cutSpread(spread, { first: 0, end, target })];
      if (spread.length === 0) {
        assert.deepEqual(ranges, []);
        return;
      }
      assert.equal(ranges[0]!.from, 0);
      assert.equal(ranges.at(-1)!.to, end);
      for (const [index, { from, to, rows }] of ranges.entries()) {
        if (index > 0) assert.equal(from, ranges[index - 1]!.to);
        assert.ok(from < to);
        const inside = spread.filter((stretch) => stretch.from >= from && stretch.from < to);
        assert.equal(
          inside.reduce((sum, stretch) => sum + stretch.rows, 0),
          rows,
        );
        // More than asked for only where one stretch alone has more.
        assert.ok(rows <= target || inside.length === 1);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('even stretches make even ranges', () => {
  const spread = Array.from({ length: 1_000 }, (_, index) => ({ from: index * 10, rows: 10 }));
  const rows = [...cutSpread(spread, { first: 0, end: 10_000, target: 3_000 })].map((range) => range.rows);
  assert.deepEqual(rows, [2_500, 2_500, 2_500, 2_500]);
});

test('a part has the bytes that are asked for, and all threads have work where there is enough', () => {
  assert.equal(rowsPerPart(1_000_000, 1_000, { partBytes: 100e6 }), 100_000);
  assert.equal(rowsPerPart(1_000, 1_000, { partBytes: 512e6, threads: 8 }), 512_000);
  assert.equal(rowsPerPart(1_000_000, 1_000, { partBytes: 512e6, threads: 8 }), 125_000);
  assert.equal(rowsPerPart(10, 1e9, { partBytes: 512e6 }), 1);
});
