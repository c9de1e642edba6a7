/** The primary keys of a partition's documents alone, for the search for duplicates. */
import type { KeyBatch, Slab, SlabRing } from '../../core/contracts.ts';
import { primaryKeyOf, type Schema } from '../../core/schema.ts';
import type { Piece } from '../../formats/elastic/assemble.ts';
import { ID } from '../../formats/elastic/declared.ts';
import { createLocator } from '../../formats/elastic/locate.ts';
import type { MappedField } from '../../formats/elastic/mapping.ts';
import type { Reading } from '../../formats/elastic/raw.ts';
import { keyCell } from './columnWriters.ts';
import type { Page, PageHit } from './page.ts';

const KEY_BYTES = 8;

export interface KeyPages {
  readonly schema: Schema;
  readonly fields: readonly MappedField[];
  readonly slabs: SlabRing;
  /** The pages hold the keys as the index has them. */
  readonly indexed: boolean;
}

/** A document whose key is refused when it is read counts as one, and has no key here: the next batch begins behind it. */
export async function* keysOf(
  pages: AsyncIterable<Page>,
  { schema, fields, slabs, indexed }: KeyPages,
): AsyncGenerator<KeyBatch> {
  const mapped = fields[schema.fields.indexOf(primaryKeyOf(schema))]!;
  const cellOf = keyCell(mapped);
  const piecesOf = indexed ? inIndex(mapped) : inSource(mapped);
  const isText = mapped.field.type === 'VarChar';
  let first = 0;
  for await (const { hits, reading } of pages) {
    const keys = hits.map((hit) => {
      const cell = cellOf(reading, piecesOf(reading, hit), hit.id);
      if (cell.kind !== 'value') return undefined;
      return isText ? Buffer.from(cell.value as Uint8Array).toString('utf8') : (cell.value as bigint);
    });
    for (const run of runsOf(keys)) {
      if (isText) yield { first: first + run.from, keys: run.keys as string[] };
      else yield* numbers(run.keys as bigint[], first + run.from, slabs);
    }
    first += hits.length;
  }
}

type PiecesOf = (reading: Reading, hit: PageHit) => readonly Piece[];

function inSource({ path }: MappedField): PiecesOf {
  if (path === ID) return () => [];
  const locate = createLocator([path], () => false);
  return (reading, { sourceAt }) => (sourceAt < 0 ? [] : locate(reading, sourceAt).pieces[0]!);
}

/** From `{"path": [value]}`: each value is one, and a key has one. */
function inIndex({ path }: MappedField): PiecesOf {
  return (reading, { fieldsAt }) => {
    const pieces: Piece[] = [];
    if (fieldsAt >= 0)
      reading.eachMember(fieldsAt, (key, valueAt) => {
        if (key !== path) return reading.skip(valueAt);
        return reading.eachElement(valueAt, (at) => {
          pieces.push({ at, below: [] });
          return reading.skip(at);
        });
      });
    return pieces;
  };
}

/** Stretches without gaps. */
function* runsOf(keys: readonly (string | bigint | undefined)[]): Generator<{ from: number; keys: unknown[] }> {
  for (let from = 0; from < keys.length; ) {
    const gap = keys.indexOf(undefined, from);
    const end = gap < 0 ? keys.length : gap;
    if (end > from) yield { from, keys: keys.slice(from, end) };
    from = end + 1;
  }
}

function* numbers(keys: readonly bigint[], first: number, slabs: SlabRing): Generator<KeyBatch> {
  const capacity = Math.floor(slabs.slabBytes / KEY_BYTES);
  for (let from = 0; from < keys.length; from += capacity) {
    const some = keys.slice(from, from + capacity);
    const slab: Slab = slabs.acquire();
    try {
      const view = new BigInt64Array(slab.memory, 0, some.length);
      view.set(some);
      yield { first: first + from, keys: view };
    } finally {
      slabs.release(slab);
    }
  }
}
