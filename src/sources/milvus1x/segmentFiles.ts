/** The files of a segment: which they are, and whether they are whole. Reads length words and deleted_docs, no vectors. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorPlace, MigrateError, systemCode } from '../../core/errors.ts';
import { checkPathName } from '../../formats/milvus1x/collection.ts';
import {
  checkDeletedDocs,
  checkRv,
  checkSameRows,
  checkUid,
  type FileHead,
  LENGTH_WORD_BYTES,
  type VectorShape,
} from '../../formats/milvus1x/segment.ts';
import { readDeletedRows } from './deletedDocs.ts';
import { type OpenFile, openIfThere } from './fileRead.ts';

export interface SegmentQuery {
  readonly tablesDir: string;
  readonly collection: string;
  readonly milvusPartition: string;
  readonly tableId: string;
  readonly segment: string;
  readonly vector: VectorShape;
}

/** A whole segment. Paths are relative to the tables folder. */
export interface SegmentFacts {
  readonly segment: string;
  readonly rv: string;
  readonly uid: string;
  readonly deletedDocs: string;
  /** Bytes of deleted_docs: it grows when rows are deleted. */
  readonly deletedDocsBytes: number;
  /** Rows in the files, deleted ones included. */
  readonly rows: number;
  /** Distinct deleted rows. */
  readonly deleted: number;
  /** Bytes behind the offsets in deleted_docs that do not count. */
  readonly surplus: number;
  /** Sizes and times of the three files. */
  readonly fingerprint: string;
}

/** Errors: E_SEGMENT_*, E_DELETED_DOCS; E_METADATA where a name is no folder's name. */
export function inspectSegment(query: SegmentQuery): SegmentFacts {
  const { collection, segment } = query;
  const folder = join(
    checkPathName(query.tableId, 'collection', { collection }),
    checkPathName(segment, 'segment', { collection }),
  );
  const place = placeOf(query);
  const names = listFolder(join(query.tablesDir, folder), { ...place, file: join('tables', folder) });
  const rv = pick(names, { wanted: `${segment}.rv`, ending: '.rv', at: { ...place, file: join('tables', folder) } });
  const uid = pick(names, {
    wanted: `${rv.slice(0, -3)}.uid`,
    ending: '.uid',
    at: { ...place, file: join('tables', folder) },
  });
  const files = { rv: join(folder, rv), uid: join(folder, uid), deletedDocs: join(folder, 'deleted_docs') };
  const at = (file: string): ErrorPlace => ({ ...place, file: join('tables', file) });
  const vectors = withFile(
    query,
    files.rv,
    (file) => [checkRv(headOf(file, at(files.rv)), query.vector), stateOf(file)] as const,
  );
  const ids = withFile(query, files.uid, (file) => [checkUid(headOf(file, at(files.uid))), stateOf(file)] as const);
  const rows = vectors[0];
  checkSameRows(rows, ids[0], at(folder));
  const docs = withFile(query, files.deletedDocs, (file) => {
    const layout = checkDeletedDocs(headOf(file, at(files.deletedDocs)));
    const { count } = readDeletedRows({ file, offsets: layout.offsets, rows, at: at(files.deletedDocs) }, 0, rows);
    return { deleted: count, surplus: layout.surplus, deletedDocsBytes: file.size, state: stateOf(file) };
  });
  const { state, ...counts } = docs;
  return { segment, ...files, rows, ...counts, fingerprint: `rv ${vectors[1]}; uid ${ids[1]}; deleted_docs ${state}` };
}

/** Where a segment is, for errors. */
export function placeOf({
  collection,
  milvusPartition,
  segment,
}: Pick<SegmentQuery, 'collection' | 'milvusPartition' | 'segment'>): ErrorPlace {
  return milvusPartition === '' ? { collection, segment } : { collection, milvusPartition, segment };
}

/** The first bytes of a file, as the checks want them. */
export function headOf(file: OpenFile, at: ErrorPlace): FileHead {
  const start = new Uint8Array(Math.min(LENGTH_WORD_BYTES, file.size));
  file.read(start, 0);
  return { size: file.size, start, at };
}

function stateOf({ size, changed }: OpenFile): string {
  return `${size} bytes, changed ${changed}`;
}

function listFolder(folder: string, at: ErrorPlace): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (thrown) {
    const code = systemCode(thrown) ?? '';
    const missing = ['ENOENT', 'ENOTDIR'].includes(code);
    throw new MigrateError(
      missing ? 'E_SEGMENT_MISSING' : 'E_SOURCE_ACCESS',
      `the folder of the segment ${missing ? 'is not there' : 'can not be read'}`,
      {
        at,
        found: missing ? 'no such folder' : code,
        wanted: folder,
        hint: missing ? 'copy it again; or --skip-bad-segments to go on without it' : 'allow this user to read it',
        cause: thrown,
      },
    );
  }
}

/** The file of that name, or else the only one with that ending: the server opens whatever it finds. */
function pick(
  names: readonly string[],
  { wanted, ending, at }: { wanted: string; ending: string; at: ErrorPlace },
): string {
  if (names.includes(wanted)) return wanted;
  const others = names.filter((name) => name.endsWith(ending));
  if (others.length === 1) return others[0]!;
  const found =
    others.length === 0 ? `no ${ending} file` : `${others.length} ${ending} files: ${others.toSorted().join(', ')}`;
  throw new MigrateError('E_SEGMENT_MISSING', `the segment has no file ${wanted}`, {
    at,
    found,
    wanted: `${wanted}, or one ${ending} file only`,
    hint: 'copy the folder again; or --skip-bad-segments to go on without the segment',
  });
}

function withFile<T>(query: SegmentQuery, path: string, use: (file: OpenFile) => T): T {
  const at = { ...placeOf(query), file: join('tables', path) };
  const file = openIfThere(join(query.tablesDir, path), at);
  if (file === undefined)
    throw new MigrateError('E_SEGMENT_MISSING', 'a file of the segment is not there', {
      at,
      found: 'no such file',
      wanted: path,
      hint: 'copy the segment again; or --skip-bad-segments to go on without it',
    });
  try {
    return use(file);
  } finally {
    file.close();
  }
}
