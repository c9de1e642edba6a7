/** The primary keys of a partition's documents alone, for the search for duplicates. */
import type { KeyBatch, Slab, SlabRing } from '../../core/contracts.ts';
import { primaryKeyOf, type Schema } from '../../core/schema.ts';
import { ID } from '../../formats/elastic/declared.ts';
import { createLocator } from '../../formats/elastic/locate.ts';
import type { MappedField } from '../../formats/elastic/mapping.ts';
import { keyCell } from './columnWriters.ts';
import type { Page } from './page.ts';

const KEY_BYTES = 8;

/** A document whose key is refused when it is read counts as one, and has no key here: the next batch begins behind it. */
export async function* keysOf(
  pages: AsyncIterable<Page>,
  { schema, fields, slabs }: { schema: Schema; fields: readonly MappedField[]; slabs: SlabRing },
): AsyncGenerator<KeyBatch> {
  const mapped = fields[schema.fields.indexOf(primaryKeyOf(schema))]!;
  const cellOf = keyCell(mapped);
  const locate = createLocator([mapped.path === ID ? undefined : mapped.path]);
  const isText = mapped.field.type === 'VarChar';
  let first = 0;
  for await (const { hits, reading } of pages) {
    const keys = hits.map(({ id, sourceAt }) => {
      const pieces = mapped.path === ID || sourceAt < 0 ? [] : locate(reading, sourceAt).pieces[0]!;
      const cell = cellOf(reading, pieces, id);
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
