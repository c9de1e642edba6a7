/**
 * How much more than a copy is a dump? `cp -r` + `sync -f` of a Milvus 1.x folder, and the barest loop that sums each byte
 * (bareLoop.ts), against `dump` of it, in alternating runs on a warm source; what was written is removed between the runs, outside the measured time.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NPY_HEADER_BYTES } from '../src/formats/npy.ts';
import { type BenchData, type DataSpec, makeData } from './makeData.ts';
import { cpu, measure, type Usage } from './measure.ts';
import { BARE_LOOP, dataFolder, PROGRAM } from './places.ts';
import { median } from './statistics.ts';

export interface DumpQuestion {
  readonly sizes: readonly number[];
  readonly dims: readonly number[];
  readonly deletes: readonly number[];
  readonly threads: readonly number[];
  readonly runs: number;
}

/** One turn: the commands one after the other. */
export interface Turn {
  /** `cp -r` alone. */
  readonly cp: Usage;
  /** `cp -r` + `sync -f`. */
  readonly copy: Usage;
  /** bareLoop.ts, with as many threads as the dump. */
  readonly bare: Usage;
  readonly dump: Usage;
}

export interface DumpCase extends DataSpec {
  readonly threads: number;
  /** Bytes of the source's files, exact. */
  readonly sourceBytes: number;
  readonly turns: readonly Turn[];
  readonly summary: DumpSummary;
}

/** Medians over the turns; ratios are taken within each turn. */
export interface DumpSummary {
  readonly copyWall: number;
  readonly dumpWall: number;
  /** dump ÷ (`cp -r` + `sync -f`). */
  readonly wallRatio: number;
  readonly cpCpu: number;
  readonly copyCpu: number;
  readonly dumpCpu: number;
  /** dump ÷ `cp -r` alone. */
  readonly cpuRatio: number;
  /** dump ÷ (`cp -r` + `sync -f`). */
  readonly cpuRatioCopy: number;
  readonly bareWall: number;
  readonly bareCpu: number;
  /** Bare loop ÷ (`cp -r` + `sync -f`). */
  readonly bareWallRatio: number;
  /** Bare loop ÷ `cp -r` alone. */
  readonly bareCpuRatio: number;
  /** Millions of source bytes a second. */
  readonly megabytesPerSecond: number;
  /** Peak of the dump, bytes. */
  readonly rss: number;
}

export async function benchDump(question: DumpQuestion, tell: (line: string) => void): Promise<DumpCase[]> {
  const cases: DumpCase[] = [];
  for (const bytes of question.sizes)
    for (const dim of question.dims)
      for (const deletes of question.deletes) {
        const spec = { bytes, dim, deletes };
        tell(`${bytes / 1e6} MB, dim ${dim}, ${deletes * 100} % deleted`);
        const data = makeData(spec);
        warm(data);
        await oneTurn(data, question.threads[0]!);
        for (const threads of question.threads) {
          const turns: Turn[] = [];
          while (turns.length < question.runs) turns.push(await oneTurn(data, threads));
          const measured = { ...spec, threads, sourceBytes: data.bytes, turns };
          cases.push({ ...measured, summary: summarise(measured) });
        }
      }
  rmSync(outFolder(), { recursive: true, force: true });
  return cases;
}

async function oneTurn(data: BenchData, threads: number): Promise<Turn> {
  const copied = join(outFolder(), 'copied');
  const cp = await onFreshDisk(data, ['cp', '-r', data.db, copied]);
  const copy = await onFreshDisk(data, ['sh', '-c', 'cp -r "$1" "$2" && sync -f "$2"', 'copy', data.db, copied]);
  const bare = await onFreshDisk(data, [process.execPath, BARE_LOOP, data.db, copied, String(threads)]);
  const [out, state] = [join(outFolder(), 'dumped'), join(outFolder(), 'state')];
  const dump = await onFreshDisk(data, [
    ...[process.execPath, PROGRAM, 'dump', `milvus1x:${data.db}`],
    ...['--out', out, '--threads', String(threads), '--state', state],
  ]);
  checkDumped(out, data);
  return { cp, copy, bare, dump };
}

/**
 * Removes what was there, and waits until the disk is through with it: no command pays for the one before. Then as
 * much memory as the command will fill is used once: a hypervisor takes free memory back after seconds, and whoever
 * fills it first pays half a second a GB for getting it again (measured), which would be whoever comes first.
 */
async function onFreshDisk(data: BenchData, command: readonly string[]): Promise<Usage> {
  for (const use of [() => cpSync(data.db, join(outFolder(), 'used'), { recursive: true }), () => undefined]) {
    rmSync(outFolder(), { recursive: true, force: true });
    mkdirSync(outFolder(), { recursive: true });
    use();
  }
  execFileSync('sync', ['-f', outFolder()]);
  return measure(command);
}

/** A dump that loses rows would be a fast one. */
function checkDumped(out: string, { liveBytes }: BenchData): void {
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.npy'));
  const bytes = files.reduce((sum, name) => sum + statSync(join(out, name)).size - NPY_HEADER_BYTES, 0);
  if (bytes !== liveBytes) throw new Error(`the dump wrote ${bytes} bytes of rows, the source has ${liveBytes}`);
}

/** Reads everything once, so that it comes from memory from then on. */
function warm({ files }: BenchData): void {
  for (const file of files) readFileSync(file);
}

function outFolder(): string {
  return join(dataFolder(), 'out');
}

export function summarise({ turns, sourceBytes }: Pick<DumpCase, 'turns' | 'sourceBytes'>): DumpSummary {
  const over = (pick: (turn: Turn) => number): number => Math.round(median(turns.map(pick)) * 1000) / 1000;
  const dumpWall = over(({ dump }) => dump.wall);
  return {
    copyWall: over(({ copy }) => copy.wall),
    dumpWall,
    wallRatio: over(({ copy, dump }) => dump.wall / copy.wall),
    cpCpu: over(({ cp }) => cpu(cp)),
    copyCpu: over(({ copy }) => cpu(copy)),
    dumpCpu: over(({ dump }) => cpu(dump)),
    cpuRatio: over(({ cp, dump }) => cpu(dump) / cpu(cp)),
    cpuRatioCopy: over(({ copy, dump }) => cpu(dump) / cpu(copy)),
    bareWall: over(({ bare }) => bare.wall),
    bareCpu: over(({ bare }) => cpu(bare)),
    bareWallRatio: over(({ copy, bare }) => bare.wall / copy.wall),
    bareCpuRatio: over(({ cp, bare }) => cpu(bare) / cpu(cp)),
    megabytesPerSecond: Math.round(sourceBytes / 1e6 / dumpWall),
    rss: median(turns.map(({ dump }) => dump.rss)),
  };
}
