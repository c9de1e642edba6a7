#!/usr/bin/env node
/**
 * `npm run demo`: builds, starts an embedded Milvus 2.x, migrates fixtures/demo into it, shows the report.
 * Needs Python 3 (with venv) for Milvus; the first time about 60 MB are downloaded.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const say = (text) => console.error(`\n» ${text}`);

say('Building');
execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
const { startMilvus } = await import(pathToFileURL(join(root, 'dist/test/servers/index.js')).href);

say('Starting an embedded Milvus 2.3.5 (the first time: a download of about 60 MB)');
const milvus = await startMilvus();
const scratch = mkdtempSync(join(tmpdir(), 'milvus-migrate-demo-'));
try {
  say(`Migrating fixtures/demo/db, a small Milvus 1.x folder, into ${milvus.address}`);
  const common = [
    'milvus1x:fixtures/demo/db',
    '--to',
    `http://${milvus.address}`,
    '--staging',
    join(scratch, 'staging'),
  ];
  const state = ['--state', join(scratch, 'state')];
  process.exitCode = await migrate(['run', ...common, ...state]);
} finally {
  say('Stopping Milvus');
  await milvus.stop();
  rmSync(scratch, { recursive: true, force: true });
}

/** Ctrl-C reaches the command, too, which ends in order; we wait for it and clean up. */
async function migrate(words) {
  process.on('SIGINT', () => say('Interrupted'));
  say(`milvus-migrate ${words.join(' ')}\n`);
  const main = join(root, 'dist/src/cli/main.js');
  const child = spawn(process.execPath, [main, ...words], { cwd: root, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
