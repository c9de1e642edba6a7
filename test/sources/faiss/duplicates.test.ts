/** Pairs of a deduplicated index in their order, whatever their ids are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { copiesOf, sortCopies } from '../../../src/sources/faiss/duplicates.ts';

const small = fc.bigInt({ min: 0n, max: 40n });
const any = fc.oneof(
  small,
  fc.constantFrom(2n ** 32n - 1n, 2n ** 32n, -1n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const below = fc.oneof(small, fc.constantFrom(2n ** 31n, 2n ** 32n - 1n));

test('pairs come sorted by owner, then by copy; those of an id are found', () => {
  const pairsOf = (id: fc.Arbitrary<bigint>) => fc.array(fc.tuple(id, id), { maxLength: 60 });
  const property = fc.property(fc.oneof(pairsOf(below), pairsOf(any)), (pairs) => {
    const found = sortCopies(BigInt64Array.from(pairs.flat()));
    const wanted = pairs.toSorted(([a, b], [c, d]) => Number(a > c) - Number(a < c) || Number(b > d) - Number(b < d));
    assert.deepEqual(
      [...found.owners],
      wanted.map(([owner]) => owner),
    );
    assert.deepEqual(
      [...found.copies],
      wanted.map(([, copy]) => copy),
    );
    for (const [owner] of pairs) {
      const { from, end } = copiesOf(found, owner);
      assert.equal(end - from, pairs.filter(([other]) => other === owner).length);
    }
  });
  fc.assert(property, { numRuns: 500 });
});
