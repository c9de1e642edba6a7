/**
 * Memory for writes that go past the page cache: the kernel takes it as it is, so it must begin on a page. JavaScript
 * can not ask for that; memory of WebAssembly always does.
 */
import { allocateShared, PAGE_BYTES, type SharedMemory } from '../core/wasm.ts';

/** Of a block, bytes: large enough that a disk is busy with it, small enough for the core's cache beside a slab. */
export const BLOCK_BYTES = 1024 * 1024;
/** In a thread at once: two tasks with two files of two blocks. What finds none is written without. */
const MOST_BLOCKS = 8;

export interface BlockPool {
  /** undefined: all are in use, or there is no memory for one more. */
  take(): Uint8Array | undefined;
  give(block: Uint8Array): void;
}

/** Blocks are made when they are needed, and used again. */
export function createBlockPool(most = MOST_BLOCKS): BlockPool {
  const pages = BLOCK_BYTES / PAGE_BYTES;
  const free: Uint8Array[] = [];
  let memory: SharedMemory | undefined;
  let made = 0;
  const make = (): Uint8Array | undefined => {
    if (made === most) return undefined;
    try {
      // Shared, because growing takes the buffer of any other from its views.
      memory ??= allocateShared(0, pages * most);
      const at = memory.grow(pages) * PAGE_BYTES;
      made++;
      return new Uint8Array(memory.buffer, at, BLOCK_BYTES);
    } catch (thrown) {
      // No address space for it (a limit on it, or very many threads): files are written without blocks.
      if (thrown instanceof RangeError) return undefined;
      throw thrown;
    }
  };
  return { take: () => free.pop() ?? make(), give: (block) => void free.push(block) };
}
