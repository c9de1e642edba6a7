/** Ranges of any storage: each row once, in order, at block borders, as large as asked for; and the steps in them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RangeDetail } from '../../../src/sources/faiss/detail.ts';
import { cutRanges, rangeId } from '../../../src/sources/faiss/plan.ts';
import { type StorageShape, storedRows } from '../../../src/sources/faiss/shape.ts';
import { stepsOf } from '../../../src/sources/faiss/steps.ts';

/** Lists one behind the other, each filled up to whole blocks. */
function shapeOf(lists: readonly number[], { blockRows, blockBytes }: { blockRows: number; blockBytes: number }) {
  const starts = [0];
  for (const rows of lists) starts.push(starts.at(-1)! + Math.ceil(rows / blockRows) * blockBytes);
  const shape: StorageShape = {
    entries: lists.length,
    rowsOf: (entry) => lists[entry]!,
    numberOf: (entry) => entry,
    codesAt: (entry) => starts[entry]!,
    idsAt: () => Number.NaN,
    blockRows,
    blockBytes,
  };
  return shape;
}

const block = fc.record({
  blockRows: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
  blockBytes: fc.integer({ min: 1, max: 500 }),
});
const lists = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90 })), { maxLength: 30 });
const hint = fc.record({ partBytes: fc.integer({ min: 1, max: 4000 }), threads: fc.integer({ min: 1, max: 8 }) });

/** (entry, row) of every row of a range. */
function* rowsOf({ fromEntry, fromRow, toEntry, toRow }: RangeDetail, shape: StorageShape): Generator<string> {
  for (let entry = fromEntry; entry < shape.entries && entry <= toEntry; entry++) {
    const end = entry === toEntry ? toRow : shape.rowsOf(entry);
    for (let row = entry === fromEntry ? fromRow : 0; row < end; row++) yield `${entry} ${row}`;
  }
}

const allRows = (shape: StorageShape): string[] => [
  ...rowsOf({ fromEntry: 0, fromRow: 0, toEntry: shape.entries, toRow: 0, stored: 0 }, shape),
];

describe('plan', () => {
  test('ranges cover each row once, in order, under names of their own; cuts are at block borders', () => {
    fc.assert(
      fc.property(lists, block, hint, fc.integer({ min: 1, max: 400 }), (rows, blocks, hinted, rowBytes) => {
        const shape = shapeOf(rows, blocks);
        const ranges = [...cutRanges({ shape, rows: storedRows(shape), rowBytes, hint: hinted })];
        assert.deepEqual(
          ranges.flatMap((range) => [...rowsOf(range, shape)]),
          allRows(shape),
        );
        assert.equal(new Set(ranges.map(rangeId)).size, ranges.length);
        for (const range of ranges) {
          assert.match(rangeId(range), /^[A-Za-z0-9_-]+$/);
          assert.equal(range.stored, [...rowsOf(range, shape)].length);
          assert.equal(range.fromRow % blocks.blockRows, 0);
          // A cut falls back to its block's border: no more than a block is over the aim.
          assert.ok(range.stored <= Math.ceil(hinted.partBytes / rowBytes) + blocks.blockRows);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a large index is cut into as many ranges for each thread, a small one not for the sake of threads', () => {
    const countOf = (rows: number, threads: number): number => {
      const shape = shapeOf([rows], { blockRows: 1, blockBytes: 1000 });
      return [...cutRanges({ shape, rows, rowBytes: 1000, hint: { partBytes: 512e6, threads } })].length;
    };
    assert.deepEqual(
      [1, 2, 3, 4].map((threads) => countOf(1_100_000, threads)),
      [3, 4, 3, 4],
    );
    assert.deepEqual([countOf(30_000, 4), countOf(100_000, 4), countOf(1_100_000, 100)], [1, 3, 34]);
  });

  test('the steps of a range cover each of its rows once, within the limits, and name the bytes of whole blocks', () => {
    const limits = fc.record({ rows: fc.integer({ min: 1, max: 100 }), codeBytes: fc.integer({ min: 1, max: 3000 }) });
    fc.assert(
      fc.property(lists, block, hint, limits, (rows, blocks, hinted, limit) => {
        const shape = shapeOf(rows, blocks);
        const found: string[] = [];
        for (const range of cutRanges({ shape, rows: storedRows(shape), rowBytes: 10, hint: hinted }))
          for (const step of stepsOf(range, shape, limit)) {
            assert.ok(step.rows >= 1 && step.rows <= limit.rows);
            assert.ok(step.codeBytes <= limit.codeBytes || step.pieces.length === 1);
            let filled = 0;
            for (const piece of step.pieces) {
              assert.equal(piece.to, filled);
              filled += piece.rows;
              for (let row = 0; row < piece.rows; row++) found.push(`${piece.entry} ${piece.first + row}`);
              const from = (piece.codesAt - shape.codesAt(piece.entry)) / blocks.blockBytes;
              assert.equal(from * blocks.blockRows + piece.skip, piece.first);
              assert.ok(piece.codeBytes * blocks.blockRows >= (piece.skip + piece.rows) * blocks.blockBytes);
              assert.ok(
                piece.codesAt + piece.codeBytes <= shape.codesAt(piece.entry) + codeBytesOf(shape, piece.entry),
              );
            }
            assert.equal(filled, step.rows);
          }
        assert.deepEqual(found, allRows(shape));
      }),
      { numRuns: 1000 },
    );
  });

  test('one large file has work for every thread, a small one is not cut up for them', () => {
    const parts = (rows: number, threads: number): number =>
      [
        ...cutRanges({
          shape: shapeOf([rows], { blockRows: 1, blockBytes: 512 }),
          rows,
          rowBytes: 520,
          hint: { partBytes: 512e6, threads },
        }),
      ].length;
    assert.equal(parts(2_000_000, 8), 8);
    assert.equal(parts(2_000_000, 1), 3);
    assert.equal(parts(10_000, 8), 1);
    assert.equal(parts(0, 8), 0);
  });
});

function codeBytesOf({ rowsOf: rows, blockRows, blockBytes }: StorageShape, entry: number): number {
  return Math.ceil(rows(entry) / blockRows) * blockBytes;
}
