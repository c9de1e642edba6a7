/** The keys of rows of plain values, for the search for duplicates. */
import type { KeyBatch } from '../../core/contracts.ts';
import { primaryKeyOf, type Schema } from '../../core/schema.ts';
import type { PluginRows } from './api.ts';
import { BadValue, wholeOf64 } from './writeValue.ts';

/** Half a megabyte of 64-bit keys. */
const KEYS = 65_536;

/** See `ReaderPluginContext.keys`. A row whose key is none has its ordinal all the same: `read` refuses it. */
export async function* keysOf(rows: PluginRows, schema: Schema): AsyncGenerator<KeyBatch> {
  const field = primaryKeyOf(schema);
  let first = 0;
  let ordinal = 0;
  let keys: (bigint | string)[] = [];
  const gathered = (): KeyBatch => ({
    first,
    keys: field.type === 'Int64' ? BigInt64Array.from(keys as bigint[]) : (keys as string[]),
  });
  for await (const row of rows) {
    const key = keyOf(row[field.name]);
    // A gap, or enough: the next key begins another batch.
    if (keys.length === KEYS || (key === undefined && keys.length > 0)) {
      yield gathered();
      keys = [];
    }
    if (key !== undefined) {
      if (keys.length === 0) first = ordinal;
      keys.push(key);
    }
    ordinal++;
  }
  if (keys.length > 0) yield gathered();

  function keyOf(value: unknown): bigint | string | undefined {
    if (field.type === 'VarChar') return typeof value === 'string' ? value : undefined;
    try {
      return wholeOf64(field, value);
    } catch (thrown) {
      if (thrown instanceof BadValue) return undefined;
      throw thrown;
    }
  }
}
