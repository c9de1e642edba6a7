import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { openPool } from '../../../src/run/threads/pool.ts';
import { floatSchema } from '../../targets/batches.ts';

const POOL = new URL('../../../src/run/threads/pool.js', import.meta.url).href;
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

test('what stops a pool stops those beside it, also ones that are opened later', async () => {
  await using pool = openPool(1);
  await using before = pool.beside(1);
  pool.abort();
  await using after = pool.beside(1);
  const partition = { id: 'p', dataset: 'c', milvusPartition: '', rows: 1, deleted: 0, bytes: 24, detail: null };
  const [schema, reader] = [floatSchema(4), { kind: 'test', detail: null }];
  const read = { reader, partition, schema, sourceSchema: schema, steps: [], droppedFile: undefined } as const;
  for (const side of [before, after]) {
    const keys = new BigInt64Array(1);
    const task = { kind: 'lookup', ...read, rejectNonFinite: false, keys, hashes: undefined } as const;
    await assert.rejects(side.run<'lookup'>(task), { code: 'E_INTERRUPTED' });
  }
});

test('threads that this host lets nobody start are an error of the task that waits for them', async () => {
  // More of them than open files are allowed, in a process of its own.
  const script = `
    const { openPool } = await import(${JSON.stringify(POOL)});
    const pool = openPool(64);
    const task = { kind: 'nothing' };
    const told = await Promise.all(Array.from({ length: 200 }, () => pool.run(task).catch((error) => error)));
    await pool[Symbol.asyncDispose]();
    const last = await pool.run(task).catch((error) => error);
    console.log(told.some(({ message }) => message === last.message), last.code, last.message, last.hint);`;
  const { stdout } = await promisify(execFile)('sh', [
    ...['-c', 'ulimit -n 64 && exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', script],
  ]);
  assert.match(stdout, /^true E_INTERNAL a worker thread could not be started raise the limits of this process/);
});
