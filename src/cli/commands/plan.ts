/** `plan`: what would happen, before anything happens. */
import { ERROR_EXIT, EXIT } from '../../core/errors.ts';
import type { PlanReport } from '../../core/plan.ts';
import type { CommandContext, CommandEnd } from '../command.ts';
import { publicError } from '../errorBlock.ts';
import { planTable } from '../planTable.ts';
import { openProgress } from '../progress.ts';
import { resolveJob } from '../resolve.ts';
import { printJson, printLines, stdoutLook } from '../terminal.ts';

export async function runCommand({ line, terminal, engine, signal }: CommandContext): Promise<CommandEnd> {
  const { config, preflight, scan, output, warnings, notices } = await resolveJob('plan', line, terminal);
  const progress = await openProgress(terminal, output.logFormat, signal);
  for (const note of [...notices, ...warnings.map((text) => `warning: ${text}`)]) progress.note(note);
  const { plan } = await engine.job();
  let report: PlanReport;
  try {
    report = await plan(config, { preflight, scan, signal, onProgress: progress.onProgress });
  } finally {
    progress.stop();
  }
  if (output.json) printJson(terminal.stdout, { ...report, obstacles: report.obstacles.map(publicError) });
  else printLines(terminal.stdout, planTable(report, stdoutLook(terminal)));
  const [first] = report.obstacles;
  return { exitCode: first === undefined ? EXIT.ok : ERROR_EXIT[first.code] };
}
