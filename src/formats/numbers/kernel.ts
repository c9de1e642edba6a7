/**
 * Runs of numbers out of an answer's bytes by WebAssembly (wasm/numbers.ts), and the memory that it works in: the bytes
 * are copied there, a tenth of what reading them takes, so that answers may lie wherever they are.
 */
import { compile, instantiate } from '../../core/wasm.ts';
import { KERNEL_BYTES } from './kernelBytes.ts';

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly next: { readonly value: number };
  readonly behind: { readonly value: number };
  json(from: number, end: number, out: number, most: number): number;
  cbor(from: number, end: number, out: number, most: number): number;
}

/** A run of an array's elements. */
export interface NumberRun {
  /** How many were read. */
  count: number;
  /** The first byte behind what was read. */
  at: number;
  /** There is what follows an element, and no comma; else the beginning of an element, or the end of the bytes. */
  behind: boolean;
}

export type NumberEncoding = 'json' | 'cbor';

const PAGE_BYTES = 65536;
/** Bytes that are looked at in one go, and numbers that come of them. */
const IN_BYTES = PAGE_BYTES;
const OUT_NUMBERS = PAGE_BYTES / 4;
/** The kernel looks so far beyond the end. */
const SLACK = PAGE_BYTES;

interface Arena {
  readonly kernel: Kernel;
  readonly inAt: number;
  readonly outAt: number;
  readonly input: Uint8Array;
  readonly output: Float32Array;
}

/** null: there is no memory of WebAssembly to be had. undefined: nobody has asked yet. */
let opened: Arena | null | undefined;

/** It sets gigabytes of addresses aside, which a limit may forbid: then each number is left to the caller. */
function tryToOpen(): Arena | null {
  try {
    return openArena();
  } catch (thrown) {
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}

function openArena(): Arena {
  const kernel = instantiate(compile(Buffer.from(KERNEL_BYTES, 'base64')), {}) as Kernel;
  // The compiler keeps the first bytes to itself.
  const inAt = kernel.memory.buffer.byteLength;
  const outAt = inAt + IN_BYTES + SLACK;
  kernel.memory.grow((IN_BYTES + SLACK + OUT_NUMBERS * 4) / PAGE_BYTES);
  const { buffer } = kernel.memory;
  return {
    kernel,
    inAt,
    outAt,
    input: new Uint8Array(buffer, inAt, IN_BYTES),
    output: new Float32Array(buffer, outAt, OUT_NUMBERS),
  };
}

/** Bytes of a number so far, on average: so that not much more is copied than a vector takes. */
const AVERAGE: Record<NumberEncoding, number> = { json: 12, cbor: 9 };
/** A run's beginning need not be an average one. */
const SPARE_BYTES = 64;

/**
 * Reads elements of an array of numbers into `target`, from the first byte of one on. Fewer than there is room for: at
 * `run.at` is something that the kernel leaves to the caller, a number of an unusual kind for one; or no number.
 */
export function readNumbers(
  bytes: Uint8Array,
  { from, encoding }: { readonly from: number; readonly encoding: NumberEncoding },
  target: Float32Array,
  run: NumberRun,
): void {
  if (opened === undefined) opened = tryToOpen();
  run.count = 0;
  run.at = from;
  run.behind = false;
  if (opened === null) return;
  const { kernel, inAt, outAt, input, output } = opened;
  while (run.count < target.length && !run.behind) {
    const most = Math.min(target.length - run.count, OUT_NUMBERS);
    const length = Math.min(bytes.length - run.at, IN_BYTES, Math.ceil(most * AVERAGE[encoding]) + SPARE_BYTES);
    input.set(bytes.subarray(run.at, run.at + length));
    const got = kernel[encoding](inAt, inAt + length, outAt, most);
    const taken = kernel.next.value - inAt;
    run.at += taken;
    run.behind = kernel.behind.value === 1;
    if (got === 0) return;
    target.set(output.subarray(0, got), run.count);
    run.count += got;
    AVERAGE[encoding] += (taken / got - AVERAGE[encoding]) / 8;
  }
}
