/**
 * Draws the largest size of a kept result of the dump benchmark as an SVG: wall time as a multiple of a plain copy, a bar per thread count.
 *
 *   node dist/bench/chart.js bench/results/<date>-dump-1GB-4t.json [docs/bench.svg]
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DumpCase } from './dump.ts';
import { machineLine } from './machine.ts';
import { ROOT } from './places.ts';
import { type Result, readResult } from './results.ts';

const WIDTH = 720;
const PLOT = { left: 44, right: 700, top: 64, bottom: 268 };
const HEIGHT = 352;
/** Share of a group's width that its bars fill. */
const FILLED = 0.7;
/** Light to dark with the number of threads; readable on white and on black. */
const SHADES = ['#8ecae6', '#3a9fd0', '#1d6fa5', '#124e78'];

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #333 }
  .title { font-size: 15px; font-weight: 600 }
  .small { font-size: 10px }
  .middle { text-anchor: middle }
  .end { text-anchor: end }
  .grid { stroke: #ddd }
  .one { stroke: #c1121f; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } .grid { stroke: #444 } }`;

/** Throws where the result is not of the dump benchmark. */
export function drawChart(result: Result): string {
  if (result.bench !== 'dump') throw new Error(`a chart of ${result.bench}: only dump has one`);
  const { machine, date } = result;
  const bytes = Math.max(...result.cases.map((one) => one.bytes));
  const cases = result.cases.filter((one) => one.bytes === bytes);
  const threads = distinct(cases, ({ threads }) => threads);
  const groups = distinct(cases, groupOf);
  const highest = Math.max(1.25, ...cases.map(({ summary }) => summary.wallRatio * 1.1));
  const y = (ratio: number): number => PLOT.bottom - (ratio / highest) * (PLOT.bottom - PLOT.top);
  const groupWidth = (PLOT.right - PLOT.left) / groups.length;
  const barWidth = (groupWidth * FILLED) / threads.length;
  const bars = groups.flatMap((group, place) => {
    const left = PLOT.left + place * groupWidth + (groupWidth * (1 - FILLED)) / 2;
    const members = cases.filter((one) => groupOf(one) === group);
    const label = text(left + (groupWidth * FILLED) / 2, PLOT.bottom + 18, group, 'middle');
    return [
      label,
      ...members.map((one) => {
        const shade = threads.indexOf(one.threads);
        return bar({ x: left + shade * barWidth, width: barWidth - 3, top: y(one.summary.wallRatio), shade, one });
      }),
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<title>Wall time of a dump against cp -r and sync -f</title>
<style>${STYLE}
</style>
${[
  text(PLOT.left - 30, 24, 'Wall time of `dump` against `cp -r` + `sync -f` of the same folder', 'title'),
  text(
    PLOT.left - 30,
    43,
    'lower is better; 1 = as fast as a plain copy. Checksums, NaN scan and fsync included',
    'small',
  ),
  ...gridLines(highest, y),
  ...bars,
  ...legend(threads),
  text(PLOT.left - 30, HEIGHT - 24, `${bytes / 1e9} GB, ${date.slice(0, 10)}, source in memory`, 'small'),
  text(PLOT.left - 30, HEIGHT - 10, machineLine(machine), 'small'),
].join('\n')}
</svg>
`;
}

function groupOf({ dim, deletes }: DumpCase): string {
  return `dim ${dim}, ${deletes === 0 ? 'no deletes' : `${deletes * 100} % deleted`}`;
}

interface Bar {
  readonly x: number;
  readonly width: number;
  readonly top: number;
  readonly shade: number;
  readonly one: DumpCase;
}

function bar({ x, width, top, shade, one: { summary } }: Bar): string {
  const colour = SHADES[Math.min(shade, SHADES.length - 1)]!;
  const box = `<rect x="${place(x)}" y="${place(top)}" width="${place(width)}" height="${place(PLOT.bottom - top)}" fill="${colour}"/>`;
  return `${box}${text(x + width / 2, top - 5, summary.wallRatio.toFixed(2), 'middle small')}`;
}

function gridLines(highest: number, y: (ratio: number) => number): string[] {
  const step = highest > 3 ? 1 : highest > 1.5 ? 0.5 : 0.25;
  const ratios = Array.from({ length: Math.floor(highest / step) + 1 }, (_, index) => index * step);
  return ratios.flatMap((ratio) => [
    `<line class="${ratio === 1 ? 'one' : 'grid'}" x1="${PLOT.left}" x2="${PLOT.right}" y1="${place(y(ratio))}" y2="${place(y(ratio))}"/>`,
    text(PLOT.left - 6, y(ratio) + 4, String(ratio), 'end small'),
  ]);
}

function legend(threads: readonly number[]): string[] {
  return threads.flatMap((count, index) => {
    const x = PLOT.left + index * 100;
    const top = PLOT.bottom + 34;
    return [
      `<rect x="${x}" y="${top}" width="12" height="12" fill="${SHADES[Math.min(index, SHADES.length - 1)]}"/>`,
      text(x + 18, top + 10, count === 1 ? '1 thread' : `${count} threads`, ''),
    ];
  });
}

function text(x: number, y: number, content: string, styles: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text${styles === '' ? '' : ` class="${styles}"`} x="${place(x)}" y="${place(y)}">${escaped}</text>`;
}

function place(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function distinct<T>(cases: readonly DumpCase[], pick: (one: DumpCase) => T): T[] {
  return [...new Set(cases.map(pick))];
}

const [input, output = join(ROOT, 'docs', 'bench.svg')] = process.argv.slice(2);
if (input === undefined) throw new Error('which result? bench/results/….json [docs/bench.svg]');
writeFileSync(output, drawChart(readResult(input)));
