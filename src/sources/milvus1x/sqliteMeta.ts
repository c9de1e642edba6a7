/**
 * Reads Milvus 1.x's metadata from a SQLite file, through a private copy: SQLite itself would write beside the original
 * (-wal, -shm), even when it only reads.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import type { StoreStat } from '../../core/contracts.ts';
import { isFull, MigrateError, messageOf, systemCode } from '../../core/errors.ts';
import { openSqlite } from '../../core/sqlite.ts';
import type { MetaRow } from '../../formats/milvus1x/fieldValues.ts';
import { checkTableNames, type MetadataTables } from '../../formats/milvus1x/metadata.ts';
import { openFolder, openIfThere, type SourceFolder, sourceError } from './fileRead.ts';
import type { Look } from './look.ts';
import type { MetaFileAt } from './readModel.ts';

/** How often a file that changes while it is copied is copied again. */
const COPY_ATTEMPTS = 5;
/** What SQLite keeps beside a database of changes under way. */
const SIDE_ENDINGS = ['-wal', '-journal'];
const ENDINGS = ['', ...SIDE_ENDINGS];

/**
 * The database that a path or a link leads to, for SQLite keeps its other files beside that. Where there are none, and some
 * beside the link, each file was linked by itself: then the link it is.
 */
export async function followToDatabase(file: string, look: Look): Promise<string> {
  const real = look.real(file);
  const hasSideFiles = async (path: string): Promise<boolean> => {
    for (const ending of SIDE_ENDINGS) if ((await look.kindOf(path + ending)) === 'file') return true;
    return false;
  };
  return real !== file && !(await hasSideFiles(real)) && (await hasSideFiles(file)) ? file : real;
}

/** Errors: E_METADATA, E_SOURCE_VERSION, E_SOURCE_ACCESS. */
export async function readSqliteMeta({ folder, name, shown, openStore }: MetaFileAt): Promise<MetadataTables> {
  await using from = await openFolder(openStore, folder, '');
  const temporary = makeTemporary(shown);
  try {
    const copy = join(temporary, 'meta.sqlite');
    await copyUnchanged({ from, name, copy, shown });
    return readCopy(copy, { name, shown });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

interface Copying {
  readonly from: SourceFolder;
  readonly name: string;
  readonly copy: string;
  readonly shown: string;
}

/** Copies the database with its side files as they are at one moment. */
async function copyUnchanged({ from, name, copy, shown }: Copying): Promise<void> {
  for (let attempt = 1; attempt <= COPY_ATTEMPTS; attempt++) {
    const before = await statesOf(from, name, shown);
    for (const [index, ending] of ENDINGS.entries()) {
      rmSync(copy + ending, { force: true });
      const known = before[index];
      if (known !== undefined)
        await copyIfThere({ from, name: name + ending, copy: copy + ending, shown: shown + ending, known });
    }
    if (versionsOf(await statesOf(from, name, shown)) === versionsOf(before)) return;
  }
  throw new MigrateError('E_SOURCE_ACCESS', 'the metadata changes while it is copied', {
    at: { file: shown },
    found: `it changed during each of ${COPY_ATTEMPTS} copies`,
    wanted: 'metadata that stay as they are',
    hint: 'stop the old Milvus server, or writing to it, and try again',
    retry: true,
  });
}

const COPIED_BYTES = 1024 * 1024;

async function copyIfThere({ from, name, copy, shown, known }: Copying & { known: StoreStat }): Promise<void> {
  const file = await openIfThere(from, name, { file: shown }, { known });
  // A side file may go while we look: the comparison of before and after sees it.
  if (file === undefined) return;
  const memory = new Uint8Array(Math.min(COPIED_BYTES, file.size));
  let fd: number | undefined;
  try {
    fd = openSync(copy, 'w', 0o600);
    for (let at = 0; at < file.size; at += memory.length) {
      const piece = memory.subarray(0, file.size - at);
      await file.read(piece, at);
      for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
    }
  } catch (thrown) {
    // It changes: the comparison sees that too.
    if (thrown instanceof MigrateError && thrown.code === 'E_SOURCE_CHANGED') return;
    if (thrown instanceof MigrateError) throw thrown;
    throw notCopied(thrown, shown);
  } finally {
    if (fd !== undefined) closeSync(fd);
    await file.close();
  }
}

function makeTemporary(shown: string): string {
  try {
    return mkdtempSync(join(tmpdir(), 'milvus-migrate-'));
  } catch (thrown) {
    throw notCopied(thrown, shown);
  }
}

function notCopied(thrown: unknown, shown: string): MigrateError {
  const code = isFull(thrown) ? 'E_NO_SPACE' : 'E_SOURCE_ACCESS';
  return new MigrateError(code, `the metadata can not be copied to ${tmpdir()}`, {
    at: { file: shown },
    found: messageOf(thrown),
    hint: 'name a folder that can be written to, with room for it, in TMPDIR',
    cause: thrown,
  });
}

type States = readonly (StoreStat | undefined)[];

/** Of each file; undefined where it is not there. */
function statesOf({ store }: SourceFolder, name: string, shown: string): Promise<States> {
  // At once: in a bucket each of them takes a round trip.
  const stats = ENDINGS.map((ending) =>
    store.stat(name + ending).catch((thrown: unknown) => {
      throw sourceError(thrown, { message: 'the metadata can not be looked at', at: { file: shown + ending } });
    }),
  );
  return Promise.all(stats);
}

function versionsOf(states: States): string {
  return states.map((stat) => stat?.version).join();
}

function readCopy(copy: string, { name, shown: file }: Pick<Copying, 'name' | 'shown'>): MetadataTables {
  let database: BetterSqlite3.Database | undefined;
  try {
    database = openSqlite(copy, { fileMustExist: true });
    database.defaultSafeIntegers(true);
    return readTables(database, file);
  } catch (thrown) {
    if (thrown instanceof MigrateError) throw thrown;
    // What SQLite makes beside the copy: of the original nothing is wrong.
    if (/^SQLITE_(FULL|CANTOPEN|IOERR)/.test(systemCode(thrown) ?? '')) throw notCopied(thrown, file);
    throw new MigrateError('E_METADATA', `${name} can not be read as a SQLite database`, {
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
  return {
    names,
    Tables: rowsOf('Tables'),
    TableFiles: rowsOf('TableFiles'),
    Environment: rowsOf('Environment'),
    Fields: rowsOf('Fields'),
  };
}
