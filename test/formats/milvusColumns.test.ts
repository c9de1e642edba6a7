/** Columns of every type on the wire: read back with the SDK's own message definitions. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import type { Column } from '../../src/core/batch.ts';
import type { Field, FieldType } from '../../src/core/schema.ts';
import { fieldData } from '../../src/formats/milvusColumns.ts';

const definitions = createRequire(import.meta.url)('@zilliz/milvus2-sdk-node/dist/milvus/proto-json/milvus') as {
  readonly default: protobuf.INamespace;
};
const message = protobuf.Root.fromJSON(definitions.default).lookupType('milvus.proto.schema.FieldData');

interface Decoded {
  readonly type: string;
  readonly field_name: string;
  readonly is_dynamic: boolean;
  readonly valid_data?: readonly boolean[];
  readonly scalars: Readonly<Record<string, { readonly data: readonly unknown[]; readonly element_type?: string }>>;
}

function decode(field: Field, column: Column, rows: number): Decoded {
  const piece = fieldData(field, column, rows);
  const bytes = new Uint8Array(piece.length);
  piece.write(bytes, 0);
  return message.toObject(message.decode(bytes), { longs: String, enums: String, bytes: Array }) as Decoded;
}

const field = (type: FieldType, more: Partial<Field> = {}): Field => ({
  name: 'f',
  type,
  primaryKey: false,
  dim: 0,
  ...more,
});

const fixed = (array: ArrayBufferView & { readonly BYTES_PER_ELEMENT: number }, nulls?: Uint8Array): Column => ({
  field: 'f',
  rowBytes: array.BYTES_PER_ELEMENT,
  bytes: new Uint8Array(array.buffer),
  ...(nulls === undefined ? {} : { nulls }),
});

function texts(values: readonly (string | undefined)[]): Column {
  const all = values.map((value) => Buffer.from(value ?? ''));
  const offsets = new Uint32Array(values.length + 1);
  for (const [row, { length }] of all.entries()) offsets[row + 1] = offsets[row]! + length;
  const nulls = Uint8Array.from(values, (value) => (value === undefined ? 1 : 0));
  return { field: 'f', rowBytes: 0, bytes: Buffer.concat(all), offsets, nulls };
}

test('numbers and truth values of every width', () => {
  const cases = [
    ['Bool', 'bool_data', Uint8Array.of(1, 0, 1), [true, false, true]],
    ['Int8', 'int_data', Int8Array.of(-128, 0, 127), [-128, 0, 127]],
    ['Int16', 'int_data', Int16Array.of(-32768, -1, 32767), [-32768, -1, 32767]],
    ['Int32', 'int_data', Int32Array.of(-(2 ** 31), -1, 2 ** 31 - 1), [-(2 ** 31), -1, 2 ** 31 - 1]],
    [
      'Int64',
      'long_data',
      BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n),
      [String(-(2n ** 63n)), String(2n ** 63n - 1n)],
    ],
    ['Float', 'float_data', Float32Array.of(1.5, -0.25), [1.5, -0.25]],
    ['Double', 'double_data', Float64Array.of(0.1, -1e300), [0.1, -1e300]],
  ] as const;
  for (const [type, name, array, want] of cases) {
    const found = decode(field(type), fixed(array), want.length);
    assert.equal(found.type, type);
    assert.equal(found.field_name, 'f');
    assert.deepEqual(found.scalars[name]?.data, want);
    assert.equal(found.valid_data, undefined);
  }
});

test('texts and JSON, byte for byte', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (values) => {
      assert.deepEqual(decode(field('VarChar'), texts(values), values.length).scalars.string_data?.data ?? [], values);
      const json = values.map((value) => JSON.stringify({ value }));
      const found = decode(field('JSON', { name: '$meta', dynamic: true }), texts(json), json.length);
      assert.equal(found.is_dynamic, true);
      const data = (found.scalars.json_data?.data ?? []) as readonly number[][];
      assert.deepEqual(
        data.map((bytes) => Buffer.from(bytes).toString()),
        json,
      );
    }),
  );
});

test('null rows: a flag for each row, values only where they are', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.string(), { nil: undefined })), (values) => {
      const found = decode(field('VarChar', { nullable: true }), texts(values), values.length);
      assert.deepEqual(
        found.valid_data ?? [],
        values.map((value) => value !== undefined),
      );
      assert.deepEqual(
        found.scalars.string_data?.data ?? [],
        values.filter((value) => value !== undefined),
      );
    }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined })),
      (values) => {
        const array = BigInt64Array.from(values, (value) => value ?? 0n);
        const nulls = Uint8Array.from(values, (value) => (value === undefined ? 1 : 0));
        const found = decode(field('Int64', { nullable: true }), fixed(array, nulls), values.length);
        assert.deepEqual(
          found.scalars.long_data?.data ?? [],
          values.filter((value) => value !== undefined).map(String),
        );
      },
    ),
  );
});

test('null rows of small integers: exactly the values that are there', () => {
  const arrays = { Int8: Int8Array, Int16: Int16Array, Int32: Int32Array } as const;
  const integers = fc.array(fc.option(fc.integer({ min: -128, max: 127 }), { nil: undefined }));
  fc.assert(
    fc.property(integers, fc.constantFrom('Int8', 'Int16', 'Int32'), (values, type) => {
      const array = arrays[type].from(values.map((value) => value ?? 0));
      const nulls = Uint8Array.from(values, (value) => (value === undefined ? 1 : 0));
      const found = decode(field(type, { nullable: true }), fixed(array, nulls), values.length);
      assert.deepEqual(
        found.scalars.int_data?.data ?? [],
        values.filter((value) => value !== undefined),
      );
    }),
  );
});

test('arrays: one message a row, with the type of the elements', () => {
  const cases = [
    ['VarChar', 'string_data', ['["a","ä"]', '[]'], [['a', 'ä'], undefined]],
    ['Int64', 'long_data', ['[1,"9223372036854775807"]'], [['1', '9223372036854775807']]],
    ['Bool', 'bool_data', ['[true,false]'], [[true, false]]],
    ['Float', 'float_data', ['[0.5]'], [[0.5]]],
  ] as const;
  for (const [element, name, values, want] of cases) {
    const { array_data } = decode(field('Array', { element }), texts(values), values.length).scalars;
    assert.equal(array_data?.element_type, element);
    const rows = array_data?.data as readonly Readonly<Record<string, { readonly data: unknown }>>[];
    assert.deepEqual(
      rows.map((row) => row[name]?.data),
      want,
    );
  }
});
