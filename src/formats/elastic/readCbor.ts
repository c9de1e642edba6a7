/** A CBOR answer's values, for coercion. */
import { createHead, MAJOR, readHead, skipValue } from '../cbor/scan.ts';
import { cborToJson, doubleAt, stringAt } from '../cbor/toJson.ts';
import { eachCborElement, eachCborMember, readCborVector } from './pageCbor.ts';
import type { Raw, RawKind, Reading } from './raw.ts';

const FIRST_FLOAT = 25;
const FALSE = 20;
const TRUE = 21;

export function readingCbor(view: DataView): Reading {
  const head = createHead();
  const cursor = { at: 0, failed: false };
  const kindAt = (at: number): RawKind => {
    readHead(view, at, head);
    switch (head.major) {
      case MAJOR.text:
      case MAJOR.bytes:
        return 'string';
      case MAJOR.array:
        return 'array';
      case MAJOR.map:
        return 'object';
      case MAJOR.simple:
        if (head.argument >= FIRST_FLOAT) return 'number';
        return head.argument === FALSE || head.argument === TRUE ? 'boolean' : 'null';
      default:
        // Tags are those of large numbers; others are found when they are read.
        return 'number';
    }
  };
  const rawAt = (at: number): Raw => {
    const kind = kindAt(at);
    switch (kind) {
      case 'null':
      case 'object':
        return { kind };
      case 'boolean':
        return { kind, value: head.argument === TRUE };
      case 'number':
        return numberAt(at);
      case 'string': {
        const text = head.major === MAJOR.text;
        return { kind, value: stringAt(view, at).bytes.toString(text ? 'utf8' : 'base64') };
      }
      case 'array': {
        const items: Raw[] = [];
        eachCborElement(view, at, (valueAt) => {
          items.push(rawAt(valueAt));
          return skipValue(view, valueAt);
        });
        return { kind, items };
      }
    }
  };
  const numberAt = (at: number): Raw => {
    if (head.major !== MAJOR.simple) return { kind: 'number', text: cborToJson(view, at).text, asSent: true };
    // Infinity where what was sent is beyond a double.
    const value = doubleAt(view, at);
    return { kind: 'number', text: Object.is(value, -0) ? '-0.0' : String(value), asSent: false };
  };
  return {
    kindAt,
    skip: (at) => skipValue(view, at),
    eachMember: (at, take) => eachCborMember(view, at, take),
    eachElement: (at, take) => eachCborElement(view, at, take),
    rawAt,
    jsonAt: (at) => Buffer.from(cborToJson(view, at).text),
    vectorAt(at, target) {
      cursor.at = at;
      cursor.failed = false;
      return readCborVector(view, cursor, target);
    },
  };
}
