/** `npm run bench`: runs the benchmarks, prints them as tables and keeps them as JSON. */
import { type BenchArguments, readArguments, USAGE } from './arguments.ts';
import { benchDump, type DumpCase } from './dump.ts';
import { describeMachine, machineLine } from './machine.ts';
import { benchMicro } from './micro.ts';
import { keepResult, type Result } from './results.ts';
import { dumpTable, microTable } from './table.ts';

const STARTING_BYTES = 1e6;

async function main(words: readonly string[]): Promise<void> {
  const parsed = argumentsOf(words);
  if (parsed === undefined) return;
  const machine = describeMachine();
  const date = new Date().toISOString();
  console.log(`${machineLine(machine)}; load before: ${machine.loadBefore}`);
  for (const bench of parsed.benches) {
    const result: Result =
      bench === 'dump'
        ? { bench, date, machine, cases: await dumps(parsed) }
        : { bench, date, machine, cases: await benchMicro(parsed.microMs) };
    console.log(`\n${result.bench === 'dump' ? dumpTable(result.cases) : microTable(result.cases)}`);
    if (!parsed.quick) console.log(`kept as ${keepResult(result, nameOf(bench, parsed))}`);
  }
}

/** The first case has next to nothing to do: it shows what starting takes. */
async function dumps({ question }: BenchArguments): Promise<DumpCase[]> {
  const tell = (line: string): void => console.error(line);
  const starting = { ...question, sizes: [STARTING_BYTES], dims: [128], deletes: [0], threads: [2] };
  return [...(await benchDump(starting, tell)), ...(await benchDump(question, tell))];
}

function argumentsOf(words: readonly string[]): BenchArguments | undefined {
  if (words.includes('--help')) {
    console.log(USAGE);
    return undefined;
  }
  try {
    return readArguments(words);
  } catch (thrown) {
    console.error(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
}

function nameOf(bench: 'dump' | 'micro', { size, question }: BenchArguments): string {
  return bench === 'dump' ? `dump-${size}-${Math.max(...question.threads)}t` : bench;
}

await main(process.argv.slice(2));
