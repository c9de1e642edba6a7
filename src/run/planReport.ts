/** What would happen, without anything happening: the plan, both ends, and everything that stands in the way. */
import { checkConfig } from '../config/checkConfig.ts';
import type { JobConfig } from '../config/job.ts';
import type { Target } from '../core/contracts.ts';
import { type MigrateError, toMigrateError, toPlain } from '../core/errors.ts';
import { stopPausesWith } from '../core/pause.ts';
import type { JobPlan, PlanReport } from '../core/plan.ts';
import { openTarget } from '../targets/index.ts';
import { scanPlannedDocuments } from './ids/scanDocuments.ts';
import { scanPlannedIds } from './ids/storedIds.ts';
import type { RunOptions } from './job.ts';
import { begunCollections, findJob } from './jobs.ts';
import { checkStaging } from './load/preflight.ts';
import { openOrigin } from './openJob.ts';
import { filesStore } from './places/layout.ts';
import { storeOpener } from './places/openStores.ts';
import { recordNothing } from './places/uploads.ts';
import { check } from './plan/checks.ts';
import { jobKey, newJobId } from './plan/identity.ts';
import type { Origin } from './plan/origin.ts';
import { listenForAgain } from './progress/again.ts';
import { guardListener } from './progress/listener.ts';
import { createWarnings } from './progress/warnings.ts';
import { openPool } from './threads/pool.ts';
import { workerStart } from './threads/workerStart.ts';

/**
 * Throws only what leaves nothing to show (configuration, source); what stands in the way at the target's end is in
 * `obstacles`.
 * @param options `preflight`: also try a zero-row import, which makes and drops a scratch collection; `scan`: look
 *   through all ids that the source stores
 */
export async function plan(
  config: JobConfig,
  options: RunOptions & { readonly preflight?: boolean; readonly scan?: boolean } = {},
): Promise<PlanReport> {
  checkConfig(config);
  const listener = guardListener(options.onProgress);
  let heard: { readonly error: unknown } | undefined;
  listener.onFailure((error) => {
    heard = { error };
  });
  using _again = listenForAgain(createWarnings(listener.tell).warn);
  const { signal } = options;
  await using origin = await stopPausesWith(signal, () => openOrigin(config, 'all'));
  const unreachable: MigrateError[] = [];
  const target = await tryTarget(config, options, unreachable);
  try {
    // What the target can't tell stands among the obstacles.
    const facts = await target?.facts().catch(() => undefined);
    const planned = await stopPausesWith(signal, () => origin.plan(facts));
    const jobPlan = options.scan === true ? await scanned(config, { origin, planned }, options) : planned;
    const key = jobKey(config, origin.locator);
    const begun = config.fresh ? new Set<string>() : await stopPausesWith(signal, () => begunCollections(config, key));
    const openStore = storeOpener(config);
    const found = await check({ config, plan: jobPlan, openStore, target, written: 0, begun, mayFlush: false });
    const obstacles = [...unreachable, ...found.obstacles];
    const stopWhereHeard = (): void => {
      if (heard !== undefined) throw heard.error;
    };
    stopWhereHeard();
    const readable =
      options.preflight === true && target !== undefined
        ? await tryStaging({ config, options, target, jobPlan, obstacles })
        : undefined;
    const job = await stopPausesWith(signal, () => findJob(config, key));
    stopWhereHeard();
    return {
      source: { title: origin.title, locator: origin.locator, notes: origin.notes },
      target: found.facts === undefined ? undefined : { ...found.facts, existing: found.existing },
      staging: found.staging === undefined ? undefined : { ...found.staging, readable },
      plan: jobPlan,
      job,
      obstacles: obstacles.map(toPlain),
    };
  } finally {
    await target?.[Symbol.asyncDispose]();
  }
}

async function scanned(
  config: JobConfig,
  { origin, planned }: { origin: Origin; planned: JobPlan },
  { signal }: RunOptions,
): Promise<JobPlan> {
  await using pool = openPool(config.threads, workerStart(config, 'dump'));
  const running = signal ?? new AbortController().signal;
  running.addEventListener('abort', pool.abort, { once: true });
  // While the source was planned: nobody would hear of that any more.
  if (running.aborted) pool.abort();
  try {
    const plan = await scanPlannedIds({ config, plan: planned, reader: origin.reader, pool, signal: running });
    return await scanPlannedDocuments({ config, plan, reader: origin.reader, pool });
  } finally {
    running.removeEventListener('abort', pool.abort);
  }
}

async function tryTarget(
  config: JobConfig,
  { signal }: RunOptions,
  unreachable: MigrateError[],
): Promise<Target | undefined> {
  if (config.target === undefined) return undefined;
  try {
    return await openTarget('milvus', config.target, signal === undefined ? {} : { signal });
  } catch (thrown) {
    unreachable.push(toMigrateError(thrown));
    return undefined;
  }
}

interface Trying {
  readonly config: JobConfig;
  readonly options: RunOptions;
  readonly target: Target;
  readonly jobPlan: PlanReport['plan'];
  readonly obstacles: MigrateError[];
}

async function tryStaging({ config, options, target, jobPlan, obstacles }: Trying): Promise<boolean | undefined> {
  const planned = jobPlan.collections[0];
  if (config.files === undefined || planned === undefined || !(await target.facts()).bulkInsert) return undefined;
  try {
    await using store = await storeOpener(config)(filesStore(config.files));
    await checkStaging({
      jobId: newJobId(),
      files: config.files,
      store,
      // There is no job whose journal it could stand in; the files are of a few bytes, and removed at once.
      record: recordNothing,
      target,
      planned,
      dumped: config.source.kind === 'dumped',
      signal: options.signal ?? new AbortController().signal,
    });
    return true;
  } catch (thrown) {
    obstacles.push(toMigrateError(thrown));
    return false;
  }
}
