/**
 * Reads a Faiss index file field after field (little-endian, no padding), jumping over what need not be read. It asks
 * for a window of bytes at a time, so that neighbouring fields cost one request.
 */
import { MigrateError } from '../../../core/errors.ts';
import { grouped, inBytes } from '../../milvus1x/quantity.ts';
import type { TableRef, Want } from '../model.ts';

/** A step of the layout pass: asks for bytes, is given them, and ends with a T. */
export type Reading<T> = Generator<Want, T, Uint8Array>;

/** Bytes in the file: from `at`, `count` elements of whatever it holds. */
export interface Span {
  readonly at: number;
  readonly count: number;
}

export const ELEMENT_BYTES: Readonly<Record<TableRef['type'], number>> = { f32: 4, u8: 1, i32: 4, i64: 8 };

const SHORT = 'the Faiss index is cut short, or a count in it is wrong';
const COPY_AGAIN = 'copy it again, or have Faiss write it again';

const DEEPEST = 20;

/** Headers and single hops want little; what is read in one go is fetched in growing steps. */
const FIRST_WINDOW = 4 * 1024;
const LARGEST_WINDOW = 1024 * 1024;

export class Cursor {
  readonly fileBytes: number;
  /** Offset of the next field. */
  at = 0;
  /** Where the walk is, for messages: `IxPT`, `IwPQ`, … */
  readonly trail: string[] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  #from = 0;
  #window = FIRST_WINDOW;

  constructor(fileBytes: number) {
    this.fileBytes = fileBytes;
  }

  /** Goes into a nested index or transform. Faiss's own limit is 50; what people build is below ten. */
  enter(cc: string): void {
    if (this.trail.length === DEEPEST) throw this.wrong(cc, DEEPEST + 1, `at most ${DEEPEST} indexes in one another`);
    this.trail.push(cc);
  }

  leave(): void {
    this.trail.pop();
  }

  get left(): number {
    return this.fileBytes - this.at;
  }

  /** Jumps. A length that is not a safe integer is larger than any file, so comparing it as a number is right. */
  skip(length: number, field: string): void {
    this.needs(length, field);
    this.at += length;
  }

  /** @throws MigrateError E_FAISS if the file has not `length` bytes more */
  needs(length: number, field: string): void {
    if (length <= this.left) return;
    throw this.error(SHORT, field, {
      found: `${inBytes(this.left)} to the end of the file`,
      wanted: inBytes(length),
      hint: COPY_AGAIN,
    });
  }

  #tooMany(field: string, count: number, size: number): MigrateError {
    return this.error(SHORT, field, {
      found: `${grouped(count)} elements of ${inBytes(size)}`,
      wanted: `at most ${inBytes(this.left)}, to the end of the file`,
      hint: COPY_AGAIN,
      at: this.at - 8,
    });
  }

  /** What a field says is not what can be. @param at offset of the field; else that of the next one */
  wrong(field: string, found: string | number, wanted: string | number, at?: number): MigrateError {
    return this.error('a field of the Faiss index says what cannot be', field, {
      found: typeof found === 'number' ? grouped(found) : found,
      wanted: typeof wanted === 'number' ? grouped(wanted) : wanted,
      hint: `the file is damaged: ${COPY_AGAIN}`,
      at,
    });
  }

  /** @throws MigrateError E_FAISS unless both are the same; `at` as in `wrong` */
  same(field: string, found: number, wanted: number, at?: number): void {
    if (found !== wanted) throw this.wrong(field, found, wanted, at);
  }

  error(
    message: string,
    field: string,
    details: {
      readonly found: string;
      readonly wanted: string;
      readonly hint?: string;
      readonly at?: number | undefined;
    },
  ): MigrateError {
    const { at = this.at, ...rest } = details;
    return new MigrateError('E_FAISS', message, { at: { offset: at, field: this.path(field) }, ...rest });
  }

  /** `IxPT › IwPQ › nlist`. */
  path(field: string): string {
    return [...this.trail, field].join(' › ');
  }

  /** The next bytes, `multiple` to `most` of them and a whole number of those, as a view that holds until the next read. */
  *some(most: number, multiple: number, field: string): Reading<Uint8Array> {
    this.needs(multiple, field);
    yield* this.#hold(multiple);
    const start = this.at - this.#from;
    const whole = Math.min(most, this.#bytes.length - start);
    const length = whole - (whole % multiple);
    this.at += length;
    return this.#bytes.subarray(start, start + length);
  }

  /** Exactly the next `length` bytes, a view that holds until the next read. For fields and short names. */
  *take(length: number, field: string): Reading<DataView> {
    this.needs(length, field);
    yield* this.#hold(length);
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.at - this.#from, length);
    this.at += length;
    return view;
  }

  *u8(field: string): Reading<number> {
    return (yield* this.take(1, field)).getUint8(0);
  }

  *i32(field: string): Reading<number> {
    return (yield* this.take(4, field)).getInt32(0, true);
  }

  *u32(field: string): Reading<number> {
    return (yield* this.take(4, field)).getUint32(0, true);
  }

  *f32(field: string): Reading<number> {
    return (yield* this.take(4, field)).getFloat32(0, true);
  }

  *bool(field: string): Reading<boolean> {
    const value = yield* this.u8(field);
    if (value > 1) throw this.wrong(field, value, '0 or 1', this.at - 1);
    return value === 1;
  }

  /** A u64 (or an i64 that cannot be negative) that counts something: a safe integer. */
  *count(field: string): Reading<number> {
    const value = (yield* this.take(8, field)).getBigUint64(0, true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw this.wrong(field, value.toString(), 'a count below 2^53', this.at - 8);
    return Number(value);
  }

  /** A vec: jumps over it. @param size bytes of an element */
  *vec(size: number, field: string): Reading<Span> {
    const count = yield* this.count(field);
    const at = this.at;
    if (count * size > this.left) throw this.#tooMany(field, count, size);
    this.at += count * size;
    return { at, count };
  }

  *table(type: TableRef['type'], field: string): Reading<TableRef> {
    return { type, ...(yield* this.vec(ELEMENT_BYTES[type], field)) };
  }

  /** `count` u64, each a safe integer, handed on one by one. The file must have them all. */
  *eachCount(count: number, field: string, put: (value: number, index: number) => void): Reading<void> {
    this.needs(count * 8, field);
    for (let done = 0; done < count; ) {
      const at = this.at;
      const bytes = yield* this.some((count - done) * 8, 8, field);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let i = 0; i < bytes.length; i += 8, done++) {
        const value = view.getUint32(i + 4, true) * 2 ** 32 + view.getUint32(i, true);
        if (value > Number.MAX_SAFE_INTEGER) throw this.wrong(field, value, 'a count below 2^53', at + i);
        put(value, done);
      }
    }
  }

  /** Has the window hold `length` bytes from `at`: grows while reading goes on without gaps, is small after a jump. */
  *#hold(length: number): Reading<void> {
    const end = this.#from + this.#bytes.length;
    if (this.at >= this.#from && this.at + length <= end) return;
    const near = this.#bytes.length > 0 && this.at >= this.#from && this.at - end <= this.#window;
    this.#window = near ? Math.min(this.#window * 2, LARGEST_WINDOW) : FIRST_WINDOW;
    const wanted = Math.min(Math.max(length, this.#window), this.left);
    this.#bytes = yield { at: this.at, length: wanted };
    if (this.#bytes.length !== wanted) throw new RangeError(`${wanted} bytes wanted, ${this.#bytes.length} given`);
    this.#from = this.at;
  }
}
