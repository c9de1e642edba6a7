/**
 * Folders below `tables` that no row of the metadata names. A server that was killed while it wrote a segment leaves its
 * folder and, when it starts again, deletes its row; many of them say that the metadata is older than the data, or another
 * server's. Nothing in the folders tells which.
 */
import type { Note } from '../../core/contracts.ts';
import type { Milvus1xModel } from '../../formats/milvus1x/model.ts';
import { grouped } from '../../formats/milvus1x/quantity.ts';
import type { Look } from './look.ts';

/** Of the file system, and of other programs. */
const FOREIGN = /^(\.|lost\+found$)/;
/** Folders that the note names. */
const NAMED = 5;

export interface Strangers {
  readonly look: Look;
  readonly tablesDir: string;
  /** Table ids whose folders are looked into; undefined: all, and there should be no others. */
  readonly tableIds: readonly string[] | undefined;
}

/** On this host only; of metadata that names live segments alone nothing can be said. */
export function strangerNotes({ named }: Milvus1xModel, { look, tablesDir, tableIds }: Strangers): Note[] {
  if (named === undefined) return [];
  const { join } = look.path;
  const chosen = tableIds && new Set(tableIds);
  const foldersIn = (path: string): readonly string[] =>
    (look.folders(path) ?? []).filter((name) => !FOREIGN.test(name));
  const strangers = foldersIn(tablesDir).flatMap((tableId) => {
    const known = named.get(tableId);
    if (chosen?.has(tableId) === false) return [];
    if (known === undefined) return [tableId];
    const segments = foldersIn(join(tablesDir, tableId)).filter((segment) => !known.has(segment));
    return segments.map((segment) => join(tableId, segment));
  });
  if (strangers.length === 0) return [];
  const more = strangers.length - NAMED;
  const which = `${strangers.slice(0, NAMED).join(', ')}${more > 0 ? `, and ${grouped(more)} more` : ''}`;
  const text = `tables holds folders that the metadata does not name, and that are left out: ${which}; a server that was killed while it wrote leaves such folders, and so do metadata that are older than the data: are these the ones that belong to it?`;
  return [{ kind: 'warning', text }];
}
