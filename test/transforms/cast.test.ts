/** Casts, value by value, against BigInt, Math.fround and exact decimals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exactDecimal } from '../../src/core/canonical.ts';
import type { Field, Schema } from '../../src/core/schema.ts';
import type { TransformStep } from '../../src/core/transformSteps.ts';
import { nearestFloat32, shortestFloat32 } from '../../src/transforms/cast/decimals.ts';
import { through } from './readBack.ts';

type Cast = Extract<TransformStep, { kind: 'cast' }>;

/** A JSON value as it is written. */
class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Casts one value; `'refused'`: it was. */
async function cast(
  from: Partial<Field> & { readonly type: Field['type'] },
  to: Partial<Cast> & { readonly to: Cast['to'] },
  value: unknown,
): Promise<{ readonly value: unknown; readonly reason?: string; readonly changes?: unknown }> {
  const schema: Schema = {
    metric: 'L2',
    fields: [
      { name: 'id', type: 'Int64', primaryKey: true, dim: 0 },
      { name: 'v', type: 'FloatVector', primaryKey: false, dim: 1 },
      { name: 'x', primaryKey: false, dim: 0, ...from },
    ],
  };
  const step: Cast = { kind: 'cast', field: 'x', onLoss: 'reject', ...to };
  const raw = value instanceof JsonText;
  const built: Schema = raw
    ? { ...schema, fields: [...schema.fields.slice(0, 2), { ...schema.fields[2]!, type: 'VarChar' }] }
    : schema;
  const row = { id: 1n, v: [1], x: raw ? value.text : value };
  const { batch, schema: after, rows } = await through([step], [row], schema, built);
  assert.equal(after.fields[2]!.type, to.to);
  assert.equal(batch.rows + (batch.refused?.length ?? 0), 1);
  const { changes } = batch;
  if (batch.rows === 0) return { value: 'refused', reason: batch.refused![0]!.reason };
  return { value: rows[0]!.x, ...(changes === undefined ? {} : { changes }) };
}

const INTS = [
  ['Int8', 8n],
  ['Int16', 16n],
  ['Int32', 32n],
  ['Int64', 64n],
] as const;

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
/** Around powers of two, where limits lie. */
const whole = fc.oneof(
  int64,
  fc
    .tuple(fc.integer({ min: 0, max: 62 }), fc.bigInt({ min: -2n, max: 2n }), fc.constantFrom(1n, -1n))
    .map(([power, near, sign]) => sign * (2n ** BigInt(power) + near)),
);

test('whole numbers: exact, or refused where they do not fit', async () => {
  await fc.assert(
    fc.asyncProperty(whole, fc.constantFrom(...INTS), async (value, [type, bits]) => {
      const want = BigInt.asIntN(Number(bits), value) === value ? value : 'refused';
      assert.equal((await cast({ type: 'Int64' }, { to: type }, value)).value, want);
      assert.equal((await cast({ type: 'VarChar' }, { to: type }, String(value))).value, want);
    }),
  );
});

test('whole numbers as Float and Double: only those that these hold, or the nearest and counted', async () => {
  await fc.assert(
    fc.asyncProperty(whole, async (value) => {
      const double = Number(value);
      const exact = BigInt(double) === value;
      assert.equal((await cast({ type: 'Int64' }, { to: 'Double' }, value)).value, exact ? double : 'refused');
      const counted = await cast({ type: 'Int64' }, { to: 'Double', onLoss: 'count' }, value);
      assert.equal(counted.value, double);
      assert.deepEqual(counted.changes, exact ? undefined : { 'x: less exact as Double': 1 });
      const float = Math.fround(double);
      const want = BigInt(float) === value ? float : 'refused';
      assert.equal((await cast({ type: 'Int64' }, { to: 'Float' }, value)).value, want);
    }),
  );
});

test('the nearest float32 of a whole number is rounded once', () => {
  // By way of a double it would become 2^60: half of the distance to the next float32 is 2^36, and one is lost.
  const tricky = 2n ** 60n + 2n ** 36n + 1n;
  assert.equal(Math.fround(Number(tricky)), 2 ** 60);
  assert.equal(nearestFloat32(tricky), 2 ** 60 + 2 ** 37);
  fc.assert(
    fc.property(whole, (value) => {
      const near = nearestFloat32(value);
      const off = (other: number): bigint => (BigInt(other) > value ? BigInt(other) - value : value - BigInt(other));
      const bits = new Int32Array(Float32Array.of(near).buffer);
      for (const step of [-1, 1]) {
        const neighbour = new Float32Array(Int32Array.of(bits[0]! + step).buffer)[0]!;
        if (Number.isFinite(neighbour) && Number.isInteger(neighbour)) assert.ok(off(near) <= off(neighbour));
      }
    }),
  );
});

test('a Double as a Float: Math.fround, refused or counted where that is another number', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.double(), fc.float()), async (value) => {
      const float = Math.fround(value);
      const overflow = Number.isFinite(value) && !Number.isFinite(float);
      const same = Object.is(float, value);
      assert.ok(Object.is((await cast({ type: 'Double' }, { to: 'Float' }, value)).value, same ? float : 'refused'));
      const counted = await cast({ type: 'Double' }, { to: 'Float', onLoss: 'count' }, value);
      assert.ok(Object.is(counted.value, overflow ? 'refused' : float));
      assert.deepEqual(counted.changes, same || overflow ? undefined : { 'x: less exact as Float': 1 });
      const narrow = (await cast({ type: 'Float' }, { to: 'Double' }, float)).value;
      assert.ok(Object.is(narrow, float));
    }),
  );
});

test('floats as whole numbers: only whole ones, or cut and counted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.double(), fc.maxSafeInteger().map(Number)), async (value) => {
      const part = Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
      const fits = part !== undefined && BigInt.asIntN(64, part) === part;
      const want = fits && Number.isInteger(value) ? part : 'refused';
      assert.equal((await cast({ type: 'Double' }, { to: 'Int64' }, value)).value, want);
      const counted = await cast({ type: 'Double' }, { to: 'Int64', onLoss: 'count' }, value);
      assert.equal(counted.value, fits ? part : 'refused');
    }),
  );
});

test('numbers as text, and back, are the same numbers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true }), int64, async (double, long) => {
      for (const to of ['VarChar', 'JSON'] as const) {
        const text = (await cast({ type: 'Double' }, { to }, double)).value;
        assert.ok(Object.is((await back(to, 'Double', text)).value, double), String(text));
        const float = Math.fround(double);
        if (Number.isFinite(float)) {
          const short = (await cast({ type: 'Float' }, { to }, float)).value;
          assert.ok(Object.is((await back(to, 'Float', short)).value, float), String(short));
        }
        const digits = (await cast({ type: 'Int64' }, { to }, long)).value;
        assert.equal(digits, String(long));
        assert.equal((await back(to, 'Int64', digits)).value, long);
      }
    }),
  );

  function back(from: 'VarChar' | 'JSON', to: Cast['to'], text: unknown) {
    const value = from === 'JSON' ? new JsonText(String(text)) : text;
    return cast({ type: from }, { to }, value);
  }
});

test('the shortest text of a float32 reads back as it, and none is shorter', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = shortestFloat32(value);
      assert.ok(Object.is(Math.fround(Number(text)), value));
      const digits = exactDecimal(text).replace(/^-|e.*$/g, '').length;
      if (digits > 1) assert.notEqual(Math.fround(Number(value.toPrecision(digits - 1))), value);
    }),
  );
});

/** from, to, value, what it becomes. */
const TABLE: readonly (readonly [Field['type'], Cast['to'], unknown, unknown])[] = [
  ['VarChar', 'Int64', '9007199254740993', 9007199254740993n],
  ['VarChar', 'Int64', ' 1', 'refused'],
  ['VarChar', 'Int64', '01', 'refused'],
  ['VarChar', 'Int64', '+1', 'refused'],
  ['VarChar', 'Int64', '-0', 'refused'],
  ['VarChar', 'Int64', '1.0', 'refused'],
  ['VarChar', 'Int64', '0x10', 'refused'],
  ['VarChar', 'Int64', '', 'refused'],
  ['VarChar', 'Double', '0.1', 0.1],
  ['VarChar', 'Double', '1e400', 'refused'],
  ['VarChar', 'Double', '1e-400', 'refused'],
  ['VarChar', 'Double', '0e-400', 0],
  ['VarChar', 'Double', '-0', -0],
  ['VarChar', 'Double', '9007199254740993', 'refused'],
  ['VarChar', 'Double', '.5', 'refused'],
  ['VarChar', 'Double', 'NaN', 'refused'],
  ['VarChar', 'Double', '0.1000000000000000055511151231257827', 'refused'],
  ['VarChar', 'Float', '0.1', Math.fround(0.1)],
  ['VarChar', 'Float', '0.123456789', 'refused'],
  ['VarChar', 'Float', '1e39', 'refused'],
  ['VarChar', 'Bool', 'true', true],
  ['VarChar', 'Bool', 'True', 'refused'],
  ['VarChar', 'Bool', '1', 'refused'],
  ['VarChar', 'JSON', '{"a":[1, 2]}', '{"a":[1, 2]}'],
  ['VarChar', 'JSON', 'plain', 'refused'],
  ['VarChar', 'JSON', '{"a":"\\ud83d"}', 'refused'],
  ['VarChar', 'JSON', '{"a":1e400}', 'refused'],
  ['VarChar', 'JSON', `{"a":"${'x'.repeat(2 ** 24)}","b":1e400}`, 'refused'],
  ['VarChar', 'JSON', '"\\ud83d\\ude00"', '"\\ud83d\\ude00"'],
  ['JSON', 'VarChar', { a: 'ü' }, '{"a":"ü"}'],
  ['JSON', 'VarChar', 'text', '"text"'],
  ['JSON', 'Int32', 100, 100n],
  ['JSON', 'Int32', '5', 'refused'],
  ['JSON', 'Int32', 1.5, 'refused'],
  ['JSON', 'Int8', 1e300, 'refused'],
  ['JSON', 'Bool', false, false],
  ['JSON', 'Bool', 0, 'refused'],
  ['JSON', 'Double', 2.5, 2.5],
  ['JSON', 'Int64', [1], 'refused'],
  ['Bool', 'Int8', true, 1n],
  ['Bool', 'Double', false, 0],
  ['Bool', 'VarChar', true, 'true'],
  ['Bool', 'JSON', true, 'true'],
  ['Int8', 'Bool', 1, true],
  ['Int8', 'Bool', 2, 'refused'],
  ['Double', 'Bool', 0.5, 'refused'],
  ['Double', 'VarChar', Number.NaN, 'refused'],
  ['Double', 'JSON', Number.POSITIVE_INFINITY, 'refused'],
  ['Double', 'Int32', -0, 0n],
  ['Array', 'JSON', ['a', 'b'], '["a","b"]'],
];

test('a table of casts', async () => {
  for (const [from, to, value, want] of TABLE) {
    const element = from === 'Array' ? ({ element: 'VarChar', maxCapacity: 9 } as const) : {};
    const got = (await cast({ type: from, ...element }, { to }, value)).value;
    assert.ok(Object.is(got, want), `${from} ${JSON.stringify(value)} as ${to}: ${String(got)}, not ${String(want)}`);
  }
});

test('numbers of JSON as whole numbers: however they are written', async () => {
  for (const [text, want] of [
    ['1e2', 100n],
    ['100.00', 100n],
    ['9007199254740993', 9007199254740993n],
    ['90071992547409930e-1', 9007199254740993n],
    ['1e999999999', 'refused'],
    ['0e999999999', 0n],
    ['-9223372036854775808', -(2n ** 63n)],
    ['9223372036854775808', 'refused'],
  ] as const)
    assert.equal((await cast({ type: 'JSON' }, { to: 'Int64' }, new JsonText(text))).value, want, text);
  const cut = await cast({ type: 'JSON' }, { to: 'Int64', onLoss: 'count' }, new JsonText('-1.9e0'));
  assert.deepEqual(cut, { value: -1n, changes: { 'x: less exact as Int64': 1 } });
});

test('reasons say what was found and wanted', async () => {
  const reason = async (...args: Parameters<typeof cast>) => (await cast(...args)).reason;
  assert.equal(
    await reason({ type: 'VarChar' }, { to: 'Float' }, 'abc'),
    'x: found "abc", wanted a number within a Float',
  );
  assert.equal(
    await reason({ type: 'Int32' }, { to: 'Int8' }, 300),
    'x: found 300, wanted a whole number from -128 to 127 (Int8)',
  );
  assert.equal(
    await reason({ type: 'Double' }, { to: 'Float' }, 0.1),
    'x: found 0.1, wanted a number that a Float holds exactly',
  );
});

test('a text that is too long is refused, or cut between characters', async () => {
  const long = { to: 'VarChar', maxLength: 5 } as const;
  assert.match((await cast({ type: 'VarChar' }, long, 'aüüü')).reason ?? '', /text of at most 5 bytes/);
  assert.deepEqual(await cast({ type: 'VarChar' }, { ...long, onLoss: 'count' }, 'aü😀'), {
    value: 'aü',
    changes: { 'x: text cut': 1 },
  });
  assert.equal((await cast({ type: 'VarChar' }, long, 'aüü')).value, 'aüü');
  // Digits that are cut would be another number.
  assert.equal((await cast({ type: 'Int64' }, { ...long, onLoss: 'count' }, 123456n)).value, 'refused');
});

test('null stays null; the null of a JSON becomes one, where there may be one', async () => {
  for (const to of ['Int8', 'Int64', 'Bool', 'Float', 'VarChar'] as const) {
    assert.equal((await cast({ type: 'VarChar', nullable: true }, { to }, null)).value, null);
    const json = new JsonText(' null');
    assert.equal((await cast({ type: 'JSON', nullable: true }, { to }, json)).value, null);
    assert.match((await cast({ type: 'JSON' }, { to }, json)).reason ?? '', /^x: found null, wanted a \w+: every row/);
  }
});

test('a primary key: as text and back, and never less exact', async () => {
  const key = (type: 'Int64' | 'VarChar'): Schema => ({
    metric: 'L2',
    fields: [
      { name: 'id', type, primaryKey: true, dim: 0 },
      { name: 'v', type: 'FloatVector', primaryKey: false, dim: 1 },
    ],
  });
  const rows = ['1', '9007199254740993', '01', 'x'].map((id) => ({ id, v: [1] }));
  const there = await through([{ kind: 'cast', field: 'id', to: 'Int64', onLoss: 'count' }], rows, key('VarChar'));
  assert.deepEqual(
    there.rows.map(({ id }) => id),
    [1n, 9007199254740993n],
  );
  assert.deepEqual(
    there.batch.refused?.map((row) => row.key),
    ['01', 'x'],
  );
  const cut = { kind: 'cast', field: 'id', to: 'VarChar', maxLength: 2, onLoss: 'count' } as const;
  const shorter = await through([cut], [{ id: 'abc', v: [1] }], key('VarChar'));
  assert.equal(shorter.batch.refused?.length, 1);
});
