/** How the parts of a dumped folder stand in a partition. */
import type { Json, Part } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';

export interface DumpedDetail {
  /** Folder below the root. */
  readonly dir: string;
  readonly rows: number;
  /** `<field>.npy` with their sizes in bytes. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

export function dumpedDetail({ dir, rows, files }: Part): Json {
  return { dir, rows, files: files.map(({ name, bytes }) => ({ name, bytes })) };
}

export function readDumpedDetail(detail: Json): DumpedDetail {
  if (typeof detail === 'object' && detail !== null && 'dir' in detail && 'rows' in detail && 'files' in detail)
    return detail as unknown as DumpedDetail;
  throw new MigrateError('E_DUMP_FOLDER', 'a partition that is no part of a dumped folder', {
    found: JSON.stringify(detail).slice(0, 200),
  });
}
