/** Filter expressions for int64 primary keys. */

const LOWEST = -(2n ** 63n);

/** Rows whose key is one of `keys` (at least one). */
export function keysExpression(field: string, keys: readonly bigint[]): string {
  // −2^63 is no literal: the parser reads a minus and then 2^63, which is none.
  const plain = keys.filter((key) => key !== LOWEST);
  const parts = [
    ...(plain.length > 0 ? [`${field} in [${plain.join(',')}]`] : []),
    ...(plain.length < keys.length ? [`${field} < ${LOWEST + 1n}`] : []),
  ];
  return parts.join(' or ');
}
