/** Names as Milvus 2.x takes them: letters, digits and underscores, not starting with a digit, at most 255 characters. */
import { createHash } from 'node:crypto';
import type { JobConfig } from '../../config/job.ts';
import { MigrateError } from '../../core/errors.ts';

/** Name of every collection's default partition in Milvus 2.x. */
export const DEFAULT_PARTITION = '_default';

/** Of Milvus, and of the names of files. */
const MAX_NAME = 255;
const HASH_DIGITS = 16;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The nearest name that Milvus 2.x takes. */
export function sanitizeName(name: string): string {
  const replaced = name.replace(/[^A-Za-z0-9_]/gu, '_');
  const begun = /^[A-Za-z_]/.test(replaced) ? replaced : `_${replaced}`;
  if (begun.length > MAX_NAME)
    throw new MigrateError('E_CONFIG', 'a name that is too long for Milvus 2.x', {
      found: `${name} (${begun.length} characters)`,
      wanted: `at most ${MAX_NAME} characters`,
      hint: 'give it another name with --name, or with --merge … --into …',
    });
  return begun;
}

/**
 * A name that is made of another: for Milvus, or for a file. One that would be too long is cut, and ends with a hash of the
 * whole, so that no two become the same.
 * @param ending what is put behind it, at the longest
 */
export function fittingName(name: string, ending = ''): string {
  const most = MAX_NAME - ending.length;
  if (name.length <= most) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);
  return `${name.slice(0, most - HASH_DIGITS - 1)}_${hash}`;
}

/**
 * A source's name is made to fit, and that is said; one that the user gave is refused: it is his to change, and becomes
 * part of the files' paths. Error: E_USAGE.
 */
export function refuseGivenNames({
  targetName,
  idField,
  vectorField,
  merge,
}: Pick<JobConfig, 'targetName' | 'idField' | 'vectorField' | 'merge'>): void {
  const given = [
    ['--name', targetName],
    ['--id-field', idField],
    ['--vector-field', vectorField],
    ...merge.map(({ into }) => ['--into', into] as const),
  ] as const;
  for (const [flag, name] of given) {
    if (name === undefined || (NAME.test(name) && name.length <= MAX_NAME)) continue;
    throw new MigrateError('E_USAGE', `${flag} gives a name that Milvus 2.x does not take`, {
      found: JSON.stringify(name),
      wanted: `letters, digits and _, no digit first, at most ${MAX_NAME}`,
      ...(name.length > 0 && name.length < MAX_NAME ? { hint: `${flag} ${sanitizeName(name)} would do` } : {}),
    });
  }
}

/** Partition of the target for a partition tag of the source; `''` is the default one. */
export function targetPartitionName(tag: string): string {
  return tag === '' ? DEFAULT_PARTITION : sanitizeName(tag);
}

/**
 * Finds two different names that became one.
 * @param names pairs of [name in the source, name in the target]
 * @param what «collections», «partitions of faces»
 */
export function refuseCollisions(names: Iterable<readonly [string, string]>, what: string): void {
  const taken = new Map<string, string>();
  for (const [from, to] of names) {
    const other = taken.get(to);
    if (other !== undefined && other !== from)
      throw new MigrateError('E_NAME_COLLISION', `two ${what} would get the same name in Milvus 2.x`, {
        found: `${JSON.stringify(other)} and ${JSON.stringify(from)} both become ${JSON.stringify(to)}`,
        wanted: 'names that differ in letters, digits and underscores',
        hint: 'move one of them alone with --col NAME --name NEW, or both into one with --merge',
      });
    taken.set(to, from);
  }
}
