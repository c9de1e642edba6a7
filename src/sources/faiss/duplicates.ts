/**
 * Rows of a deduplicated IVF (IwFd) that are not in the lists: pairs (id in a list, id of a row that equals it).
 *
 * ```
 *   owners  [ 3 | 3 | 17 | … ]   sorted
 *   copies  [ 9 | 4 | 20 | … ]   the id that equals owners[i], ascending among equal owners
 * ```
 */
import { type ErrorPlace, MigrateError } from '../../core/errors.ts';
import { allocateTable } from './memory.ts';
import { grouped } from './quantity.ts';

export interface Copies {
  readonly owners: BigInt64Array;
  readonly copies: BigInt64Array;
}

/** @param pairs (owner, copy), in any order */
export function sortCopies(pairs: BigInt64Array): Copies {
  const count = pairs.length / 2;
  const shared = (): BigInt64Array => new BigInt64Array(allocateTable(count * 8));
  const sorted = { owners: shared(), copies: shared() };
  const packed = pack(pairs);
  if (packed === undefined) sortAny(pairs, sorted);
  else unpack(packed.sort(), sorted);
  return sorted;
}

/** Pairs of ids below 2^32, as most are, in one word each: the engine sorts those natively, many times as fast. Else undefined. */
function pack(pairs: BigInt64Array): BigUint64Array | undefined {
  const halves = new Uint32Array(pairs.buffer, pairs.byteOffset, pairs.length * 2);
  for (let at = 1; at < halves.length; at += 2) if (halves[at] !== 0) return undefined;
  const packed = new BigUint64Array(pairs.length / 2);
  const words = new Uint32Array(packed.buffer);
  for (let to = 0, at = 0; to < words.length; to += 2, at += 4) {
    words[to] = halves[at + 2]!;
    words[to + 1] = halves[at]!;
  }
  return packed;
}

function unpack(packed: BigUint64Array, { owners, copies }: Copies): void {
  const words = new Uint32Array(packed.buffer);
  const [to, behind] = [new Uint32Array(owners.buffer), new Uint32Array(copies.buffer)];
  for (let at = 0; at < words.length; at += 2) {
    to[at] = words[at + 1]!;
    behind[at] = words[at]!;
  }
}

function sortAny(pairs: BigInt64Array, { owners, copies }: Copies): void {
  const order = Uint32Array.from(owners.keys());
  order.sort((a, b) => compare(pairs[2 * a]!, pairs[2 * b]!) || compare(pairs[2 * a + 1]!, pairs[2 * b + 1]!));
  for (let index = 0; index < order.length; index++) {
    owners[index] = pairs[2 * order[index]!]!;
    copies[index] = pairs[2 * order[index]! + 1]!;
  }
}

/** [from, end) of `owners` that are `id`. */
export function copiesOf({ owners }: Copies, id: bigint): { from: number; end: number } {
  const from = lowerBound(owners, id);
  let end = from;
  while (end < owners.length && owners[end] === id) end++;
  return { from, end };
}

/** Counts copies as their owners are found in the lists. */
export interface CopyCount {
  /** How many copies `id` has. Error: E_FAISS where it was asked before: a row would come twice. */
  of(id: bigint): number;
  /** Error: E_FAISS where copies were left without an owner: rows would be lost. */
  end(): void;
}

/** @param place of the pairs */
export function countCopies(all: Copies, place: ErrorPlace): CopyCount {
  const count = all.owners.length;
  const owned = new Uint8Array(count);
  let found = 0;
  return {
    of(id) {
      const { from, end } = copiesOf(all, id);
      if (from === end) return 0;
      if (owned[from] === 1)
        throw unfit(`id ${id} twice in the lists, and rows that equal it`, 'each such id once', place);
      owned[from] = 1;
      found += end - from;
      return end - from;
    },
    end() {
      if (found === count) return;
      throw unfit(`${grouped(found)} rows that equal one in the lists`, grouped(count), place);
    },
  };
}

function unfit(found: string, wanted: string, place: ErrorPlace): MigrateError {
  return new MigrateError('E_FAISS', 'the duplicates of a deduplicated index do not fit its lists', {
    at: { field: 'instances', ...place },
    found,
    wanted,
    hint: 'the index is damaged: copy it again, or write it anew with faiss',
  });
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function lowerBound(sorted: BigInt64Array, wanted: bigint): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
