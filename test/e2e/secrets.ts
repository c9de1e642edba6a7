/** Looks for a secret in everything that a command leaves behind, byte by byte. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ended } from './harness.ts';

/** Asserts that none of the secrets, plain, percent-encoded or in base64, is in the output or in any file below the folders. */
export function assertHidden(
  secrets: readonly string[],
  ended: Pick<Ended, 'stdout' | 'stderr'>,
  folders: readonly string[],
): void {
  const forms = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  ]);
  const look = (what: string, bytes: Buffer): void => {
    for (const form of forms) assert.equal(bytes.includes(form), false, `a secret is in ${what}`);
  };
  look('stdout', Buffer.from(ended.stdout));
  look('stderr', Buffer.from(ended.stderr));
  for (const folder of folders.filter((path) => existsSync(path)))
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      look(`the name ${path}`, Buffer.from(entry.name));
      if (entry.isFile()) look(path, readFileSync(path));
    }
}
