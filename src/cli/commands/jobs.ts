/** `jobs`: what happened, what can go on. */
import { stateOf } from '../../config/defaults.ts';
import { ERROR_EXIT, EXIT, type PlainError, toPlain } from '../../core/errors.ts';
import { isOver, keepsFiles, mayHoldSource } from '../../core/jobState.ts';
import { nearestWord } from '../../core/nearest.ts';
import type { CommandContext, CommandEnd } from '../command.ts';
import type { CleanedJob, JobStore, JobSummary, StatePlace } from '../engine.ts';
import { publicError } from '../errorBlock.ts';
import type { FlagName } from '../flags.ts';
import { stateFlag } from '../jobFlags.ts';
import { findJob } from '../jobId.ts';
import { jobDetails, jobsTable } from '../jobsTable.ts';
import { LOGIN_FLAGS } from '../kindFlags.ts';
import { counted } from '../numbers.ts';
import type { RawArgs } from '../rawArgs.ts';
import { outputFrom } from '../resolve.ts';
import { elasticCredentials, filesCredentials, resumedConfig } from '../resumeJob.ts';
import { runJob } from '../runJob.ts';
import { printJson, printLines, stdoutLook } from '../terminal.ts';
import { usageError } from '../usage.ts';

interface Call {
  readonly context: CommandContext;
  readonly store: JobStore;
  readonly place: StatePlace;
}

/** Flags that an action has a use for, besides those that all have. */
const USED: Readonly<Record<string, readonly FlagName[]>> = {
  list: [],
  show: [],
  clean: ['config'],
  forget: ['config', ...LOGIN_FLAGS],
};
const USED_BY_ALL: readonly FlagName[] = ['state', 'json', 'log-format', 'debug'];

const ACTIONS = { list, show: withId(show), resume: withId(resume), clean, forget: withId(forget) } as const;

export async function runCommand(context: CommandContext): Promise<CommandEnd> {
  const { line, terminal, engine } = context;
  const [action = 'list'] = line.args;
  if (!Object.hasOwn(ACTIONS, action)) {
    const near = nearestWord(action, Object.keys(ACTIONS));
    throw usageError('jobs', 'jobs does not know this word', {
      found: action,
      wanted: near ?? 'list, show ID, resume ID, clean [ID] or forget ID',
    });
  }
  refuseUnused(action, line.raw);
  const place = stateFlag(stateOf(terminal.env, terminal.cwd), line.raw, terminal.cwd);
  return ACTIONS[action as keyof typeof ACTIONS]({ context, place, store: await engine.jobs() });
}

/** `jobs resume` has a use for all of them. */
function refuseUnused(action: string, raw: RawArgs): void {
  const used = USED[action];
  const unused = [...raw.given].find(([name]) => used?.concat(USED_BY_ALL).includes(name as FlagName) === false);
  if (unused === undefined) return;
  throw usageError('jobs', `jobs ${action} has no use for ${unused[1]}`, { hint: `milvus-migrate jobs ${action}` });
}

async function list({ context, store, place }: Call): Promise<CommandEnd> {
  const { line, terminal } = context;
  if (line.args.length > 1) throw usageError('jobs', 'jobs list takes no id', { found: line.args[1]! });
  const jobs = await store.listJobs(place);
  if (line.raw.has('json')) printJson(terminal.stdout, jobs.map(publicJob));
  else
    printLines(
      terminal.stdout,
      jobsTable(jobs, Date.now(), terminal.stdout.isTTY ? terminal.stdout.columns : undefined),
    );
  return { exitCode: EXIT.ok };
}

function withId(
  action: (id: string, call: Call, job: JobSummary) => Promise<CommandEnd>,
): (call: Call) => Promise<CommandEnd> {
  return async (call) => {
    const [word, typed, extra] = call.context.line.args;
    if (typed === undefined || extra !== undefined) {
      throw usageError('jobs', `jobs ${word} takes one id`, {
        found: typed === undefined ? 'none' : call.context.line.args.slice(1).join(' '),
        hint: `milvus-migrate jobs ${word} 7f3a`,
      });
    }
    const job = findJob(await call.store.listJobs(call.place), typed);
    return action(job.id, call, job);
  };
}

async function show(id: string, { context, store, place }: Call): Promise<CommandEnd> {
  const { line, terminal } = context;
  const job = await store.showJob(place, id);
  if (line.raw.has('json')) printJson(terminal.stdout, publicJob(job));
  else printLines(terminal.stdout, jobDetails(job, stdoutLook(terminal)));
  return { exitCode: EXIT.ok };
}

async function resume(id: string, { context, store, place }: Call): Promise<CommandEnd> {
  const { line, terminal } = context;
  const stored = await store.resumeConfig(place, id);
  const config = await resumedConfig(stored, line.raw, terminal);
  const output = outputFrom(line.raw, terminal.cwd);
  return runJob({ config: { ...config, ...place }, stages: stored.stages, output, notes: [] }, context);
}

/** One job, or all that came to their end. */
async function clean(call: Call): Promise<CommandEnd> {
  const { context, store, place } = call;
  const { raw, args } = context.line;
  if (args.length > 1) return withId(cleanOne)(call);
  const over = (await store.listJobs(place)).filter(({ state }) => state === 'finished' || state === 'incomplete');
  const cleaned: CleanedJob[] = [];
  const failed: PlainError[] = [];
  for (const { id } of over) {
    try {
      cleaned.push(await cleanJob(id, call));
    } catch (thrown) {
      // The other jobs' files may lie elsewhere.
      failed.push(toPlain(thrown));
    }
  }
  if (raw.has('json')) printJson(context.terminal.stdout, { cleaned, failed: failed.map(publicError) });
  else
    printLines(
      context.terminal.stdout,
      cleaned.length === 0 && failed.length === 0 ? ['No finished jobs.'] : cleaned.flatMap(cleanedLines),
    );
  const [first] = failed;
  return first === undefined ? { exitCode: EXIT.ok } : { exitCode: ERROR_EXIT[first.code], error: first };
}

async function cleanOne(id: string, call: Call): Promise<CommandEnd> {
  const cleaned = await cleanJob(id, call);
  const { line, terminal } = call.context;
  if (line.raw.has('json')) printJson(terminal.stdout, cleaned);
  else printLines(terminal.stdout, cleanedLines(cleaned));
  return { exitCode: EXIT.ok };
}

async function cleanJob(id: string, { context, store, place }: Call): Promise<CleanedJob> {
  const { config } = await store.resumeConfig(place, id);
  return store.cleanJob(place, id, await filesCredentials(config, context.line.raw, context.terminal));
}

function cleanedLines(cleaned: CleanedJob): string[] {
  return [cleanedLine(cleaned), ...cleaned.left.map((text) => `Job ${cleaned.id}: ${text}.`)];
}

function cleanedLine({ id, where, removed, kept }: CleanedJob): string {
  if (where === undefined) return `Job ${id} has no files.`;
  if (kept !== undefined) return `Job ${id}: the files in ${where} stay: ${kept}.`;
  return removed === 0
    ? `Job ${id}: nothing was left in ${where}.`
    : `Job ${id}: the files of ${counted(removed, 'part')} are removed from ${where}.`;
}

async function forget(id: string, { context, store, place }: Call, { state }: JobSummary): Promise<CommandEnd> {
  const { line, terminal } = context;
  const { config } = await store.resumeConfig(place, id);
  // Whole files that were to be kept are not touched, so that nothing need open their place.
  const untouched = keepsFiles(config) && isOver(state);
  const credentials = untouched ? undefined : await filesCredentials(config, line.raw, terminal);
  const elastic = mayHoldSource(state, config) ? await elasticCredentials(config, line.raw, terminal) : undefined;
  const left = await store.forgetJob(place, id, credentials, elastic);
  if (line.raw.has('json')) printJson(terminal.stdout, { forgotten: id, ...(left.length === 0 ? {} : { left }) });
  else printLines(terminal.stdout, [`Job ${id} is forgotten.`, ...left]);
  return { exitCode: EXIT.ok };
}

function publicJob<T extends { readonly error: Parameters<typeof publicError>[0] | undefined }>(job: T): object {
  return job.error === undefined ? job : { ...job, error: publicError(job.error) };
}
