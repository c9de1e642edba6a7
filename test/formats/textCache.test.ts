/** Texts that are found again by their bytes: what a text's bytes were, whatever is done with their memory since. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTextCache } from '../../src/formats/textCache.ts';

test('any texts, one after the other in the same memory, are themselves', () => {
  // Few letters and lengths, so that many share a place in the cache.
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 5 });
  for (const memory of [Buffer.alloc(8), new Uint8Array(8)])
    fc.assert(
      fc.property(fc.array(text, { minLength: 2, maxLength: 40 }), (texts) => {
        const cache = createTextCache();
        for (const one of texts) {
          memory.set(Buffer.from(one), 1);
          assert.equal(cache.text(memory, 1, 1 + one.length), one);
        }
      }),
    );
});
