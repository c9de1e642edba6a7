/** How the heap grows in a job with buckets. For the process of the command line alone: a library leaves that to its host. */
import { setFlagsFromString } from 'node:v8';
import { storesOf } from '../config/ends.ts';
import type { JobConfig } from '../config/job.ts';

/**
 * What comes over a connection comes in buffers of 64 KiB that are used once, outside the heap. V8 counts them as if the
 * heap grew, and marks all of it again after every 17 MB or so, which was a fifth of the processor time between buckets.
 * So it may grow to three times its size first; the young generation, which frees those buffers, is small (run/pool.ts).
 */
const GROWING_PERCENT = 200;

export function tuneHeap({ source, files }: Pick<JobConfig, 'source' | 'files'>): void {
  const stores = [source, files].flatMap((end) => (end === undefined ? [] : storesOf(end)));
  if (stores.length > 0) setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
