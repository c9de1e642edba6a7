/** Any value as JSON text that loses nothing: for the reject file. */

/**
 * Whole numbers with all their digits, typed arrays, sets and maps as arrays, what JSON has no number for and functions as
 * text. What is undefined is null.
 */
export function plainJson(value: unknown): string {
  return shown(value, []);
}

/** Deeper than this the text is for nobody, and a call stack ends. */
const MAX_DEPTH = 500;

/** @param around the objects that the value is in */
function shown(value: unknown, around: readonly object[]): string {
  switch (typeof value) {
    case 'bigint':
      return String(value);
    case 'number':
      return numberText(value);
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'undefined':
      return 'null';
    case 'object':
      return value === null ? 'null' : objectText(value, around);
    default:
      return JSON.stringify(String(value));
  }
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0.0' : String(value);
}

function objectText(value: object, around: readonly object[]): string {
  if (around.includes(value)) return '"[the object that this is in]"';
  if (around.length === MAX_DEPTH) return '"[nested deeper]"';
  const inside = [...around, value];
  const text = (inner: unknown): string => shown(inner, inside);
  if (ArrayBuffer.isView(value) || Array.isArray(value))
    return `[${Array.from(value as unknown as ArrayLike<unknown>, text).join(',')}]`;
  if (value instanceof Map || value instanceof Set) return `[${Array.from<unknown, string>(value, text).join(',')}]`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return text(value.toJSON());
  return `{${Object.entries(value)
    .map(([name, inner]) => `${JSON.stringify(name)}:${text(inner)}`)
    .join(',')}}`;
}
