/**
 * One JSON file per part in the shape `{"rows":[{…},{…}]}`: what every Milvus with import takes, and what eyes can read.
 * Large and slow: a float takes up to twenty bytes.
 */
import { type Batch, type Column, columnOf, isNull, valueAt } from '../core/batch.ts';
import { createColumnCrc } from '../core/columnCrc.ts';
import type { Encoded, Encoder, StoreGroup } from '../core/contracts.ts';
import { crc32 } from '../core/crc32.ts';
import type { Field, Schema } from '../core/schema.ts';

export const JSON_FILE = 'rows.json';

/** Text is handed on in pieces of about this size. */
const PIECE_BYTES = 1024 * 1024;

export async function openJsonEncoder(group: StoreGroup, schema: Schema): Promise<Encoder> {
  const writer = await group.create(JSON_FILE);
  const crcs = schema.fields.map((field) => createColumnCrc(field));
  let length = 0;
  let sum = 0;
  let before = '{"rows":[\n';
  const write = async (text: string): Promise<void> => {
    const bytes = Buffer.from(text);
    await writer.write(bytes);
    sum = crc32(bytes, sum);
    length += bytes.length;
  };
  return {
    async write(batch: Batch) {
      const columns = schema.fields.map((field, index) => {
        const values = columnOf(batch, field.name);
        crcs[index]!.add(values, batch.rows);
        return { name: JSON.stringify(field.name), values, show: shower(field, values) };
      });
      let text = '';
      for (let row = 0; row < batch.rows; row++) {
        const members = columns.map(({ name, values, show }) => `${name}:${isNull(values, row) ? 'null' : show(row)}`);
        text += `${before}{${members.join(',')}}`;
        before = ',\n';
        if (text.length >= PIECE_BYTES) {
          await write(text);
          text = '';
        }
      }
      await write(text);
    },
    async close(): Promise<Encoded> {
      await write(`${before === ',\n' ? '' : before}\n]}\n`);
      await writer.close();
      const columnCrc = Object.fromEntries(schema.fields.map(({ name }, index) => [name, crcs[index]!.value()]));
      return { files: [{ name: JSON_FILE, bytes: length, crc32: sum }], columnCrc };
    },
  };
}

/** How a row's value is written. Vectors may be unaligned in the slab: they are read as they lie, little endian. */
function shower(field: Field, column: Column): (row: number) => string {
  const { bytes, rowBytes } = column;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (row: number): number => row * rowBytes;
  switch (field.type) {
    case 'Bool':
      return (row) => (bytes[row] === 0 ? 'false' : 'true');
    case 'Int8':
      return (row) => String(view.getInt8(row));
    case 'Int16':
      return (row) => String(view.getInt16(at(row), true));
    case 'Int32':
      return (row) => String(view.getInt32(at(row), true));
    case 'Int64':
      return (row) => String(view.getBigInt64(at(row), true));
    case 'Float':
      return (row) => float(view.getFloat32(at(row), true));
    case 'Double':
      return (row) => float(view.getFloat64(at(row), true));
    case 'VarChar':
      return (row) => JSON.stringify(textAt(column, row));
    case 'JSON':
    case 'Array':
      return (row) => textAt(column, row);
    case 'FloatVector':
      return (row) =>
        `[${Array.from({ length: field.dim }, (_, index) => float(view.getFloat32(at(row) + 4 * index, true))).join(',')}]`;
    case 'BinaryVector':
      return (row) => `[${bytes.subarray(at(row), at(row + 1)).join(',')}]`;
  }
}

function textAt(column: Column, row: number): string {
  return Buffer.from(valueAt(column, row)).toString('utf8');
}

/** −0 is a float of its own. JSON has no NaN: as a text, which nobody takes for a number, where such rows stay in the file. */
function float(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0.0' : String(value);
}
