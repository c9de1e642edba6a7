/** Reads a collection of a real Milvus back with the SDK's own query, and compares it with what NumPy says. */
import assert from 'node:assert/strict';
import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { provided, type Want, type WantCollection, wantedRows } from './harness.ts';

/** A client on a database of the test's own, dropped with all it holds when the test is over. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly client: MilvusClient;
  /** `--to` and `--database` for the command line. */
  readonly flags: readonly string[];
}

let databases = 0;

export async function testDatabase(address = provided('TEST_MILVUS')): Promise<TestDatabase> {
  const name = `t${process.pid}_${Date.now().toString(36)}_${databases++}`;
  const admin = new MilvusClient({ address });
  await admin.createDatabase({ db_name: name });
  const client = new MilvusClient({ address, database: name });
  return {
    name,
    client,
    flags: ['--to', `http://${address}`, '--database', name],
    async [Symbol.asyncDispose]() {
      const { data } = await client.showCollections();
      for (const collection of data) await client.dropCollection({ collection_name: collection.name });
      await client.closeConnection();
      await admin.dropDatabase({ db_name: name });
      await admin.closeConnection();
    },
  };
}

/** Largest id that is asked for by a literal; 2^63 − 1 is never returned, −2^63 is no literal (Milvus 2.3.5). */
const unaskable = (id: bigint): boolean => id === 2n ** 63n - 1n || id === -(2n ** 63n);

const ASKED_AT_ONCE = 500;

export async function countRows({ client }: TestDatabase, collection: string, partition?: string): Promise<number> {
  const partitions = partition === undefined ? {} : { partition_names: [partition] };
  const request = {
    collection_name: collection,
    output_fields: ['count(*)'],
    filter: '',
    consistency_level: 0,
    ...partitions,
  };
  const { data, status } = await client.query(request as never);
  assert.equal(status.error_code, 'Success', status.reason);
  return Number((data[0] as { 'count(*)': string })['count(*)']);
}

/** Asserts that the collection holds exactly the wanted rows, partition by partition, vector by vector, bit for bit. */
export async function assertCollection(
  database: TestDatabase,
  fixtureName: string,
  {
    wanted,
    target,
    ids = 'id',
    data = 'data',
  }: { wanted: WantCollection; target: string; ids?: string; data?: string },
): Promise<void> {
  let total = 0;
  for (const { tag, dir, rows } of wanted.partitions) {
    const partition = tag === '' ? '_default' : tag.replaceAll(/[^A-Za-z0-9_]/g, '_');
    assert.equal(await countRows(database, target, partition), rows, `${target}/${partition}`);
    total += rows;
    await assertRows(database, {
      rows: wantedRows(fixtureName, dir),
      target,
      partition,
      ids,
      data,
      binary: wanted.binary,
    });
  }
  assert.equal(await countRows(database, target), total, target);
}

interface Rows {
  readonly rows: ReturnType<typeof wantedRows>;
  readonly target: string;
  readonly partition: string;
  readonly ids: string;
  readonly data: string;
  readonly binary: boolean;
}

async function assertRows(
  { client }: TestDatabase,
  { rows, target, partition, ids, data, binary }: Rows,
): Promise<void> {
  const byId = new Map<bigint, Uint8Array[]>();
  rows.ids.forEach((id, row) => {
    byId.set(id, [...(byId.get(id) ?? []), rows.vectors[row]!]);
  });
  const asked = [...byId.keys()].filter((id) => !unaskable(id));
  for (let at = 0; at < asked.length; at += ASKED_AT_ONCE) {
    const some = asked.slice(at, at + ASKED_AT_ONCE);
    const { data: found, status } = await client.query({
      collection_name: target,
      partition_names: [partition],
      filter: `${ids} in [${some.join(',')}]`,
      output_fields: [ids, data],
      consistency_level: 0,
    } as never);
    assert.equal(status.error_code, 'Success', status.reason);
    const seen = new Set<bigint>();
    for (const row of found as Record<string, unknown>[]) {
      const id = BigInt(row[ids] as string);
      seen.add(id);
      const got = Buffer.from(vectorBytes(row[data], binary)).toString('hex');
      const may = (byId.get(id) ?? []).map((bytes) => Buffer.from(bytes).toString('hex'));
      assert.ok(
        may.includes(got),
        `id ${id} of ${target}/${partition}: ${got.slice(0, 32)}…, wanted ${may[0]?.slice(0, 32)}…`,
      );
    }
    assert.deepEqual(
      some.filter((id) => !seen.has(id)),
      [],
      `ids of ${target}/${partition} that are not there`,
    );
  }
}

/** The SDK gives floats as numbers, each the double of a float32, and binary vectors as numbers below 256. */
function vectorBytes(value: unknown, binary: boolean): Uint8Array {
  if (!Array.isArray(value)) throw new TypeError(`a vector of an unknown kind: ${typeof value}`);
  return binary ? Uint8Array.from(value as number[]) : new Uint8Array(Float32Array.from(value as number[]).buffer);
}

/** All collections of a fixture, under the names that Milvus 2.x takes. */
export async function assertAll(database: TestDatabase, name: string, want: Want): Promise<void> {
  for (const wanted of want.collections) {
    const target = wanted.name.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');
    await assertCollection(database, name, { wanted, target });
  }
}
