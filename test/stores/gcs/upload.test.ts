/** Objects of more pieces than one request composes, on a real fake-gcs-server: small pieces, so that it takes no time. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openLogin } from '../../../src/stores/gcs/login.ts';
import { gcsSession } from '../../../src/stores/gcs/session.ts';
import { openGcsStore } from '../../../src/stores/gcs/store.ts';
import { pieceUpload, unfinishedFolder } from '../../../src/stores/gcs/upload.ts';
import { openConnections, PATIENCE } from '../../../src/stores/http/connections.ts';
import { gcsForTests } from '../../servers/startGcs.ts';
import { gcsPlace, unfinishedIn } from '../places.ts';

const gcs = await gcsForTests();
after(() => gcs[Symbol.asyncDispose]());

for (const count of [32, 33, 100])
  test(`an object of ${count} pieces is put together in their order, and none is left`, async () => {
    const place = gcsPlace(gcs.endpoint);
    await using store = await openGcsStore(place.config, place.credentials);
    const connections = openConnections(PATIENCE);
    after(() => connections.close());
    const endpoint = new URL(gcs.endpoint);
    const login = await openLogin(place.config, place.credentials, true);
    const session = gcsSession({ config: place.config, endpoint, connections, login });
    const path = 't/p/f';
    const folder = `${unfinishedFolder('t/p')}/f`;
    const upload = pieceUpload({ session, path, folder, record: async () => undefined });

    await upload.begin();
    const pieces = Array.from({ length: count }, (_, index) => Buffer.from(`piece ${index},`));
    const signal = new AbortController().signal;
    const sent = [];
    // The first goes last, as in a dump.
    for (const [index, bytes] of [...pieces.entries()].reverse())
      sent.unshift(await upload.send({ number: index + 1, bytes, crc32: undefined }, signal));
    assert.equal(await unfinishedIn(place), count);
    await upload.complete(sent);

    const whole = Buffer.concat(pieces);
    const got = Buffer.alloc(whole.length);
    const file = await store.openFile(path);
    await file!.readInto(got, 0);
    await file!.close();
    assert.equal(got.toString(), whole.toString());
    assert.equal(await unfinishedIn(place), 0);
  });
