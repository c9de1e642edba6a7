/** A store whose every call goes through one function: what the wrappers of this folder are made of. */
import type { Store, StoreFile, StoreGroup, StoreWriter } from '../../core/contracts.ts';

export type CallName =
  | `store.${'stat' | 'openFile' | 'begin' | 'put' | 'move' | 'remove' | 'discard' | 'sweep' | 'free'}`
  | `file.${'readInto' | 'close'}`
  | `group.${'create' | 'commit' | 'abort'}`
  | `writer.${'write' | 'patchStart' | 'close'}`;

export interface StoreCall {
  readonly name: CallName;
  readonly path: string;
  /** Bytes that the call moves; 0 where it is none that moves bytes. */
  readonly bytes: number;
}

/** Makes the call, once or more often, and gives back what came of it. */
export type Around = <T>(call: StoreCall, make: () => Promise<T>) => Promise<T>;

/** @param list listings are no single call: each wrapper says what it does with them */
export function aroundStore(store: Store, around: Around, list: Store['list'] = (prefix) => store.list(prefix)): Store {
  const on = <T>(name: CallName, path: string, make: () => Promise<T>): Promise<T> =>
    around({ name, path, bytes: 0 }, make);
  return {
    traits: store.traits,
    describe: (path) => store.describe(path),
    stat: (path) => on('store.stat', path, () => store.stat(path)),
    openFile: async (path, opening) => {
      const file = await on('store.openFile', path, () => store.openFile(path, opening));
      return file === undefined ? undefined : aroundFile(file, path, around);
    },
    list,
    begin: async (dir, record) =>
      aroundGroup(await on('store.begin', dir, () => store.begin(dir, record)), dir, around),
    put: (path, bytes) => around({ name: 'store.put', path, bytes: bytes.length }, () => store.put(path, bytes)),
    move: (from, to) => on('store.move', from, () => store.move(from, to)),
    remove: (path) => on('store.remove', path, () => store.remove(path)),
    discard: (upload) => on('store.discard', upload.path, () => store.discard(upload)),
    sweep: (prefix, mark) => on('store.sweep', prefix, () => store.sweep(prefix, mark)),
    free: () => on('store.free', '', () => store.free()),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

function aroundFile(file: StoreFile, path: string, around: Around): StoreFile {
  return {
    size: file.size,
    version: file.version,
    readInto: (target, start) =>
      around({ name: 'file.readInto', path, bytes: target.length }, () => file.readInto(target, start)),
    expect: (start, end) => file.expect(start, end),
    close: () => around({ name: 'file.close', path, bytes: 0 }, () => file.close()),
  };
}

function aroundGroup(group: StoreGroup, dir: string, around: Around): StoreGroup {
  return {
    create: async (name) => {
      const path = `${dir}/${name}`;
      const writer = await around({ name: 'group.create', path, bytes: 0 }, () => group.create(name));
      return aroundWriter(writer, path, around);
    },
    commit: () => around({ name: 'group.commit', path: dir, bytes: 0 }, () => group.commit()),
    abort: () => around({ name: 'group.abort', path: dir, bytes: 0 }, () => group.abort()),
  };
}

function aroundWriter(writer: StoreWriter, path: string, around: Around): StoreWriter {
  return {
    write: (bytes, crc32) =>
      around({ name: 'writer.write', path, bytes: bytes.length }, () => writer.write(bytes, crc32)),
    patchStart: (bytes) =>
      around({ name: 'writer.patchStart', path, bytes: bytes.length }, () => writer.patchStart(bytes)),
    close: () => around({ name: 'writer.close', path, bytes: 0 }, () => writer.close()),
  };
}
