/** Compares rows in the target with those that were read, field by field: samples by their hashes, or every row. */
import { type Batch, columnOf } from '../../core/batch.ts';
import { columnsOf, comparedFields, hashValues, rowHash } from '../../core/canonical.ts';
import type { PartitionRecord } from '../../core/checkpoint.ts';
import { createColumnCrc } from '../../core/columnCrc.ts';
import type { Key, Sample } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { keyText, parseKey } from '../../core/keys.ts';
import type { PlannedCollection } from '../../core/plan.ts';
import { fixedBytes, primaryKeyOf, type Schema } from '../../core/schema.ts';
import { asking, wholePart } from '../load/importLoad.ts';
import { readTask, streamRows } from '../read/rowStream.ts';
import { isReadable } from '../shared/plannedSchemas.ts';
import { forEachConcurrently } from '../threads/concurrently.ts';
import type { Pool } from '../threads/pool.ts';
import { rowName } from './lookupKeys.ts';
import type { VerifyContext } from './verify.ts';

export interface Comparison {
  readonly compared: number;
  readonly different: number;
  readonly differences: readonly string[];
  readonly remarks: readonly string[];
  /** Rows that are not in the source any more as they were read. Absent: none. */
  readonly gone?: number;
}

export interface Comparing {
  readonly run: VerifyContext;
  readonly planned: PlannedCollection;
  readonly into: string;
  /** Rows per partition before this job. */
  readonly before: Readonly<Record<string, number>>;
}

/** Bytes of rows asked for at a time. */
const QUERY_BYTES = 4 * 1024 * 1024;
const QUERIES_AT_A_TIME = 4;
/**
 * Doubtful rows that are looked into at a time: each time the source is read once more. At first few, since a real
 * difference ends all; then twice as many each time, for where millions of ids occur twice all of these are in doubt.
 */
const DOUBTFUL = 10_000;
const MOST_DOUBTFUL = 160_000;
const NAMED = 10;

/** What a value of unknown length is taken to be. */
const GUESSED_BYTES = 256;

/** A row that is another one in the target, or not there. */
interface Doubt {
  readonly record: PartitionRecord;
  /** As in a sample. */
  readonly key: string;
  readonly want: string;
  /** Hashes of the row that came; undefined: none. */
  readonly got: string | undefined;
}

export async function compareSamples(context: Comparing): Promise<Comparison> {
  await using verdict = openVerdict(context);
  // A strongly consistent query waits for the server's clock, whatever it asks for.
  await forEachConcurrently(samplesTogether(context), QUERIES_AT_A_TIME, ({ record, samples }) =>
    verdict.compare(record, samples),
  );
  // Awaited here: the verdict is closed when this returns.
  return await verdict.end();
}

/**
 * Samples of as many parts as one query takes: of thousands of parts each has few, and each query waits.
 * @yields with the first of the records, which are all of one partition of the target
 */
function* samplesTogether({ run, planned }: Comparing): Generator<{ record: PartitionRecord; samples: Sample[] }> {
  const enough = rowsAtATime(planned.schema);
  const open = new Map<string, { record: PartitionRecord; samples: Sample[] }>();
  for (const record of run.ledger.of(planned.target)) {
    const { targetPartition } = record.planned;
    const together = open.get(targetPartition) ?? { record, samples: [] };
    open.set(targetPartition, together);
    for (const sample of record.part?.samples ?? []) together.samples.push(sample);
    if (together.samples.length < enough) continue;
    open.delete(targetPartition);
    yield together;
  }
  yield* open.values();
}

/**
 * Reads the source (or its dumped files) again and asks for every row, or until rows that differ were found. Errors:
 * E_SOURCE_CHANGED where what is read is not what was moved: it would vouch for a target that was changed alike.
 */
export async function compareAll(context: Comparing): Promise<Comparison> {
  const { run, planned } = context;
  await using verdict = openVerdict(context);
  const { schema } = planned;
  const fields = comparedFields(schema);
  const samplesOf = (batch: Batch): Sample[] => {
    const columns = columnsOf(batch, fields);
    return Array.from({ length: batch.rows }, (_, row) => ({
      key: keyText(schema, batch, row),
      hash: rowHash(fields, columns, row),
    }));
  };
  const enough = rowsAtATime(schema);
  let gone = 0;
  for (const record of run.ledger.of(planned.target))
    if (!verdict.failed()) {
      const same = sameRows(schema, record);
      // Across batches: a source of many small segments has many small batches, and each query waits for the server.
      let gathered: Sample[] = [];
      const compare = async (): Promise<void> => {
        const some = gathered;
        gathered = [];
        if (some.length > 0 && !verdict.failed()) await verdict.compare(record, some);
      };
      await streamRows(run, record, {
        first: 0,
        async consume(batch) {
          same.see(batch);
          if (!verdict.failed()) for (const sample of samplesOf(batch)) gathered.push(sample);
          if (gathered.length >= enough) await compare();
        },
      });
      await compare();
      if (!verdict.failed()) gone += same.check(context);
    }
  // Awaited here: the verdict is closed when this returns.
  const found = await verdict.end();
  if (gone === 0) return found;
  const remark = `${gone} rows are not in the source any more as they were read: compared only where they were moved again`;
  return { ...found, remarks: [...found.remarks, remark], gone };
}

/** Holds the rows of a partition against the checksums of when they were moved. `check` says how many are not there now. */
function sameRows(
  schema: Schema,
  record: PartitionRecord,
): { see(batch: Batch): void; check(context: Comparing): number } {
  const crcs = schema.fields.map((field) => ({ name: field.name, crc: createColumnCrc(field) }));
  let rows = 0;
  // Documents that changed since have left their range then, and are found by another partition.
  let moving = false;
  return {
    see(batch) {
      rows += batch.rows;
      moving ||= batch.withoutSnapshot === true;
      for (const { name, crc } of crcs) crc.add(columnOf(batch, name), batch.rows);
    },
    check({ planned }) {
      const part = wholePart(record);
      const changed = rows > 0 && crcs.some(({ name, crc }) => crc.value() !== part.columnCrc[name]);
      if (moving || part.withoutSnapshot === true || (rows === part.rows && !changed))
        return Math.max(0, part.rows - rows);
      throw new MigrateError('E_SOURCE_CHANGED', 'the source gave other rows when it was read again', {
        at: { collection: planned.target },
        found: `${rows} rows${changed ? ' with other content' : ''}`,
        wanted: `${part.rows} rows as they were moved`,
        hint: 'what was moved can only be compared with the source as it was then; --verify sample needs no source',
      });
    },
  };
}

interface Verdict extends AsyncDisposable {
  compare(record: PartitionRecord, samples: readonly Sample[]): Promise<void>;
  /** Whether a real difference was found. */
  failed(): boolean;
  end(): Promise<Comparison>;
}

/** Gathers doubts and looks into them, so many at a time. */
function openVerdict(context: Comparing): Verdict {
  let [compared, different] = [0, 0];
  let doubts: Doubt[] = [];
  let enough = DOUBTFUL;
  const differences: string[] = [];
  const remarks = new Set<string>();
  // Not the run's own threads: one of them may be waiting for the rows that are compared here.
  let side: Pool | undefined;
  const settle = async (): Promise<void> => {
    const some = doubts;
    doubts = [];
    if (some.length === 0) return;
    enough = Math.min(2 * enough, MOST_DOUBTFUL);
    side ??= context.run.pool.beside(1);
    const readable = isReadable(context.run, context.planned);
    const rows = readable ? await sourceRows(context, some, side) : NOTHING_READ;
    for (const doubt of some) {
      if (isThere(rows.later, doubt, doubt.got)) continue;
      // Both: a source that has the row which came, and not the one which was read, has been changed as the target was.
      const twin = isThere(rows.read, doubt, doubt.got) && isThere(rows.read, doubt, doubt.want);
      const remark = twin
        ? 'some ids occur more than once: of those Milvus returns one row'
        : await uncomparable(context, doubt);
      if (remark === undefined) different++;
      else remarks.add(remark);
      if (remark === undefined && differences.length < NAMED) differences.push(inWords(doubt, context.planned.schema));
    }
  };
  return {
    async compare(record, samples) {
      // The list may be another one after the wait: several are compared at a time.
      const some = await compareSome(context, record, samples);
      // One by one: there may be more of them than a call takes arguments.
      for (const doubt of some) doubts.push(doubt);
      compared += samples.length;
      if (doubts.length >= enough) await settle();
    },
    failed: () => different > 0,
    async end() {
      await settle();
      return { compared, different, differences, remarks: [...remarks] };
    },
    [Symbol.asyncDispose]: async () => side?.[Symbol.asyncDispose](),
  };
}

function inWords({ key, got, want, record }: Doubt, schema: Schema): string {
  const [wanted, found] = [want.split('.'), got?.split('.')];
  const other = comparedFields(schema).filter((_, index) => wanted[index] !== found?.[index]);
  const what = found === undefined ? 'not found' : `another ${other.map(({ name }) => name).join(', ')}`;
  return `id ${key} in partition ${record.planned.targetPartition}: ${what}`;
}

/** How many rows are asked for at a time. */
function rowsAtATime(schema: Schema): number {
  const bytes = schema.fields.reduce((sum, field) => sum + (fixedBytes(field) ?? GUESSED_BYTES), 0);
  return Math.max(1, Math.floor(QUERY_BYTES / bytes));
}

async function compareSome(context: Comparing, record: PartitionRecord, samples: readonly Sample[]): Promise<Doubt[]> {
  const { run, planned, into } = context;
  const step = rowsAtATime(planned.schema);
  const doubts: Doubt[] = [];
  for (let at = 0; at < samples.length; at += step) {
    const some = samples.slice(at, at + step);
    const keys = [...new Set(some.map(({ key }) => key))].map((key) => parseKey(planned.schema, key));
    const rows = await asking(run, () => run.target.rows(into, planned.schema, keys, record.planned.targetPartition));
    for (const { key, hash } of some) {
      const found = rows.get(key);
      const got = found === undefined ? undefined : hashValues(found);
      if (got !== hash) doubts.push({ record, key, want: hash, got });
    }
  }
  return doubts;
}

/**
 * The key 2^63 − 1 is never returned by any query (Milvus 2.3): a count has to do for it. So it has for a key that several
 * rows have, where nobody can say which of them came.
 */
async function uncomparable(
  { run, planned, into, before }: Comparing,
  { record, key }: Doubt,
): Promise<string | undefined> {
  const { targetPartition } = record.planned;
  const parsed = parseKey(planned.schema, key);
  const largest = parsed === 2n ** 63n - 1n;
  const crowded = (before[targetPartition] ?? 0) > 0;
  const unreadable = !isReadable(run, planned);
  if (!largest && !crowded && !unreadable) return undefined;
  const keyField = primaryKeyOf(planned.schema).name;
  const rows = await asking(run, () => run.target.countKeys(into, keyField, [parsed], targetPartition));
  if (largest && rows >= 1n) return `no query returns the id ${key}: it was counted instead`;
  if (unreadable && rows >= 2n)
    return `some ids occur more than once: of those Milvus returns one row, and files of the format ${planned.format} can not be read back to tell which`;
  if (crowded && rows >= 2n) return 'some ids were there before too: of those Milvus returns one row';
  return undefined;
}

/** Rows that the source has under doubtful keys: by partition of the target, key and values. */
interface SourceRows {
  readonly read: Set<string>;
  /** As which rows were changed later. */
  readonly later: Set<string>;
}

const NOTHING_READ: SourceRows = { read: new Set(), later: new Set() };

function isThere(rows: ReadonlySet<string>, { record, key }: Doubt, hash: string | undefined): boolean {
  return hash !== undefined && rows.has(`${record.planned.targetPartition}/${rowName(key, hash)}`);
}

/**
 * Of equal keys a query returns one row, so another vector than the one that was read may be right too: it is, if the
 * source has both under that key, for the same partition, or has it as what the row was changed to later.
 */
async function sourceRows({ run, planned }: Comparing, doubts: readonly Doubt[], pool: Pool): Promise<SourceRows> {
  const rows: SourceRows = { read: new Set(), later: new Set() };
  for (const record of run.ledger.of(planned.target)) {
    if (run.signal.aborted) throw new MigrateError('E_INTERRUPTED', 'interrupted');
    const { targetPartition } = record.planned;
    const here = doubts.filter((doubt) => doubt.record.planned.targetPartition === targetPartition);
    const asked = new Map<string, string[]>();
    for (const { key, want, got } of here)
      if (got !== undefined) asked.set(key, [...(asked.get(key) ?? []), want, got]);
    if (asked.size === 0) continue;
    const hashes = [...asked.values()];
    const keys = keyList([...asked.keys()].map((key) => parseKey(planned.schema, key)));
    const found = await pool.run<'lookup'>({ kind: 'lookup', ...readTask(run, record), keys, hashes });
    const into = record.planned.upsert === true ? rows.later : rows.read;
    for (const { key, hash } of found.matches) into.add(`${targetPartition}/${rowName(key, hash)}`);
  }
  return rows;
}

/** Keys of one type, as a task takes them. */
function keyList(keys: readonly Key[]): BigInt64Array | readonly string[] {
  const numbers = keys.filter((key) => typeof key === 'bigint');
  return numbers.length === keys.length ? BigInt64Array.from(numbers) : keys.map(String);
}
