import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createDeletedRows,
  createRuns,
  endOfLive,
  liveRuns,
  markDeleted,
  nextDeleted,
  nextLive,
  rowOfLive,
} from '../../../src/formats/milvus1x/deletedRows.ts';
import { cutOrdinals, keepRuns, openCursor, wholeRun } from '../../../src/formats/milvus1x/runs.ts';

/** Rows of a segment, a range of them, offsets in any order with repetitions. */
const segment = fc.integer({ min: 1, max: 200 }).chain((rows) =>
  fc.record({
    rows: fc.constant(rows),
    edges: fc.tuple(fc.integer({ min: 0, max: rows }), fc.integer({ min: 0, max: rows })),
    offsets: fc.array(fc.integer({ min: 0, max: rows - 1 }), { maxLength: 300 }),
    rowBytes: fc.constantFrom(1, 4, 8, 13),
    dropped: fc.uniqueArray(fc.integer({ min: 0, max: rows - 1 })),
  }),
);

test('marks, counts and finds what the naive way finds', () => {
  fc.assert(
    fc.property(segment, ({ rows, edges, offsets }) => {
      const [start, end] = [Math.min(...edges), Math.max(...edges)];
      const deleted = createDeletedRows(start, end);
      const half = offsets.length >> 1;
      assert.equal(markDeleted(deleted, Int32Array.from(offsets.slice(0, half)), rows), -1);
      assert.equal(markDeleted(deleted, Int32Array.from(offsets.slice(half)), rows), -1);
      const gone = new Set(offsets.filter((offset) => offset >= start && offset < end));
      const live = Array.from({ length: end - start }, (_, index) => start + index).filter((row) => !gone.has(row));
      assert.equal(deleted.count, gone.size);
      assert.equal(endOfLive(deleted), live.length === 0 ? start : live.at(-1)! + 1);
      for (let row = start; row < end; row++) {
        assert.equal(nextLive(deleted, row), live.find((candidate) => candidate >= row) ?? end);
        assert.equal(
          nextDeleted(deleted, row),
          [...gone].filter((candidate) => candidate >= row).sort((a, b) => a - b)[0] ?? end,
        );
      }
      for (let ordinal = 0; ordinal <= live.length; ordinal++)
        assert.equal(rowOfLive(deleted, ordinal), live[ordinal] ?? end);
    }),
  );
});

test('compaction keeps the rows that the naive way keeps', () => {
  fc.assert(
    fc.property(segment, fc.integer({ min: 0, max: 5 }), ({ rows, offsets, rowBytes, dropped }, first) => {
      const deleted = createDeletedRows(0, rows);
      markDeleted(deleted, Int32Array.from(offsets), rows);
      const column = Uint8Array.from({ length: (first + rows) * rowBytes }, (_, index) => index % 251);
      const runs = createRuns(rows);
      const cut = createRuns(rows);
      const live = liveRuns(deleted, { from: 0, to: rows }, runs);
      const liveRows = Array.from({ length: rows }, (_, row) => row).filter((row) => !offsets.includes(row));
      assert.equal(live, liveRows.length);
      const ordinals = dropped.filter((ordinal) => ordinal < live).sort((a, b) => a - b);
      const cursor = openCursor(ordinals.map((ordinal) => ordinal + 7).values());
      assert.equal(cutOrdinals(runs, { first: 7, cursor }, cut), ordinals.length);
      const kept = liveRows.filter((_, ordinal) => !ordinals.includes(ordinal));
      const want = [...column.slice(0, first * rowBytes)];
      for (const row of kept) want.push(...column.slice((first + row) * rowBytes, (first + row + 1) * rowBytes));
      keepRuns(column, cut, { rowBytes, first });
      assert.deepEqual([...column.subarray(0, want.length)], want);
    }),
  );
});

test('an offset that the segment does not have is pointed at, wherever the range lies', () => {
  const deleted = createDeletedRows(10, 20);
  assert.equal(markDeleted(deleted, Int32Array.of(3, 15, 99, 100), 100), 3);
  assert.equal(markDeleted(deleted, Int32Array.of(15, -1), 100), 1);
});

test('one run for all rows', () => {
  const runs = createRuns(3);
  wholeRun(runs, 3);
  assert.deepEqual([runs.length, ...runs.pairs.subarray(0, 2)], [1, 0, 3]);
  wholeRun(runs, 0);
  assert.equal(runs.length, 0);
});
