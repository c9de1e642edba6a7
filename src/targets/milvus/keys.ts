/** Filter expressions for primary keys. */
import type { Key } from '../../core/contracts.ts';

const LOWEST = -(2n ** 63n);

/** Rows whose key is one of `keys` (at least one, all of one type). */
export function keysExpression(field: string, keys: readonly Key[]): string {
  // −2^63 is no literal: the parser reads a minus and then 2^63, which is none.
  const plain = keys.filter((key) => key !== LOWEST);
  const parts = [
    ...(plain.length > 0 ? [`${field} in [${plain.map(literal).join(',')}]`] : []),
    ...(plain.length < keys.length ? [`${field} < ${LOWEST + 1n}`] : []),
  ];
  return parts.join(' or ');
}

function literal(key: Key): string {
  return typeof key === 'bigint' ? String(key) : textLiteral(key);
}

/**
 * A VarChar between quotes. All else stands for itself, control characters too: Milvus would read `\u0000` as well, and
 * Milvus Lite would not.
 */
function textLiteral(text: string): string {
  return `"${text.replace(/["\\\n\r]/g, (one) => ESCAPES[one]!)}"`;
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r' };
