/**
 * The hot loops in WebAssembly (wasm/faiss.ts), and the memory that they work in. Measured against the same loops in
 * JavaScript, which has no vector units and converts each float32 twice: four to ten times as many bytes a second.
 */
import { KERNEL_BYTES } from './kernelBytes.ts';

/** What of the global we use: no library of TypeScript's that we include has it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Addresses are bytes in the memory; see wasm/faiss.ts for each. */
export interface Kernels {
  readonly memory: Memory;
  spans(codes: number, count: number, d: number, base: number, scale: number, out: number): void;
  join(codes: number, count: number, books: number, step: number, wide: number, table: number, out: number): void;
  // biome-ignore format: one line each
  joinAdd(codes: number, count: number, books: number, step: number, wide: number, table: number, centroid: number, out: number): void;
  halves(codes: number, count: number, out: number): void;
  rotate(z: number, count: number, n: number, m: number, matrix: number, out: number): void;
}

/** A module's memory: what is taken from it stays taken. */
export interface Arena {
  readonly run: Kernels;
  /** Address of that many bytes, a multiple of 16, with SLACK bytes behind them. Not after `bytes`. */
  take(length: number): number;
  /** All of the memory. */
  bytes(): Uint8Array<ArrayBuffer>;
}

/** Loops over components go up to 60 bytes beyond the end. */
const SLACK = 64;
const PAGE = 65536;

let compiled: object | undefined;

export function openArena(): Arena {
  compiled ??= new WebAssembly.Module(Buffer.from(KERNEL_BYTES, 'base64'));
  const run = new WebAssembly.Instance(compiled, {}).exports as Kernels;
  // The compiler keeps the first bytes to itself.
  let end = run.memory.buffer.byteLength;
  return {
    run,
    take(length) {
      const at = end;
      end += Math.ceil((length + SLACK) / 16) * 16;
      const missing = end - run.memory.buffer.byteLength;
      if (missing > 0) run.memory.grow(Math.ceil(missing / PAGE));
      return at;
    },
    bytes: () => new Uint8Array(run.memory.buffer),
  };
}

/** Rows are decoded in runs of about this many bytes: all that one step leaves for the next stays in the cache. */
const RUN_BYTES = 64 * 1024;

/** Rows of a run, at least one. */
export function runOf(d: number): number {
  return Math.max(1, Math.floor(RUN_BYTES / 4 / Math.max(1, d)));
}

/** Bytes of numbers, wherever they are. */
export function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
