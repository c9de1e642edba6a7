/** The Faiss decoders alone, on one thread, by tinybench: into a slab, on codes as large as a slab takes. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Bench } from 'tinybench';
import type { Lookup } from '../src/formats/faiss/decode/decoder.ts';
import { openDecoder } from '../src/formats/faiss/decode/open.ts';
import { layOutFaiss, runSync } from '../src/formats/faiss/layout.ts';
import type { Recipe, TableRef } from '../src/formats/faiss/model.ts';
import { allocateRing, fileRing } from '../src/run/threads/slabs.ts';
import { faissFile, faissPython } from './faiss.ts';
import { createRandom } from './makeData.ts';
import { ROOT } from './places.ts';

export interface FaissDecodeCase {
  readonly kind: string;
  /** Millions of bytes of vectors for each second of one core. */
  readonly ours: number;
  /** faiss's sa_decode into memory that it gets for each call, as it does unless told otherwise. */
  readonly faiss: number;
  /** The same into memory that was used before. */
  readonly faissReused: number;
}

const KINDS = ['sq8', 'pq', 'ivfpq'] as const;
/** Rows in the files: their codes are not read. */
const ROWS = 2000;
/** Rows of one sa_decode: 100 MB of vectors. */
const FAISS_ROWS = 200_000;

export async function benchFaissDecode(milliseconds: number): Promise<FaissDecodeCase[]> {
  const files = KINDS.map((kind) => faissFile(kind, ROWS));
  const theirs = byFaiss(files);
  const bench = new Bench({ time: milliseconds, iterations: 5, warmupTime: milliseconds / 4, throws: true });
  const loops = files.map((file, index) => ({ kind: KINDS[index]!, ...loopOver(file) }));
  for (const { kind, call } of loops) bench.add(kind, call);
  await bench.run();
  return loops.map(({ kind, bytes }, index) => {
    const { result } = bench.tasks[index]!;
    if (result.state !== 'completed') throw new Error(`${kind}: ${result.state}`);
    const ours = Math.round(bytes / 1e3 / result.latency.p50);
    return { kind, ours, faiss: theirs[`${kind} fresh`]!, faissReused: theirs[`${kind} reused`]! };
  });
}

function byFaiss(files: readonly string[]): Record<string, number> {
  const script = join(ROOT, 'bench', 'faiss', 'decode.py');
  const words = [script, dirname(files[0]!), String(ROWS), String(FAISS_ROWS)];
  const answer = JSON.parse(execFileSync(faissPython(), words, { encoding: 'utf8' })) as Record<string, number>;
  return Object.fromEntries(Object.entries(answer).map(([name, bytes]) => [name, Math.round(bytes / 1e6)]));
}

function loopOver(file: string): { bytes: number; call: () => void } {
  const whole = new Uint8Array(statSync(file).size);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, whole);
  closeSync(descriptor);
  const { recipe } = runSync(layOutFaiss(whole.length), whole);
  if (recipe.kind === 'refused') throw new Error(recipe.why);
  const decoder = openDecoder(recipe, lookupIn(whole));
  const { slabBytes } = fileRing(1);
  const rows = Math.floor(slabBytes / decoder.rowBytes);
  const random = createRandom(1);
  const record = recipe.storage.kind === 'blocks' ? 0 : recipe.storage.record;
  const codes = Uint8Array.from({ length: rows * record }, () => random() * 256);
  const out = new Uint8Array(allocateRing({ slabBytes, slabs: 1 }).slabs[0]!);
  let list = 0;
  const call = (): void => {
    list = (list + 1) % 1024;
    decoder.decode({ codes, first: 0, rows, list }, out);
  };
  return { bytes: rows * decoder.rowBytes, call };
}

function lookupIn(file: Uint8Array): Lookup {
  const floats = ({ at, count }: TableRef): Float32Array =>
    new Float32Array(Uint8Array.from(file.subarray(at, at + count * 4)).buffer);
  return { table: floats, centroids: ({ recipe }) => floats(flatTable(recipe as Recipe)) };
}

/** The coarse quantisers of these files are flat. */
function flatTable({ storage, rows, innerD }: Recipe): TableRef {
  if (storage.kind !== 'rows') throw new TypeError('a coarse quantiser that is not flat');
  return { type: 'f32', at: storage.at, count: rows * innerD };
}
