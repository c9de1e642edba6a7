/** Ids that a source stores, looked through by real workers: what repeats, what is negative, and what is neither. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { faissSource } from '../../../src/config/faissSource.ts';
import type { Partition } from '../../../src/core/contracts.ts';
import { type IdScan, scanIds, tellIds } from '../../../src/run/ids/scanIds.ts';
import { openPool } from '../../../src/run/threads/pool.ts';
import { openSource } from '../../../src/sources/index.ts';
import { openStore } from '../../../src/stores/index.ts';
import { faissFixtures, truthOf } from '../../sources/faiss/reading.ts';
import { temporaryFolder } from '../../temporary.ts';

async function scan(name: string): Promise<IdScan> {
  using folder = temporaryFolder();
  await using pool = openPool(2);
  await using source = await openSource(faissSource(join(faissFixtures(), `${name}.index`)), { openStore });
  const [dataset] = await source.datasets();
  const partitions: Partition[] = [];
  for await (const partition of source.plan(dataset!, { partBytes: 400 })) partitions.push(partition);
  assert.ok(partitions.length > 1);
  const { reader } = source;
  const { schema } = dataset!;
  const tasks = partitions.map((partition) => ({
    reader,
    partition,
    schema,
    sourceSchema: schema,
    steps: [],
    droppedFile: undefined,
    rejectNonFinite: false,
  }));
  const dir = join(folder.path, 'ids');
  const found = await scanIds({ pool, tasks, dir, signal: new AbortController().signal });
  assert.ok(!existsSync(dir), 'the folder is gone');
  return found;
}

/** What the fixture holds, counted the plain way. */
function counted(name: string): Omit<IdScan, 'examples'> {
  const times = new Map<bigint, number>();
  const { ids } = truthOf(name);
  for (const id of ids) times.set(id, (times.get(id) ?? 0) + 1);
  const repeated = [...times.values()].filter((count) => count > 1);
  return {
    repeated: repeated.length,
    repeatedRows: repeated.reduce((sum, count) => sum + count, 0),
    negative: ids.filter((id) => id < 0n).length,
  };
}

for (const name of ['ivfflat', 'ivfflat-removed', 'ivfflat-dedup', 'idmap-ivfflat', 'ivfflat-ids-ip', 'idmap-flat'])
  test(`scan of ${name}: as counted the plain way`, async () => {
    const { examples, ...found } = await scan(name);
    assert.deepEqual(found, counted(name));
    assert.equal(examples.length, Math.min(5, found.repeated));
    const told = tellIds({ ...found, examples });
    assert.equal(told === undefined, found.repeated + found.negative === 0);
  });

test('the fixtures have all of it: row numbers, gaps, repeated ids, negative ones', () => {
  assert.deepEqual(counted('ivfflat'), { repeated: 0, repeatedRows: 0, negative: 0 });
  const wild = counted('idmap-ivfflat');
  assert.ok(wild.repeated > 0 && wild.repeatedRows > 2 * wild.repeated - 1 && wild.negative > 0);
});
