/** What inspecting a collection of thousands of partitions costs: no more than as many segments in one of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../../src/core/contracts.ts';
import type { CollectionMeta } from '../../../src/formats/milvus1x/model.ts';
import { inspectCollection } from '../../../src/sources/milvus1x/dataset.ts';
import type { SourceFolder } from '../../../src/sources/milvus1x/fileRead.ts';

const SEGMENTS = 32_768;

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

/** Microseconds of processor time. */
async function inspect(partitions: number): Promise<number> {
  const collection = collectionOf(partitions);
  const before = process.cpuUsage();
  const found = await inspectCollection(collection, { tables, skipBadSegments: false, notes: [] });
  const { user, system } = process.cpuUsage(before);
  assert.deepEqual(
    [found.partitions.length, found.partitions.at(-1)!.segments.length],
    [partitions, SEGMENTS / partitions],
  );
  return user + system;
}

test('segments in thousands of partitions are inspected as quickly as in one', async () => {
  await inspect(1);
  const [one, many] = [await inspect(1), await inspect(4096)];
  assert.ok(many < 4 * one, `${many} µs for 4,096 partitions, ${one} µs for one`);
});
