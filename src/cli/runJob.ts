/** Runs a job and shows it: progress while it goes on, the report at its end. */
import type { JobConfig, JobStages } from '../config/job.ts';
import { resumeCommand } from '../config/resumeCommand.ts';
import { type MigrateError, toMigrateError, toPlain } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import type { CommandContext, CommandEnd } from './command.ts';
import { setEngineFlags } from './engineFlags.ts';
import { pathFlag } from './flagValues.ts';
import { refuseUnwritable } from './outputFiles.ts';
import { openProgress } from './progress.ts';
import { reportJson, writeReportFile } from './reportFile.ts';
import { reportTable } from './reportTable.ts';
import { isJobCommand, type OutputOptions, resolveJob } from './resolve.ts';
import { printLines, stdoutLook } from './terminal.ts';

export interface JobToRun {
  readonly config: JobConfig;
  readonly stages: JobStages;
  readonly output: OutputOptions;
  /** To be seen before it starts. */
  readonly notes: readonly string[];
}

/** The commands run, dump, load, start and verify: they differ in what they resolve to. */
export async function runJobCommand(context: CommandContext): Promise<CommandEnd> {
  const { name, line, terminal } = context;
  if (!isJobCommand(name)) throw new TypeError(`${name} runs no job`);
  const { config, stages, output, warnings, notices } = await resolveJob(name, line, terminal);
  const notes = [...notices, ...warnings.map((text) => `warning: ${text}`)];
  return runJob({ config, stages, output, notes }, context);
}

export async function runJob(
  { config, stages, output, notes }: JobToRun,
  context: CommandContext,
): Promise<CommandEnd> {
  const { terminal, engine, signal, line } = context;
  refuseUnwritable({
    report: output.report,
    rejectFile: config.rejectFile,
    config,
    configFile: pathFlag(line.raw, 'config', terminal.cwd),
  });
  const progress = await openProgress(terminal, output.logFormat, signal);
  for (const note of notes) progress.note(note);
  const { migrate } = await engine.job();
  let report: Report;
  try {
    const { onProgress, onCounters } = progress;
    report = await migrate(config, stages, {
      signal,
      onProgress,
      onCounters(counters) {
        setEngineFlags(config);
        onCounters(counters);
      },
    });
  } finally {
    progress.stop();
  }
  const unwritten = await keepReport(report, output.report);
  // What became of the rows is to be heard in any case.
  const reportFile = unwritten === undefined ? output.report : undefined;
  if (output.json) terminal.stdout.write(reportJson(report));
  else {
    const resume = resumeCommand(report.job, config, terminal);
    printLines(terminal.stdout, reportTable(report, stdoutLook(terminal), { reportFile, resume }));
  }
  if (report.error === undefined) {
    if (unwritten !== undefined) return { exitCode: unwritten.exitCode, error: toPlain(unwritten) };
    return { exitCode: report.exitCode };
  }
  // What failed first is what there is to be heard of; the rest is a word beside it.
  if (unwritten !== undefined) {
    const text = `warning: ${unwritten.message}: ${unwritten.found}`;
    if (output.logFormat === 'json') progress.note(text);
    else printLines(terminal.stderr, [text]);
  }
  return { exitCode: report.exitCode, error: report.error };
}

/** @returns why it is not in its file */
async function keepReport(report: Report, file: string | undefined): Promise<MigrateError | undefined> {
  if (file === undefined) return undefined;
  try {
    await writeReportFile(file, report);
    return undefined;
  } catch (thrown) {
    return toMigrateError(thrown);
  }
}
