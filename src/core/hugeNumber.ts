/** Numbers in JSON text that no double holds: JSON allows them, but whoever parses one (Milvus, with Go) refuses all of it. */

/** What can make one: an exponent of three digits, or as many digits as are too many with one of two (`e99`). */
const MAY_BE = /\d[eE]\+?0*[1-9]\d\d|\d{210}/;

/** A string, so that what is in it is no number; or a number (the group). */
const TOKENS = /"(?:[^"\\]|\\.)*"|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/gs;

/** The first number beyond a double in a text that is JSON. TOKENS does not get through strings of megabytes. */
export function hugeNumber(json: string): string | undefined {
  if (!MAY_BE.test(json)) return undefined;
  for (const [, number] of json.matchAll(TOKENS))
    if (number !== undefined && !Number.isFinite(Number(number))) return number;
  return undefined;
}
