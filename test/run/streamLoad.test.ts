/** What a stream does when Milvus does not take its rows, with a target and a worker that are made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PartitionRecord } from '../../src/core/checkpoint.ts';
import type { InsertOutcome } from '../../src/core/contracts.ts';
import { allocateRing } from '../../src/run/slabs.ts';
import { createPace, type StreamContext, streamPart } from '../../src/run/streamLoad.ts';
import type { SentColumn, StreamMessage, StreamTask } from '../../src/run/tasks.ts';
import { batchOf, floatSchema } from '../targets/batches.ts';

const SCHEMA = floatSchema(4);
const BATCH = batchOf(SCHEMA, [1n, 2n]);

/** Sends the one batch, as a worker does. */
async function stream({ port }: StreamTask): Promise<{ rows: number }> {
  const say = (message: StreamMessage): void => port.postMessage(message);
  const columns = BATCH.columns.map(({ field, rowBytes, bytes }): SentColumn => {
    const view = { memory: bytes.buffer as SharedArrayBuffer, offset: bytes.byteOffset, length: bytes.length };
    return { field, rowBytes, bytes: view, offsets: undefined, nulls: undefined };
  });
  say({ kind: 'ring', memory: allocateRing({ slabBytes: 1024, slabs: 1 }) });
  say({ kind: 'batch', slab: 0, first: 0, rows: BATCH.rows, origin: 'test', withoutSnapshot: false, columns });
  say({ kind: 'end' });
  return { rows: BATCH.rows };
}

/** @param answer to the n-th insert or upsert; @returns how often it waited between two of them */
async function streamed(answer: (call: number) => InsertOutcome): Promise<number> {
  const planned = { collection: 'c', targetPartition: '_default', partition: { id: 'p' } };
  const part = { partition: 'p', dir: '', rows: BATCH.rows, rejected: 0, columnCrc: {} };
  const record = { planned, part, load: undefined } as unknown as PartitionRecord;
  let [calls, waits] = [0, 0];
  const nothing = (): void => undefined;
  const run = {
    ledger: { get: () => record, of: () => [record], collection: nothing, recordLoad: async () => undefined },
    pool: { run: stream },
    side: () => ({ run: async () => ({ rows: BATCH.rows, matches: [] }) }),
    pace: { ...createPace(), backoff: async () => void waits++ },
    target: { facts: async () => ({}), insert: async () => answer(++calls) },
    collections: [{ target: 'c', schema: SCHEMA, datasets: ['c'] }],
    config: { source: { kind: 'plugin' } },
    reader: { kind: 'test' },
    meter: { add: nothing, detail: nothing },
    signal: new AbortController().signal,
    fail: nothing,
    warn: nothing,
  };
  await streamPart(run as unknown as StreamContext, record, 'c');
  return waits;
}

test('a Milvus that never says that rows arrived is given up, with its reason', async () => {
  const full: InsertOutcome = { kind: 'doubt', reason: 'rocksmq produce: no space left on device' };
  const never = (call: number): InsertOutcome => {
    if (call > 1_000) throw new Error('it is sent again without end');
    return full;
  };
  await assert.rejects(streamed(never), { code: 'E_TARGET', found: full.reason });
});
