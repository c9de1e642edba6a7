/** Whether a batch is one of a schema's: a mistake in a reader must not become rows. */
import { isUtf8 } from 'node:buffer';
import type { Batch, Column } from '../../core/batch.ts';
import { type Field, fixedBytes, type Schema } from '../../core/schema.ts';

export interface BatchProblem {
  readonly found: string;
  readonly wanted: string;
}

export function batchProblem(schema: Schema, batch: Batch): BatchProblem | undefined {
  const wanted = schema.fields.map(({ name }) => name).join(', ');
  const names = batch.columns.map(({ field }) => field).join(', ');
  if (names !== wanted) return { found: `columns ${names}`, wanted: `columns ${wanted}` };
  const { rows, read, deleted, dropped, filtered = 0, refused = [] } = batch;
  // Every row that was looked at is somewhere.
  if (read - deleted - dropped - filtered - refused.length !== rows)
    return {
      found: `read ${read}, deleted ${deleted}, dropped ${dropped}, filtered ${filtered}, refused ${refused.length}, rows ${rows}`,
      wanted: 'rows = read - deleted - dropped - filtered - refused',
    };
  for (const [index, field] of schema.fields.entries()) {
    const problem = columnProblem(field, batch.columns[index]!, rows);
    if (problem !== undefined) return { found: `${field.name}: ${problem.found}`, wanted: problem.wanted };
  }
  return undefined;
}

function columnProblem(field: Field, column: Column, rows: number): BatchProblem | undefined {
  const { bytes, rowBytes, offsets, nulls } = column;
  const width = fixedBytes(field);
  if (!(bytes instanceof Uint8Array)) return { found: typeof bytes, wanted: 'bytes in a Uint8Array' };
  if (bytes.byteOffset % 8 !== 0) return { found: `bytes at ${bytes.byteOffset}`, wanted: 'a multiple of 8' };
  if (nulls !== undefined && nulls.length !== rows) return { found: `${nulls.length} nulls`, wanted: `${rows}` };
  if (nulls !== undefined && field.nullable !== true && nulls.some((value) => value !== 0))
    return { found: 'rows without a value', wanted: 'values: the field is not nullable' };
  if (width !== undefined) {
    if (bytes.length !== rows * width || rowBytes !== width)
      return { found: `${bytes.length} bytes, ${rowBytes} a row`, wanted: `${rows * width} bytes, ${width} a row` };
    const other = field.type === 'Bool' ? bytes.find((value) => value > 1) : undefined;
    return other === undefined ? undefined : { found: `a byte ${other}`, wanted: '0 or 1' };
  }
  if (offsets?.length !== rows + 1) return { found: `${offsets?.length ?? 'no'} offsets`, wanted: `${rows + 1}` };
  if (offsets[0] !== 0 || offsets[rows] !== bytes.length)
    return { found: `offsets from ${offsets[0]} to ${offsets[rows]}`, wanted: `from 0 to ${bytes.length}` };
  const fall = offsets.findIndex((offset, row) => row > 0 && offset < offsets[row - 1]!);
  if (fall >= 0) return { found: `an offset that falls, at row ${fall - 1}`, wanted: 'offsets that rise' };
  return textProblem(field, { bytes, offsets, rows });
}

/** Texts that are none would become other ones on their way, without a word. */
function textProblem(
  { type, maxLength = Infinity }: Field,
  { bytes, offsets, rows }: { readonly bytes: Uint8Array; readonly offsets: Uint32Array; readonly rows: number },
): BatchProblem | undefined {
  if (!isUtf8(bytes)) return { found: 'bytes that are no UTF-8', wanted: 'texts in UTF-8' };
  for (let row = 0; row < rows; row++) {
    const start = offsets[row]!;
    const length = offsets[row + 1]! - start;
    // 10xxxxxx: inside a character.
    if (length > 0 && (bytes[start]! & 0xc0) === 0x80)
      return { found: `a text that begins within a character, at row ${row}`, wanted: 'offsets between characters' };
    if (type === 'VarChar' && length > maxLength)
      return { found: `a text of ${length} bytes, at row ${row}`, wanted: `at most ${maxLength} bytes` };
  }
  return undefined;
}
