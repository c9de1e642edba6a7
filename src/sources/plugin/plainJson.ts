/** Any value as JSON text that loses nothing: for the reject file. */

/** Whole numbers with all their digits, typed arrays as arrays, what JSON has no number for as text. */
export function plainJson(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
      return String(value);
    case 'number':
      return numberText(value);
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'object':
      return objectText(value);
    default:
      return 'null';
  }
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0' : String(value);
}

function objectText(value: object | null): string {
  if (value === null) return 'null';
  if (ArrayBuffer.isView(value) || Array.isArray(value))
    return `[${Array.from(value as unknown as ArrayLike<unknown>, plainJson).join(',')}]`;
  if ('toJSON' in value) return JSON.stringify(value) ?? 'null';
  return `{${Object.entries(value)
    .map(([name, inner]) => `${JSON.stringify(name)}:${plainJson(inner)}`)
    .join(',')}}`;
}
