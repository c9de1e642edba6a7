import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isNull, valueAt } from '../../src/core/batch.ts';
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

test('takes rows out of columns whose values have different lengths, and out of their nulls', () => {
  const values = fc.array(fc.option(fc.uint8Array({ maxLength: 5 }), { nil: undefined }), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(
      values.chain((all) => fc.tuple(fc.constant(all), fc.subarray([...all.keys()]))),
      ([all, gone]) => {
        const offsets = new Uint32Array(all.length + 1);
        for (const [row, value] of all.entries()) offsets[row + 1] = offsets[row]! + (value?.length ?? 0);
        const bytes = Uint8Array.from(all.flatMap((value) => [...(value ?? [])]));
        const nulls = Uint8Array.from(all, (value) => (value === undefined ? 1 : 0));
        const columns = [{ field: 'text', rowBytes: 0, bytes, offsets, nulls }];
        const batch = withoutRows(
          { rows: all.length, columns, read: all.length, deleted: 0, dropped: 0, origin: '' },
          gone,
        );
        const column = batch.columns[0]!;
        const found = Array.from({ length: batch.rows }, (_, row) =>
          isNull(column, row) ? undefined : [...valueAt(column, row)],
        );
        const want = all.filter((_, row) => !gone.includes(row)).map((value) => value && [...value]);
        assert.deepEqual(found, want);
        assert.equal(column.bytes.length, column.offsets?.[batch.rows]);
      },
    ),
  );
});
