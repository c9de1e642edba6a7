/** The Faiss fixtures: made by fixtures/faiss/make.py, found by FAISS_FIXTURES. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A line of cases.json; see fixtures/faiss/README.md. */
export interface FaissCase {
  readonly name: string;
  readonly file: string;
  readonly cc: string;
  readonly kind: 'float' | 'binary';
  readonly d: number;
  readonly rows: number;
  readonly metric: number;
  readonly metricArgument: number | null;
  readonly exact: boolean;
  readonly refused: boolean;
  readonly sketch: boolean;
  /** Whether NAME.inner.npy holds the vectors behind the last transform. */
  readonly inner: boolean;
}

export const faissFixtures: string | undefined = process.env.FAISS_FIXTURES;

export function faissCases(): FaissCase[] {
  assert.ok(faissFixtures, 'FAISS_FIXTURES is not set: npm test sets it, or make.py makes them');
  return JSON.parse(readFileSync(join(faissFixtures, 'cases.json'), 'utf8'));
}

export function fixtureBytes(name: string): Uint8Array {
  assert.ok(faissFixtures, 'FAISS_FIXTURES is not set: npm test sets it, or make.py makes them');
  return readFileSync(join(faissFixtures, name));
}

export interface Truth {
  readonly ids: BigInt64Array;
  readonly vectors: Uint8Array;
}

export function truthOf({ name }: FaissCase, vectors: 'vectors' | 'inner' = 'vectors'): Truth {
  const ids = npyData(fixtureBytes(`${name}.ids.npy`));
  return {
    ids: new BigInt64Array(ids.buffer, 0, ids.length / 8),
    vectors: npyData(fixtureBytes(`${name}.${vectors}.npy`)),
  };
}

/** What lies behind the header of a .npy of version 1, in a buffer of its own. */
function npyData(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes.subarray(10 + bytes[8]! + bytes[9]! * 256));
}
