import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withoutRows } from '../../src/core/compact.ts';

test('takes out the named rows of every column, and no others', () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 60 })
        .chain((rows) => fc.tuple(fc.constant(rows), fc.subarray([...Array(rows).keys()]))),
      fc.integer({ min: 1, max: 9 }),
      ([rows, gone], width) => {
        const bytes = Uint8Array.from({ length: rows * width }, (_, at) => at % 251);
        const kept = [...Array(rows).keys()].filter((row) => !gone.includes(row));
        const want = kept.flatMap((row) => [...bytes.subarray(row * width, (row + 1) * width)]);
        const columns = [{ field: 'data', rowBytes: width, bytes }];
        const batch = withoutRows({ rows, columns, read: rows, deleted: 0, dropped: 0, origin: '' }, gone);
        assert.equal(batch.rows, kept.length);
        assert.deepEqual([...batch.columns[0]!.bytes], want);
      },
    ),
  );
});
