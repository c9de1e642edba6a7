/** A JSON answer's values, for coercion. */
import { eachElement, eachMember, type NumberSpans, skipValue } from '../json/scan.ts';
import { keyOf, parseAt, readJsonVector, textAt } from './pageJson.ts';
import type { Raw, RawKind, Reading } from './raw.ts';

const KINDS: ReadonlyMap<number, RawKind> = new Map([
  [0x22, 'string'],
  [0x5b, 'array'],
  [0x7b, 'object'],
  [0x6e, 'null'],
  [0x74, 'boolean'],
  [0x66, 'boolean'],
]);

/**
 * Everything else that a text which Elasticsearch took may begin with is a number.
 * @param spans where its vectors are, as far as that is known
 */
export function readingJson(bytes: Uint8Array, spans: NumberSpans = new Map()): Reading {
  const skip = (at: number): number => skipValue(bytes, at, spans);
  const cursor = { at: 0, failed: false };
  const kindAt = (at: number): RawKind => KINDS.get(bytes[at] ?? 0) ?? 'number';
  const slice = (from: number, to: number): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
  const rawFrom = (at: number, end: number): Raw => {
    const kind = kindAt(at);
    switch (kind) {
      case 'null':
      case 'object':
        return { kind };
      case 'boolean':
        return { kind, value: parseAt(bytes, at, end) === true };
      case 'number':
        return { kind, text: slice(at, end).toString('latin1'), asSent: true };
      case 'string':
        return { kind, value: textAt(bytes, at, end) };
      case 'array': {
        const items: Raw[] = [];
        eachElement(bytes, at, (valueAt) => {
          const valueEnd = skip(valueAt);
          items.push(rawFrom(valueAt, valueEnd));
          return valueEnd;
        });
        return { kind, items };
      }
    }
  };
  return {
    kindAt,
    skip,
    eachMember: (at, take) => eachMember(bytes, at, (member) => take(keyOf(bytes, member), member.valueStart)),
    eachElement: (at, take) => eachElement(bytes, at, take),
    rawAt: (at) => rawFrom(at, skip(at)),
    jsonAt: (at) => bytes.subarray(at, skip(at)),
    vectorAt(at, target) {
      cursor.at = at;
      cursor.failed = false;
      return readJsonVector(bytes, cursor, target);
    },
  };
}
