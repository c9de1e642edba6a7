/** Dumps two sizes of the same data and compares the peaks of memory. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../temporary.ts';
import { milvusMigrate } from './harness.ts';
import { sparseSource } from './sparseSource.ts';

const PRELOAD = new URL('./peakMemory.js', import.meta.url).href;
const ROWS_PER_SEGMENT = 100_000;
const DIM = 128;
/** The figure of the README and of the aim, at two threads. */
const MOST_KIB = 200_000;

/** Bytes of vectors, roughly. */
export async function flatMemory({ small, large }: { small: number; large: number }): Promise<void> {
  const [first, second] = [await peak(small), await peak(large)];
  assert.ok(second < MOST_KIB, `${second} KiB`);
  assert.ok(second < first * 1.25, `${first} KiB for ${small} bytes, ${second} KiB for ${large}`);
}

async function peak(bytes: number): Promise<number> {
  using folder = temporaryFolder();
  const db = join(folder.path, 'db');
  const segments = Math.ceil(bytes / (ROWS_PER_SEGMENT * DIM * 4));
  sparseSource(db, { segments, rows: ROWS_PER_SEGMENT, dim: DIM });
  const file = join(folder.path, 'peak');
  const words = ['dump', `milvus1x:${db}`, '--out', join(folder.path, 'out'), '--state', join(folder.path, 'state')];
  const flags = ['--threads', '2', '--part-size', '64MB'];
  const ended = await milvusMigrate([...words, ...flags], { preload: [PRELOAD], env: { PEAK_MEMORY: file } });
  assert.equal(ended.code, 0, ended.stderr);
  const found = Number(readFileSync(file, 'utf8'));
  rmSync(join(folder.path, 'out'), { recursive: true });
  return found;
}
