/**
 * Faiss index files, 128 dimensions: a dump against `cp` + `sync -f` of the file, and against Python with faiss that
 * reads the index, decodes it and saves it. All kinds are as large as gives the same bytes of vectors.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NPY_HEADER_BYTES } from '../src/formats/npy.ts';
import { cpu, measure, type Usage } from './measure.ts';
import { dataFolder, PROGRAM, ROOT } from './places.ts';
import { median } from './statistics.ts';

export const FAISS_KINDS = ['flat', 'ivfflat', 'hnswflat', 'sq8', 'pq', 'ivfpq'] as const;
export type FaissKind = (typeof FAISS_KINDS)[number];

export const FAISS_DIM = 128;
const ROW_BYTES = FAISS_DIM * 4;
const ID_BYTES = 8;

export interface FaissQuestion {
  /** Bytes of the vectors that come out. */
  readonly bytes: number;
  readonly threads: readonly number[];
  readonly runs: number;
}

/** One turn: all commands one after the other. */
export interface FaissTurn {
  /** `cp` + `sync -f`. */
  readonly copy: Usage;
  readonly python: Usage;
  /** By threads. */
  readonly dumps: Readonly<Record<number, Usage>>;
}

export interface FaissCase {
  readonly kind: FaissKind;
  readonly rows: number;
  readonly fileBytes: number;
  readonly threads: number;
  readonly turns: readonly FaissTurn[];
  readonly summary: FaissSummary;
}

/** Medians over the turns; ratios are taken within each turn. */
export interface FaissSummary {
  readonly copyWall: number;
  readonly pythonWall: number;
  readonly dumpWall: number;
  /** dump ÷ (`cp` + `sync -f`). */
  readonly wallRatio: number;
  /** dump ÷ Python. */
  readonly pythonRatio: number;
  /** Millions of bytes of vectors for each second of processor time. */
  readonly perCoreSecond: number;
  readonly pythonPerCoreSecond: number;
  /** Peaks, bytes. */
  readonly rss: number;
  readonly pythonRss: number;
}

export async function benchFaiss(question: FaissQuestion, tell: (line: string) => void): Promise<FaissCase[]> {
  const python = faissPython();
  const rows = Math.floor(question.bytes / ROW_BYTES);
  const cases: FaissCase[] = [];
  for (const kind of FAISS_KINDS) {
    tell(`${kind}, ${rows} rows of ${FAISS_DIM} dimensions`);
    const file = faissFile(kind, rows);
    const job = { file, python, rows, threads: question.threads };
    await oneTurn({ ...job, threads: question.threads.slice(0, 1) });
    const turns: FaissTurn[] = [];
    while (turns.length < question.runs) turns.push(await oneTurn(job));
    const fileBytes = statSync(file).size;
    for (const threads of question.threads)
      cases.push({ kind, rows, fileBytes, threads, turns, summary: summariseFaiss(turns, threads, rows) });
  }
  rmSync(outFolder(), { recursive: true, force: true });
  return cases;
}

interface TurnJob {
  readonly file: string;
  readonly python: string;
  readonly rows: number;
  readonly threads: readonly number[];
}

async function oneTurn({ file, python, rows, threads }: TurnJob): Promise<FaissTurn> {
  const out = outFolder();
  const copy = await onFreshDisk(file, ['sh', '-c', 'cp "$1" "$2" && sync -f "$2"', 'copy', file, join(out, 'copied')]);
  const script = join(ROOT, 'bench', 'faiss', 'dump.py');
  const byPython = await onFreshDisk(file, [python, script, file, join(out, 'python.npy')]);
  const dumps: Record<number, Usage> = {};
  for (const count of threads) {
    dumps[count] = await onFreshDisk(file, [
      ...[process.execPath, PROGRAM, 'dump', `faiss:${file}`, '--out', join(out, 'dumped')],
      ...['--threads', String(count), '--state', join(out, 'state')],
    ]);
    checkDumped(join(out, 'dumped'), rows);
  }
  return { copy, python: byPython, dumps };
}

/** Removes what was there, waits until the disk is through with it, and has the file in memory. */
async function onFreshDisk(file: string, command: readonly string[]): Promise<Usage> {
  rmSync(outFolder(), { recursive: true, force: true });
  mkdirSync(outFolder(), { recursive: true });
  execFileSync('sync', ['-f', outFolder()]);
  readFileSync(file);
  return measure(command);
}

/** A dump that loses rows would be a fast one. */
function checkDumped(out: string, rows: number): void {
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.npy'));
  const bytes = files.reduce((sum, name) => sum + statSync(join(out, name)).size - NPY_HEADER_BYTES, 0);
  const wanted = rows * (ROW_BYTES + ID_BYTES);
  if (bytes !== wanted) throw new Error(`the dump wrote ${bytes} bytes of rows, the index has ${wanted}`);
}

/** Made once; the folder of the data is not cleaned. */
export function faissFile(kind: FaissKind, rows: number): string {
  const file = join(dataFolder(), `faiss-${kind}-${rows}.index`);
  if (existsSync(file)) return file;
  mkdirSync(dataFolder(), { recursive: true });
  const draft = `${file}.draft`;
  execFileSync(faissPython(), [join(ROOT, 'bench', 'faiss', 'make.py'), kind, String(rows), draft], { stdio: 'pipe' });
  renameSync(draft, file);
  return file;
}

/** The Python of the tests. */
export function faissPython(): string {
  const script = join(ROOT, 'test', 'servers', 'faiss-python.sh');
  return execFileSync('bash', [script, 'get'], { encoding: 'utf8' }).trim();
}

function outFolder(): string {
  return join(dataFolder(), 'faiss-out');
}

export function summariseFaiss(turns: readonly FaissTurn[], threads: number, rows: number): FaissSummary {
  const over = (pick: (turn: FaissTurn) => number): number => Math.round(median(turns.map(pick)) * 1000) / 1000;
  const dump = ({ dumps }: FaissTurn): Usage => dumps[threads]!;
  const megabytes = (rows * ROW_BYTES) / 1e6;
  return {
    copyWall: over(({ copy }) => copy.wall),
    pythonWall: over(({ python }) => python.wall),
    dumpWall: over((turn) => dump(turn).wall),
    wallRatio: over((turn) => dump(turn).wall / turn.copy.wall),
    pythonRatio: over((turn) => dump(turn).wall / turn.python.wall),
    perCoreSecond: over((turn) => megabytes / cpu(dump(turn))),
    pythonPerCoreSecond: over((turn) => megabytes / cpu(turn.python)),
    rss: over((turn) => dump(turn).rss),
    pythonRss: over(({ python }) => python.rss),
  };
}
