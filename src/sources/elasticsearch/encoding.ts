/**
 * Which encoding answers come in, where nobody has said it, and what the other one costs.
 *
 * Measured on 8.19 with 768 dimensions, all of `_source`, processor time for 10,000 documents whose numbers have 17
 * digits: JSON 1.5 s here and about 0.5 s in the cluster, CBOR 0.6 s here and about 0.9 s there. In sum they are close
 * (with fewer digits JSON is ahead), and an answer in JSON begins sooner. So JSON: the cluster has others to serve, and
 * all digits come as they were sent. CBOR is for who has more cluster than client.
 */
import type { ElasticsearchSource } from '../../config/elasticsearch.ts';
import type { Note } from '../../core/contracts.ts';
import type { Schema } from '../../core/schema.ts';
import type { Encoding } from './connect.ts';

export function encodingOf(said: ElasticsearchSource['encoding']): Encoding {
  return said === 'auto' ? 'json' : said;
}

/** Elasticsearch sends fractions as doubles in CBOR. Where a text is wanted such a document is refused; JSON takes them. */
export function encodingNotes(said: ElasticsearchSource['encoding'], { fields }: Schema): readonly Note[] {
  const inJson = fields.filter(({ type }) => type === 'JSON').map(({ name }) => name);
  if (encodingOf(said) === 'json' || inJson.length === 0) return [];
  const text = `${inJson.join(', ')}: fractions come as doubles in CBOR, so 1.10 is 1.1 and digits beyond the 17th are lost; read as JSON they stay`;
  return [{ kind: 'lossy', text }];
}
