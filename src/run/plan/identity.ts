/** What makes two runs the same job, and what tells that a source is not what it was. */
import { createHash, randomBytes } from 'node:crypto';
import type { JobConfig } from '../../config/job.ts';
import type { Dataset, Json } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';

/**
 * Hash of what a job moves: source, selection, target, names and merges. Not threads, part size, staging folder or the
 * command's word: those say how.
 */
export function jobKey(config: JobConfig, sourceLocator: string): string {
  const { target, files, collections, merge, onDuplicate, targetName, idField, vectorField, dynamicField, mode } =
    config;
  const identity: Json = {
    source: sourceLocator,
    ...sourceChoices(config),
    ...rowChoices(config),
    collections: collections === undefined ? null : [...new Set(collections)].sort(),
    merge: merge.map(({ inputs, into }) => ({ inputs: [...inputs], into })),
    onDuplicate: merge.length === 0 ? null : onDuplicate,
    targetName: targetName ?? null,
    target: targetIdentity(config),
    names: [idField, vectorField, dynamicField],
    mode: target === undefined ? null : mode,
    // Without a target the files are what the job makes.
    files: target === undefined ? filesIdentity(files) : null,
  };
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
}

/** What a user chose to have of the source: other vectors, or under another metric, are another job. */
function sourceChoices({ source }: JobConfig): { readonly [key: string]: Json } {
  switch (source.kind) {
    case 'faiss': {
      const { collection, metric, keepTransformed, allowSketch } = source;
      return { faiss: [collection ?? null, metric ?? null, keepTransformed, allowSketch] };
    }
    case 'elasticsearch': {
      const { index, indices, fields, dynamicField, choices, read } = source;
      const { dates, longText, missing, metric } = choices;
      // Its parts are cut otherwise when it is read otherwise: a job that began by the one way can't go on by the other.
      const how = [dynamicField, dates, longText, missing, metric ?? null, read];
      return { elasticsearch: [index, indices, plain(fields ?? null), ...how] };
    }
    case 'plugin':
      return { plugin: [source.module, source.where ?? null, plain(source.options)] };
    default:
      return {};
  }
}

/** What is done to rows, and what the files are: only where somebody said it, as jobs of older versions have it. */
function rowChoices({ transforms, format }: JobConfig): { readonly [key: string]: Json } {
  return {
    ...(transforms.length === 0 ? {} : { transforms: plain(transforms) }),
    ...(format === undefined ? {} : { format }),
  };
}

/** The same JSON however its objects were put together: keys sorted, without those that are undefined. */
function plain(value: unknown): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value as Json;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, plain(inner)] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function targetIdentity({ target }: JobConfig): Json {
  if (target === undefined) return null;
  return [target.endpoint.replace(/^\w+:\/\//, '').replace(/\/+$/, ''), target.database ?? 'default'];
}

/** Buckets of one name may lie behind several endpoints. */
function filesIdentity(files: JobConfig['files']): Json {
  if (files === undefined) return null;
  return files.store?.endpoint === undefined ? files.dir : [files.dir, files.store.endpoint];
}

/** A job's name in paths and on the command line: random, so that two jobs never share a path. */
export function newJobId(): string {
  return randomBytes(4).toString('hex');
}

export type Fingerprint = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function fingerprintOf(datasets: readonly Dataset[]): Fingerprint {
  return Object.fromEntries(datasets.map(({ name, fingerprint }) => [name, fingerprint]));
}

const NAMED_CHANGES = 5;

/** Throws E_SOURCE_CHANGED, naming the first changes, where the source is not what the plan was made from. */
export function refuseChangedSource(then: Fingerprint, now: Fingerprint): void {
  const changes = [...differences(then, now)];
  if (changes.length === 0) return;
  const more = changes.length - NAMED_CHANGES;
  throw new MigrateError('E_SOURCE_CHANGED', 'the source is not what it was when this job was planned', {
    found: changes.slice(0, NAMED_CHANGES).join('; ') + (more > 0 ? `; and ${more} more` : ''),
    wanted: 'the same collections, segments and deleted rows, by the same code',
    hint: 'start over with --fresh, or put the source back as it was',
  });
}

function* differences(then: Fingerprint, now: Fingerprint): Generator<string> {
  for (const name of new Set([...Object.keys(then), ...Object.keys(now)])) {
    const [before, after] = [then[name], now[name]];
    if (before === undefined) yield `collection ${name} is new`;
    else if (after === undefined) yield `collection ${name} is gone`;
    else
      for (const thing of new Set([...Object.keys(before), ...Object.keys(after)])) {
        if (before[thing] === after[thing]) continue;
        const how = before[thing] === undefined ? 'is new' : after[thing] === undefined ? 'is gone' : 'changed';
        yield `${name}: ${thing} ${how}`;
      }
  }
}
