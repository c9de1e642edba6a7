/** The zod shapes of single values in YAML files. The `error` of each says what is wanted. */
import { z } from 'zod';
import { chooseWord, INDEX_WANTED, orList, parseIndexChoice } from './choices.ts';
import { BYTES_WANTED, parseBytes, parseWhole } from './units.ts';

/** A shape that reads the written text with `read`; undefined from it means that the text does not fit. */
function written<T>(wanted: string, read: (text: string) => T | undefined) {
  return z.string({ error: wanted }).transform((text, context): T => {
    const value = read(text);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: wanted, input: text });
    return z.NEVER;
  });
}

export const text = z.string({ error: 'a text' });

/** An empty one would be a job that moves nothing and is done. */
export const list = z.array(text, { error: 'a list of texts' }).min(1, { error: 'a list of texts, at least one' });

/** A list, or one text with its items between spaces: the old tool's reader took both. */
export const listOrText = z.preprocess(
  (value) => (typeof value === 'string' ? value.trim().split(/\s+/) : value),
  list,
);

export function whole(min: number, max = Number.MAX_SAFE_INTEGER) {
  return written(wholeWanted(min, max), (value) => parseWhole(value, min, max));
}

function wholeWanted(min: number, max: number): string {
  return max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min} on` : `a whole number from ${min} to ${max}`;
}

/** From 1 on; 0 is as if the key were not there: the old tool's reader made no difference, and its files have `dims: 0`. */
export function count(max = Number.MAX_SAFE_INTEGER) {
  return written(wholeWanted(1, max), (value) => parseWhole(value, 0, max))
    .transform((value) => (value === 0 ? undefined : value))
    .optional();
}

/** As the old tool's reader took them: yes, on and 1 count as true. */
export const truth = written('true or false', (value) => {
  if (/^(true|yes|on|1)$/i.test(value)) return true;
  return /^(false|no|off|0)$/i.test(value) ? false : undefined;
});

export function word<T extends string>(...words: readonly T[]) {
  return written(orList(words), (value) => chooseWord(value, words));
}

export const size = written(BYTES_WANTED, parseBytes);
export const indexChoice = written(INDEX_WANTED, parseIndexChoice);

/** Keys below a key. */
export function section<T extends z.ZodRawShape>(shape: T) {
  return z.object(shape, { error: `keys below it (${Object.keys(shape).join(', ')})` });
}
