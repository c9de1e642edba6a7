/** Graphs over an index that holds the rows (Faiss, IndexHNSW, IndexNSG, IndexNNDescent). The graph is walked past. */
import type { Cursor, Reading } from './cursor.ts';
import { binaryHeader, type Header, header } from './headers.ts';
import { around, type Body, type Facts, type Kind, refusal, type Walk } from './laid.ts';
import { fits } from './wrap.ts';

export function* hnsw(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* header(walk);
  if (kind.cc === 'IHfP') {
    cursor.skip(8, 'num_panorama_levels');
    yield* cursor.vec(4, 'cum_sums');
  }
  // GPU-made ones say whether all levels are there, how entry points are found, and (the later kind) of what type the numbers are.
  if (kind.cc === 'IHNc' || kind.cc === 'IHc2') yield* gpuFields(cursor, kind.cc === 'IHc2' ? 8 : 4);
  return yield* overStorage(walk, kind, head, yield* hnswGraph(cursor, head));
}

export function* binaryHnsw(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* binaryHeader(walk);
  if (kind.cc === 'IBHc') yield* gpuFields(cursor, 4);
  return yield* overStorage(walk, kind, head, yield* hnswGraph(cursor, head), 'binary');
}

function* gpuFields(cursor: Cursor, more: number): Reading<void> {
  yield* cursor.bool('base_level_only');
  yield* cursor.bool('init_level0');
  cursor.skip(more, 'num_base_level_search_entrypoints');
}

function* hnswGraph(cursor: Cursor, { rows }: Header): Reading<Facts> {
  yield* cursor.vec(8, 'hnsw.assign_probas');
  const perLevel = yield* cursor.vec(4, 'hnsw.cum_nneighbor_per_level');
  const levelsAt = cursor.at;
  const levels = yield* cursor.vec(4, 'hnsw.levels');
  cursor.same('hnsw.levels', levels.count, rows, levelsAt);
  const offsetsAt = cursor.at;
  const offsets = yield* cursor.vec(8, 'hnsw.offsets');
  cursor.same('hnsw.offsets', offsets.count, rows + 1, offsetsAt);
  yield* cursor.vec(4, 'hnsw.neighbors');
  cursor.skip(8, 'hnsw.entry_point, max_level');
  const efConstruction = yield* cursor.i32('hnsw.efConstruction');
  const efSearch = yield* cursor.i32('hnsw.efSearch');
  cursor.skip(4, 'hnsw.upper_beam');
  const behind = cursor.at;
  if (perLevel.count < 2) return { efConstruction, efSearch };
  // Level 0 has twice as many neighbours as the others.
  cursor.at = perLevel.at + 4;
  const M = Math.floor((yield* cursor.i32('hnsw.cum_nneighbor_per_level')) / 2);
  cursor.at = behind;
  return { M, efConstruction, efSearch };
}

/** Rows and ids are those of the storage: node i of the graph is its row i. */
function* overStorage(
  walk: Walk,
  kind: Kind,
  { d, rows, metric }: Header,
  facts: Facts,
  family: 'float' | 'binary' = 'float',
): Reading<Body> {
  const storage = yield* walk.index('storage', family);
  const body = { d, rows, metric, facts };
  if (storage === undefined) return { ...body, children: [], holds: withoutStorage(kind) };
  fits(walk.cursor, storage, { d, rows });
  const children = [{ role: 'storage', node: storage.node }];
  return { ...body, children, holds: around(storage, (recipe) => recipe) };
}

function withoutStorage(kind: Kind): Body['holds'] {
  const why = 'the graph was saved without its vectors';
  return refusal(
    kind,
    why,
    'name the file in which the storage was saved, or build the collection from the original vectors',
  );
}

export function* nsg(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* header(walk);
  cursor.skip(4 + 1 + 16, 'GK, build_type, nndescent');
  cursor.same('nsg.ntotal', yield* cursor.i32('nsg.ntotal'), head.rows, cursor.at - 4);
  const R = yield* cursor.i32('nsg.R');
  if (R < 0) throw cursor.wrong('nsg.R', R, '0 or more', cursor.at - 4);
  cursor.skip(16, 'nsg.L, C, search_L, enterpoint');
  if (yield* cursor.bool('nsg.is_built')) yield* pastNsgGraph(cursor, head.rows, R);
  return yield* overStorage(walk, kind, head, { R });
}

/** The neighbours of each row, at most R, ended by -1, and no word of how many in all: the one part that has to be read. */
function* pastNsgGraph(cursor: Cursor, rows: number, R: number): Reading<void> {
  cursor.needs(rows * 4, 'nsg.graph');
  let row = 0;
  let neighbours = 0;
  while (row < rows) {
    const at = cursor.at;
    // No further than the graph can reach: each row that is left has an end.
    const bytes = yield* cursor.some(Math.min((rows - row) * (R + 1) * 4, cursor.left), 4, 'nsg.graph');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let i = 0; i < bytes.length && row < rows; i += 4) {
      const id = view.getInt32(i, true);
      cursor.at = at + i + 4;
      if (id === -1) {
        row++;
        neighbours = 0;
      } else if (id < 0 || id >= rows || ++neighbours > R) {
        throw cursor.wrong('nsg.graph', id, `a row below ${rows}, and -1 after ${R} of them at most`, at + i);
      }
    }
  }
}

export function* nnDescent(walk: Walk, kind: Kind): Reading<Body> {
  const { cursor } = walk;
  const head = yield* header(walk);
  cursor.skip(36, 'nndescent');
  yield* cursor.bool('nndescent.has_built');
  yield* cursor.vec(4, 'nndescent.final_graph');
  return yield* overStorage(walk, kind, head, {});
}
