/** What of the global WebAssembly we use: no library of TypeScript's that we include has it. */

export const PAGE_BYTES = 65536;

/** Memory that threads may share; it begins on a page of the system's, too. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}

declare const WebAssembly: {
  readonly Memory: new (size: { initial: number; maximum: number; shared: true }) => SharedMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const memories = new WeakMap<SharedArrayBuffer, SharedMemory>();

/** @param pages of 64 KiB. Throws a RangeError where there are no addresses left for them. */
export function allocateShared(pages: number): SharedMemory {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  memories.set(memory.buffer, memory);
  return memory;
}

/** The memory of a buffer that this thread allocated here. */
export function memoryOf(buffer: ArrayBufferLike): SharedMemory | undefined {
  return buffer instanceof SharedArrayBuffer ? memories.get(buffer) : undefined;
}

export function compile(bytes: Uint8Array): object {
  return new WebAssembly.Module(bytes);
}

/** @returns its exports */
export function instantiate(module: object, imports: object): unknown {
  return new WebAssembly.Instance(module, imports).exports;
}
