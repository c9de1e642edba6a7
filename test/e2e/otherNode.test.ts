import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../temporary.ts';
import { fixture, milvusMigrate } from './harness.ts';

const OTHER_NODE = new URL('./otherNode.js', import.meta.url).href;

test('a SQLite that was built for another Node is told as that, whatever it was to open', async () => {
  using folder = temporaryFolder();
  const [out, state] = [join(folder.path, 'out'), join(folder.path, 'state')];
  const source = `milvus1x:${join(fixture('l2'), 'db')}`;
  const dump = ['dump', source, '--out', out, '--state', state];
  const commands = [dump, ['export', '-s', join(fixture('l2'), 'db/meta.sqlite'), '-o', out]];
  for (const words of commands) {
    const ended = await milvusMigrate(words, { preload: [OTHER_NODE] });
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(
      ended.stderr,
      /^error E_INTERNAL: SQLite \(the package better-sqlite3\) was not built for this Node$/m,
    );
    assert.match(ended.stderr.replaceAll(/\s+/g, ' '), /try `npm rebuild better-sqlite3`/);
  }
  mkdirSync(state, { recursive: true });
  assert.deepEqual(readdirSync(state), []);
  const ended = await milvusMigrate(dump);
  assert.equal(ended.code, 0, ended.stderr);
});
