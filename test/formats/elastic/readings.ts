/** A document as the answers in both encodings have it, for tests of what is read from them. */
import type { Reading } from '../../../src/formats/elastic/raw.ts';
import { readingCbor } from '../../../src/formats/elastic/readCbor.ts';
import { readingJson } from '../../../src/formats/elastic/readJson.ts';
import { encode, itemOf } from '../cbor/encode.ts';

export function jsonReading(text: string): Reading {
  return readingJson(Buffer.from(text));
}

/** Numbers become what Elasticsearch makes of JSON: integers where they are written as such, else doubles. */
export function cborReading(value: unknown): Reading {
  const bytes = encode(itemOf(value));
  return readingCbor(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
