/** JSON in which a number keeps its digits: a mapping's `null_value` of a `long` may be beyond 2^53. */
import { losslessJson } from '../../core/losslessJson.ts';

/**
 * Numbers that JavaScript would write in the same way are numbers; others are objects that `exactText` knows. Only where
 * the text has a `null_value`: no other number of a mapping is a value of documents.
 */
export function parseExactly(text: string): unknown {
  if (!text.includes('"null_value"')) return JSON.parse(text);
  const { LosslessNumber, parse } = losslessJson();
  return parse(text, undefined, (digits) =>
    String(Number(digits)) === digits ? Number(digits) : new LosslessNumber(digits),
  );
}

/** A value of such a text as JSON text again, with the digits that it had. */
export function exactText(value: unknown): string {
  return losslessJson().stringify(value) ?? 'null';
}
