/** A library's sums, where it has a binary for this machine: two to four times as fast as what can be had without. */
import { loadPackage } from './loadPackage.ts';

type Sums = Pick<typeof import('@node-rs/crc32'), 'crc32' | 'crc32c'>;

/** From so many bytes at once it is worth to have loaded it, which takes one to three milliseconds. */
const MUCH = 64 * 1024;

let loaded: Sums | 'none' | undefined;

/** The library for a sum over so many bytes. undefined: go without. */
export function fastCrc(bytes: number): Sums | undefined {
  if (bytes < MUCH) return undefined;
  loaded ??= load();
  return loaded === 'none' ? undefined : loaded;
}

function load(): Sums | 'none' {
  try {
    return loadPackage('@node-rs/crc32');
  } catch {
    // It throws where it has no binary. The same sums take longer then, and nothing else is different.
    return 'none';
  }
}
