/** Shared memory for tables whose size a file says: never more than this machine has. */
import { totalmem } from 'node:os';
import { MigrateError, messageOf } from '../../core/errors.ts';
import { grouped } from './quantity.ts';

/** Error: E_FAISS_UNSUPPORTED where there is no such memory. */
export function allocateTable(bytes: number): SharedArrayBuffer {
  if (bytes > totalmem()) throw tooLarge(bytes, `${grouped(totalmem())} bytes of memory`);
  try {
    return new SharedArrayBuffer(bytes);
  } catch (thrown) {
    throw tooLarge(bytes, messageOf(thrown));
  }
}

function tooLarge(bytes: number, found: string): MigrateError {
  return new MigrateError('E_FAISS_UNSUPPORTED', "a table of the index does not fit into this machine's memory", {
    found,
    wanted: `${grouped(bytes)} bytes for its codebooks, coarse vectors or id map`,
    hint: 'run it on a machine with more memory; the rows themselves need none',
  });
}
