/**
 * Rows of a deduplicated IVF (IwFd) that are not in the lists: pairs (id in a list, id of a row that equals it).
 *
 * ```
 *   owners  [ 3 | 3 | 17 | … ]   sorted
 *   copies  [ 9 | 4 | 20 | … ]   the id that equals owners[i], ascending among equal owners
 * ```
 */
import type { StoreFile } from '../../core/contracts.ts';
import { type ErrorPlace, MigrateError } from '../../core/errors.ts';
import { allocateTable } from './memory.ts';
import { grouped } from './quantity.ts';

export interface Copies {
  readonly owners: BigInt64Array;
  readonly copies: BigInt64Array;
}

export async function readCopies(file: StoreFile, { at, count }: { at: number; count: number }): Promise<Copies> {
  const pairs = new BigInt64Array(count * 2);
  await file.readInto(new Uint8Array(pairs.buffer), at);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  order.sort((a, b) => compare(pairs[2 * a]!, pairs[2 * b]!) || compare(pairs[2 * a + 1]!, pairs[2 * b + 1]!));
  const shared = (): BigInt64Array => new BigInt64Array(allocateTable(count * 8));
  const [owners, copies] = [shared(), shared()];
  for (let index = 0; index < count; index++) {
    owners[index] = pairs[2 * order[index]!]!;
    copies[index] = pairs[2 * order[index]! + 1]!;
  }
  return { owners, copies };
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
