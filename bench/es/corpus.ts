/** The index that the benchmarks read: random vectors in three shards of a real server, made once and used again. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Administrator,
  administrator,
  type ElasticsearchServer,
  startElasticsearch,
} from '../../test/servers/startElasticsearch.ts';
import { dataFolder } from '../places.ts';

export interface Corpus {
  readonly documents: number;
  readonly dim: number;
  /** Digits of the numbers: `short`, as a float32 needs them (9), or `long`, as a program that has doubles prints them (17). */
  readonly digits: 'short' | 'long';
}

export interface Served {
  readonly server: ElasticsearchServer;
  readonly url: string;
  readonly index: string;
  /** As the server says it, the documents of each shard. */
  readonly shards: readonly number[];
}

const SHARDS = 3;
const BULK_BYTES = 4e6;
/** Numbers are drawn from so many: making each of them costs more than storing it. */
const POOL = 65_536;

/** Starts the server on the data of earlier benchmarks. It must be disposed. */
export async function startServer(): Promise<ElasticsearchServer> {
  const dataDir = join(dataFolder(), 'elasticsearch');
  mkdirSync(dataDir, { recursive: true });
  // With half a gigabyte of heap the other way to count calls garbage that nobody has collected yet a lack of memory.
  return startElasticsearch({ dataDir, settings: 'indices.breaker.total.use_real_memory: false' });
}

export async function serve(server: ElasticsearchServer, corpus: Corpus): Promise<Served> {
  const { access } = server;
  const index = `bench-${corpus.documents}x${corpus.dim}-${corpus.digits}`;
  const admin = await administrator(access);
  const found = await countsOf(admin, index);
  if (found?.reduce((sum, count) => sum + count, 0) === corpus.documents)
    return { server, url: access.url, index, shards: found };
  if (found !== undefined) await admin.call('DELETE', `/${index}`);
  await make(admin, index, corpus);
  const shards = await countsOf(admin, index);
  if (shards?.reduce((sum, count) => sum + count, 0) !== corpus.documents)
    throw new Error(`the index holds ${shards?.join(' + ')} documents, not ${corpus.documents}`);
  return { server, url: access.url, index, shards };
}

async function make(admin: Administrator, index: string, { documents, dim, digits }: Corpus): Promise<void> {
  await admin.call('PUT', `/${index}`, {
    settings: { number_of_shards: SHARDS, number_of_replicas: 0, refresh_interval: -1 },
    mappings: {
      properties: {
        key: { type: 'long' },
        title: { type: 'keyword' },
        // Building a graph takes minutes, and says nothing about reading.
        vec: { type: 'dense_vector', dims: dim, index: false },
      },
    },
  });
  const next = randomly(documents);
  const pool = Array.from({ length: POOL }, () => numberText(next() / 2 ** 31 - 1, digits));
  let lines: string[] = [];
  let length = 0;
  for (let key = 0; key < documents; key++) {
    const vec = Array.from({ length: dim }, () => pool[next() & (POOL - 1)]);
    const line = `{"index":{"_id":"doc-${key}"}}\n{"key":${key},"title":"document number ${key}","vec":[${vec.join(',')}]}\n`;
    lines.push(line);
    length += line.length;
    if (length < BULK_BYTES && key < documents - 1) continue;
    const { errors, items } = await admin.call('POST', `/${index}/_bulk`, lines.join(''));
    if (errors !== false) throw new Error(`_bulk: ${JSON.stringify(items).slice(0, 1000)}`);
    lines = [];
    length = 0;
  }
  await admin.call('POST', `/${index}/_flush`);
  // As an index is after a while without writes; merging during a run would be charged to it.
  await admin.call('POST', `/${index}/_forcemerge?max_num_segments=1`);
  await admin.call('POST', `/${index}/_refresh`);
}

function numberText(value: number, digits: Corpus['digits']): string {
  // Of a normalised vector of some hundred dimensions.
  const rounded = Math.fround(value / 16);
  return digits === 'long' ? String(rounded) : String(Number(rounded.toPrecision(8)));
}

/** undefined: there is no such index. */
async function countsOf(admin: Administrator, index: string): Promise<number[] | undefined> {
  const { indices } = (await admin.call('GET', `/_stats/docs?level=shards`)) as {
    indices: Record<string, { shards: Record<string, readonly { readonly docs: { readonly count: number } }[]> }>;
  };
  const found = indices[index];
  if (found === undefined) return undefined;
  return Object.keys(found.shards)
    .toSorted((a, b) => Number(a) - Number(b))
    .map((shard) => found.shards[shard]![0]!.docs.count);
}

/** Numbers below 2^32, the same each time (xorshift32). */
function randomly(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
