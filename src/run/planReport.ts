/** What would happen, without anything happening: the plan, both ends, and everything that stands in the way. */
import type { JobConfig } from '../config/job.ts';
import type { Target } from '../core/contracts.ts';
import { type MigrateError, toMigrateError, toPlain } from '../core/errors.ts';
import type { PlanReport } from '../core/plan.ts';
import { openTarget } from '../targets/index.ts';
import { check } from './checks.ts';
import { jobKey, newJobId } from './identity.ts';
import type { RunOptions } from './job.ts';
import { begunCollections, findJob } from './jobs.ts';
import { openOrigin } from './openJob.ts';
import { checkStaging } from './preflight.ts';

/**
 * Throws only what leaves nothing to show (configuration, source); what stands in the way at the target's end is in
 * `obstacles`.
 * @param options `preflight`: also try a zero-row import, which makes and drops a scratch collection
 */
export async function plan(
  config: JobConfig,
  options: RunOptions & { readonly preflight?: boolean } = {},
): Promise<PlanReport> {
  const origin = await openOrigin(config, 'all');
  const jobPlan = await origin.plan();
  const unreachable: MigrateError[] = [];
  const target = await tryTarget(config, options, unreachable);
  try {
    const key = jobKey(config, origin.locator);
    const begun = config.fresh ? new Set<string>() : await begunCollections(config.stateDir, key);
    const found = await check({ config, plan: jobPlan, target, written: 0, begun });
    const obstacles = [...unreachable, ...found.obstacles];
    const readable =
      options.preflight === true && target !== undefined
        ? await tryStaging({ config, options, target, jobPlan, obstacles })
        : undefined;
    return {
      source: { title: origin.title, locator: origin.locator, notes: origin.notes },
      target: found.facts === undefined ? undefined : { ...found.facts, existing: found.existing },
      staging: found.staging === undefined ? undefined : { ...found.staging, readable },
      plan: jobPlan,
      job: await findJob(config.stateDir, key),
      obstacles: obstacles.map(toPlain),
    };
  } finally {
    await target?.[Symbol.asyncDispose]();
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
    await checkStaging({
      jobId: newJobId(),
      files: config.files,
      target,
      planned,
      signal: options.signal ?? new AbortController().signal,
    });
    return true;
  } catch (thrown) {
    obstacles.push(toMigrateError(thrown));
    return false;
  }
}
