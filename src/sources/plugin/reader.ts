/** A source of the user's own, worker side: its batches, each checked to be what it should before it goes on. */
import type { Batch } from '../../core/batch.ts';
import type { KeyBatch, OpenStore, Partition, ReaderConfig, SourceReader } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { primaryKeyOf, type Schema } from '../../core/schema.ts';
import { batchesOf } from './batches.ts';
import { batchProblem } from './checkBatch.ts';
import { keysOf } from './keys.ts';
import { calling, checkMethods, loadPlugin, type PluginReaderDetail, pluginError, thrownBy } from './load.ts';

export async function openPluginReader(config: ReaderConfig, openStore: OpenStore): Promise<SourceReader> {
  const { module, detail } = config.detail as unknown as PluginReaderDetail;
  const { plugin } = await loadPlugin(module);
  const context = { openStore, shared: config.shared ?? {}, batches: batchesOf, keys: keysOf };
  const own = await calling(module, 'openReader', () => plugin.openReader(detail, context));
  checkMethods(module, { value: own, what: 'openReader', methods: ['read', 'readKeys'] });
  return {
    read: (partition, schema, slabs, dropped) =>
      counted(
        module,
        checked(module, own.read(partition, schema, slabs, dropped), (batch) => batchProblem(schema, batch)),
        partition,
      ),
    readKeys: (partition, schema, slabs) =>
      checked(module, own.readKeys(partition, schema, slabs, 'exactly'), (batch) => keyProblem(schema, batch)),
    [Symbol.asyncDispose]: () => calling(module, 'dispose', () => own[Symbol.asyncDispose]?.()),
  };
}

/** @param problem what is wrong with a batch, or undefined */
async function* checked<B extends Batch | KeyBatch>(
  module: string,
  batches: AsyncIterable<B>,
  problem: (batch: B) => { readonly found: string; readonly wanted: string } | undefined,
): AsyncGenerator<B> {
  const iterator = batches[Symbol.asyncIterator]();
  try {
    for (;;) {
      let next: IteratorResult<B>;
      try {
        next = await iterator.next();
      } catch (thrown) {
        throw thrownBy(module, 'reading', thrown);
      }
      if (next.done === true) return;
      const wrong = problem(next.value);
      if (wrong !== undefined) throw pluginError(module, 'a source of your own gave a batch that is none', wrong);
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** Rows that the plan promised and the reader does not give would be lost without a word. */
async function* counted(module: string, batches: AsyncIterable<Batch>, partition: Partition): AsyncGenerator<Batch> {
  let live = 0;
  for await (const batch of batches) {
    live += batch.read - batch.deleted;
    yield batch;
  }
  if (live === partition.rows) return;
  throw new MigrateError('E_READ', 'a source of your own gave another number of rows than its plan says', {
    at: { file: module },
    found: `${live} rows of partition ${partition.id}`,
    wanted: `${partition.rows} rows`,
    hint: 'where the source has not changed since, its plan or its reader is wrong (docs/source-plugins.md, «Promises»)',
  });
}

function keyProblem(
  schema: Schema,
  { keys }: KeyBatch,
): { readonly found: string; readonly wanted: string } | undefined {
  const { type } = primaryKeyOf(schema);
  if (type === 'Int64' ? keys instanceof BigInt64Array : Array.isArray(keys)) return undefined;
  return { found: typeof keys, wanted: type === 'Int64' ? 'keys in a BigInt64Array' : 'keys in an array of strings' };
}
