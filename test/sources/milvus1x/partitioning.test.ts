import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { groupSegments, MAX_VECTOR_BYTES, rowsPerPartition } from '../../../src/sources/milvus1x/partitioning.ts';

test('each live row is in exactly one group, in order, within the bounds', () => {
  const segments = fc.array(
    fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 5000 }), fc.constant(0)),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(segments, fc.integer({ min: 1, max: 1000 }), (live, maxRows) => {
      const groups = groupSegments(live, maxRows);
      const pieces = groups.flat();
      const want = live.flatMap((rows, segment) => Array.from({ length: rows }, (_, row) => `${segment}.${row}`));
      const got = pieces.flatMap(({ segment, first, live: rows }) =>
        Array.from({ length: rows }, (_, row) => `${segment}.${first + row}`),
      );
      assert.deepEqual(got, want);
      // Segments without live rows, too, are in exactly one group.
      assert.deepEqual([...new Set(pieces.map(({ segment }) => segment))], [...live.keys()]);
      for (const group of groups) {
        assert.ok(group.length > 0);
        assert.ok(group.reduce((sum, { live: rows }) => sum + rows, 0) <= maxRows);
      }
      for (const [segment, rows] of live.entries()) {
        const sizes = pieces.filter((piece) => piece.segment === segment).map(({ live: size }) => size);
        assert.equal(sizes.length, Math.max(1, Math.ceil(rows / maxRows)));
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, 'even pieces');
      }
      // Neighbours that would fit together are together.
      for (let index = 1; index < groups.length; index++) {
        const [before, here] = [groups[index - 1]!, groups[index]!];
        const cut = [...before, ...here].some(({ segment }) => live[segment]! > maxRows);
        const together = before.reduce((sum, { live: rows }) => sum + rows, 0) + here[0]!.live;
        assert.ok(cut || together > maxRows);
      }
    }),
  );
});

test('rows of a partition: by bytes, at least one, never over the limit of a file', () => {
  const few = { rows: 1000, threads: 4 };
  assert.equal(rowsPerPartition({ ...few, partBytes: 1000, rowBytes: 10, vectorBytes: 2 }), 100);
  assert.equal(rowsPerPartition({ ...few, partBytes: 1, rowBytes: 10, vectorBytes: 2 }), 1);
  const rows = rowsPerPartition({ ...few, partBytes: 2 ** 40, rowBytes: 520, vectorBytes: 512 });
  assert.ok(rows * 512 <= MAX_VECTOR_BYTES && (rows + 1) * 512 > MAX_VECTOR_BYTES);
  assert.equal(rowsPerPartition({ ...few, partBytes: 2 ** 50, rowBytes: 9, vectorBytes: 1 }), 2 ** 31);
});

test('rows of a partition: each thread has a share, unless that is too little', () => {
  const sizes = { partBytes: 2 ** 29, rowBytes: 1024, vectorBytes: 1016 };
  const at = (mebibytes: number, threads: number): number =>
    rowsPerPartition({ ...sizes, rows: mebibytes * 1024, threads });
  assert.equal(at(1000, 4), 250 * 1024);
  assert.equal(at(1000, 1), 512 * 1024);
  assert.equal(at(4000, 4), 512 * 1024);
  assert.equal(at(200, 16), Math.ceil((200 * 1024) / 3));
  assert.equal(at(100, 16), 512 * 1024);
});
