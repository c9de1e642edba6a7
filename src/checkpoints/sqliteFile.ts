/** The SQLite file of a state folder: made, opened, brought up to date. */
import { chmodSync, existsSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { couldNotWrite, isFull, MigrateError, systemCode } from '../core/errors.ts';
import { makeFolders } from '../core/folders.ts';
import { openSqlite } from '../core/sqlite.ts';

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
    makeFolders(stateDir, 0o700);
    const file = join(stateDir, STATE_FILE);
    database = openSqlite(file, { timeout: 10_000 });
    chmodSync(file, 0o600);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    bringUpToDate(database, file);
    return database;
  } catch (thrown) {
    database?.close();
    if (thrown instanceof MigrateError) throw thrown;
    throw unusable('could not open the state folder', stateDir, thrown);
  }
}

const DAMAGED = ['SQLITE_CORRUPT', 'SQLITE_NOTADB'];

/** What SQLite or the file system says of something below the state folder, as an E_STATE or E_NO_SPACE. */
export function unusable(message: string, file: string, thrown: unknown): MigrateError {
  const full = isFull(thrown) || (isAnyTrouble(thrown) && hasNoRoom(file));
  const damaged = DAMAGED.some((word) => systemCode(thrown)?.startsWith(word));
  const hint = damaged
    ? 'it is damaged: put back a copy of it, or name another folder with --state; what its jobs had loaded is not known there'
    : 'look at the state folder, or name another, that this user can write to, with --state';
  return couldNotWrite(thrown, { what: message, file, hint, full });
}

/** Where a file of its own can not be made or made larger, SQLite says no more than that. */
function isAnyTrouble(thrown: unknown): boolean {
  return /^SQLITE_(IOERR|CANTOPEN)/.test(systemCode(thrown) ?? '');
}

/** A page of a database, and a file. */
const LEAST_BYTES = 64 * 1024;

/** @param file may not be there */
function hasNoRoom(file: string): boolean {
  const there = existsSync(file) ? file : dirname(file);
  try {
    const { bavail, bsize, ffree, files } = statfsSync(there);
    return bavail * bsize < LEAST_BYTES || (files > 0 && ffree === 0);
  } catch (thrown) {
    // It is not there, or can not be looked at: then room is not what it lacks.
    if (systemCode(thrown) === undefined) throw thrown;
    return false;
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
