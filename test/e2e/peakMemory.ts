/** Preloaded with `--import`: writes the peak of the process's memory, in KiB, to the file that PEAK_MEMORY names. */
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env.PEAK_MEMORY;
if (isMainThread && file !== undefined)
  process.on('exit', () => writeFileSync(file, String(process.resourceUsage().maxRSS)));
