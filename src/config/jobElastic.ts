/** An Elasticsearch source in a job file: `source.elasticsearch`. docs/job-file.md says what each key means. */
import { z } from 'zod';
import { readAt } from './configError.ts';
import { chooseLogin, type ElasticLogin, loginFromEnvironment, refuseSeveral } from './elasticLogin.ts';
import {
  DATES,
  ES_ENCODINGS,
  ES_METRICS,
  ES_READ,
  elasticSource,
  INDICES,
  LONG_TEXT,
  MAX_PAGE_ROWS,
  MAX_TIMEOUT_SECONDS,
  MISSING,
} from './elasticSource.ts';
import type { DeclaredField, ElasticsearchSource } from './elasticsearch.ts';
import { checkIndex, parseElasticNode } from './elasticUrl.ts';
import type { JobReading } from './jobFileEnds.ts';
import { Secret } from './secret.ts';
import { localPath } from './storeUrl.ts';
import { list, section, text, truth, whole, word } from './yamlValues.ts';

const field = section({
  name: text.optional(),
  type: text.optional(),
  pk: truth.optional(),
  maxLen: whole(1).optional(),
  dims: whole(1).optional(),
  many: word('Array', 'JSON').optional(),
  maxCapacity: whole(1).optional(),
});

export const elasticShape = section({
  urls: list.optional(),
  cloudId: text.optional(),
  index: text.optional(),
  indices: word(...INDICES).optional(),
  user: text.optional(),
  password: text.optional(),
  apiKey: text.optional(),
  serviceToken: text.optional(),
  caFile: text.optional(),
  caFingerprint: text.optional(),
  insecure: truth.optional(),
  timeout: whole(1, MAX_TIMEOUT_SECONDS).optional(),
  fields: z.array(field, { error: 'a list of fields' }).optional(),
  dates: word(...DATES).optional(),
  longText: word(...LONG_TEXT).optional(),
  missing: word(...MISSING).optional(),
  metric: word(...ES_METRICS).optional(),
  read: word(...ES_READ).optional(),
  encoding: word(...ES_ENCODINGS).optional(),
  pageRows: whole(1, MAX_PAGE_ROWS).optional(),
  catchUp: truth.optional(),
  version: text.optional(),
});

/** Keys of the section whose values are never shown; addresses may carry a user and a password. */
export const ELASTIC_SECRETS: readonly string[] = ['urls', 'password', 'apiKey', 'serviceToken'];

type Said = z.infer<typeof elasticShape>;

const KEY = 'job.source.elasticsearch';

/** @throws MigrateError E_CONFIG with file, line and key */
export function elasticOf(said: Said, { options, refuse, at }: JobReading): ElasticsearchSource {
  const { urls = [], cloudId, index, caFile, caFingerprint, insecure, timeout } = said;
  if (index === undefined) throw refuse(KEY, 'the file does not say which index', 'index: NAME');
  if (urls.length > 0 === (cloudId !== undefined))
    throw refuse(KEY, 'the file does not say which cluster', 'urls: [https://host:9200] or cloudId, one of them');
  const nodes = urls.map((url, place) =>
    readAt(at(`${KEY}.urls.${place}`), () => parseElasticNode(url, `${KEY}.urls`)),
  );
  const { dates, longText, missing, metric, indices, read, encoding, pageRows, catchUp, version } = said;
  return elasticSource({
    index: readAt(at(`${KEY}.index`), () => checkIndex(index, `${KEY}.index`)),
    access: {
      urls: nodes.map(({ url }) => url),
      cloudId,
      caFile:
        caFile === undefined ? undefined : readAt(at(`${KEY}.caFile`), () => localPath(caFile, options.cwd, 'caFile')),
      caFingerprint,
      verifyTls: insecure !== true,
      timeoutMs: timeout === undefined ? undefined : timeout * 1000,
    },
    credentials: readAt(at(KEY), () => {
      const ambient = () => loginFromEnvironment(options.env, options.cwd);
      return chooseLogin([...nodes.map((node) => () => node), () => loginSaid(said), ambient]);
    }),
    fields: fieldsOf(said.fields, refuse),
    choices: { dates, longText, missing, metric },
    indices,
    read,
    encoding,
    pageRows,
    catchUp,
    version,
  });
}

function loginSaid({ user, password, apiKey, serviceToken }: Said): ElasticLogin {
  const secret = (value: string | undefined) => (value === undefined ? undefined : new Secret(value));
  const login = { user, password: secret(password), apiKey: secret(apiKey), serviceToken: secret(serviceToken) };
  refuseSeveral(login, 'the file');
  return login;
}

function fieldsOf(said: Said['fields'], refuse: JobReading['refuse']): readonly DeclaredField[] | undefined {
  if (said === undefined || said.length === 0) return undefined;
  return said.map(({ name, type, pk, maxLen, dims, many, maxCapacity }, place) => {
    if (name === undefined) throw refuse(`${KEY}.fields.${place}`, 'a field has no name', 'name: PATH, or name: _id');
    const several = many ?? (maxCapacity === undefined ? undefined : 'Array');
    return {
      name,
      type,
      pk: pk ?? false,
      maxLen,
      dims,
      ...(several === undefined ? {} : { many: several }),
      ...(maxCapacity === undefined ? {} : { maxCapacity }),
    };
  });
}
