/** Inspecting many collections, partitions and segments. */
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { ObjectStoreConfig, OpenStore, Store } from '../../../src/core/contracts.ts';
import type { CollectionMeta } from '../../../src/formats/milvus1x/model.ts';
import { openSource } from '../../../src/sources/index.ts';
import { inspectCollection } from '../../../src/sources/milvus1x/dataset.ts';
import type { SourceFolder } from '../../../src/sources/milvus1x/fileRead.ts';
import { openStore } from '../../../src/stores/index.ts';
import { temporaryFolder } from '../../temporary.ts';
import { config, fileRow, segmentContent, tableRow, writeSegment, writeSqlite } from './build.ts';

const SEGMENTS = 16_384;

/** Every file that is asked for is there, and says that it holds nothing. */
const tables: SourceFolder = {
  store: {
    openFile: async () => ({
      size: 8,
      version: '1',
      readInto: async (target: Uint8Array) => void target.fill(0),
      expect: () => undefined,
      close: async () => undefined,
    }),
  } as unknown as Store,
  lanes: 1,
  show: (path) => path,
  [Symbol.asyncDispose]: async () => undefined,
};

function collectionOf(partitions: number): CollectionMeta {
  return {
    name: 'c',
    dim: 4n,
    metric: 1n,
    engineType: 1,
    indexParams: '{}',
    attributes: [],
    notes: [],
    partitions: Array.from({ length: partitions }, (_, at) => ({
      tag: at === 0 ? '' : `t${at}`,
      tableId: `c${at}`,
      flushLsn: undefined,
      segments: Array.from({ length: SEGMENTS / partitions }, (_, segment) => ({
        segment: `${at}${segment}`,
        rows: 0,
        fileSize: 0,
      })),
    })),
  };
}

test('the segments of thousands of partitions are each found with their own', async () => {
  const partitions = 4096;
  const found = await inspectCollection(collectionOf(partitions), { tables, skipBadSegments: false, notes: [] });
  assert.deepEqual(
    found.partitions.map(({ tag, segments }) => [tag, segments.map(({ segment }) => segment)]),
    collectionOf(partitions).partitions.map(({ tag, segments }) => [tag, segments.map(({ segment }) => segment)]),
  );
});

test('segments of many collections in a bucket are looked at side by side, sixteen at a time', async () => {
  using folder = temporaryFolder();
  const db = join(folder.path, 'db');
  const names = Array.from({ length: 40 }, (_, at) => `c${at}`);
  for (const name of names)
    for (const segment of ['1', '2']) writeSegment(db, name, segment, segmentContent(10, 4, []));
  writeSqlite(join(db, 'meta.sqlite'), {
    Tables: names.map((name, id) => tableRow(name, { id })),
    TableFiles: names.flatMap((name) => ['1', '2'].map((segment) => fileRow(name, segment))),
  });
  const open = new Set<string>();
  let most = 0;
  // What is on this host, seen as a bucket: each answer comes in a later turn.
  const opening: OpenStore = async (store) => {
    const local = await openStore({ scheme: 'file', root: join(folder.path, (store as { root: string }).root) });
    return {
      ...local,
      async openFile(path) {
        const segment = dirname(path);
        open.add(segment);
        most = Math.max(most, open.size);
        await setImmediate();
        const file = await local.openFile(path);
        const close = async (): Promise<void> => {
          open.delete(segment);
          await file?.close();
        };
        return file === undefined ? undefined : { ...file, close };
      },
    };
  };
  const store = { scheme: 's3', bucket: 'b', root: '' } as unknown as ObjectStoreConfig;
  await using source = await openSource(config('db', { store }), { openStore: opening });
  const datasets = await source.datasets();
  assert.deepEqual(
    datasets.map(({ name, rows }) => [name, rows]),
    names.map((name) => [name, 20]),
  );
  assert.equal(most, 16);
});
