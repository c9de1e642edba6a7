/**
 * The index of a Faiss file in Milvus 2.x's terms. It is built anew from the vectors: what changes here changes speed
 * and recall, never data.
 */
import type { Note } from '../../core/contracts.ts';
import type { IndexSpec } from '../../core/schema.ts';
import type { FaissNode } from '../../formats/faiss/model.ts';
import { indexParameter } from '../../formats/milvusIndex.ts';

export interface TargetIndex {
  readonly index: IndexSpec | undefined;
  readonly notes: readonly Note[];
}

/** Roles of what an index only wraps: the index that searches is inside. */
const WRAPPED = ['inner', 'base', 'ivf'];

export function targetIndexOf(root: FaissNode, { binary, d }: { binary: boolean; d: number }): TargetIndex {
  const node = searching(root);
  const index = binary ? binaryIndex(node) : floatIndex(node, d);
  const told = index !== undefined && !sameKind(node, index);
  return { index, notes: told ? [{ kind: 'info', text: `index ${node.title} → ${index.type}` }] : [] };
}

function searching(node: FaissNode): FaissNode {
  const inner = node.children.find(({ role }) => WRAPPED.includes(role));
  const lists = /^I[wv]|^IBw/.test(node.cc);
  return inner === undefined || lists ? node : searching(inner.node);
}

function floatIndex(node: FaissNode, d: number): IndexSpec | undefined {
  const { cc } = node;
  if (/^IH/.test(cc)) return hnsw(node);
  // Other graphs: Milvus has one kind.
  if (/^IN/.test(cc)) return { type: 'HNSW', params: { M: 16, efConstruction: 200 } };
  if (/^I[wv]PQ$|^I[wv]QR$/.test(cc)) return { type: 'IVF_PQ', params: { ...nlist(node), m: divisor(node, d) } };
  if (/^I[wv]S[Qq]$/.test(cc)) return { type: 'IVF_SQ8', params: nlist(node) };
  if (/^I[wv]/.test(cc)) return { type: 'IVF_FLAT', params: nlist(node) };
  return /^IxF/.test(cc) ? { type: 'FLAT', params: {} } : undefined;
}

function binaryIndex(node: FaissNode): IndexSpec {
  if (node.cc === 'IBwF') return { type: 'BIN_IVF_FLAT', params: nlist(node) };
  return { type: 'BIN_FLAT', params: {} };
}

function hnsw(node: FaissNode): IndexSpec {
  const M = indexParameter('M', fact(node, 'M'));
  const efConstruction = indexParameter('efConstruction', fact(node, 'efConstruction'));
  return { type: 'HNSW', params: { M, efConstruction } };
}

function nlist(node: FaissNode): { nlist: number } {
  return { nlist: indexParameter('nlist', fact(node, 'nlist')) };
}

/** The largest number of sub-vectors up to the given one that divides the dimension. */
function divisor(node: FaissNode, d: number): number {
  let m = Math.min(Math.max(fact(node, 'M') ?? Math.floor(d / 4), 1), d);
  while (d % m !== 0) m--;
  return m;
}

function fact({ facts }: FaissNode, name: string): number | undefined {
  const value = facts[name];
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

function sameKind({ cc }: FaissNode, { type }: IndexSpec): boolean {
  const same: Readonly<Record<string, RegExp>> = {
    FLAT: /^IxF/,
    HNSW: /^IH/,
    IVF_FLAT: /^I[wv]F/,
    IVF_SQ8: /^I[wv]S/,
    IVF_PQ: /^I[wv]PQ/,
    BIN_FLAT: /^IBxF/,
    BIN_IVF_FLAT: /^IBwF/,
  };
  return same[type]?.test(cc) === true;
}
