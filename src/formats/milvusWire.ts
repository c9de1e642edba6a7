/**
 * The Milvus 2.x messages by which rows are written, without an object per value: InsertRequest and UpsertRequest out,
 * MutationResult in (milvus-proto's milvus.proto and schema.proto, protobuf 3).
 *
 * A packed float array is its little-endian bytes and a binary vector is its bytes, so columns are copied as they lie.
 */
import type { Batch } from '../core/batch.ts';
import { columnOf } from '../core/batch.ts';
import type { Schema } from '../core/schema.ts';
import { fieldData } from './milvusColumns.ts';
import { entries } from './protobufEntries.ts';
import { bytes, field, join, number } from './protobufPieces.ts';

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

// Message types (common.proto).
const MSG_INSERT = 400;
const MSG_UPSERT = 404;

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

export function decodeStatus(message: Uint8Array): WireStatus {
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
