/**
 * Slabs that are filled in the order of the rows, several at once where each read has to wait for an answer.
 *
 * ```
 *   settled   [ slab 3 | slab 0 | slab 2 ] ──► oldest first, given out when its reads are through
 *   being filled ^ begun last                  and released when the consumer comes for the next one
 * ```
 */
import type { Partition, Slab, SlabRing } from '../../core/contracts.ts';
import type { OrdinalCursor } from '../../formats/milvus1x/runs.ts';
import type { SourceFolder } from './fileRead.ts';
import { type Filled, type FillState, fill, type SlabRows, slabRows } from './fill.ts';
import { openRanges } from './openRanges.ts';
import type { OpenRange } from './rangeFiles.ts';

export interface Filling {
  readonly tables: SourceFolder;
  readonly partition: Partition;
  /** undefined: only the ids are wanted. */
  readonly vectorBytes: number | undefined;
  readonly slabs: SlabRing;
  /** Rows that a slab takes. */
  readonly capacity: number;
  readonly dropped: OrdinalCursor | undefined;
  /** Columns of a slab. */
  views(memory: SharedArrayBuffer): readonly Uint8Array[];
}

/** A slab with the next rows of one segment. It is free again when the next one is asked for. */
export interface FilledSlab {
  readonly filled: Readonly<Filled>;
  readonly views: readonly Uint8Array[];
  /** Ordinal among the partition's live rows of its first row, where none is dropped. */
  readonly first: number;
  readonly segment: string;
}

interface Job {
  readonly slab: Slab;
  readonly rows: SlabRows;
  readonly range: OpenRange;
  readonly first: number;
  readonly filled: Promise<Filled>;
}

/** One slab of a single ring is always with the consumer. */
export async function* filledSlabs(filling: Filling): AsyncGenerator<FilledSlab> {
  const { tables, slabs, capacity, dropped } = filling;
  const depth = Math.max(1, Math.min(tables.store.traits.readsInFlight, slabs.slabs - 1));
  const state: FillState = { capacity, dropped, ordinal: 0 };
  const lists = new Map<number, SlabRows>();
  const jobs: Job[] = [];
  const ranges: OpenRange[] = [];
  const begin = (range: OpenRange): void => {
    const slab = slabs.acquire();
    const rows = lists.get(slab.index) ?? slabRows(filling.views(slab.memory), capacity);
    lists.set(slab.index, rows);
    const first = state.ordinal;
    const filled = fill(range, state, rows, depth > 1);
    // Looked at when its turn comes: until then a failure must not count as one that nobody handles.
    filled.catch(() => undefined);
    jobs.push({ slab, rows, range, first, filled });
  };
  async function* oldest(): AsyncGenerator<FilledSlab> {
    const { slab, rows, range, first, filled } = jobs[0]!;
    yield { filled: await filled, views: rows.views, first, segment: range.segment };
    jobs.shift();
    slabs.release(slab);
    while (ranges[0] !== undefined && ranges[0] !== jobs[0]?.range && ranges[0].next === ranges[0].end)
      await ranges.shift()?.close();
  }
  try {
    for await (const range of openRanges({ ...filling, ahead: depth > 1 ? depth : 0 })) {
      ranges.push(range);
      while (range.next < range.end) {
        while (jobs.length >= depth) yield* oldest();
        begin(range);
      }
    }
    while (jobs.length > 0) yield* oldest();
  } finally {
    // Reads that are under way still write into their slabs.
    await Promise.allSettled(jobs.map(({ filled }) => filled));
    for (const { slab } of jobs) slabs.release(slab);
    for (const range of ranges) await range.close();
  }
}
