/** What a swap says when others were at the collections since they were looked at. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CollectionRecord } from '../../src/core/checkpoint.ts';
import type { PlannedCollection } from '../../src/core/plan.ts';
import { type FinishContext, swapIn } from '../../src/run/load/finishCollection.ts';

/** @param there ids by name; @param loadInto where the rows of the collection with id 2, that is to replace 1, were loaded */
async function swap(there: Readonly<Record<string, string>>, loadInto: string): Promise<void> {
  const describe = async (name: string) => (there[name] === undefined ? undefined : { id: there[name], name });
  const run = { target: { describe }, jobId: 'j' } as unknown as FinishContext;
  const record = { id: '2', replaces: '1', loadInto, phase: 'verified', report: { verify: { count: 'ok' } } };
  await swapIn(run, { target: 'c' } as PlannedCollection, record as unknown as CollectionRecord);
}

test('another collection took the place of the old one: the new data waits under its own name', async () => {
  await assert.rejects(swap({ c: '3', c__new_j: '2' }, 'c__new_j'), {
    code: 'E_COLLECTION_REPLACED',
    found: 'a collection with id 3',
    wanted: 'the collection with id 1',
    hint: /the new data is whole in c__new_j/,
  });
});

test('another collection took the place of the new one: nothing says that the new data is there', async () => {
  for (const loadInto of ['c', 'c__new_j'])
    await assert.rejects(swap({ c: '3' }, loadInto), {
      code: 'E_COLLECTION_REPLACED',
      found: 'a collection with id 3',
      wanted: 'the collection with id 2',
      hint: /c__old_j.*--fresh/,
    });
});

test('neither of them is there', async () => {
  await assert.rejects(swap({}, 'c__new_j'), {
    code: 'E_COLLECTION_REPLACED',
    found: 'no such collection',
    wanted: 'the collection with id 2',
  });
});
