/** A Milvus 1.x folder of any size that takes no space: vectors of zeros in sparse files. */
import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileRow, tableRow, writeSqlite } from '../sources/milvus1x/build.ts';

/** Writes `db` with one collection of `segments` segments of `rows` rows each; ids are all zero. */
export function sparseSource(
  db: string,
  { segments, rows, dim }: { segments: number; rows: number; dim: number },
): void {
  const names = Array.from({ length: segments }, (_, index) => String(1_600_000_000_000_000_000n + BigInt(index)));
  for (const segment of names) {
    const folder = join(db, 'tables', 'zeros', segment);
    mkdirSync(folder, { recursive: true });
    sparseFile(join(folder, `${segment}.rv`), rows * dim * 4);
    sparseFile(join(folder, `${segment}.uid`), rows * 8);
    sparseFile(join(folder, 'deleted_docs'), 0);
  }
  writeSqlite(join(db, 'meta.sqlite'), {
    Tables: [tableRow('zeros', { dimension: dim })],
    TableFiles: names.map((segment) => fileRow('zeros', segment, { row_count: rows })),
  });
}

/** A length word and as many zeros. */
function sparseFile(file: string, bytes: number): void {
  const fd = openSync(file, 'w');
  const word = new Uint8Array(8);
  new DataView(word.buffer).setBigUint64(0, BigInt(bytes), true);
  writeSync(fd, word);
  ftruncateSync(fd, 8 + bytes);
  closeSync(fd);
}
