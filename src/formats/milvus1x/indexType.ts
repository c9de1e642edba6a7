/**
 * Indexes of Milvus 1.x in Milvus 2.x's terms: engine types (Milvus 1.x, db/engine/ExecutionEngine.h) and parameters. An
 * index is rebuilt from the vectors: what changes here changes speed and recall, never data.
 */
import type { Note } from '../../core/contracts.ts';
import type { IndexSpec } from '../../core/schema.ts';
import { type IndexParameter, indexParameter } from '../milvusIndex.ts';
import type { TargetMetric } from './metric.ts';

type Params = Readonly<Record<string, number>>;

interface EngineType {
  readonly name: string;
  readonly type: string;
}

const same = (name: string): EngineType => ({ name, type: name });
const ENGINES: Readonly<Record<number, EngineType>> = {
  1: same('FLAT'),
  2: same('IVF_FLAT'),
  3: same('IVF_SQ8'),
  4: { name: 'NSG', type: 'HNSW' },
  5: { name: 'IVF_SQ8H', type: 'IVF_SQ8' },
  6: same('IVF_PQ'),
  7: { name: 'SPTAG_KDT', type: 'HNSW' },
  8: { name: 'SPTAG_BKT', type: 'HNSW' },
  9: same('BIN_FLAT'),
  10: same('BIN_IVF_FLAT'),
  11: same('HNSW'),
  12: { name: 'ANNOY', type: 'HNSW' },
};

const PARAMS: Readonly<Record<string, readonly IndexParameter[]>> = {
  IVF_FLAT: ['nlist'],
  IVF_SQ8: ['nlist'],
  BIN_IVF_FLAT: ['nlist'],
  IVF_PQ: ['nlist'],
  HNSW: ['M', 'efConstruction'],
};

export interface TargetIndex {
  readonly index: IndexSpec | undefined;
  readonly notes: readonly Note[];
}

/** @param engineType undefined: the metadata does not say */
export function indexOf(
  engineType: number | undefined,
  indexParams: string,
  { metric, dim }: { metric: TargetMetric; dim: number },
): TargetIndex {
  if (engineType === undefined) return { index: undefined, notes: [] };
  const notes: Note[] = [];
  const tell = (text: string): void => void notes.push({ kind: 'info', text });
  const engine = ENGINES[engineType];
  if (engine === undefined) tell(`an index of unknown type ${engineType} was on it: no index is taken over`);
  if (engine === undefined) return { index: undefined, notes };
  const type = fitting(engine.type, metric);
  if (type !== engine.name) tell(`index ${engine.name} → ${type}`);
  const given = parseParams(indexParams, tell);
  const params: Record<string, number> = {};
  for (const name of PARAMS[type] ?? []) params[name] = indexParameter(name, given[name], tell);
  if (type === 'IVF_PQ') params.m = divisorOf(dim, given.m, tell);
  return { index: { type, params }, notes };
}

/** The type that Milvus 2.x has for such vectors. */
function fitting(type: string, { binary, preferred }: TargetMetric): string {
  if (!binary) return type.startsWith('BIN_') ? type.slice('BIN_'.length) : type;
  // SUBSTRUCTURE and SUPERSTRUCTURE are searched by brute force only.
  return type.endsWith('IVF_FLAT') && preferred === undefined ? 'BIN_IVF_FLAT' : 'BIN_FLAT';
}

function parseParams(text: string, tell: (text: string) => void): Params {
  if (text.trim() === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) throw new SyntaxError('not an object');
    return Object.fromEntries(
      Object.entries(parsed).flatMap(([name, value]) =>
        Number.isInteger(Number(value)) ? [[name, Number(value)]] : [],
      ),
    );
  } catch {
    tell(`the index parameters ${JSON.stringify(text)} can not be read: the usual ones are taken`);
    return {};
  }
}

/** The largest number of sub-vectors up to the given one that divides the dimension. */
function divisorOf(dim: number, given: number | undefined, tell: (text: string) => void): number {
  const wanted = given ?? Math.max(1, Math.floor(dim / 4));
  let m = Math.min(Math.max(wanted, 1), dim);
  while (dim % m !== 0) m--;
  if (given !== undefined && m !== given) tell(`index parameter m ${given} → ${m} (has to divide ${dim})`);
  return m;
}
