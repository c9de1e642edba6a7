/** Folders of the benchmarks, seen from the built tree (dist/bench mirrors bench). */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const RESULTS = join(ROOT, 'bench', 'results');
export const MEASURE = join(ROOT, 'bench', 'measure.py');
/** The command line program of this very build. */
export const PROGRAM = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

/** Input and output of the measured runs: gigabytes, on the file system that is to be measured. */
export function dataFolder(): string {
  return process.env.MILVUS_MIGRATE_BENCH_DATA ?? join(ROOT, 'bench', 'data');
}
/** See bareLoop.ts. */
export const BARE_LOOP = fileURLToPath(new URL('./bareLoop.js', import.meta.url));
