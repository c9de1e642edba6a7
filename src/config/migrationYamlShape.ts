/** Every key of the old tool's `migration.yaml`. docs/migration-yaml.md says what each means. */
import { z } from 'zod';
import { CONSISTENCY_LEVELS, MAX_SHARDS, MAX_THREADS } from './choices.ts';
import { count, listOrText, section, text, truth, word } from './yamlValues.ts';

const bufferSize = section({ bufferSize: count() });

const remote = {
  cloud: text.optional(),
  endpoint: text.optional(),
  region: text.optional(),
  bucket: text.optional(),
  ak: text.optional(),
  sk: text.optional(),
  useIAM: truth.optional(),
  useSSL: truth.optional(),
  checkBucket: truth.optional(),
  iamEndpoint: text.optional(),
};

const milvus2x = {
  endpoint: text.optional(),
  username: text.optional(),
  password: text.optional(),
  database: text.optional(),
  grpc: section({ maxCallRecvMsgSize: count(), maxCallSendMsgSize: count() }).optional(),
};

const dumper = section({
  worker: section({
    workMode: text.optional(),
    limit: count(MAX_THREADS),
    reader: bufferSize.optional(),
    writer: bufferSize.optional(),
  }).optional(),
});

const meta = section({
  mode: text.optional(),
  localFile: text.optional(),
  mockFile: text.optional(),
  remoteMetaFile: text.optional(),
  sqliteFile: text.optional(),
  mysqlUrl: text.optional(),
  index: text.optional(),
  collection: text.optional(),
  version: text.optional(),
  fields: z
    .array(
      section({
        name: text.optional(),
        type: text.optional(),
        pk: truth.optional(),
        maxLen: count(),
        dims: count(),
      }),
      { error: 'a list of fields' },
    )
    .optional(),
  milvus: section({
    collection: text.optional(),
    shardNum: count(MAX_SHARDS),
    closeDynamicField: truth.optional(),
    consistencyLevel: word(...CONSISTENCY_LEVELS).optional(),
    autoId: text.optional(),
    loadData: truth.optional(),
    createIndex: truth.optional(),
  }).optional(),
});

const source = section({
  mode: text.optional(),
  local: section({ tablesDir: text.optional(), faissFile: text.optional() }).optional(),
  remote: section({ ...remote, tablesDir: text.optional(), faissFile: text.optional() }).optional(),
  es: section({
    urls: listOrText.optional(),
    username: text.optional(),
    password: text.optional(),
    cert: text.optional(),
    fingerprint: text.optional(),
    serviceToken: text.optional(),
    cloudId: text.optional(),
    apiKey: text.optional(),
  }).optional(),
  milvus2x: section(milvus2x).optional(),
});

const target = section({
  mode: text.optional(),
  local: section({ outputDir: text.optional() }).optional(),
  remote: section({ ...remote, outputDir: text.optional() }).optional(),
  milvus2x: section({ ...milvus2x, writeMode: word('insert', 'upsert').optional() }).optional(),
  create: section({
    collection: section({
      name: text.optional(),
      shardsNum: count(MAX_SHARDS),
      dim: count(),
      metricType: text.optional(),
    }).optional(),
  }).optional(),
});

export const migrationYamlShape = section({
  dumper: dumper.optional(),
  loader: section({ worker: section({ limit: count() }).optional() }).optional(),
  meta: meta.optional(),
  source: source.optional(),
  target: target.optional(),
});

export type MigrationYaml = z.infer<typeof migrationYamlShape>;

/** Keys whose values are never shown. */
export const SECRET_KEYS: ReadonlySet<string> = new Set([
  'meta.mysqlUrl',
  'source.remote.ak',
  'source.remote.sk',
  'source.es.password',
  'source.es.serviceToken',
  'source.es.apiKey',
  'source.milvus2x.password',
  'target.remote.ak',
  'target.remote.sk',
  'target.milvus2x.password',
  // Addresses may carry a user and a password.
  'source.es.urls',
  'source.milvus2x.endpoint',
  'target.milvus2x.endpoint',
]);

/** Keys of other work modes, or without effect on milvus1x: named in one warning where they are given. */
export const UNUSED_BY_MILVUS1X: readonly string[] = [
  'meta.index',
  'meta.collection',
  'meta.version',
  'meta.fields',
  'meta.milvus.autoId',
  'source.local.faissFile',
  'source.remote.faissFile',
  'source.es',
  'source.milvus2x',
  'target.milvus2x.writeMode',
  'target.create',
];
