/** Finds rows with NaN or infinity: legal in Milvus 1.x, refused by Milvus 2.x (of scalars by its import, in all formats). */
import { type Column, isNull } from '../core/batch.ts';
import type { FieldType } from '../core/schema.ts';
import { compile, instantiate, memoryOf, type SharedMemory } from '../core/wasm.ts';
import { KERNEL_BYTES } from './nonFiniteBytes.ts';

const WITHOUT_SIGN = 0x7fffffff;
/** Added to a float without sign, this carries into the sign bit exactly where all exponent bits are set. */
const ONE_EXPONENT = 0x00800000;

/** Index of the first non-finite value at or after `start`; that of the end if there is none. */
type Search = (start: number) => number;

/** Whether values of the type may be NaN or infinity. In JSON and Array they can't. */
export function isFloating(type: FieldType): boolean {
  return type === 'FloatVector' || type === 'Float' || type === 'Double';
}

/** Rows whose value in a field of floats is, or holds, NaN or an infinity, ascending. */
export function rowsNotFinite({ type }: { readonly type: FieldType }, column: Column): readonly number[] {
  const rows = type === 'Double' ? nonFiniteDoubles(column) : nonFiniteRows(column);
  // What lies where a row has no value is no value.
  return column.nulls === undefined ? rows : rows.filter((row) => !isNull(column, row));
}

function nonFiniteDoubles({ bytes }: Column): number[] {
  const values = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  const rows: number[] = [];
  for (let row = 0; row < values.length; row++) if (!Number.isFinite(values[row])) rows.push(row);
  return rows;
}

/**
 * Rows whose vector, or float32, holds a NaN or an infinity, ascending.
 *
 * One pass over the bits. Where the vectors lie in memory of WebAssembly, as slabs do, it has vector units: five times
 * as many bytes a second.
 * @param column float32 vectors, 4-byte aligned
 */
export function nonFiniteRows(column: Column): number[] {
  const bits = new Int32Array(column.bytes.buffer, column.bytes.byteOffset, column.bytes.byteLength / 4);
  const search = searchIn(bits);
  const rows: number[] = [];
  const dim = column.rowBytes / 4;
  for (let at = search(0); at < bits.length; ) {
    const row = Math.floor(at / dim);
    rows.push(row);
    at = search((row + 1) * dim);
  }
  return rows;
}

function searchIn(bits: Int32Array): Search {
  const memory = memoryOf(bits.buffer);
  if (memory === undefined) return (start) => firstNonFinite(bits, start);
  const { firstNonFinite: find } = kernelOf(memory);
  const { byteOffset, byteLength } = bits;
  const end = byteOffset + byteLength;
  return (start) => (find(byteOffset + start * 4, end) - byteOffset) / 4;
}

/** Addresses are bytes in the memory; see wasm/nonFinite.ts. */
interface Kernel {
  firstNonFinite(at: number, end: number): number;
}

let compiled: object | undefined;
const kernels = new WeakMap<SharedMemory, Kernel>();

function kernelOf(memory: SharedMemory): Kernel {
  const known = kernels.get(memory);
  if (known !== undefined) return known;
  compiled ??= compile(Buffer.from(KERNEL_BYTES, 'base64'));
  const kernel = instantiate(compiled, { env: { memory } }) as Kernel;
  kernels.set(memory, kernel);
  return kernel;
}

/** Index of the first non-finite value at or after `start`; `bits.length` if there is none. */
function firstNonFinite(bits: Int32Array, start: number): number {
  let at = start;
  const blocksEnd = bits.length - 7;
  for (; at < blocksEnd; at += 8) {
    const carry =
      ((bits[at]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 1]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 2]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 3]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 4]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 5]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 6]! & WITHOUT_SIGN) + ONE_EXPONENT) |
      ((bits[at + 7]! & WITHOUT_SIGN) + ONE_EXPONENT);
    if (carry < 0) break;
  }
  for (; at < bits.length; at++) if ((((bits[at]! & WITHOUT_SIGN) + ONE_EXPONENT) | 0) < 0) return at;
  return bits.length;
}
