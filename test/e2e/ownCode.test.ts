/** Code of the user's own that changes while a job is under way: its rows are not made by two versions. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { jobConfig, migrate, plan } from 'milvus-migrate';
import { repoRoot } from '../root.ts';
import { temporaryFolder } from '../temporary.ts';
import { fixture } from './harness.ts';
import { place } from './place.ts';

const transform = (letter: string): string =>
  `export default (batch) => batch.set('text', batch.values('text').map(() => '${letter}'));`;

test('a transform or a source that was edited ends the job that began with the other, and begins another with --fresh', async () => {
  using folder = temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  writeFileSync(at('rows.jsonl'), '{"id":1,"vector":[1,2],"text":"x"}\n');
  writeFileSync(at('source.mjs'), readFileSync(join(repoRoot, 'fixtures/source-plugin/jsonLines.mjs')));
  writeFileSync(at('steps.mjs'), transform('a'));
  const job = (fresh = false) =>
    jobConfig({
      source: { kind: 'plugin', module: at('source.mjs'), where: at('rows.jsonl') },
      transforms: [{ kind: 'module', path: at('steps.mjs'), options: null }],
      files: { dir: at('out'), keep: true },
      stateDir: at('state'),
      format: 'json',
      threads: 1,
      fresh,
    });
  assert.equal((await migrate(job(), 'dump')).exitCode, 0);
  assert.equal((await migrate(job(), 'dump')).exitCode, 0);
  for (const [file, change] of [
    ['steps.mjs', () => transform('b')],
    ['source.mjs', () => `${readFileSync(at('source.mjs'), 'utf8')}\n`],
  ] as const) {
    writeFileSync(at(file), change());
    await assert.rejects(migrate(job(), 'dump'), {
      code: 'E_SOURCE_CHANGED',
      found: `your own code: ${at(file)} changed`,
    });
    assert.equal((await plan(job())).obstacles.length, 0);
    assert.equal((await migrate(job(true), 'dump')).exitCode, 0);
  }
});

test('a dumped folder is loaded whatever became of the code that made its rows', async () => {
  await using at = await place();
  const inPlace = (name: string): string => join(at.path, name);
  const source = { kind: 'milvus1x', path: inPlace('db') } as const;
  cpSync(join(fixture('ip'), 'db'), source.path, { recursive: true });
  const [, endpoint, , database] = at.database.flags;
  const job = (stages: 'dump' | 'load') =>
    jobConfig({
      source,
      transforms: [{ kind: 'module', path: pathToFileURL(inPlace('steps.mjs')).href, options: null }],
      files: { dir: inPlace('out'), keep: true },
      stateDir: inPlace(stages),
      ...(stages === 'load' ? { target: { endpoint: endpoint!, database: database! } } : {}),
    });
  writeFileSync(inPlace('steps.mjs'), 'export default () => undefined;');
  assert.equal((await migrate(job('dump'), 'dump')).exitCode, 0);
  rmSync(inPlace('steps.mjs'));
  await assert.rejects(migrate(job('dump'), 'dump'), { code: 'E_CONFIG' });
  rmSync(source.path, { recursive: true });
  for (let round = 0; round < 2; round++) assert.equal((await migrate(job('load'), 'load')).exitCode, 0);
});
