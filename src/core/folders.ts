/** Makes folders, and those above them. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { systemCode } from './errors.ts';

/**
 * As `mkdirSync` with `recursive`. That never ends (Node 20) where a file system says of a folder that there is no such file
 * though the one above it is there, as `/proc` does.
 * @param mode of those that are made
 */
export function makeFolders(dir: string, mode = 0o777): void {
  const missing = [];
  for (let at = resolve(dir); !existsSync(at); at = dirname(at)) missing.push(at);
  // A file is told by the error of making a folder of its name.
  if (missing.length === 0 && !statSync(dir).isDirectory()) missing.push(dir);
  for (const folder of missing.reverse()) makeOne(folder, mode);
}

/** Somebody else may be quicker. */
function makeOne(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (thrown) {
    const there = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
    if (systemCode(thrown) !== 'EEXIST' || !there) throw thrown;
  }
}
