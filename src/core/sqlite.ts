/** SQLite files, by better-sqlite3: a package whose binary is made for one version of Node. */
import type BetterSqlite3 from 'better-sqlite3';
import { MigrateError, messageOf, systemCode } from './errors.ts';
import { loadPackage } from './loadPackage.ts';

/** Throws what SQLite says; E_INTERNAL where there is no SQLite for this Node: no file is to blame for that. */
export function openSqlite(file: string, options: BetterSqlite3.Options = {}): BetterSqlite3.Database {
  try {
    return new (loadPackage('better-sqlite3'))(file, options);
  } catch (thrown) {
    throw hasNoBinary(thrown) ? notInstalled(thrown) : thrown;
  }
}

/** The system can not load the binary, or the search for one ended without. */
function hasNoBinary(thrown: unknown): boolean {
  return systemCode(thrown) === 'ERR_DLOPEN_FAILED' || messageOf(thrown).startsWith('Could not locate the bindings');
}

function notInstalled(thrown: unknown): MigrateError {
  return new MigrateError('E_INTERNAL', 'SQLite (the package better-sqlite3) was not built for this Node', {
    found: `Node ${process.version}: ${messageOf(thrown).replaceAll(/\s+/g, ' ').slice(0, 500)}`,
    wanted: 'a binary for the Node that runs, as after an upgrade of it',
    hint: '`npm rebuild better-sqlite3` where milvus-migrate is installed, or install it again',
    cause: thrown,
  });
}
