/** Makes, renames and drops databases, collections and partitions. */
import type { CollectionFacts, CollectionSpec } from '../../core/contracts.ts';
import { MigrateError, messageOf } from '../../core/errors.ts';
import { loadPackage } from '../../core/loadPackage.ts';
import type { Field } from '../../core/schema.ts';
import { aliasesOf, describe, idOf } from './describe.ts';
import { broken, type CallFailure, isSuccess, type ReplyStatus, refused } from './errors.ts';
import type { Rpc } from './rpc.ts';

/** Creating and dropping wait for the server's nodes to take note. */
const DDL_MS = 60_000;

export async function createDatabaseIfAbsent(rpc: Rpc, database: string | undefined): Promise<void> {
  if (database === undefined || database === 'default') return;
  if (await hasDatabase(rpc, database)) return;
  try {
    await rpc.ask('CreateDatabase', { db_name: database }, { write: true, timeoutMs: DDL_MS });
  } catch (error) {
    // Someone else made it in between.
    if (!(await hasDatabase(rpc, database))) throw error;
  }
}

/** Who may not list them, makes none either: whether his is there, the next call tells. */
async function hasDatabase(rpc: Rpc, database: string): Promise<boolean> {
  try {
    const { db_names } = await rpc.ask<{ db_names: readonly string[] }>('ListDatabases', {});
    return db_names.includes(database);
  } catch (error) {
    if (error instanceof MigrateError && error.code === 'E_TARGET_AUTH') return true;
    throw error;
  }
}

/** Creates the collection. Where one of that name and schema exists, Milvus takes that for success. */
export async function create(rpc: Rpc, spec: CollectionSpec): Promise<CollectionFacts> {
  const at = { collection: spec.name };
  const place = { method: 'CreateCollection', address: rpc.address, at };
  const { convertToDataType } = loadPackage('@zilliz/milvus2-sdk-node');
  let status: ReplyStatus;
  try {
    // The SDK's own method encodes the schema; with maxRetries 0 it is one call.
    status = (await rpc.client.createCollection({
      collection_name: spec.name,
      description: spec.description,
      fields: spec.schema.fields
        .filter(({ dynamic }) => dynamic !== true)
        .map((field) => ({
          ...fieldParams(field),
          data_type: convertToDataType(field.type),
          ...(field.element === undefined ? {} : { element_type: convertToDataType(field.element) }),
        })),
      enable_dynamic_field: spec.dynamicField,
      ...(spec.shards === undefined ? {} : { shards_num: spec.shards }),
      ...(spec.consistencyLevel === undefined ? {} : { consistency_level: levelOf(spec.consistencyLevel) }),
      timeout: DDL_MS,
    } as Parameters<typeof rpc.client.createCollection>[0])) as ReplyStatus;
  } catch (thrown) {
    throw createFailure(thrown, place);
  }
  if (!isSuccess(status)) throw createFailure(status, place);
  const made = await describe(rpc, spec.name);
  if (made === undefined) throw new MigrateError('E_TARGET', 'the collection was created and is not there', { at });
  return made;
}

const LEVELS = ['Strong', 'Session', 'Bounded', 'Eventually', 'Customized'] as const;

/** The SDK takes an unknown level silently for Bounded. */
function levelOf(name: string): (typeof LEVELS)[number] {
  const level = LEVELS.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  if (level !== undefined) return level;
  throw new MigrateError('E_CONFIG', 'unknown consistency level', { found: name, wanted: LEVELS.join(', ') });
}

function fieldParams(field: Field) {
  return {
    name: field.name,
    is_primary_key: field.primaryKey,
    autoID: false,
    ...(field.dim > 0 ? { dim: field.dim } : {}),
    ...(field.maxLength === undefined ? {} : { max_length: field.maxLength }),
    ...(field.maxCapacity === undefined ? {} : { max_capacity: field.maxCapacity }),
    ...(field.nullable === true ? { nullable: true } : {}),
  };
}

/** 2.3.5: «maximum field's number should be limited to 64». */
const TOO_MANY_FIELDS = /field's? number should be limited/;
const FEWER_FIELDS =
  'say which fields go over (--fields, --select, --drop), or have Milvus allow more of them (proxy.maxFieldNum)';

/** The SDK throws the status of the reply, a gRPC error, or an error of its own checks. */
function createFailure(thrown: unknown, place: Parameters<typeof refused>[1]): MigrateError {
  if (typeof thrown === 'object' && thrown !== null) {
    if ('error_code' in thrown) {
      const error = refused(thrown as ReplyStatus, place);
      // What is left of refusals here is about the schema: names, dimensions, another collection of that name.
      if (error.code !== 'E_TARGET' || error.retry) return error;
      return new MigrateError('E_TARGET_SCHEMA', 'Milvus refused the collection', {
        at: place.at,
        ...(error.found === undefined ? {} : { found: error.found }),
        ...(TOO_MANY_FIELDS.test(error.found ?? '') ? { hint: FEWER_FIELDS } : {}),
      });
    }
    if ('code' in thrown && typeof thrown.code === 'number') return broken(thrown as unknown as CallFailure, place);
  }
  return new MigrateError('E_TARGET_SCHEMA', 'the collection cannot be created', {
    at: place.at,
    found: messageOf(thrown),
    cause: thrown,
  });
}

/** An existing partition of that name is fine. */
export async function createMilvusPartition(rpc: Rpc, collection: string, milvusPartition: string): Promise<void> {
  const at = { collection, milvusPartition };
  const names = { collection_name: collection, partition_name: milvusPartition };
  if (await hasPartition(rpc, collection, milvusPartition)) return;
  try {
    await rpc.ask('CreatePartition', names, { at, write: true, timeoutMs: DDL_MS });
  } catch (error) {
    if (error instanceof MigrateError && error.retry) throw error;
    if (!(await hasPartition(rpc, collection, milvusPartition))) throw error;
  }
}

async function hasPartition(rpc: Rpc, collection: string, milvusPartition: string): Promise<boolean> {
  const at = { collection, milvusPartition };
  const names = { collection_name: collection, partition_name: milvusPartition };
  const { value } = await rpc.ask<{ value: boolean }>('HasPartition', names, { at });
  return value;
}

/** Drops the collection if it still is the one with that id. Absent is fine. */
export async function drop(rpc: Rpc, collection: string, id: string): Promise<void> {
  const at = { collection };
  const found = await idOf(rpc, collection);
  if (found === undefined) return;
  if (found !== id) {
    throw new MigrateError('E_COLLECTION_REPLACED', 'the collection is not the one that was to be dropped', {
      at,
      found: `id ${found}`,
      wanted: `id ${id}`,
      hint: 'someone dropped it and made a new one of the same name; drop it by hand if it is not needed',
    });
  }
  await rpc.ask('DropCollection', { collection_name: collection }, { at, write: true, timeoutMs: DDL_MS });
}

/** Fails where `to` exists. Id, partitions, index, rows and load state go along (2.3.5). */
export async function rename(rpc: Rpc, from: string, to: string): Promise<void> {
  const at = { collection: from };
  await rpc.ask('RenameCollection', { oldName: from, newName: to }, { at, write: true, timeoutMs: DDL_MS });
}

/** Dropping a collection drops its aliases without a word (2.3.5), and with them what applications ask for. */
export async function moveAliases(rpc: Rpc, from: string, to: string): Promise<readonly string[]> {
  const at = { collection: to };
  const aliases = await aliasesOf(rpc, from);
  for (const alias of aliases)
    await rpc.ask('AlterAlias', { collection_name: to, alias }, { at, write: true, timeoutMs: DDL_MS });
  return aliases;
}
