/** How V8 runs a job. For the process of the command line alone: a library leaves that to its host. */
import { setFlagsFromString } from 'node:v8';
import { storesOf } from '../config/ends.ts';
import type { JobConfig } from '../config/job.ts';

/** Bytes of code that a function runs through until V8 counts a tick; three ticks and more make it worth compiling. */
const INTERRUPT_BUDGET = 300_000;

/**
 * Two flags that jobs are quicker under.
 *
 * Functions are compiled by the optimising compiler when they have run four times as long as usual: what a job does for
 * each byte is WebAssembly or a library's already, and each thread compiles for itself. A tenth of the processor time of
 * a dump of 1 GB, and less memory; what runs for long is compiled all the same. From Node 22 on another compiler comes
 * first, the flag is no more, and what stands for it gained 3 %.
 *
 * What comes over a connection comes in buffers of 64 KiB that are used once, outside the heap. V8 counts them as if the
 * heap grew, and begins to mark all of it, beside the program and step by step, every few tens of megabytes: a quarter of
 * the processor time of a dump from a bucket. Marked in one go when it has to be, it takes some milliseconds now and then:
 * the heap is small, and nobody waits for an answer.
 *
 * To be called when the workers run: threads that start under other flags than the process did can not use the code that
 * Node brings along compiled, and take 20 ms more each.
 */
export function setEngineFlags({ source, files }: Pick<JobConfig, 'source' | 'files'>): void {
  if (Number.parseInt(process.versions.v8, 10) < 12) setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`);
  const stores = [source, files].flatMap((end) => (end === undefined ? [] : storesOf(end)));
  if (stores.length > 0 || source.kind === 'elasticsearch') setFlagsFromString('--no-incremental-marking');
}
