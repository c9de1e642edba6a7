/** Arrays of numbers, mostly read by the kernel: always what `Math.fround` of `JSON.parse` gives, bit for bit. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readCborVector } from '../../../src/formats/elastic/pageCbor.ts';
import { readJsonVector } from '../../../src/formats/elastic/pageJson.ts';
import { type NumberRun, readNumbers } from '../../../src/formats/numbers/kernel.ts';
import { KERNEL_SOURCE } from '../../../src/formats/numbers/kernelBytes.ts';
import { repoRoot } from '../../root.ts';
import { jsonNumber } from '../json/numberTexts.ts';

test('the kernel was compiled from its source', () => {
  const source = readFileSync(join(repoRoot, 'wasm/numbers.ts'));
  assert.equal(KERNEL_SOURCE, createHash('sha256').update(source).digest('hex'), 'run scripts/kernels.mjs');
});

const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** Reads the array with something before and behind it; its end is checked too. */
function read(text: string, length: number): Float32Array | ReturnType<typeof readJsonVector> {
  const target = new Float32Array(length);
  const bytes = Buffer.from(`{"v":${text},"7":8}`);
  const cursor = { at: 5, failed: false };
  const fault = readJsonVector(bytes, cursor, target);
  if (fault !== undefined) return fault;
  assert.equal(cursor.at, 5 + text.length, text);
  return target;
}

/** The array of these numbers, each as it is written. */
function same(numbers: readonly string[], separator = ','): void {
  const text = `[${numbers.join(separator)}]`;
  const wanted = Float32Array.from(JSON.parse(text) as number[]);
  const found = read(text, numbers.length);
  const beyond = wanted.findIndex((value) => !Number.isFinite(value));
  if (beyond >= 0) {
    const { kind, index } = found as { kind: string; index: number };
    assert.deepEqual({ kind, index }, { kind: 'range', index: beyond }, text);
    return;
  }
  assert.ok(found instanceof Float32Array, `${text}: ${JSON.stringify(found)}`);
  assert.deepEqual(bits(found), bits(wanted), text);
}

/** What vectors are made of, and how programs print it. */
const usual = fc.oneof(
  fc.double({ min: -1, max: 1, noNaN: true }).map((value) => JSON.stringify(value)),
  fc.float({ min: -1, max: 1, noNaN: true }).map((value) => JSON.stringify(value)),
  fc.float({ min: -1, max: 1, noNaN: true }).map((value) => String(Number(value.toPrecision(8)))),
  fc.double({ min: -1000, max: 1000, noNaN: true }).map((value) => value.toFixed(6)),
  fc.double({ min: -1, max: 1, noNaN: true }).map((value) => value.toExponential(7)),
  fc.double({ min: -1, max: 1, noNaN: true }).map((value) => value.toPrecision(21)),
  fc.integer({ min: -128, max: 127 }).map(String),
  fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n }).map(String),
);

test('the numbers of vectors, however they are printed and set apart', () => {
  const separators = fc.constantFrom(',', ', ', ' ,\n\t', ',\r\n      ');
  fc.assert(fc.property(fc.array(usual, { minLength: 1, maxLength: 30 }), separators, same), { numRuns: 20_000 });
});

test('any JSON numbers among them', () => {
  const mixed = fc.oneof({ weight: 3, arbitrary: usual }, { weight: 1, arbitrary: jsonNumber });
  fc.assert(
    fc.property(fc.array(mixed, { minLength: 1, maxLength: 8 }), (numbers) => same(numbers)),
    {
      numRuns: 20_000,
    },
  );
});

const LARGE = Math.fround(1e20);

test('the middle between two float32, where rounding is a tie, and next to it, in any number of digits', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true, min: -LARGE, max: LARGE }), (value) => {
      const next = new Float32Array(new Int32Array([bits(new Float32Array([value]))[0]! + 1]).buffer)[0]!;
      const middle = (value + next) / 2;
      const texts = [15, 16, 17, 18, 19, 20, 21].map((digits) => middle.toPrecision(digits));
      same([...texts, `${middle.toPrecision(21)}1`.replace(/e.*|$/, ''), JSON.stringify(middle)]);
    }),
    { numRuns: 20_000 },
  );
});

test('more zeros, digits and powers than the kernel takes', () => {
  const zeros = '0'.repeat(40);
  same([`0.${zeros}1`, `0.0${'1234567890'.repeat(3)}`, `1${zeros.slice(0, 30)}`, '1e-45', '-0', '-0.0', '0e99', '0']);
  same([
    `0.${'0'.repeat(15)}1234567890123456789`,
    `0.${'0'.repeat(16)}1`,
    '9999999999999999999',
    '18446744073709551617',
  ]);
  same([
    '-10000000000000000000',
    '1.00000000000000000000000000000000000001',
    '16777217.0000000000000000001',
    '1E+0005',
  ]);
});

test('long vectors: in runs, whatever lies at the border of one', () => {
  fc.assert(
    fc.property(
      fc.array(usual, { minLength: 50, maxLength: 100 }),
      fc.integer({ min: 15_000, max: 40_000 }),
      (some, n) => same(Array.from({ length: n }, (_, index) => some[index % some.length]!)),
    ),
    { numRuns: 20 },
  );
});

test('an array that is cut, or is none of numbers: what and where, as without the kernel', () => {
  fc.assert(
    fc.property(fc.array(usual, { minLength: 1, maxLength: 12 }), fc.nat(), (numbers, cut) => {
      const text = `[${numbers.join(',')}]`;
      const whole = Buffer.from(text);
      const bytes = whole.subarray(0, 1 + (cut % (whole.length - 1)));
      const fault = readJsonVector(bytes, { at: 0, failed: false }, new Float32Array(numbers.length));
      assert.notEqual(fault, undefined, bytes.toString());
    }),
    { numRuns: 5_000 },
  );
  assert.deepEqual(read('[1,2,x]', 3), { kind: 'element', index: 2, at: 10 });
  assert.deepEqual(read('[1,02,3]', 3), { kind: 'element', index: 1, at: 9 });
  assert.deepEqual(read('[1,2.,3]', 3), { kind: 'element', index: 1, at: 8 });
  assert.deepEqual(read('[1,-,3]', 3), { kind: 'element', index: 1, at: 8 });
  assert.deepEqual(read('[1,2,]', 3), { kind: 'element', index: 2, at: 10 });
  assert.deepEqual(read('[1 2,3]', 3), { kind: 'element', index: 0, at: 8 });
  assert.deepEqual(read('[1,2e,3]', 3), { kind: 'element', index: 1, at: 8 });
  assert.deepEqual(read('[1,2,3,4,5]', 3), { kind: 'length', found: 5 });
  assert.deepEqual(read('[1,2]', 3), { kind: 'length', found: 2 });
});

test('doubles of CBOR: rounded once, and never beyond an array of known length', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, min: -3e38, max: 3e38 }), { minLength: 1, maxLength: 40 }),
      fc.nat({ max: 5 }),
      (values, more) => {
        const view = new DataView(new ArrayBuffer(3 + 9 * (values.length + more)));
        view.setUint8(0, 0x99);
        view.setUint16(1, values.length);
        for (let index = 0; index < values.length + more; index++) {
          view.setUint8(3 + 9 * index, 0xfb);
          view.setFloat64(4 + 9 * index, values[index] ?? 1);
        }
        const [cursor, target] = [{ at: 0, failed: false }, new Float32Array(values.length + 5)];
        const fault = readCborVector(view, cursor, target.subarray(0, values.length));
        assert.equal(fault, undefined);
        assert.equal(cursor.at, 3 + 9 * values.length);
        assert.deepEqual(bits(target.subarray(0, values.length)), bits(Float32Array.from(values)));
        const longer = readCborVector(view, { at: 0, failed: false }, target);
        assert.deepEqual(longer, { kind: 'length', found: values.length });
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a double beyond float32 is left to the caller', () => {
  const view = new DataView(new ArrayBuffer(18));
  for (const [at, value] of [
    [0, 1.5],
    [9, 1e39],
  ] as const) {
    view.setUint8(at, 0xfb);
    view.setFloat64(at + 1, value);
  }
  const [target, run] = [new Float32Array(2), { count: 0, at: 0, behind: false } satisfies NumberRun];
  readNumbers(new Uint8Array(view.buffer), { from: 0, encoding: 'cbor' }, target, run);
  assert.deepEqual({ ...run, first: target[0] }, { count: 1, at: 9, behind: false, first: 1.5 });
});

test('where a limit forbids the memory of WebAssembly, each number is read without it', () => {
  const module = new URL('../../../src/formats/elastic/pageJson.js', import.meta.url).href;
  const text = '[1.5, -2e-3,3,0.1234567890123456789,-0,1e-45]';
  const script = `
    import { readJsonVector } from '${module}';
    let refused = false;
    try { new WebAssembly.Memory({ initial: 1 }); } catch { refused = true; }
    const target = new Float32Array(6);
    const fault = readJsonVector(Buffer.from('${text}'), { at: 0, failed: false }, target);
    console.log(JSON.stringify({ refused, fault: fault ?? null, bits: [...new Uint32Array(target.buffer)] }));`;
  const limited = ['-c', 'ulimit -v 6000000; exec "$0" --input-type=module --eval "$1"', process.execPath, script];
  const said = JSON.parse(execFileSync('bash', limited, { encoding: 'utf8' })) as object;
  const wanted = [...bits(Float32Array.from(JSON.parse(text) as number[]))];
  assert.deepEqual(said, { refused: true, fault: null, bits: wanted });
});
