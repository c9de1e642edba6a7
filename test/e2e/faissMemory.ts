/** Dumps two sizes of a flat Faiss index and compares the peaks of memory. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../temporary.ts';
import { writeSparseFlat } from './faissFile.ts';
import { milvusMigrate } from './harness.ts';

const PRELOAD = new URL('./peakMemory.js', import.meta.url).href;
const DIM = 128;
/** The figure of the README and of the aim, at two threads. */
const MOST_KIB = 200_000;

/** Bytes of vectors, roughly. */
export async function flatFaissMemory({ small, large }: { small: number; large: number }): Promise<void> {
  const [first, second] = [await peak(small), await peak(large)];
  assert.ok(second < MOST_KIB, `${second} KiB`);
  assert.ok(second < first * 1.25, `${first} KiB for ${small} bytes, ${second} KiB for ${large}`);
}

async function peak(bytes: number): Promise<number> {
  using folder = temporaryFolder();
  const [index, out] = [join(folder.path, 'zeros.index'), join(folder.path, 'out')];
  const rows = Math.ceil(bytes / (DIM * 4));
  writeSparseFlat(index, { rows, d: DIM });
  const file = join(folder.path, 'peak');
  const words = ['dump', `faiss:${index}`, '--out', out, '--state', join(folder.path, 'state'), '--json'];
  const ended = await milvusMigrate([...words, '--threads', '2', '--part-size', '64MB'], {
    preload: [PRELOAD],
    env: { PEAK_MEMORY: file },
  });
  assert.equal(ended.code, 0, ended.stderr);
  assert.ok(ended.stdout.includes(String(rows)), 'all rows were read');
  rmSync(out, { recursive: true });
  return Number(readFileSync(file, 'utf8'));
}
