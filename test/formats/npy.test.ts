import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { MigrateError } from '../../src/core/errors.ts';
import { NPY_HEADER_BYTES, type NpyShape, npyHeader, npyItemBytes, parseNpyHeader } from '../../src/formats/npy.ts';
import { temporaryFolder } from '../temporary.ts';

const shapes = fc.record({
  type: fc.constantFrom('<i8', '<i4', '<i2', '|i1', '|u1', '|b1', '<f4', '<f8') as fc.Arbitrary<NpyShape['type']>,
  shape: fc.oneof(
    fc.tuple(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    fc.tuple(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.integer({ min: 1, max: 32_768 })),
  ),
});

test('any header of ours is read back as it was, data at a multiple of 64', () => {
  fc.assert(
    fc.property(shapes, ({ type, shape }) => {
      const header = npyHeader({ type, shape });
      assert.equal(header.length, NPY_HEADER_BYTES);
      assert.equal(header.length % 64, 0);
      assert.deepEqual(parseNpyHeader(header, 'f'), { type, shape, dataOffset: NPY_HEADER_BYTES });
    }),
  );
});

test('numpy reads what we write', () => {
  using folder = temporaryFolder();
  const cases: NpyShape[] = [
    { type: '<i8', shape: [0] },
    { type: '<i8', shape: [3] },
    { type: '<f4', shape: [2, 5] },
    { type: '|u1', shape: [4, 16] },
    { type: '<f4', shape: [0, 7] },
    { type: '<i4', shape: [3] },
    { type: '<i2', shape: [3] },
    { type: '|i1', shape: [3] },
    { type: '<f8', shape: [2] },
    { type: '|b1', shape: [1] },
  ];
  cases.forEach(({ type, shape }, index) => {
    const bytes = shape.reduce((all, size) => all * size, npyItemBytes(type));
    const data = Uint8Array.from({ length: bytes }, (_, at) => at % 120);
    writeFileSync(join(folder.path, `${index}.npy`), Buffer.concat([npyHeader({ type, shape }), data]));
  });
  const script = `
import numpy, sys, json
out = []
for i in range(int(sys.argv[2])):
    a = numpy.load(f"{sys.argv[1]}/{i}.npy", allow_pickle=False)
    out.append([a.dtype.str, list(a.shape), bool(a.flags.c_contiguous), a.tobytes().hex()])
print(json.dumps(out))`;
  const python = process.env.TEST_PYTHON;
  assert.ok(python, 'TEST_PYTHON names a Python with numpy: run the tests with `npm test`');
  const read = JSON.parse(
    execFileSync(python, ['-c', script, folder.path, String(cases.length)], { encoding: 'utf8' }),
  );
  cases.forEach(({ type, shape }, index) => {
    const [dtype, dims, contiguous, hex] = read[index];
    assert.deepEqual([dtype, dims, contiguous], [type, [...shape], true]);
    const bytes = shape.reduce((all, size) => all * size, npyItemBytes(type));
    assert.equal(hex, Buffer.from(Uint8Array.from({ length: bytes }, (_, at) => at % 120)).toString('hex'));
  });
});

test('anything else is refused with what was found', () => {
  const good = npyHeader({ type: '<f4', shape: [2, 2] });
  for (const [position, value] of [
    [0, 0],
    [6, 2],
    [9, 255],
    [20, 0x58],
  ] as const) {
    const bad = good.slice();
    bad[position] = value;
    assert.throws(() => parseNpyHeader(bad, 'data.npy'), MigrateError);
  }
  assert.throws(() => parseNpyHeader(good.subarray(0, 9), 'data.npy'), MigrateError);
});
