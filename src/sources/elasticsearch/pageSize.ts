/** How many documents to ask for at a time: pages of about the same bytes, smaller when the server has too much to do. */

/** Enough that asking costs little beside reading, little enough that a worker's memory stays flat. */
export const PAGE_BYTES = 8 * 1024 * 1024;
/** A page over it is given up and asked for again as a smaller one. A single document over it can't be read. */
export const MAX_PAGE_BYTES = 4 * PAGE_BYTES;
/** `index.max_result_window`, as it is by default. */
const MAX_ROWS = 10_000;
/** Pages that have to go well before they grow again after the server complained. */
const CALM_PAGES = 4;

export interface PageSizes {
  readonly rows: number;
  /** A page went well. */
  came(rows: number, bytes: number): void;
  /** It was too large, or too much: half as many from now on. @returns false: it was a single document already */
  shrink(asked: number): boolean;
}

/** @param documentBytes of a document in an answer, as far as it can be guessed */
export function createPageSizes(first: number | null, documentBytes: number): PageSizes {
  let rows = within(first ?? Math.floor(PAGE_BYTES / documentBytes));
  let calm = CALM_PAGES;
  return {
    get rows() {
      return rows;
    },
    came(got, bytes) {
      calm++;
      // Few rows say little: the last page of a range.
      if (got * 2 < rows) return;
      const wanted = within(Math.floor((PAGE_BYTES * got) / bytes));
      if (wanted < rows) rows = wanted;
      else if (calm >= CALM_PAGES) rows = Math.min(wanted, rows * 2);
    },
    shrink(asked) {
      if (asked === 1) return false;
      rows = within(Math.floor(asked / 2));
      calm = 0;
      return true;
    },
  };
}

function within(rows: number): number {
  return Math.max(1, Math.min(MAX_ROWS, rows));
}
