/**
 * meta.json: the metadata as a file, in the form of the older tool `milvus-migration` (its `export` command), with keys
 * of ours added for what it has no place for: partitions, flush positions, indexes.
 *
 * ```
 *   {"collections":[{"collection","metric","rows","dim","segments":[{"collection","segment","dim","rows","fileSize"}],
 *                    "tableId","flushLsn","engineType","indexParams","attributes",
 *                    "partitions":[{"tag","tableId","flushLsn","rows","segments":[…]}]}],
 *    "rows", "milvusMigrate":{"version":1,"globalLsn"}}
 * ```
 * `rows` and `segments` of a collection are those of its default partition alone, as there. LSNs are strings.
 */
import type { Note } from '../../core/contracts.ts';
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
import type { CollectionMeta, Milvus1xModel, PartitionMeta } from './model.ts';
import { addSegment, createSegmentList, refuseSharedTables, repeatedNote } from './repeated.ts';

/** Of the added keys. */
const VERSION = 1n;

/** The text of meta.json: one line, as the older tool writes it. */
export function writeMetaJson(model: Milvus1xModel): string {
  const collections = model.collections.map(writeCollection);
  const rows = collections.reduce((sum, collection) => sum + collection.rows, 0);
  const milvusMigrate = { version: Number(VERSION), globalLsn: model.globalLsn?.toString() };
  return `${JSON.stringify({ collections, rows, milvusMigrate })}\n`;
}

function writeCollection({ name, metric, dim, engineType, indexParams, attributes, partitions }: CollectionMeta) {
  const [own, ...others] = partitions as [PartitionMeta, ...PartitionMeta[]];
  const { tag: _, ...main } = writePartition(own, Number(dim));
  return {
    collection: name,
    metric: Number(metric),
    rows: main.rows,
    dim: Number(dim),
    segments: main.segments,
    tableId: main.tableId,
    flushLsn: main.flushLsn,
    engineType,
    indexParams,
    ...(attributes.length === 0 ? {} : { attributes }),
    partitions: others.map((partition) => writePartition(partition, Number(dim))),
  };
}

function writePartition({ tag, tableId, flushLsn, segments }: PartitionMeta, dim: number) {
  return {
    tag,
    tableId,
    flushLsn: flushLsn?.toString(),
    rows: segments.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
    segments: segments.map(({ segment, rows, fileSize }) => ({ collection: tableId, segment, dim, rows, fileSize })),
  };
}

/** Reads meta.json, ours or the older tool's. Errors: E_METADATA with the key; E_SOURCE_VERSION for a later form of ours. */
export function readMetaJson(text: string, at: ErrorPlace): Milvus1xModel {
  const place = { table: 'meta.json', at };
  const file = parseObject(text, at);
  const own = file.milvusMigrate === undefined ? {} : objectOf(file.milvusMigrate, 'milvusMigrate', place);
  checkVersion(own, place);
  const notes: Note[] = [];
  const seen = new Set<string>();
  const collections = arrayOf(file, 'collections', place).map((row, index) => {
    const label = `collections[${index}]`;
    const collection = readCollection(row, { table: label, at });
    if (seen.has(collection.name)) throw twice(collection.name, label, place);
    seen.add(collection.name);
    notes.push(...sumNote(row, collection, { table: label, at }));
    return collection;
  });
  refuseSharedTables(collections, at);
  return {
    collections,
    orphans: [],
    globalLsn: optionalInteger(own, 'globalLsn', { table: 'milvusMigrate', at }),
    named: undefined,
    notes,
  };
}

function readCollection(row: MetaRow, place: RowPlace): CollectionMeta {
  const name = textField(row, 'collection', place);
  const engineType = optionalInteger(row, 'engineType', place);
  const own = readShare(row, place);
  const main = { tag: '', tableId: optionalText(row, 'tableId', place) || name, ...own.share };
  const rows = row.partitions === undefined ? [] : arrayOf(row, 'partitions', place);
  const others = rows.map((other, index) =>
    readPartition(other, { ...place, table: `${place.table}.partitions[${index}]` }),
  );
  return {
    name,
    dim: integerField(row, 'dim', place),
    metric: integerField(row, 'metric', place),
    engineType: engineType === undefined ? undefined : Number(engineType),
    indexParams: optionalText(row, 'indexParams', place),
    attributes: readAttributes(row, place),
    partitions: [main, ...others.map(({ partition }) => partition)],
    notes: [own, ...others].flatMap(({ repeated }) => repeatedNote(repeated, 'entry of meta.json')),
  };
}

function readAttributes(row: MetaRow, place: RowPlace): readonly string[] {
  const { attributes = [] } = row;
  if (Array.isArray(attributes) && attributes.every((name) => typeof name === 'string')) return attributes;
  throw notList(row, 'attributes', place);
}

interface ReadPartition {
  readonly partition: PartitionMeta;
  readonly repeated: readonly string[];
}

function readPartition(row: MetaRow, place: RowPlace): ReadPartition {
  const { share, repeated } = readShare(row, place);
  return {
    partition: { tag: textField(row, 'tag', place), tableId: textField(row, 'tableId', place), ...share },
    repeated,
  };
}

interface ReadShare {
  readonly share: Pick<PartitionMeta, 'flushLsn' | 'segments'>;
  readonly repeated: readonly string[];
}

function readShare(row: MetaRow, place: RowPlace): ReadShare {
  const list = createSegmentList();
  for (const [index, segment] of arrayOf(row, 'segments', place).entries()) {
    const own = { ...place, table: `${place.table}.segments[${index}]` };
    addSegment(list, {
      segment: textField(segment, 'segment', own),
      rows: optionalCount(segment, 'rows', own),
      fileSize: optionalCount(segment, 'fileSize', own),
    });
  }
  const segments = [...list.segments.values()];
  return { share: { flushLsn: optionalInteger(row, 'flushLsn', place), segments }, repeated: list.repeated };
}

/** The older tool sums up what it lists; a file whose sums are wrong was changed by hand or cut. */
function sumNote(row: MetaRow, { name, partitions }: CollectionMeta, place: RowPlace): Note[] {
  const said = optionalCount(row, 'rows', place);
  const sum = partitions[0]!.segments.reduce((total, { rows }) => total + (rows ?? 0), 0);
  if (said === undefined || said === sum) return [];
  return [
    { kind: 'info', text: `meta.json says ${said} rows for ${name}, its segments make ${sum}: the segments are read` },
  ];
}

function checkVersion(own: MetaRow, { at }: RowPlace): void {
  const version = optionalInteger(own, 'version', { table: 'milvusMigrate', at }) ?? VERSION;
  if (version === VERSION) return;
  throw new MigrateError('E_SOURCE_VERSION', 'meta.json is in a form that this version does not know', {
    at,
    found: `milvusMigrate.version ${version}`,
    wanted: String(VERSION),
    hint: 'use the version of milvus-migrate that wrote it, or export it again',
  });
}

function parseObject(text: string, at: ErrorPlace): MetaRow {
  const place = { table: 'meta.json', at };
  try {
    return objectOf(JSON.parse(text), 'the file', place);
  } catch (thrown) {
    if (thrown instanceof MigrateError) throw thrown;
    throw new MigrateError('E_METADATA', 'meta.json is not JSON', {
      at,
      found: (thrown as Error).message,
      cause: thrown,
    });
  }
}

function objectOf(value: unknown, label: string, { at }: RowPlace): MetaRow {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as MetaRow;
  throw new MigrateError('E_METADATA', 'a part of meta.json has the wrong type', {
    at: { ...at, field: label },
    found: Array.isArray(value) ? 'a list' : JSON.stringify(value),
    wanted: 'an object',
  });
}

function arrayOf(row: MetaRow, key: string, place: RowPlace): MetaRow[] {
  const value = row[key];
  if (Array.isArray(value)) return value.map((item, index) => objectOf(item, `${place.table}.${key}[${index}]`, place));
  // The older tool writes null for a collection without segments.
  if (value === null && key === 'segments') return [];
  throw notList(row, key, place);
}

function notList(row: MetaRow, key: string, { table, at }: RowPlace): MigrateError {
  const value = row[key];
  return new MigrateError('E_METADATA', 'a part of meta.json is missing or has the wrong type', {
    at: { ...at, field: `${table}.${key}` },
    found: value === undefined ? `no ${key}` : JSON.stringify(value),
    wanted: 'a list',
  });
}

function twice(name: string, label: string, { at }: RowPlace): MigrateError {
  return new MigrateError('E_METADATA', 'meta.json lists a collection twice', {
    at: { ...at, field: label },
    found: name,
    wanted: 'each once',
  });
}
