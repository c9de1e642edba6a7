/** Who may import whom: data flows one way, and no plug-in knows another (ARCHITECTURE.md, «Folders»). */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../root.ts';

const PLUG_INS = ['stores', 'transforms', 'encoders', 'targets', 'checkpoints'];

/** Folders of src → folders of src that they may import, besides themselves. `config!`: its types alone. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  core: [],
  formats: ['core'],
  config: ['core'],
  sources: ['core', 'formats', 'config!'],
  ...Object.fromEntries(PLUG_INS.map((folder) => [folder, ['core', 'formats', 'config!']])),
  run: ['core', 'formats', 'config', 'sources', ...PLUG_INS, ''],
  cli: ['core', 'config', 'sources', 'run', ''],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typesOnly: boolean;
}

function* importsOf(folder: string): Generator<Import> {
  for (const entry of readdirSync(join(repoRoot, folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const file = join(entry.parentPath, entry.name);
    const text = readFileSync(file, 'utf8');
    const specifiers = /(?:^|\n)(?:import|export)\s+(type\s+)?[^;'"]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/g;
    for (const [, types, fixed, lazy] of text.matchAll(specifiers)) {
      const to = relative(repoRoot, join(dirname(file), fixed ?? lazy ?? ''));
      yield { from: relative(repoRoot, file), to, typesOnly: types !== undefined };
    }
  }
}

/** `src/run/job.ts` → `run`; a file in src itself → ``. */
function folderOf(file: string): string {
  const steps = file.split('/');
  return steps[0] === 'src' ? (steps.length > 2 ? (steps[1] ?? '') : '') : (steps[0] ?? '');
}

test('imports go one way only', () => {
  const wrong: string[] = [];
  let seen = 0;
  for (const { from, to, typesOnly } of importsOf('src')) {
    seen++;
    const [own, other] = [folderOf(from), folderOf(to)];
    const allowed = MAY[own];
    if (own === '' || own === other || allowed === undefined) continue;
    if (allowed.includes(other) || (typesOnly && allowed.includes(`${other}!`))) continue;
    // A secret is a type with a value: who opens a connection has to reveal it.
    if (to === 'src/config/secret.ts') continue;
    wrong.push(`${from} imports ${to}`);
  }
  assert.ok(seen > 100, 'the imports were found');
  assert.deepEqual(wrong, []);
});

/** The folders of src/run, in the order of what they stand on: each may import those before it; the files of run itself come last. */
const STAGES = ['progress', 'places', 'threads', 'shared', 'read', 'ids', 'dump', 'load', 'verify', 'plan', ''];

/** `src/run/load/prepare.ts` → `load`; a file in src/run itself → ``. */
function stageOf(file: string): string {
  const steps = file.split('/');
  return steps.length > 3 ? (steps[2] ?? '') : '';
}

test('the stages of a run stand on each other one way only', () => {
  const wrong: string[] = [];
  for (const { from, to } of importsOf('src/run')) {
    if (folderOf(to) !== 'run' || STAGES.indexOf(stageOf(from)) >= STAGES.indexOf(stageOf(to))) continue;
    wrong.push(`${from} imports ${to}`);
  }
  assert.deepEqual(wrong, []);
  const folders = readdirSync(join(repoRoot, 'src/run'), { withFileTypes: true }).filter((one) => one.isDirectory());
  assert.deepEqual(folders.map(({ name }) => name).sort(), STAGES.filter((stage) => stage !== '').sort());
});

test('every folder of src has its rule', () => {
  const folders = readdirSync(join(repoRoot, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(folders.map(({ name }) => name).sort(), Object.keys(MAY).sort());
});

test('no file is longer than 400 lines', () => {
  const long: string[] = [];
  for (const folder of ['src', 'workers', 'test', 'bench'])
    for (const entry of readdirSync(join(repoRoot, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const lines = readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n').length;
      if (lines > 400) long.push(`${entry.name}: ${lines}`);
    }
  assert.deepEqual(long, []);
});
