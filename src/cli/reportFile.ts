/** The report as a JSON file: whole or absent. */
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isFull, MigrateError, messageOf } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import { publicError } from './errorBlock.ts';

/** A report as JSON for programs: without stack traces. */
export function reportJson(report: Report): string {
  const error = report.error === undefined ? undefined : publicError(report.error);
  return `${JSON.stringify({ ...report, error }, null, 2)}\n`;
}

/** @throws MigrateError E_STORE, E_NO_SPACE */
export async function writeReportFile(path: string, report: Report): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(reportJson(report));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new MigrateError(isFull(cause) ? 'E_NO_SPACE' : 'E_STORE', 'the report cannot be written', {
      at: { file: path },
      found: messageOf(cause),
      hint: 'make room or name another file with --report, and run the same command again: what is done is kept',
      cause,
    });
  }
}
