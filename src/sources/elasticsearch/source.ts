/** Elasticsearch as a source, main thread: schema from the mapping, a snapshot of each shard, ranges of it as partitions. */
import type { ElasticsearchSource } from '../../config/elasticsearch.ts';
import type { Dataset, Json, Note, Partition, PlanHint, ReaderConfig, Source } from '../../core/contracts.ts';
import { type ErrorCode, MigrateError } from '../../core/errors.ts';
import type { SourceOptions } from '../options.ts';
import { asPlanned, fingerprintOf } from './asPlanned.ts';
import { askVersion, type Elastic, type ElasticVersion, openElastic } from './connect.ts';
import type { ElasticReaderDetail } from './detail.ts';
import { encodingNotes, encodingOf } from './encoding.ts';
import { hiddenNotes } from './hidden.ts';
import { type IndexFacts, readIndices } from './indices.ts';
import { measureRowBytes } from './measure.ts';
import { planShards, type SeqNoDetail } from './plan.ts';
import { mayRepeatKeys } from './routing.ts';
import type { ElasticDataset } from './schema.ts';
import { selectDatasets } from './select.ts';
import { countDocuments, planSlices } from './slices.ts';
import { closeSnapshots, type ShardSnapshot } from './snapshot.ts';
import { snapshotsOf } from './snapshotsOf.ts';
import { refreshAll, unseenNotes } from './unseen.ts';

/**
 * Nothing is opened in the cluster before `datasets()`.
 * Errors: E_CONFIG, E_SOURCE_UNREACHABLE, E_SOURCE_ACCESS, E_SOURCE_VERSION, E_SOURCE_NOT_FOUND, E_SOURCE_SCHEMA,
 * E_DIMENSION, E_NAME_COLLISION, E_UNKNOWN_COLLECTION.
 */
export async function openElasticsearch(config: ElasticsearchSource, options: SourceOptions): Promise<Source> {
  const elastic = await openElastic(config.access, config.credentials);
  try {
    const version = await askVersion(elastic, config.version);
    const indices = await readIndices(elastic, config.index, version);
    const selected = select(config, indices, options.collections);
    const chosen = selected.datasets;
    const notes = notesOf(config);
    return {
      kind: 'elasticsearch',
      title: titleOf(config, version),
      locator: `elasticsearch:${elastic.address}/${config.index}`,
      reader: readerOf(config, elastic, chosen),
      notes,
      async asPlanned(planned) {
        const now = { config, indices, datasets: chosen };
        const { datasets, notes: more } = await asPlanned(elastic, now, planned);
        if (datasets.length < planned.size && selected.fault !== undefined) throw selected.fault;
        const fingerprints = Object.fromEntries(datasets.map((dataset) => [dataset.name, fingerprintOf(dataset)]));
        return { reader: readerOf(config, elastic, datasets), notes: [...notes, ...more], fingerprints };
      },
      ...(config.read === 'scroll' ? byScroll(config, elastic, selected) : bySnapshots(config, elastic, selected)),
    };
  } catch (thrown) {
    await elastic[Symbol.asyncDispose]();
    throw thrown;
  }
}

interface Selected {
  readonly datasets: readonly ElasticDataset[];
  /** Why they can be none. A job that was planned before may know them without what is wrong with them now. */
  readonly fault?: MigrateError;
}

const FAULTS_OF_SCHEMAS: readonly ErrorCode[] = ['E_SOURCE_SCHEMA', 'E_NAME_COLLISION', 'E_DIMENSION'];

function select(...given: Parameters<typeof selectDatasets>): Selected {
  try {
    return { datasets: selectDatasets(...given) };
  } catch (thrown) {
    if (!(thrown instanceof MigrateError) || !FAULTS_OF_SCHEMAS.includes(thrown.code)) throw thrown;
    return { datasets: [], fault: thrown };
  }
}

function checked({ datasets, fault }: Selected): readonly ElasticDataset[] {
  if (fault !== undefined) throw fault;
  return datasets;
}

function titleOf({ read }: ElasticsearchSource, { text }: ElasticVersion): string {
  return `Elasticsearch ${text}${read === 'scroll' ? ', by scroll' : ''}`;
}

function notesOf({ read }: ElasticsearchSource): readonly Note[] {
  const text =
    read === 'scroll'
      ? 'each part is of the moment when it is read; what changes meanwhile may be missed'
      : 'documents are those of the moment of planning; of what changes later, deletes are not seen';
  return [{ kind: 'info', text }];
}

function readerOf(config: ElasticsearchSource, elastic: Elastic, datasets: readonly ElasticDataset[]): ReaderConfig {
  return {
    kind: 'elasticsearch',
    detail: readerDetail(config, elastic, datasets) as unknown as Json,
    roughKeys: datasets.some(({ keyIsIndexed }) => keyIsIndexed),
  };
}

function readerDetail(
  { access, choices, encoding, pageRows }: ElasticsearchSource,
  { pin }: Elastic,
  datasets: readonly ElasticDataset[],
): ElasticReaderDetail {
  const { longText, missing } = choices;
  return {
    access,
    pin,
    choices: { longText, missing },
    pageRows: pageRows ?? null,
    datasets: Object.fromEntries(
      datasets.map(({ name, fields, fromDocValues, rebuilt, rewritten, askForVectors, keyIsIndexed }) => [
        name,
        { encoding: encodingOf(encoding), fields, fromDocValues, rebuilt, rewritten, askForVectors, keyIsIndexed },
      ]),
    ),
  };
}

type Planning = Pick<Source, 'datasets' | 'plan' | 'adopted' | typeof Symbol.asyncDispose>;

function bySnapshots(config: ElasticsearchSource, elastic: Elastic, selected: Selected): Planning {
  const open = new Map<string, { snapshots: readonly ShardSnapshot[]; rowBytes: number }>();
  const planned = new Set<string>();
  let isAdopted = false;
  return {
    async datasets() {
      const measured: Measured[] = [];
      for (const dataset of checked(selected)) {
        const snapshots = await snapshotsOf(elastic, dataset.indices);
        // Before anything else can fail: they have to be closed.
        open.set(dataset.name, { snapshots, rowBytes: 0 });
        const rowBytes = await measureRowBytes(elastic, dataset, config);
        open.set(dataset.name, { snapshots, rowBytes });
        const rows = snapshots.reduce((sum, snapshot) => sum + snapshot.rows, 0);
        measured.push({ dataset, rows, rowsExact: true, rowBytes, notes: unseenNotes(snapshots) });
      }
      return datasetsFor(elastic, config, measured);
    },
    async *plan({ name }: Dataset, hint: PlanHint): AsyncGenerator<Partition> {
      const found = open.get(name);
      if (found === undefined) throw new TypeError(`${name} is none of the source's datasets`);
      for await (const partition of planShards(elastic, { dataset: name, ...found, hint })) {
        planned.add((partition.detail as unknown as SeqNoDetail).pit);
        yield partition;
      }
    },
    adopted() {
      isAdopted = true;
    },
    async [Symbol.asyncDispose]() {
      try {
        const all = [...open.values()].flatMap(({ snapshots }) => snapshots);
        // Of a shard without documents there is no partition: nobody reads its snapshot.
        await closeSnapshots(elastic, isAdopted ? all.filter(({ pit }) => !planned.has(pit)) : all);
      } finally {
        await elastic[Symbol.asyncDispose]();
      }
    },
  };
}

function byScroll(config: ElasticsearchSource, elastic: Elastic, selected: Selected): Planning {
  const sizes = new Map<string, { indices: readonly IndexFacts[]; rowBytes: number }>();
  return {
    async datasets() {
      const measured: Measured[] = [];
      for (const dataset of checked(selected)) {
        const { name, indices } = dataset;
        const notes = await refreshAll(elastic, indices);
        let rows = 0;
        for (const index of indices) rows += await countDocuments(elastic, index.name);
        const rowBytes = await measureRowBytes(elastic, dataset, config);
        sizes.set(name, { indices, rowBytes });
        // Of the moment: they may be others when they are read.
        measured.push({ dataset, rows, rowsExact: false, rowBytes, notes });
      }
      return datasetsFor(elastic, config, measured);
    },
    plan({ name }, hint) {
      const found = sizes.get(name);
      if (found === undefined) throw new TypeError(`${name} is none of the source's datasets`);
      return planSlices(elastic, { dataset: name, ...found, hint });
    },
    // Scrolls are opened by who reads them.
    adopted: () => undefined,
    [Symbol.asyncDispose]: () => elastic[Symbol.asyncDispose](),
  };
}

interface Measured {
  readonly dataset: ElasticDataset;
  readonly rows: number;
  readonly rowsExact: boolean;
  readonly rowBytes: number;
  /** Of what could not be read. */
  readonly notes: readonly Note[];
}

async function datasetsFor(
  elastic: Elastic,
  config: ElasticsearchSource,
  measured: readonly Measured[],
): Promise<Dataset[]> {
  const indices = measured.flatMap(({ dataset }) => dataset.indices);
  const hidden = await hiddenNotes(elastic, indices, config.credentials.kind);
  const datasets: Dataset[] = [];
  for (const one of measured) {
    const notes = [...one.notes, ...one.dataset.indices.flatMap((index) => hidden.get(index.name) ?? [])];
    datasets.push(await datasetFor(elastic, one, [...notes, ...encodingNotes(config.encoding, one.dataset.schema)]));
  }
  return datasets;
}

async function datasetFor(
  elastic: Elastic,
  { dataset, rows, rowsExact, rowBytes }: Measured,
  more: readonly Note[],
): Promise<Dataset> {
  const { name, schema, index, notes } = dataset;
  return {
    name,
    schema,
    rows,
    rowsExact,
    deleted: 0,
    bytes: rows * rowBytes,
    milvusPartitions: [''],
    index,
    ownNames: true,
    preferredMetric: undefined,
    storedIds: await mayRepeatKeys(elastic, dataset),
    notes: [...notes, ...more],
    skipped: [],
    fingerprint: fingerprintOf(dataset),
  };
}
