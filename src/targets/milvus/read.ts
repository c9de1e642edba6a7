/**
 * Reads rows back: counts, and values as they are stored.
 *
 * Always with Strong consistency, said outright: the SDK's default is what the collection was made with, and a reader
 * that is behind would report rows as lost.
 */
import { comparedFields } from '../../core/canonical.ts';
import type { Key } from '../../core/contracts.ts';
import { MigrateError, messageOf } from '../../core/errors.ts';
import { fixedBytes, primaryKeyOf, type Schema } from '../../core/schema.ts';
import { canonicalCells, decodeQueryResult, type QueryResult, type ResultColumn } from '../../formats/milvusResult.ts';
import { describe } from './describe.ts';
import { refused } from './errors.ts';
import { keysExpression } from './keys.ts';
import type { Rpc } from './rpc.ts';

interface Where {
  readonly collection: string;
  readonly milvusPartition: string | undefined;
}

/** Strong reads wait for the server's time tick, and for busy nodes. */
const QUERY_MS = 120_000;

/** Keys in one expression: 20 digits each, well below what the parser takes, and milliseconds to parse. */
const COUNT_KEYS = 8_192;

/** Bytes of vectors in one answer: the proxy gives out at most 64 MiB, and holds several copies. */
const ANSWER_BYTES = 8 * 2 ** 20;

const STRONG = 'Strong';

/**
 * Exact number of rows.
 * @param ignoresPartitions for a milvus-lite (seen with 3.2.2): a count without a filter is that of the whole collection
 * there, whatever partition is named, so it gets one that every row fits.
 */
export async function count(rpc: Rpc, where: Where, ignoresPartitions = false): Promise<bigint> {
  if (!ignoresPartitions || where.milvusPartition === undefined) return countWhere(rpc, where, '');
  const facts = await describe(rpc, where.collection);
  const key = facts?.fields.find(({ primaryKey }) => primaryKey);
  const name = key?.name ?? 'id';
  // −2^63 is no literal.
  return countWhere(rpc, where, key?.typeName === 'VarChar' ? `${name} >= ""` : `${name} >= 0 or ${name} < 0`);
}

/** Exact number of rows whose key is one of `keys`. */
export async function countKeys(
  rpc: Rpc,
  where: Where,
  wanted: { readonly keyField: string; readonly keys: readonly Key[] },
): Promise<bigint> {
  let total = 0n;
  // Distinct: a key in two chunks would count twice.
  for (const chunk of chunks([...new Set(wanted.keys)], COUNT_KEYS)) {
    total += await countWhere(rpc, where, keysExpression(wanted.keyField, chunk));
  }
  return total;
}

async function countWhere(rpc: Rpc, where: Where, expression: string): Promise<bigint> {
  const { columns } = await query(rpc, where, { expression, fields: ['count(*)'] });
  const value = columns[0]?.int64s?.[0];
  if (value === undefined)
    throw new MigrateError('E_TARGET', 'the answer to count(*) has no number', { at: place(where) });
  return value;
}

/** What a value of unknown length is taken to be, for the size of answers: larger ones are asked for again in halves. */
const GUESSED_BYTES = 256;

/**
 * Rows by key (digits, or the text): values in canonical form, in the order of `comparedFields`. Milvus 2.3.5 does not
 * return the key 2^63 − 1, although it counts it.
 */
export async function rows(
  rpc: Rpc,
  where: Where,
  wanted: { readonly schema: Schema; readonly keys: readonly Key[] },
): Promise<Map<string, readonly (Uint8Array | null)[]>> {
  const found = new Map<string, readonly (Uint8Array | null)[]>();
  const rowBytes = wanted.schema.fields.reduce((sum, field) => sum + (fixedBytes(field) ?? GUESSED_BYTES), 0);
  const step = Math.min(COUNT_KEYS, Math.max(1, Math.floor(ANSWER_BYTES / rowBytes)));
  for (const chunk of chunks([...new Set(wanted.keys)], step))
    await readSome(rpc, where, { schema: wanted.schema, keys: chunk, found });
  return found;
}

interface RowRead {
  readonly schema: Schema;
  readonly keys: readonly Key[];
  readonly found: Map<string, readonly (Uint8Array | null)[]>;
}

async function readSome(rpc: Rpc, where: Where, read: RowRead): Promise<void> {
  const { schema, keys, found } = read;
  const key = primaryKeyOf(schema).name;
  let answer: QueryResult;
  try {
    const fields = schema.fields.map(({ name }) => name);
    answer = await query(rpc, where, { expression: keysExpression(key, keys), fields });
  } catch (error) {
    if (!isTooLarge(error) || keys.length === 1) throw error;
    const half = Math.ceil(keys.length / 2);
    await readSome(rpc, where, { schema, keys: keys.slice(0, half), found });
    await readSome(rpc, where, { schema, keys: keys.slice(half), found });
    return;
  }
  const ids = keysOf(column(answer, key));
  try {
    const columns = comparedFields(schema).map((field) => {
      const values = column(answer, field.name);
      if (values === undefined && ids.length > 0) throw new RangeError(`${field.name} is not in the answer`);
      return values === undefined ? [] : canonicalCells(values, field, ids.length);
    });
    for (const [row, id] of ids.entries())
      found.set(
        id,
        columns.map((cells) => cells[row]!),
      );
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new MigrateError('E_TARGET', 'the columns of an answer do not fit together', {
      at: place(where),
      found: thrown.message,
      cause: thrown,
    });
  }
}

function keysOf(column: ResultColumn | undefined): readonly string[] {
  if (column?.int64s !== undefined) return Array.from(column.int64s, String);
  return (column?.texts ?? []).map((text) => Buffer.from(text).toString('utf8'));
}

function column(answer: QueryResult, field: string): ResultColumn | undefined {
  return answer.columns.find((candidate) => candidate.field === field);
}

/** The proxy's limit is a gRPC status in some versions and a reason in others. */
function isTooLarge(error: unknown): boolean {
  if (!(error instanceof MigrateError)) return false;
  return /larger than max|exceed the limit size|message size/i.test(error.found ?? '');
}

async function query(
  rpc: Rpc,
  where: Where,
  what: { readonly expression: string; readonly fields: readonly string[] },
): Promise<QueryResult> {
  const at = place(where);
  const request = {
    collection_name: where.collection,
    partition_names: where.milvusPartition === undefined ? [] : [where.milvusPartition],
    expr: what.expression,
    output_fields: what.fields,
    consistency_level: STRONG,
    use_default_consistency: false,
  };
  const bytes = await rpc.askBytes('Query', request, { at, timeoutMs: QUERY_MS });
  const answer = decoded(bytes, where);
  const { status } = answer;
  if (status === undefined) throw new MigrateError('E_TARGET', 'the answer to a query has no status', { at });
  if (status.code !== 0 || status.errorCode !== 0) {
    throw refused({ ...status, error_code: String(status.errorCode) }, { method: 'Query', address: rpc.address, at });
  }
  return answer;
}

function decoded(bytes: Uint8Array, where: Where): QueryResult {
  try {
    return decodeQueryResult(bytes);
  } catch (error) {
    throw new MigrateError('E_TARGET', 'the answer to a query cannot be read', {
      at: place(where),
      found: messageOf(error),
      retry: true,
      cause: error,
    });
  }
}

function place(where: Where) {
  const { collection, milvusPartition } = where;
  return { collection, ...(milvusPartition === undefined ? {} : { milvusPartition }) };
}

function* chunks<T>(values: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < values.length; at += size) yield values.slice(at, at + size);
}
