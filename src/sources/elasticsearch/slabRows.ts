/** The rows of one batch while they are put into a slab, and their columns when it is complete. */
import type { Column } from '../../core/batch.ts';
import type { Slab } from '../../core/contracts.ts';
import type { Field } from '../../core/schema.ts';
import { aligned, type ColumnPlace, layOut, rowsThatFit, type SlabLayout } from './slabLayout.ts';

/** One row on its way: values of fixed width are written at its place in the slab, the others wait here. */
export interface SlabRows {
  readonly slab: Slab;
  readonly rows: number;
  /** Where the columns of the row that is being made are. */
  readonly layout: SlabLayout;
  readonly memory: SharedArrayBuffer;
  readonly view: DataView;
  /** Values of any length of the row that is being made, by column; valid until it is added. */
  readonly waiting: (Uint8Array | undefined)[];
  readonly nulls: (Uint8Array | undefined)[];
  /**
   * Adds the row that was made.
   * @returns false: there is no room for it in this batch (see `fits`)
   */
  add(): boolean;
  /** The columns of the rows so far. */
  columns(fields: readonly Field[]): readonly Column[];
}

/** Bytes that are gathered column by column before they go into the slab; used again for each batch. */
export interface Staging {
  readonly columns: { bytes: Uint8Array; length: number }[];
  /** Bytes of a row's values of any length so far, on average. */
  average: number;
}

const FIRST_STAGED = 64 * 1024;
/** What a value of unknown length is taken to be at first. */
const GUESSED_BYTES = 64;

export function createStaging(fields: readonly Field[]): Staging {
  const variable = fields.filter((field) => isVariable(field)).length;
  return {
    columns: fields.map((field) => ({ bytes: new Uint8Array(isVariable(field) ? FIRST_STAGED : 0), length: 0 })),
    average: variable * GUESSED_BYTES,
  };
}

export function isVariable({ type }: Field): boolean {
  return type === 'VarChar' || type === 'JSON' || type === 'Array';
}

/**
 * The largest layout for rows like those before.
 * @param least bytes that the values of any length of the first row take, where they are known: there is room for them
 */
export function layoutFor(
  fields: readonly Field[],
  { average }: Staging,
  { slabBytes, least }: { slabBytes: number; least: number },
): SlabLayout | undefined {
  for (let capacity = rowsThatFit(fields, Math.max(average, 1), slabBytes); ; capacity = Math.floor(capacity / 2)) {
    const layout = layOut(fields, capacity, slabBytes);
    if (layout !== undefined && layout.dataBytes >= least) return layout;
    if (capacity === 1) return undefined;
  }
}

export function openSlabRows(slab: Slab, layout: SlabLayout, staging: Staging): SlabRows {
  const { memory } = slab;
  const { columns: places, capacity } = layout;
  const offsets = places.map(({ width, at }) => (width > 0 ? undefined : new Uint32Array(memory, at, capacity + 1)));
  const nulls = places.map(({ nullsAt }) => (nullsAt < 0 ? undefined : new Uint8Array(memory, nullsAt, capacity)));
  const waiting: (Uint8Array | undefined)[] = places.map(() => undefined);
  for (const staged of staging.columns) staged.length = 0;
  for (const column of offsets) if (column !== undefined) column[0] = 0;
  let rows = 0;
  let data = 0;
  return {
    slab,
    layout,
    memory,
    view: new DataView(memory),
    waiting,
    nulls,
    get rows() {
      return rows;
    },
    add() {
      const more = waitingBytes(waiting);
      if (rows === capacity || data + more > layout.dataBytes) return false;
      for (const [column, value] of waiting.entries()) {
        const ends = offsets[column];
        if (ends === undefined) continue;
        const staged = staging.columns[column]!;
        if (value !== undefined) append(staged, value);
        ends[rows + 1] = staged.length;
      }
      data += more;
      rows++;
      return true;
    },
    columns(fields) {
      if (rows > 0) staging.average = data / rows;
      let at = layout.dataAt;
      return places.map((place, column) => {
        const { name: field } = fields[column]!;
        const kept = nulls[column] === undefined ? {} : { nulls: nulls[column].subarray(0, rows) };
        if (place.width > 0) return { field, rowBytes: place.width, bytes: fixedView(memory, place, rows), ...kept };
        const { bytes: staged, length } = staging.columns[column]!;
        const bytes = new Uint8Array(memory, at, length);
        bytes.set(staged.subarray(0, length));
        at = aligned(at + length);
        return { field, rowBytes: 0, bytes, offsets: offsets[column]!.subarray(0, rows + 1), ...kept };
      });
    },
  };
}

function fixedView(memory: SharedArrayBuffer, { at, width }: ColumnPlace, rows: number): Uint8Array {
  return new Uint8Array(memory, at, rows * width);
}

export function waitingBytes(waiting: readonly (Uint8Array | undefined)[]): number {
  let sum = 0;
  for (const value of waiting) sum += value?.length ?? 0;
  return sum;
}

function append(staged: { bytes: Uint8Array; length: number }, value: Uint8Array): void {
  const length = staged.length + value.length;
  if (length > staged.bytes.length) {
    const larger = new Uint8Array(Math.max(staged.bytes.length * 2, length));
    larger.set(staged.bytes.subarray(0, staged.length));
    staged.bytes = larger;
  }
  staged.bytes.set(value, staged.length);
  staged.length = length;
}
