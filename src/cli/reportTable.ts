/** The end of a run as a table and the sentences that go with it. */
import type { CheckResult, CollectionReport, Report } from '../core/report.ts';
import { count, counted, duration, rate } from './numbers.ts';
import { STAGE_ORDER } from './progressModel.ts';
import { reportSentences } from './reportSentences.ts';
import type { Look, Style } from './style.ts';
import { labelled, tableLines } from './table.ts';

const COLUMNS = [
  { title: 'collection', align: 'left' },
  { title: 'read', align: 'right' },
  { title: 'deleted', align: 'right' },
  { title: 'duplicates', align: 'right' },
  { title: 'filtered', align: 'right' },
  { title: 'rejected', align: 'right' },
  { title: 'loaded', align: 'right' },
  { title: 'verified', align: 'left', sinks: true },
  { title: 'time', align: 'right' },
] as const;

/**
 * @param reportFile where the report was written, if it was
 * @param resume the command that goes on with the job
 */
export function reportTable(
  report: Report,
  look: Look,
  {
    reportFile,
    resume = `milvus-migrate jobs resume ${report.job}`,
  }: { reportFile?: string | undefined; resume?: string | undefined } = {},
): string[] {
  const { collections } = report;
  const dropped = collections.some((each) => each.dropped > 0);
  const filtered = collections.some((each) => each.filtered > 0);
  const rows = collections.map((each) => [
    each.collection,
    count(each.read),
    count(each.deleted),
    dropped ? count(each.dropped) : '',
    filtered ? count(each.filtered) : '',
    count(each.rejected),
    each.outcome === 'dumped' ? '' : count(each.loaded),
    verifiedText(each, look.style),
    duration(Object.values(each.ms).reduce((sum, ms) => sum + ms, 0)),
  ]);
  const table = collections.length === 0 ? [] : [...tableLines(COLUMNS, rows, look.width), ''];
  // A command is there to be copied: it is never broken.
  const sentences = reportSentences(report, resume).flatMap((text) =>
    text.endsWith(resume) ? [text] : labelled('', text, { indent: 0, width: look.width }),
  );
  return [...table, ...sentences, ...stageLine(report), lastLine(report, reportFile)];
}

function verifiedText({ verify, outcome }: CollectionReport, style: Style): string {
  if (outcome === 'dumped') return '';
  if (outcome === 'left') return 'left as it was';
  if (outcome === 'withheld') return style.warn('not loaded');
  const parts = [
    ...check('count', verify.count, style),
    ...check(verify.sampled === 0 ? 'samples' : counted(verify.sampled, 'sample'), verify.samples, style),
  ];
  return parts.length === 0 ? 'not verified' : parts.join('  ');
}

function check(name: string, result: CheckResult, style: Style): string[] {
  if (result === 'skipped') return [];
  return [`${name} ${result === 'ok' ? style.good('✔') : style.bad('✘')}`];
}

/** Wall time of this run; the stages overlap, so they add up to more than it took. */
function stageLine({ ms, bytesPerSecond, threads }: Report): string[] {
  const parts = STAGE_ORDER.flatMap((stage) => {
    const took = ms[stage];
    if (took === undefined) return [];
    const speed =
      stage === 'dump' && bytesPerSecond > 0 ? ` (${rate(bytesPerSecond)}, ${counted(threads, 'thread')})` : '';
    return [`${stage} ${duration(took)}${speed}`];
  });
  return parts.length === 0 ? [] : [`This run: ${parts.join(', ')}.`];
}

function lastLine({ job, exitCode }: Report, reportFile: string | undefined): string {
  return `Job ${job}${reportFile === undefined ? '' : `, report: ${reportFile}`}. Exit code ${exitCode}.`;
}
