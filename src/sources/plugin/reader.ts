/** A source of the user's own, worker side: its batches, each checked to be what it should before it goes on. */
import type { Batch } from '../../core/batch.ts';
import type { KeyBatch, OpenStore, ReaderConfig, SourceReader } from '../../core/contracts.ts';
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
      checked(module, own.read(partition, schema, slabs, dropped), (batch) => batchProblem(schema, batch)),
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

function keyProblem(
  schema: Schema,
  { keys }: KeyBatch,
): { readonly found: string; readonly wanted: string } | undefined {
  const { type } = primaryKeyOf(schema);
  if (type === 'Int64' ? keys instanceof BigInt64Array : Array.isArray(keys)) return undefined;
  return { found: typeof keys, wanted: type === 'Int64' ? 'keys in a BigInt64Array' : 'keys in an array of strings' };
}
