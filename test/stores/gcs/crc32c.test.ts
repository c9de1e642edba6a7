import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CRC32C } from '@google-cloud/storage';
import fc from 'fast-check';
import { crc32c, crc32cCombine, crc32cText } from '../../../src/stores/gcs/crc32c.ts';

test('the check value of the standard', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(0)), 0);
});

test('as the SDK computes it, wherever the bytes begin', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(9), (bytes, skipped) => {
      const some = bytes.subarray(skipped);
      const theirs = new CRC32C();
      theirs.update(Buffer.from(some));
      assert.equal(crc32cText(crc32c(some)), theirs.toString());
    }),
  );
});

test('of two pieces together', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 99 }), fc.uint8Array({ maxLength: 99 }), (a, b) => {
      assert.equal(crc32cCombine(crc32c(a), crc32c(b), b.length), crc32c(Buffer.concat([a, b])));
    }),
  );
});
