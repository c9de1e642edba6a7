/** What every checkpoint promises (core/checkpoint.ts), as tests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Checkpoint, CollectionRecord, NewJob } from '../../src/core/checkpoint.ts';
import type { Part, Upload } from '../../src/core/contracts.ts';
import type { PlannedPartition } from '../../src/core/plan.ts';

/** Two handles on the same state, as two processes have. */
export type OpenTwice = () => Promise<readonly [Checkpoint, Checkpoint]>;

export function planned(ordinal: number): PlannedPartition {
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

export function job(id: string, key = `key-${id}`): NewJob {
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

export function part(partition: string): Part {
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

  on('more partitions come behind those of the plan, all or none', async (one, other) => {
    await one.create(job('j1'));
    const late = { ...planned(3), upsert: true };
    await one.addPartitions('j1', [late, { ...planned(4), upsert: true }]);
    await one.recordPart('j1', part('p3'));
    const records = await other.partitions('j1');
    assert.deepEqual(
      records.map((record) => record.planned.partition.id),
      ['p0', 'p1', 'p2', 'p3', 'p4'],
    );
    assert.deepEqual(records[3]?.planned, late);
    assert.deepEqual(records[3]?.part, part('p3'));
    await assert.rejects(one.addPartitions('nobody', [planned(5)]));
    assert.equal((await other.partitions('j1')).length, 5);
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

  on('how far the partitions are is counted', async (one, other) => {
    await one.create(job('j1'));
    assert.deepEqual(await other.counts('j1'), { all: 3, made: 0, loaded: 0 });
    for (const id of ['p0', 'p2']) await one.recordPart('j1', part(id));
    await one.recordLoad('j1', 'p0', { state: 'loaded', rows: 10, how: 'stream', dir: '' });
    await one.recordLoad('j1', 'p2', { state: 'streaming', acked: 1, inFlight: 2 });
    assert.deepEqual(await other.counts('j1'), { all: 3, made: 2, loaded: 1 });
    assert.deepEqual(await other.counts('none'), { all: 0, made: 0, loaded: 0 });
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
    await assert.rejects(one.lock('key'), { code: 'E_JOB_LOCKED' });
    assert.deepEqual([await one.isLocked('key'), await other.isLocked('key')], [true, true]);
    assert.equal(await other.isLocked('another'), false);
    await using _unrelated = await other.lock('another');
    assert.equal(lock.lost.aborted, false);
    await lock[Symbol.asyncDispose]();
    assert.equal(await other.isLocked('key'), false);
    await using _again = await other.lock('key');
  });

  on('who has the job writes, and who has it next', async (one, other) => {
    const first = await one.lock('key-j1');
    await one.create(job('j1'));
    await one.recordPart('j1', part('p0'));
    await first[Symbol.asyncDispose]();
    await using _second = await other.lock('key-j1');
    await other.recordPart('j1', part('p1'));
    await other.update('j1', { state: 'finished' });
    assert.equal((await one.partitions('j1')).filter((record) => record.part !== undefined).length, 2);
  });

  on('uploads are there until they are dropped', async (one, other) => {
    await one.create(job('j1'));
    await one.create(job('j2'));
    const uploads: Upload[] = [
      { path: 'tables/a/p0.a1/data.npy', token: 'VXBsb2FkSWQ~.x_y-z' },
      { path: 'tables/a/p0.a1/data.npy', token: 'another' },
      { path: `tables/ünï/😀 ${'x'.repeat(900)}`, token: `'"\\\n\0${'t'.repeat(3000)}` },
    ];
    for (const upload of uploads) await one.recordUpload('j1', upload);
    await one.recordUpload('j1', uploads[0]!);
    await one.recordUpload('j2', uploads[0]!);
    const sorted = (found: readonly Upload[]) => found.map(({ path, token }) => JSON.stringify([path, token])).sort();
    assert.deepEqual(sorted(await other.uploads('j1')), sorted(uploads));
    await other.dropUploads('j1', [uploads[0]!, { path: 'unknown', token: '' }]);
    await other.dropUploads('j1', [uploads[0]!]);
    assert.deepEqual(sorted(await one.uploads('j1')), sorted(uploads.slice(1)));
    await one.forget('j1');
    assert.deepEqual(await one.uploads('j1'), []);
    assert.deepEqual(await one.uploads('j2'), [uploads[0]]);
    await one.dropUploads('j1', uploads);
  });

  on('names and texts come back as they were given', async (one, other) => {
    const names = ['a', 'a ', 'A', 'ä', 'a\u0308', '😀'.repeat(60), "'; DROP TABLE jobs; --", 'back\\slash', '\0'];
    const texts = [...names, '\ud800 alone', '\u2028', '%s ? :x', '9223372036854775807', '-9007199254740993'];
    const detail = { texts, '🔑': Number.MAX_SAFE_INTEGER, '': [null, true, -0.1, 1e300] };
    const given = {
      ...job('j1', '😀key'),
      source: names.join('|'),
      config: detail,
      fingerprint: { '😀': { 'ä ': texts.join() } },
      partitions: names.map((name, at) => {
        const { partition, ...rest } = planned(at);
        return { ...rest, partition: { ...partition, id: `p-${name}`, detail } };
      }),
    };
    await one.create(given);
    const found = await other.find('😀key');
    assert.deepEqual(
      [found?.source, found?.config, found?.fingerprint],
      [given.source, given.config, given.fingerprint],
    );
    for (const [at, name] of names.entries()) {
      await one.recordPart('j1', part(`p-${name}`));
      await one.recordCollection('j1', name, { ...collection, statisticsBefore: at });
    }
    const records = await other.partitions('j1');
    assert.deepEqual(
      records.map((record) => record.planned),
      given.partitions,
    );
    assert.deepEqual(
      records.map((record) => record.part),
      names.map((name) => part(`p-${name}`)),
    );
    const collections = await other.collections('j1');
    assert.deepEqual(
      names.map((name) => collections.get(name)?.statisticsBefore),
      names.map((_, at) => at),
    );
    assert.equal(collections.size, names.length);
  });

  on('a plan of 50,000 partitions, and a report of 3 MB', async (one, other) => {
    const partitions = Array.from({ length: 50_000 }, (_, at) => planned(at));
    await one.create({ ...job('j1'), partitions: [...partitions].reverse() });
    const records = await other.partitions('j1');
    assert.equal(records.length, partitions.length);
    assert.ok(records.every((record, at) => record.planned.ordinal === at));
    assert.deepEqual(records[49_999]?.planned, partitions[49_999]);
    const cause = 'é'.repeat(1_500_000);
    await one.update('j1', { state: 'failed', error: { code: 'E_READ', message: 'm', at: {}, retry: true, cause } });
    assert.equal((await other.find('key-j1'))?.error?.cause, cause);
  });

  on('many writes at once', async (one, other) => {
    const partitions = Array.from({ length: 100 }, (_, at) => planned(at));
    await one.create({ ...job('j1'), partitions });
    await Promise.all(
      partitions.flatMap(({ partition: { id }, ordinal }) => [
        one.recordPart('j1', part(id)),
        one.recordLoad('j1', id, { state: 'streaming', acked: ordinal, inFlight: 1 }),
      ]),
    );
    for (const { planned: own, part: made, load } of await other.partitions('j1')) {
      assert.deepEqual(made, part(own.partition.id));
      assert.deepEqual(load, { state: 'streaming', acked: own.ordinal, inFlight: 1 });
    }
  });

  on('nothing is recorded of a job that is not there', async (one) => {
    const refused = { code: 'E_STATE' };
    await assert.rejects(one.update('none', { state: 'running' }), refused);
    await assert.rejects(one.recordPart('none', part('p0')), refused);
    await assert.rejects(one.recordCollection('none', 'a', collection), refused);
    await assert.rejects(one.recordUpload('none', { path: 'a', token: 'b' }), refused);
    await one.create(job('j1'));
    await assert.rejects(one.recordPart('j1', part('p9')), refused);
    await assert.rejects(one.recordLoad('j1', 'p9', { state: 'streaming', acked: 0, inFlight: 0 }), refused);
  });

  on('the latest is first in the list', async (one) => {
    for (const id of ['j1', 'j2', 'j3']) await one.create(job(id));
    const before = Date.now();
    // A time that differs, on any clock.
    while (Date.now() === before) await one.list();
    await one.update('j2', { state: 'running' });
    assert.equal((await one.list())[0]?.id, 'j2');
    assert.equal((await one.list()).length, 3);
  });
}
