/** What follows from an old server's unflushed rows: a refusal, or notes where the user said to go on. */
import type { Note, SkippedSegment } from '../../core/contracts.ts';
import { MigrateError, messageOf } from '../../core/errors.ts';
import type { Milvus1xModel } from '../../formats/milvus1x/model.ts';
import { grouped } from '../../formats/milvus1x/quantity.ts';
import type { SourceFolder } from './fileRead.ts';
import { readUnflushed, type Unflushed, type WalReport } from './unflushed.ts';

export interface WalNotes {
  readonly source: readonly Note[];
  /** What is left out of a collection for that: counted in the report, so that it can not pass for complete. */
  readonly skipped: ReadonlyMap<string, readonly SkippedSegment[]>;
}

export interface WalOptions {
  /** Opens each folder where one may be; the usual one first. */
  readonly logs: readonly (() => Promise<SourceFolder>)[];
  readonly ignoreUnflushed: boolean;
  /** Names of the collections that are moved: others do not matter. */
  readonly chosen: readonly string[];
}

/** Errors: E_UNFLUSHED with the counts per collection, E_WAL; neither with `ignoreUnflushed`. */
export async function checkUnflushed(
  model: Milvus1xModel,
  { logs, ignoreUnflushed, chosen }: WalOptions,
): Promise<WalNotes> {
  const report = await readReports(model, logs, ignoreUnflushed);
  if (report.kind === 'broken') {
    const lost = { milvusPartition: '', segment: LOG, rows: undefined, reason: report.text };
    return { source: [{ kind: 'lossy', text: report.text }], skipped: new Map(chosen.map((name) => [name, [lost]])) };
  }
  if (report.kind === 'unknown') {
    const kind = report.rows ? 'warning' : 'info';
    return { source: [{ kind, text: report.text }], skipped: new Map() };
  }
  const unflushed = report.unflushed.filter(({ collection }) => chosen.includes(collection));
  if (unflushed.length === 0) return { source: [], skipped: new Map() };
  const counts = unflushed.map(describe).join('; ');
  if (!ignoreUnflushed)
    throw new MigrateError('E_UNFLUSHED', 'the old server has rows or deletes that are in no segment yet', {
      at: { file: report.where },
      found: counts,
      wanted: 'nothing unflushed in the write-ahead log',
      hint: 'start the old Milvus once more, call flush on these collections, and stop it cleanly; or --ignore-unflushed to go on without them',
    });
  const skipped = new Map<string, SkippedSegment[]>();
  for (const entry of unflushed) {
    const lost = { milvusPartition: entry.tag, segment: LOG, rows: entry.inserts, reason: leftOut(describe(entry)) };
    skipped.set(entry.collection, [...(skipped.get(entry.collection) ?? []), lost]);
  }
  return { source: [{ kind: 'lossy', text: leftOut(counts) }], skipped };
}

type Report = (WalReport | { readonly kind: 'broken'; readonly text: string }) & { readonly where: string };

/** The log with the most to say: copies of one say the same, or less. */
async function readReports(model: Milvus1xModel, logs: WalOptions['logs'], ignore: boolean): Promise<Report> {
  const reports: Report[] = [];
  for (const open of logs) {
    await using wal = await open();
    reports.push({ ...(await readReport(model, wal, ignore)), where: wal.store.describe('') });
  }
  // Sorting is stable: of equal ones the usual place comes first.
  const [most] = reports.sort((a, b) => weightOf(b) - weightOf(a));
  if (most === undefined) throw new TypeError('a source without a place for its log');
  return most;
}

function weightOf(report: Report): number {
  switch (report.kind) {
    case 'read':
      return report.unflushed.reduce((sum, { inserts, deletes }) => sum + inserts + deletes, 1);
    case 'broken':
      return Number.MAX_SAFE_INTEGER;
    case 'unknown':
      return report.rows ? 0.5 : 0;
  }
}

async function readReport(
  model: Milvus1xModel,
  wal: SourceFolder,
  ignore: boolean,
): Promise<WalReport | { readonly kind: 'broken'; readonly text: string }> {
  try {
    return await readUnflushed(model, wal);
  } catch (thrown) {
    if (!ignore || !(thrown instanceof MigrateError) || thrown.code !== 'E_WAL') throw thrown;
    const { at, found } = thrown;
    return {
      kind: 'broken',
      text: `left out (--ignore-unflushed): ${messageOf(thrown)} (${at.file ?? wal.store.describe('')}: ${found ?? 'unreadable'})`,
    };
  }
}

/** Stands in the report in the place of a segment. */
const LOG = 'write-ahead log';

function leftOut(counts: string): string {
  return `left out, only in the write-ahead log (--ignore-unflushed): ${counts}`;
}

function describe({ collection, tag, inserts, deletes }: Unflushed): string {
  const parts = [
    inserts > 0 ? `${grouped(inserts)} rows inserted` : '',
    deletes > 0 ? `${grouped(deletes)} rows deleted` : '',
  ];
  return `${collection}${tag === '' ? '' : `/${tag}`}: ${parts.filter(Boolean).join(', ')}`;
}
