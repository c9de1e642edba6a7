/** Paths of a store, keys of its bucket, and what people read. */
import type { ObjectStoreConfig } from '../core/contracts.ts';
import { checkedPath } from './paths.ts';

export interface StoreNames {
  /** Key of a path; `''`: the root's own name, without `/` at its end. */
  key(path: string): string;
  /** Prefix of all keys below a folder; `''`: of the whole store. */
  below(path: string): string;
  /** Path of a key that lies below the root. */
  path(key: string): string;
  /** `gs://bucket/prefix/path` */
  describe(path: string): string;
}

export function storeNames({ scheme, bucket, root }: ObjectStoreConfig): StoreNames {
  const joined = (...steps: string[]): string => steps.filter((step) => step !== '').join('/');
  const below = (path: string): string => {
    const key = joined(root, checkedPath(path)).replace(/\/+$/, '');
    return key === '' ? '' : `${key}/`;
  };
  return {
    below,
    key: (path) => below(path).slice(0, -1),
    path: (key) => (root === '' ? key : key.slice(root.length + 1)),
    describe: (path) => `${scheme}://${joined(bucket, root, path)}`,
  };
}
