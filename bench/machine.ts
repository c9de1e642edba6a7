/** What the numbers depend on. No host name and no path: results are published. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { dataFolder } from './places.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Type of the file system that was read from and written to. */
  readonly fileSystem: string;
  /** Processes that ran or waited, averaged over the minute before: above 0 others disturbed the runs. */
  readonly loadBefore: number;
}

export function describeMachine(): Machine {
  mkdirSync(dataFolder(), { recursive: true });
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    node: process.version,
    fileSystem: execFileSync('stat', ['-f', '-c', '%T', dataFolder()], { encoding: 'utf8' }).trim(),
    loadBefore: Math.round(loadavg()[0]! * 10) / 10,
  };
}

/** One line for a table's head or a chart's foot. */
export function machineLine({ cpu, cores, memoryGiB, kernel, node, fileSystem }: Machine): string {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${fileSystem}, ${kernel}, Node ${node}`;
}
