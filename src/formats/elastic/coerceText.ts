/** Texts as Elasticsearch indexes them: numbers and booleans count as the characters they were sent in. */
import { isWhole } from '../../core/wholeText.ts';
import { type Cell, reject } from './coerced.ts';
import { NOT_AS_SENT, shown } from './coerceNumber.ts';
import type { Raw } from './raw.ts';

export interface TextLimit {
  /** Bytes of UTF-8. */
  readonly maxLength: number;
  readonly tooLong: 'reject' | 'truncate';
}

/** @returns UTF-8 */
export function coerceText(raw: Raw, limit: TextLimit): Cell {
  switch (raw.kind) {
    case 'string':
      return textCell(raw.value, limit);
    case 'boolean':
      return textCell(String(raw.value), limit);
    case 'number':
      if (raw.asSent) return textCell(raw.text, limit);
      return reject(raw.text, `a text: a fraction is not what was sent ${NOT_AS_SENT}: 1.10 is 1.1`);
    default:
      return reject(shown(raw), 'a text');
  }
}

export function textCell(text: string, { maxLength, tooLong }: TextLimit): Cell {
  if (!isWhole(text)) return reject(JSON.stringify(text), 'a text of whole characters');
  const bytes = Buffer.from(text);
  if (bytes.length <= maxLength) return { kind: 'value', value: bytes };
  if (tooLong === 'truncate')
    return { kind: 'value', value: bytes.subarray(0, wholeCharacters(bytes, maxLength)), changes: ['text cut'] };
  return reject(`${bytes.length} bytes`, `a text of at most ${maxLength} bytes of UTF-8`);
}

/** The last place up to `end` where a character begins. */
function wholeCharacters(bytes: Uint8Array, end: number): number {
  let at = end;
  while (at > 0 && (bytes[at]! & 0xc0) === 0x80) at--;
  return at;
}
