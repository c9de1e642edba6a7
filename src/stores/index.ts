/** The stores, by the scheme of their URL. A new store is one file and one line here. */
import type { Store } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';

/** What a worker needs to open the same store. */
export interface StoreConfig {
  readonly scheme: keyof typeof STORES;
  readonly root: string;
}

const STORES = {
  file: async (root: string): Promise<Store> => (await import('./local.ts')).openLocalStore(root),
} as const;

export function openStore(config: StoreConfig): Promise<Store> {
  const open = STORES[config.scheme];
  if (open === undefined)
    throw new MigrateError('E_USAGE', 'an unknown kind of store', {
      found: config.scheme,
      wanted: Object.keys(STORES).join(', '),
    });
  return open(config.root);
}
