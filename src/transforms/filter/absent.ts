/** Tells «it can't be said, for something is not there» from an expression that fails. */
import { EvaluationError } from '@marcbachmann/cel-js';

/** Codes of the library for an operator, a function or a macro on a type that it is not for. */
const WRONG_TYPE = new Set([
  'no_such_overload',
  'no_matching_overload',
  'invalid_comprehension_range',
  'invalid_condition_type',
  'invalid_logical_operand',
]);

/**
 * Whether the expression has no value because a field has none, or a JSON has no such member, or null there. Errors of
 * this kind name the types that they met.
 */
export function isAbsence(thrown: unknown): boolean {
  if (!(thrown instanceof EvaluationError)) return false;
  if (thrown.code === 'no_such_key') return true;
  return WRONG_TYPE.has(thrown.code) && /\bnull\b/.test(thrown.summary);
}

/** One line, without the drawing of where in the expression. */
export function shortMessage(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message.split('\n')[0]!;
  return String(thrown);
}
