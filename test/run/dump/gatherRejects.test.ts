/** Whose rejected rows a reject file holds where a folder with several dumps is loaded. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { rejectPart } from '../../../src/run/dump/dumpStage.ts';
import { gatherRejects } from '../../../src/run/dump/gatherRejects.ts';
import type { Running } from '../../../src/run/runFiles.ts';
import { temporaryFolder } from '../../temporary.ts';

/**
 * Gathers what a load of a dumped folder rejected.
 * @param own text of each part's rejected rows by the part's name; undefined: they were rejected when it was dumped
 */
async function gather(
  jobDir: string,
  rejectFile: string,
  own: Readonly<Record<string, string | undefined>>,
): Promise<{ written: boolean; warnings: string[] }> {
  const warnings: string[] = [];
  const parts = Object.keys(own).map((partition) => ({ part: { partition, rejected: 1 } }));
  const run = {
    config: { rejectFile },
    jobDir,
    reader: { kind: 'dumped' },
    ledger: { partitions: () => parts },
    warn: (text: string) => warnings.push(text),
  } as unknown as Running;
  for (const [partition, text] of Object.entries(own)) {
    if (text === undefined) continue;
    const file = rejectPart(run, partition);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return { written: await gatherRejects(run, false), warnings };
}

test('rows that a load of a dumped folder rejects do not replace those that the dump rejected', async () => {
  using folder = temporaryFolder();
  const dumpsOwn = join(folder.path, 'rejects.jsonl');
  writeFileSync(dumpsOwn, 'of the dump\n');
  const load = (file: string) => gather(folder.path, file, { dumped: undefined, here: 'of the load\n' });
  const { written, warnings } = await load(dumpsOwn);
  assert.equal(readFileSync(dumpsOwn, 'utf8'), 'of the dump\n');
  assert.equal(written, false);
  assert.match(warnings.join('\n'), /is left as it was: .* another --reject-file/);
  const another = join(folder.path, 'others.jsonl');
  // The second time it is there, and its own.
  for (const _ of [1, 2]) {
    assert.equal((await load(another)).written, true);
    assert.equal(readFileSync(another, 'utf8'), 'of the load\n');
  }
});

test('nor those of another dump of the folder, of which nothing is loaded', async () => {
  using folder = temporaryFolder();
  const others = join(folder.path, 'rejects.jsonl');
  writeFileSync(others, 'of the other dump\n');
  const { written, warnings } = await gather(folder.path, others, { here: 'of the load\n' });
  assert.equal(readFileSync(others, 'utf8'), 'of the other dump\n');
  assert.equal(written, false);
  assert.match(warnings.join('\n'), /left as it was: .* another --reject-file/);
});

test('what an earlier run of the load had written by then is replaced', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'rejects.jsonl');
  for (const earlier of ['', 'of a\n', 'of c\n', 'of a\nof c\n']) {
    writeFileSync(file, earlier);
    const { written, warnings } = await gather(folder.path, file, { a: 'of a\n', b: 'of b\n', c: 'of c\n' });
    assert.deepEqual([written, warnings], [true, []]);
    assert.equal(readFileSync(file, 'utf8'), 'of a\nof b\nof c\n');
  }
});
