/** Every folder under fixtures/yaml: a configuration file and, in want.json, the job or the error it must become. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig, readConfigFile } from '../../src/config/configFile.ts';
import type { JobCommand } from '../../src/config/migrationYaml.ts';
import { toPlain } from '../../src/core/errors.ts';
import { repoRoot } from '../root.ts';
import { temporaryFolder } from '../temporary.ts';

interface Want {
  readonly command: JobCommand;
  readonly env: Record<string, string>;
}

const folder = join(repoRoot, 'fixtures', 'yaml');

for (const name of readdirSync(folder)) {
  test(`fixtures/yaml/${name}`, async () => {
    const file = existsSync(join(folder, name, 'job.yaml')) ? 'job.yaml' : 'migration.yaml';
    const want = JSON.parse(readFileSync(join(folder, name, 'want.json'), 'utf8')) as Want;
    const { command, env } = want;
    const text = readFileSync(join(folder, name, file), 'utf8');
    const around = { file, command, env: { HOME: '/home/user', ...env }, cwd: '/srv/migration', threads: 2 };
    const found = JSON.stringify({ command, env, ...(await outcome(text, around)) });
    assert.deepEqual(JSON.parse(found), want);
    assert.ok(!JSON.stringify((JSON.parse(found) as { config?: unknown }).config ?? '').includes('s3cret'));
  });
}

async function outcome(text: string, around: Parameters<typeof parseConfig>[1]): Promise<object> {
  try {
    const { draft, warnings } = await parseConfig(text, around);
    return { warnings, config: draft };
  } catch (thrown) {
    const { stack: _, ...error } = toPlain(thrown);
    return { error };
  }
}

test('a file that is not UTF-8 is refused, with its line: its names would be others', async () => {
  using folder = temporaryFolder();
  const around = { command: 'run', env: {}, cwd: folder.path, threads: 2 } as const;
  for (const [name, bytes, line] of [
    ['latin1.yaml', Buffer.from('job:\n  name: caf\u00e9\n', 'latin1'), 2],
    ['utf16.yaml', Buffer.from('\ufeffjob: {}', 'utf16le'), 1],
  ] as const) {
    writeFileSync(join(folder.path, name), bytes);
    await assert.rejects(readConfigFile(name, around), {
      code: 'E_CONFIG',
      message: 'the configuration file is not UTF-8',
      at: { file: name, line },
    });
  }
});
