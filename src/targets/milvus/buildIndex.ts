/** Builds the index on a vector field, and waits until it is there. */
import { MigrateError } from '../../core/errors.ts';
import type { IndexSpec, MetricType } from '../../core/schema.ts';
import { describeIndexes } from './describe.ts';
import { until } from './poll.ts';
import type { Rpc } from './rpc.ts';

const CREATE_MS = 60_000;

/** Does not ask for an index where the field has one; waits for it all the same. */
export async function buildIndex(
  rpc: Rpc,
  on: { readonly collection: string; readonly field: string },
  wanted: { readonly index: IndexSpec; readonly metric: MetricType },
): Promise<void> {
  if ((await findIndex(rpc, on)) === undefined) {
    const params = [
      { key: 'index_type', value: wanted.index.type },
      { key: 'metric_type', value: wanted.metric },
      { key: 'params', value: JSON.stringify(wanted.index.params) },
    ];
    await rpc.ask(
      'CreateIndex',
      { collection_name: on.collection, field_name: on.field, extra_params: params },
      { at: on, write: true, timeoutMs: CREATE_MS },
    );
  }
  await until('the index', () => isBuilt(rpc, on), rpc.signal);
}

async function findIndex(rpc: Rpc, on: { readonly collection: string; readonly field: string }) {
  return (await describeIndexes(rpc, on.collection)).find((index) => index.field_name === on.field);
}

/** true, or undefined while it is being built. */
async function isBuilt(
  rpc: Rpc,
  on: { readonly collection: string; readonly field: string },
): Promise<true | undefined> {
  const index = await findIndex(rpc, on);
  if (index === undefined) {
    throw new MigrateError('E_TARGET', 'the index was dropped while it was being built', { at: on });
  }
  if (index.state === 'Failed') {
    throw new MigrateError('E_TARGET', 'Milvus could not build the index', {
      at: on,
      found: index.index_state_fail_reason,
    });
  }
  return index.state === 'Finished' && Number(index.pending_index_rows) === 0 ? true : undefined;
}
