/** A file of 6 GB: more than one request can take or copy, in memory that does not grow with it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { crc32 } from '../../src/core/crc32.ts';
import { minioForTests } from '../servers/startMinio.ts';
import { newPlace, openPlace, plainClient, unfinishedUploads } from './s3.ts';

const minio = await minioForTests();
const client = plainClient(minio);
after(async () => {
  client.destroy();
  await minio[Symbol.asyncDispose]();
});

const SLAB = 4 * 1024 * 1024;
const SLABS = 1_500;
/** Not a whole number of slabs, nor of pieces. */
const TAIL = 12_345;
const BYTES = SLABS * SLAB + TAIL;
/** Buffers of one writer (five pieces), slabs, what the SDK holds, and the garbage of sockets. */
const MOST_RSS = 350e6;

/** The slab as it is at this place: its number in front of bytes that are all alike. */
function fill(slab: Uint8Array, index: number): Uint8Array {
  new DataView(slab.buffer, slab.byteOffset).setUint32(0, index);
  return slab;
}

test('6 GB: written, read, moved and removed', async () => {
  await using store = await openPlace(newPlace(minio), { idleMs: 60_000 });
  const group = await store.begin('t/large', async () => undefined);
  const writer = await group.create('f');
  const slab = new Uint8Array(SLAB).fill(9);
  let [crc, rss] = [0, 0];
  for (let index = 0; index < SLABS; index++) {
    await writer.write(fill(slab, index));
    crc = crc32(slab, crc);
    rss = Math.max(rss, process.memoryUsage.rss());
  }
  await writer.write(slab.subarray(0, TAIL));
  crc = crc32(slab.subarray(0, TAIL), crc);
  await writer.close();
  await group.commit();
  assert.ok(rss < MOST_RSS, `${rss} bytes of memory`);

  await store.move('t/large', 't/moved');
  assert.equal(await store.openFile('t/large/f'), undefined);
  const places = ['t/large/f', 't/moved/f'].map((path) => store.describe(path));
  assert.equal(await unfinishedUploads(client, places), 0);

  const file = (await store.openFile('t/moved/f'))!;
  assert.equal(file.size, BYTES);
  let back = 0;
  for (let start = 0; start < BYTES; start += SLAB) {
    const target = slab.subarray(0, Math.min(SLAB, BYTES - start));
    await file.readInto(target, start);
    back = crc32(target, back);
  }
  assert.equal(back, crc);
  await file.close();
  await store.remove('t');
  assert.equal(await store.stat('t/moved/f'), undefined);
});
