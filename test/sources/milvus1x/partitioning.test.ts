import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Cutting,
  cuttingOf,
  groupRows,
  MAX_VECTOR_BYTES,
  type Piece,
} from '../../../src/sources/milvus1x/partitioning.ts';

const segments = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 5000 }), fc.constant(0)),
  { maxLength: 40 },
);

/** Each live row once, in order, within the bounds; and segments without live rows, too, in exactly one group. */
function checkCover(live: readonly number[], cutting: Cutting): readonly (readonly Piece[])[] {
  const groups = groupRows(live, cutting);
  const pieces = groups.flat();
  const want = live.flatMap((rows, segment) => Array.from({ length: rows }, (_, row) => `${segment}.${row}`));
  const got = pieces.flatMap(({ segment, first, live: rows }) =>
    Array.from({ length: rows }, (_, row) => `${segment}.${first + row}`),
  );
  assert.deepEqual(got, want);
  assert.deepEqual([...new Set(pieces.map(({ segment }) => segment))], [...live.keys()]);
  for (const { segment, live: rows } of pieces) assert.equal(rows === 0, live[segment] === 0);
  for (const group of groups) {
    assert.ok(group.length > 0);
    assert.ok(sizeOf(group) <= cutting.most);
  }
  return groups;
}

const sizeOf = (group: readonly Piece[]): number => group.reduce((sum, { live: rows }) => sum + rows, 0);

test('many parts: segments stay whole where they fit, and neighbours that fit together are together', () => {
  fc.assert(
    fc.property(segments, fc.integer({ min: 1, max: 1000 }), (live, most) => {
      const groups = checkCover(live, { most, even: undefined });
      const pieces = groups.flat();
      for (const [segment, rows] of live.entries()) {
        const sizes = pieces.filter((piece) => piece.segment === segment).map(({ live: size }) => size);
        assert.equal(sizes.length, Math.max(1, Math.ceil(rows / most)));
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, 'even pieces');
      }
      for (let index = 1; index < groups.length; index++) {
        const [before, here] = [groups[index - 1]!, groups[index]!];
        const cut = [...before, ...here].some(({ segment }) => live[segment]! > most);
        assert.ok(cut || sizeOf(before) + here[0]!.live > most);
      }
    }),
  );
});

test('few parts: all of one size, whatever the segments', () => {
  const sizes = fc.record({ even: fc.integer({ min: 1, max: 3000 }), over: fc.integer({ min: 0, max: 3000 }) });
  fc.assert(
    fc.property(segments, sizes, (live, { even, over }) => {
      const groups = checkCover(live, { most: even + over, even });
      const rows = live.reduce((sum, count) => sum + count, 0);
      const some = Math.max(1, Math.round(rows / even), Math.ceil(rows / (even + over)));
      const count = live.length === 0 ? 0 : some;
      assert.equal(groups.length, count);
      // Each of both cuts may have moved to the end of a segment.
      for (const group of groups) assert.ok(Math.abs(sizeOf(group) - rows / count) <= rows / count / 16 + 1);
    }),
  );
});

test('a cut close to the end of a segment falls there', () => {
  const of = (...live: number[]) =>
    groupRows(live, { most: 1000, even: 200 }).map((group) =>
      group.map(({ segment, live: rows }) => `${segment}:${rows}`),
    );
  assert.deepEqual(of(101, 102, 99, 98), [
    ['0:101', '1:102'],
    ['2:99', '3:98'],
  ]);
  assert.deepEqual(of(100, 100, 100), [
    ['0:100', '1:50'],
    ['1:50', '2:100'],
  ]);
  assert.deepEqual(of(400), [['0:200'], ['0:200']]);
});

test('rows of a partition: by bytes, at least one, never over the limit of a file', () => {
  const few = { rows: 1000, threads: 4 };
  const most = (size: { partBytes: number; rowBytes: number; vectorBytes: number }): number =>
    cuttingOf({ ...few, ...size }).most;
  assert.equal(most({ partBytes: 1000, rowBytes: 10, vectorBytes: 2 }), 100);
  assert.equal(most({ partBytes: 1, rowBytes: 10, vectorBytes: 2 }), 1);
  const rows = most({ partBytes: 2 ** 40, rowBytes: 520, vectorBytes: 512 });
  assert.ok(rows * 512 <= MAX_VECTOR_BYTES && (rows + 1) * 512 > MAX_VECTOR_BYTES);
  assert.equal(most({ partBytes: 2 ** 50, rowBytes: 9, vectorBytes: 1 }), 2 ** 31);
});

test('few parts are as many for each thread, unless that is too little', () => {
  const sizes = { partBytes: 2 ** 29, rowBytes: 1024, vectorBytes: 1016 };
  const at = (mebibytes: number, threads: number) => cuttingOf({ ...sizes, rows: mebibytes * 1024, threads }).even;
  assert.equal(at(1000, 4), 250 * 1024);
  // Three would fit, and keep one of two threads waiting for the other.
  assert.equal(at(1200, 2), 300 * 1024);
  assert.equal(at(1200, 4), 300 * 1024);
  assert.equal(at(1000, 1), undefined);
  assert.equal(at(8000, 4), undefined);
  assert.equal(at(200, 16), Math.ceil((200 * 1024) / 3));
  assert.equal(at(100, 16), undefined);
  assert.equal(at(0, 16), undefined);
});
