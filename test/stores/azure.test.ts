/** Azure Blob Storage on a real Azurite: the contract of all stores. */
import { after } from 'node:test';
import type { Store } from '../../src/core/contracts.ts';
import { storeContract } from '../contract/store.ts';
import { azuriteForTests } from '../servers/startAzurite.ts';
import { azurePlace, openPlace, type Place, unfinishedIn } from './places.ts';

const azurite = await azuriteForTests();
after(() => azurite[Symbol.asyncDispose]());
const places = new WeakMap<Store, Place>();

async function open(): Promise<Store> {
  const place = azurePlace(azurite);
  const store = await openPlace(place);
  places.set(store, place);
  return store;
}

storeContract('azure', open, { largeBytes: 20_000_001, unfinished: (store) => unfinishedIn(places.get(store)!) });
