/** Of a failure, and one more while what is open is closed after it, the first is the one that is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MigrateError, throwAfter, toMigrateError } from '../../src/core/errors.ts';

const FIRST = new MigrateError('E_DUPLICATE_IDS', 'first');
const away = async (): Promise<void> => {
  throw new MigrateError('E_SOURCE_UNREACHABLE', 'second');
};

test('closing in a catch', async () => {
  await assert.rejects(throwAfter(FIRST, away), FIRST);
  await assert.rejects(
    throwAfter(FIRST, async () => undefined),
    FIRST,
  );
  const wrong = async (): Promise<void> => {
    throw new TypeError('a mistake in the program');
  };
  await assert.rejects(throwAfter(FIRST, wrong), TypeError);
});

test('closing by `using`, also one in the other', async () => {
  const failing = async (): Promise<void> => {
    await using outer = { [Symbol.asyncDispose]: away };
    await using inner = { [Symbol.asyncDispose]: away };
    assert.ok(outer !== inner);
    throw FIRST;
  };
  const thrown = await failing().catch((error: unknown) => error);
  assert.notEqual(thrown, FIRST);
  assert.equal(toMigrateError(thrown), FIRST);
});
