/** Whose rejected rows a reject file holds where a folder with several dumps is loaded. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { rejectPart } from '../../src/run/dumpStage.ts';
import { gatherRejects } from '../../src/run/gatherRejects.ts';
import type { Running } from '../../src/run/runFiles.ts';
import { temporaryFolder } from '../temporary.ts';

test('rows that a load of a dumped folder rejects do not replace those that the dump rejected', async () => {
  using folder = temporaryFolder();
  const dumpsOwn = join(folder.path, 'rejects.jsonl');
  writeFileSync(dumpsOwn, 'of the dump\n');
  const parts = ['dumped', 'here'].map((partition) => ({ part: { partition, rejected: 1 } }));
  const load = async (rejectFile: string): Promise<{ written: boolean; warnings: string[] }> => {
    const warnings: string[] = [];
    const run = {
      config: { rejectFile },
      jobDir: folder.path,
      reader: { kind: 'dumped' },
      ledger: { partitions: () => parts },
      warn: (text: string) => warnings.push(text),
    } as unknown as Running;
    const own = rejectPart(run, 'here');
    mkdirSync(dirname(own), { recursive: true });
    writeFileSync(own, 'of the load\n');
    return { written: await gatherRejects(run, false), warnings };
  };
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
