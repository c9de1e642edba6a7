/** What the tests of this folder open: a connection without login to the server at `url`, and its administrator. */

import type { ElasticAccess, ElasticsearchSource } from '../../../src/config/elasticsearch.ts';
import { type Elastic, openElastic } from '../../../src/sources/elasticsearch/connect.ts';
import { type Administrator, administrator } from '../../servers/startElasticsearch.ts';

export const ACCESS: Omit<ElasticAccess, 'urls'> = {
  cloudId: undefined,
  caFile: undefined,
  caFingerprint: undefined,
  verifyTls: true,
  timeoutMs: 20_000,
};

export function openPlain(url: string): Promise<Elastic> {
  return openElastic({ ...ACCESS, urls: [url] }, { kind: 'none' });
}

export function plainAdministrator(url: string): Promise<Administrator> {
  return administrator({ url, login: undefined, caFile: undefined });
}

/** All of an index by its mapping. */
export function sourceOf(index: string, more: Partial<ElasticsearchSource> = {}): ElasticsearchSource {
  return {
    kind: 'elasticsearch',
    store: undefined,
    access: { ...ACCESS, urls: [] },
    credentials: { kind: 'none' },
    index,
    indices: 'each',
    fields: undefined,
    dynamicField: true,
    choices: { dates: 'millis', longText: 'reject', missing: 'reject', metric: undefined },
    encoding: 'auto',
    pageRows: undefined,
    catchUp: false,
    read: 'seq-no',
    version: undefined,
    ...more,
  };
}
