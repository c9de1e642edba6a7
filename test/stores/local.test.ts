import { after } from 'node:test';
import { openLocalStore } from '../../src/stores/local.ts';
import { storeContract } from '../contract/store.ts';
import { temporaryFolder } from '../temporary.ts';

const folders: Disposable[] = [];
after(() => {
  for (const folder of folders) folder[Symbol.dispose]();
});

storeContract('local', async () => {
  const folder = temporaryFolder();
  folders.push(folder);
  return openLocalStore(folder.path);
});
