/** Sends a batch, once, and says whether it is there, is not, or may be. */

import { status as grpc } from '@grpc/grpc-js';
import { columnOf, isNull, valueAt } from '../../core/batch.ts';
import type { InsertOutcome } from '../../core/contracts.ts';
import { MigrateError, messageOf } from '../../core/errors.ts';
import { keyText } from '../../core/keys.ts';
import {
  decodeMutationResult,
  encodeWriteRequest,
  type MutationResult,
  type WireStatus,
  type WriteRequest,
} from '../../formats/milvusWire.ts';
import { broken, type CallFailure, type CallPlace, isRateLimit, neverSent, refused, unreachable } from './errors.ts';
import type { Rpc } from './rpc.ts';

/** A server under load makes writers wait; a batch lost on the way must still come to an end. */
const INSERT_MS = 120_000;

const PARAMETER_TOO_LARGE = 1102;
const CANCELLED = 10_000;
const TIMED_OUT = 10_001;

export async function insert(rpc: Rpc, request: WriteRequest): Promise<InsertOutcome> {
  const { batch, collection, milvusPartition, how } = request;
  if (batch.rows === 0) return { kind: 'done' };
  const method = how === 'insert' ? 'Insert' : 'Upsert';
  const place = { method, address: rpc.address, at: { collection, milvusPartition } };
  const sent = await rpc.sendBytes(method, encodeWriteRequest(request), INSERT_MS);
  if ('failure' in sent) return outcomeOfFailure(sent.failure, place);
  let result: MutationResult;
  try {
    result = decodeMutationResult(sent.reply);
  } catch (error) {
    return { kind: 'doubt', reason: `the answer cannot be read: ${messageOf(error)}` };
  }
  return outcomeOfResult(result, request, place);
}

/** The call failed: did the rows arrive? */
function outcomeOfFailure(error: CallFailure, place: CallPlace): InsertOutcome {
  if (neverSent(error)) throw unreachable(error, place);
  const reason = `${error.details} (gRPC ${error.code})`;
  switch (error.code) {
    case grpc.RESOURCE_EXHAUSTED:
      return { kind: 'refused', smaller: isTooLarge(error.details), reason: error.details };
    case grpc.UNAUTHENTICATED:
    case grpc.PERMISSION_DENIED:
    case grpc.INVALID_ARGUMENT:
    case grpc.FAILED_PRECONDITION:
    case grpc.NOT_FOUND:
      throw broken(error, place);
    default:
      return { kind: 'doubt', reason };
  }
}

function outcomeOfResult(result: MutationResult, request: WriteRequest, place: CallPlace): InsertOutcome {
  const { status } = result;
  if (status === undefined) return { kind: 'doubt', reason: 'the answer has no status' };
  if (status.code !== 0 || status.errorCode !== 0) return outcomeOfStatus(request, status, place);
  const stored = request.how === 'insert' ? result.inserted : result.upserted;
  if (stored === BigInt(request.batch.rows)) return { kind: 'done' };
  throw new MigrateError('E_TARGET', `Milvus took another number of rows than ${place.method} sent`, {
    at: place.at,
    found: `${stored} rows`,
    wanted: `${request.batch.rows} rows`,
  });
}

const RATE_LIMIT_NAME = 49;

function outcomeOfStatus(request: WriteRequest, status: WireStatus, place: CallPlace): InsertOutcome {
  const { code, reason } = status;
  const named = {
    code,
    reason,
    error_code: status.errorCode === RATE_LIMIT_NAME ? 'RateLimit' : String(status.errorCode),
  };
  if (isRateLimit(named)) return { kind: 'refused', smaller: false, reason };
  if (code === PARAMETER_TOO_LARGE || isTooLarge(reason)) return { kind: 'refused', smaller: true, reason };
  // The proxy hands a batch to one message stream per shard: where that failed, some shards may have theirs.
  if (code === CANCELLED || code === TIMED_OUT || isBrokenStream(reason)) return { kind: 'doubt', reason };
  if (NOT_AN_OBJECT.test(reason)) throw notAnObject(request, reason, place);
  throw refused(named, place);
}

/** 2.3.5, of a JSON field: «json: cannot unmarshal array into Go value of type map[string]interface {}». */
const NOT_AN_OBJECT = /cannot unmarshal \w+ into Go value of type map/;

/** Milvus 2.3 takes only objects in a JSON field when rows are inserted. It does not say which row it means. */
function notAnObject({ schema, batch }: WriteRequest, reason: string, { method, at }: CallPlace): MigrateError {
  const fields = schema.fields.filter(({ type }) => type === 'JSON');
  const bad = fields.flatMap((field) => {
    const column = columnOf(batch, field.name);
    for (let row = 0; row < batch.rows; row++) {
      const text = Buffer.from(valueAt(column, row)).toString('utf8');
      if (!isNull(column, row) && !text.trimStart().startsWith('{'))
        return [{ field: field.name, found: `${text.slice(0, 60)} in the row of id ${keyText(schema, batch, row)}` }];
    }
    return [];
  })[0];
  return new MigrateError('E_TARGET', `Milvus refused ${method}: it takes only objects in a JSON field`, {
    at: { ...at, ...(bad === undefined ? {} : { field: bad.field }) },
    found: bad?.found ?? reason,
    hint: 'its import takes any JSON (--staging); or cast the field to VarChar, or leave it behind (--drop)',
  });
}

function isTooLarge(reason: string): boolean {
  return /larger than max|too large|exceed(s|ed)? (the )?(max|limit)[^.]*size|message size/i.test(reason);
}

function isBrokenStream(reason: string): boolean {
  return /context (canceled|deadline)|deadline exceeded|rocksmq|pulsar|kafka|woodpecker|produce|mq internal|connection (reset|refused)/i.test(
    reason,
  );
}
