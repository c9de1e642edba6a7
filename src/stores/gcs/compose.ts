/**
 * Which pieces become which objects: one request composes at most 32, so many pieces are composed in rounds. Only as
 * many as must: 40 pieces are one group of 9 and 31 single ones.
 */

/** https://cloud.google.com/storage/quotas: objects that one request composes. */
export const MOST_COMPONENTS = 32;

/**
 * One round: neighbours that become one object each, in order; a group of one stays as it is. After enough rounds there
 * are 32 at most.
 */
export function composeRound<T>(pieces: readonly T[]): readonly (readonly T[])[] {
  let surplus = pieces.length - MOST_COMPONENTS;
  const groups: (readonly T[])[] = [];
  for (let at = 0; at < pieces.length; ) {
    const size = Math.min(MOST_COMPONENTS, Math.max(0, surplus) + 1, pieces.length - at);
    groups.push(pieces.slice(at, at + size));
    surplus -= size - 1;
    at += size;
  }
  return groups;
}
