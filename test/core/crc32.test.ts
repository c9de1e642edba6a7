import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { crc32, crc32Combine } from '../../src/core/crc32.ts';

test('the CRC of a whole is combined from those of its halves', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 5000 }), (a, b) => {
      const whole = crc32(Buffer.concat([a, b]));
      assert.equal(crc32Combine(crc32(a), crc32(b), b.length), whole);
      assert.equal(crc32(b, crc32(a)), whole);
    }),
  );
});

test('much at once gives the same as zlib, wherever it begins, in shared memory too', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(300_000));
  const own = new Uint8Array(shared.length);
  for (let at = 0; at < own.length; at++) own[at] = (at * 2_654_435_761) >>> 24;
  shared.set(own);
  fc.assert(
    fc.property(
      fc.nat(1000),
      fc.integer({ min: 0, max: own.length }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (start, end, seed) => {
        const wanted = start < end ? zlibCrc32(own.subarray(start, end), seed) : seed;
        assert.equal(crc32(own.subarray(start, end), seed), wanted);
        assert.equal(crc32(shared.subarray(start, end), seed), wanted);
      },
    ),
  );
});

test('a known value', () => {
  assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
});

test('a second half beyond 4 GiB', () => {
  // Zeros double by combination, so a long run needs no bytes.
  let zeros = { crc: crc32(new Uint8Array(1024)), bytes: 1024 };
  while (zeros.bytes < 2 ** 33)
    zeros = { crc: crc32Combine(zeros.crc, zeros.crc, zeros.bytes), bytes: zeros.bytes * 2 };
  const head = Buffer.from('head');
  let whole = crc32(head);
  const block = { crc: crc32(new Uint8Array(2 ** 20)), bytes: 2 ** 20 };
  for (let at = 0; at < 2 ** 33; at += block.bytes) whole = crc32Combine(whole, block.crc, block.bytes);
  assert.equal(crc32Combine(crc32(head), zeros.crc, zeros.bytes), whole);
});

test('nothing more changes nothing, whatever memory it is of', () => {
  for (const nothing of [
    new Uint8Array(0),
    new Uint8Array(new SharedArrayBuffer(0)),
    new Uint8Array(new SharedArrayBuffer(8), 8),
  ])
    assert.equal(crc32(nothing, 123), 123);
});
