/** Pages of about the same bytes, smaller after a complaint, and larger again when it was calm for a while. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPageSizes, PAGE_BYTES } from '../../../src/sources/elasticsearch/pageSize.ts';

test('the first page is as large as its aim in bytes, or as was said', () => {
  assert.equal(createPageSizes(null, 1_000).rows, Math.floor(PAGE_BYTES / 1_000));
  assert.equal(createPageSizes(null, 1).rows, 10_000);
  assert.equal(createPageSizes(null, 1e9).rows, 1);
  assert.equal(createPageSizes(7, 1_000).rows, 7);
});

test('what came says how many the next may be', () => {
  const sizes = createPageSizes(100, 1_000);
  sizes.came(100, 100 * 2_000);
  assert.equal(sizes.rows, 200);
  for (let page = 0; page < 10; page++) sizes.came(sizes.rows, sizes.rows * 2_000);
  assert.equal(sizes.rows, Math.floor(PAGE_BYTES / 2_000));
  // Documents that are larger: at once.
  sizes.came(sizes.rows, sizes.rows * 20_000);
  assert.equal(sizes.rows, Math.floor(PAGE_BYTES / 20_000));
  // The few of a last page say nothing.
  sizes.came(1, 10);
  assert.equal(sizes.rows, Math.floor(PAGE_BYTES / 20_000));
});

test('a complaint halves them, and four calm pages let them grow', () => {
  const sizes = createPageSizes(800, 1_000);
  assert.equal(sizes.shrink(800), true);
  assert.equal(sizes.shrink(400), true);
  assert.equal(sizes.rows, 200);
  for (let page = 0; page < 3; page++) {
    sizes.came(200, 200_000);
    assert.equal(sizes.rows, 200);
  }
  sizes.came(200, 200_000);
  assert.equal(sizes.rows, 400);
  // What was asked for counts, which may be fewer: a single document can't be halved.
  assert.equal(sizes.shrink(1), false);
  assert.equal(sizes.rows, 400);
});
