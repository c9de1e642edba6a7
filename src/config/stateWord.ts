/** Where jobs are kept, from one word: `--state`, MILVUS_MIGRATE_STATE, `state` of job files. */
import { resolve } from 'node:path';
import { MigrateError } from '../core/errors.ts';
import type { JobConfig } from './job.ts';
import { isMysqlAddress } from './metaSource.ts';
import { Secret } from './secret.ts';
import { refuseTilde } from './storeUrl.ts';

/** What a word says of both; a database leaves the folder for working files as it is. */
export type StateChoice =
  | Pick<JobConfig, 'stateDir' | 'state'>
  | { readonly state: Secret; readonly stateDir?: undefined };

/**
 * `mysql://…` or `user:password@tcp(host:3306)/db` is a database, anything else a folder, meant from `cwd`.
 * @throws MigrateError E_USAGE for the address of anything else: as a folder its name would hold a password
 */
export function parseState(text: string, cwd: string): StateChoice {
  if (isMysqlAddress(text)) return { state: new Secret(text) };
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? [];
  if (scheme === undefined)
    return { stateDir: resolve(cwd, refuseTilde(text, 'the folder for jobs')), state: undefined };
  throw new MigrateError('E_USAGE', 'jobs can not be kept there', {
    found: `${scheme}://…`,
    wanted: 'a folder, mysql://user:password@host:3306/database, or user:password@tcp(host:3306)/database',
  });
}

/** `before`, changed by what the word says. */
export function withState<T extends Pick<JobConfig, 'stateDir' | 'state'>>(before: T, word: string, cwd: string): T {
  const { stateDir = before.stateDir, state } = parseState(word, cwd);
  return { ...before, stateDir, state };
}
