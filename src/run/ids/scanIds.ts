/**
 * Looks through ids that somebody stored in the source, before their rows move: how many occur more than once, how many
 * are negative. Milvus takes both, each row as one of its own; but whoever stored them may not know.
 *
 * Most indexes hold the ids 0 … n−1, each once: that a bit for each of them shows. Else the same external sort as in the
 * search for duplicates says which are not so; memory does not grow with the number of rows.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { KeyReading } from '../../core/contracts.ts';
import { makeFolders } from '../../core/folders.ts';
import { primaryKeyOf } from '../../core/schema.ts';
import { forEachConcurrently } from '../threads/concurrently.ts';
import type { Pool } from '../threads/pool.ts';
import type { ReadTask } from '../threads/tasks.ts';
import { bitsFor, MOST_MARKED } from './idMarks.ts';
import { recordKey } from './keySort.ts';
import { breathe, mergeRuns } from './mergeRuns.ts';

const NAMED_IDS = 5;
/** High words of records have their sign bit flipped: below this they are those of negative ids. */
const FIRST_NOT_NEGATIVE = 0x80000000;

export interface IdScan {
  /** Ids that occur more than once, and the rows that have one of them. */
  readonly repeated: number;
  readonly repeatedRows: number;
  /** Rows with a negative id. */
  readonly negative: number;
  /** The first of the repeated ids, as decimal digits. */
  readonly examples: readonly string[];
}

export interface ScanRequest {
  readonly pool: Pool;
  readonly tasks: readonly ReadTask[];
  /** A folder of its own, removed at the end. */
  readonly dir: string;
  readonly signal: AbortSignal;
}

export async function scanIds(request: ScanRequest): Promise<IdScan> {
  if (request.tasks.some(({ reader }) => reader.roughKeys === true)) {
    const nothing = await scan(request, 'roughly');
    if (nothing !== undefined) return nothing;
  }
  return (await scan(request, 'exactly'))!;
}

/** Each id occurs once, none is negative. */
export const NOTHING: IdScan = { repeated: 0, repeatedRows: 0, negative: 0, examples: [] };

/** Roughly: `NOTHING` where there is nothing to tell; undefined where only an exact scan can say. */
async function scan(request: ScanRequest, how: KeyReading): Promise<IdScan | undefined> {
  if (!hasTextKeys(request) && (await areRowNumbers(request, how))) return NOTHING;
  const { keys, ...found } = await sortIds(request, how);
  if (how === 'exactly') return found;
  return keys === rowsOf(request) && found.repeated === 0 && found.negative === 0 ? NOTHING : undefined;
}

function rowsOf({ tasks }: ScanRequest): number {
  return tasks.reduce((sum, { partition }) => sum + partition.rows, 0);
}

function hasTextKeys({ tasks }: ScanRequest): boolean {
  return tasks.some(({ sourceSchema }) => primaryKeyOf(sourceSchema).type === 'VarChar');
}

/** Whether each id of 0 … n−1 occurs once. */
async function areRowNumbers(request: ScanRequest, how: KeyReading): Promise<boolean> {
  const { pool, tasks } = request;
  const count = rowsOf(request);
  // More rows than that are sorted at once.
  if (count > MOST_MARKED) return false;
  const bits = bitsFor(count);
  let odd = 0;
  let keys = 0;
  await forEachConcurrently(tasks, pool.threads, async (read) => {
    // What is known to be odd already is not looked at further.
    if (odd > 0) return;
    const marked = await pool.run<'marks'>({ kind: 'marks', how, ...read, droppedFile: undefined, ...bits });
    odd += marked.odd;
    keys += marked.keys;
  });
  return odd === 0 && (how === 'exactly' || keys === count);
}

/** With the number of keys that were read. */
type Counted = IdScan & { readonly keys: number };

async function sortIds({ pool, tasks, dir, signal }: ScanRequest, how: KeyReading): Promise<Counted> {
  fs.rmSync(dir, { recursive: true, force: true });
  makeFolders(dir);
  try {
    const runs: string[] = [];
    await forEachConcurrently(tasks.entries(), pool.threads, async ([ordinal, read]) => {
      const file = join(dir, `${ordinal}`);
      const made = await pool.run<'keys'>({ kind: 'keys', how, ...read, droppedFile: undefined, ordinal, file });
      runs.push(...made.runs);
    });
    return await count(runs, { dir, signal, texts: hasTextKeys({ pool, tasks, dir, signal }) });
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

interface Counting {
  readonly dir: string;
  readonly signal: AbortSignal;
  /** Whether the records hold hashes of texts: those have no sign, and can't be named. */
  readonly texts: boolean;
}

async function count(runs: readonly string[], { dir, signal, texts }: Counting): Promise<Counted> {
  const examples: string[] = [];
  const found = { repeated: 0, repeatedRows: 0, negative: 0 };
  let [high, low, same, seen] = [-1, -1, 0, 0];
  for (const record of await mergeRuns(runs, dir, signal)) {
    if (++seen % 65_536 === 0) await breathe(signal);
    if (!texts && record.high < FIRST_NOT_NEGATIVE) found.negative++;
    same = record.high === high && record.low === low ? same + 1 : 1;
    ({ high, low } = record);
    if (same === 1) continue;
    found.repeatedRows += same === 2 ? 2 : 1;
    if (same > 2) continue;
    found.repeated++;
    if (!texts && examples.length < NAMED_IDS) examples.push(String(recordKey(high, low)));
  }
  return { ...found, examples, keys: seen };
}

/** What people should know of it; undefined: nothing. */
export function tellIds({ repeated, repeatedRows, negative, examples }: IdScan): string | undefined {
  const told: string[] = [];
  if (repeated > 0) {
    const which = examples.length === 0 ? '' : ` (${examples.join(', ')}${repeated > examples.length ? ', …' : ''})`;
    told.push(
      `ids that occur more than once: ${repeated}${which}, in ${repeatedRows} rows; Milvus keeps each row, and what asks by id may find any of them`,
    );
  }
  if (negative > 0) told.push(`rows with negative ids: ${negative}, kept as they are`);
  return told.length === 0 ? undefined : told.join('; ');
}
