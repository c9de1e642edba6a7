/** The SQLite file of a state folder: made, opened, brought up to date. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { MigrateError, messageOf } from '../core/errors.ts';
import { loadPackage } from '../core/loadPackage.ts';

const Database = loadPackage('better-sqlite3');

export const STATE_FILE = 'state.sqlite';

/**
 * What each version of the tables added, in `user_version`: from 0 (no tables) on, every step that a file has not seen is
 * done in one transaction. A step that was released is never changed.
 */
const STEPS: readonly string[] = [
  // IF NOT EXISTS: the first release made these tables before it set the number.
  `CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, state TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    source TEXT NOT NULL, target TEXT NOT NULL, config TEXT NOT NULL, fingerprint TEXT NOT NULL,
    collections TEXT NOT NULL, error TEXT, report TEXT) STRICT;
  CREATE TABLE IF NOT EXISTS partitions (
    job TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, id TEXT NOT NULL, ordinal INTEGER NOT NULL,
    planned TEXT NOT NULL, part TEXT, load TEXT, PRIMARY KEY (job, id)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS collections (
    job TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, target TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (job, target)) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE uploads (
    job TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE, path TEXT NOT NULL, token TEXT NOT NULL,
    PRIMARY KEY (job, path, token)) STRICT, WITHOUT ROWID;`,
];

/** @param stateDir made if absent, readable by its owner alone */
export function openStateFile(stateDir: string): BetterSqlite3.Database {
  let database: BetterSqlite3.Database | undefined;
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const file = join(stateDir, STATE_FILE);
    database = new Database(file, { timeout: 10_000 });
    chmodSync(file, 0o600);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    bringUpToDate(database, file);
    return database;
  } catch (thrown) {
    database?.close();
    if (thrown instanceof MigrateError) throw thrown;
    throw new MigrateError('E_STATE', 'could not open the state folder', {
      at: { file: stateDir },
      found: messageOf(thrown),
      hint: 'name a folder that this user can write to with --state',
      cause: thrown,
    });
  }
}

function bringUpToDate(database: BetterSqlite3.Database, file: string): void {
  const version = (): number => Number(database.pragma('user_version', { simple: true }));
  if (version() > STEPS.length)
    throw new MigrateError('E_STATE', 'the state folder was written by a newer version of this tool', {
      at: { file },
      found: `format ${version()}`,
      wanted: `format ${STEPS.length} or older`,
      hint: 'use that version, or another --state folder',
    });
  if (version() === STEPS.length) return;
  // Immediate, and asked again inside: of two processes that open it at once, one does the steps.
  const steps = database.transaction(() => {
    for (const step of STEPS.slice(version())) database.exec(step);
    database.pragma(`user_version = ${STEPS.length}`);
  });
  steps.immediate();
}
