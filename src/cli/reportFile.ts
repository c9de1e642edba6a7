/** The report as a JSON file: whole or absent. */
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MigrateError, messageOf } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import { publicError } from './errorBlock.ts';

/** A report as JSON for programs: without stack traces. */
export function reportJson(report: Report): string {
  const error = report.error === undefined ? undefined : publicError(report.error);
  return `${JSON.stringify({ ...report, error }, null, 2)}\n`;
}

/** @throws MigrateError E_STORE */
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
    throw new MigrateError('E_STORE', 'the report cannot be written', {
      at: { file: path },
      found: messageOf(cause),
      cause,
    });
  }
}
