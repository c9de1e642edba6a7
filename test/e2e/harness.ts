/** Runs the built command line as a user does, and reads Milvus back with the SDK alone. */
import { type ChildProcess, type ExecFileException, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repoRoot } from '../root.ts';

/** Of the same build as the running test. */
const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface Ended {
  /** Exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Modules to preload (`--import`), workers included. */
  readonly preload?: readonly string[];
  /** Kills it with SIGKILL after so many milliseconds. */
  readonly killAfterMs?: number;
}

/** Never rejects for an exit code: that is for the test to judge. */
export function milvusMigrate(words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const preload = (options.preload ?? []).flatMap((module) => ['--import', module]);
  const env = { ...process.env, NO_COLOR: '1', ...options.env };
  const limit =
    options.killAfterMs === undefined ? {} : { timeout: options.killAfterMs, killSignal: 'SIGKILL' as const };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...preload, CLI, ...words],
      { env, cwd: options.cwd, maxBuffer: 64 * 1024 * 1024, ...limit },
      (error: ExecFileException | null, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, signal: error?.signal ?? null, stdout, stderr });
      },
    );
  });
}

export interface Watching extends Pick<RunOptions, 'env' | 'preload'> {
  /** Matched against all that it wrote to stderr so far. */
  readonly when: RegExp;
  /** Done once, when it matches. */
  readonly act: (child: ChildProcess) => Promise<void> | void;
}

/** Starts it, does something when stderr says so, and waits for both to end. */
export async function watched(words: readonly string[], { env, preload, when, act }: Watching): Promise<Ended> {
  const flags = (preload ?? []).flatMap((module) => ['--import', module]);
  const child = spawn(process.execPath, [...flags, CLI, ...words], {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  let acting: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
    if (acting !== undefined || !when.test(stderr)) return;
    acting = (async () => act(child))().catch((error: unknown) => {
      failure = { error };
      child.kill('SIGKILL');
    });
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  await acting;
  if (failure !== undefined) throw failure.error;
  return { code, signal, stdout, stderr };
}

/** Starts it, sends the signals when stderr matches `when`, and waits for its end. */
export function interruptWhen(
  words: readonly string[],
  when: RegExp,
  signals: readonly NodeJS.Signals[],
): Promise<Ended> {
  return watched(words, {
    when,
    act: (child) => {
      for (const signal of signals) child.kill(signal);
    },
  });
}

/** What `scripts/test.mjs` provides; a test that is run by hand is told what it misses. */
export function provided(name: 'MILVUS_MIGRATE_FIXTURES' | 'TEST_MILVUS' | 'TEST_MYSQL' | 'TEST_PYTHON'): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set: run the tests with \`npm test\``);
  return value;
}

export function fixture(name: string): string {
  return join(provided('MILVUS_MIGRATE_FIXTURES'), name);
}

/** compare.py: a dump against what is wanted, bit for bit. Returns what differs; empty: nothing. */
export function compareDump(dump: string, name: string, flags: readonly string[] = []): Promise<string> {
  const script = join(repoRoot, 'fixtures/milvus1x/compare.py');
  return new Promise((resolve) => {
    execFile(provided('TEST_PYTHON'), [script, dump, join(fixture(name), 'want'), ...flags], (error, stdout, stderr) =>
      resolve(error === null ? '' : `${stdout}${stderr}`),
    );
  });
}

export interface Want {
  readonly rows: number;
  readonly collections: readonly WantCollection[];
}

export interface WantCollection {
  readonly name: string;
  readonly binary: boolean;
  readonly dim: number;
  readonly rows: number;
  readonly deleted: number;
  readonly partitions: readonly { readonly tag: string; readonly dir: string; readonly rows: number }[];
}

export function wanted(name: string): Want {
  return JSON.parse(readFileSync(join(fixture(name), 'want/want.json'), 'utf8')) as Want;
}

export interface WantRows {
  readonly ids: BigInt64Array;
  /** Bytes of each vector. */
  readonly vectors: readonly Uint8Array[];
}

/** The live rows of one partition as NumPy wrote them. */
export function wantedRows(name: string, dir: string): WantRows {
  const ids = readNpy(join(fixture(name), 'want', dir, 'id.npy'));
  const data = readNpy(join(fixture(name), 'want', dir, 'data.npy'));
  const rows = ids.body.length / 8;
  const width = rows === 0 ? 0 : data.body.length / rows;
  return {
    ids: new BigInt64Array(ids.body.slice().buffer),
    vectors: Array.from({ length: rows }, (_, row) => data.body.subarray(row * width, (row + 1) * width)),
  };
}

function readNpy(file: string): { body: Uint8Array } {
  const bytes = readFileSync(file);
  return { body: new Uint8Array(bytes.subarray(10 + bytes.readUInt16LE(8))) };
}

/** Error JSON lines of `--log-format json`, and text otherwise: everything that a user sees, numbers without separators. */
export function plainText(text: string): string {
  return text.replaceAll(/(?<=\d),(?=\d{3})/g, '');
}
