/** Pieces of several objects of one store, without a service: how many are on their way, and that none is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from '../../src/core/crc32.ts';
import { COMPOSED } from '../../src/stores/gcs/upload.ts';
import { PIECES, type PieceSizes, pieceBytes, pieceMemory, piecesInFlight } from '../../src/stores/pieces/memory.ts';
import type { ReadyPiece } from '../../src/stores/pieces/sender.ts';
import { objectWriter, type PieceUpload } from '../../src/stores/pieces/writer.ts';

const OBJECTS = 4;
const COUNT = 5;

const together = (pieces: number, sizes: PieceSizes): number =>
  Array.from({ length: pieces }, (_, index) => pieceBytes(index + 1, sizes)).reduce((sum, bytes) => sum + bytes, 0);

for (const [name, sizes] of Object.entries({ PIECES, COMPOSED }))
  test(`the objects of a store share what may be on its way, and each piece arrives once, also after a failure: ${name}`, () =>
    sendAll(sizes));

async function sendAll(sizes: PieceSizes): Promise<void> {
  const memory = pieceMemory(sizes);
  let [underway, most] = [0, 0];
  const uploads = Array.from({ length: OBJECTS }, () => {
    const arrived = new Map<number, number>();
    let [calls, completed] = [0, 0];
    const upload: PieceUpload<number> = {
      most: 100,
      begin: async () => undefined,
      async send({ number, bytes, crc32: known }: ReadyPiece) {
        most = Math.max(most, ++underway);
        try {
          // Out of the order in which they were sent.
          await delay(number % 3);
          if (++calls === 3) throw new Error('lost');
          if (known !== undefined) assert.equal(known, crc32(bytes));
          assert.equal(arrived.get(number), undefined, `piece ${number} once`);
          arrived.set(
            number,
            bytes.reduce((sum, byte) => sum + byte, 0),
          );
          return bytes.length;
        } finally {
          underway--;
        }
      },
      async complete(pieces) {
        completed = pieces.reduce((sum, bytes) => sum + bytes, 0);
      },
      whole: async () => assert.fail('it is more than a piece'),
      abort: async () => undefined,
    };
    return { upload, arrived, completed: () => completed };
  });
  const bytes = together(COUNT - 1, sizes) + 1000;
  const again = async (call: () => Promise<void>): Promise<void> => {
    await call().catch((error: Error) => {
      assert.equal(error.message, 'lost');
      return call();
    });
  };
  await Promise.all(
    uploads.map(async ({ upload, arrived, completed }, index) => {
      const writer = objectWriter(upload, memory, `object ${index}`);
      const slab = new Uint8Array(1_000_000).fill(index + 1);
      for (let at = 0; at < bytes; at += slab.length) {
        const some = slab.subarray(0, Math.min(slab.length, bytes - at));
        await again(() => writer.write(some, crc32(some)));
      }
      await again(() => writer.close());
      await writer.complete();
      assert.equal(completed(), bytes);
      assert.deepEqual([...arrived.keys()].sort(), [1, 2, 3, 4, 5]);
      assert.equal(
        [...arrived.values()].reduce((all, sum) => all + sum, 0),
        bytes * (index + 1),
      );
    }),
  );
  assert.equal(most, piecesInFlight(pieceBytes(2, sizes), sizes));
  assert.equal(memory.underway.count, 0);
}

test('a file that is given up while its last pieces wait behind those of others is not closed', async () => {
  const memory = pieceMemory(PIECES);
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const upload = (): PieceUpload<number> => ({
    most: 100,
    begin: async () => undefined,
    async send({ bytes }) {
      await held;
      return bytes.length;
    },
    complete: async () => undefined,
    whole: async () => undefined,
    abort: async () => undefined,
  });
  const [other, given] = [objectWriter(upload(), memory, 'other'), objectWriter(upload(), memory, 'given up')];
  const write = (writer: typeof other, pieces: number): Promise<void> =>
    writer.write(new Uint8Array(together(pieces, PIECES) + 1));
  await write(other, piecesInFlight(pieceBytes(1, PIECES), PIECES) + 1);
  await write(given, 1);
  const closing = given.close();
  closing.catch(() => undefined);
  await given.abort();
  letGo();
  await assert.rejects(closing, /abort/i);
  assert.equal(given.closed(), false);
  await other.close();
  assert.equal(other.closed(), true);
});
