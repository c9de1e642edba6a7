/**
 * Reads flags from the raw arguments, as the strings that were typed.
 *
 * cac's own values are no use for names and ids: it makes numbers of digits, and `--col 1678354366132931001` comes out
 * as …1000. Nor does it say when a flag that takes one value was given two.
 */
import { MigrateError } from '../core/errors.ts';
import { dashed, type Flag } from './flags.ts';

export interface RawArgs {
  /** What is no flag and no flag's value, in order; the command comes first. */
  readonly positionals: readonly string[];
  /** The value of a flag; undefined: not given. Of a switch: `true` or `false`. */
  value(name: string): string | undefined;
  /** All values of a repeatable flag, in order. */
  values(name: string): readonly string[];
  /** Whether a switch was given (and not as `--name=false`). */
  has(name: string): boolean;
  /** Every value of a flag that takes one, in the order of the command line. */
  readonly ordered: readonly { readonly name: string; readonly value: string }[];
  /** Names of the flags that were given, each once, as `given` was typed first. */
  readonly given: ReadonlyMap<string, string>;
}

/** An unknown flag: the caller knows which commands and examples to name. */
export class UnknownFlag extends Error {
  readonly flag: string;
  constructor(flag: string) {
    super(`unknown flag ${flag}`);
    this.flag = flag;
  }
}

/** @throws UnknownFlag; MigrateError E_USAGE for a missing or a superfluous value */
export function readRawArgs(argv: readonly string[], flags: readonly Flag[]): RawArgs {
  const byName = new Map(flags.flatMap((flag) => [flag.name, ...(flag.also ?? [])].map((name) => [name, flag])));
  const values = new Map<string, string[]>();
  const given = new Map<string, string>();
  const ordered: { name: string; value: string }[] = [];
  const positionals: string[] = [];
  const rest = [...argv];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === '--') {
      positionals.push(...rest.splice(0));
    } else if (!argument.startsWith('-') || argument === '-') {
      positionals.push(argument);
    } else {
      const { name, inline } = splitFlag(argument);
      const flag = byName.get(name);
      if (flag === undefined) throw new UnknownFlag(dashed(name));
      const value = flag.value === undefined ? switchValue(flag, inline) : (inline ?? takeValue(flag, name, rest));
      given.set(flag.name, given.get(flag.name) ?? dashed(name));
      addValue(values, flag, value);
      if (flag.value !== undefined) ordered.push({ name: flag.name, value });
    }
  }
  return {
    positionals,
    given,
    ordered,
    value: (name) => values.get(name)?.at(-1),
    values: (name) => values.get(name) ?? [],
    has: (name) => values.get(name)?.at(-1) === 'true',
  };
}

/** `--name`, `--name=value`, `-n`, `-nvalue`, `-n=value`. */
function splitFlag(argument: string): { name: string; inline: string | undefined } {
  if (!argument.startsWith('--')) {
    const inline = argument.slice(2).replace(/^=/, '');
    return { name: argument.slice(1, 2), inline: argument.length === 2 ? undefined : inline };
  }
  const equals = argument.indexOf('=');
  if (equals < 0) return { name: argument.slice(2), inline: undefined };
  return { name: argument.slice(2, equals), inline: argument.slice(equals + 1) };
}

function switchValue(flag: Flag, inline: string | undefined): string {
  if (inline === undefined || inline === 'true') return 'true';
  if (inline === 'false') return 'false';
  throw new MigrateError('E_USAGE', `--${flag.name} takes no value`, {
    found: JSON.stringify(inline),
    wanted: `--${flag.name} alone`,
  });
}

function takeValue(flag: Flag, name: string, rest: string[]): string {
  const next = rest[0];
  // A negative number is a value, another flag is not.
  if (next === undefined || (/^-./.test(next) && !/^-\d/.test(next))) {
    throw new MigrateError('E_USAGE', `${dashed(name)} needs a value`, {
      found: next === undefined ? 'the end of the command line' : `the flag ${next.split('=')[0]}`,
      wanted: `${dashed(name)} ${flag.value}`,
      ...(next === undefined
        ? {}
        : { hint: `a value that begins with a dash is written --${flag.name}=${flag.value}` }),
    });
  }
  rest.shift();
  return next;
}

function addValue(values: Map<string, string[]>, flag: Flag, value: string): void {
  const before = values.get(flag.name);
  if (before === undefined) {
    values.set(flag.name, [value]);
  } else if (flag.repeat === true) {
    before.push(value);
  } else if (before[0] !== value) {
    // The values are not shown: they may be passwords.
    throw new MigrateError('E_USAGE', `--${flag.name} is given twice with different values`, { wanted: 'one of them' });
  }
}
