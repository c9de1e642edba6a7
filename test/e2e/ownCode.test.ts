/** Code of the user's own that changes while a job is under way: its rows are not made by two versions. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jobConfig, migrate, plan } from 'milvus-migrate';
import { repoRoot } from '../root.ts';
import { temporaryFolder } from '../temporary.ts';

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
