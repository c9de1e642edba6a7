/** The sentences under a report's table: everything that is not as plain as «all arrived», and then what is. */
import type { CollectionReport, Report } from '../core/report.ts';
import { count, counted } from './numbers.ts';

/** @param resume the command that goes on with the job */
export function reportSentences(report: Report, resume: string): string[] {
  const { collections, error } = report;
  return [
    ...collections.flatMap((each) => aboutCollection(each, report)),
    ...report.warnings.map((text) => `Warning: ${text}`),
    ...(error === undefined ? conclusion(report) : goOn(report, resume)),
  ];
}

function aboutCollection(each: CollectionReport, report: Report): string[] {
  return [
    ...rejects(each, report.rejectFile),
    ...keptByIds(each),
    ...withheld(each),
    ...changes(each),
    ...each.skipped.map((segment) => {
      const rows = segment.rows === undefined ? 'rows not known' : counted(segment.rows, 'row');
      return `Segment ${segment.segment} of ${each.collection} was skipped (${rows}): ${segment.reason}.`;
    }),
    ...(each.outcome === 'left' ? [`${each.collection} was there already and was left as it is (--mode skip).`] : []),
    ...each.notes.filter((note) => note.kind === 'lossy').map((note) => `${each.collection}: ${note.text}.`),
    ...differences(each),
    ...(each.verify.remark === '' ? [] : [`${each.collection}: ${each.verify.remark}.`]),
  ];
}

function rejects(each: CollectionReport, file: string | undefined): string[] {
  const { rejected, collection, firstNonFinite } = each;
  if (rejected === 0) return [];
  const where = file === undefined ? '' : `: ${file}`;
  const [first] = firstNonFinite;
  const why = first?.reason === undefined ? 'NaN or infinity' : `the first: id ${first.key}: ${first.reason}`;
  return [`${counted(rejected, 'row')} of ${collection} ${were(rejected)} rejected (${why})${where}.`];
}

/** Which of several rows is kept is settled before any is looked at further: what becomes of that one is not known then. */
function keptByIds({ dropped, rejected, filtered, collection }: CollectionReport): string[] {
  if (dropped === 0 || rejected + filtered === 0) return [];
  return [
    `${collection}: rows that were left out as duplicates may have had the ids of rows that were rejected or filtered: --on-duplicate first goes by ids alone.`,
  ];
}

/** What of the values is not as it was sent. */
function changes({ changes: counts, collection }: CollectionReport): string[] {
  return Object.entries(counts).map(([what, times]) => `${collection}: ${what}: ${counted(times, 'value')}.`);
}

function withheld({ outcome, nonFinite, refused, firstNonFinite, collection }: CollectionReport): string[] {
  if (nonFinite === 0) return [];
  const first = firstNonFinite
    .slice(0, 3)
    .map(
      ({ key, segment, reason }) =>
        `id ${key} in ${reason === undefined ? `segment ${segment}` : `${segment}: ${reason}`}`,
    );
  const which = first.length === 0 ? '' : `, the first: ${first.join('; ')}`;
  const documents = firstNonFinite.some(({ reason }) => reason !== undefined);
  const what = documents
    ? 'can not be rows there'
    : `${nonFinite === 1 ? 'holds' : 'hold'} NaN or infinity, which Milvus 2.x refuses`;
  const why = `${counted(nonFinite, 'row')} of ${collection} ${what}${which}.`;
  if (outcome === 'dumped' && refused > 0)
    return [`${why} They are in no file; with --reject-file FILE they go there.`];
  if (outcome !== 'withheld') return [why];
  return [`${why} ${collection} was not loaded; with --reject-file FILE such rows go there and the rest is loaded.`];
}

function differences({ verify, collection }: CollectionReport): string[] {
  const counts =
    verify.count === 'failed' && verify.wanted !== ''
      ? [`${collection}: ${count(verify.wanted)} rows wanted, ${count(verify.found)} found.`]
      : [];
  return [...counts, ...verify.differences.map((text) => `${collection}: ${text}.`)];
}

function conclusion({ collections, output, exitCode }: Report): string[] {
  if (collections.length === 0) return ['There was nothing to move.'];
  const files = output === undefined ? [] : [`Files: ${output}.`];
  const loaded = collections.filter((each) => each.outcome === 'loaded');
  const incomplete = exitCode !== 0 || collections.some(({ outcome }) => outcome === 'left' || outcome === 'withheld');
  const subject = incomplete ? 'Everything else' : 'Everything';
  if (collections.some((each) => each.outcome === 'failed')) return files;
  if (collections.every((each) => each.outcome === 'dumped')) return [`${subject} was written and checked.`, ...files];
  if (loaded.length === 0) return files;
  return [`${subject} arrived${proof(loaded)}.`, ...files];
}

function proof(loaded: readonly CollectionReport[]): string {
  if (loaded.every(({ verify }) => verify.samples === 'ok' && verify.count === 'ok'))
    return ` and was verified${exceptGone(loaded)}`;
  if (loaded.every(({ verify }) => verify.count === 'ok')) {
    const unseen = loaded.filter(({ verify }) => verify.samples !== 'ok').length;
    return `; the counts were verified, the values of ${counted(unseen, 'collection')} were not`;
  }
  return '; not all of it was verified';
}

function exceptGone(loaded: readonly CollectionReport[]): string {
  const gone = loaded.reduce((sum, { verify }) => sum + (verify.gone ?? 0), 0);
  if (gone === 0) return '';
  const which =
    gone === 1
      ? 'that is not in the source any more as it was read'
      : 'that are not in the source any more as they were read';
  return `, but for ${counted(gone, 'row')} ${which}`;
}

/** Going on would only find the same again: the differences, or the error with what to do, are all there is to say. */
const NOT_RESUMED: readonly string[] = ['E_VERIFY', 'E_COLLECTION_REPLACED', 'E_LOAD_IN_DOUBT'];

function goOn({ error }: Report, resume: string): string[] {
  if (error !== undefined && NOT_RESUMED.includes(error.code)) return [];
  const head =
    error?.code === 'E_INTERRUPTED' ? 'Interrupted; what is done is kept.' : 'Not finished; what is done is kept.';
  return [head, `Go on with: ${resume}`];
}

function were(rows: number): string {
  return rows === 1 ? 'was' : 'were';
}
