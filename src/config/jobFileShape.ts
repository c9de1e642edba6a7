/** Every key of our own job files (`job:`). docs/job-file.md says what each means. */
import { z } from 'zod';
import { CONSISTENCY_LEVELS, MAX_SHARDS, MAX_THREADS, ON_DUPLICATE, VERIFY_WAYS, WRITE_MODES } from './choices.ts';
import { METRICS } from './faissSource.ts';
import { ELASTIC_SECRETS, elasticShape } from './jobElastic.ts';
import { optionsShape, transformsShape } from './jobTransforms.ts';
import { filesStoreShape, STORE_SECRETS, sourceStoreShape } from './storeSection.ts';
import { FORMATS } from './transformWords.ts';
import { indexChoice, list, section, size, text, truth, whole, word } from './yamlValues.ts';

export const jobFileShape = section({
  job: section({
    source: section({
      milvus1x: text.optional(),
      faiss: text.optional(),
      collection: text.optional(),
      metric: word(...METRICS).optional(),
      keepTransformed: truth.optional(),
      allowSketch: truth.optional(),
      strict: truth.optional(),
      elasticsearch: elasticShape.optional(),
      plugin: section({ module: text.optional(), where: text.optional(), options: optionsShape.optional() }).optional(),
      dumped: text.optional(),
      meta: text.optional(),
      tables: text.optional(),
      skipBadSegments: truth.optional(),
      ignoreUnflushed: truth.optional(),
      store: sourceStoreShape.optional(),
    }).optional(),
    collections: list.optional(),
    merge: z.array(section({ inputs: list, into: text }), { error: 'a list of inputs and into' }).optional(),
    onDuplicate: word(...ON_DUPLICATE).optional(),
    name: text.optional(),
    to: section({
      url: text.optional(),
      user: text.optional(),
      password: text.optional(),
      token: text.optional(),
      database: text.optional(),
    }).optional(),
    staging: section({ dir: text.optional(), as: text.optional(), keep: truth.optional() }).optional(),
    out: text.optional(),
    filesStore: filesStoreShape.optional(),
    maxMbps: whole(1).optional(),
    transforms: transformsShape.optional(),
    format: word(...FORMATS).optional(),
    idField: text.optional(),
    vectorField: text.optional(),
    dynamicField: truth.optional(),
    shards: whole(1, MAX_SHARDS).optional(),
    consistency: word(...CONSISTENCY_LEVELS).optional(),
    mode: word(...WRITE_MODES).optional(),
    index: indexChoice.optional(),
    load: truth.optional(),
    verify: word(...VERIFY_WAYS).optional(),
    threads: whole(1, MAX_THREADS).optional(),
    partSize: size.optional(),
    loadTasks: whole(1).optional(),
    state: text.optional(),
    rejectFile: text.optional(),
    checkParts: truth.optional(),
  }),
});

export type JobFile = z.infer<typeof jobFileShape>;

/** Keys whose values are never shown. */
export const JOB_SECRET_KEYS: ReadonlySet<string> = new Set([
  'job.source.meta',
  'job.to.url',
  'job.to.password',
  'job.to.token',
  'job.state',
  ...ELASTIC_SECRETS.map((key) => `job.source.elasticsearch.${key}`),
  ...STORE_SECRETS.flatMap((key) => [`job.source.store.${key}`, `job.filesStore.${key}`]),
]);
