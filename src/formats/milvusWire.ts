/**
 * The three Milvus 2.x messages that carry vectors, read and written without an object per value: InsertRequest and
 * UpsertRequest out, MutationResult and QueryResults in (milvus-proto's milvus.proto and schema.proto, protobuf 3).
 *
 * A packed float array is its little-endian bytes and a binary vector is its bytes, so columns are copied as they lie.
 */
import type { Batch } from '../core/batch.ts';
import { columnOf } from '../core/batch.ts';
import type { Schema } from '../core/schema.ts';
import { fieldData } from './milvusColumns.ts';
import { bytes, field, join, number } from './protobufPieces.ts';
import { readInt64s } from './varint64.ts';

export interface WriteRequest {
  readonly collection: string;
  readonly milvusPartition: string;
  readonly schema: Schema;
  readonly batch: Batch;
  readonly how: 'insert' | 'upsert';
}

/** Status of a reply: `code` is 0 and `errorCode` 0 where it is a success. */
export interface WireStatus {
  readonly errorCode: number;
  readonly code: number;
  readonly reason: string;
}

export interface MutationResult {
  /** undefined: the reply has no status, so nothing is known about it. */
  readonly status: WireStatus | undefined;
  readonly inserted: bigint;
  readonly upserted: bigint;
}

/** A column of a query's answer. */
export interface ResultColumn {
  readonly field: string;
  readonly int64s: BigInt64Array | undefined;
  /** Vectors: dimensions, and all rows' bytes as a view into the message. */
  readonly dim: number;
  readonly vectors: Uint8Array | undefined;
}

export interface QueryResult {
  readonly status: WireStatus | undefined;
  readonly columns: readonly ResultColumn[];
}

// Message types (common.proto).
const MSG_INSERT = 400;
const MSG_UPSERT = 404;

const VARINT = 0;
const BYTES = 2;

const text = new TextEncoder();

// ------------------------------------------------------------------------------------------------ writing

/** InsertRequest or UpsertRequest (their fields have the same numbers) in a buffer of its own. */
export function encodeWriteRequest(request: WriteRequest): Uint8Array {
  const { schema, batch, how } = request;
  const message = join([
    field(1, join([number(1, how === 'insert' ? MSG_INSERT : MSG_UPSERT)])),
    field(3, bytes(text.encode(request.collection))),
    field(4, bytes(text.encode(request.milvusPartition))),
    ...schema.fields.map((column) => field(5, fieldData(column, columnOf(batch, column.name), batch.rows))),
    number(7, batch.rows),
  ]);
  const out = new Uint8Array(message.length);
  message.write(out, 0);
  return out;
}

// ------------------------------------------------------------------------------------------------ reading

/** MutationResult, the answer to Insert and Upsert. Throws RangeError where the bytes are no such message. */
export function decodeMutationResult(message: Uint8Array): MutationResult {
  let status: WireStatus | undefined;
  let inserted = 0n;
  let upserted = 0n;
  for (const entry of entries(message)) {
    if (entry.id === 1 && entry.bytes !== undefined) status = decodeStatus(entry.bytes);
    else if (entry.id === 6) inserted = entry.varint;
    else if (entry.id === 8) upserted = entry.varint;
  }
  return { status, inserted, upserted };
}

/** QueryResults with Int64, FloatVector and BinaryVector columns. Throws RangeError where the bytes are no such message. */
export function decodeQueryResult(message: Uint8Array): QueryResult {
  let status: WireStatus | undefined;
  const columns: ResultColumn[] = [];
  for (const entry of entries(message)) {
    if (entry.id === 1 && entry.bytes !== undefined) status = decodeStatus(entry.bytes);
    else if (entry.id === 2 && entry.bytes !== undefined) columns.push(decodeColumn(entry.bytes));
  }
  return { status, columns };
}

function decodeStatus(message: Uint8Array): WireStatus {
  let errorCode = 0;
  let code = 0;
  let reason = '';
  for (const entry of entries(message)) {
    if (entry.id === 1) errorCode = Number(entry.varint);
    else if (entry.id === 2 && entry.bytes !== undefined) reason = new TextDecoder().decode(entry.bytes);
    else if (entry.id === 3) code = Number(entry.varint);
  }
  return { errorCode, code, reason };
}

function decodeColumn(message: Uint8Array): ResultColumn {
  let name = '';
  let keys: BigInt64Array | undefined;
  let vector: { dim: number; vectors: Uint8Array | undefined } = { dim: 0, vectors: undefined };
  for (const entry of entries(message)) {
    if (entry.bytes === undefined) continue;
    if (entry.id === 2) name = new TextDecoder().decode(entry.bytes);
    else if (entry.id === 3) keys = decodeLongs(entry.bytes);
    else if (entry.id === 4) vector = decodeVectors(entry.bytes);
  }
  return { field: name, int64s: keys, ...vector };
}

/** ScalarField with long_data; undefined for other scalars. */
function decodeLongs(message: Uint8Array): BigInt64Array | undefined {
  for (const entry of entries(message)) {
    if (entry.id !== 3 || entry.bytes === undefined) continue;
    for (const packed of entries(entry.bytes)) {
      if (packed.id === 1 && packed.bytes !== undefined) return readInt64s(packed.bytes);
    }
    return new BigInt64Array(0);
  }
  return undefined;
}

/** VectorField with float_vector or binary_vector. */
function decodeVectors(message: Uint8Array): { dim: number; vectors: Uint8Array | undefined } {
  let dim = 0;
  let vectors: Uint8Array | undefined;
  for (const entry of entries(message)) {
    if (entry.id === 1) dim = Number(entry.varint);
    else if (entry.id === 3) vectors = entry.bytes;
    else if (entry.id === 2 && entry.bytes !== undefined) {
      vectors = new Uint8Array(0);
      for (const packed of entries(entry.bytes)) if (packed.id === 1) vectors = packed.bytes;
    }
  }
  return { dim, vectors };
}

interface Entry {
  readonly id: number;
  /** Value of a varint field, else 0. Negative int64s come as they are meant. */
  readonly varint: bigint;
  /** Content of a length-delimited field. */
  readonly bytes: Uint8Array | undefined;
}

/** The fields of a message in their order; fixed-width fields are stepped over. */
function* entries(message: Uint8Array): Generator<Entry> {
  let at = 0;
  const next = (): bigint => {
    let end = at;
    while (end < message.length && message[end]! > 0x7f) end++;
    if (end >= message.length || end - at > 9) throw new RangeError(`a varint that does not end at byte ${at}`);
    const [value] = readInt64s(message.subarray(at, end + 1));
    at = end + 1;
    return value!;
  };
  const take = (length: number): Uint8Array => {
    if (length < 0 || at + length > message.length) {
      throw new RangeError(`a field of ${length} bytes at byte ${at} of a message of ${message.length}`);
    }
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(next());
    const id = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === VARINT) yield { id, varint: next(), bytes: undefined };
    else if (wireType === BYTES) yield { id, varint: 0n, bytes: take(Number(next())) };
    else if (wireType === 1) take(8);
    else if (wireType === 5) take(4);
    else throw new RangeError(`wire type ${wireType} at byte ${at}`);
  }
}
