/** What code of the user's own a job runs looked like: rows of one job are not to be made by two versions of it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { JobConfig } from '../../config/job.ts';
import type { ReaderConfig } from '../../core/contracts.ts';
import { MigrateError, messageOf } from '../../core/errors.ts';
import { userModuleUrl } from '../../core/userModule.ts';
import type { Fingerprint } from './identity.ts';

/** Its name among the datasets of a fingerprint. */
export const OWN_CODE = 'your own code';

/**
 * The files of the modules that the source and the steps name, each by its checksum; what they import is not looked at.
 * Of a dumped folder, they ran when it was dumped.
 * @throws MigrateError E_CONFIG where one is not there, or can not be read
 */
export function ownCode({ source, transforms }: JobConfig, reader: ReaderConfig): Fingerprint {
  if (reader.kind === 'dumped') return {};
  const names = transforms.flatMap((step) => (step.kind === 'module' ? [step.path] : []));
  if (source.kind === 'plugin') names.push(source.module);
  if (names.length === 0) return {};
  return { [OWN_CODE]: Object.fromEntries(names.map((name) => [name, checksum(name)])) };
}

function checksum(name: string): string {
  const url = userModuleUrl(name);
  try {
    return createHash('sha256')
      .update(readFileSync(fileURLToPath(url)))
      .digest('hex');
  } catch (thrown) {
    throw new MigrateError('E_CONFIG', 'a module can not be read', {
      at: { file: name },
      found: messageOf(thrown),
      wanted: 'the module that this job runs',
      cause: thrown,
    });
  }
}
