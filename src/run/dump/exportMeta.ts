/** `export`: the source's metadata as a meta.json. */
import { resolve } from 'node:path';
import type { JobConfig } from '../../config/job.ts';
import type { OpenStore, Store, StoreConfig } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { storeOpener } from '../places/openStores.ts';

export const META_FILE = 'meta.json';

export interface Exported {
  readonly file: string;
  readonly collections: number;
  readonly rows: number;
}

/**
 * Writes `<out>/meta.json`, whole or not at all.
 * @param out a folder, or a store
 */
export async function exportMeta(config: JobConfig, out: string | StoreConfig): Promise<Exported> {
  const openStore = storeOpener(config);
  await using store = await openStore(typeof out === 'string' ? { scheme: 'file', root: resolve(out) } : out);
  // Awaited here: the store is closed when this returns.
  return await writeMeta(config, store, openStore);
}

export async function writeMeta(config: JobConfig, store: Store, openStore: OpenStore): Promise<Exported> {
  if (config.source.kind !== 'milvus1x')
    throw new MigrateError('E_USAGE', 'only the metadata of a Milvus 1.x can be exported', {
      found: config.source.kind,
    });
  const { metaFileOf } = await import('../../sources/milvus1x/metaFile.ts');
  const { text, collections, rows } = await metaFileOf(config.source, { collections: config.collections, openStore });
  await store.put(META_FILE, Buffer.from(text));
  return { file: store.describe(META_FILE), collections, rows };
}
