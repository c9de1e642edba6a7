/**
 * Rows of Milvus 0.9–1.x's metadata tables → what is alive (Milvus 1.x, db/meta/MetaTypes.h, SqliteMetaImpl.cpp).
 *
 * Live are collections and partitions in state 0, and of their files the raw ones that are finished: RAW, TO_INDEX and
 * BACKUP (a raw file becomes BACKUP when its index is built, and stays). All else is merged away or never finished.
 */
import { type ErrorPlace, MigrateError } from '../../core/errors.ts';
import {
  integerField,
  type MetaRow,
  optionalCount,
  optionalInteger,
  optionalText,
  type RowPlace,
  textField,
} from './fieldValues.ts';
import type { CollectionMeta, Milvus1xModel, Orphan, PartitionMeta } from './model.ts';
import { addSegment, createSegmentList, refuseSharedTables, repeatedNote, type SegmentList } from './repeated.ts';

/** File types of live raw vectors: RAW, TO_INDEX, BACKUP. */
const LIVE_FILES: readonly bigint[] = [1n, 2n, 7n];
const INDEX_FILE = 3n;
/** NEW, RAW, TO_INDEX, INDEX, TO_DELETE, NEW_MERGE, NEW_INDEX, BACKUP. */
const LAST_FILE_TYPE = 7n;
const NORMAL_STATE = 0n;
/** To be deleted. */
const LAST_STATE = 1n;
/** Engine types that stand for «no index»: FLAT, BIN_FLAT. */
const FLAT_ENGINES: readonly number[] = [1, 9];

/** Types of `Fields` that stand for vectors; all others are attributes (Milvus 0.10, CreateHybridCollectionRequest.cpp). */
const VECTOR_FIELDS: readonly bigint[] = [100n, 101n];

/** What names a live segment. */
const LIVE_ROW = 'live row of TableFiles';

/** The metadata's tables as they were read. */
export interface MetadataTables {
  /** Names of all tables that are there. */
  readonly names: readonly string[];
  readonly Tables: readonly MetaRow[];
  readonly TableFiles: readonly MetaRow[];
  readonly Environment: readonly MetaRow[];
  /** Of hybrid collections alone, which the servers of 0.9 and 0.10 could make. */
  readonly Fields: readonly MetaRow[];
}

/** Tables of Milvus 0.11's snapshots; none of them is in the metadata of other versions. */
const SNAPSHOT_TABLES = ['Collection', 'CollectionCommit', 'SegmentCommit', 'SchemaCommit', 'FieldElement'];

/** Errors: E_SOURCE_VERSION for Milvus 0.11, E_METADATA where it is no metadata of Milvus at all. */
export function checkTableNames(names: readonly string[], at: ErrorPlace): void {
  const missing = ['Tables', 'TableFiles'].filter((table) => !names.includes(table));
  if (missing.length === 0) return;
  const snapshot = SNAPSHOT_TABLES.filter((table) => names.includes(table));
  if (missing.includes('Tables') && snapshot.length > 1)
    throw new MigrateError(
      'E_SOURCE_VERSION',
      'this is the metadata of Milvus 0.11, which stores its data in another way',
      {
        at,
        found: `tables ${snapshot.join(', ')}`,
        wanted: 'Milvus 0.9, 0.10 or 1.x: tables Tables, TableFiles',
        hint: 'export the collections with a Milvus 0.11 client and insert them anew',
      },
    );
  throw new MigrateError('E_METADATA', 'this is not the metadata of a Milvus 0.9 to 1.x', {
    at,
    found:
      names.length === 0
        ? `no tables, so no ${missing.join(' and no ')}`
        : `no ${missing.join(', no ')}; tables ${names.join(', ')}`,
    wanted: 'tables Tables and TableFiles',
  });
}

/** Error: E_METADATA naming table and column. */
export function readMetadata(tables: MetadataTables, at: ErrorPlace): Milvus1xModel {
  checkTableNames(tables.names, at);
  const place = { table: 'Tables', at };
  const files = groupFiles(tables.TableFiles, { table: 'TableFiles', at });
  const live = tables.Tables.filter((row) => kindField(row, 'state', { ...place, last: LAST_STATE }) === NORMAL_STATE)
    .map((row) => readTable(row, place))
    .sort((a, b) => compare(a.id, b.id));
  const owners = live.filter(({ owner }) => owner === '');
  const environment = tables.Environment[0];
  const attributes = groupAttributes(tables.Fields, { table: 'Fields', at });
  const collections = owners.map((row) => collectionOf(row, { live, files, attributes }));
  refuseSharedTables(collections, at);
  return {
    collections,
    orphans: orphansOf(tables.Tables, { live, files, place }),
    globalLsn: environment && optionalInteger(environment, 'global_lsn', { table: 'Environment', at }),
    named: namesOf(tables, at),
    notes: [],
  };
}

function namesOf({ Tables, TableFiles }: MetadataTables, at: ErrorPlace): Map<string, Set<string>> {
  const named = new Map<string, Set<string>>();
  const segmentsOf = (row: MetaRow, table: string): Set<string> => {
    const tableId = textField(row, 'table_id', { table, at });
    const segments = named.get(tableId) ?? new Set();
    named.set(tableId, segments);
    return segments;
  };
  for (const row of Tables) segmentsOf(row, 'Tables');
  for (const row of TableFiles)
    segmentsOf(row, 'TableFiles').add(textField(row, 'segment_id', { table: 'TableFiles', at }));
  return named;
}

interface Tabled {
  readonly live: readonly TableRow[];
  readonly files: ReadonlyMap<string, TableFiles>;
  readonly place: RowPlace;
}

/** What belongs to a dropped collection is dropped with it, whatever its own state: its row is there until all is removed. */
function orphansOf(rows: readonly MetaRow[], { live, files, place }: Tabled): Orphan[] {
  const idsOf = (some: readonly MetaRow[]): Set<string> =>
    new Set(some.map((row) => textField(row, 'table_id', place)));
  const known = idsOf(rows);
  const collections = idsOf(rows.filter((row) => optionalText(row, 'owner_table', place) === ''));
  const partitions = live
    .filter(({ owner }) => owner !== '' && !collections.has(owner))
    .map(({ tableId, tag, owner }) => orphanOf(tableId, files, { tag, owner }));
  const tableless = [...files.keys()]
    .filter((tableId) => !known.has(tableId))
    .map((tableId) => orphanOf(tableId, files));
  return [...partitions, ...tableless.filter(({ segments }) => segments > 0)];
}

function orphanOf(
  tableId: string,
  files: ReadonlyMap<string, TableFiles>,
  partition?: { readonly tag: string; readonly owner: string },
): Orphan {
  const segments = [...(files.get(tableId)?.segments.values() ?? [])];
  return {
    tableId,
    partition,
    segments: segments.length,
    rows: segments.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
  };
}

/** A row of `Tables`: a collection, or (with an owner) one of its partitions. */
interface TableRow {
  readonly id: bigint;
  readonly tableId: string;
  readonly owner: string;
  readonly tag: string;
  readonly dim: bigint;
  readonly metric: bigint;
  readonly engineType: bigint | undefined;
  readonly indexParams: string;
  readonly flushLsn: bigint | undefined;
}

function readTable(row: MetaRow, place: RowPlace): TableRow {
  const nlist = optionalInteger(row, 'nlist', place);
  return {
    id: optionalInteger(row, 'id', place) ?? 0n,
    tableId: textField(row, 'table_id', place),
    owner: optionalText(row, 'owner_table', place),
    tag: optionalText(row, 'partition_tag', place),
    dim: integerField(row, 'dimension', place),
    metric: integerField(row, 'metric_type', place),
    engineType: optionalInteger(row, 'engine_type', place),
    // Servers before index_params had nlist, the only parameter there was.
    indexParams:
      optionalText(row, 'index_params', place) || (nlist === undefined ? '' : JSON.stringify({ nlist: Number(nlist) })),
    flushLsn: optionalInteger(row, 'flush_lsn', place),
  };
}

/** A number that says what the row is: one that no server writes may stand for data, so it is not passed over. */
function kindField(row: MetaRow, column: string, { last, ...place }: RowPlace & { readonly last: bigint }): bigint {
  const kind = integerField(row, column, place);
  if (kind >= 0n && kind <= last) return kind;
  throw new MigrateError('E_METADATA', 'the metadata has a value that no Milvus 0.9 to 1.x writes', {
    at: { ...place.at, collection: textField(row, 'table_id', place), field: `${place.table}.${column}` },
    found: `${kind} in ${place.table}.${column}`,
    wanted: `0 to ${last}`,
    hint: 'whether data hangs on it can not be told: restore the metadata',
  });
}

/** Files of one table id: its live segments, and what its built index files say of their type. */
interface TableFiles extends SegmentList {
  indexEngine: bigint | undefined;
}

function groupFiles(rows: readonly MetaRow[], place: RowPlace): ReadonlyMap<string, TableFiles> {
  const tables = new Map<string, TableFiles>();
  for (const row of rows) {
    const tableId = textField(row, 'table_id', place);
    const type = kindField(row, 'file_type', { ...place, last: LAST_FILE_TYPE });
    const files: TableFiles = tables.get(tableId) ?? { ...createSegmentList(), indexEngine: undefined };
    tables.set(tableId, files);
    if (type === INDEX_FILE) files.indexEngine = optionalInteger(row, 'engine_type', place);
    if (!LIVE_FILES.includes(type)) continue;
    addSegment(files, {
      segment: textField(row, 'segment_id', place),
      rows: optionalCount(row, 'row_count', place),
      fileSize: optionalCount(row, 'file_size', place),
    });
  }
  return tables;
}

/** Attributes by the name of their collection, each once: the server writes them again with each segment. */
function groupAttributes(rows: readonly MetaRow[], place: RowPlace): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, Set<string>>();
  for (const row of rows) {
    if (VECTOR_FIELDS.includes(integerField(row, 'field_type', place))) continue;
    const collection = textField(row, 'collection_id', place);
    names.set(collection, (names.get(collection) ?? new Set()).add(textField(row, 'field_name', place)));
  }
  return new Map([...names].map(([collection, own]) => [collection, [...own]]));
}

interface Belongings {
  readonly live: readonly TableRow[];
  readonly files: ReadonlyMap<string, TableFiles>;
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

function collectionOf(row: TableRow, { live, files, attributes }: Belongings): CollectionMeta {
  const members = [row, ...live.filter(({ owner }) => owner === row.tableId)];
  const own = row.engineType === undefined ? undefined : Number(row.engineType);
  const built = members.map(({ tableId }) => files.get(tableId)?.indexEngine).find((engine) => engine !== undefined);
  const unsaid = own === undefined || FLAT_ENGINES.includes(own);
  return {
    name: row.tableId,
    dim: row.dim,
    metric: row.metric,
    engineType: unsaid && built !== undefined ? Number(built) : own,
    indexParams: row.indexParams,
    partitions: members.map((member) => partitionOf(member, files.get(member.tableId))),
    attributes: attributes.get(row.tableId) ?? [],
    notes: members.flatMap(({ tableId }) => repeatedNote(files.get(tableId)?.repeated ?? [], LIVE_ROW)),
  };
}

function partitionOf({ tableId, owner, tag, flushLsn }: TableRow, files: TableFiles | undefined): PartitionMeta {
  const segments = [...(files?.segments.values() ?? [])].sort((a, b) => compareIds(a.segment, b.segment));
  return { tag: owner === '' ? '' : tag, tableId, flushLsn, segments };
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The order in which segments were made: their ids are times. Ids that are not decimal come last, by their characters. */
export function compareIds(a: string, b: string): number {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left && right) return compare(BigInt(a), BigInt(b)) || (a < b ? -1 : a > b ? 1 : 0);
  if (left !== right) return left ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
