/** The elements of an Array value, whose text in a batch is that of a JSON array. */
import { LosslessNumber, parse } from 'lossless-json';
import type { Field } from './schema.ts';

export type ArrayItem = bigint | number | boolean | string;

/** Int64 as bigint, with all digits; other numbers as number. @param text UTF-8 */
export function arrayItems({ element }: Pick<Field, 'element'>, text: Uint8Array): readonly ArrayItem[] {
  const plain = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('utf8');
  if (element !== 'Int64') return JSON.parse(plain) as ArrayItem[];
  return (parse(plain) as unknown[]).map((item) => BigInt(item instanceof LosslessNumber ? item.value : String(item)));
}
