/** How V8 collects garbage in a job. For the process of the command line alone: a library leaves that to its host. */
import { setFlagsFromString } from 'node:v8';
import { storesOf } from '../config/ends.ts';
import type { JobConfig } from '../config/job.ts';

/**
 * What comes over a connection comes in buffers of 64 KiB that are used once, outside the heap. V8 counts them as if the
 * heap grew, and begins to mark all of it, beside the program and step by step, every few tens of megabytes: a quarter of
 * the processor time of a dump from a bucket. Marked in one go when it has to be, it takes some milliseconds now and then:
 * the heap is small, and nobody waits for an answer.
 *
 * To be called when the workers run: threads that start under other flags than the process did can not use the code that
 * Node brings along compiled, and take 20 ms more each.
 */
export function tuneHeap({ source, files }: Pick<JobConfig, 'source' | 'files'>): void {
  const stores = [source, files].flatMap((end) => (end === undefined ? [] : storesOf(end)));
  if (stores.length > 0 || source.kind === 'elasticsearch') setFlagsFromString('--no-incremental-marking');
}
