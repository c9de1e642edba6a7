import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tellAgain } from '../../src/core/again.ts';
import { MigrateError } from '../../src/core/errors.ts';
import { listenForAgain } from '../../src/run/again.ts';

const broken = (found: string, piece = 1): MigrateError =>
  new MigrateError('E_STORE', `could not send piece ${piece}`, { retry: true, found });

test('each sort of failure is told once, once more where a call fails on and on, and counted', () => {
  const told: string[] = [];
  {
    using again = listenForAgain((text) => told.push(text));
    assert.equal(again.summary(), undefined);
    for (let failures = 1; failures <= 6; failures++) tellAgain(broken('HTTP 503'), failures);
    for (let piece = 1; piece <= 3; piece++) tellAgain(broken('ECONNRESET', piece), 1);
    assert.deepEqual(told, [
      'could not send piece 1 (HTTP 503); trying again',
      'could not send piece 1 (HTTP 503): failed 5 times, still trying',
      'could not send piece 1 (ECONNRESET); trying again',
    ]);
    assert.equal(again.summary(), 'calls that failed and were made again: 9 (HTTP 503: 6; ECONNRESET: 3)');
  }
  tellAgain(broken('HTTP 500'), 1);
  assert.equal(told.length, 3);
});
