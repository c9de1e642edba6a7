/** What workers get to read an index: plain JSON, nothing secret. Types only. */
import type { ElasticAccess, ElasticChoices } from '../../config/elasticsearch.ts';
import type { MappedField } from '../../formats/elastic/mapping.ts';
import type { ElasticPin, Encoding } from './connect.ts';

/** `ReaderConfig.detail` of this source. */
export interface ElasticReaderDetail {
  readonly access: ElasticAccess;
  readonly pin: ElasticPin;
  readonly choices: Pick<ElasticChoices, 'longText' | 'missing'>;
  /** Documents of the first page; null: as many as fit its aim in bytes. */
  readonly pageRows: number | null;
  /** By the dataset's name. */
  readonly datasets: Readonly<Record<string, ElasticDatasetDetail>>;
}

export interface ElasticDatasetDetail {
  readonly encoding: Encoding;
  /** In the order of the schema's fields, without the dynamic one. */
  readonly fields: readonly MappedField[];
  /** See `ElasticDataset`. */
  readonly fromDocValues: readonly string[];
  readonly rebuilt: readonly string[];
  readonly askForVectors: boolean;
  /** See `ElasticDataset`. */
  readonly rewritten: boolean;
  /** See `ElasticDataset`. */
  readonly keyIsIndexed: boolean;
}
