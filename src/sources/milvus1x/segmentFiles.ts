/** The files of a segment: which they are, and whether they are whole. Reads length words and deleted_docs, no vectors. */
import { type ErrorPlace, MigrateError } from '../../core/errors.ts';
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
import { type OpenFile, openIfThere, readBytes, type SourceFolder, sourceError } from './fileRead.ts';

export interface SegmentQuery {
  readonly tables: SourceFolder;
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
  /** As the store gives them. */
  readonly versions: { readonly rv: string; readonly uid: string; readonly deletedDocs: string };
  /** Sizes and versions of the three files. */
  readonly fingerprint: string;
}

/** A file of the segment. */
interface Opened {
  readonly path: string;
  readonly file: OpenFile;
  readonly head: FileHead;
}

/** Of deleted_docs, whose offsets are read too: mostly all of it, in one request with its size. */
const FIRST_DELETED_DOCS = 64 * 1024;

/** Errors: E_SEGMENT_*, E_DELETED_DOCS; E_METADATA where a name is no folder's name. */
export async function inspectSegment(query: SegmentQuery): Promise<SegmentFacts> {
  const { collection, segment, tableId, vector, tables } = query;
  const folder = `${checkPathName(tableId, 'collection', { collection })}/${checkPathName(segment, 'segment', { collection })}`;
  const opened: Opened[] = [];
  try {
    const { rv, uid, docs } = await openFiles(query, folder, opened);
    const rows = checkRv(rv.head, vector);
    checkSameRows(rows, checkUid(uid.head), { ...placeOf(query), file: tables.show(folder) });
    const { offsets, surplus } = checkDeletedDocs(docs.head);
    const deleted = await readDeletedRows({ file: docs.file, offsets, rows, at: docs.head.at }, 0, rows);
    return {
      segment,
      rv: rv.path,
      uid: uid.path,
      deletedDocs: docs.path,
      deletedDocsBytes: docs.file.size,
      rows,
      deleted: deleted.count,
      surplus,
      versions: { rv: rv.file.version, uid: uid.file.version, deletedDocs: docs.file.version },
      fingerprint: `rv ${stateOf(rv.file)}; uid ${stateOf(uid.file)}; deleted_docs ${stateOf(docs.file)}`,
    };
  } finally {
    for (const { file } of opened) await file.close();
  }
}

/**
 * By their usual names, side by side; where one has another name, the folder is listed.
 * @param opened gets whatever is open, also where another one fails
 */
async function openFiles(
  query: SegmentQuery,
  folder: string,
  opened: Opened[],
): Promise<{ rv: Opened; uid: Opened; docs: Opened }> {
  const { segment } = query;
  const open = async (name: string): Promise<Opened | undefined> => {
    const first = name === 'deleted_docs' ? FIRST_DELETED_DOCS : LENGTH_WORD_BYTES;
    const found = await openFile(query, `${folder}/${name}`, first);
    if (found !== undefined) opened.push(found);
    return found;
  };
  const usual = [open(`${segment}.rv`), open(`${segment}.uid`), open('deleted_docs')] as const;
  await Promise.allSettled(usual);
  const [usualRv, usualUid, docs] = [await usual[0], await usual[1], await usual[2]];
  const rv = usualRv ?? (await otherwise(query, { folder, wanted: `${segment}.rv`, ending: '.rv', open }));
  const base = rv.path.slice(folder.length + 1, -'.rv'.length);
  const uid =
    (usualRv === undefined ? undefined : usualUid) ??
    (await otherwise(query, { folder, wanted: `${base}.uid`, ending: '.uid', open }));
  return { rv, uid, docs: docs ?? notThere(query, `${folder}/deleted_docs`) };
}

interface Wanted {
  readonly folder: string;
  readonly wanted: string;
  readonly ending: string;
  readonly open: (name: string) => Promise<Opened | undefined>;
}

async function otherwise(query: SegmentQuery, { folder, wanted, ending, open }: Wanted): Promise<Opened> {
  const at = { ...placeOf(query), file: query.tables.show(folder) };
  const name = pick(await listFolder(query.tables, folder, at), { wanted, ending, at });
  return (await open(name)) ?? notThere(query, `${folder}/${name}`);
}

async function openFile(query: SegmentQuery, path: string, first: number): Promise<Opened | undefined> {
  const at = { ...placeOf(query), file: query.tables.show(path) };
  const file = await openIfThere(query.tables, path, at, { first });
  if (file === undefined) return undefined;
  try {
    return { path, file, head: await headOf(file, at) };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
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
async function headOf(file: OpenFile, at: ErrorPlace): Promise<FileHead> {
  return { size: file.size, start: await readBytes(file, Math.min(LENGTH_WORD_BYTES, file.size)), at };
}

function stateOf({ size, version }: OpenFile): string {
  return `${size} bytes, version ${version}`;
}

async function listFolder({ store }: SourceFolder, folder: string, at: ErrorPlace): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const { path } of store.list(folder)) names.push(path.slice(folder.length + 1));
  } catch (thrown) {
    throw sourceError(thrown, { message: 'the folder of the segment can not be read', at });
  }
  if (names.length > 0) return names.filter((name) => !name.includes('/'));
  throw new MigrateError('E_SEGMENT_MISSING', 'the folder of the segment is not there', {
    at,
    found: 'no such folder',
    wanted: store.describe(folder),
    hint: 'copy it again; or --skip-bad-segments to go on without it',
  });
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

function notThere(query: SegmentQuery, path: string): never {
  throw new MigrateError('E_SEGMENT_MISSING', 'a file of the segment is not there', {
    at: { ...placeOf(query), file: query.tables.show(path) },
    found: 'no such file',
    wanted: path,
    hint: 'copy the segment again; or --skip-bad-segments to go on without it',
  });
}
