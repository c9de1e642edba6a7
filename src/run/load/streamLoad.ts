/**
 * Streaming insert of one partition: batches from the slabs, each recorded before it is sent.
 *
 * ```
 *   rows   0 ────────── acked ──── acked + inFlight ──────────── end
 *          │ there      │ may be there             │ not sent
 * ```
 * One commit a batch: that of the next batch says that the one before arrived. What is in doubt after a crash is sent
 * again as an upsert, which leaves one row per key whether it had arrived or not; where that would lose rows
 * (`replacing.ts`), the run refuses.
 */
import type { Batch } from '../../core/batch.ts';
import { columnOf, sliceBatch } from '../../core/batch.ts';
import type { PartitionRecord } from '../../core/checkpoint.ts';
import { createColumnCrc } from '../../core/columnCrc.ts';
import type { InsertOutcome, Key, Part, Target } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { keysOf } from '../../core/keys.ts';
import { primaryKeyOf } from '../../core/schema.ts';
import { dumpPart } from '../dump/dumpStage.ts';
import { moveAgain } from '../dump/moveAgain.ts';
import { announce } from '../progress/events.ts';
import { type StreamedRows, streamRows } from '../read/rowStream.ts';
import type { RunContext } from '../shared/context.ts';
import { AWAY_MS, createBackoff } from '../shared/patience.ts';
import { schemaOf, wasSearched } from '../shared/plannedSchemas.ts';
import type { Pool } from '../threads/pool.ts';
import { asking, wholePart } from './importLoad.ts';
import { isReordered, type Piece, refuseReordered, refuseRepeated, refuseRowsOfOthers } from './replacing.ts';

export interface StreamContext extends RunContext {
  readonly target: Target;
  /** Rows to a request, shared by all streams of the run: what Milvus took last. */
  readonly pace: Pace;
  /** A pool of one thread beside the run's own: its threads may all wait for slabs that only we give back. */
  readonly side: () => Pool;
}

export interface Pace {
  rows: number;
  /** Waits longer each time until a batch goes well. */
  backoff(signal: AbortSignal): Promise<void>;
  wentWell(): void;
}

/** After a batch went well the next may be this much larger. */
const GROWTH = 1.1;

export function createPace(): Pace {
  let waits: ReturnType<typeof createBackoff> | undefined;
  return {
    rows: Number.MAX_SAFE_INTEGER,
    backoff(signal) {
      waits ??= createBackoff(signal);
      return waits.wait();
    },
    wentWell() {
      waits?.reset();
      this.rows = Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(this.rows * GROWTH));
    },
  };
}

/** Sends what is left of the partition. */
export async function streamPart(run: StreamContext, record: PartitionRecord, into: string): Promise<void> {
  const part = wholePart(record);
  const { load } = record;
  if (load?.state === 'loaded') return;
  if (load?.state === 'intended' || load?.state === 'submitted')
    throw new MigrateError('E_LOAD_IN_DOUBT', 'a part was handed to a bulk insert by an earlier run', {
      at: { collection: into, file: load.dir },
      hint: `run again with --staging, as before; or ${moveAgain(run.ledger.collection(record.planned.collection))}`,
    });
  if (part.rows === 0)
    return run.ledger.recordLoad(part.partition, {
      state: 'loaded',
      rows: 0,
      how: 'stream',
      dir: part.dir,
      ...freshOf(record, 0),
    });
  const begun = load?.state === 'streaming' ? load : undefined;
  if (begun !== undefined && wasSearched(run, record.planned))
    throw new MigrateError(
      'E_LOAD_IN_DOUBT',
      'a part was half loaded by an earlier version, which left rows of it out',
      {
        at: { collection: into },
        found: `${begun.acked} rows, and perhaps ${begun.inFlight} more, counted without those that --on-duplicate first left out`,
        wanted: 'all rows, as they were dumped',
        hint: moveAgain(run.ledger.collection(record.planned.collection)),
      },
    );
  const reordered = begun !== undefined && isReordered(run);
  if (reordered) refuseReordered(run, record, into);
  // What came first may come last now: of the whole part it is not known which rows are there.
  const progress = reordered ? { acked: 0, inFlight: part.rows } : (begun ?? { acked: 0, inFlight: 0, fresh: 0 });
  const sender = createSender(run, record, { into, ...progress });
  const schema = schemaOf(run, record.planned.collection);
  const crcs = schema.fields.map((field) => ({ name: field.name, crc: createColumnCrc(field) }));
  const whole = progress.acked === 0;
  const untouched = whole && progress.inFlight === 0 && part.withoutSnapshot !== true;
  let lost = false;
  const came = await streamRows(run, record, {
    first: progress.acked,
    async consume(batch, first) {
      // Nothing of it was sent yet: what is to be sent is looked at once more, as it is without the snapshot.
      if (first === 0 && untouched && batch.withoutSnapshot === true) lost = true;
      if (lost) return;
      for (const { name, crc } of crcs) crc.add(columnOf(batch, name), batch.rows);
      await sender.send(batch, first);
    },
  });
  if (lost) {
    await run.ledger.discardPart(part.partition);
    await dumpPart(run, part.partition);
    return streamPart(run, run.ledger.get(part.partition), into);
  }
  const { rows } = came;
  const changed =
    whole && !reordered && part.rows > 0 && crcs.some(({ name, crc }) => crc.value() !== part.columnCrc[name]);
  if (rows !== part.rows || changed)
    throw new MigrateError('E_SOURCE_CHANGED', 'the source gave other rows when it was read again', {
      at: { collection: into },
      wanted: `${part.rows} rows as checked before`,
      ...differing(part, { ...came, changed, again: moveAgain(run.ledger.collection(record.planned.collection)) }),
    });
  const fresh = freshOf(record, sender.fresh());
  await run.ledger.recordLoad(part.partition, { state: 'loaded', rows, how: 'stream', dir: part.dir, ...fresh });
}

interface Differing extends StreamedRows {
  readonly changed: boolean;
  readonly again: string;
}

/** Rows may be refused by a rule that the version which counted them did not have: the source need not have changed. */
function differing(part: Part, { rows, refused, named, changed, again }: Differing): { found: string; hint: string } {
  const found = `${rows} rows${changed ? ' with other content' : ''}`;
  const more = refused - part.rejected - (part.refused ?? 0);
  if (more <= 0) return { found, hint: `nothing may change the source while it is moved; ${again}` };
  const first = named.find(({ key }) => !part.firstNonFinite.some((known) => known.key === key));
  const example = first === undefined ? '' : ` (first: id ${first.key}: ${first.reason ?? 'NaN or infinity'})`;
  return {
    found: `${found}; ${more} more than before can not be rows of the collection${example}`,
    hint: `the source changed, or an earlier version of milvus-migrate, which began this, took what is refused now; ${again}; with --reject-file FILE such rows are put there, and the rest is loaded`,
  };
}

/** Only where rows are upserted on purpose. */
function freshOf({ planned }: PartitionRecord, fresh: number): { fresh?: number } {
  return planned.upsert === true ? { fresh } : {};
}

/** A Milvus that answers all else, and takes no rows: nothing but its log says why. */
function neverSure(into: string, reason: string): MigrateError {
  return new MigrateError('E_TARGET', 'Milvus does not say that a batch arrived, however often it is sent', {
    at: { collection: into },
    found: reason,
    wanted: 'that the rows were taken, or refused',
    hint: 'look at the log of Milvus (and whether its disk is full), then run the same command again: it goes on there',
  });
}

function neverTaken(into: string, reason: string): MigrateError {
  return new MigrateError('E_TARGET', `Milvus answers, and takes no rows for ${AWAY_MS / 60_000} minutes`, {
    at: { collection: into },
    found: reason,
    wanted: 'that it takes rows, or says what is wrong with them',
    hint: 'look at the log of Milvus, then run the same command again: it goes on there',
  });
}

/** `unready`: no rows were taken, but the server answers; it may be ready soon. */
type Sent = InsertOutcome | { readonly kind: 'unready'; readonly reason: string };

interface Sender {
  /** Sends the rows of the batch that are not acknowledged yet. */
  send(batch: Batch, first: number): Promise<void>;
  /** Upserts: how many rows had none under their key before; it is negative where a key had several. */
  fresh(): number;
}

interface Sending {
  readonly into: string;
  readonly acked: number;
  readonly inFlight: number;
  readonly fresh?: number;
}

function createSender(
  given: StreamContext,
  record: PartitionRecord,
  { into, acked: ackedBefore, inFlight, fresh: freshBefore = 0 }: Sending,
): Sender {
  const id = record.planned.partition.id;
  let awayMs = 0;
  const run: StreamContext = {
    ...given,
    onBack: (ms) => {
      awayMs += ms;
    },
  };
  /** A clock of the time in which the server answers: `asking` bears with its absence as long, each time. */
  const answering = (): number => performance.now() - awayMs;
  let acked = ackedBefore;
  let doubtEnd = ackedBefore + inFlight;
  let fresh = freshBefore;
  /** Up to this row it is known that no key occurs twice in the source: to look for that reads all of it. */
  let lookedTo = acked;
  /** When it was first not known, either, whether rows that were sent again arrived; they are not acknowledged since. */
  let unsureSince: number | undefined;
  /** When it first said that it is not ready for rows, though it answers all else; none were acknowledged since. */
  let unreadySince: number | undefined;
  let toldUnready = false;
  const upsert = record.planned.upsert === true;
  return {
    fresh: () => fresh,
    async send(batch, first) {
      const end = first + batch.rows;
      while (acked < end) {
        const doubtful = acked < doubtEnd;
        const rows = Math.min(end - acked, run.pace.rows, doubtful ? doubtEnd - acked : end - acked);
        const piece = sliceBatch(batch, acked - first, rows);
        if (doubtful && !upsert && acked + rows > lookedTo) {
          // How many go at a time may change until all of these are there.
          const most = Math.min(end, doubtEnd);
          await refuseRepeated(run, record, { into, piece: sliceBatch(batch, acked - first, most - acked) });
          lookedTo = most;
        }
        // Of rows in doubt it was counted, and recorded, before they were sent.
        if (upsert && !doubtful) fresh += await freshKeys(run, record, { into, piece });
        const sent = { acked, inFlight: doubtful ? doubtEnd - acked : rows, ...freshOf(record, fresh) };
        await run.ledger.recordLoad(id, { state: 'streaming', ...sent });
        // Until they have arrived: a piece that is refused and cut smaller was counted too.
        doubtEnd = upsert ? Math.max(doubtEnd, acked + rows) : doubtEnd;
        announce('batch intended', id);
        const send = upsert ? upsertAgain : doubtful ? resend : insertNew;
        const outcome = await send(run, record, { into, piece });
        if (outcome.kind === 'doubt') {
          doubtEnd = Math.max(doubtEnd, acked + rows);
          const now = answering();
          if (doubtful) unsureSince ??= now;
          if (now - (unsureSince ?? now) > AWAY_MS) throw neverSure(into, outcome.reason);
          await run.pace.backoff(run.signal);
        }
        if (outcome.kind === 'unready') {
          const now = answering();
          if (unreadySince !== undefined && !toldUnready) {
            run.warn(`${into}: Milvus answers and takes no rows (${outcome.reason}); trying again`);
            toldUnready = true;
          }
          unreadySince ??= now;
          if (now - unreadySince > AWAY_MS) throw neverTaken(into, outcome.reason);
          await run.pace.backoff(run.signal);
        }
        if (outcome.kind === 'refused') await slower(run, outcome, piece);
        if (outcome.kind !== 'done') continue;
        announce('batch sent', id);
        acked += rows;
        unsureSince = undefined;
        unreadySince = undefined;
        run.pace.wentWell();
        run.meter.add('load', {
          units: 0,
          rows,
          bytes: piece.columns.reduce((sum, { bytes }) => sum + bytes.length, 0),
        });
      }
    },
  };
}

async function insertNew(run: StreamContext, record: PartitionRecord, { into, piece }: Piece): Promise<Sent> {
  const outcome = await insert(run, record, { into, piece, how: 'insert' });
  if (outcome.kind === 'doubt')
    run.warn(`a batch of ${into} may or may not have arrived (${outcome.reason}); it is sent again as an upsert`);
  return outcome;
}

/** An upsert may be sent any number of times. */
async function upsertAgain(run: StreamContext, record: PartitionRecord, { into, piece }: Piece): Promise<Sent> {
  const outcome = await insert(run, record, { into, piece, how: 'upsert' });
  if (outcome.kind === 'doubt') await asking(run, () => run.target.facts());
  return outcome;
}

/** How many rows the collection gains by an upsert of the piece. */
async function freshKeys(run: StreamContext, record: PartitionRecord, { into, piece }: Piece): Promise<number> {
  const { collection, targetPartition } = record.planned;
  const schema = schemaOf(run, collection);
  const keys = [...new Set<Key>(keysOf(schema, piece))];
  const keyField = primaryKeyOf(schema).name;
  const there = await asking(run, () => run.target.countKeys(into, keyField, keys, targetPartition));
  return keys.length - Number(there);
}

/** Sends rows that may be there already. */
async function resend(run: StreamContext, record: PartitionRecord, { into, piece }: Piece): Promise<Sent> {
  // Any question answered says that the server is back; asking bears with its absence.
  await asking(run, () => run.target.facts());
  await refuseRowsOfOthers(run, record, { into, piece });
  return insert(run, record, { into, piece, how: 'upsert' });
}

async function insert(
  run: StreamContext,
  record: PartitionRecord,
  { into, piece, how }: Piece & { how: 'insert' | 'upsert' },
): Promise<Sent> {
  const { collection, targetPartition } = record.planned;
  try {
    return await run.target.insert(into, targetPartition, schemaOf(run, collection), piece, how);
  } catch (thrown) {
    if (!(thrown instanceof MigrateError) || !thrown.retry) throw thrown;
    // Surely not there: the server is away, or not ready. Any question that it answers says that it is back.
    await asking(run, () => run.target.facts());
    return { kind: 'unready', reason: thrown.found ?? thrown.message };
  }
}

async function slower(
  run: StreamContext,
  refused: Extract<InsertOutcome, { kind: 'refused' }>,
  piece: Batch,
): Promise<void> {
  if (refused.smaller && piece.rows === 1)
    throw new MigrateError('E_TARGET_LIMIT', 'Milvus does not take a single row', { found: refused.reason });
  if (refused.smaller) run.pace.rows = Math.max(1, Math.floor(piece.rows / 2));
  else {
    run.meter.detail('load', `Milvus limits the rate (${refused.reason})`);
    await run.pace.backoff(run.signal);
  }
}
