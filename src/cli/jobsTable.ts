/** Recorded jobs as a table, and one of them in full. */

import type { JobDetails, JobSummary } from './engine.ts';
import { errorBlock } from './errorBlock.ts';
import { shortIds } from './jobId.ts';
import { ago, bytes, count, percent } from './numbers.ts';
import { vectorText } from './planTable.ts';
import { reportTable } from './reportTable.ts';
import type { Look } from './style.ts';
import { labelled, tableLines } from './table.ts';

const COLUMNS = [
  { title: 'id', align: 'left' },
  { title: 'source', align: 'left', sinks: true },
  { title: 'target', align: 'left', sinks: true },
  { title: 'state', align: 'left' },
  { title: 'progress', align: 'right' },
  { title: 'updated', align: 'left' },
  { title: '', align: 'left', sinks: true },
] as const;

/**
 * The command at a row's end is there to be copied: it is never broken.
 * @param now milliseconds since 1970
 * @param width of the terminal; elsewhere each job is one line, whatever its length
 */
export function jobsTable(jobs: readonly JobSummary[], now: number, width = Number.POSITIVE_INFINITY): string[] {
  if (jobs.length === 0) return ['No jobs.'];
  const short = shortIds(jobs);
  const rows = jobs.map((job, index) => [
    short[index]! + (short[index] === job.id ? '' : '…'),
    job.source,
    job.target,
    job.state,
    percent(job.progress),
    ago(now - Date.parse(job.updatedAt)),
    job.resume === undefined ? '' : `resume: ${job.resume.replace(job.id, short[index]!)}`,
  ]);
  return tableLines(COLUMNS, rows, width);
}

const INDENT = 9;

const PLAN_COLUMNS = [
  { title: 'collection', align: 'left' },
  { title: '→ target', align: 'left' },
  { title: 'vectors', align: 'left', sinks: true },
  { title: 'rows', align: 'right' },
  { title: 'deleted', align: 'right' },
  { title: 'bytes', align: 'right' },
  { title: 'parts', align: 'right' },
] as const;

export function jobDetails(job: JobDetails, look: Look): string[] {
  const line = (label: string, text: string): string[] => labelled(label, text, { indent: INDENT, width: look.width });
  const rows = job.plan.collections.map((each) => [
    each.datasets.join(' + '),
    `→ ${each.target}`,
    vectorText(each.schema, each.preferredMetric),
    count(each.rows),
    count(each.deleted),
    bytes(each.bytes),
    count(each.parts),
  ]);
  return [
    ...line('Job', job.id),
    ...line('Source', job.source),
    ...line('Target', job.target),
    ...line('State', `${job.state}, ${percent(job.progress)}`),
    ...line('Made', job.createdAt),
    ...line('Updated', job.updatedAt),
    ...(job.resume === undefined ? [] : line('Resume', job.resume)),
    ...(rows.length === 0 ? [] : ['', ...tableLines(PLAN_COLUMNS, rows, look.width)]),
    ...(job.report === undefined ? [] : ['', ...reportTable(job.report, look, { resume: job.resume })]),
    ...(job.error === undefined ? [] : ['', ...errorBlock(job.error, look, false)]),
  ];
}
