/** The rows that a search for duplicates decided to leave out: a file of ascending uint32 ordinals per partition. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { DroppedRows } from '../../core/contracts.ts';

const CHUNK_BYTES = 64 * 1024;

/** Ordinals of live rows, 4 bytes little endian each. A partition has fewer than 2^32 rows: its vectors alone are under 16 GB. */
export function openDroppedRows(file: string): DroppedRows {
  return { ordinals: () => readOrdinals(file) };
}

function* readOrdinals(file: string): Generator<number> {
  const fd = openSync(file, 'r');
  try {
    const chunk = new Uint32Array(CHUNK_BYTES / 4);
    for (;;) {
      let filled = 0;
      const bytes = new Uint8Array(chunk.buffer);
      for (let got = -1; got !== 0 && filled < CHUNK_BYTES; filled += got)
        got = readSync(fd, bytes, filled, CHUNK_BYTES - filled, null);
      for (let index = 0; index < filled / 4; index++) yield chunk[index]!;
      if (filled < CHUNK_BYTES) return;
    }
  } finally {
    closeSync(fd);
  }
}
