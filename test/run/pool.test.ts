import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const POOL = new URL('../../src/run/pool.js', import.meta.url).href;
const ROUNDS = 40;

test('a pool that is closed while its threads start does not take the process with it', async () => {
  // Node 20 aborts when a thread is ended while it loads an ES module: in a process of its own, then.
  const script = `
    const { openPool } = await import(${JSON.stringify(POOL)});
    for (let round = 0; round < ${ROUNDS}; round++) await openPool(4)[Symbol.asyncDispose]();
    console.log('closed');`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(stdout, 'closed\n');
});
