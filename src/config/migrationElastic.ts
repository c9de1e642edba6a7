/** The old tool's `migration.yaml` with work mode `elasticsearch`: `source.es`, `meta.index` and `meta.fields`. */
import { chooseLogin, type ElasticLogin, loginFromEnvironment } from './elasticLogin.ts';
import { elasticSource, MAX_PAGE_ROWS } from './elasticSource.ts';
import type { DeclaredField, ElasticCredentials, ElasticsearchSource } from './elasticsearch.ts';
import { checkIndex, type ElasticNode, parseElasticNode } from './elasticUrl.ts';
import type { Reading } from './migrationReading.ts';
import type { MigrationYaml } from './migrationYamlShape.ts';
import { Secret } from './secret.ts';
import { localPath } from './storeUrl.ts';

/** Shards of a collection where the file says nothing. */
export const OLD_SHARDS = 2;

/** Keys without effect on elasticsearch: named in one warning where they are given. */
export const UNUSED_BY_ELASTIC: readonly string[] = [
  'meta.localFile',
  'meta.mockFile',
  'meta.remoteMetaFile',
  'meta.sqliteFile',
  'meta.mysqlUrl',
  'meta.collection',
  'meta.milvus.autoId',
  'source.mode',
  'source.local',
  'source.remote',
  'source.milvus2x',
  'target.milvus2x.writeMode',
  'target.create',
];

/** @throws MigrateError E_CONFIG with file, line and key */
export function elasticFromYaml(reading: Reading): ElasticsearchSource {
  const { yaml, options, missing, refused, about } = reading;
  const { mode, index, version } = yaml.meta ?? {};
  if (mode === undefined) throw missing('meta.mode', 'config');
  if (mode.toLowerCase() !== 'config')
    throw refused('meta.mode', 'the meta mode is not one of elasticsearch', { wanted: 'config' });
  const { es } = yaml.source ?? {};
  if (es === undefined) throw missing('source.es', 'urls or cloudId, and what logs in');
  const cert =
    es.cert === undefined ? undefined : about('source.es.cert', () => localPath(es.cert!, options.cwd, 'cert'));
  const nodes = nodesOf(reading);
  return elasticSource({
    index: indexOf(index, reading),
    access: {
      urls: nodes.map(({ url }) => url),
      cloudId: es.cloudId,
      caFile: cert,
      caFingerprint: es.fingerprint,
    },
    credentials: loginIn(nodes, reading),
    fields: fieldsOf(reading),
    pageRows: pageRowsOf(yaml),
    version,
  });
}

function indexOf(index: string | undefined, { missing, about, options }: Reading): string {
  if (options.table !== undefined) return checkIndex(options.table, '-t');
  if (index === undefined) throw missing('meta.index', 'the name of the index, or -t NAME');
  return about('meta.index', () => checkIndex(index, 'meta.index'));
}

/** More than Elasticsearch gives at a time was cut there, too. */
function pageRowsOf(yaml: MigrationYaml): number | undefined {
  const rows = yaml.dumper?.worker?.reader?.bufferSize;
  return rows === undefined ? undefined : Math.min(rows, MAX_PAGE_ROWS);
}

function nodesOf({ yaml, missing, refused, about }: Reading): readonly ElasticNode[] {
  const { urls = [], cloudId } = yaml.source?.es ?? {};
  if (urls.length === 0 && cloudId === undefined) throw missing('source.es.urls', 'https://host:9200, or cloudId');
  if (urls.length > 0 && cloudId !== undefined)
    throw refused('source.es.cloudId', 'the cluster is named twice', { wanted: 'urls or cloudId, one of them' });
  return urls.map((url, at) => about(`source.es.urls.${at}`, () => parseElasticNode(url, 'the URL')));
}

function loginIn(nodes: readonly ElasticNode[], { yaml, options, about }: Reading): ElasticCredentials {
  const said = loginSaid(yaml);
  return about('source.es', () =>
    chooseLogin([...nodes.map((node) => () => node), () => said, () => loginFromEnvironment(options.env, options.cwd)]),
  );
}

type EsSection = NonNullable<NonNullable<MigrationYaml['source']>['es']>;

/** Of several logins the old tool's client took the first of these. */
function loginSaid(yaml: MigrationYaml): ElasticLogin {
  const { apiKey, serviceToken, username, password }: EsSection = yaml.source?.es ?? {};
  if (apiKey !== undefined) return { apiKey: new Secret(apiKey) };
  if (serviceToken !== undefined) return { serviceToken: new Secret(serviceToken) };
  return { user: username, password: password === undefined ? undefined : new Secret(password) };
}

/** Keys of logins that another one goes before. */
export function outranked(yaml: MigrationYaml): string[] {
  const es: EsSection = yaml.source?.es ?? {};
  if (es.urls?.some((url) => /\/\/[^@]*:[^@]*@/.test(url)))
    return ['apiKey', 'serviceToken', 'username', 'password'].map((key) => `source.es.${key}`);
  const basic = ['source.es.username', 'source.es.password'];
  if (es.apiKey !== undefined) return ['source.es.serviceToken', ...basic];
  return es.serviceToken !== undefined ? basic : [];
}

function fieldsOf({ yaml, missing }: Reading): readonly DeclaredField[] | undefined {
  const fields = yaml.meta?.fields ?? [];
  if (fields.length === 0) return undefined;
  return fields.map(({ name, type, pk, maxLen, dims }, at) => {
    if (name === undefined) throw missing(`meta.fields.${at}.name`, 'the path of a field, or _id');
    return { name, type, pk: pk ?? false, maxLen, dims };
  });
}
