/** What every checkpoint promises (core/checkpoint.ts), as tests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Checkpoint, CollectionRecord, NewJob } from '../../src/core/checkpoint.ts';
import type { Part } from '../../src/core/contracts.ts';
import type { PlannedPartition } from '../../src/core/plan.ts';

/** Two handles on the same state, as two processes have. */
export type OpenTwice = () => Promise<readonly [Checkpoint, Checkpoint]>;

function planned(ordinal: number): PlannedPartition {
  return {
    partition: {
      id: `p${ordinal}`,
      dataset: 'a',
      milvusPartition: '',
      rows: 10,
      deleted: 0,
      bytes: 80,
      detail: { n: ordinal },
    },
    collection: 'a',
    targetPartition: '_default',
    samples: 3,
    input: 'a',
    ordinal,
  };
}

function job(id: string, key = `key-${id}`): NewJob {
  return {
    id,
    key,
    source: 'milvus1x:/db',
    target: 'http://localhost:19530',
    config: { threads: 2 },
    fingerprint: { a: { s1: 'x' } },
    collections: [],
    partitions: [planned(0), planned(1), planned(2)],
  };
}

function part(partition: string): Part {
  const counts = { read: 10, deleted: 0, dropped: 0, rejected: 0, nonFinite: 0, rows: 10, firstNonFinite: [] };
  const files = [{ name: 'id.npy', bytes: 208, crc32: 4_000_000_000 }];
  const samples = [{ key: '-9223372036854775808', hash: 'ab' }];
  return { ...counts, partition, dir: `t/${partition}`, files, bytes: 208, ms: 1, columnCrc: { id: 1 }, samples };
}

const collection: CollectionRecord = {
  loadInto: 'a',
  id: '446738261026541569',
  created: true,
  before: { _default: 0 },
  countedBy: 'count',
  statisticsBefore: 0,
  replaces: undefined,
  phase: 'loading',
  report: undefined,
  ms: {},
};

export function checkpointContract(name: string, open: OpenTwice): void {
  const on = (what: string, work: (one: Checkpoint, other: Checkpoint) => Promise<void>): void => {
    test(`${name}: ${what}`, async () => {
      const [one, other] = await open();
      await using _one = one;
      await using _other = other;
      await work(one, other);
    });
  };

  on('a job and its plan are there for every process, in the order of the plan', async (one, other) => {
    await one.create(job('j1'));
    assert.equal((await other.find('key-j1'))?.id, 'j1');
    assert.equal((await other.find('key-j1'))?.state, 'planned');
    assert.equal(await other.find('nothing'), undefined);
    const records = await other.partitions('j1');
    assert.deepEqual(
      records.map((record) => record.planned),
      [planned(0), planned(1), planned(2)],
    );
    assert.ok(records.every((record) => record.part === undefined && record.load === undefined));
  });

  on('one key, one job', async (one) => {
    await one.create(job('j1', 'same'));
    await assert.rejects(one.create(job('j2', 'same')));
    assert.equal((await one.list()).length, 1);
    assert.deepEqual(await one.partitions('j2'), []);
  });

  on('parts and loads are recorded as they were given', async (one, other) => {
    await one.create(job('j1'));
    await one.recordPart('j1', part('p1'));
    const load = { state: 'intended', attempt: 2, dir: 't/p1.a2', prior: ['446738261026541570'] } as const;
    await one.recordLoad('j1', 'p1', load);
    const [first, second] = await other.partitions('j1');
    assert.equal(first?.part, undefined);
    assert.deepEqual(second?.part, part('p1'));
    assert.deepEqual(second?.load, load);
  });

  on('a part that was handed to a target is not discarded', async (one) => {
    await one.create(job('j1'));
    await one.recordPart('j1', part('p0'));
    await one.recordPart('j1', part('p1'));
    await one.recordLoad('j1', 'p1', { state: 'submitted', attempt: 1, dir: 'd', task: '1' });
    await one.discardPart('j1', 'p0');
    await one.discardPart('j1', 'p1');
    const records = await one.partitions('j1');
    assert.equal(records[0]?.part, undefined);
    assert.deepEqual(records[1]?.part, part('p1'));
  });

  on('collections are recorded, and replaced', async (one, other) => {
    await one.create(job('j1'));
    await one.recordCollection('j1', 'a', collection);
    await one.recordCollection('j1', 'a', { ...collection, phase: 'verified' });
    assert.equal((await other.collections('j1')).get('a')?.phase, 'verified');
    assert.equal((await other.collections('j1')).get('a')?.id, collection.id);
  });

  on('a forgotten job leaves nothing, and may come again', async (one) => {
    await one.create(job('j1'));
    await one.recordCollection('j1', 'a', collection);
    await one.forget('j1');
    await one.forget('j1');
    assert.deepEqual(await one.list(), []);
    assert.deepEqual(await one.partitions('j1'), []);
    assert.equal((await one.collections('j1')).size, 0);
    await one.create(job('j1'));
  });

  on('state, error and report', async (one, other) => {
    await one.create(job('j1'));
    const error = { code: 'E_TARGET', message: 'no', at: {}, retry: false } as const;
    await one.update('j1', { state: 'failed', error });
    assert.deepEqual((await other.find('key-j1'))?.error, error);
    await one.update('j1', { state: 'running' });
    const now = await other.find('key-j1');
    assert.deepEqual([now?.state, now?.error], ['running', undefined]);
  });

  on('a lock keeps others out until it is given back', async (one, other) => {
    const lock = await one.lock('key');
    await assert.rejects(other.lock('key'), { code: 'E_JOB_LOCKED' });
    await using _unrelated = await other.lock('another');
    await lock[Symbol.asyncDispose]();
    await using _again = await other.lock('key');
  });
}
