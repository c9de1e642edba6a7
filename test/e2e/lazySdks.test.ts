/** SDKs and drivers take memory and a good part of a second each: a run loads those of the stores that it uses, no others. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../root.ts';
import { freePorts } from '../servers/ports.ts';
import { temporaryFolder } from '../temporary.ts';
import { milvusMigrate } from './harness.ts';

const PRELOAD = new URL('./loadedHooks.js', import.meta.url).href;
const OPTIONAL = /^(@aws-sdk|@smithy|@azure|@google-cloud|google-auth-library|mysql2|@elastic|@zilliz)/;

/** Scopes of the SDKs and drivers that a dump of the demo into that place loads. */
async function loadedBy(out: string, env: Record<string, string>, code: number): Promise<string[]> {
  using folder = temporaryFolder();
  const file = join(folder.path, 'loaded');
  const demo = join(repoRoot, 'fixtures/demo/db');
  const place = out === '' ? join(folder.path, 'out') : out;
  const words = ['dump', `milvus1x:${demo}`, '--out', place, '--state', join(folder.path, 'state'), '--threads', '2'];
  const ended = await milvusMigrate(words, { preload: [PRELOAD], env: { ...env, LOADED_FILE: file } });
  assert.equal(ended.code, code, ended.stderr);
  assert.ok(existsSync(file));
  const names = new Set(readFileSync(file, 'utf8').trim().split('\n'));
  assert.ok(names.has('better-sqlite3'), [...names].join(', '));
  if (code === 0) assert.ok(names.has('thread 0') && names.has('thread 2'), 'the workers are looked at, too');
  const scopes = [...names].filter((name) => OPTIONAL.test(name)).map((name) => name.replace(/\/.*/, ''));
  return [...new Set(scopes)].sort();
}

const KEYS = { MILVUS_MIGRATE_FILES_ACCESS_KEY: 'account', MILVUS_MIGRATE_FILES_SECRET_KEY: 'a2V5' };

test('from a folder into a folder: none at all, in no thread', async () => {
  assert.deepEqual(await loadedBy('', {}, 0), []);
});

test('each bucket: its own alone', async () => {
  const endpoint = `http://127.0.0.1:${await freePorts(1)}`;
  assert.deepEqual(await loadedBy(`s3://bucket/x?endpoint=${endpoint}`, KEYS, 4), ['@aws-sdk', '@smithy']);
  assert.deepEqual(await loadedBy(`az://bucket/x?endpoint=${endpoint}`, KEYS, 4), ['@azure']);
  // Nobody signs in to what is none of Google's without being told to.
  assert.deepEqual(await loadedBy(`gs://bucket/x?endpoint=${endpoint}`, {}, 4), []);
});
