/** How many bytes a row takes: measured on a few documents, as they will lie in columns. */
import type { ElasticsearchSource } from '../../config/elasticsearch.ts';
import type { Batch } from '../../core/batch.ts';
import type { SlabRing } from '../../core/contracts.ts';
import { batchesOf } from './batches.ts';
import type { WriterChoices } from './columnWriters.ts';
import { createPageBuffer, type Elastic, indexPath } from './connect.ts';
import { encodingOf } from './encoding.ts';
import { type Page, readPage } from './page.ts';
import { PAGE_BYTES } from './pageSize.ts';
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

/** Where there is no document, or none that is a row: a guess. Errors: E_READ, E_SOURCE_ACCESS. */
export async function measureRowBytes(
  elastic: Elastic,
  dataset: ElasticDataset,
  { choices, encoding: said }: MeasureOptions,
): Promise<number> {
  const encoding = encodingOf(said);
  const guess = guessedRowBytes(dataset.schema);
  const size = Math.max(1, Math.min(DOCUMENTS, Math.floor(PAGE_BYTES / (guess * JSON_BYTES))));
  const names = dataset.indices.slice(0, INDICES).map(({ name }) => name);
  const body = await elastic.bytes(
    {
      method: 'POST',
      path: `/${indexPath(names.join(','))}/_search`,
      body: { size, sort: ['_doc'], ...partsOf(dataset, 'rows') },
      asked: 'read some of its documents',
      index: dataset.name,
    },
    encoding,
    createPageBuffer(),
  );
  const page = { ...readPage(body, encoding, dataset.name), withoutSnapshot: false };
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
