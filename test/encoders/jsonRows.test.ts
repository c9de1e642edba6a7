/** JSON files of ours: what JSON.parse, with longs told apart, gives back is what went in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32 } from '../../src/core/crc32.ts';
import { JSON_FILE, openJsonEncoder } from '../../src/encoders/jsonRows.ts';
import { memoryGroup } from './memoryGroup.ts';
import { batchOf, EVERY_TYPE, type Row, rowOfEveryType } from './rows.ts';

async function write(batches: readonly (readonly Row[])[]): Promise<string> {
  const { group, files } = memoryGroup();
  const encoder = await openJsonEncoder(group, EVERY_TYPE);
  for (const rows of batches) await encoder.write(batchOf(EVERY_TYPE, rows));
  const { files: made } = await encoder.close();
  const bytes = files.get(JSON_FILE)!;
  assert.deepEqual(made, [{ name: JSON_FILE, bytes: bytes.length, crc32: crc32(bytes) }]);
  return Buffer.from(bytes).toString('utf8');
}

test('any rows, in any number of batches', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(rowOfEveryType, { maxLength: 8 }), { maxLength: 4 }), async (batches) => {
      const text = await write(batches);
      // Ids are beyond what a JavaScript number holds.
      const { rows } = JSON.parse(text.replace(/(^|,\n)\{"id":(-?\d+)/gm, '$1{"id":"$2"')) as { rows: Row[] };
      assert.deepEqual(
        rows.map((row) => ({ ...row, id: BigInt(row.id as string) })),
        batches.flat(),
      );
    }),
  );
});

test('no rows are an empty list', async () => {
  assert.deepEqual(JSON.parse(await write([])), { rows: [] });
  assert.deepEqual(JSON.parse(await write([[], []])), { rows: [] });
});

test('NaN is refused: JSON has no such number', async () => {
  const [row] = fc.sample(rowOfEveryType, 1);
  await assert.rejects(write([[{ ...row, real: Number.NaN }]]), TypeError);
});
