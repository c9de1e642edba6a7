/** Where a run of a test happens: a database of its own, a staging folder, a state folder. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../src/core/report.ts';
import { temporaryFolder } from '../temporary.ts';
import { fixture, wanted } from './harness.ts';
import { assertAll, type TestDatabase, testDatabase } from './reading.ts';

export interface Place extends AsyncDisposable {
  readonly database: TestDatabase;
  /** There, and empty. */
  readonly staging: string;
  readonly path: string;
  /** Words for `run` of that fixture, or of another source's folder. */
  words(name: string, ...flags: string[]): string[];
}

export async function place(address?: string): Promise<Place> {
  const folder = temporaryFolder();
  const database = await testDatabase(address);
  const staging = join(folder.path, 'staging');
  mkdirSync(staging);
  const common = [
    '--state',
    join(folder.path, 'state'),
    '--threads',
    '2',
    '--report',
    join(folder.path, 'report.json'),
  ];
  return {
    database,
    staging,
    path: folder.path,
    words: (name, ...flags) => [
      'run',
      `milvus1x:${name.startsWith('/') ? name : join(fixture(name), 'db')}`,
      ...database.flags,
      ...common,
      ...flags,
    ],
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

export function reportOf({ path }: Place): Report {
  return JSON.parse(readFileSync(join(path, 'report.json'), 'utf8')) as Report;
}

/** Every row is there once, bit for bit; nothing else is: no scratch collection, no file in the staging folder. */
export async function assertExact({ database, staging }: Place, name: string): Promise<void> {
  const want = wanted(name);
  await assertAll(database, name, want);
  assert.deepEqual(await collections(database), want.collections.map(targetName).sort());
  assert.deepEqual(readdirSync(staging, { recursive: true }), []);
}

/** As Milvus 2.x takes it. */
export function targetName({ name }: { readonly name: string }): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');
}

/** Names of all collections of the database, sorted. */
export async function collections({ client }: TestDatabase): Promise<string[]> {
  const { data } = await client.showCollections();
  return data.map(({ name }) => name).sort();
}
