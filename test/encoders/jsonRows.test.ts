/** JSON files of ours: what JSON.parse, with longs told apart, gives back is what went in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LosslessNumber, parse } from 'lossless-json';
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

/** Longs are beyond what a JavaScript number holds. */
function long(value: unknown): bigint {
  return BigInt((value as LosslessNumber).value);
}

function plain(value: unknown): unknown {
  if (value instanceof LosslessNumber) return Number(value.value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

test('any rows, in any number of batches', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(rowOfEveryType, { maxLength: 8 }), { maxLength: 4 }), async (batches) => {
      const text = await write(batches);
      const { rows } = parse(text) as { rows: Record<string, unknown>[] };
      assert.deepEqual(
        rows.map((row) => ({ ...(plain(row) as Row), id: long(row.id), longs: (row.longs as unknown[]).map(long) })),
        batches.flat(),
      );
    }),
  );
});

test('no rows are an empty list', async () => {
  assert.deepEqual(JSON.parse(await write([])), { rows: [] });
  assert.deepEqual(JSON.parse(await write([[], []])), { rows: [] });
});

test('NaN and infinity are texts: JSON has no such numbers, and nobody takes them for any', async () => {
  const [row] = fc.sample(rowOfEveryType, 1);
  const text = await write([[{ ...row, real: Number.NaN, precise: -Infinity, vector: [1, Infinity, 2] }]]);
  const { real, precise, vector } = JSON.parse(text).rows[0];
  assert.deepEqual([real, precise, vector], ['NaN', '-Infinity', [1, 'Infinity', 2]]);
});
