/** Results as tables of plain text. */
import type { DumpCase } from './dump.ts';
import type { EsCase } from './es.ts';
import type { FaissCase } from './faiss.ts';
import type { FaissDecodeCase } from './faissDecode.ts';
import type { MicroCase } from './micro.ts';
import type { StoresCase } from './stores.ts';

type Row = readonly string[];

export function dumpTable(cases: readonly DumpCase[]): string {
  const head = ['MB', 'dim', 'del %', 'threads', 'cp+sync s', 'bare s', 'dump s', 'bare ÷', 'dump ÷', 'cp cpu s'];
  const rows = cases.map(({ bytes, dim, deletes, threads, summary }) => [
    ...[bytes / 1e6, dim, deletes * 100, threads].map(String),
    ...[summary.copyWall, summary.bareWall, summary.dumpWall, summary.bareWallRatio, summary.wallRatio].map(hundredths),
    ...[summary.cpCpu, summary.bareCpu, summary.dumpCpu, summary.bareCpuRatio, summary.cpuRatio].map(hundredths),
    ...[summary.megabytesPerSecond, summary.rss / 1e6].map((value) => value.toFixed(0)),
    hundredths(deletesCost(cases, { bytes, dim, deletes, threads })),
  ]);
  const cpuHead = ['bare cpu s', 'dump cpu s', 'bare cpu ÷ cp', 'dump cpu ÷ cp'];
  return aligned([[...head, ...cpuHead, 'MB/s', 'RSS MB', 'wall ÷ no deletes'], ...rows]);
}

/** Wall time against the same case without deletes. */
function deletesCost(
  cases: readonly DumpCase[],
  { bytes, dim, deletes, threads }: Pick<DumpCase, 'bytes' | 'dim' | 'deletes' | 'threads'>,
): number | undefined {
  const find = (share: number): DumpCase | undefined =>
    cases.find((one) => one.bytes === bytes && one.dim === dim && one.threads === threads && one.deletes === share);
  const [without, itself] = [find(0), find(deletes)];
  return deletes === 0 || without === undefined || itself === undefined
    ? undefined
    : itself.summary.dumpWall / without.summary.dumpWall;
}

export function microTable(cases: readonly MicroCase[]): string {
  const rows = cases.map(({ name, gigabytesPerSecond, millionsPerSecond, unit, microseconds }) => [
    name,
    hundredths(gigabytesPerSecond),
    millionsPerSecond === undefined ? '' : `${millionsPerSecond.toFixed(2)} M ${unit}/s`,
    microseconds.toFixed(1),
  ]);
  return aligned([['what', 'GB/s', 'rate', 'µs a call'], ...rows]);
}

const ROUTES = { up: 'into', within: 'within', down: 'out of' } as const;

export function storesTable(cases: readonly StoresCase[]): string {
  const head = ['service', 'threads', 'SDK s', 'dump s', 'wall ÷ SDK', 'SDK cpu s', 'dump cpu s', 'MB/s'];
  const rows = cases.map(({ service, route, threads, summary }) => [
    `${ROUTES[route]} ${service}`,
    String(threads),
    ...[summary.plainWall, summary.dumpWall, summary.wallRatio, summary.plainCpu, summary.dumpCpu].map(hundredths),
    ...[summary.megabytesPerSecond, summary.plainRss / 1e6, summary.rss / 1e6].map((value) => value.toFixed(0)),
  ]);
  return aligned([[...head, 'SDK RSS MB', 'RSS MB'], ...rows]);
}

/** (a): the same reads without parsing; (b): the scroll helper. */
export function esTable(cases: readonly EsCase[]): string {
  const head = ['documents', 'numbers', 'encoding', 'format', 'threads', '(a) s', 'dump s', 'wall ÷ (a)', '(a) cpu s'];
  const more = ['dump cpu s', 'cpu ÷ (a)', '(b) s', '(b) cpu s', 'cpu ÷ (b)', 'server cpu s', '(a) server cpu s'];
  const rows = cases.map(({ documents, dim, digits, encoding, format, threads, summary }) => [
    ...[`${documents} × ${dim}`, digits, encoding, format, String(threads)],
    ...[summary.readsWall, summary.dumpWall, summary.wallRatio, summary.readsCpu, summary.dumpCpu].map(hundredths),
    ...[summary.cpuRatio, summary.helperWall, summary.helperCpu, summary.helperRatio].map(hundredths),
    ...[summary.serverCpu, summary.readsServerCpu].map(hundredths),
    ...[summary.megabytesPerSecond, summary.documentsPerSecond, summary.rss / 1e6].map((value) => value.toFixed(0)),
    (summary.helperRss / 1e6).toFixed(0),
  ]);
  return aligned([[...head, ...more, 'MB/s', 'docs/s', 'RSS MB', '(b) RSS MB'], ...rows]);
}

export function faissTable(cases: readonly FaissCase[]): string {
  const head = ['kind', 'file MB', 'threads', 'cp+sync s', 'python s', 'dump s', 'wall ÷ cp+sync', 'wall ÷ python'];
  const rows = cases.map(({ kind, fileBytes, threads, summary }) => [
    kind,
    ...[(fileBytes / 1e6).toFixed(0), String(threads)],
    ...[summary.copyWall, summary.pythonWall, summary.dumpWall, summary.wallRatio, summary.pythonRatio].map(hundredths),
    ...[summary.perCoreSecond, summary.pythonPerCoreSecond].map((value) => value.toFixed(0)),
    ...[summary.rss / 1e6, summary.pythonRss / 1e6].map((value) => value.toFixed(0)),
  ]);
  return aligned([[...head, 'MB/core-s', 'python MB/core-s', 'RSS MB', 'python RSS MB'], ...rows]);
}

export function faissDecodeTable(cases: readonly FaissDecodeCase[]): string {
  const rows = cases.map(({ kind, ...rates }) => [
    kind,
    ...[rates.ours, rates.faiss, rates.faissReused].map((rate) => hundredths(rate / 1000)),
  ]);
  return aligned([['decoder alone', 'ours GB/core-s', 'sa_decode', 'sa_decode, memory reused'], ...rows]);
}

function hundredths(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(2);
}

/** The first column to the left, numbers to the right. */
function aligned(rows: readonly Row[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const cell = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!);
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}
