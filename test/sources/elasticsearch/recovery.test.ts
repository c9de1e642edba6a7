/** What is read when snapshots end, nodes restart and documents change in the middle: each row once, or told. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ElasticsearchSource } from '../../../src/config/elasticsearch.ts';
import type { Partition } from '../../../src/core/contracts.ts';
import type { ChangesOf } from '../../../src/core/sourceChanges.ts';
import { elasticChanges, letGoOfSnapshots } from '../../../src/sources/elasticsearch/changes.ts';
import type { SeqNoDetail } from '../../../src/sources/elasticsearch/plan.ts';
import { openElasticReader } from '../../../src/sources/elasticsearch/reader.ts';
import { openElasticsearch } from '../../../src/sources/elasticsearch/source.ts';
import { type Administrator, type ElasticsearchServer, startElasticsearch } from '../../servers/startElasticsearch.ts';
import { temporaryFolder } from '../../temporary.ts';
import { ACCESS, plainAdministrator, sourceOf } from './open.ts';
import { type Planned, planned, type Read, readAll } from './reading.ts';

const DOCUMENTS = 900;

let server: ElasticsearchServer;
let administrator: Administrator;
const backups = temporaryFolder();

before(async () => {
  server = await startElasticsearch({ settings: `path.repo: ["${backups.path}"]` });
  administrator = await plainAdministrator(server.access.url);
});

after(async () => {
  await server.stop();
  backups[Symbol.dispose]();
});

function source(index: string, more: Partial<ElasticsearchSource> = {}): ElasticsearchSource {
  const fields = ['vec', 'n'].map((name) => ({
    name,
    type: undefined,
    pk: false,
    maxLen: undefined,
    dims: undefined,
  }));
  const access = { ...ACCESS, urls: [server.access.url] };
  return sourceOf(index, { access, fields, dynamicField: false, pageRows: 50, ...more });
}

const document = (n: number) => ({ vec: [n, 1, 2], n });

/** Three shards with documents d0, d1, …; `n` is the number in the name. */
async function fill(index: string): Promise<void> {
  await administrator.call('PUT', `/${index}`, {
    settings: { number_of_shards: 3, number_of_replicas: 0, refresh_interval: '-1' },
    mappings: {
      dynamic: false,
      properties: { vec: { type: 'dense_vector', dims: 3, index: false }, n: { type: 'long' } },
    },
  });
  await administrator.store(
    index,
    Array.from({ length: DOCUMENTS }, (_, n) => ({ id: `d${n}`, source: document(n) })),
  );
}

async function openSnapshotCount(): Promise<number> {
  const stats = (await administrator.call('GET', '/_nodes/stats/indices/search')) as {
    nodes: Record<string, { indices: { search: { open_contexts: number } } }>;
  };
  return Object.values(stats.nodes)[0]!.indices.search.open_contexts;
}

/** What is asked of a job that has planned this, and looked for changes before. */
function changesOf({ dataset, partitions }: Planned, earlier: readonly Partition[] = []): ChangesOf {
  return { partitions: [...partitions, ...earlier], datasets: [dataset.name] };
}

function pitsOf({ partitions }: Planned): string[] {
  return [...new Set(partitions.map(({ detail }) => (detail as unknown as SeqNoDetail).pit))];
}

test('a plan that is not adopted leaves nothing open; one that is, until it is let go', async () => {
  await fill('kept');
  const before = await openSnapshotCount();
  {
    await using looked = await openElasticsearch(source('kept'), { openStore: () => assert.fail() });
    const [dataset] = await looked.datasets();
    assert.deepEqual([dataset!.rows, dataset!.rowsExact], [DOCUMENTS, true]);
    assert.ok((await openSnapshotCount()) > before);
  }
  assert.equal(await openSnapshotCount(), before);
  const plan = await planned(source('kept'));
  assert.equal(await openSnapshotCount(), before + 3);
  await letGoOfSnapshots(source('kept'), plan.partitions);
  assert.equal(await openSnapshotCount(), before);
  // What is gone already is fine.
  await letGoOfSnapshots(source('kept'), plan.partitions);
});

test('a cluster that keeps snapshots for less time than we would like is asked for as long as it does', async () => {
  await fill('brief');
  const limit = (value: string | null) =>
    administrator.call('PUT', '/_cluster/settings', { persistent: { 'search.max_keep_alive': value } });
  await limit('7m');
  try {
    const plan = await planned(source('brief'));
    assert.deepEqual(
      new Set(plan.partitions.map((part) => (part.detail as unknown as SeqNoDetail).keepAlive)),
      new Set(['7m']),
    );
    const reader = await openElasticReader(plan.reader, {});
    const found = await readAll(reader, plan);
    assert.deepEqual([found.rows.length, found.withoutSnapshot], [DOCUMENTS, 0]);
    await reader[Symbol.asyncDispose]();
    await letGoOfSnapshots(source('brief'), plan.partitions);
  } finally {
    await limit(null);
  }
});

test('a cluster that allows few buckets is asked for fewer stretches', async () => {
  await fill('few-buckets');
  const limit = (most: number | null) =>
    administrator.call('PUT', '/_cluster/settings', { persistent: { 'search.max_buckets': most } });
  await limit(100);
  try {
    const plan = await planned(source('few-buckets'), { partBytes: 2_000 });
    assert.ok(plan.partitions.length > 10);
    await using reader = await openElasticReader(plan.reader, {});
    assert.equal((await readAll(reader, plan)).rows.length, DOCUMENTS);
    await letGoOfSnapshots(source('few-buckets'), plan.partitions);
  } finally {
    await limit(null);
  }
});

test('another process goes on with the same snapshot: what changed meanwhile is as it was', async () => {
  await fill('resumed');
  const plan = await planned(source('resumed'), { partBytes: 4_000 });
  assert.ok(plan.partitions.length >= 6);
  const half = Math.floor(plan.partitions.length / 2);
  const first = await openElasticReader(plan.reader, {});
  const some = await readAll(first, { ...plan, partitions: plan.partitions.slice(0, half) });
  await first[Symbol.asyncDispose]();
  await administrator.store(
    'resumed',
    Array.from({ length: DOCUMENTS }, (_, n) => ({ id: `d${n}`, source: document(n + 10_000) })),
  );
  await administrator.call('DELETE', '/resumed/_doc/d1?refresh=true');
  const stored = JSON.parse(JSON.stringify(plan)) as Planned;
  await using second = await openElasticReader(stored.reader, {});
  const rest = await readAll(second, { ...plan, partitions: stored.partitions.slice(half) });
  const rows = [...some.rows, ...rest.rows];
  assert.deepEqual(
    rows.map(({ n }) => Number(n)).sort((a, b) => a - b),
    Array.from({ length: DOCUMENTS }, (_, n) => n),
  );
  assert.equal(some.withoutSnapshot + rest.withoutSnapshot, 0);
  await letGoOfSnapshots(source('resumed'), plan.partitions);
});

for (const encoding of ['json', 'cbor'] as const)
  test(`a snapshot that ends in the middle: reading goes on without, and what changed is found later, ${encoding}`, async () => {
    const index = `lost-${encoding}`;
    await fill(index);
    const plan = await planned(source(index, { encoding }));
    await using reader = await openElasticReader(plan.reader, {});
    let batches = 0;
    const found = await readAll(reader, plan, {
      slabBytes: 4_096,
      async onBatch() {
        if (++batches !== 2) return;
        await letGoOfSnapshots(source(index), plan.partitions);
        // The last of each shard, which are not read yet, and new ones.
        const changed = [...Array.from({ length: 30 }, (_, at) => DOCUMENTS - 1 - at), 5_000, 5_001];
        await administrator.store(
          index,
          changed.map((n) => ({ id: `d${n}`, source: document(n + 10_000) })),
        );
      },
    });
    assert.ok(found.withoutSnapshot > 0 && found.withoutSnapshot < DOCUMENTS);
    const ids = found.rows.map(({ _id }) => String(_id));
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.length < DOCUMENTS, 'those that changed have left their range');
    const later = await elasticChanges(source(index), changesOf(plan));
    const known = new Set(plan.partitions.map(({ id }) => id));
    for (const { id } of later.partitions) {
      assert.ok(!known.has(id));
      assert.match(id, /^[\w-]+$/);
    }
    const changes = await readAll(reader, { ...plan, partitions: later.partitions });
    assert.equal(changes.withoutSnapshot, 0);
    // Nothing else was changed, and all of it was settled before.
    assert.equal(changes.rows.length, 32);
    const all = new Map([...found.rows, ...changes.rows].map(({ _id, n }) => [_id, n]));
    assert.equal(all.size, DOCUMENTS + 2);
    for (let n = 0; n < DOCUMENTS; n++)
      assert.equal(all.get(`d${n}`), BigInt(n < DOCUMENTS - 30 ? n : n + 10_000), `d${n}`);
    // A second look, after the first: nothing is new.
    const again = await elasticChanges(source(index), changesOf(plan, later.partitions));
    assert.deepEqual(again.partitions, []);
    await letGoOfSnapshots(source(index), later.partitions);
  });

test('a snapshot that ends in the middle of a catch-up: what changed meanwhile is found by the next one', async () => {
  await fill('caught');
  const plan = await planned(source('caught'));
  await using reader = await openElasticReader(plan.reader, {});
  const now = new Map<string, bigint>();
  const wanted = new Map(Array.from({ length: DOCUMENTS }, (_, n) => [`d${n}`, BigInt(n)]));
  const see = (read: Read): void => {
    for (const { _id, n } of read.rows) now.set(String(_id), n as bigint);
  };
  const change = async (numbers: readonly number[], by: number): Promise<void> => {
    await administrator.store(
      'caught',
      numbers.map((n) => ({ id: `d${n}`, source: document(n + by) })),
    );
    for (const n of numbers) wanted.set(`d${n}`, BigInt(n + by));
  };
  see(await readAll(reader, plan));
  await letGoOfSnapshots(source('caught'), plan.partitions);
  await change(
    Array.from({ length: 300 }, (_, n) => n * 2),
    10_000,
  );
  const first = await elasticChanges(source('caught'), changesOf(plan));
  let batches = 0;
  const caught = await readAll(
    reader,
    { ...plan, partitions: first.partitions },
    {
      slabBytes: 1_024,
      async onBatch({ rows }) {
        assert.ok(rows < 300, 'not all at once');
        if (++batches !== 2) return;
        await letGoOfSnapshots(source('caught'), first.partitions);
        // Read already, not yet, not changed before, and new.
        await change([0, 2, 4, 594, 596, 598, 1, 3, 899, 7_000], 20_000);
      },
    },
  );
  assert.ok(caught.withoutSnapshot > 0 && caught.withoutSnapshot < 300, `${caught.withoutSnapshot}`);
  see(caught);
  const second = await elasticChanges(source('caught'), changesOf(plan, first.partitions));
  see(await readAll(reader, { ...plan, partitions: second.partitions }));
  assert.deepEqual(now, wanted);
  await letGoOfSnapshots(source('caught'), second.partitions);
});

test('an index that was made anew is not taken for the one that was planned', async () => {
  await fill('anew');
  const plan = await planned(source('anew'));
  await administrator.call('DELETE', '/anew');
  await fill('anew');
  await using reader = await openElasticReader(plan.reader, {});
  await assert.rejects(readAll(reader, plan), { code: 'E_SOURCE_CHANGED', retry: false });
  await assert.rejects(elasticChanges(source('anew'), changesOf(plan)), {
    code: 'E_SOURCE_CHANGED',
  });
});

test('an index that was restored from a backup numbers anew what changes: that is not taken for nothing', async () => {
  await fill('restored');
  await administrator.call('PUT', '/_snapshot/backups', { type: 'fs', settings: { location: backups.path } });
  const finished = 'wait_for_completion=true';
  await administrator.call('PUT', `/_snapshot/backups/one?${finished}`, { indices: 'restored' });
  await administrator.store(
    'restored',
    Array.from({ length: DOCUMENTS }, (_, n) => ({ id: `more${n}`, source: document(n) })),
  );
  const plan = await planned(source('restored'));
  await using reader = await openElasticReader(plan.reader, {});
  assert.equal((await readAll(reader, plan)).rows.length, 2 * DOCUMENTS);
  await administrator.call('POST', '/restored/_close');
  await administrator.call('POST', `/_snapshot/backups/one/_restore?${finished}`, { indices: 'restored' });
  await administrator.store('restored', [{ id: 'new', source: document(1) }]);
  const changed = { code: 'E_SOURCE_CHANGED', hint: 'start over with --fresh' };
  await assert.rejects(elasticChanges(source('restored'), changesOf(plan)), changed);
  await assert.rejects(readAll(reader, plan), changed);
});

test('what changed can not be told of a scroll', async () => {
  await fill('scrolled');
  const config = source('scrolled', { read: 'scroll' });
  const plan = await planned(config);
  await assert.rejects(elasticChanges(config, changesOf(plan)), {
    code: 'E_USAGE',
    found: '--es-read scroll',
  });
  await letGoOfSnapshots(config, plan.partitions);
});

test('a node that restarts in the middle: a range is read to its end, a scroll is read anew', async () => {
  await fill('restarted');
  const plan = await planned(source('restarted'));
  await using reader = await openElasticReader(plan.reader, {});
  let batches = 0;
  const found = await readAll(reader, plan, {
    slabBytes: 4_096,
    onBatch: () => (++batches === 2 ? server.restart() : undefined),
  });
  assert.ok(found.withoutSnapshot > 0);
  assert.deepEqual(
    found.rows.map(({ n }) => Number(n)).sort((a, b) => a - b),
    Array.from({ length: DOCUMENTS }, (_, n) => n),
  );

  const scroll = await planned(source('restarted', { read: 'scroll' }));
  let restarted = false;
  const interrupted = readAll(reader, scroll, {
    slabBytes: 4_096,
    async onBatch() {
      if (restarted) return;
      restarted = true;
      await server.restart();
    },
  });
  await assert.rejects(interrupted, { retry: true });
  const whole = await readAll(reader, scroll);
  assert.equal(whole.rows.length, DOCUMENTS);
  assert.equal(pitsOf(plan).length, 3);
});
