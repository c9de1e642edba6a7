/** Results as they are kept: bench/results/<date>-<name>.json. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DumpCase } from './dump.ts';
import type { EsCase } from './es.ts';
import type { FaissCase } from './faiss.ts';
import type { FaissDecodeCase } from './faissDecode.ts';
import type { Machine } from './machine.ts';
import type { MicroCase } from './micro.ts';
import { RESULTS } from './places.ts';
import type { StoresCase } from './stores.ts';

interface Head {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly machine: Machine;
}

export type Result =
  | (Head & { readonly bench: 'dump'; readonly cases: readonly DumpCase[] })
  | (Head & { readonly bench: 'stores'; readonly cases: readonly StoresCase[] })
  | (Head & { readonly bench: 'es'; readonly cases: readonly EsCase[] })
  | (Head & { readonly bench: 'micro'; readonly cases: readonly MicroCase[] })
  | (Head & {
      readonly bench: 'faiss';
      readonly cases: readonly FaissCase[];
      readonly decoders: readonly FaissDecodeCase[];
    });

/** @returns the file */
export function keepResult(result: Result, name: string): string {
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${result.date.slice(0, 10)}-${name}.json`);
  writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
  return file;
}

export function readResult(file: string): Result {
  return JSON.parse(readFileSync(file, 'utf8')) as Result;
}
