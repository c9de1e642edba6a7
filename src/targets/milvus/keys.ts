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

/** What stands for itself in a literal: no quote, no backslash, no control character. */
const PLAIN = /^[^"\\\p{Cc}]*$/u;

/** A VarChar between quotes, as Milvus's parser unquotes it (Go's rules: \\ and \" and \n and \u with four digits). */
function textLiteral(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  const escaped = text.replace(/["\\\p{Cc}]/gu, (one) =>
    one === '"' || one === '\\' ? `\\${one}` : `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}
