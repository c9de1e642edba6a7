import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MigrateError } from '../../../src/core/errors.ts';
import {
  checkDeletedDocs,
  checkRv,
  checkSameRows,
  checkUid,
  type FileHead,
  offsetOutOfRange,
} from '../../../src/formats/milvus1x/segment.ts';

const at = { collection: 'faces', segment: '1', file: 'tables/faces/1/1.rv' };
const head = (length: bigint, size: number): FileHead => {
  const start = new Uint8Array(8);
  new DataView(start.buffer).setBigUint64(0, length, true);
  return { size, start: start.subarray(0, Math.min(8, size)), at };
};
const errorOf = (run: () => unknown): MigrateError => {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof MigrateError) return thrown;
    throw thrown;
  }
  return assert.fail('no error');
};

test('a truncated vector file says what was found, what was wanted and why', () => {
  const error = errorOf(() => checkRv(head(10_240_000n, 10_239_996), { dim: 256, binary: false }));
  assert.equal(error.code, 'E_SEGMENT_TRUNCATED');
  assert.equal(error.found, '10,239,996 bytes');
  assert.equal(error.wanted, '10,240,008 bytes (8 + 10,000 rows × 256 × 4)');
  assert.match(error.hint ?? '', /--skip-bad-segments to go on without its 10,000 rows/);
  assert.deepEqual(error.at, at);
});

test('lengths, sizes and rows', () => {
  assert.equal(checkRv(head(10_240_000n, 10_240_008), { dim: 256, binary: false }), 10_000);
  assert.equal(checkRv(head(3200n, 3208), { dim: 256, binary: true }), 100);
  assert.equal(checkUid(head(80n, 88)), 10);
  assert.equal(checkUid(head(0n, 8)), 0);
  const codes = [
    [() => checkRv(head(100n, 113), { dim: 1, binary: false }), 'E_SEGMENT_OVERLONG'],
    [() => checkRv(head(102n, 110), { dim: 1, binary: false }), 'E_SEGMENT_ROWS'],
    [() => checkRv(head(2n ** 64n - 1n, 108), { dim: 1, binary: false }), 'E_SEGMENT_TRUNCATED'],
    [() => checkUid(head(0n, 5)), 'E_SEGMENT_TRUNCATED'],
    [() => checkUid(head(0n, 0)), 'E_SEGMENT_TRUNCATED'],
    [() => checkSameRows(300, 299, at), 'E_SEGMENT_ROWS'],
    [() => checkSameRows(2 ** 32, 2 ** 32, at), 'E_SEGMENT_ROWS'],
    [() => checkDeletedDocs(head(8n, 12)), 'E_DELETED_DOCS'],
    [() => checkDeletedDocs(head(5n, 13)), 'E_DELETED_DOCS'],
    [() => checkDeletedDocs(head(2n ** 64n - 8n, 16)), 'E_DELETED_DOCS'],
    [() => checkDeletedDocs(head(0n, 2)), 'E_DELETED_DOCS'],
  ] as const;
  for (const [run, code] of codes) assert.equal(errorOf(run).code, code);
});

test('deleted_docs that is longer than it says is taken at its word', () => {
  assert.deepEqual(checkDeletedDocs(head(8n, 23)), { offsets: 2, surplus: 7 });
  assert.deepEqual(checkDeletedDocs(head(0n, 8)), { offsets: 0, surplus: 0 });
});

test('an offset out of range is shown with its place', () => {
  const error = offsetOutOfRange(300, { position: 1, rows: 300, at });
  assert.equal(error.at.offset, 12);
  assert.match(error.found ?? '', /row 300, entry 1/);
  assert.match(error.wanted ?? '', /0 to 299/);
});
