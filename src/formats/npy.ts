/**
 * NumPy's .npy format 1.0, header only (numpy.lib.format, «NPY format 1.0»): `\x93NUMPY`, version, uint16 header
 * length, a Python dict as ASCII padded with spaces to a multiple of 64, then the data.
 *
 * The header that we write has one fixed size, so that it can be written last, when the row count is known.
 */
import { MigrateError } from '../core/errors.ts';

/** Bytes before the data in every file of ours; a multiple of 64. */
export const NPY_HEADER_BYTES = 128;

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
const PREFIX_BYTES = 10;
const MAX_HEADER_BYTES = 65_535 + PREFIX_BYTES;

/** The types that our encoders write, with the bytes of one element; all little endian. */
const ITEM_BYTES = { '<i8': 8, '<i4': 4, '<i2': 2, '|i1': 1, '|u1': 1, '|b1': 1, '<f4': 4, '<f8': 8 } as const;

export type NpyType = keyof typeof ITEM_BYTES;

export interface NpyShape {
  readonly type: NpyType;
  /** `[rows]` or `[rows, values per row]`. */
  readonly shape: readonly number[];
}

/** Bytes of one element. */
export function npyItemBytes(type: NpyType): number {
  return ITEM_BYTES[type];
}

/** The whole header, NPY_HEADER_BYTES long, C order. Throws RangeError for shapes that do not fit into it (none of ours). */
export function npyHeader({ type, shape }: NpyShape): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${type}', 'fortran_order': False, 'shape': (${dims}), }`;
  const room = NPY_HEADER_BYTES - PREFIX_BYTES - 1;
  if (dict.length > room) throw new RangeError(`an npy header of ${dict.length} bytes`);
  const header = new Uint8Array(NPY_HEADER_BYTES);
  header.set(MAGIC);
  header[6] = 1;
  new DataView(header.buffer).setUint16(8, NPY_HEADER_BYTES - PREFIX_BYTES, true);
  header.set(new TextEncoder().encode(`${dict.padEnd(room)}\n`), PREFIX_BYTES);
  return header;
}

export interface NpyLayout extends NpyShape {
  /** Offset of the first element. */
  readonly dataOffset: number;
}

/** How many bytes of the file to read for `parseNpyHeader`: all of it, if shorter. */
export const NPY_HEADER_MAX_BYTES = MAX_HEADER_BYTES;

/**
 * Reads a header of format 1.0 with one of our types.
 * @param bytes the start of the file, at least as much as the header takes
 * @param file for the error
 */
export function parseNpyHeader(bytes: Uint8Array, file: string): NpyLayout {
  const bad = (field: string, found: string, wanted: string) =>
    new MigrateError('E_PART_DAMAGED', 'not a NumPy file that this tool wrote', { at: { file, field }, found, wanted });
  if (bytes.length < PREFIX_BYTES || MAGIC.some((byte, index) => bytes[index] !== byte))
    throw bad(
      'magic',
      `${bytes.length} bytes, starting ${Buffer.from(bytes.subarray(0, 6)).toString('hex')}`,
      '934e554d5059',
    );
  if (bytes[6] !== 1) throw bad('version', String(bytes[6]), '1');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint16(8, true);
  const dataOffset = PREFIX_BYTES + length;
  if (dataOffset > bytes.length) throw bad('header length', `${dataOffset} bytes`, `at most ${bytes.length} bytes`);
  const dict = Buffer.from(bytes.subarray(PREFIX_BYTES, dataOffset)).toString('latin1');
  const match = /^\{'descr': '([<|][iufb]\d)', 'fortran_order': False, 'shape': \((\d+),(?: (\d+))?,?\), \} *\n$/.exec(
    dict,
  );
  if (match === null || !Object.hasOwn(ITEM_BYTES, match[1]!))
    throw bad('header', dict.trim(), `${Object.keys(ITEM_BYTES).join(', ')} in C order`);
  const shape = [match[2], match[3]].filter((dim) => dim !== undefined).map(Number);
  if (!shape.every(Number.isSafeInteger)) throw bad('shape', dict.trim(), 'sizes below 2^53');
  return { type: match[1] as NpyType, shape, dataOffset };
}
