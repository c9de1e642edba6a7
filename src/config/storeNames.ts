/** Names of buckets and keys: what the services take, and what the stores of this program do. */
import type { ObjectScheme } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';

export const OBJECT_SCHEMES = ['s3', 'gs', 'az', 'oss', 'cos'] as const satisfies readonly ObjectScheme[];

interface BucketRule {
  readonly noun: 'bucket' | 'container';
  readonly pattern: RegExp;
  readonly wanted: string;
}

const LETTERS = 'small letters, digits, hyphens';

/**
 * Where services differ in what they still have from old times (underscores in S3), the wider rule: they say no to the
 * rest themselves. Capital letters are refused by all of them, and are the commonest mistake.
 */
const RULES: Readonly<Record<ObjectScheme, BucketRule>> = {
  s3: { noun: 'bucket', pattern: /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/, wanted: `3 to 63 ${LETTERS} and dots` },
  gs: {
    noun: 'bucket',
    pattern: /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/,
    wanted: `3 to 222 ${LETTERS}, dots and underscores`,
  },
  az: {
    noun: 'container',
    pattern: /^(\$root|\$web|[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9])$/,
    wanted: `3 to 63 ${LETTERS}, no two hyphens together`,
  },
  oss: { noun: 'bucket', pattern: /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, wanted: `3 to 63 ${LETTERS}` },
  cos: { noun: 'bucket', pattern: /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, wanted: `name-appid, 3 to 63 ${LETTERS}` },
};

/** @throws MigrateError E_USAGE for a name that no such service has */
export function checkBucket(bucket: string, scheme: ObjectScheme, where: string): void {
  const { noun, pattern, wanted } = RULES[scheme];
  if (pattern.test(bucket)) return;
  if (bucket === '')
    throw new MigrateError('E_USAGE', `${where} names no ${noun}`, { wanted: `${scheme}://${noun}/prefix` });
  const small = bucket.toLowerCase();
  throw new MigrateError('E_USAGE', `${where} names a ${noun} that cannot be`, {
    found: JSON.stringify(bucket),
    wanted,
    ...(small !== bucket && pattern.test(small) ? { hint: `did you mean ${scheme}://${small}?` } : {}),
    ...(scheme === 'az' && bucket.includes('.')
      ? { hint: 'az://container/prefix; the account is named in the environment, or by ?endpoint=' }
      : {}),
  });
}

/** S3's and the others' longest key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;

/** The key as it is, or an error: the stores join paths to it, so it must be one whose steps are names. */
export function takeKey(key: string, where: string): string {
  if (key === '') return key;
  const steps = key.split('/');
  const problem = steps.includes('')
    ? 'an empty name between two slashes'
    : steps.includes('.') || steps.includes('..')
      ? 'a step . or ..'
      : hasControl(key)
        ? 'a control character or a backslash'
        : Buffer.byteLength(key) > MAX_KEY_BYTES
          ? `${Buffer.byteLength(key)} bytes`
          : undefined;
  if (problem === undefined) return key;
  throw new MigrateError('E_USAGE', `${where} has a key that cannot be used`, {
    found: `${problem} in ${JSON.stringify(key.slice(0, 200))}`,
    wanted: `names with / between them, at most ${MAX_KEY_BYTES} bytes`,
  });
}

function hasControl(text: string): boolean {
  return [...text].some((letter) => letter < ' ' || letter === '\x7f' || letter === '\\');
}

/** A key of an old configuration file, where slashes at the ends, twice and before a `.` say nothing: it was joined as a path. */
export function takeOldKey(key: string, where: string): string {
  const steps = key.split('/').filter((step) => step !== '' && step !== '.');
  return takeKey(steps.join('/'), where);
}

/** A prefix, with slashes at its ends or without. */
export function takePrefix(prefix: string, where: string): string {
  return takeKey(prefix.replace(/^\/+|\/+$/g, ''), where);
}
