/**
 * Preloaded with `--import`, worker threads included: the disk of the folder `FILL` is too small.
 *
 * `FILL_HOW=file`: when the first part is written, another file takes the space that is left. Where no small disk can be
 * had: `writes`, writes fail from then on; `space`, the system says from the start that 3 MiB are left.
 */
import { subscribe } from 'node:diagnostics_channel';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { MOMENTS_CHANNEL, type Moment } from '../../src/run/progress/events.ts';

const folder = process.env.FILL!;
const MEBIBYTE = Buffer.alloc(1024 * 1024);

if (process.env.FILL_HOW === 'space') saySpace(3);

subscribe(MOMENTS_CHANNEL, (message) => {
  const { moment } = message as { readonly moment: Moment };
  if (moment !== 'part written' || isMainThread) return;
  if (process.env.FILL_HOW === 'file') fillUp(join(folder, 'filler'));
  if (process.env.FILL_HOW === 'writes') refuseWrites();
});

function saySpace(mebibytes: number): void {
  Object.assign(fs, { statfsSync: () => ({ bavail: mebibytes, bsize: MEBIBYTE.length }) });
  syncBuiltinESMExports();
}

function fillUp(file: string): void {
  const fd = fs.openSync(file, 'a');
  try {
    for (;;) fs.writeSync(fd, MEBIBYTE);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
  } finally {
    fs.closeSync(fd);
  }
}

/** Of this thread: files below the folder take no byte more. */
function refuseWrites(): void {
  const { openSync, writeSync } = fs;
  const refused = new Set<number>();
  const patched = {
    openSync: (...call: Parameters<typeof openSync>) => {
      const fd = openSync(...call);
      if (String(call[0]).startsWith(folder)) refused.add(fd);
      else refused.delete(fd);
      return fd;
    },
    writeSync: (...call: unknown[]) => {
      if (refused.has(call[0] as number))
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      return (writeSync as (...rest: unknown[]) => number)(...call);
    },
  };
  Object.assign(fs, patched);
  syncBuiltinESMExports();
}
