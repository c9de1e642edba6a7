/** Single flags as values: numbers, sizes, words. Each error says what was found and what is wanted. */
import { chooseWord, orList } from '../config/choices.ts';
import { type Location, localPath, parseLocation } from '../config/storeUrl.ts';
import { parseWhole } from '../config/units.ts';
import { MigrateError } from '../core/errors.ts';
import type { FlagName } from './flags.ts';
import type { RawArgs } from './rawArgs.ts';

export function wrongValue(flag: FlagName, found: string, wanted: string): MigrateError {
  return new MigrateError('E_USAGE', `--${flag} does not take this value`, { found: JSON.stringify(found), wanted });
}

export function wholeFlag(raw: RawArgs, flag: FlagName, range: { min: number; max?: number }): number | undefined {
  const text = raw.value(flag);
  if (text === undefined) return undefined;
  const value = parseWhole(text, range.min, range.max);
  if (value !== undefined) return value;
  throw wrongValue(
    flag,
    text,
    `a whole number from ${range.min} ${range.max === undefined ? 'on' : `to ${range.max}`}`,
  );
}

export function wordFlag<T extends string>(raw: RawArgs, flag: FlagName, words: readonly T[]): T | undefined {
  const text = raw.value(flag);
  if (text === undefined) return undefined;
  const word = chooseWord(text, words);
  if (word === undefined) throw wrongValue(flag, text, orList(words));
  return word;
}

/** A value that `read` understands. */
export function readFlag<T>(
  raw: RawArgs,
  flag: FlagName,
  how: { read: (text: string) => T | undefined; wanted: string },
): T | undefined {
  const text = raw.value(flag);
  if (text === undefined) return undefined;
  const value = how.read(text);
  if (value === undefined) throw wrongValue(flag, text, how.wanted);
  return value;
}

/** A text that is not empty. */
export function textFlag(raw: RawArgs, flag: FlagName): string | undefined {
  const text = raw.value(flag);
  if (text === '') throw wrongValue(flag, text, 'a text that is not empty');
  return text;
}

/** A path of this host, meant from `cwd`. */
export function pathFlag(raw: RawArgs, flag: FlagName, cwd: string): string | undefined {
  const text = textFlag(raw, flag);
  return text === undefined ? undefined : localPath(text, cwd, `--${flag}`);
}

/** A path, or a place in an object store. */
export function placeFlag(raw: RawArgs, flag: FlagName, cwd: string): Location | undefined {
  const text = textFlag(raw, flag);
  return text === undefined ? undefined : parseLocation(text, cwd, `--${flag}`);
}

/** `a,b` as names; the flag may be repeated. Names stay exactly as they were typed. */
export function namesIn(flag: FlagName, text: string): string[] {
  const names = text.split(',');
  if (names.includes('')) throw wrongValue(flag, text, 'names separated by commas');
  return names;
}
