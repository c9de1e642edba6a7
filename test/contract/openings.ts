/** Part of the contract of stores: what whoever opens a file knows, or wants, changes nothing of what is read. */
import assert from 'node:assert/strict';
import type { Store, StoreFile } from '../../src/core/contracts.ts';
import { MigrateError } from '../../src/core/errors.ts';

export function openings(on: (what: string, work: (store: Store) => Promise<void>) => void): void {
  on('what is opened with its first bytes, or as it is known, is read as ever', async (store) => {
    await store.put('f', Buffer.from('0123456789'));
    await store.put('empty', new Uint8Array());
    const read = async (file: StoreFile, start: number, length: number): Promise<string> => {
      const target = Buffer.alloc(length);
      await file.readInto(target, start);
      return target.toString();
    };
    for (const first of [1, 4, 10, 11, 100]) {
      const file = (await store.openFile('f', { first }))!;
      assert.deepEqual([file.size, file.version], [10, (await store.stat('f'))!.version]);
      const reads = [read(file, 0, 1), read(file, 1, 3), read(file, 2, 5), read(file, 0, 10), read(file, 10, 0)];
      assert.deepEqual(await Promise.all(reads), ['0', '123', '23456', '0123456789', ''], `the first ${first}`);
      await assert.rejects(read(file, 8, 4), MigrateError);
      await file.close();
      assert.equal((await store.openFile('empty', { first }))?.size, 0);
      assert.equal(await store.openFile('no/such', { first }), undefined);
    }
    const known = (await store.stat('f'))!;
    const file = (await store.openFile('f', { known, first: 4 }))!;
    assert.equal(await read(file, 2, 5), '23456');
    await file.close();
    await store.put('f', Buffer.from('abcdefghij'));
    const other = (await store.openFile('f', { known }))!;
    if (other.version === known.version) await assert.rejects(read(other, 0, 3), MigrateError);
    await other.close();
  });
}
