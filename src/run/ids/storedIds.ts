/** Scans the ids of collections whose source stores them: once a job, or for a plan that is asked to. */

import * as fs from 'node:fs';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobConfig } from '../../config/job.ts';
import type { Partition, ReaderConfig } from '../../core/contracts.ts';
import { makeFolders } from '../../core/folders.ts';
import type { JobPlan, PlannedCollection } from '../../core/plan.ts';
import { readTask } from '../read/rowStream.ts';
import type { RunContext } from '../shared/context.ts';
import { fittingName } from '../shared/names.ts';
import { isReadable, isSearched, plannedSchemas, schemasOf } from '../shared/plannedSchemas.ts';
import type { Pool } from '../threads/pool.ts';
import { allMarked } from './idMarks.ts';
import { type IdScan, NOTHING, scanIds, tellIds } from './scanIds.ts';

/**
 * Warns of what it finds, in every run of the job, when the rows have passed. Collections whose duplicates are searched
 * anyway are left out.
 */
export async function scanStoredIds(run: RunContext): Promise<void> {
  for (const planned of run.collections) {
    const { target, storedIds } = planned;
    // What can't be read back was looked at when it was dumped.
    if (storedIds !== true || isSearched(run, target) || !isReadable(run, planned)) continue;
    const done = scanFile(run.jobDir, target);
    const found = existsSync(done) ? readScan(done) : await scanOnce(run, target, done);
    const told = tellIds(found);
    if (told !== undefined) run.warn(`${target}: ${told}`);
  }
}

/** Of the rows that were planned, how many ids occur more than once, as far as it was looked at. */
export function repeatedIds({ jobDir }: Pick<RunContext, 'jobDir'>, target: string): number {
  const done = scanFile(jobDir, target);
  return existsSync(done) ? readScan(done).repeated : 0;
}

/** The same of rows as the source has them now: of all of a collection, or of none. */
export async function repeatedAmong(
  run: RunContext,
  target: string,
  partitions: readonly Partition[],
): Promise<number> {
  if (partitions.length === 0) return 0;
  const { reader, pool, signal } = run;
  const schemas = schemasOf(run, target);
  const tasks = partitions.map((partition) => ({ reader, partition, ...schemas, ...AS_IT_IS }));
  return (await scanIds({ pool, tasks, dir: join(run.jobDir, 'ids'), signal })).repeated;
}

const AS_IT_IS = { droppedFile: undefined, rejectNonFinite: false } as const;

const UNFINISHED = '.new';

function scanFile(jobDir: string, target: string): string {
  return join(jobDir, `${fittingName(`ids-${target}`, `.json${UNFINISHED}`)}.json`);
}

function readScan(file: string): IdScan {
  return JSON.parse(readFileSync(file, 'utf8')) as IdScan;
}

async function scanOnce(run: RunContext, target: string, done: string): Promise<IdScan> {
  // What is upserted has the ids of rows that were there before.
  const planned = run.ledger.of(target).filter((record) => record.planned.upsert !== true);
  const tasks = planned.map((record) => readTask(run, record));
  const found = allMarked(run, target)
    ? NOTHING
    : await scanIds({ pool: run.pool, tasks, dir: join(run.jobDir, 'ids'), signal: run.signal });
  // Whole or absent: a run that was killed scans again.
  fs.writeFileSync(`${done}${UNFINISHED}`, JSON.stringify(found));
  fs.renameSync(`${done}${UNFINISHED}`, done);
  return found;
}

export interface PlanScan {
  readonly config: JobConfig;
  readonly plan: JobPlan;
  readonly reader: ReaderConfig;
  readonly pool: Pool;
  readonly signal: AbortSignal;
}

/** The plan with a note on every collection whose ids are stored. */
export async function scanPlannedIds({ config, plan, reader, pool, signal }: PlanScan): Promise<JobPlan> {
  const collections: PlannedCollection[] = [];
  for (const planned of plan.collections) {
    if (planned.storedIds !== true || !isReadable({ reader }, planned)) {
      collections.push(planned);
      continue;
    }
    makeFolders(config.stateDir);
    const tasks = plan.partitions
      .filter(({ collection }) => collection === planned.target)
      .map(({ partition }) => ({
        reader,
        partition,
        ...plannedSchemas(planned, reader),
        ...AS_IT_IS,
      }));
    const found = await scanIds({ pool, tasks, dir: mkdtempSync(join(config.stateDir, 'scan-')), signal });
    const text = tellIds(found) ?? 'ids: each occurs once, none is negative';
    collections.push({ ...planned, notes: [...planned.notes, { kind: 'info', text }] });
  }
  return { ...plan, collections };
}
