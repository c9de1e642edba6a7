/** What the Milvus target does when calls fail, against a gRPC server that fails on demand: no real one does. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, beforeEach, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import type { Target } from '../../src/core/contracts.ts';
import { MigrateError } from '../../src/core/errors.ts';
import { openTarget } from '../../src/targets/index.ts';
import { refused } from '../../src/targets/milvus/errors.ts';
import { withRetry } from '../../src/targets/milvus/retry.ts';
import { batchOf, floatSchema } from './batches.ts';

const ANYONE = { user: undefined, password: undefined, token: undefined, database: undefined };

const definitions = createRequire(import.meta.url)('@zilliz/milvus2-sdk-node/dist/milvus/proto-json/milvus') as {
  readonly default: protobuf.INamespace;
};
const root = protobuf.Root.fromJSON(definitions.default);

type Reply =
  | { readonly type: string; readonly value: object }
  | { readonly code: grpc.status; readonly details: string };

/** What the server answers, by method; and how often each was called. */
let replies: Record<string, (call: number) => Reply>;
let calls: Record<string, number>;

let server: grpc.Server;
let address: string;
let target: Target;

before(async () => {
  server = new grpc.Server();
  const methods = ['GetVersion', 'ListImportTasks', 'Insert', 'Upsert', 'Import', 'DescribeCollection', 'Query'];
  methods.push('DescribeIndex', 'CreateIndex', 'ListDatabases');
  const identity = (bytes: Buffer) => bytes;
  const path = (method: string) => `/milvus.proto.milvus.MilvusService/${method}`;
  for (const method of methods) server.register(path(method), answer(method), identity, identity, 'unary');
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  address = `127.0.0.1:${port}`;
  replies = { GetVersion: () => ({ type: 'GetVersionResponse', value: { status: {}, version: 'v2.3.5' } }) };
  calls = {};
  target = await openTarget('milvus', { endpoint: address, ...ANYONE });
});

beforeEach(() => {
  calls = {};
});

after(async () => {
  await target[Symbol.asyncDispose]();
  server.forceShutdown();
});

function answer(method: string): grpc.handleUnaryCall<Buffer, Buffer> {
  return (_call, callback) => {
    const count = (calls[method] ?? 0) + 1;
    calls[method] = count;
    const reply = replies[method]?.(count) ?? { code: grpc.status.UNIMPLEMENTED, details: 'unknown method' };
    if ('code' in reply) return callback(reply);
    const name = reply.type.includes('.') ? reply.type : `milvus.${reply.type}`;
    const type = root.lookupType(`milvus.proto.${name}`);
    callback(null, Buffer.from(type.encode(type.fromObject(reply.value)).finish()));
  };
}

const failing =
  (code: grpc.status, details = 'on purpose') =>
  () => ({ code, details });
const result = (value: object) => () => ({ type: 'MutationResult', value });

const SCHEMA = floatSchema(4);
const insert = () => target.insert('c', '_default', SCHEMA, batchOf(SCHEMA, [1n, 2n]), 'insert');

test('an insert whose answer is lost is in doubt, and is not sent again', async () => {
  const { UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, INTERNAL, UNKNOWN, ABORTED } = grpc.status;
  for (const code of [UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, INTERNAL, UNKNOWN, ABORTED]) {
    calls = {};
    replies.Insert = failing(code);
    assert.equal((await insert()).kind, 'doubt', grpc.status[code]);
    assert.equal(calls.Insert, 1, grpc.status[code]);
  }
  replies.Insert = result({});
  assert.equal((await insert()).kind, 'doubt');
  replies.Insert = result({ status: { error_code: 'UnexpectedError', code: 65_535, reason: 'context canceled' } });
  assert.equal((await insert()).kind, 'doubt');
});

test('an insert that is refused says whether less at a time would help', async () => {
  replies.Insert = failing(grpc.status.RESOURCE_EXHAUSTED, 'grpc: received message larger than max (9 vs. 8)');
  assert.deepEqual(await insert(), {
    kind: 'refused',
    smaller: true,
    reason: 'grpc: received message larger than max (9 vs. 8)',
  });
  replies.Insert = result({ status: { error_code: 'RateLimit', code: 8, reason: 'rate limit exceeded' } });
  assert.deepEqual(await insert(), { kind: 'refused', smaller: false, reason: 'rate limit exceeded' });
  replies.Insert = result({ status: { error_code: 'RateLimit', reason: 'an old server' } });
  assert.deepEqual(await insert(), { kind: 'refused', smaller: false, reason: 'an old server' });
});

test('an insert that failed is an error, and so is one that took another number of rows', async () => {
  const isError = (code: string) => (error: unknown) => error instanceof MigrateError && error.code === code;
  replies.Insert = result({ status: { error_code: 'UnexpectedError', code: 1_100, reason: 'the length is wrong' } });
  await assert.rejects(insert(), isError('E_TARGET'));
  replies.Insert = failing(grpc.status.UNAUTHENTICATED);
  await assert.rejects(insert(), isError('E_TARGET_AUTH'));
  replies.Insert = result({ status: {}, insert_cnt: 1 });
  await assert.rejects(insert(), isError('E_TARGET'));
  replies.Insert = failing(grpc.status.UNIMPLEMENTED);
  await assert.rejects(insert(), isError('E_TARGET'));
  replies.Insert = result({ status: {}, insert_cnt: 2 });
  assert.deepEqual(await insert(), { kind: 'done' });
});

test('an import is sent once, and a lost answer says that it may be there', async () => {
  replies.Import = failing(grpc.status.UNAVAILABLE);
  const lost = (error: unknown) =>
    error instanceof MigrateError && error.code === 'E_TARGET_UNREACHABLE' && error.retry;
  await assert.rejects(target.submitImport('c', '_default', ['/x/id.npy']), lost);
  assert.equal(calls.Import, 1);
});

test('a server without imports is told by the missing status', async () => {
  assert.equal((await target.facts()).bulkInsert, false);
  replies.ListImportTasks = () => ({ type: 'ListImportTasksResponse', value: { status: {} } });
  assert.equal((await target.facts()).bulkInsert, true);
});

test('a read is repeated while the server is away', async () => {
  const gone = { status: { error_code: 'CollectionNotExists', code: 100, reason: 'collection not found' } };
  replies.DescribeCollection = (call) =>
    call < 3
      ? { code: grpc.status.UNAVAILABLE, details: 'starting' }
      : { type: 'DescribeCollectionResponse', value: gone };
  assert.equal(await target.describe('c'), undefined);
  assert.equal(calls.DescribeCollection, 3);
});

test('a read of rows that is refused for no known reason is asked again; what changes something is not', async () => {
  const reason = 'failed to get delegator 1 for channel by-dev-rootcoord-dml_0v0: can not find client of node 1';
  const status = { error_code: 'UnexpectedError', code: 65_535, reason };
  const counted = { type: 'Int64', field_name: 'count(*)', scalars: { long_data: { data: [7] } } };
  replies.Query = (call) => ({
    type: 'QueryResults',
    value: call < 3 ? { status } : { status: {}, fields_data: [counted] },
  });
  assert.equal(await target.count('c', '_default'), 7n);
  assert.equal(calls.Query, 3);
  replies.CreateIndex = () => ({ type: 'common.Status', value: status });
  replies.DescribeIndex = () => indexOf(false);
  await assert.rejects(target.createIndex('c', 'data', { type: 'FLAT', params: {} }, 'L2'), /refused CreateIndex/);
  assert.equal(calls.CreateIndex, 1);
});

test('a collection of which some partitions are loaded: what to do is said', () => {
  // Milvus 2.3.5, whose GetLoadState calls such a collection loaded.
  const reason = 'fail to Query, QueryNode ID = 1, reason=partition not loaded[partition=[470826435768361117]]';
  const place = { method: 'Query', address, at: { collection: 'c', milvusPartition: 'us' } };
  const { code, hint } = refused({ error_code: 'UnexpectedError', code: 65_535, reason }, place);
  assert.deepEqual([code, /load it whole, or release it/.test(hint ?? '')], ['E_TARGET', true]);
});

test('a user who may not list databases has his own all the same', async () => {
  replies.ListDatabases = failing(grpc.status.PERMISSION_DENIED, 'PrivilegeListDatabases: permission deny to mover');
  const mine = await openTarget('milvus', { endpoint: address, ...ANYONE, database: 'mine' });
  await mine.createDatabaseIfAbsent();
  await mine[Symbol.asyncDispose]();
});

test('a server that takes calls and answers none is given up', async ({ mock }) => {
  let [asked, now] = [0, 0];
  mock.method(performance, 'now', () => now);
  const hung = new MigrateError('E_TARGET_UNREACHABLE', 'no answer in time', { retry: true });
  const count = async () => {
    asked += 1;
    // So long a call waits for its answer.
    now += 20;
    throw hung;
  };
  const policy = { firstMs: 1, longestMs: 1, patienceMs: 10, refusedMs: 10, callMs: 1_000 };
  await assert.rejects(withRetry({ ...target, count }, undefined, policy).count('c'), (error) => error === hung);
  assert.equal(asked, 2);
});

test('a clock that is set back does not make it wait for longer', async (context) => {
  let asked = 0;
  context.mock.method(Date, 'now', () => 1e12 - asked * 3_600_000);
  const away = new MigrateError('E_TARGET_UNREACHABLE', 'away', { retry: true });
  const count = async () => {
    if (++asked > 200) throw new Error('asked without end');
    throw away;
  };
  const policy = { firstMs: 1, longestMs: 1, patienceMs: 20, refusedMs: 20, callMs: 1_000 };
  await assert.rejects(withRetry({ ...target, count }, undefined, policy).count('c'), (error) => error === away);
});

const CREATED: Reply = { type: 'common.Status', value: { reason: 'none' } };
const created = (): number => calls.CreateIndex ?? 0;

/** None before it was asked for; then one without rows, until it is done. */
function indexOf(done: boolean): Reply {
  const rows = { total_rows: 9, indexed_rows: done ? 9 : 0, pending_index_rows: done ? 0 : 9 };
  const index = { field_name: 'data', index_name: 'data', state: done ? 'Finished' : 'InProgress', ...rows };
  const value = { status: {}, index_descriptions: created() === 0 ? [] : [index] };
  return { type: 'DescribeIndexResponse', value };
}

test('an index that gets no rows is asked for again: a segment of an import may have been overlooked', async () => {
  // Milvus 2.3.5, when a segment is flushed between what it looks at: nothing is built, for up to a minute.
  replies.CreateIndex = () => CREATED;
  replies.DescribeIndex = () => indexOf(created() > 1);
  await target.createIndex('c', 'data', { type: 'FLAT', params: {} }, 'L2');
  assert.equal(created(), 2);
  await target.createIndex('c', 'data', { type: 'FLAT', params: {} }, 'L2');
  assert.equal(created(), 2, 'it is there');
});

test('a reminder that is not answered is not the last one: the index is asked for once more', async () => {
  replies.CreateIndex = (call) => (call === 2 ? { code: grpc.status.UNAVAILABLE, details: 'on purpose' } : CREATED);
  // At last it is looked at without a reminder.
  replies.DescribeIndex = (call) => indexOf(created() > 2 || call > 14);
  await target.createIndex('c', 'data', { type: 'FLAT', params: {} }, 'L2');
  assert.equal(created(), 3);
});

test('rows are asked for in smaller pieces where the answer would be too large', async () => {
  replies.Query = (call) =>
    call === 1
      ? { code: grpc.status.RESOURCE_EXHAUSTED, details: 'grpc: received message larger than max' }
      : {
          type: 'QueryResults',
          value: {
            status: {},
            fields_data: [
              { type: 'Int64', field_name: 'id', scalars: { long_data: { data: [call] } } },
              { type: 'FloatVector', field_name: 'data', vectors: { dim: 4, float_vector: { data: [call, 0, 0, 0] } } },
            ],
          },
        };
  const read = await target.rows('c', SCHEMA, [2n, 3n]);
  assert.deepEqual([...read.keys()], ['2', '3']);
  assert.equal(calls.Query, 3);
});

test('nobody there, a wrong password, and no address at all', async () => {
  const error = (code: string) => (thrown: unknown) => thrown instanceof MigrateError && thrown.code === code;
  const open = (endpoint: string) => openTarget('milvus', { endpoint, ...ANYONE });
  await assert.rejects(open('http://127.0.0.1:1'), error('E_TARGET_UNREACHABLE'));
  await assert.rejects(open('ftp://127.0.0.1:1'), error('E_CONFIG'));
  await assert.rejects(open('http://user:secret@127.0.0.1:1'), (thrown) => {
    return error('E_CONFIG')(thrown) && !JSON.stringify(thrown).includes('secret');
  });
  const { GetVersion } = replies;
  replies.GetVersion = failing(grpc.status.UNAUTHENTICATED, 'auth check failure');
  await assert.rejects(open(address), error('E_TARGET_AUTH'));
  replies.GetVersion = GetVersion!;
});
