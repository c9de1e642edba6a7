/** An index of documents in a real Elasticsearch, where a run brings them, and what must be there in the end. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Administrator, administrator } from '../../servers/startElasticsearch.ts';
import { temporaryFolder } from '../../temporary.ts';
import { type TestDatabase, testDatabase } from '../reading.ts';

export const DIM = 8;

export interface Document {
  readonly vec: readonly number[];
  readonly title: string;
  readonly tag: string;
  readonly n: number;
  readonly obj: { readonly a: string; readonly b: number };
  readonly [other: string]: unknown;
}

export const MAPPING = {
  vec: { type: 'dense_vector', dims: DIM, index: false },
  title: { type: 'text' },
  tag: { type: 'keyword' },
  n: { type: 'long' },
  obj: { properties: { a: { type: 'keyword' }, b: { type: 'integer' } } },
} as const;

/** The `version`-th version of a document, the same each time. */
export function documentOf(id: number, version = 0): Document {
  const vec = Array.from({ length: DIM }, (_, at) => Math.fround(Math.sin(id * 31 + at * 7 + version)));
  const title = `title ${id} version ${version} – «é»`;
  return { vec, title, tag: `t${id % 5}`, n: id * 1_000_003, obj: { a: 'x "y" <z>', b: id }, loose: { id, version } };
}

export interface ElasticPlace extends AsyncDisposable {
  readonly admin: Administrator;
  readonly database: TestDatabase;
  readonly index: string;
  readonly url: string;
  readonly path: string;
  /** There, and empty. */
  readonly staging: string;
  readonly state: string;
  /** Words for a command on that index. */
  words(command: string, ...flags: string[]): string[];
}

export interface PlaceOptions {
  readonly documents?: number;
  readonly mapping?: object;
  readonly partSize?: string;
}

let places = 0;

export async function elasticPlace(
  url: string,
  { documents = 600, mapping = MAPPING, partSize = '20KB' }: PlaceOptions = {},
): Promise<ElasticPlace> {
  const folder = temporaryFolder();
  const database = await testDatabase();
  const admin = await administrator({ url, login: undefined, caFile: undefined });
  const index = `docs-${process.pid}-${places++}`;
  const settings = { number_of_shards: 3, number_of_replicas: 0 };
  await admin.call('PUT', `/${index}`, { settings, mappings: { properties: mapping } });
  if (documents > 0) await admin.store(index, versions(documents));
  const [staging, state] = [join(folder.path, 'staging'), join(folder.path, 'state')];
  mkdirSync(staging);
  const flags = ['--state', state, '--threads', '2', '--name', 'docs', '--part-size', partSize];
  return {
    ...{ admin, database, index, url, staging, state, path: folder.path },
    words: (command, ...more) => [command, `es+${url}/${index}`, ...database.flags, ...flags, ...more],
    async [Symbol.asyncDispose]() {
      await admin.call('DELETE', `/${index}`);
      await database[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

export function versions(count: number, version = 0): { id: string; source: Document }[] {
  return Array.from({ length: count }, (_, id) => ({ id: `doc ${id}`, source: documentOf(id, version) }));
}

/** The collection holds these documents, each value as it was sent, and nothing else. `dynamic`: more names in some of them. */
export async function assertDocuments(
  { database }: ElasticPlace,
  wanted: ReadonlyMap<string, Document>,
  collection = 'docs',
  dynamic: readonly string[] = [],
): Promise<void> {
  const { data, status } = await database.client.query({
    collection_name: collection,
    filter: '_id != "nobody"',
    output_fields: ['_id', 'vec', 'title', 'tag', 'n', 'obj', 'loose', ...dynamic],
    limit: 16_384,
    consistency_level: 0,
  } as never);
  assert.equal(status.error_code, 'Success', status.reason);
  const found = new Map((data as Record<string, unknown>[]).map((row) => [row._id as string, row]));
  assert.equal((data as unknown[]).length, found.size, 'an id occurs twice');
  assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort());
  for (const [id, document] of wanted) {
    const row = found.get(id)!;
    // What a server of 2.3 gives the dynamic field as, where names in it are asked for.
    const { $meta, ...plain } = row;
    const shown = {
      ...plain,
      ...($meta as object),
      n: Number(row.n),
      vec: Array.from(row.vec as number[]),
      obj: row.obj,
      loose: row.loose,
    };
    assert.deepEqual(shown, { _id: id, ...document }, id);
  }
}

export function wantedOf(
  documents: readonly { readonly id: string; readonly source: Document }[],
): Map<string, Document> {
  return new Map(documents.map(({ id, source }) => [id, source]));
}

/** Snapshots that the job's plan holds, as its checkpoint has them. */
export function snapshotsOf({ state }: ElasticPlace): string[] {
  const database = new Database(join(state, 'state.sqlite'), { readonly: true });
  try {
    const rows = database.prepare('SELECT planned FROM partitions').all() as { planned: string }[];
    return [...new Set(rows.map(({ planned }) => JSON.parse(planned).partition.detail.pit as string))];
  } finally {
    database.close();
  }
}

/** As a server does that is restarted, or where their time is over. */
export async function loseSnapshots(place: ElasticPlace): Promise<void> {
  for (const id of snapshotsOf(place)) await place.admin.call('DELETE', '/_pit', { id });
}

/** Contexts (snapshots, scrolls) that the server keeps for the index. */
export async function openContexts({ admin, index }: ElasticPlace): Promise<number> {
  const answer = (await admin.call('GET', `/${index}/_stats/search`)) as {
    _all: { total: { search: { open_contexts: number } } };
  };
  return answer._all.total.search.open_contexts;
}
