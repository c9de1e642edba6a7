/** Which encoding answers come in, where nobody has said it. */
import type { ElasticsearchSource } from '../../config/elasticsearch.ts';
import type { Encoding } from './connect.ts';

export function encodingOf(said: ElasticsearchSource['encoding']): Encoding {
  return said === 'auto' ? 'json' : said;
}
