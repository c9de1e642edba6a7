/** A group of files in memory, for tests of encoders: stores have tests of their own. */
import type { StoreGroup } from '../../src/core/contracts.ts';

export function memoryGroup(): { readonly group: StoreGroup; readonly files: ReadonlyMap<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  const group: StoreGroup = {
    async create(name) {
      const pieces: Uint8Array[] = [];
      return {
        // Copied: the encoder may use its buffer again.
        write: async (bytes) => void pieces.push(bytes.slice()),
        async patchStart(bytes) {
          const all = Buffer.concat(pieces);
          all.set(bytes);
          pieces.splice(0, pieces.length, all);
        },
        close: async () => void files.set(name, Buffer.concat(pieces)),
      };
    },
    commit: async () => undefined,
    abort: async () => undefined,
  };
  return { group, files };
}
