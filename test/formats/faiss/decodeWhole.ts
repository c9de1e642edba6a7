/** Decodes a whole index file in memory: layout, tables, centroids, rows and ids, in the order of the file. */
import assert from 'node:assert/strict';
import type { Lookup, Table } from '../../../src/formats/faiss/decode/decoder.ts';
import { type Decoder, type DecoderOptions, openDecoder } from '../../../src/formats/faiss/decode/open.ts';
import type { Recipe, Storage, TableRef } from '../../../src/formats/faiss/model.ts';

export interface Decoded {
  readonly ids: bigint[];
  /** [rows][rowBytes], in a buffer of its own. */
  readonly vectors: Uint8Array;
}

export interface WholeOptions extends DecoderOptions {
  /** Rows of a call; blocks are cut inside, too. */
  readonly rowsAtATime?: number;
  /** Where the lists are: another file for lists on disk. */
  readonly lists?: Uint8Array;
}

export function lookupOver(file: Uint8Array): Lookup {
  return {
    table: (ref) => tableIn(file, ref),
    centroids({ recipe }) {
      assert.ok(recipe.kind !== 'multi');
      const { vectors } = decodeWhole(file, recipe);
      return new Float32Array(vectors.buffer);
    },
  };
}

export function tableIn(file: Uint8Array, { type, at, count }: TableRef): Table {
  const size = { f32: 4, u8: 1, i32: 4, i64: 8 }[type];
  assert.ok(at + count * size <= file.length, 'a table beyond the end of the file');
  const { buffer } = Uint8Array.from(file.subarray(at, at + count * size));
  return new { f32: Float32Array, u8: Uint8Array, i32: Int32Array, i64: BigInt64Array }[type](buffer, 0, count);
}

export function decodeWhole(file: Uint8Array, recipe: Recipe, options: WholeOptions = {}): Decoded {
  const decoder = openDecoder(recipe, lookupOver(file), options);
  const out: Uint8Array[] = [];
  const ids: bigint[] = [];
  for (const [list, run] of runsOf(recipe.storage, recipe.rows, options.lists ?? file).entries()) {
    const stored = run.ids ?? Array.from({ length: run.rows }, (_, row) => BigInt(row));
    ids.push(...stored);
    out.push(decodeRun(decoder, { file, recipe, run, list, stored, rowsAtATime: options.rowsAtATime ?? 64 }));
  }
  const vectors = Uint8Array.from(Buffer.concat(out));
  return withCopies(file, recipe, { ids: mapped(file, recipe, ids), vectors });
}

interface Run {
  readonly rows: number;
  readonly codes: Uint8Array;
  readonly ids: bigint[] | undefined;
}

function runsOf(storage: Storage, rows: number, file: Uint8Array): Run[] {
  const cut = (at: number, bytes: number): Uint8Array => {
    assert.ok(at + bytes <= file.length, 'codes beyond the end of the file');
    return file.subarray(at, at + bytes);
  };
  if (storage.kind === 'rows') return [{ rows, codes: cut(storage.at, rows * storage.record), ids: undefined }];
  if (storage.kind === 'blocks') {
    const bytes = Math.ceil(rows / storage.blockRows) * storage.blockBytes;
    return [{ rows, codes: cut(storage.at, bytes), ids: undefined }];
  }
  const { lists, block, record } = storage;
  return Array.from(lists.rows, (count, list) => {
    if (count === 0) return { rows: 0, codes: new Uint8Array(0), ids: [] };
    const bytes = block === undefined ? count * record : Math.ceil(count / block.rows) * block.bytes;
    const ids = tableIn(file, { type: 'i64', at: lists.idsAt[list]!, count }) as BigInt64Array;
    return { rows: count, codes: cut(lists.codesAt[list]!, bytes), ids: [...ids] };
  });
}

interface RunContext {
  readonly file: Uint8Array;
  readonly recipe: Recipe;
  readonly run: Run;
  readonly list: number;
  readonly stored: readonly bigint[];
  readonly rowsAtATime: number;
}

function decodeRun(decoder: Decoder, { file, recipe, run, list, stored, rowsAtATime }: RunContext): Uint8Array {
  // The place of `out` is as in a slab: behind other things, at a multiple of 4.
  const slab = new Uint8Array(new SharedArrayBuffer(run.rows * decoder.rowBytes + 4));
  const second = recipe.codec.kind === 'refined' ? secondCodes(file, recipe.codec, stored) : undefined;
  for (let first = 0; first < run.rows; first += rowsAtATime) {
    const rows = Math.min(rowsAtATime, run.rows - first);
    decoder.decode({ codes: run.codes, first, rows, list, second }, slab.subarray(4 + first * decoder.rowBytes));
  }
  return slab.slice(4);
}

function secondCodes(
  file: Uint8Array,
  { codesAt, record }: Extract<Recipe['codec'], { kind: 'refined' }>,
  ids: readonly bigint[],
): Uint8Array {
  return Buffer.concat(
    ids.map((id) => file.subarray(codesAt + Number(id) * record, codesAt + (Number(id) + 1) * record)),
  );
}

function mapped(file: Uint8Array, { ids: rule }: Recipe, ids: bigint[]): bigint[] {
  if (rule.kind !== 'mapped') return ids;
  return rule.maps.reduce((inner, ref) => {
    const map = tableIn(file, ref) as BigInt64Array;
    return inner.map((id) => map[Number(id)]!);
  }, ids);
}

/** Rows that were not stored because they equal another one. */
function withCopies(file: Uint8Array, { storage }: Recipe, { ids, vectors }: Decoded): Decoded {
  if (storage.kind !== 'lists' || storage.duplicates === undefined) return { ids, vectors };
  const { at, count } = storage.duplicates;
  const pairs = tableIn(file, { type: 'i64', at, count: count * 2 }) as BigInt64Array;
  const rowBytes = vectors.length / ids.length;
  const copies: Uint8Array[] = [];
  const allIds = [...ids];
  const placeOf = new Map(ids.map((id, place) => [id, place]));
  for (let pair = 0; pair < count; pair++) {
    const [copy, owner] = dedupPair(pairs, pair, placeOf);
    const place = placeOf.get(owner)!;
    allIds.push(copy);
    copies.push(vectors.subarray(place * rowBytes, (place + 1) * rowBytes));
  }
  return { ids: allIds, vectors: Uint8Array.from(Buffer.concat([vectors, ...copies])) };
}

function dedupPair(pairs: BigInt64Array, pair: number, stored: Map<bigint, number>): [bigint, bigint] {
  const [a, b] = [pairs[pair * 2]!, pairs[pair * 2 + 1]!];
  assert.ok(stored.has(a), `${a}, which ${b} equals, is in no list`);
  return [b, a];
}
