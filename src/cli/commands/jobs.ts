/** `jobs`: what happened, what can go on. */
import { stateDirOf } from '../../config/defaults.ts';
import { EXIT } from '../../core/errors.ts';
import { nearestWord } from '../../core/nearest.ts';
import type { CommandContext, CommandEnd } from '../command.ts';
import type { JobStore } from '../engine.ts';
import { publicError } from '../errorBlock.ts';
import { pathFlag } from '../flagValues.ts';
import { findJob } from '../jobId.ts';
import { jobDetails, jobsTable } from '../jobsTable.ts';
import { outputFrom } from '../resolve.ts';
import { resumedConfig } from '../resumeJob.ts';
import { runJob } from '../runJob.ts';
import { printJson, printLines, stdoutLook } from '../terminal.ts';
import { usageError } from '../usage.ts';

interface Call {
  readonly context: CommandContext;
  readonly store: JobStore;
  readonly stateDir: string;
}

const ACTIONS = { list, show: withId(show), resume: withId(resume), forget: withId(forget) } as const;

export async function runCommand(context: CommandContext): Promise<CommandEnd> {
  const { line, terminal, engine } = context;
  const [action = 'list'] = line.args;
  if (!Object.hasOwn(ACTIONS, action)) {
    const near = nearestWord(action, Object.keys(ACTIONS));
    throw usageError('jobs', 'jobs does not know this word', {
      found: action,
      wanted: near ?? 'list, show ID, resume ID or forget ID',
    });
  }
  const stateDir = pathFlag(line.raw, 'state', terminal.cwd) ?? stateDirOf(terminal.env, terminal.cwd);
  return ACTIONS[action as keyof typeof ACTIONS]({ context, stateDir, store: await engine.jobs() });
}

async function list({ context, store, stateDir }: Call): Promise<CommandEnd> {
  const { line, terminal } = context;
  if (line.args.length > 1) throw usageError('jobs', 'jobs list takes no id', { found: line.args[1]! });
  const jobs = await store.listJobs(stateDir);
  if (line.raw.has('json')) printJson(terminal.stdout, jobs.map(publicJob));
  else
    printLines(
      terminal.stdout,
      jobsTable(jobs, Date.now(), terminal.stdout.isTTY ? terminal.stdout.columns : undefined),
    );
  return { exitCode: EXIT.ok };
}

function withId(action: (id: string, call: Call) => Promise<CommandEnd>): (call: Call) => Promise<CommandEnd> {
  return async (call) => {
    const [word, typed, extra] = call.context.line.args;
    if (typed === undefined || extra !== undefined) {
      throw usageError('jobs', `jobs ${word} takes one id`, {
        found: typed === undefined ? 'none' : call.context.line.args.slice(1).join(' '),
        hint: `milvus-migrate jobs ${word} 7f3a`,
      });
    }
    const { id } = findJob(await call.store.listJobs(call.stateDir), typed);
    return action(id, call);
  };
}

async function show(id: string, { context, store, stateDir }: Call): Promise<CommandEnd> {
  const { line, terminal } = context;
  const job = await store.showJob(stateDir, id);
  if (line.raw.has('json')) printJson(terminal.stdout, publicJob(job));
  else printLines(terminal.stdout, jobDetails(job, stdoutLook(terminal)));
  return { exitCode: EXIT.ok };
}

async function resume(id: string, { context, store, stateDir }: Call): Promise<CommandEnd> {
  const { line, terminal } = context;
  const stored = await store.resumeConfig(stateDir, id);
  const config = await resumedConfig(stored, line.raw, terminal);
  const output = outputFrom(line.raw, terminal.cwd);
  return runJob({ config: { ...config, stateDir }, stages: stored.stages, output, notes: [] }, context);
}

async function forget(id: string, { context, store, stateDir }: Call): Promise<CommandEnd> {
  await store.forgetJob(stateDir, id);
  const { line, terminal } = context;
  if (line.raw.has('json')) printJson(terminal.stdout, { forgotten: id });
  else printLines(terminal.stdout, [`Job ${id} is forgotten.`]);
  return { exitCode: EXIT.ok };
}

function publicJob<T extends { readonly error: Parameters<typeof publicError>[0] | undefined }>(job: T): object {
  return job.error === undefined ? job : { ...job, error: publicError(job.error) };
}
