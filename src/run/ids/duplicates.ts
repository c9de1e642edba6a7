/**
 * Ids that more than one of the merged collections holds, found by an external sort under the state folder: memory
 * does not grow with the number of rows.
 *
 * workers: keys of each partition → sorted runs; here: runs → merge, 64 at a time → groups of one key.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { PartitionRecord } from '../../core/checkpoint.ts';
import type { Partition } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { makeFolders } from '../../core/folders.ts';
import { primaryKeyOf } from '../../core/schema.ts';
import { openDroppedRows } from '../read/droppedRows.ts';
import { readTask } from '../read/rowStream.ts';
import type { RunContext } from '../shared/context.ts';
import { schemaOf } from '../shared/plannedSchemas.ts';
import { forEachConcurrently } from '../threads/concurrently.ts';
import { recordKey } from './keySort.ts';
import { breathe, mergeRuns } from './mergeRuns.ts';

const NAMED_DUPLICATES = 5;

export interface Duplicates {
  /** Keys that occur in more than one input. */
  readonly keys: number;
  /** Rows left out for that (`--on-duplicate first`). */
  readonly dropped: number;
}

/**
 * Looks through one merged collection.
 * With `fail` any duplicate is E_DUPLICATE_IDS; with `first` the rows to leave out are written, per partition, where
 * `droppedFile` finds them.
 */
export async function findDuplicates(run: RunContext, collection: string): Promise<Duplicates> {
  refuseTexts(run, collection);
  refuseScrolls(run, collection);
  const records = run.ledger.of(collection);
  const dir = join(run.jobDir, 'sort');
  const spool = join(run.jobDir, 'dropped');
  fs.rmSync(dir, { recursive: true, force: true });
  for (const folder of [dir, spool]) makeFolders(folder);
  const runs: string[] = [];
  await forEachConcurrently(records, run.pool.threads, async (record) => {
    const { partition, ordinal } = record.planned;
    const read = { ...readTask(run, record), droppedFile: undefined };
    const made = await run.pool.run<'keys'>({
      kind: 'keys',
      how: 'exactly',
      ...read,
      ordinal,
      file: join(dir, partition.id),
    });
    runs.push(...made.runs);
  });
  const found = await collect(run, { collection, records, dir, spool, runs });
  fs.rmSync(dir, { recursive: true, force: true });
  return found;
}

/** Hashes stand for texts in the sort: they may warn, and nothing may be left out by them. */
function refuseTexts(run: RunContext, collection: string): void {
  if (run.config.onDuplicate !== 'first' || !hasTextKeys(run, collection)) return;
  throw new MigrateError('E_CONFIG', '--on-duplicate first needs keys that are numbers', {
    at: { collection },
    found: `a VarChar primary key, ${primaryKeyOf(schemaOf(run, collection)).name}`,
    wanted: '--on-duplicate fail or keep-all',
  });
}

/** Rows to leave out are known by their place, and a scroll may give them another each time that it is read. */
function refuseScrolls({ config: { onDuplicate, source } }: RunContext, collection: string): void {
  if (onDuplicate !== 'first' || source.kind !== 'elasticsearch' || source.read !== 'scroll') return;
  throw new MigrateError(
    'E_CONFIG',
    '--on-duplicate first does not go with a scroll, whose documents have no lasting order',
    {
      at: { collection },
      found: '--es-read scroll',
      wanted: '--es-read seq-no, or --on-duplicate fail or keep-all',
    },
  );
}

function hasTextKeys(run: RunContext, collection: string): boolean {
  return primaryKeyOf(schemaOf(run, collection)).type === 'VarChar';
}

interface Sorted {
  readonly collection: string;
  readonly records: readonly PartitionRecord[];
  readonly dir: string;
  readonly spool: string;
  readonly runs: readonly string[];
}

/** The sequence is in the order of (key, place in the plan): the first record of a key says which input keeps it. */
async function collect(run: RunContext, { collection, records, dir, spool, runs }: Sorted): Promise<Duplicates> {
  const inputs = new Map(records.map(({ planned }) => [planned.ordinal, planned.input]));
  const dropping = run.config.onDuplicate === 'first';
  const texts = hasTextKeys(run, collection);
  const drops = new Map(records.map(({ planned }) => [planned.ordinal, createDropList(spool, planned.partition)]));
  const examples: string[] = [];
  const found = { keys: 0, dropped: 0 };
  let [high, low, counted] = [-1, -1, false];
  let keeper: string | undefined;
  let seen = 0;
  for (const record of await mergeRuns(runs, dir, run.signal)) {
    // The merge is synchronous: this lets signals, progress and keep-alives in.
    if (++seen % 65_536 === 0) await breathe(run.signal);
    const input = inputs.get(record.partition);
    if (record.high !== high || record.low !== low) {
      ({ high, low } = record);
      [keeper, counted] = [input, false];
    }
    if (input === keeper) continue;
    if (!counted) {
      counted = true;
      found.keys++;
      const key = texts ? 'a text' : recordKey(high, low);
      if (examples.length < NAMED_DUPLICATES) examples.push(`${key} in ${keeper} and ${input}`);
    }
    if (!dropping) continue;
    drops.get(record.partition)?.add(record.row);
    found.dropped++;
  }
  if (found.keys > 0 && run.config.onDuplicate === 'fail')
    throw new MigrateError('E_DUPLICATE_IDS', 'the same ids stand in more than one of the merged collections', {
      at: { collection },
      found: `${found.keys} ids, such as ${examples.join('; ')}`,
      wanted: 'ids that occur in one of them only',
      hint: texts
        ? '--on-duplicate keep-all keeps all'
        : '--on-duplicate first keeps the rows of the first collection named, --on-duplicate keep-all keeps all',
    });
  if (dropping) for (const list of drops.values()) list.finish();
  return found;
}

interface DropList {
  add(row: number): void;
  finish(): void;
}

const SPOOLED_ROWS = 4096;

/** Rows come in the order of their keys; they are spooled, and put in their own order one partition at a time. */
function createDropList(dir: string, { id, rows }: Partition): DropList {
  const file = join(dir, `${id}.u32`);
  const spool = `${file}.spool`;
  const pending: number[] = [];
  fs.rmSync(spool, { force: true });
  const flush = (to: string): void => fs.appendFileSync(to, new Uint8Array(Uint32Array.from(pending.splice(0)).buffer));
  return {
    add(row) {
      if (pending.push(row) === SPOOLED_ROWS) flush(spool);
    },
    finish() {
      flush(spool);
      const bits = new Uint8Array(Math.ceil(rows / 8));
      for (const row of { [Symbol.iterator]: () => openDroppedRows(spool).ordinals() })
        bits[row >>> 3]! |= 1 << (row & 7);
      fs.writeFileSync(`${file}.new`, '');
      for (let row = 0; row < rows; row++)
        if ((bits[row >>> 3]! & (1 << (row & 7))) !== 0 && pending.push(row) === SPOOLED_ROWS) flush(`${file}.new`);
      flush(`${file}.new`);
      // Durable before the search is recorded as done: an empty file would leave every duplicate in.
      const fd = fs.openSync(`${file}.new`, 'r');
      fs.fsyncSync(fd);
      fs.closeSync(fd);
      fs.renameSync(`${file}.new`, file);
      fs.rmSync(spool);
    },
  };
}
