/**
 * The fixed vector memory of one worker: a ring of SharedArrayBuffers.
 *
 * ```
 *   states   [ 0 | 1 | 0 | 0 ]   one int32 a slab: 0 free, 1 in use
 *   released [ 17 ]              counts releases; who waits for a slab waits for a change of it
 * ```
 * A slab may be released by another thread (a streaming insert gives it back when the server has the rows), hence
 * Atomics. `acquire` blocks its thread: it is called in workers, which have nothing else to do then.
 */
import type { Slab, SlabRing } from '../../core/contracts.ts';
import { allocateShared, PAGE_BYTES } from '../../core/wasm.ts';

const MiB = 1024 * 1024;

/** How large a ring is. */
export interface RingSize {
  readonly slabBytes: number;
  readonly slabs: number;
}

/** Read → write buffers of the file path: at least and at most. */
const FILE_SLAB_BYTES = [MiB, 4 * MiB] as const;
/** What the slabs that are worked on should have of the cache that cores share; most have 32 MiB for eight of them. */
const CACHE_BYTES = 16 * MiB;

/**
 * Each slab costs some 80 µs, whatever its size, until V8 has compiled what is done for it: with 4 MiB in place of 1 a dump
 * of 1 GB takes 0.045 s less of processor time. Where many threads share the cache, they would push each other's out of it.
 */
export function fileRing(threads: number): RingSize {
  const [least, most] = FILE_SLAB_BYTES;
  return { slabBytes: Math.max(least, Math.min(most, Math.floor(CACHE_BYTES / threads / MiB) * MiB)), slabs: 2 };
}

/**
 * The same where the source is in a bucket: each request costs the SDK about a millisecond of processor time, so fewer
 * and larger ones (4 MiB gained nothing more, and took 30 MB more of resident memory with two threads); and several under way
 * hide what each waits for. One more than are read at once: it is being written.
 */
export const REMOTE_RING: RingSize = { slabBytes: 2 * MiB, slabs: 4 };
/** Batches of streaming inserts: one slab is one request at most. */
export const STREAM_RING: RingSize = { slabBytes: 4 * MiB, slabs: 4 };

/** Vector memory of one worker at most, in bytes. */
export const RING_BYTES = Math.max(ringBytes(fileRing(1)), ringBytes(REMOTE_RING)) + ringBytes(STREAM_RING);

function ringBytes({ slabBytes, slabs }: RingSize): number {
  return slabBytes * slabs;
}

const FREE = 0;
const USED = 1;

/** The memory of a ring, as it goes to another thread. */
export interface RingMemory {
  readonly slabs: readonly SharedArrayBuffer[];
  readonly states: SharedArrayBuffer;
  readonly released: SharedArrayBuffer;
}

export function allocateRing({ slabBytes, slabs }: RingSize): RingMemory {
  return {
    slabs: Array.from({ length: slabs }, () => allocateSlab(slabBytes)),
    states: new SharedArrayBuffer(4 * slabs),
    released: new SharedArrayBuffer(4),
  };
}

/** In memory of WebAssembly where there is such: what looks at each byte is faster there. */
function allocateSlab(bytes: number): SharedArrayBuffer {
  if (bytes % PAGE_BYTES !== 0) return new SharedArrayBuffer(bytes);
  try {
    return allocateShared(bytes / PAGE_BYTES).buffer;
  } catch (thrown) {
    // It sets gigabytes of addresses aside, which a limit may forbid.
    if (thrown instanceof RangeError) return new SharedArrayBuffer(bytes);
    throw thrown;
  }
}

/** The ring over its memory; several threads may hold one over the same memory, one of them acquires. */
export function openRing(memory: RingMemory): SlabRing {
  const states = new Int32Array(memory.states);
  const released = new Int32Array(memory.released);
  const take = (): number => {
    for (let index = 0; index < states.length; index++)
      if (Atomics.compareExchange(states, index, FREE, USED) === FREE) return index;
    return -1;
  };
  return {
    slabBytes: memory.slabs[0]?.byteLength ?? 0,
    slabs: memory.slabs.length,
    acquire(): Slab {
      for (;;) {
        const seen = Atomics.load(released, 0);
        const index = take();
        if (index >= 0) return { index, memory: memory.slabs[index]! };
        Atomics.wait(released, 0, seen);
      }
    },
    release(slab: Slab): void {
      Atomics.store(states, slab.index, FREE);
      Atomics.add(released, 0, 1);
      Atomics.notify(released, 0);
    },
  };
}
