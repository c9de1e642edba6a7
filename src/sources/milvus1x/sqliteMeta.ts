/**
 * Reads Milvus 1.x's metadata from a SQLite file, through a private copy: SQLite itself would write beside the original
 * (-wal, -shm), even when it only reads.
 */
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { MigrateError, messageOf, systemCode } from '../../core/errors.ts';
import type { MetaRow } from '../../formats/milvus1x/fieldValues.ts';
import { checkTableNames, type MetadataTables } from '../../formats/milvus1x/metadata.ts';

/** How often a file that changes while it is copied is copied again. */
const COPY_ATTEMPTS = 5;
/** The database, and what SQLite keeps beside it of changes under way. */
const ENDINGS = ['', '-wal', '-journal'];

/** Errors: E_METADATA, E_SOURCE_VERSION, E_SOURCE_ACCESS. */
export async function readSqliteMeta(file: string): Promise<MetadataTables> {
  const { default: Database } = await import('better-sqlite3');
  const folder = mkdtempSync(join(tmpdir(), 'milvus-migrate-'));
  try {
    const copy = join(folder, 'meta.sqlite');
    copyUnchanged(file, copy);
    return readCopy(Database, copy, file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Copies the database with its side files as they are at one moment. */
function copyUnchanged(file: string, copy: string): void {
  for (let attempt = 1; attempt <= COPY_ATTEMPTS; attempt++) {
    const before = statesOf(file);
    for (const [index, ending] of ENDINGS.entries()) {
      rmSync(copy + ending, { force: true });
      if (before[index] !== undefined) copyIfThere(file + ending, copy + ending);
    }
    if (String(statesOf(file)) === String(before)) return;
  }
  throw new MigrateError('E_SOURCE_ACCESS', 'the metadata changes while it is copied', {
    at: { file },
    found: `it changed during each of ${COPY_ATTEMPTS} copies`,
    wanted: 'metadata that stay as they are',
    hint: 'stop the old Milvus server, or writing to it, and try again',
    retry: true,
  });
}

function copyIfThere(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch (thrown) {
    // A side file may go while we look: the comparison of before and after sees it.
    if (systemCode(thrown) === 'ENOENT') return;
    const code = systemCode(thrown) === 'ENOSPC' ? 'E_NO_SPACE' : 'E_SOURCE_ACCESS';
    throw new MigrateError(code, `the metadata can not be copied to ${tmpdir()}`, {
      at: { file: from },
      found: messageOf(thrown),
      cause: thrown,
    });
  }
}

/** Inode, size and time of change of each file; undefined where it is not there. */
function statesOf(file: string): (string | undefined)[] {
  return ENDINGS.map((ending) => {
    const stat = statSync(file + ending, { bigint: true, throwIfNoEntry: false });
    return stat && `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
  });
}

function readCopy(Database: typeof BetterSqlite3, copy: string, file: string): MetadataTables {
  let database: BetterSqlite3.Database | undefined;
  try {
    database = new Database(copy, { fileMustExist: true });
    database.defaultSafeIntegers(true);
    return readTables(database, file);
  } catch (thrown) {
    if (thrown instanceof MigrateError) throw thrown;
    throw new MigrateError('E_METADATA', `${basename(file)} can not be read as a SQLite database`, {
      at: { file },
      found: `${messageOf(thrown)}${systemCode(thrown) === undefined ? '' : ` (${systemCode(thrown)})`}`,
      wanted: 'the metadata of a Milvus 0.9 to 1.x',
      hint: 'copy the file again, with its -wal file where there is one',
      cause: thrown,
    });
  } finally {
    database?.close();
  }
}

function readTables(database: BetterSqlite3.Database, file: string): MetadataTables {
  const names = (
    database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[]
  ).map(({ name }) => name);
  checkTableNames(names, { file });
  const rowsOf = (table: string): MetaRow[] =>
    names.includes(table) ? (database.prepare(`SELECT * FROM "${table}"`).all() as MetaRow[]) : [];
  return { names, Tables: rowsOf('Tables'), TableFiles: rowsOf('TableFiles'), Environment: rowsOf('Environment') };
}
