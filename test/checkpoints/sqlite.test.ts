import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openSqliteCheckpoint } from '../../src/checkpoints/sqlite.ts';
import { checkpointContract } from '../contract/checkpoint.ts';
import { temporaryFolder } from '../temporary.ts';

const folders: Disposable[] = [];
after(() => {
  for (const folder of folders) folder[Symbol.dispose]();
});

checkpointContract('sqlite', async () => {
  const folder = temporaryFolder();
  folders.push(folder);
  return [openSqliteCheckpoint(folder.path), openSqliteCheckpoint(folder.path)];
});

test('sqlite: the lock of a process that was killed is free', async () => {
  using folder = temporaryFolder();
  const module = new URL('../../src/checkpoints/sqlite.js', import.meta.url).href;
  const script = `
    const { openSqliteCheckpoint } = await import(${JSON.stringify(module)});
    const state = openSqliteCheckpoint(process.argv[1]);
    globalThis.lock = await state.lock('key');
    console.log('locked');
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder.path]);
  await once(child.stdout, 'data');
  await using state = openSqliteCheckpoint(folder.path);
  await assert.rejects(state.lock('key'), { code: 'E_JOB_LOCKED' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await using _lock = await state.lock('key');
});

test('sqlite: junk in the place of the state is named', async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, 'state.sqlite'), 'this is no database, but it is long enough to be taken for one');
  assert.throws(() => openSqliteCheckpoint(folder.path), { code: 'E_STATE' });
});
