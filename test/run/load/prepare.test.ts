/** What a job that died while it made its collection finds under that name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CollectionRecord } from '../../../src/core/checkpoint.ts';
import type { CollectionFacts, Target } from '../../../src/core/contracts.ts';
import type { PlannedCollection } from '../../../src/core/plan.ts';
import { prepareCollection } from '../../../src/run/load/prepare.ts';
import type { RunContext } from '../../../src/run/shared/context.ts';
import { floatSchema } from '../../targets/batches.ts';

const LIMITS = { partitionKey: false, element: undefined, maxLength: undefined, maxCapacity: undefined };
const FIELDS = floatSchema(4).fields.map((field) => ({ ...field, ...LIMITS, typeName: field.type, autoId: false }));

/** @param flushed what the statistics say once the collection was flushed */
async function prepare(flushed: number): Promise<CollectionRecord> {
  const known = { loadInto: 'c', id: '', created: true, phase: 'creating', before: {} } as unknown as CollectionRecord;
  const ledger = { collection: () => known, recordCollection: async () => undefined };
  let statisticRows = 0;
  const there = { id: '7', name: 'c', fields: FIELDS, milvusPartitions: [], loaded: false, indexes: [] };
  const target = {
    describe: async () => ({ ...there, dynamicField: false, statisticRows }) satisfies CollectionFacts,
    flush: async () => {
      statisticRows = flushed;
    },
  };
  const planned = { target: 'c', schema: floatSchema(4), milvusPartitions: [], description: '' };
  const run = { config: {}, ledger, jobId: 'j' } as unknown as RunContext;
  return prepareCollection(run, target as unknown as Target, planned as unknown as PlannedCollection);
}

test('an empty collection is its own', async () => {
  assert.deepEqual(await prepare(0).then(({ id, phase }) => [id, phase]), ['7', 'loading']);
});

test('one that somebody made meanwhile is not, though its rows are not flushed yet', async () => {
  await assert.rejects(prepare(5), { code: 'E_COLLECTION_NOT_EMPTY', found: 'about 5 rows' });
});
