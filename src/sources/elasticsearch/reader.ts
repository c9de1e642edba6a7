/** Elasticsearch as a source, worker side: pages of documents from the cluster, row by row into slabs. */
import type { ElasticCredentials } from '../../config/elasticsearch.ts';
import { Secret } from '../../config/secret.ts';
import type {
  DroppedRows,
  KeyReading,
  Partition,
  ReaderConfig,
  SlabRing,
  SourceReader,
  SourceSecrets,
} from '../../core/contracts.ts';
import type { Schema } from '../../core/schema.ts';
import { batchesOf } from './batches.ts';
import { createPageBuffers, type Elastic, openElastic, type PageBuffers } from './connect.ts';
import type { ElasticDatasetDetail, ElasticReaderDetail } from './detail.ts';
import { keysOf } from './keys.ts';
import type { Page } from './page.ts';
import { createPageSizes, MAX_PAGE_BYTES, type PageSizes } from './pageSize.ts';
import type { SeqNoDetail } from './plan.ts';
import { rangePages } from './rangePages.ts';
import { createRowMaker } from './rowMaker.ts';
import { scrollPages } from './scrollPages.ts';
import { partsOf, type Wanted } from './search.ts';
import type { SliceDetail } from './slices.ts';

/** Numbers in JSON take about three times the bytes that they take in a column. */
const JSON_BYTES = 3;
/** Of a document without anything but its key. */
const KEY_BYTES = 150;

export async function openElasticReader(config: ReaderConfig, secrets: SourceSecrets): Promise<SourceReader> {
  const detail = config.detail as unknown as ElasticReaderDetail;
  const elastic = await openElastic(detail.access, credentialsOf(secrets), detail.pin);
  const worker: Worker = { elastic, detail, buffers: createPageBuffers(MAX_PAGE_BYTES), sizes: new Map() };
  return {
    read: (partition, schema, slabs, dropped) => readRows(worker, { partition, schema, slabs, dropped }),
    readKeys: (partition, schema, slabs, how) => readKeys(worker, { partition, schema, slabs }, how),
    [Symbol.asyncDispose]: () => elastic[Symbol.asyncDispose](),
  };
}

/** What a worker has for all partitions that it reads, one after the other. */
interface Worker {
  readonly elastic: Elastic;
  readonly detail: ElasticReaderDetail;
  readonly buffers: PageBuffers;
  /** What was learnt of how many documents a page may have, by what is asked for. */
  readonly sizes: Map<string, PageSizes>;
}

interface KeyRequest {
  readonly partition: Partition;
  readonly schema: Schema;
  readonly slabs: SlabRing;
}

interface RowRequest extends KeyRequest {
  readonly dropped: DroppedRows | undefined;
}

function readRows(worker: Worker, { partition, schema, slabs, dropped }: RowRequest): ReturnType<SourceReader['read']> {
  const dataset = datasetOf(worker, partition);
  const maker = createRowMaker(schema, dataset, worker.detail.choices);
  const { index } = partition.detail as unknown as SeqNoDetail | SliceDetail;
  return batchesOf(pagesOf(worker, partition, 'rows', dropped !== undefined), {
    schema,
    maker,
    slabs,
    dropped,
    origin: index,
  });
}

function readKeys(
  worker: Worker,
  { partition, schema, slabs }: KeyRequest,
  how: KeyReading,
): ReturnType<SourceReader['readKeys']> {
  const { fields, keyIsIndexed } = datasetOf(worker, partition);
  const indexed = how === 'roughly' && keyIsIndexed;
  return keysOf(pagesOf(worker, partition, indexed ? 'indexed keys' : 'keys'), { schema, fields, slabs, indexed });
}

function pagesOf(worker: Worker, partition: Partition, wanted: Wanted, counted = false): AsyncGenerator<Page> {
  const { elastic, buffers } = worker;
  const dataset = datasetOf(worker, partition);
  // Keys alone are few bytes, and as JSON they are as exact as they were sent.
  const encoding = wanted === 'rows' ? dataset.encoding : 'json';
  const sizes = sizesOf(worker, partition, wanted);
  const reading = { elastic, rows: partition.rows, encoding, parts: partsOf(dataset, wanted), sizes, buffers };
  const detail = partition.detail as unknown as SeqNoDetail | SliceDetail;
  return detail.read === 'seq-no'
    ? rangePages({ ...reading, range: detail, counted })
    : scrollPages({ ...reading, slice: detail });
}

function datasetOf({ detail }: Worker, { dataset }: Partition): ElasticDatasetDetail {
  const found = detail.datasets[dataset];
  if (found === undefined) throw new TypeError(`${dataset} is none of the source's datasets`);
  return found;
}

function sizesOf({ detail, sizes }: Worker, { dataset, rows, bytes }: Partition, wanted: Wanted): PageSizes {
  const name = `${wanted} ${dataset}`;
  const known = sizes.get(name);
  if (known !== undefined) return known;
  const documentBytes = KEY_BYTES + (wanted !== 'rows' ? 0 : (JSON_BYTES * bytes) / Math.max(1, rows));
  const made = createPageSizes(detail.pageRows, documentBytes);
  sizes.set(name, made);
  return made;
}

function credentialsOf({ user, password, apiKey, serviceToken }: SourceSecrets): ElasticCredentials {
  if (apiKey !== undefined) return { kind: 'apiKey', key: new Secret(apiKey) };
  if (serviceToken !== undefined) return { kind: 'serviceToken', token: new Secret(serviceToken) };
  if (user === undefined) return { kind: 'none' };
  return { kind: 'basic', user, password: new Secret(password ?? '') };
}
