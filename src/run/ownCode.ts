/** What code of the user's own a job runs looked like: rows of one job are not to be made by two versions of it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { JobConfig } from '../config/job.ts';
import { userModuleUrl } from '../core/userModule.ts';
import type { Fingerprint } from './identity.ts';

/** Its name among the datasets of a fingerprint. */
export const OWN_CODE = 'your own code';

/**
 * The files of the modules that the source and the steps name, each by its checksum; what they import is not looked at.
 * @throws MigrateError E_CONFIG where one is not there
 */
export function ownCode({ source, transforms }: JobConfig): Fingerprint {
  const names = transforms.flatMap((step) => (step.kind === 'module' ? [step.path] : []));
  if (source.kind === 'plugin') names.push(source.module);
  if (names.length === 0) return {};
  return { [OWN_CODE]: Object.fromEntries(names.map((name) => [name, checksum(name)])) };
}

function checksum(name: string): string {
  return createHash('sha256')
    .update(readFileSync(fileURLToPath(userModuleUrl(name))))
    .digest('hex');
}
