/** Reads what a step needs: neighbours that are small in one go, large ones straight to where they belong. */
import type { StoreFile } from '../../core/contracts.ts';

export interface Want {
  readonly at: number;
  readonly target: Uint8Array;
}

export interface FetchLimits {
  /** Reads from this size on go straight into their target, by themselves. */
  readonly large: number;
  /** Unwanted bytes between two neighbours that are read along rather than skipped. */
  readonly gap: number;
  /** Bytes of one read for several wants. */
  readonly joined: number;
  /** Reads under way at once. */
  readonly inFlight: number;
}

/** A system call costs as much as some KiB, a request as much as some MiB. */
export const LOCAL_LIMITS: FetchLimits = { large: 32 * 1024, gap: 4 * 1024, joined: 256 * 1024, inFlight: 1 };

export function remoteLimits(readsInFlight: number): FetchLimits {
  return { large: 1024 * 1024, gap: 256 * 1024, joined: 2 * 1024 * 1024, inFlight: readsInFlight };
}

export function limitsOf({ readsInFlight }: { readonly readsInFlight: number }): FetchLimits {
  return readsInFlight > 1 ? remoteLimits(readsInFlight) : LOCAL_LIMITS;
}

/** @param wants in any order; their targets do not overlap */
export async function fetchAll(file: StoreFile, wants: readonly Want[], limits: FetchLimits): Promise<void> {
  const groups = joinWants(wants, limits);
  if (limits.inFlight === 1 || groups.length === 1) {
    for (const group of groups) await readGroup(file, group, limits);
    return;
  }
  const next = groups[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (const group of next) await readGroup(file, group, limits);
  };
  const workers = Array.from({ length: Math.min(limits.inFlight, groups.length) }, work);
  // All have ended before an error is thrown: none writes into memory that is used anew.
  const ends = await Promise.allSettled(workers);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Wants of one read, ascending. */
export function joinWants(wants: readonly Want[], { large, gap, joined }: FetchLimits): Want[][] {
  const sorted = wants.filter(({ target }) => target.length > 0).sort((a, b) => a.at - b.at);
  const groups: Want[][] = [];
  let group: Want[] = [];
  let [start, end] = [0, 0];
  for (const want of sorted) {
    const past = want.at + want.target.length;
    const alone = want.target.length >= large;
    if (group.length === 0 || alone || want.at - end > gap || past - start > joined) {
      if (group.length > 0) groups.push(group);
      group = [];
      start = want.at;
    }
    group.push(want);
    end = Math.max(end, past);
    if (!alone) continue;
    groups.push(group);
    group = [];
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

/** Of this thread, to be used again: new room for each read would be tens of megabytes of garbage. */
const spare: Uint8Array[] = [];

async function readGroup(file: StoreFile, group: readonly Want[], { joined }: FetchLimits): Promise<void> {
  const [only] = group;
  if (only !== undefined && group.length === 1) return file.readInto(only.target, only.at);
  const from = only!.at;
  const end = group.reduce((most, { at, target }) => Math.max(most, at + target.length), from);
  const free = spare.pop();
  const room = free !== undefined && free.length >= end - from ? free : new Uint8Array(Math.max(joined, end - from));
  try {
    await file.readInto(room.subarray(0, end - from), from);
    for (const { at, target } of group) target.set(room.subarray(at - from, at - from + target.length));
  } finally {
    spare.push(room);
  }
}
