/** Rows of plain values as batches in slabs: what most readers of the user's own are made with. */
import type { Batch, RefusedRow } from '../../core/batch.ts';
import { type Field, primaryKeyOf, type Schema } from '../../core/schema.ts';
import {
  createStaging,
  layoutFor,
  openSlabRows,
  type SlabRows,
  type Staging,
  waitingBytes,
} from '../elasticsearch/slabRows.ts';
import type { BatchesOptions, PluginRow, PluginRows } from './api.ts';
import { plainJson } from './plainJson.ts';
import { BadValue, writeValue } from './writeValue.ts';

interface Filling {
  rows: SlabRows;
  read: number;
  dropped: number;
  readonly refused: RefusedRow[];
  refusedBytes: number;
}

/** See `ReaderPluginContext.batches`. Rows that are refused or dropped are counted in the batch of those around them. */
export async function* batchesOf(
  rows: PluginRows,
  { schema, slabs, dropped, origin }: BatchesOptions,
): AsyncGenerator<Batch> {
  const staging = createStaging(schema.fields);
  const drops = dropped?.ordinals();
  let drop = drops?.next();
  let ordinal = 0;
  let filling: Filling | undefined;
  const begin = (): Filling => ({
    rows: openSlabRows(slabs.acquire(), layoutOf({ schema, staging, slabBytes: slabs.slabBytes }), staging),
    read: 0,
    dropped: 0,
    refused: [],
    refusedBytes: 0,
  });
  try {
    for await (const row of rows) {
      filling ??= begin();
      if (drop?.done === false && drop.value === ordinal) {
        drop = drops?.next();
        filling.dropped++;
      } else if (!put(row, filling, { schema, staging, slabBytes: slabs.slabBytes })) {
        yield batchOf(filling, schema, origin);
        slabs.release(filling.rows.slab);
        filling = undefined;
        filling = begin();
        put(row, filling, { schema, staging, slabBytes: slabs.slabBytes });
      }
      filling.read++;
      ordinal++;
      // Refused rows are held in memory until their batch goes.
      if (filling.refusedBytes < slabs.slabBytes) continue;
      yield batchOf(filling, schema, origin);
      slabs.release(filling.rows.slab);
      filling = undefined;
    }
    if (filling !== undefined) yield batchOf(filling, schema, origin);
  } finally {
    if (filling !== undefined) slabs.release(filling.rows.slab);
    drops?.return?.();
  }
}

interface Layout {
  readonly schema: Schema;
  readonly staging: Staging;
  readonly slabBytes: number;
}

function layoutOf({ schema, staging, slabBytes }: Layout): NonNullable<ReturnType<typeof layoutFor>> {
  const layout = layoutFor(schema.fields, staging, { slabBytes, least: 0 });
  if (layout === undefined) throw new RangeError(`a slab of ${slabBytes} bytes is too small for any row`);
  return layout;
}

/** @returns false: the batch is full; never of an empty one */
function put(row: PluginRow, filling: Filling, { schema, staging, slabBytes }: Layout): boolean {
  for (;;) {
    const { rows } = filling;
    if (rows.rows === rows.layout.capacity) return false;
    const problem = write(row, schema.fields, rows);
    if (problem !== undefined) {
      refuse(row, filling, { schema, reason: problem });
      return true;
    }
    if (rows.add()) return true;
    if (rows.rows > 0) return false;
    // Longer than rows have been so far: room for fewer of them.
    const least = waitingBytes(rows.waiting);
    const layout = layoutFor(schema.fields, staging, { slabBytes, least });
    if (layout === undefined) {
      const reason = `found values of ${least} bytes, wanted a row of at most ${slabBytes} bytes in all`;
      refuse(row, filling, { schema, reason });
      return true;
    }
    filling.rows = openSlabRows(rows.slab, layout, staging);
  }
}

/** @returns why it is no row of the schema, or undefined */
function write(row: PluginRow, fields: readonly Field[], rows: SlabRows): string | undefined {
  if (typeof row !== 'object' || row === null) return `found ${plainJson(row)}, wanted a row: an object by field name`;
  const names = namesOf(fields);
  try {
    for (const [column, field] of fields.entries()) writeValue(row[field.name], { field, column, rows, names });
    const strange = Object.keys(row).find((name) => !names.has(name) && row[name] !== undefined);
    if (strange !== undefined)
      return `found a value for ${strange}, wanted the fields of the schema: ${[...names].join(', ')}`;
    return undefined;
  } catch (thrown) {
    if (thrown instanceof BadValue) return thrown.message;
    throw thrown;
  }
}

const known = new WeakMap<readonly Field[], ReadonlySet<string>>();

function namesOf(fields: readonly Field[]): ReadonlySet<string> {
  const names = known.get(fields) ?? new Set(fields.map(({ name }) => name));
  known.set(fields, names);
  return names;
}

function refuse(row: PluginRow, filling: Filling, { schema, reason }: { schema: Schema; reason: string }): void {
  const text = plainJson(row);
  const key = row?.[primaryKeyOf(schema).name];
  filling.refused.push({ key: typeof key === 'string' ? key : plainJson(key), reason, row: text });
  filling.refusedBytes += text.length + reason.length;
}

function batchOf({ rows, read, dropped, refused }: Filling, { fields }: Schema, origin: string): Batch {
  return {
    rows: rows.rows,
    columns: rows.columns(fields),
    read,
    deleted: 0,
    dropped,
    ...(refused.length === 0 ? {} : { refused: [...refused] }),
    origin,
  };
}
