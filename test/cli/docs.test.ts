/** The docs and the help list what the code has. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '../../src/cli/commandLine.ts';
import { helpAbout } from '../../src/cli/commands/help.ts';
import { COMMAND_FLAGS, dashed, FLAGS, type Flag } from '../../src/cli/flags.ts';
import { jobFileShape } from '../../src/config/jobFileShape.ts';
import { migrationYamlShape } from '../../src/config/migrationYamlShape.ts';
import { credentialVariables } from '../../src/config/storeCredentials.ts';
import { PLACE_VARIABLES } from '../../src/config/storeEnvironment.ts';
import { OBJECT_SCHEMES } from '../../src/config/storeNames.ts';
import { OPTION_WORDS } from '../../src/config/storeOptions.ts';
import { keysOf } from '../../src/config/yamlShape.ts';
import { ERROR_EXIT, EXIT } from '../../src/core/errors.ts';
import { RING_BYTES } from '../../src/run/threads/slabs.ts';
import { repoRoot } from '../root.ts';
import { COLLECTION, REPORT, WIDE } from './samples.ts';

function doc(name: string): string {
  return readFileSync(join(repoRoot, 'docs', name), 'utf8');
}

test('every flag is of some command, and in its help and in docs/cli.md', () => {
  const text = doc('cli.md');
  for (const flag of Object.values(FLAGS) as Flag[]) {
    const names = [flag.name, ...(flag.also ?? [])].map(dashed);
    if (flag.name !== 'version') {
      const owners = COMMANDS.filter((name) => (COMMAND_FLAGS[name] as readonly string[]).includes(flag.name));
      assert.ok(owners.length > 0, flag.name);
      for (const owner of owners)
        assert.ok(helpAbout(owner, WIDE).join('\n').includes(names[0]!), `${owner} ${flag.name}`);
    }
    if (flag.name === 'version' || flag.name === 'port') continue;
    for (const name of names) assert.ok(text.includes(`\`${name}`), name);
    if (flag.env !== undefined) assert.ok(text.includes(flag.env), flag.env);
  }
  for (const name of COMMANDS) assert.ok(text.includes(name), name);
  assert.ok(text.includes(`threads × ${RING_BYTES / 2 ** 20} MiB`));
});

test('every exit code and error code is in docs/exit-codes.md, with its exit code', () => {
  const text = doc('exit-codes.md');
  for (const code of Object.values(EXIT)) {
    assert.match(text, new RegExp(`^\\| ${code} \\|`, 'm'));
    assert.match(helpAbout('run', WIDE).join('\n'), new RegExp(`^  ${code} `, 'm'));
  }
  for (const [code, exit] of Object.entries(ERROR_EXIT))
    assert.match(text, new RegExp(`^\\| ${code} \\| ${exit} \\|`, 'm'));
});

test('every field of the report is in docs/report.md', () => {
  const text = doc('report.md');
  for (const key of [REPORT, COLLECTION, COLLECTION.verify].flatMap((each) => Object.keys(each)))
    assert.ok(text.includes(`\`${key}\``), key);
});

test('every key of a job file and of a migration.yaml is in its document', () => {
  const leaf = (key: string): string => key.split('.').at(-1)!;
  const jobs = doc('job-file.md');
  for (const key of keysOf(jobFileShape)) assert.ok(jobs.includes(leaf(key)), key);
  const old = doc('migration-yaml.md');
  for (const key of keysOf(migrationYamlShape)) assert.ok(old.includes(leaf(key)), key);
});

test('every scheme, option and variable of object stores is in docs/stores.md', () => {
  const text = doc('stores.md');
  const variables = OBJECT_SCHEMES.flatMap((scheme) => credentialVariables(scheme, 'files'));
  const words = [...OBJECT_SCHEMES.map((scheme) => `${scheme}://`), ...OPTION_WORDS, ...PLACE_VARIABLES, ...variables];
  for (const word of words) assert.ok(text.includes(word.replace('MILVUS_MIGRATE_FILES_', '')), word);
});

test('help begins with one sentence and three examples', () => {
  for (const name of COMMANDS) {
    const [sentence, gap, ...rest] = helpAbout(name, WIDE);
    assert.match(sentence!, /\.$/, name);
    assert.equal(gap, '');
    assert.match(rest[0]!, /^ {2}(MILVUS_MIGRATE_META='\S+ )?(\S+=\S+ )?milvus-migrate/, name);
  }
});
