/** The fixtures and the script that compares with them: that they are what make.py makes, and that it sees differences. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERROR_EXIT } from '../src/core/errors.ts';
import { repoRoot } from './root.ts';

const python = process.env.TEST_PYTHON ?? 'python3';
const scripts = join(repoRoot, 'fixtures/milvus1x');
const run = (script: string, ...words: string[]) =>
  execFileSync(python, [join(scripts, script), ...words], { encoding: 'utf8' });

test('compare.py sees lost, changed, doubled and stray rows', () => {
  assert.match(run('compare.py', '--self-check'), /self-check: fine/);
});

test('fixtures/demo is what make.py makes', () => {
  const fresh = mkdtempSync(join(tmpdir(), 'milvus-migrate-demo-fixture-'));
  try {
    run('make.py', fresh, '--demo');
    assert.deepEqual(contents(join(repoRoot, 'fixtures/demo')), contents(fresh));
  } finally {
    rmSync(fresh, { recursive: true });
  }
});

test('README lists every case, and every damaged case wants a code of ours', () => {
  const readme = readFileSync(join(scripts, 'README.md'), 'utf8');
  const cases = run('make.py', '-', '--list').trim().split('\n');
  assert.ok(cases.length > 80);
  assert.deepEqual(
    cases.filter((name) => !readme.includes(`\`${name}\``)),
    [],
  );
  const codes = ['damaged.py', 'logged.py'].flatMap(
    (name) => readFileSync(join(scripts, name), 'utf8').match(/\bE_[A-Z_]+/g) ?? [],
  );
  assert.deepEqual(
    codes.filter((code) => !(code in ERROR_EXIT)),
    [],
  );
});

/** Path → bytes, but not of SQLite files: their heads hold the version of the library that wrote them. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const read = (path: string) => (path.endsWith('.sqlite') ? 'SQLite' : readFileSync(path, 'base64'));
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length), read(path)]));
}
