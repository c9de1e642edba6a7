/** Google Cloud Storage on a real fake-gcs-server: the contract of all stores. */
import { after } from 'node:test';
import type { Store } from '../../src/core/contracts.ts';
import { storeContract } from '../contract/store.ts';
import { gcsForTests } from '../servers/startGcs.ts';
import { gcsPlace, openPlace, type Place, unfinishedIn } from './places.ts';

const gcs = await gcsForTests();
after(() => gcs[Symbol.asyncDispose]());
const places = new WeakMap<Store, Place>();

async function open(): Promise<Store> {
  const place = gcsPlace(gcs.endpoint);
  const store = await openPlace(place);
  places.set(store, place);
  return store;
}

storeContract('gcs', open, { largeBytes: 20_000_001, unfinished: (store) => unfinishedIn(places.get(store)!) });
