import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tellAgain } from '../../../src/core/again.ts';
import { MigrateError } from '../../../src/core/errors.ts';
import { listenForAgain } from '../../../src/run/progress/again.ts';

const broken = (why: string, found: string, piece = 1): MigrateError =>
  new MigrateError('E_STORE', `could not send piece ${piece}: ${why}`, { retry: true, found });

test('each sort of failure is told once, once more where a call fails on and on, and counted', () => {
  const told: string[] = [];
  {
    using again = listenForAgain((text) => told.push(text));
    assert.equal(again.summary(), undefined);
    for (let failures = 1; failures <= 6; failures++) tellAgain(broken('busy', 'HTTP 503'), failures);
    for (let piece = 1; piece <= 3; piece++) tellAgain(broken('it broke off', 'ECONNRESET', piece), 1);
    assert.deepEqual(told, [
      'could not send piece 1: busy (HTTP 503); trying again',
      'could not send piece 1: busy (HTTP 503): failed 5 times, still trying',
      'could not send piece 1: it broke off (ECONNRESET); trying again',
    ]);
    assert.equal(again.summary(), 'calls that failed and were made again: 9 (HTTP 503: 6; ECONNRESET: 3)');
  }
  tellAgain(broken('it failed', 'HTTP 500'), 1);
  assert.equal(told.length, 3);
});

test('what a server says anew each time is one sort all the same', () => {
  const told: string[] = [];
  using again = listenForAgain((text) => told.push(text));
  for (let call = 1; call <= 100; call++)
    tellAgain(broken('busy', `429 rejected: task@${call * 7919} (completed tasks = ${call})`, call), 1);
  assert.deepEqual(told, [
    'could not send piece 1: busy (429 rejected: task@7919 (completed tasks = 1)); trying again',
  ]);
  assert.match(again.summary()!, /made again: 100 /);
});
