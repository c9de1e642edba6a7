import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import type { Batch } from '../../src/core/batch.ts';
import type { Schema } from '../../src/core/schema.ts';
import { decodeQueryResult } from '../../src/formats/milvusResult.ts';
import { decodeMutationResult, encodeWriteRequest } from '../../src/formats/milvusWire.ts';

// The SDK's own message definitions are the reference.
const definitions = createRequire(import.meta.url)('@zilliz/milvus2-sdk-node/dist/milvus/proto-json/milvus') as {
  readonly default: protobuf.INamespace;
};
const root = protobuf.Root.fromJSON(definitions.default);
const messageType = (name: string) => root.lookupType(`milvus.proto.milvus.${name}`);

const AS_TEXT = { longs: String, enums: String, bytes: Array, defaults: true } as const;

function schemaOf(type: 'FloatVector' | 'BinaryVector', dim: number): Schema {
  return {
    metric: type === 'FloatVector' ? 'L2' : 'HAMMING',
    fields: [
      { name: 'id', type: 'Int64', primaryKey: true, dim: 0 },
      { name: 'data', type, primaryKey: false, dim },
    ],
  };
}

/** A batch in shared memory, as the slabs are. */
function batchOf(ids: readonly bigint[], vectors: Uint8Array): Batch {
  const rows = ids.length;
  const memory = new SharedArrayBuffer(rows * 8 + vectors.length);
  new BigInt64Array(memory, 0, rows).set(ids);
  new Uint8Array(memory, rows * 8).set(vectors);
  return {
    rows,
    read: rows,
    deleted: 0,
    dropped: 0,
    origin: 'test',
    columns: [
      { field: 'id', rowBytes: 8, bytes: new Uint8Array(memory, 0, rows * 8) },
      { field: 'data', rowBytes: rows === 0 ? 0 : vectors.length / rows, bytes: new Uint8Array(memory, rows * 8) },
    ],
  };
}

test('a write of float vectors is what protobufjs reads', () => {
  const schema = schemaOf('FloatVector', 3);
  const values = Float32Array.of(0.1, -0, 1e-45, 3.4e38, 5, 6);
  const ids = [-(2n ** 63n), 2n ** 63n - 1n];
  const batch = batchOf(ids, new Uint8Array(values.buffer));
  for (const how of ['insert', 'upsert'] as const) {
    const bytes = encodeWriteRequest({ collection: 'größe', milvusPartition: 'p', schema, batch, how });
    const type = messageType(how === 'insert' ? 'InsertRequest' : 'UpsertRequest');
    const message = type.toObject(type.decode(bytes), AS_TEXT);
    assert.equal(message.collection_name, 'größe');
    assert.equal(message.partition_name, 'p');
    assert.equal(message.num_rows, 2);
    assert.equal(message.base.msg_type, how === 'insert' ? 'Insert' : 'Upsert');
    const [id, data] = message.fields_data;
    assert.deepEqual([id.type, id.field_name, id.scalars.long_data.data], ['Int64', 'id', ids.map(String)]);
    assert.deepEqual([data.type, data.field_name, data.vectors.dim], ['FloatVector', 'data', '3']);
    assert.deepEqual(Float32Array.from(data.vectors.float_vector.data), values);
  }
});

test('a write of binary vectors is what protobufjs reads, whatever the rows', () => {
  const schema = schemaOf('BinaryVector', 16);
  const type = messageType('InsertRequest');
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { maxLength: 300 }), (ids) => {
      const vectors = Uint8Array.from({ length: ids.length * 2 }, (_, index) => index * 37);
      const batch = batchOf(ids, vectors);
      const bytes = encodeWriteRequest({ collection: 'c', milvusPartition: '_default', schema, batch, how: 'insert' });
      const message = type.toObject(type.decode(bytes), AS_TEXT);
      assert.equal(message.num_rows, ids.length);
      assert.deepEqual(message.fields_data[0].scalars.long_data.data, ids.map(String));
      assert.deepEqual(Uint8Array.from(message.fields_data[1].vectors.binary_vector), vectors);
    }),
    { numRuns: 50 },
  );
});

test('the answer to a write is read', () => {
  const type = messageType('MutationResult');
  const bytes = type
    .encode(
      type.fromObject({
        status: { error_code: 'RateLimit', code: 8, reason: 'slow' },
        IDs: { int_id: { data: [1, -2] } },
        insert_cnt: 7,
        upsert_cnt: 9,
        timestamp: '470612166369607682',
      }),
    )
    .finish();
  const want = { status: { errorCode: 49, code: 8, reason: 'slow' }, inserted: 7n, upserted: 9n };
  assert.deepEqual(decodeMutationResult(bytes), want);
  assert.equal(decodeMutationResult(new Uint8Array(0)).status, undefined);
});

test('the answer to a query is read: keys, float and binary vectors, bit for bit', () => {
  const type = messageType('QueryResults');
  const floats = [0.5, -0, 1e-45, 2];
  const bytes = type
    .encode(
      type.fromObject({
        status: {},
        fields_data: [
          {
            type: 'Int64',
            field_name: 'id',
            scalars: { long_data: { data: ['-9223372036854775808', '42'] } },
            field_id: 100,
          },
          { type: 'FloatVector', field_name: 'f', vectors: { dim: 2, float_vector: { data: floats } } },
          { type: 'BinaryVector', field_name: 'b', vectors: { dim: 8, binary_vector: Uint8Array.of(1, 255) } },
        ],
        collection_name: 'c',
      }),
    )
    .finish();
  const { status, columns } = decodeQueryResult(bytes);
  assert.deepEqual(status, { errorCode: 0, code: 0, reason: '' });
  const [id, float, binary] = columns;
  assert.deepEqual([...id!.int64s!], [-(2n ** 63n), 42n]);
  assert.deepEqual(Uint8Array.from(float!.vectors!), new Uint8Array(Float32Array.from(floats).buffer));
  assert.deepEqual([binary!.field, binary!.dim, [...binary!.vectors!]], ['b', 8, [1, 255]]);
});

test('bytes that are no message end in a RangeError or in some result, never in anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      for (const decode of [decodeQueryResult, decodeMutationResult]) {
        try {
          assert.ok(decode(bytes));
        } catch (error) {
          assert.ok(error instanceof RangeError, String(error));
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
