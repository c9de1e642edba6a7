/**
 * The order of the stages: duplicates → what an earlier run left behind → dump, or everything else (`runJob.ts`).
 *
 * What a dump alone does not need is loaded when it is called: each module costs every start half a millisecond.
 */
import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { JobStages } from '../config/job.ts';
import { MigrateError } from '../core/errors.ts';
import { dumpStage } from './dump/dumpStage.ts';
import { writeMeta } from './dump/exportMeta.ts';
import { writeManifest } from './dump/manifest.ts';
import type { RunContext } from './shared/context.ts';
import type { Ledger } from './shared/ledger.ts';
import { fittingName } from './shared/names.ts';
import { isSearched } from './shared/plannedSchemas.ts';

export interface Running extends RunContext {
  readonly sourceTitle: string;
}

export async function runStages(running: Running, stages: JobStages): Promise<void> {
  const { target, config, collections } = running;
  const looks = stages !== 'verify' && collections.some(({ storedIds }) => storedIds === true);
  const run = looks ? { ...running, marks: (await import('./ids/idMarks.ts')).beginMarks(running) } : running;
  await searchDuplicates(run);
  if (config.rejectFile !== undefined) await (await import('./dump/lostRejects.ts')).recoverRejects(run);
  if (stages === 'dump' || target === undefined) return dumpOnly(run);
  await (await import('./runJob.ts')).runTarget({ ...run, target }, stages);
}

async function dumpOnly(run: Running): Promise<void> {
  await dumpStage(run, () => undefined);
  if (run.ledger.partitions().some(({ part }) => part?.withoutSnapshot === true))
    await (await import('./lateChanges.ts')).refuseMissedChanges(run);
  await keepManifest(run);
  await lookAtIds(run);
  // Where there is a target, loading and verifying may read the rows again, as they were.
  if (run.config.target === undefined) await letGoOfSource(run);
}

/** What was upserted is in no file, and of rows that changed the files would have neither the old one nor the new. */
export function refuseCaughtUp(ledger: Ledger): void {
  const upserts = ledger.partitions().filter(({ planned }) => planned.upsert === true);
  const [first] = upserts;
  if (first === undefined) return;
  const rows = upserts.reduce((sum, { planned }) => sum + planned.partition.rows, 0);
  throw new MigrateError('E_USAGE', 'a job that has caught up with its source can not be dumped', {
    at: { collection: first.planned.collection },
    found: `${rows} rows that changed or were added since it was planned: they are upserted into Milvus, and not written to files`,
    hint: 'dump the source by a job of its own (without --to, and with another --out), or start this job over with --fresh',
  });
}

/** What was held open at the source for reading the rows ends: nobody reads them again. */
export async function letGoOfSource({ config, ledger, reader }: Running): Promise<void> {
  if (reader.kind === 'dumped') return;
  const partitions = ledger.partitions().map(({ planned }) => planned.partition);
  await (await import('../sources/index.ts')).letGo(config.source, partitions);
}

/**
 * Ids that somebody stored, of which some may occur twice: told when the rows have passed, for then it costs least, and
 * when the manifest is kept, for it may have to read the source again, which may have gone meanwhile.
 */
export async function lookAtIds(run: Running): Promise<void> {
  if (run.marks !== undefined) await (await import('./ids/storedIds.ts')).scanStoredIds(run);
}

/** @param isWhole whether the files of a collection are all of it */
export async function keepManifest(run: Running, isWhole: (collection: string) => boolean = () => true): Promise<void> {
  const { files, openStore, ledger, collections, sourceTitle, config, reader } = run;
  // A dumped folder that is loaded has its manifest already.
  if (files === undefined || reader.kind === 'dumped') return;
  const whole = collections.filter(({ target }) => isWhole(target));
  await writeManifest(files.store, ledger, { source: sourceTitle, collections: whole });
  // The old tool's scripts look for a meta.json beside the tables; where these go again, nobody does.
  if (config.files?.oldLayout === true && config.source.kind === 'milvus1x' && config.files.keep)
    await writeMeta(config, files.store, openStore);
}

/** Before any row is moved: ids that more than one of the merged collections holds. Once a job. */
async function searchDuplicates(run: Running): Promise<void> {
  for (const { target } of run.collections) {
    const done = join(run.jobDir, fittingName(`searched-${target}`));
    if (!isSearched(run, target) || existsSync(done)) continue;
    const { findDuplicates } = await import('./ids/duplicates.ts');
    const { keys, dropped } = await findDuplicates(run, target);
    if (keys > 0)
      run.warn(
        `${target}: ${keys} ids occur in more than one input; ${dropped} rows are left out (--on-duplicate first)`,
      );
    recordDone(done);
  }
}

function recordDone(file: string): void {
  const fd = openSync(file, 'w');
  fsyncSync(fd);
  closeSync(fd);
}
