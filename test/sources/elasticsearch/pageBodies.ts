/** Bytes of pages as Elasticsearch answers them, made without one. */
import type { Encoding } from '../../../src/sources/elasticsearch/connect.ts';
import { encode, itemOf } from '../../formats/cbor/encode.ts';

/** `_source` as the tests' index has it; `other` is no field. */
export interface Document {
  readonly vec?: unknown;
  readonly title?: string | null;
  readonly n?: number;
  readonly real?: number;
  readonly meta?: object;
  readonly other?: unknown;
}

/** A search's answer with these documents, with ids and sort values counted from `first`; one given as text goes in as it is. */
export function bodyOf(documents: readonly (Document | string)[], encoding: Encoding, first = 0): Uint8Array {
  const hits = documents.map((source, at) => ({
    _index: 'test',
    _id: `d${first + at}`,
    _source: typeof source === 'string' ? JSON.parse(source) : source,
    sort: [first + at],
  }));
  const answer = { took: 1, timed_out: false, _shards: { total: 1, failed: 0 }, hits: { hits } };
  if (encoding === 'cbor') return encode(itemOf(answer));
  // A document given as text goes in as it is.
  const texts = hits.map((hit, at) => {
    const source = documents[at]!;
    const text = typeof source === 'string' ? source : JSON.stringify(source);
    return `{"_index":"test","_id":"${hit._id}","_source":${text},"sort":[${hit.sort[0]}]}`;
  });
  return Buffer.from(
    `{"took":1,"timed_out":false,"_shards":{"total":1,"failed":0},"hits":{"hits":[${texts.join(',')}]}}`,
  );
}
