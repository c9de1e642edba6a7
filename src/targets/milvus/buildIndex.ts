/** Builds the index on a vector field, and waits until it is there. */
import { MigrateError } from '../../core/errors.ts';
import type { IndexSpec, MetricType } from '../../core/schema.ts';
import { describeIndexes } from './describe.ts';
import { until } from './poll.ts';
import type { Rpc } from './rpc.ts';

const CREATE_MS = 60_000;
/** Questions without any more rows in the index, after which it is asked for again: after about 1, 3, 7 and 25 s. */
const REMIND_AT: ReadonlySet<number> = new Set([4, 7, 9, 13]);

export interface IndexPlace {
  readonly collection: string;
  readonly field: string;
}

/**
 * Does not ask for an index where the field has one; waits for it all the same.
 *
 * Milvus gives a segment its index when the index is asked for, when the segment is flushed, and else once a minute. A
 * segment of an import is missed by both now and then (2.3.5: one in four jobs), and nothing is built for up to 60 s. To
 * ask for the same index again makes it look again, and changes nothing else.
 */
export async function buildIndex(
  rpc: Rpc,
  on: IndexPlace,
  wanted: { readonly index: IndexSpec; readonly metric: MetricType },
): Promise<void> {
  const params = [
    { key: 'index_type', value: wanted.index.type },
    { key: 'metric_type', value: wanted.metric },
    { key: 'params', value: JSON.stringify(wanted.index.params) },
  ];
  const question = { collection_name: on.collection, field_name: on.field, extra_params: params };
  const options = { at: on, write: true, timeoutMs: CREATE_MS };
  const isNew = (await findIndex(rpc, on)) === undefined;
  if (isNew) await rpc.ask('CreateIndex', question, options);
  /** Only a reminder: a server that refuses it, or does not answer, builds the index all the same, if later. */
  const remind = async (): Promise<void> => {
    try {
      await rpc.askStatus('CreateIndex', question, options);
    } catch (thrown) {
      // Should the server be gone, the next question tells.
      if (!(thrown instanceof MigrateError) || !thrown.retry) throw thrown;
    }
  };
  let rows = -1;
  let asked = 0;
  const built = async (): Promise<true | undefined> => {
    const index = await stateOf(rpc, on);
    if (index.state === 'Finished' && Number(index.pending_index_rows) === 0) return true;
    const grew = Number(index.indexed_rows) > rows;
    rows = Number(index.indexed_rows);
    asked = grew ? 0 : asked + 1;
    if (isNew && REMIND_AT.has(asked)) await remind();
    return undefined;
  };
  await until('the index', built, rpc.signal);
}

async function findIndex(rpc: Rpc, on: IndexPlace) {
  return (await describeIndexes(rpc, on.collection)).find((index) => index.field_name === on.field);
}

/** @throws MigrateError where there is none any more, or will be none */
async function stateOf(rpc: Rpc, on: IndexPlace) {
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
  return index;
}
