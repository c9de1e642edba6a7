/** Records of a table in the file, wanted in no order: id maps by inner id, second codes by stored id. */
import type { StoreFile } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { type FetchLimits, fetchAll } from './fetch.ts';
import { grouped } from './quantity.ts';

export interface RecordTable {
  readonly at: number;
  /** Bytes of one record. */
  readonly record: number;
  readonly count: number;
  /** The whole table, where it is held in memory. */
  readonly held: Uint8Array | undefined;
  /** What it is, for messages: «id map». */
  readonly what: string;
}

/**
 * The records of `numbers`, in their order.
 * Errors: E_FAISS where a number is not one of the table's.
 * @param out numbers.length × record bytes
 */
export async function gatherRecords(
  numbers: BigInt64Array,
  table: RecordTable,
  { file, describe, limits, out }: { file: StoreFile; describe: string; limits: FetchLimits; out: Uint8Array },
): Promise<void> {
  const { at, record, count, held } = table;
  const wants: { at: number; target: Uint8Array }[] = [];
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index]!;
    if (number < 0n || number >= BigInt(count)) throw outside(number, table, describe);
    const target = out.subarray(index * record, (index + 1) * record);
    const from = Number(number) * record;
    if (held === undefined) wants.push({ at: at + from, target });
    else target.set(held.subarray(from, from + record));
  }
  if (wants.length > 0) await fetchAll(file, wants, limits);
}

function outside(number: bigint, { what, count, at }: RecordTable, file: string): MigrateError {
  return new MigrateError('E_FAISS', `an id in the lists is outside the index's ${what}`, {
    at: { file, offset: at, field: what },
    found: `id ${number}`,
    wanted: `0 to ${grouped(count - 1)}`,
    hint: 'the index is damaged: copy it again, or write it anew with faiss',
  });
}
