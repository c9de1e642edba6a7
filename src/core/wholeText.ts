/**
 * Texts of whole characters. Half of a pair of UTF-16 units has no UTF-8: it would become U+FFFD without a word, when it
 * is written, or when a server reads the JSON that escapes it.
 */

/** Whether UTF-8 has all of the text. */
export function isWhole(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** A pair, half a pair (the group), or any other escape: so that a backslash that is escaped itself begins none. */
const ESCAPES = /\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)/gs;

/** The first escape of JSON text that stands for half a pair: `\ud800`. */
export function halfEscape(json: string): string | undefined {
  if (!/\\u[dD]/.test(json)) return undefined;
  for (const [found, half] of json.matchAll(ESCAPES)) if (half !== undefined) return found;
  return undefined;
}
