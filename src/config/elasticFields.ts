/** Declared fields of an Elasticsearch source as they are written in one word: `title:keyword(200)`, `tags[]`, `sku:pk`. */
import type { DeclaredField } from './elasticsearch.ts';

export const FIELDS_WANTED =
  'NAME, NAME:TYPE, NAME:keyword(BYTES), NAME:dense_vector(DIMS), NAME[] or NAME[N] for several values, :pk at the end for the key';

const FIELD = /^([^:[\](),]+)(?::(?!pk$)([a-z][a-z0-9_]*)(?:\((\d+)\))?)?(\[(\d*)\])?(:pk)?$/;

/** undefined: it is none. */
export function parseField(text: string): DeclaredField | undefined {
  const [, name, type, size, several, capacity, pk] = FIELD.exec(text) ?? [];
  if (name === undefined) return undefined;
  const length = size === undefined ? undefined : Number(size);
  const isVector = type === 'dense_vector';
  return {
    name,
    type,
    pk: pk !== undefined,
    maxLen: isVector ? undefined : length,
    dims: isVector ? length : undefined,
    ...(several === undefined ? {} : { many: 'Array' as const }),
    ...(capacity === undefined || capacity === '' ? {} : { maxCapacity: Number(capacity) }),
  };
}
