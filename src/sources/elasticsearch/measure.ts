/** How many bytes a row takes: measured on a few documents, as they will lie in columns. */
import type { ElasticsearchSource } from '../../config/elasticsearch.ts';
import type { Batch } from '../../core/batch.ts';
import type { SlabRing } from '../../core/contracts.ts';
import { toMigrateError } from '../../core/errors.ts';
import { batchesOf } from './batches.ts';
import type { WriterChoices } from './columnWriters.ts';
import { createPageBuffer, type Elastic, type ElasticRequest, type Encoding, indexPath } from './connect.ts';
import { encodingOf } from './encoding.ts';
import { pageTrouble } from './failures.ts';
import { type Page, readPage } from './page.ts';
import { createPageSizes, MAX_PAGE_BYTES, PAGE_BYTES } from './pageSize.ts';
import { createPatience } from './patience.ts';
import { createRowMaker } from './rowMaker.ts';
import { type ElasticDataset, guessedRowBytes } from './schema.ts';
import { partsOf } from './search.ts';

const DOCUMENTS = 100;
const SLAB_BYTES = 1024 * 1024;
/** Numbers in JSON take about three times the bytes that they take in a column. */
const JSON_BYTES = 3;
/** Of one collection: names in a path are not without end. */
const INDICES = 10;

export interface MeasureOptions {
  readonly choices: WriterChoices;
  /** The one that the rows are read in: there are documents that only one of them can show. */
  readonly encoding: ElasticsearchSource['encoding'];
}

/**
 * Where there is no document, none that is a row, or none that can be asked for: a guess, and reading tells what is wrong.
 * Errors: E_READ, E_SOURCE_ACCESS, E_SOURCE_NOT_FOUND, E_SOURCE_UNREACHABLE.
 */
export async function measureRowBytes(
  elastic: Elastic,
  dataset: ElasticDataset,
  { choices, encoding }: MeasureOptions,
): Promise<number> {
  const guess = guessedRowBytes(dataset.schema);
  const most = Math.min(DOCUMENTS, Math.floor(PAGE_BYTES / (guess * JSON_BYTES)));
  const page = await somePage(elastic, dataset, { most: Math.max(1, most), encoding: encodingOf(encoding) });
  if (page === undefined) return guess;
  const { schema } = dataset;
  const batching = {
    schema,
    maker: createRowMaker(schema, dataset, choices),
    dropped: undefined,
    origin: dataset.name,
  };
  let rows = 0;
  let bytes = 0;
  for await (const batch of batchesOf(once(page), { ...batching, slabs: scratch() })) {
    rows += batch.rows;
    bytes += columnBytes(batch);
  }
  return rows === 0 ? guess : Math.ceil(bytes / rows);
}

/**
 * As many documents as are had at a time: half as many where they are too large or too much for the cluster, which may
 * need some time. undefined: a single one is larger than a page may be.
 */
async function somePage(
  elastic: Elastic,
  dataset: ElasticDataset,
  { most, encoding }: { most: number; encoding: Encoding },
): Promise<Page | undefined> {
  const sizes = createPageSizes(most, 1);
  const patience = createPatience();
  const buffer = createPageBuffer(MAX_PAGE_BYTES);
  for (;;) {
    const size = sizes.rows;
    try {
      const body = await elastic.bytes(requestFor(dataset, size), encoding, buffer);
      return { ...readPage(body, encoding, dataset.name), withoutSnapshot: false };
    } catch (thrown) {
      const error = toMigrateError(thrown);
      const trouble = pageTrouble(error);
      const smaller = (trouble === 'too large' || trouble === 'overload') && sizes.shrink(size);
      if (smaller && trouble === 'too large') continue;
      if (trouble === 'too large') return undefined;
      await patience.wait(error);
    }
  }
}

function requestFor(dataset: ElasticDataset, size: number): ElasticRequest {
  const names = dataset.indices.slice(0, INDICES).map(({ name }) => name);
  return {
    method: 'POST',
    path: `/${indexPath(names.join(','))}/_search`,
    body: { size, sort: ['_doc'], ...partsOf(dataset, 'rows') },
    asked: 'read some of its documents',
    index: dataset.name,
  };
}

async function* once(page: Page): AsyncGenerator<Page> {
  yield page;
}

function columnBytes({ columns }: Batch): number {
  return columns.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function scratch(): SlabRing {
  const memory = new SharedArrayBuffer(SLAB_BYTES);
  return { slabBytes: SLAB_BYTES, slabs: 1, acquire: () => ({ index: 0, memory }), release: () => undefined };
}
