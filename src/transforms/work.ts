/**
 * A batch on its way through the steps. Rows that a step takes out are marked, and taken out at the end: until then what
 * the source gave is untouched, so that a refused row can be shown as the source has it.
 */
import type { Batch, Column, RefusedRow } from '../core/batch.ts';
import { withoutRows } from '../core/compact.ts';
import { keyText } from '../core/keys.ts';
import { rowText } from '../core/rowText.ts';
import type { Schema } from '../core/schema.ts';
import { copyRows } from './columns.ts';

/** One step, opened. It never writes into the columns that it finds: they may be the source's. */
export type Step = (work: Work) => void | Promise<void>;

const HERE = 0;
const FILTERED = 1;
const REFUSED = 2;

export class Work {
  /** In the order of the schema between two steps. */
  columns: readonly Column[];
  /** How many rows the columns have; `isHere` says which of them still count. */
  rows: number;
  readonly #batch: Batch;
  readonly #sourceSchema: Schema;
  #fate: Uint8Array;
  /** Rows of `columns` → rows of the source's batch; undefined: the same. */
  #sourceRows: Uint32Array | undefined;
  #filtered = 0;
  readonly #refused: { readonly row: number; readonly reason: string }[] = [];
  readonly #changes = new Map<string, number>();

  constructor(batch: Batch, sourceSchema: Schema) {
    this.#batch = batch;
    this.#sourceSchema = sourceSchema;
    this.columns = batch.columns;
    this.rows = batch.rows;
    this.#fate = new Uint8Array(batch.rows);
  }

  /** What the rows are in the source, for messages. */
  get origin(): string {
    return this.#batch.origin;
  }

  isHere(row: number): boolean {
    return this.#fate[row] === HERE;
  }

  column(field: string): Column {
    const found = this.columns.find((column) => column.field === field);
    if (found === undefined) throw new TypeError(`the batch has no column ${field}`);
    return found;
  }

  replace(field: string, column: Column): void {
    this.columns = this.columns.map((old) => (old.field === field ? column : old));
  }

  /** A filter says no. */
  leaveOut(row: number): void {
    if (this.#fate[row] !== HERE) return;
    this.#fate[row] = FILTERED;
    this.#filtered++;
  }

  /** It can't be a row of the target. */
  refuse(row: number, reason: string): void {
    if (this.#fate[row] !== HERE) return;
    this.#fate[row] = REFUSED;
    this.#refused.push({ row: this.#sourceRow(row), reason });
  }

  /** Counts a value that is not carried over exactly. */
  change(name: string, count = 1): void {
    if (count === 0) return;
    this.#changes.set(name, (this.#changes.get(name) ?? 0) + count);
  }

  /** Copies what is left, so that the rows still here are all rows of `columns`. */
  settle(): void {
    const gone = this.#gone();
    if (gone === 0) return;
    const kept = new Uint32Array(this.rows - gone);
    for (let row = 0, at = 0; row < this.rows; row++) if (this.isHere(row)) kept[at++] = row;
    this.columns = this.columns.map((column) => copyRows(column, kept));
    this.#sourceRows = kept.map((row) => this.#sourceRow(row));
    this.rows = kept.length;
    this.#fate = new Uint8Array(kept.length);
  }

  /** The batch that it has become. From here on the source's columns are written to. */
  finish(): Batch {
    const batch = this.#batch;
    const refused = this.#showRefused();
    const gone: number[] = [];
    for (let row = 0; row < this.rows; row++) if (!this.isHere(row)) gone.push(row);
    const filtered = (batch.filtered ?? 0) + this.#filtered;
    const changes = merged(batch.changes, this.#changes);
    return withoutRows(
      {
        ...batch,
        rows: this.rows,
        columns: this.columns,
        ...(filtered === 0 ? {} : { filtered }),
        ...(refused.length === 0 ? {} : { refused: [...(batch.refused ?? []), ...refused] }),
        ...(changes === undefined ? {} : { changes }),
      },
      gone,
    );
  }

  #gone(): number {
    return this.#fate.reduce((sum, fate) => sum + (fate === HERE ? 0 : 1), 0);
  }

  #sourceRow(row: number): number {
    return this.#sourceRows?.[row] ?? row;
  }

  #showRefused(): readonly RefusedRow[] {
    const schema = this.#sourceSchema;
    const batch = this.#batch;
    return this.#refused
      .sort((a, b) => a.row - b.row)
      .map(({ row, reason }) => ({
        key: keyText(schema, batch, row),
        reason,
        row: rowText(schema, batch, row),
      }));
  }
}

function merged(before: Batch['changes'], added: ReadonlyMap<string, number>): Record<string, number> | undefined {
  if (before === undefined && added.size === 0) return undefined;
  const sum = new Map(Object.entries(before ?? {}));
  for (const [name, count] of added) sum.set(name, (sum.get(name) ?? 0) + count);
  return Object.fromEntries(sum);
}
