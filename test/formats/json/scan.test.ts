/** Stepping over JSON: every value ends where JSON.parse says it does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  eachElement,
  eachMember,
  hasComment,
  JsonTextError,
  skipSpace,
  skipValue,
} from '../../../src/formats/json/scan.ts';

const spaces = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 3 });

test('any value between others is stepped over whole', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1), spaces, (value, indent, space) => {
      const text = JSON.stringify(value, undefined, indent);
      const bytes = Buffer.from(`[1,${space}${text}${space},"]"]`);
      const start = skipSpace(bytes, 3);
      assert.equal(start, 3 + space.length);
      assert.equal(skipValue(bytes, start), start + Buffer.byteLength(text));
    }),
    { numRuns: 5_000 },
  );
});

test('an array that begins with numbers may hold texts, arrays and objects all the same, far behind', () => {
  const element = fc.oneof(
    { weight: 20, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) as fc.Arbitrary<unknown> },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '"]',
        ']',
        '[',
        '\\',
        `${'long '.repeat(20)}"]`,
        [],
        [1, ']'],
        {},
        { ']': 2 },
        { a: [1, 2] },
        null,
      ),
    },
  );
  fc.assert(
    fc.property(fc.array(element, { maxLength: 80, size: 'max' }), spaces, (values, space) => {
      const text = `[${space}-1,${JSON.stringify(values).slice(1)}`.replace(/,\]$/, ']');
      const bytes = Buffer.from(`{"v":${text},"w":[1],"x":"]"}`);
      // Looked through, noted, and looked up.
      const spans = new Map<number, number>();
      for (const known of [undefined, spans, spans]) {
        assert.equal(skipValue(bytes, 0, known), bytes.length);
        assert.equal(skipValue(bytes, 5, known), 5 + Buffer.byteLength(text));
      }
      for (const [at, behind] of spans) assert.ok(JSON.parse(bytes.subarray(at, behind).toString()).length > 1);
    }),
    { numRuns: 2_000 },
  );
});

test('members of an object, values of an array: the same as JSON.parse', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 2), (object, indent) => {
      const bytes = Buffer.from(JSON.stringify(object, undefined, indent));
      const found: [string, unknown][] = [];
      const end = eachMember(bytes, 0, ({ keyStart, keyEnd, valueStart }) => {
        const valueEnd = skipValue(bytes, valueStart);
        found.push([parse(bytes, keyStart, keyEnd) as string, parse(bytes, valueStart, valueEnd)]);
        return valueEnd;
      });
      assert.equal(end, bytes.length);
      assert.deepEqual(found, Object.entries(JSON.parse(bytes.toString())));
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (array) => {
      const bytes = Buffer.from(JSON.stringify(array));
      const found: unknown[] = [];
      const end = eachElement(bytes, 0, (start, index) => {
        assert.equal(index, found.length);
        const valueEnd = skipValue(bytes, start);
        found.push(parse(bytes, start, valueEnd));
        return valueEnd;
      });
      assert.equal(end, bytes.length);
      assert.deepEqual(found, JSON.parse(bytes.toString()));
    }),
  );
});

function parse(bytes: Buffer, from: number, to: number): unknown {
  return JSON.parse(bytes.subarray(from, to).toString());
}

test('cut anywhere, a text is an error and never a value', () => {
  const text = Buffer.from('{"a":[1,{"b":"\\\\\\"}]"}],"c":"\u00e9\ud83d\ude00","d":{"e":[[]]}}');
  assert.equal(skipValue(text, 0), text.length);
  for (let length = 0; length < text.length; length++)
    assert.throws(() => skipValue(text.subarray(0, length), 0), JsonTextError, `cut at ${length}`);
});

test('nested a million deep: no stack is needed', () => {
  const depth = 1_000_000;
  const bytes = Buffer.from('['.repeat(depth) + ']'.repeat(depth));
  assert.equal(skipValue(bytes, 0), bytes.length);
});

test('a comment is found wherever it stands, and nothing is taken for one', () => {
  const value = fc.oneof(fc.jsonValue(), fc.array(fc.constantFrom('//', '/* " */', '\\', '\\"/*', 1)));
  const comment = fc.constantFrom('/**/', '/* " */', '/* } */', '// x\n', '//"\n');
  fc.assert(
    fc.property(value, comment, fc.nat(), (one, what, at) => {
      const text = JSON.stringify(one, undefined, 1);
      assert.equal(hasComment(Buffer.from(text)), false);
      // Between lines are no strings.
      const lines = text.split('\n');
      const place = at % (lines.length + 1);
      assert.equal(hasComment(Buffer.from(lines.toSpliced(place, 0, what).join('\n'))), true);
    }),
    { numRuns: 2_000 },
  );
});

test('a value with a comment behind it is none, whatever the comment has in it', () => {
  for (const text of ['5/*,"b":6,"z":*/}', '/*,*/5}', 'true// x\n}', 'null/**/}'])
    assert.throws(() => skipValue(Buffer.from(text), 0), JsonTextError);
});
