/** The CRC-32 of pieces, made of those of writes: what zlib says of the same bytes, or nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32 } from '../../src/core/crc32.ts';
import { createPieceCrc } from '../../src/stores/pieces/pieceCrc.ts';

const write = fc.record({ bytes: fc.uint8Array({ maxLength: 300 }), known: fc.boolean() });

test('any writes cut into pieces of any size', () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 20 }), fc.integer({ min: 1, max: 200 }), (writes, size) => {
      const crc = createPieceCrc();
      let piece: number[] = [];
      let known = true;
      let checked = 0;
      const close = (): void => {
        const found = crc.next();
        if (known) assert.equal(found, crc32(Uint8Array.from(piece)));
        else assert.equal(found, undefined);
        [piece, known, checked] = [[], true, checked + 1];
      };
      for (const { bytes, known: told } of writes) {
        crc.begin(bytes.length, told ? crc32(bytes) : undefined);
        for (let taken = 0; taken < bytes.length; ) {
          if (piece.length === size) close();
          const some = bytes.subarray(taken, taken + size - piece.length);
          crc.add(some);
          piece.push(...some);
          known &&= told;
          taken += some.length;
        }
      }
      close();
      assert.ok(checked > 0);
    }),
    { numRuns: 2000 },
  );
});

test('what was changed is not known, and the next piece is', () => {
  const crc = createPieceCrc();
  const bytes = Uint8Array.of(1, 2, 3);
  crc.begin(3, crc32(bytes));
  crc.add(bytes);
  crc.forget();
  assert.equal(crc.next(), undefined);
  crc.begin(3, crc32(bytes));
  crc.add(bytes);
  assert.equal(crc.next(), crc32(bytes));
});
