/** An Elasticsearch search answer in JSON: hits are found by stepping over their bytes, nothing is built for them. */
import { type NumberCursor, scanFloat32, scanned } from '../json/float32.ts';
import {
  eachElement,
  eachMember,
  JsonTextError,
  type Member,
  type NumberSpans,
  skipSpace,
  skipValue,
} from '../json/scan.ts';
import { type NumberRun, readNumbers } from '../numbers/kernel.ts';
import { createTextCache } from '../textCache.ts';
import type { Hit, OnHit, PageFacts, VectorFault } from './page.ts';

/**
 * @param spans gets where the vectors of the hits are, for who reads them next
 * @throws JsonTextError where the text is cut or malformed
 */
export function scanJsonPage(bytes: Uint8Array, onHit: OnHit, spans: NumberSpans = new Map()): PageFacts {
  const facts = { hits: 0, timedOut: false, shards: { total: 0, failed: 0 } } as {
    -readonly [K in keyof PageFacts]: PageFacts[K];
  };
  const start = skipSpace(bytes, 0);
  const end = eachMember(bytes, start, (member) => {
    const { valueStart } = member;
    switch (keyOf(bytes, member)) {
      case 'hits':
        return scanHits(bytes, valueStart, { facts, onHit, spans });
      case 'timed_out':
        return parsed(bytes, valueStart, (value) => {
          facts.timedOut = value === true;
        });
      case '_shards':
        return parsed(bytes, valueStart, (value) => {
          const { total, failed } = value as { total?: unknown; failed?: unknown };
          facts.shards = { total: Number(total), failed: Number(failed) };
        });
      case 'pit_id':
        return parsed(bytes, valueStart, (value) => {
          facts.pitId = String(value);
        });
      case '_scroll_id':
        return parsed(bytes, valueStart, (value) => {
          facts.scrollId = String(value);
        });
      case 'error':
        return parsed(bytes, valueStart, (value) => {
          facts.error = JSON.stringify(value);
        });
      default:
        return skipValue(bytes, valueStart);
    }
  });
  const behind = skipSpace(bytes, end);
  if (behind !== bytes.length) throw new JsonTextError(behind, 'the end of the answer');
  return facts;
}

interface Scan {
  readonly facts: { hits: number; total: PageFacts['total'] };
  readonly onHit: OnHit;
  readonly spans: NumberSpans;
}

function scanHits(bytes: Uint8Array, at: number, { facts, onHit, spans }: Scan): number {
  const hit: Hit = { index: '', id: '', sourceAt: -1, sortAt: -1, fieldsAt: -1, seqNo: -1 };
  return eachMember(bytes, at, (member) => {
    switch (keyOf(bytes, member)) {
      case 'hits':
        return eachElement(bytes, member.valueStart, (start) => {
          const end = scanHit(bytes, start, { hit, spans });
          facts.hits++;
          onHit(hit);
          return end;
        });
      case 'total':
        return parsed(bytes, member.valueStart, (value) => {
          facts.total = totalOf(value);
        });
      default:
        return skipValue(bytes, member.valueStart);
    }
  });
}

/** A number before Elasticsearch 7, an object since. */
function totalOf(value: unknown): PageFacts['total'] {
  if (typeof value === 'number') return { value, exact: true };
  if (typeof value !== 'object' || value === null) return undefined;
  const { value: count, relation } = value as { value?: unknown; relation?: unknown };
  return { value: Number(count), exact: relation === 'eq' };
}

function scanHit(bytes: Uint8Array, at: number, { hit, spans }: { hit: Hit; spans: NumberSpans }): number {
  hit.index = '';
  hit.id = '';
  hit.sourceAt = -1;
  hit.sortAt = -1;
  hit.fieldsAt = -1;
  hit.seqNo = -1;
  return eachMember(bytes, at, (member) => {
    const valueStart = behindMark(bytes, member.valueStart);
    const end = skipValue(bytes, valueStart, spans);
    switch (keyOf(bytes, member)) {
      case '_id':
        hit.id = textAt(bytes, valueStart, end);
        break;
      case '_index':
        hit.index = textAt(bytes, valueStart, end);
        break;
      case '_source':
        hit.sourceAt = valueStart;
        break;
      case 'sort':
        hit.sortAt = valueStart;
        break;
      case 'fields':
        hit.fieldsAt = valueStart;
        break;
      case '_seq_no':
        hit.seqNo = Number(slice(bytes, valueStart, end));
        break;
    }
    return end;
  });
}

/** Elasticsearch takes a document with a byte order mark in front (EF BB BF), and gives it back in the middle of its answer. */
function behindMark(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0xef || bytes[at + 1] !== 0xbb || bytes[at + 2] !== 0xbf) return at;
  return skipSpace(bytes, at + 3);
}

function parsed(bytes: Uint8Array, at: number, take: (value: unknown) => void): number {
  const end = skipValue(bytes, at);
  take(parseAt(bytes, at, end));
  return end;
}

/** The value in [from, to), with JSON.parse. @throws JsonTextError where it is none */
export function parseAt(bytes: Uint8Array, from: number, to: number): unknown {
  try {
    return JSON.parse(slice(bytes, from, to));
  } catch {
    throw new JsonTextError(from, 'a JSON value');
  }
}

/**
 * The string whose quotes are the first and last byte of [from, to). @throws JsonTextError where it is none
 *
 * Most have no escape, and are what stands there: JSON.parse would take three times as long, since it looks each up among
 * all names that the program knows.
 */
export function textAt(bytes: Uint8Array, from: number, to: number): string {
  if (isPlain(bytes, from, to)) return slice(bytes, from + 1, to - 1);
  const value = parseAt(bytes, from, to);
  if (typeof value !== 'string') throw new JsonTextError(from, 'a string');
  return value;
}

/** Longer ones are parsed. */
const SHORT = 128;

/** Whether it is a short string without escapes, and without what JSON wants escaped. */
function isPlain(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > SHORT || to - from < 2 || bytes[from] !== QUOTE || bytes[to - 1] !== QUOTE) return false;
  for (let at = from + 1; at < to - 1; at++) {
    const byte = bytes[at]!;
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}

const KEYS = createTextCache();

/** Nearly all keys are plain; one with an escape is parsed. */
export function keyOf(bytes: Uint8Array, { keyStart, keyEnd }: Readonly<Member>): string {
  const text = KEYS.text(bytes, keyStart + 1, keyEnd - 1);
  return text.includes('\\') ? textAt(bytes, keyStart, keyEnd) : text;
}

function slice(bytes: Uint8Array, from: number, to: number): string {
  const whole = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return whole.toString('utf8', from, to);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;

/** Nothing else runs while a vector is read. */
const RUN: NumberRun = { count: 0, at: 0, behind: false };

/**
 * Reads the array at `cursor.at` into `target`, which is as long as the vector has dimensions.
 * @returns undefined, with `cursor.at` behind the array; or what is wrong with it, with `cursor.at` anywhere
 */
export function readJsonVector(bytes: Uint8Array, cursor: NumberCursor, target: Float32Array): VectorFault | undefined {
  if (bytes[cursor.at] !== OPEN) return { kind: 'type', at: cursor.at };
  let at = skipSpace(bytes, cursor.at + 1);
  if (bytes[at] === CLOSE) return { kind: 'length', found: 0 };
  for (let read = 0; ; ) {
    RUN.behind = false;
    if (read < target.length) {
      readNumbers(bytes, { from: at, encoding: 'json' }, read === 0 ? target : target.subarray(read), RUN);
      read += RUN.count;
      at = RUN.at;
    }
    if (!RUN.behind) {
      // One that the kernel does not take, or beyond the vector's end: counted on, so that the error can say how many
      // there are. Typed arrays ignore such a write.
      at = skipSpace(bytes, at);
      cursor.at = at;
      cursor.failed = false;
      scanFloat32(bytes, cursor);
      const value = scanned[0]!;
      if (cursor.failed) return { kind: 'element', index: read, at };
      if (value - value !== 0) return { kind: 'range', index: read, at };
      target[read++] = value;
      at = cursor.at;
    }
    at = skipSpace(bytes, at);
    if (bytes[at] === CLOSE) {
      cursor.at = at + 1;
      return read === target.length ? undefined : { kind: 'length', found: read };
    }
    if (bytes[at] !== COMMA) return { kind: 'element', index: read - 1, at };
    at = skipSpace(bytes, at + 1);
  }
}
