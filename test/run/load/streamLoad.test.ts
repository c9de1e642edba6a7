/** What a stream does when Milvus does not take its rows, with a target and a worker that are made up. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PartitionRecord } from '../../../src/core/checkpoint.ts';
import type { InsertOutcome } from '../../../src/core/contracts.ts';
import { MigrateError } from '../../../src/core/errors.ts';
import { createPace, type StreamContext, streamPart } from '../../../src/run/load/streamLoad.ts';
import type { StreamedRows } from '../../../src/run/read/rowStream.ts';
import { allocateRing } from '../../../src/run/threads/slabs.ts';
import type { SentColumn, StreamMessage, StreamTask } from '../../../src/run/threads/tasks.ts';
import { batchOf, floatSchema } from '../../targets/batches.ts';
import { temporaryFolder } from '../../temporary.ts';

const SCHEMA = floatSchema(4);
const BATCH = batchOf(SCHEMA, [1n, 2n]);

/** Sends the one batch, as a worker does. */
async function stream({ port }: StreamTask): Promise<StreamedRows> {
  const say = (message: StreamMessage): void => port.postMessage(message);
  const columns = BATCH.columns.map(({ field, rowBytes, bytes }): SentColumn => {
    const view = { memory: bytes.buffer as SharedArrayBuffer, offset: bytes.byteOffset, length: bytes.length };
    return { field, rowBytes, bytes: view, offsets: undefined, nulls: undefined };
  });
  say({ kind: 'ring', memory: allocateRing({ slabBytes: 1024, slabs: 1 }) });
  say({ kind: 'batch', slab: 0, first: 0, rows: BATCH.rows, origin: 'test', withoutSnapshot: false, columns });
  say({ kind: 'end' });
  return { rows: BATCH.rows, refused: 0, named: [] };
}

interface Streamed {
  readonly answer: (call: number) => InsertOutcome;
  /** Each wait between two inserts or upserts. */
  readonly wait: () => void;
  /** Each look for keys in a part. */
  readonly look?: () => void;
  /** Each question whether the server is there. */
  readonly facts?: () => void;
  /** How far an earlier run came. */
  readonly load?: PartitionRecord['load'];
  readonly source?: object;
  readonly datasets?: readonly string[];
  readonly warn?: (text: string) => void;
  readonly reader?: string;
  readonly jobDir?: string;
  /** What the worker says when all was sent. */
  readonly came?: StreamedRows;
  readonly rejected?: number;
}

const nothing = (): void => undefined;

async function streamed({ answer, wait, look, ...given }: Streamed): Promise<void> {
  const { load, source = { kind: 'plugin' }, datasets = ['c'], warn = () => undefined } = given;
  const { reader = 'test', jobDir = '', facts = nothing, came, rejected = 0 } = given;
  const planned = { collection: 'c', targetPartition: '_default', partition: { id: 'p' } };
  const part = { partition: 'p', dir: '', rows: BATCH.rows, rejected, firstNonFinite: [], columnCrc: {} };
  const record = { planned, part, load } as unknown as PartitionRecord;
  let calls = 0;
  const run = {
    ledger: { get: () => record, of: () => [record], collection: nothing, recordLoad: async () => undefined },
    pool: { run: async (task: StreamTask) => ({ ...(await stream(task)), ...came }) },
    side: () => ({
      run: async ({ keys }: { keys: BigInt64Array }) => {
        look?.();
        return { rows: keys.length, matches: [] };
      },
    }),
    pace: { ...createPace(), backoff: async () => wait() },
    target: { facts: async () => facts(), insert: async () => answer(++calls) },
    collections: [{ target: 'c', schema: SCHEMA, datasets }],
    config: { source },
    reader: { kind: reader },
    jobDir,
    meter: { add: nothing, detail: nothing },
    signal: new AbortController().signal,
    fail: nothing,
    warn,
  };
  await streamPart(run as unknown as StreamContext, record, 'c');
}

/** Other streams may go well meanwhile: then the waits stay short. */
for (const seconds of [0.2, 5, 50])
  test(`a Milvus that never says that rows arrived is given up after five minutes, with waits of ${seconds} s`, async (t) => {
    const reason = 'rocksmq produce: no space left on device';
    let [now, looks] = [0, 0];
    t.mock.method(performance, 'now', () => now);
    const answer = (call: number): InsertOutcome => {
      if (call > 10_000) throw new Error('it is sent again without end');
      return { kind: 'doubt', reason };
    };
    const wait = (): void => {
      now += 1_000 * seconds;
    };
    await assert.rejects(streamed({ answer, wait, look: () => void looks++ }), { code: 'E_TARGET', found: reason });
    assert.ok(now > 300_000 && now <= 300_000 + 2_000 * seconds + 1, `${now} ms`);
    // All of the source is read to look for the keys.
    assert.equal(looks, 1);
  });

test('a Milvus that is not ready for rows, though it answers all else, is given up after five minutes, and that is told once', async (t) => {
  const found = 'maximum recursion depth exceeded';
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const answer = (call: number): InsertOutcome => {
    if (call > 10_000) throw new Error('it is sent again without end');
    throw new MigrateError('E_TARGET', 'Milvus refused Insert', { found, retry: true });
  };
  const wait = (): void => {
    now += 5_000;
  };
  const told: string[] = [];
  const warn = (text: string): void => void told.push(text);
  await assert.rejects(streamed({ answer, wait, warn }), { code: 'E_TARGET', found, retry: false });
  assert.ok(now > 300_000 && now <= 310_001, `${now} ms`);
  assert.deepEqual(told, [`c: Milvus answers and takes no rows (${found}); trying again`]);
});

for (const [what, inFlight, awayAt] of [
  ['is not ready for rows', 0, 2],
  ['does not say that rows arrived', 1, 1],
] as const)
  test(`the time in which a Milvus is away does not count where it ${what} before and after it`, async (t) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const away = new MigrateError('E_TARGET', 'Milvus can not be reached', { retry: true });
    let [isAway, calls] = [false, 0];
    const answer = (call: number): InsertOutcome => {
      calls = call;
      if (call > 2) return { kind: 'done' };
      isAway = call === awayAt;
      if (inFlight > 0) return { kind: 'doubt', reason: 'cancelled' };
      throw away;
    };
    const facts = (): void => {
      if (!isAway) return;
      isAway = false;
      now += 298_000;
      throw away;
    };
    const wait = (): void => {
      now += 5_000;
    };
    await streamed({ answer, wait, facts, load: { state: 'streaming', acked: 1, inFlight } });
    assert.equal(calls, 3);
    assert.ok(now > 300_000, `${now} ms`);
  });

test('a half sent part of a scroll is refused where ids may repeat: all would be read for each batch of it', async () => {
  const half = {
    load: { state: 'streaming', acked: 1, inFlight: 1 },
    source: { kind: 'elasticsearch', read: 'scroll' },
    answer: (): InsertOutcome => ({ kind: 'done' }),
    wait: (): void => undefined,
    look: (): never => {
      throw new Error('all is read');
    },
  } as const;
  await streamed(half);
  await assert.rejects(streamed({ ...half, datasets: ['c', 'd'] }), { code: 'E_LOAD_IN_DOUBT', hint: /--staging/ });
});

test('a half sent part of a dumped folder is refused where an earlier version left rows of it out: its ordinals are others', async () => {
  using folder = temporaryFolder();
  const { path: jobDir } = folder;
  const half = {
    load: { state: 'streaming', acked: 1, inFlight: 0 },
    reader: 'dumped',
    jobDir,
    answer: (): InsertOutcome => ({ kind: 'done' }),
    wait: (): void => undefined,
  } as const;
  await streamed(half);
  mkdirSync(join(jobDir, 'dropped'));
  const file = join(jobDir, 'dropped', 'p.u32');
  writeFileSync(file, '');
  await streamed(half);
  writeFileSync(file, Uint32Array.of(1));
  await assert.rejects(streamed(half), {
    code: 'E_LOAD_IN_DOUBT',
    found: /^1 rows.*--on-duplicate first/,
    hint: /--fresh/,
  });
});

test('rows that an earlier version took, and that are refused now, are named where fewer come than were counted', async () => {
  const half = {
    load: { state: 'streaming', acked: 1, inFlight: 0 },
    answer: (): InsertOutcome => ({ kind: 'done' }),
    wait: (): void => undefined,
    came: { rows: 1, refused: 1, named: [{ segment: 'docs', key: '7', reason: 'json: found 1e400' }] },
  } as const;
  const code = 'E_SOURCE_CHANGED';
  await assert.rejects(streamed(half), {
    code,
    found: '1 rows; 1 more than before can not be rows of the collection (first: id 7: json: found 1e400)',
    hint: /an earlier version .*--reject-file FILE/,
  });
  await assert.rejects(streamed({ ...half, rejected: 1 }), { code, found: '1 rows', hint: /^nothing may change/ });
});
