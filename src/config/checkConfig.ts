/**
 * What a program says of a job, checked as flags and files are: types let `Number(process.env.THREADS)` through, which is
 * NaN where nobody set it, and a job cut for NaN threads has no parts.
 */
import { MigrateError } from '../core/errors.ts';
import {
  CONSISTENCY_LEVELS,
  MAX_SHARDS,
  MAX_THREADS,
  ON_DUPLICATE,
  orList,
  VERIFY_WAYS,
  WRITE_MODES,
} from './choices.ts';
import {
  DATES,
  ES_ENCODINGS,
  ES_READ,
  INDICES,
  LONG_TEXT,
  MAX_PAGE_ROWS,
  MAX_TIMEOUT_SECONDS,
  MISSING,
} from './elasticSource.ts';
import { storesOf } from './ends.ts';
import type { ElasticsearchSource, JobConfig, JobStages } from './job.ts';
import { FORMATS } from './transformWords.ts';
import { BYTES_WANTED, MAX_PART_BYTES } from './units.ts';

const SOURCES = ['milvus1x', 'faiss', 'elasticsearch', 'dumped', 'plugin'] as const satisfies readonly KindOfSource[];
const STAGES = ['dump', 'load', 'all', 'verify'] as const satisfies readonly JobStages[];
const INDEXES = ['auto', 'none', 'given'] as const;
type KindOfSource = JobConfig['source']['kind'];

/** @throws MigrateError E_USAGE, which names the first field that is not what it takes */
export function checkConfig(config: JobConfig): void {
  const { threads, partBytes, loadTasks, shards, consistencyLevel, format } = config;
  word('source.kind', config.source.kind, SOURCES);
  whole('threads', threads, { max: MAX_THREADS });
  whole('loadTasks', loadTasks, {});
  if (shards !== undefined) whole('shards', shards, { max: MAX_SHARDS });
  if (!(partBytes >= 1 && partBytes <= MAX_PART_BYTES)) throw refused('partBytes', partBytes, BYTES_WANTED);
  word('mode', config.mode, WRITE_MODES);
  word('verify', config.verify, VERIFY_WAYS);
  word('onDuplicate', config.onDuplicate, ON_DUPLICATE);
  word('index.kind', config.index.kind, INDEXES);
  if (consistencyLevel !== undefined) word('consistencyLevel', consistencyLevel, CONSISTENCY_LEVELS);
  if (format !== undefined) word('format', format, FORMATS);
  for (const { maxMbps } of [config.source, config.files].flatMap((end) => (end === undefined ? [] : storesOf(end))))
    if (maxMbps !== undefined && !(maxMbps > 0)) throw refused('maxMbps', maxMbps, 'a number above 0');
  if (config.source.kind === 'elasticsearch') checkElastic(config.source);
  for (const name of ['dynamicField', 'loadCollection', 'fresh', 'checkParts'] as const)
    if (typeof config[name] !== 'boolean') throw refused(name, config[name], 'true or false');
}

function checkElastic({ access, choices, indices, read, encoding, pageRows }: ElasticsearchSource): void {
  whole('source.access.timeoutMs', access.timeoutMs, { max: MAX_TIMEOUT_SECONDS * 1000 });
  if (pageRows !== undefined) whole('source.pageRows', pageRows, { max: MAX_PAGE_ROWS });
  word('source.indices', indices, INDICES);
  word('source.read', read, ES_READ);
  word('source.encoding', encoding, ES_ENCODINGS);
  word('source.choices.dates', choices.dates, DATES);
  word('source.choices.longText', choices.longText, LONG_TEXT);
  word('source.choices.missing', choices.missing, MISSING);
}

/**
 * A job whose target is `process.env.MILVUS`, which nobody set, would read its rows, put them nowhere and be done.
 * @throws MigrateError E_USAGE where the stages have nowhere to put rows, or nothing to take them from
 */
export function checkStages({ target, files, source, fresh }: JobConfig, stages: JobStages): void {
  word('stages', stages, STAGES);
  // To start over is to forget the job, its record and its files: all that there is to compare with.
  if (stages === 'verify' && fresh)
    throw new MigrateError('E_USAGE', 'there is nothing to start over where a job is verified', {
      found: 'fresh',
      wanted: 'to verify without it, or to run with it',
    });
  if (stages !== 'dump' && target === undefined)
    throw new MigrateError('E_USAGE', 'it is not said where the rows go', {
      found: `no target, and the stages ${JSON.stringify(stages)}`,
      wanted: "a target, or the stage 'dump' for files only",
    });
  if (files === undefined && (stages === 'dump' || (stages === 'load' && source.kind !== 'dumped')))
    throw new MigrateError('E_USAGE', `it is not said where the files ${stages === 'dump' ? 'go' : 'are'}`, {
      found: `no files, and the stages ${JSON.stringify(stages)}`,
      wanted: 'files',
    });
}

function whole(name: string, value: unknown, { max }: { readonly max?: number }): void {
  if (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= (max ?? Number.MAX_SAFE_INTEGER)) return;
  throw refused(name, value, `a whole number from 1 ${max === undefined ? 'on' : `to ${max}`}`);
}

function word(name: string, value: unknown, words: readonly string[]): void {
  if (!words.some((known) => known === value)) throw refused(name, value, orList(words));
}

function refused(name: string, value: unknown, wanted: string): MigrateError {
  const found = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new MigrateError('E_USAGE', `${name} does not take this value`, { found, wanted });
}
