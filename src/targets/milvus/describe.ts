/** What a collection is: schema, partitions, index, state. */
import type { CollectionFacts } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { FieldFacts } from '../../core/schema.ts';
import { isNotFound, isSuccess, refused } from './errors.ts';
import type { Rpc } from './rpc.ts';
import { statistics } from './statistics.ts';

interface KeyValue {
  readonly key: string;
  readonly value: string;
}

interface WireField {
  readonly name: string;
  readonly data_type: string;
  readonly is_primary_key: boolean;
  readonly autoID: boolean;
  readonly is_dynamic: boolean;
  readonly is_partition_key: boolean;
  readonly element_type: string;
  readonly type_params: readonly KeyValue[];
}

interface WireCollection {
  readonly collectionID: string;
  readonly created_timestamp: string;
  readonly collection_name: string;
  readonly aliases: readonly string[];
  readonly schema: {
    readonly name: string;
    readonly enable_dynamic_field: boolean;
    readonly fields: readonly WireField[];
  };
}

export interface WireIndex {
  readonly index_name: string;
  readonly field_name: string;
  readonly params: readonly KeyValue[];
  readonly state: string;
  readonly index_state_fail_reason: string;
  readonly indexed_rows: string;
  readonly total_rows: string;
  readonly pending_index_rows: string;
}

const INDEX_NOT_FOUND = 700;

/** undefined: there is no such collection (or no such database). */
export async function describe(rpc: Rpc, collection: string): Promise<CollectionFacts | undefined> {
  const found = await describeCollection(rpc, collection);
  if (found === undefined) return undefined;
  const [milvusPartitions, statisticRows, loaded, indexes] = await Promise.all([
    partitions(rpc, collection),
    statistics(rpc, collection),
    loadState(rpc, collection).then((state) => state === 'LoadStateLoaded'),
    describeIndexes(rpc, collection),
  ]);
  return {
    id: collectionId(found),
    name: collection,
    fields: found.schema.fields.filter((field) => !field.is_dynamic).map(fieldFacts),
    dynamicField: found.schema.enable_dynamic_field,
    milvusPartitions,
    statisticRows,
    loaded,
    indexes: indexes.map((index) => ({
      field: index.field_name,
      type: param(index.params, 'index_type') ?? '',
      metric: param(index.params, 'metric_type') ?? '',
    })),
  };
}

/** Only the id: what drop and the resume of a job compare. */
export async function idOf(rpc: Rpc, collection: string): Promise<string | undefined> {
  const found = await describeCollection(rpc, collection);
  return found && collectionId(found);
}

/** Sorted; none where there is no such collection. */
export async function aliasesOf(rpc: Rpc, collection: string): Promise<readonly string[]> {
  const found = await describeCollection(rpc, collection);
  return [...(found?.aliases ?? [])].sort();
}

async function describeCollection(rpc: Rpc, collection: string): Promise<WireCollection | undefined> {
  const at = { collection };
  const { status, reply } = await rpc.askStatus<WireCollection>(
    'DescribeCollection',
    { collection_name: collection },
    { at },
  );
  if (isNotFound(status)) return undefined;
  if (!isSuccess(status)) throw refused(status, { method: 'DescribeCollection', address: rpc.address, at });
  // An alias is answered with the collection it stands for, under either name (2.3.5 gives the alias back); loading into
  // that, or dropping it, was not asked for.
  const other = reply.collection_name !== '' && reply.collection_name !== collection;
  if (other || reply.aliases.includes(collection)) {
    throw new MigrateError('E_TARGET', 'the name is an alias', {
      at,
      found: `an alias of ${other ? reply.collection_name : reply.schema.name}`,
      wanted: 'the name of a collection, or a free one',
    });
  }
  return reply;
}

/** milvus-lite numbers nothing; there the time of creation tells one collection of a name from the next. */
function collectionId(collection: WireCollection): string {
  return collection.collectionID === '0' ? `0-${collection.created_timestamp}` : collection.collectionID;
}

function fieldFacts(field: WireField): FieldFacts {
  return {
    name: field.name,
    typeName: field.data_type,
    primaryKey: field.is_primary_key,
    autoId: field.autoID,
    dim: Number(param(field.type_params, 'dim') ?? 0),
    partitionKey: field.is_partition_key,
    element: field.data_type === 'Array' ? field.element_type : undefined,
    maxLength: limit(field, 'max_length'),
    maxCapacity: limit(field, 'max_capacity'),
  };
}

function limit({ type_params }: WireField, key: string): number | undefined {
  const value = param(type_params, key);
  return value === undefined ? undefined : Number(value);
}

async function partitions(rpc: Rpc, collection: string): Promise<readonly string[]> {
  const reply = await rpc.ask<{ partition_names: readonly string[] }>(
    'ShowPartitions',
    { collection_name: collection },
    { at: { collection } },
  );
  return reply.partition_names;
}

/** LoadStateNotExist, LoadStateNotLoad, LoadStateLoading or LoadStateLoaded. */
export async function loadState(rpc: Rpc, collection: string): Promise<string> {
  const reply = await rpc.ask<{ state: string }>(
    'GetLoadState',
    { collection_name: collection },
    { at: { collection } },
  );
  return reply.state;
}

/** All indexes of the collection; none is an error to the server and an empty list here. */
export async function describeIndexes(rpc: Rpc, collection: string): Promise<readonly WireIndex[]> {
  const at = { collection };
  const { status, reply } = await rpc.askStatus<{ index_descriptions: readonly WireIndex[] }>(
    'DescribeIndex',
    { collection_name: collection },
    { at },
  );
  if (status.code === INDEX_NOT_FOUND || status.error_code === 'IndexNotExist') return [];
  if (!isSuccess(status)) throw refused(status, { method: 'DescribeIndex', address: rpc.address, at });
  return reply.index_descriptions;
}

export function param(params: readonly KeyValue[], key: string): string | undefined {
  return params.find((candidate) => candidate.key === key)?.value;
}
