/** `npm run bench`: runs the benchmarks, prints them as tables and keeps them as JSON. */
import { type BenchArguments, type BenchName, readArguments, USAGE } from './arguments.ts';
import { benchDump, type DumpCase } from './dump.ts';
import { benchElastic } from './es.ts';
import { benchFaiss } from './faiss.ts';
import { benchFaissDecode } from './faissDecode.ts';
import { describeMachine, type Machine, machineLine } from './machine.ts';
import { benchMicro } from './micro.ts';
import { keepResult, type Result } from './results.ts';
import { SERVICES } from './stores/services.ts';
import { benchStores } from './stores.ts';
import { dumpTable, esTable, faissDecodeTable, faissTable, microTable, storesTable } from './table.ts';

const STARTING_BYTES = 1e6;

async function main(words: readonly string[]): Promise<void> {
  const parsed = argumentsOf(words);
  if (parsed === undefined) return;
  const machine = describeMachine();
  const date = new Date().toISOString();
  console.log(`${machineLine(machine)}; load before: ${machine.loadBefore}`);
  for (const bench of parsed.benches) {
    const result = await resultOf(bench, parsed, { date, machine });
    console.log(`\n${tablesFor(result)}`);
    if (!parsed.quick) console.log(`kept as ${keepResult(result, nameOf(bench, parsed))}`);
  }
}

async function resultOf(
  bench: BenchName,
  parsed: BenchArguments,
  head: { readonly date: string; readonly machine: Machine },
): Promise<Result> {
  const tell = (line: string): void => console.error(line);
  switch (bench) {
    case 'dump':
      return { bench, ...head, cases: await dumps(parsed) };
    case 'micro':
      return { bench, ...head, cases: await benchMicro(parsed.microMs) };
    case 'stores':
      return { bench, ...head, cases: await benchStores(parsed.stores, tell) };
    case 'es':
      return { bench, ...head, cases: await benchElastic(parsed.es, tell) };
    case 'faiss': {
      const decoders = await benchFaissDecode(parsed.microMs);
      return { bench, ...head, cases: await benchFaiss(parsed.faiss, tell), decoders };
    }
  }
}

function tablesFor(result: Result): string {
  if (result.bench === 'dump') return dumpTable(result.cases);
  if (result.bench === 'stores') return storesTable(result.cases);
  if (result.bench === 'es') return esTable(result.cases);
  if (result.bench === 'micro') return microTable(result.cases);
  return `${faissDecodeTable(result.decoders)}\n\n${faissTable(result.cases)}`;
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

function nameOf(bench: BenchName, { size, question, es, stores }: BenchArguments): string {
  if (bench === 'es') {
    const corpora = es.corpora.map(
      ({ documents, dim, digits }) => `${documents / 1000}kx${dim}${digits === 'long' ? 'long' : ''}`,
    );
    return `es-${corpora.join('-')}-${Math.max(...es.threads)}t`;
  }
  if (bench === 'micro') return bench;
  const some = bench === 'stores' && stores.services.length < SERVICES.length ? `-${stores.services.join('-')}` : '';
  return `${bench}${some}-${size}-${Math.max(...question.threads)}t`;
}

await main(process.argv.slice(2));
