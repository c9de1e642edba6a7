import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { crc32 } from '../../src/core/crc32.ts';
import { fastCrc } from '../../src/core/fastCrc.ts';
import { crc32c, crc32cCombine } from '../../src/stores/gcs/crc32c.ts';

// The library looks for its binary here alone, and finds none: as on a machine that it has none for.
process.env.NAPI_RS_NATIVE_LIBRARY_PATH = '/nowhere';

test('without a binary of the library the sums are the same', () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, at) => (at * 31) % 251);
  assert.equal(fastCrc(bytes.length), undefined);
  assert.equal(crc32(bytes, 7), zlibCrc32(bytes, 7));
  const [head, rest] = [bytes.subarray(0, 1000), bytes.subarray(1000)];
  assert.equal(crc32c(bytes), crc32cCombine(crc32c(head), crc32c(rest), rest.length));
});
