/** Job ids on the command line: the first characters do, where they are one job's. */
import { MigrateError } from '../core/errors.ts';
import type { JobSummary } from './engine.ts';

/** @throws MigrateError E_UNKNOWN_JOB where none or several begin with it */
export function findJob(jobs: readonly JobSummary[], typed: string): JobSummary {
  const start = typed.replace(/…$/, '');
  const exact = jobs.find((job) => job.id === start);
  if (exact !== undefined) return exact;
  const matches = start === '' ? [] : jobs.filter((job) => job.id.startsWith(start));
  if (matches.length === 1) return matches[0]!;
  if (matches.length > 1) {
    throw new MigrateError('E_UNKNOWN_JOB', 'several jobs begin with this', {
      found: matches.map((job) => job.id).join(', '),
      wanted: 'as many characters as tell them apart',
    });
  }
  throw new MigrateError('E_UNKNOWN_JOB', 'there is no such job', {
    found: typed,
    wanted:
      jobs.length === 0 ? 'no job is recorded here; see --state' : `one of ${jobs.map((job) => job.id).join(', ')}`,
  });
}

/** The shortest beginnings, of at least four characters, that tell all jobs apart. */
export function shortIds(jobs: readonly JobSummary[]): string[] {
  const longest = Math.max(4, ...jobs.map((job) => job.id.length));
  for (let length = 4; length < longest; length++) {
    const short = jobs.map((job) => job.id.slice(0, length));
    if (new Set(short).size === jobs.length) return short;
  }
  return jobs.map((job) => job.id);
}
