/** What a part that can not be made leaves behind, and says, where even its end goes wrong. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Batch } from '../../../src/core/batch.ts';
import type { SourceReader, Store } from '../../../src/core/contracts.ts';
import { MigrateError } from '../../../src/core/errors.ts';
import { dumpPartition } from '../../../src/run/dump/dumpPartition.ts';
import { joinRejects } from '../../../src/run/dump/rejects.ts';
import { recordNothing } from '../../../src/run/places/uploads.ts';
import { allocateRing, openRing } from '../../../src/run/threads/slabs.ts';
import type { DumpTask } from '../../../src/run/threads/tasks.ts';
import { createTurn } from '../../../src/run/threads/turn.ts';
import { openLocalStore } from '../../../src/stores/local.ts';
import { batchOf, floatSchema } from '../../targets/batches.ts';
import { temporaryFolder } from '../../temporary.ts';

const SCHEMA = floatSchema(4);

/** One row, which holds a NaN; and then, perhaps, a failure. */
async function* rows(failure: MigrateError | undefined): AsyncGenerator<Batch> {
  const batch = batchOf(SCHEMA, [1n]);
  const { buffer, byteOffset } = batch.columns[1]!.bytes;
  new Float32Array(buffer, byteOffset, 4)[0] = Number.NaN;
  yield batch;
  if (failure !== undefined) throw failure;
}

function dump(store: Store, rejectFile: string, failure?: MigrateError): Promise<unknown> {
  const partition = { id: 'p', dataset: 'c', milvusPartition: '', rows: 1, deleted: 0, bytes: 24, detail: null };
  const task: DumpTask = {
    kind: 'dump',
    reader: { kind: 'test', detail: null },
    partition,
    schema: SCHEMA,
    sourceSchema: SCHEMA,
    steps: [],
    droppedFile: undefined,
    rejectNonFinite: true,
    rejectFile,
    store: undefined,
    uploads: undefined,
    format: 'npy',
    dir: 'tables/c/p.a1',
    samples: 1,
    collection: 'c',
  };
  return dumpPartition(task, {
    reader: { read: () => rows(failure) } as unknown as SourceReader,
    store,
    record: recordNothing,
    slabs: openRing(allocateRing({ slabBytes: 1024, slabs: 1 })),
    shared: {
      abort: new SharedArrayBuffer(4),
      ready: new SharedArrayBuffer(4),
      counters: new SharedArrayBuffer(16),
    },
    turn: createTurn(),
  });
}

test('rejected rows that can not get their name are told as that, and nothing is left of the part', async () => {
  using folder = temporaryFolder();
  await using store = openLocalStore(join(folder.path, 'out'));
  // Nothing can be renamed to it.
  const rejectFile = join(folder.path, 'rejects', 'p.jsonl');
  mkdirSync(rejectFile, { recursive: true });
  await assert.rejects(dump(store, rejectFile), { code: 'E_STATE', message: 'could not write rejected rows' });
  assert.deepEqual(readdirSync(join(folder.path, 'out', 'tables', 'c')), []);
  assert.deepEqual(readdirSync(join(folder.path, 'rejects')), ['p.jsonl']);
});

test('a file of rejected rows that can not be written whole does not stay beside its place', () => {
  using folder = temporaryFolder();
  const part = join(folder.path, 'p.jsonl');
  writeFileSync(part, '{}\n');
  const all = join(folder.path, 'all', 'rejects.jsonl');
  // A folder can be opened, and not be read.
  assert.throws(() => joinRejects([part, folder.path], all), { code: 'E_STATE', at: { file: all } });
  assert.deepEqual(readdirSync(join(folder.path, 'all')), []);
});

/** What lies there, and whether rows `1`, `22` and `333` are written over it. */
const THERE = [
  ['', true],
  ['1\n', true],
  ['1\n333\n', true],
  ['22\n333', true],
  ['1\n22\n333\n', true],
  ['\n', false],
  ['2', false],
  ['333\n1\n', false],
  ['1\n1\n', false],
  ['1\r\n', false],
  ['1\n22\n333\n4\n', false],
  ['1\n22\n333\n4', false],
  ['3'.repeat(1_000_000), false],
] as const;

test('what lies there is written over where it is an earlier state of the same, and no file stays open', () => {
  using folder = temporaryFolder();
  const part = join(folder.path, 'p.jsonl');
  writeFileSync(part, '1\n22\n333\n');
  const all = join(folder.path, 'rejects.jsonl');
  const opened = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);
  const before = opened();
  for (const [there, earlier] of THERE) {
    writeFileSync(all, there);
    assert.equal(joinRejects([part], all, true), earlier ? 3 : undefined, there.slice(0, 20));
    assert.equal(readFileSync(all, 'utf8'), earlier ? '1\n22\n333\n' : there);
  }
  assert.equal(opened(), before);
});

test('what went wrong first is told, also where what was written can not be taken back', async () => {
  using folder = temporaryFolder();
  const real = openLocalStore(join(folder.path, 'out'));
  const refused = new MigrateError('E_STORE', 'could not abort an upload: access is denied');
  const store: Store = {
    ...real,
    begin: async (...given) => ({ ...(await real.begin(...given)), abort: () => Promise.reject(refused) }),
  };
  const truncated = new MigrateError('E_SEGMENT_TRUNCATED', 'the file is shorter than it says');
  await assert.rejects(dump(store, join(folder.path, 'p.jsonl'), truncated), { code: 'E_SEGMENT_TRUNCATED' });
});
