/** A source of the user's own, main side: its plan, checked before anything is made of it. */
import type { PluginSource } from '../../config/job.ts';
import { checkSchema } from '../../core/checkSchema.ts';
import type { Dataset, Partition, PlanHint, Source } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { SourceOptions } from '../options.ts';
import type { OpenedSource, PluginDataset, PluginPartition } from './api.ts';
import { calling, checkMethods, loadPlugin, pluginError, thrownBy } from './load.ts';

/** The `reader` of the plugin's source stays its own business: workers get it with the module's URL around it. */
export async function openPlugin(config: PluginSource, options: SourceOptions): Promise<Source> {
  const { module, where } = config;
  const { url, plugin } = await loadPlugin(module);
  const { collections, openStore } = options;
  const own = await calling(module, 'openSource', () =>
    plugin.openSource(where, config.options, { collections, openStore }),
  );
  checkMethods(module, { value: own, what: 'openSource', methods: ['datasets', 'plan'] });
  for (const name of ['title', 'locator'] as const) checkText(module, own[name], `source.${name}`);
  const { detail = null, shared } = own.reader ?? {};
  const owners = new Map<string, string>();
  return {
    kind: 'plugin',
    title: own.title,
    locator: `${module} ${own.locator}`,
    reader: { kind: 'plugin', detail: { module: url, detail }, ...(shared === undefined ? {} : { shared }) },
    notes: own.notes ?? [],
    adopted: () => own.adopted?.(),
    async datasets() {
      const datasets = await calling(module, 'datasets', () => own.datasets());
      if (!Array.isArray(datasets))
        throw pluginError(module, 'datasets gives no datasets', { found: typeof datasets, wanted: 'an array' });
      return chosen(
        datasets.map((dataset) => checkDataset(module, dataset)),
        { module, collections },
      );
    },
    plan: (dataset, hint) => checkedPlan(module, { source: own, dataset, hint, owners }),
    [Symbol.asyncDispose]: () => calling(module, 'dispose', () => own[Symbol.asyncDispose]?.()),
  };
}

/** Those that the user chose, whether or not the plugin looked at that. */
function chosen(
  datasets: readonly Dataset[],
  { module, collections }: { readonly module: string; readonly collections: readonly string[] | undefined },
): readonly Dataset[] {
  const names = datasets.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw pluginError(module, 'two datasets have the same name', { found: twice, wanted: 'a name for each' });
  if (collections === undefined) return datasets;
  const unknown = collections.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new MigrateError('E_UNKNOWN_COLLECTION', 'the source has no such collection', {
      at: { collection: unknown },
      found: unknown,
      wanted: names.join(', '),
    });
  return datasets.filter(({ name }) => collections.includes(name));
}

function checkText(module: string, value: unknown, what: string): asserts value is string {
  if (typeof value !== 'string' || value === '')
    throw pluginError(module, `${what} is no text`, { found: JSON.stringify(value) ?? 'nothing', wanted: 'a text' });
}

function checkCount(module: string, value: unknown, what: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw pluginError(module, `${what} is no count`, { found: String(value), wanted: 'a whole number from 0' });
}

/** What a plain source need not say gets its default. */
function checkDataset(module: string, dataset: PluginDataset): Dataset {
  checkText(module, dataset?.name, 'dataset.name');
  const { name, rows, bytes, deleted = 0 } = dataset;
  for (const [what, value] of Object.entries({ rows, bytes, deleted }))
    checkCount(module, value, `${what} of dataset ${name}`);
  const schema = checkSchema(dataset.schema, (problem, { field, ...details }) =>
    pluginError(module, `the schema of dataset ${name} ${problem}`, {
      ...details,
      at: { collection: name, ...(field === undefined ? {} : { field }) },
    }),
  );
  const plain = {
    rowsExact: false,
    milvusPartitions: [''],
    index: undefined,
    preferredMetric: undefined,
    // Its fields bear the plugin's own names.
    ownNames: true,
    storedIds: true,
    notes: [],
    skipped: [],
    fingerprint: {},
  };
  return { ...plain, ...dataset, deleted, schema };
}

interface Planning {
  readonly source: OpenedSource;
  readonly dataset: Dataset;
  readonly hint: PlanHint;
  /** By the ids of partitions so far, the dataset that each is of: a job has all of them. */
  readonly owners: Map<string, string>;
}

async function* checkedPlan(module: string, { source, dataset, hint, owners }: Planning): AsyncGenerator<Partition> {
  const ids = new Set<string>();
  const partitions = source.plan(dataset, hint)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await calling(module, 'plan', () => partitions.next());
      if (next.done === true) return;
      const partition = checkPartition(module, next.value, dataset);
      const owner = owners.get(partition.id) ?? dataset.name;
      if (ids.has(partition.id) || owner !== dataset.name)
        throw pluginError(module, 'two partitions have the same id', {
          found: owner === dataset.name ? partition.id : `${partition.id}, in ${owner} and in ${dataset.name}`,
          wanted: 'an id made from what a partition covers, its dataset too where there are several',
        });
      ids.add(partition.id);
      owners.set(partition.id, dataset.name);
      yield partition;
    }
  } finally {
    await partitions.return?.();
  }
}

function checkPartition(module: string, partition: PluginPartition, dataset: Dataset): Partition {
  const { id } = partition ?? {};
  if (typeof id !== 'string' || !/^[A-Za-z0-9_-]{1,100}$/.test(id))
    throw pluginError(module, 'a partition has no id', {
      found: JSON.stringify(id) ?? 'nothing',
      wanted: 'letters, digits, - and _, at most 100',
    });
  const { rows, bytes, deleted = 0, milvusPartition = '', detail = null } = partition;
  for (const [what, value] of Object.entries({ rows, bytes, deleted }))
    checkCount(module, value, `${what} of partition ${id}`);
  if (!dataset.milvusPartitions.includes(milvusPartition))
    throw pluginError(module, `partition ${id} belongs to no partition of its dataset`, {
      found: JSON.stringify(milvusPartition),
      wanted: dataset.milvusPartitions.map((name) => JSON.stringify(name)).join(', '),
    });
  try {
    // It goes into the checkpoint and across threads.
    return {
      id,
      dataset: dataset.name,
      milvusPartition,
      rows,
      deleted,
      bytes,
      detail: JSON.parse(JSON.stringify(detail)),
    };
  } catch (thrown) {
    throw thrownBy(module, `the detail of partition ${id}`, thrown);
  }
}
