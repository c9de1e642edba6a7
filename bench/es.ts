/**
 * How much more than reading is a dump of an Elasticsearch index? The whole program against the same requests whose
 * answers nobody looks at, which is as fast as the cluster gives, and against the official client's scroll helper; in
 * alternating turns against a real server on this host, whose processor time is counted apart.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PAGE_BYTES } from '../src/sources/elasticsearch/pageSize.ts';
import { type Corpus, type Served, serve, startServer } from './es/corpus.ts';
import type { Helper } from './es/helper.ts';
import type { Reads } from './es/reads.ts';
import { cpu, measure, type Usage } from './measure.ts';
import { dataFolder, PROGRAM } from './places.ts';
import { median } from './statistics.ts';

export interface EsQuestion {
  readonly corpora: readonly Corpus[];
  readonly threads: readonly number[];
  readonly runs: number;
}

export type EsEncoding = 'json' | 'cbor';
export type EsFormat = 'parquet' | 'npy';

/** A process, and what the server did for it. */
export interface EsUsage extends Usage {
  /** Seconds of processor time of the server. */
  readonly server: number;
}

export interface EsTurn {
  /** (a) The same reads, not looked at. */
  readonly reads: EsUsage;
  readonly dump: EsUsage;
  /** (b) The scroll helper: one process, JSON, whatever the case; it is run once a turn for all cases. */
  readonly helper: EsUsage;
}

export interface EsCase extends Corpus {
  readonly encoding: EsEncoding;
  readonly format: EsFormat;
  readonly threads: number;
  readonly turns: readonly EsTurn[];
  readonly summary: EsSummary;
}

/** Medians over the turns; ratios are taken within each turn. */
export interface EsSummary {
  readonly readsWall: number;
  readonly dumpWall: number;
  readonly wallRatio: number;
  readonly readsCpu: number;
  readonly dumpCpu: number;
  readonly cpuRatio: number;
  readonly helperWall: number;
  readonly helperCpu: number;
  /** Processor time of the dump ÷ that of the helper. */
  readonly helperRatio: number;
  readonly serverCpu: number;
  readonly readsServerCpu: number;
  /** Millions of bytes of vectors (4 a number), and documents, a second. */
  readonly megabytesPerSecond: number;
  readonly documentsPerSecond: number;
  /** Peaks, bytes. */
  readonly rss: number;
  readonly helperRss: number;
}

interface Kind {
  readonly encoding: EsEncoding;
  readonly format: EsFormat;
  readonly threads: number;
}

const READS = fileURLToPath(new URL('./es/reads.js', import.meta.url));
const HELPER = fileURLToPath(new URL('./es/helper.js', import.meta.url));

export async function benchElastic(question: EsQuestion, tell: (line: string) => void): Promise<EsCase[]> {
  await using server = await startServer();
  const cases: EsCase[] = [];
  for (const corpus of question.corpora) {
    tell(`${corpus.documents} × ${corpus.dim}, ${corpus.digits} numbers: the index`);
    const served = await serve(server, corpus);
    const kinds = kindsOf(question.threads);
    const turns = kinds.map((): EsTurn[] => []);
    // The server compiles its code while it runs: the first reads are slower, whoever makes them.
    for (const encoding of ['json', 'cbor'] as const)
      await plain(served, corpus, { encoding, format: 'npy', threads: 2 });
    for (let run = 1; run <= question.runs; run++) {
      tell(`turn ${run} of ${question.runs}`);
      const helper = await usageOf(served, [process.execPath, HELPER, JSON.stringify(helperOf(served, corpus))]);
      for (const [place, kind] of kinds.entries()) {
        const reads = await plain(served, corpus, kind);
        turns[place]!.push({ reads, dump: await dump(served, corpus, kind), helper });
      }
    }
    for (const [place, kind] of kinds.entries()) {
      const measured = { ...corpus, ...kind, turns: turns[place]! };
      cases.push({ ...measured, summary: summariseElastic(measured) });
    }
  }
  rmSync(outFolder(), { recursive: true, force: true });
  return cases;
}

/** Both formats with both encodings, the second format with one number of threads: what it costs does not hang on them. */
function kindsOf(threads: readonly number[]): Kind[] {
  const encodings = ['json', 'cbor'] as const;
  const npyThreads = threads.includes(2) ? 2 : threads[0]!;
  return encodings.flatMap((encoding) => [
    ...threads.map((count): Kind => ({ encoding, format: 'parquet', threads: count })),
    { encoding, format: 'npy', threads: npyThreads },
  ]);
}

function pageRows({ dim, digits }: Corpus, encoding: EsEncoding): number {
  const numberBytes = encoding === 'cbor' ? 9 : digits === 'long' ? 21 : 12;
  return Math.floor(PAGE_BYTES / (dim * numberBytes + 200));
}

function helperOf({ url, index }: Served, corpus: Corpus): Helper {
  return { url, index, documents: corpus.documents, pageRows: pageRows(corpus, 'json') };
}

function plain({ url, index, shards, server }: Served, corpus: Corpus, kind: Kind): Promise<EsUsage> {
  const { encoding, threads } = kind;
  const reads: Reads = { url, index, shards, encoding, atOnce: threads, pageRows: pageRows(corpus, encoding) };
  return usageOf({ server }, [process.execPath, READS, JSON.stringify(reads)]);
}

async function dump(served: Served, corpus: Corpus, { encoding, format, threads }: Kind): Promise<EsUsage> {
  rmSync(outFolder(), { recursive: true, force: true });
  mkdirSync(outFolder(), { recursive: true });
  execFileSync('sync', ['-f', outFolder()]);
  const out = join(outFolder(), 'dumped');
  const usage = await usageOf(served, [
    ...[process.execPath, PROGRAM, 'dump', `es+${served.url}/${served.index}`],
    ...['--out', out, '--state', join(outFolder(), 'state'), '--threads', String(threads)],
    ...['--es-encoding', encoding, '--format', format],
    ...(format === 'npy' ? ['--fields', 'key:long:pk,vec'] : []),
  ]);
  checkDumped(out, corpus, format);
  return usage;
}

/** A dump that loses rows would be a fast one. Vectors are nearly all of what is written; keys and titles are the rest. */
function checkDumped(out: string, { documents, dim }: Corpus, format: EsFormat): void {
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(`.${format}`));
  const bytes = files.reduce((sum, name) => sum + statSync(join(out, name)).size, 0);
  const least = documents * (dim * 4 + 8);
  const most = least + documents * (format === 'npy' ? 0 : 80) + 4096 + files.length * 4096;
  if (bytes < least || bytes > most) throw new Error(`the dump wrote ${bytes} bytes, wanted ${least} to ${most}`);
}

async function usageOf({ server }: Pick<Served, 'server'>, command: readonly string[]): Promise<EsUsage> {
  const before = processorSeconds(server.pid);
  const usage = await measure(command);
  return { ...usage, server: Math.round((processorSeconds(server.pid) - before) * 100) / 100 };
}

/** Of all threads of a process, so far. Linux counts in hundredths of a second. */
function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // Behind the name, which may hold anything: state, then 10 fields, then user and system time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function outFolder(): string {
  return join(dataFolder(), 'out');
}

export function summariseElastic({ turns, documents, dim }: Pick<EsCase, 'turns' | 'documents' | 'dim'>): EsSummary {
  const over = (pick: (turn: EsTurn) => number): number => Math.round(median(turns.map(pick)) * 1000) / 1000;
  const dumpWall = over(({ dump: { wall } }) => wall);
  return {
    readsWall: over(({ reads }) => reads.wall),
    dumpWall,
    wallRatio: over(({ reads, dump: { wall } }) => wall / reads.wall),
    readsCpu: over(({ reads }) => cpu(reads)),
    dumpCpu: over((turn) => cpu(turn.dump)),
    cpuRatio: over((turn) => cpu(turn.dump) / cpu(turn.reads)),
    helperWall: over(({ helper }) => helper.wall),
    helperCpu: over(({ helper }) => cpu(helper)),
    helperRatio: over((turn) => cpu(turn.dump) / cpu(turn.helper)),
    serverCpu: over((turn) => turn.dump.server),
    readsServerCpu: over(({ reads }) => reads.server),
    megabytesPerSecond: Math.round((documents * dim * 4) / 1e6 / dumpWall),
    documentsPerSecond: Math.round(documents / dumpWall),
    rss: median(turns.map((turn) => turn.dump.rss)),
    helperRss: median(turns.map(({ helper }) => helper.rss)),
  };
}
