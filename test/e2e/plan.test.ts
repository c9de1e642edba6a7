/** `plan`: says what would happen and what stands in the way, and touches nothing. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { jobConfig } from '../../src/config/jobConfig.ts';
import { MigrateError } from '../../src/core/errors.ts';
import type { PlanReport } from '../../src/core/plan.ts';
import { plan } from '../../src/run/planReport.ts';
import { temporaryFolder } from '../temporary.ts';
import { type Ended, fixture, milvusMigrate, provided, wanted } from './harness.ts';
import { collections, type Place, place } from './place.ts';

/** Every file below the folder with its size, its time of change and, where it is small, its content. */
function snapshot(folder: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { size, mtimeNs, ino } = statSync(path, { bigint: true });
    hash.update(`${path} ${size} ${mtimeNs} ${ino}\n`);
    if (entry.isFile() && size < 2n ** 20n) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** Runs `plan --json` and shows that it left everything as it was. */
async function planned(at: Place, words: readonly string[]): Promise<{ ended: Ended; report: PlanReport }> {
  const before = [snapshot(at.path), await collections(at.database)];
  const ended = await milvusMigrate(['plan', ...words, '--state', join(at.path, 'state'), '--json']);
  assert.deepEqual([snapshot(at.path), await collections(at.database)], before, 'plan touches nothing');
  assert.equal(existsSync(join(at.path, 'state')), false);
  return { ended, report: JSON.parse(ended.stdout) as PlanReport };
}

const source = (name: string): string => `milvus1x:${join(fixture(name), 'db')}`;

/** A segment larger than what is free on the disk, made of nothing: sparse files and a meta.json. */
function hugeSource(folder: string): string {
  const { bavail, bsize } = statfsSync(folder);
  const dim = 1024;
  const rows = Math.ceil((bavail * bsize + 2 ** 30) / (dim * 4));
  const [db, segment] = [join(folder, 'huge/db'), '1678354366132931000'];
  const dir = join(db, 'tables/huge', segment);
  mkdirSync(dir, { recursive: true });
  for (const [name, bytes] of [
    ['rv', rows * dim * 4],
    ['uid', rows * 8],
  ] as const) {
    const file = join(dir, `${segment}.${name}`);
    const header = Buffer.alloc(8);
    header.writeBigUInt64LE(BigInt(bytes));
    const descriptor = openSync(file, 'w');
    writeSync(descriptor, header);
    closeSync(descriptor);
    truncateSync(file, 8 + bytes);
  }
  writeFileSync(join(dir, 'deleted_docs'), Buffer.alloc(8));
  const one = { collection: 'huge', segment, dim, rows, fileSize: rows * (dim * 4 + 8) };
  writeFileSync(
    join(db, 'meta.json'),
    JSON.stringify({ collections: [{ collection: 'huge', metric: 1, rows, dim, segments: [one] }], rows }),
  );
  return db;
}

describe('plan', { concurrency: 4 }, () => {
  test('every fixture: its rows, or the error that it wants, and neither source nor state folder is touched', async () => {
    using folder = temporaryFolder();
    const stateDir = join(folder.path, 'state');
    for (const name of readdirSync(provided('MILVUS_MIGRATE_FIXTURES'))) {
      if (!existsSync(join(fixture(name), 'want'))) continue;
      const path = join(fixture(name), 'db');
      const before = existsSync(path) ? snapshot(path) : '';
      const wantError = join(fixture(name), 'want/error.json');
      const job = jobConfig({ source: { kind: 'milvus1x', path }, stateDir });
      try {
        const report = await plan(job);
        // Damage inside of a segment shows when it is read.
        if (!existsSync(wantError))
          assert.equal(
            report.plan.collections.reduce((sum, { rows }) => sum + rows, 0),
            wanted(name).rows,
            name,
          );
        assert.deepEqual(report.obstacles, []);
        JSON.stringify(report);
      } catch (thrown) {
        if (!(thrown instanceof MigrateError)) throw thrown;
        assert.ok(existsSync(wantError), `${name}: ${thrown.message}`);
        assert.equal(thrown.code, JSON.parse(readFileSync(wantError, 'utf8')).code, name);
      }
      assert.equal(existsSync(path) ? snapshot(path) : '', before, `${name} is as it was`);
    }
    assert.deepEqual(readdirSync(folder.path), []);
  });

  test('into an empty Milvus: possible; the database is not made', async () => {
    await using at = await place();
    const flags = [
      source('mixed'),
      '--to',
      at.database.flags[1]!,
      '--database',
      `${at.database.name}_new`,
      '--staging',
      at.staging,
    ];
    const { ended, report } = await planned(at, flags);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(report.obstacles, []);
    assert.equal(report.target?.database, `${at.database.name}_new`);
    assert.ok(report.staging !== undefined && report.staging.needed > 0);
    assert.deepEqual(
      report.plan.collections.map(({ rows }) => rows),
      wanted('mixed').collections.map(({ rows }) => rows),
    );
    const { db_names } = await at.database.client.listDatabases();
    assert.equal(db_names.includes(`${at.database.name}_new`), false);
    const text = await milvusMigrate(['plan', ...flags, '--state', join(at.path, 'state')]);
    assert.equal(text.code, 0);
    for (const { name } of wanted('mixed').collections) assert.ok(text.stdout.includes(name));
    assert.match(text.stdout, /^Not possible: nothing\./m);
    assert.equal(text.stderr, '');
  });

  test('collections that are there: empty, filled, of another schema, more than one obstacle at once', async () => {
    await using at = await place();
    const { client } = at.database;
    const [collection] = wanted('l2').collections;
    const make = (name: string, dim: number) =>
      client.createCollection({
        collection_name: name,
        fields: [
          { name: 'id', data_type: 'Int64', is_primary_key: true, autoID: false },
          { name: 'data', data_type: 'FloatVector', dim },
        ],
      } as never);
    await make(collection!.name, collection!.dim);
    const words = [source('l2'), ...at.database.flags];
    const empty = await planned(at, words);
    assert.equal(empty.ended.code, 0, empty.ended.stdout);
    assert.deepEqual(empty.report.target?.existing, [{ name: collection!.name, statisticRows: 0, fits: true }]);

    const row = { id: '1', data: Array.from({ length: collection!.dim }, () => 0.5) };
    await client.insert({ collection_name: collection!.name, data: [row] } as never);
    await client.flushSync({ collection_names: [collection!.name] });
    const filled = await planned(at, words);
    assert.equal(filled.ended.code, 4);
    assert.deepEqual(
      filled.report.obstacles.map(({ code }) => code),
      ['E_COLLECTION_NOT_EMPTY'],
    );
    for (const mode of ['append', 'skip', 'overwrite'])
      assert.equal((await planned(at, [...words, '--mode', mode])).ended.code, 0, mode);

    await make('other', collection!.dim + 1);
    const file = join(at.path, 'file');
    writeFileSync(file, '');
    const other = await planned(at, [...words, '--name', 'other', '--staging', join(file, 'staging')]);
    assert.equal(other.ended.code, 4);
    assert.deepEqual(
      other.report.obstacles.map(({ code }) => code),
      ['E_TARGET_SCHEMA', 'E_STORE'],
    );
    assert.ok(
      other.report.obstacles.every((obstacle) => !('stack' in obstacle)),
      'no stack traces',
    );
  });

  test('a target that does not answer: the plan all the same, exit code 4', async () => {
    await using at = await place();
    const { ended, report } = await planned(at, [source('partitions'), '--to', 'http://127.0.0.1:1']);
    assert.equal(ended.code, 4);
    assert.deepEqual(
      report.obstacles.map(({ code }) => code),
      ['E_TARGET_UNREACHABLE'],
    );
    assert.equal(report.target, undefined);
    assert.equal(report.plan.collections.length, wanted('partitions').collections.length);
    const text = await milvusMigrate(['plan', source('partitions'), '--to', 'http://127.0.0.1:1']);
    assert.equal(text.code, 4);
    assert.match(text.stdout, /127\.0\.0\.1:1/);
    assert.doesNotMatch(text.stdout, /files only|Resolution note: *$/m);
  });

  test('not enough space for the files', async () => {
    await using at = await place();
    const { ended, report } = await planned(at, [hugeSource(at.path), '--out', join(at.path, 'out')]);
    assert.equal(ended.code, 4, ended.stderr);
    assert.deepEqual(
      report.obstacles.map(({ code }) => code),
      ['E_NO_SPACE'],
    );
    assert.ok(report.staging?.free !== undefined && report.staging.free < report.staging.needed);
  });

  test('--preflight: a folder that Milvus reads, and one that it does not see', async () => {
    await using at = await place();
    const words = [source('partitions'), ...at.database.flags, '--staging', at.staging, '--preflight'];
    const seen = await milvusMigrate(['plan', ...words, '--state', join(at.path, 'state'), '--json']);
    assert.equal(seen.code, 0, seen.stderr);
    assert.equal((JSON.parse(seen.stdout) as PlanReport).staging?.readable, true);
    const unseen = await milvusMigrate([
      'plan',
      ...words,
      '--staging-as',
      '/mnt/import',
      '--state',
      join(at.path, 'state'),
      '--json',
    ]);
    assert.equal(unseen.code, 4);
    const { staging, obstacles } = JSON.parse(unseen.stdout) as PlanReport;
    assert.equal(staging?.readable, false);
    assert.deepEqual(
      obstacles.map(({ code }) => code),
      ['E_STAGING'],
    );
    assert.match(obstacles[0]?.hint ?? '', /--staging-as/);
    assert.deepEqual(await collections(at.database), [], 'the scratch collection is gone');
    assert.deepEqual(readdirSync(at.staging, { recursive: true }), []);
    assert.equal(existsSync(join(at.path, 'state')), false);
  });

  test('a job that moves this already is named', async () => {
    await using at = await place();
    const state = ['--state', join(at.path, 'state')];
    const out = ['--out', join(at.path, 'out')];
    cpSync(join(fixture('ip'), 'db'), join(at.path, 'db'), { recursive: true });
    assert.equal((await milvusMigrate(['dump', join(at.path, 'db'), ...out, ...state])).code, 0);
    const ended = await milvusMigrate(['plan', join(at.path, 'db'), ...out, ...state, '--json']);
    const [job] = JSON.parse((await milvusMigrate(['jobs', '--json', ...state])).stdout) as { id: string }[];
    assert.deepEqual((JSON.parse(ended.stdout) as PlanReport).job, { id: job?.id, state: 'dumped', progress: 1 });
  });
});
