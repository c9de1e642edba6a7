/** Where a run of a Faiss test happens, and what the collection of one must hold in the end. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Case, faissCases, faissFixtures, truthOf } from '../sources/faiss/reading.ts';
import { place as anyPlace, type Place } from './place.ts';
import { countRows, type TestDatabase } from './reading.ts';

export interface FaissPlace extends Omit<Place, 'words'> {
  /** Words for `run` of an index file, or of a fixture by its name. */
  words(index: string, ...flags: string[]): string[];
}

export async function faissPlace(): Promise<FaissPlace> {
  const at = await anyPlace();
  return {
    ...at,
    words: (index, ...flags) => {
      const [command, , ...rest] = at.words('/');
      const file = index.startsWith('/') ? index : join(faissFixtures(), `${index}.index`);
      return [command!, `faiss:${file}`, ...rest, ...flags];
    },
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  };
}

export function faissCase(name: string): Case {
  const found = faissCases().find((each) => each.name === name);
  assert.ok(found, name);
  return found;
}

/** Decoded vectors may differ in the last bit by the processor that made the fixtures. */
const TOLERANCE = 2e-6;
const ASKED_AT_ONCE = 500;

export interface WantedRows {
  readonly ids: BigInt64Array;
  /** Bytes, row by row. */
  readonly vectors: Uint8Array;
  readonly binary: boolean;
  readonly exact: boolean;
}

/** The collection holds the fixture's rows and no others. */
export function assertIndex(database: TestDatabase, name: string, collection: string): Promise<void> {
  const { kind, exact } = faissCase(name);
  return assertHolds(database, collection, { ...truthOf(name), binary: kind === 'binary', exact });
}

/** The collection holds these rows and no others: every id with one of its vectors. */
export async function assertHolds(database: TestDatabase, collection: string, wanted: WantedRows): Promise<void> {
  const { ids, vectors } = wanted;
  const width = vectors.length / Math.max(ids.length, 1);
  assert.equal(await countRows(database, collection), ids.length);
  const byId = new Map<bigint, Uint8Array[]>();
  for (const [row, id] of ids.entries())
    byId.set(id, [...(byId.get(id) ?? []), vectors.subarray(row * width, (row + 1) * width)]);
  const asked = [...byId.keys()].filter((id) => id !== 2n ** 63n - 1n && id !== -(2n ** 63n));
  for (let at = 0; at < asked.length; at += ASKED_AT_ONCE) {
    const some = asked.slice(at, at + ASKED_AT_ONCE);
    const { data, status } = await database.client.query({
      collection_name: collection,
      filter: `id in [${some.join(',')}]`,
      output_fields: ['id', 'data'],
      consistency_level: 0,
    } as never);
    assert.equal(status.error_code, 'Success', status.reason);
    const seen = new Set<bigint>();
    for (const row of data as { id: string; data: number[] }[]) {
      seen.add(BigInt(row.id));
      const may = byId.get(BigInt(row.id)) ?? [];
      assert.ok(
        may.some((bytes) => same(row.data, bytes, wanted)),
        `${collection}: id ${row.id}`,
      );
    }
    assert.deepEqual(
      some.filter((id) => !seen.has(id)),
      [],
    );
  }
}

function same(found: readonly number[], bytes: Uint8Array, { binary, exact }: WantedRows): boolean {
  const values = Array.from<number>(binary ? bytes : new Float32Array(bytes.slice().buffer));
  if (found.length !== values.length) return false;
  const most = exact ? 0 : TOLERANCE * values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  return found.every((value, index) => Math.abs(value - values[index]!) <= most);
}
