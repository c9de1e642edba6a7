/** The benchmark's command line. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { DumpQuestion } from './dump.ts';
import type { Corpus } from './es/corpus.ts';
import type { EsQuestion } from './es.ts';
import type { FaissQuestion } from './faiss.ts';
import { SERVICES, type ServiceName } from './stores/services.ts';
import type { StoresQuestion } from './stores.ts';

export const USAGE = `npm run bench -- [dump|micro|faiss|stores|es|all] [--quick] [--size 1GB|4GB] [--documents 100kx768] [--services minio,gcs,azurite] [--runs N] [--threads 1,2,4]

  dump     a dump against cp -r + sync -f of the same folder
  micro    the inner loops
  faiss    Faiss index files: dumps against cp + sync and against Python with faiss; the decoders against faiss's own
  stores   buckets: a dump into, out of and within MinIO, GCS and Azure against the clouds' own SDKs
  es       an Elasticsearch index: dumps of it against the same reads without parsing, and against the client's scroll helper
  --quick  small and short: shows that it works, keeps nothing
  --size   4GB: also at 1 GB, without deletes: shows that memory stays flat
  --documents  es: thousands of documents and dimensions, with commas for several: 100kx768,500kx128; 100kx768long: numbers
           of 17 digits, as a program prints that has them as doubles
  --services   stores: some of them alone

Input (a few GB) is made once under bench/data, or under MILVUS_MIGRATE_BENCH_DATA.`;

export type BenchName = 'dump' | 'micro' | 'faiss' | 'stores' | 'es';

export interface BenchArguments {
  readonly benches: readonly BenchName[];
  readonly quick: boolean;
  readonly size: string;
  readonly question: DumpQuestion;
  readonly faiss: FaissQuestion;
  readonly stores: StoresQuestion;
  readonly es: EsQuestion;
  readonly microMs: number;
}

const ALL: readonly BenchName[] = ['dump', 'micro', 'faiss', 'stores', 'es'];
const SIZES: Readonly<Record<string, number>> = { '96MB': 96e6, '1GB': 1e9, '4GB': 4e9 };

/** Throws where the words make no sense. */
export function readArguments(words: readonly string[]): BenchArguments {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      size: { type: 'string' },
      runs: { type: 'string' },
      threads: { type: 'string' },
      documents: { type: 'string' },
      services: { type: 'string' },
    },
  });
  const { quick } = values;
  const what = positionals[0] ?? 'all';
  if (positionals.length > 1 || ![...ALL, 'all'].includes(what))
    throw new Error(`no such benchmark: ${positionals.join(' ')}`);
  const size = values.size ?? (quick ? '96MB' : '1GB');
  const bytes = SIZES[size];
  if (bytes === undefined) throw new Error(`--size ${size}: ${Object.keys(SIZES).join(', ')}`);
  const large = bytes > 1e9;
  const threads = values.threads === undefined ? usualThreads() : values.threads.split(',').map(count);
  const runs = values.runs === undefined ? (quick ? 2 : 5) : count(values.runs);
  return {
    benches: what === 'all' ? ALL : [what as BenchName],
    quick,
    size,
    question: {
      sizes: large ? [1e9, bytes] : [bytes],
      dims: [128, 768],
      deletes: large ? [0] : [0, 0.1],
      threads,
      runs,
    },
    // Quick is for CI: six kinds of files take long enough once.
    faiss: { bytes, threads: quick && values.threads === undefined ? [2] : threads, runs: quick ? 1 : runs },
    stores: {
      bytes,
      services: values.services === undefined ? SERVICES : values.services.split(',').map(service),
      threads: quick && values.threads === undefined ? [2] : threads,
      runs: quick ? 1 : runs,
    },
    es: {
      corpora: (values.documents ?? (quick ? '4kx768' : '100kx768')).split(',').map(corpus),
      threads: quick && values.threads === undefined ? [2] : threads,
      runs: quick ? 1 : values.runs === undefined ? 3 : runs,
    },
    microMs: quick ? 200 : 1000,
  };
}

/** 1, 2, 4, and as many as the machine has cores. */
function usualThreads(): number[] {
  const cores = availableParallelism();
  return cores > 4 ? [1, 2, 4, cores] : [1, 2, 4];
}

function corpus(word: string): Corpus {
  const found = /^([1-9]\d*)kx([1-9]\d*)(long)?$/.exec(word);
  if (found === null) throw new Error(`--documents ${word}: thousands of documents and dimensions, as in 100kx768`);
  const digits = found[3] === undefined ? 'short' : 'long';
  return { documents: Number(found[1]) * 1000, dim: Number(found[2]), digits };
}

function service(word: string): ServiceName {
  const found = SERVICES.find((name) => name === word);
  if (found === undefined) throw new Error(`--services ${word}: ${SERVICES.join(', ')}`);
  return found;
}

function count(word: string): number {
  if (!/^[1-9]\d*$/.test(word)) throw new Error(`${word}: a whole number above 0`);
  return Number(word);
}
