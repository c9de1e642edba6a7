/**
 * Which encoding answers come in, where nobody has said it, and what the other one costs.
 *
 * Measured on 8.19, whole `_source`, 768 dimensions. In the cluster, 20,000 documents on a quiet machine: JSON 0.8 s of
 * processor time, CBOR 1.7 s. Here, 10,000 documents whose numbers have 17 digits, start-up of the code included and on a
 * busy machine: JSON 1.3–1.5 s, CBOR 0.8 s, of which 0.3 s is the transport of either. So JSON spares the cluster, which
 * has others to serve, begins to answer sooner, and has all digits as they were sent. CBOR is for who has more cluster
 * than client.
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
