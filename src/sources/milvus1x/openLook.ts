/** The `Look` for each place that a source lies in: this host's folders, or buckets. */
import type { Milvus1xSource } from '../../config/job.ts';
import type { ObjectStoreConfig, OpenStore } from '../../core/contracts.ts';
import { type Look, lookInStore, lookLocally } from './look.ts';

/** Where the data is, and where the file with the metadata is: the same one, mostly. */
export interface Looks extends AsyncDisposable {
  readonly data: Look;
  readonly meta: Look;
}

/** They must be disposed. */
export async function openLooks(
  { store, meta }: Pick<Milvus1xSource, 'store' | 'meta'>,
  openStore: OpenStore,
): Promise<Looks> {
  const opened: AsyncDisposable[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened) await one[Symbol.asyncDispose]();
  };
  const look = async (config: ObjectStoreConfig | undefined): Promise<Look> => {
    if (config === undefined) return lookLocally();
    const store = await openStore(config);
    opened.push(store);
    return lookInStore(store, config);
  };
  try {
    const data = await look(store);
    const elsewhere = meta === undefined || meta.kind === 'mysql' ? undefined : meta.store;
    const other = elsewhere === undefined ? data : await look(elsewhere === 'local' ? undefined : elsewhere);
    return { data, meta: other, [Symbol.asyncDispose]: close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
