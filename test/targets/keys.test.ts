/** Filter expressions by primary keys, as the parser of a real Milvus reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysExpression } from '../../src/targets/milvus/keys.ts';

test('numbers, the lowest of them, and texts with all that ends or escapes one', () => {
  assert.equal(keysExpression('id', [1n, -2n]), 'id in [1,-2]');
  assert.equal(keysExpression('id', [-(2n ** 63n)]), 'id < -9223372036854775807');
  assert.equal(keysExpression('_id', ['a', "it's"]), `_id in ["a","it's"]`);
  assert.equal(keysExpression('_id', ['"', '\\', '\n\r', '\u0000é']), '_id in ["\\"","\\\\","\\n\\r","\u0000é"]');
});
