import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainStaging, troubleOf } from '../../../src/run/load/explainStaging.ts';
import { openStore } from '../../../src/stores/index.ts';

/** As Milvus 2.3.5 said them: with its files on a disk, and in MinIO with answers of a proxy in between. */
const SEEN = [
  [
    'unseen',
    "failed to get file size of '/x/id.npy', error:stat /x/id.npy: no such file or directory: importing data failed",
  ],
  ['unseen', "failed to get file size of 'stage/id.npy', error:NoSuchKey(key=stage/id.npy): importing data failed"],
  ['denied', "failed to get file size of 'stage/id.npy', error:Access Denied.: importing data failed"],
  ['other', "failed to get file size of 'stage/id.npy', error:503 Service Unavailable: importing data failed"],
  [
    'unreachable',
    'failed to get file size of \'stage/id.npy\', error:Head "http://127.0.0.1:46099/milvus-bucket/stage/id.npy": read tcp 127.0.0.1:54100->127.0.0.1:46099: read: connection reset by peer: importing data failed',
  ],
  // The words of a path are no words of Milvus.
  [
    'unseen',
    "failed to get file size of 'tls:/403/id.npy', error:NoSuchKey(key=tls:/403 forbidden/id.npy): importing data failed",
  ],
] as const;

for (const [trouble, reason] of SEEN) test(`${trouble}: ${reason}`, () => assert.equal(troubleOf(reason), trouble));

for (const [, reason] of SEEN)
  test(`whoever loads a dump is not told to leave --staging away: ${reason}`, async () => {
    await using store = await openStore({ scheme: 'file', root: '/dump' });
    const files = { dir: '/dump', store: undefined, seenAs: '/dump', oldLayout: false, keep: true };
    const hint = (dumped: boolean) => explainStaging({ reason, files, store, dumped, seenAtRoot: false }).hint ?? '';
    assert.match(hint(false), /leave --staging away/);
    assert.doesNotMatch(hint(true), /--staging away/);
    assert.match(hint(true), /from the source/);
  });
