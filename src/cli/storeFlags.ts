/** Flags and environment over a job's object stores: where they are, how fast they may be used, what opens them. */
import type { Environment, JobDraft } from '../config/defaults.ts';
import { mapStores, storesOf, type WithStore } from '../config/ends.ts';
import type { JobConfig } from '../config/job.ts';
import { credentialsAround, fromSurroundings } from '../config/storeEnvironment.ts';
import { checkHost } from '../config/storeOptions.ts';
import type { CredentialName, ObjectStoreConfig } from '../core/contracts.ts';
import type { CommandName } from './flags.ts';
import { textFlag, wholeFlag } from './flagValues.ts';
import type { RawArgs } from './rawArgs.ts';
import { usageError } from './usage.ts';

type Ends = Pick<JobDraft, 'source' | 'files' | 'credentials'>;

interface FlagContext {
  readonly command: CommandName;
  readonly raw: RawArgs;
  readonly env: Environment;
}

/**
 * @param draft with the source and the files that will be used
 * @param file as the configuration file had them: its credentials are for the buckets that it names
 * @throws MigrateError E_USAGE where such a flag is given and there is no object store for it
 */
export function withStoreFlags<E extends Ends>(draft: E, file: Ends, { command, raw, env }: FlagContext): E {
  const known = storesIn(draft);
  const maxMbps = maxMbpsFlag(raw) ?? storesIn(file).find((store) => store.maxMbps !== undefined)?.maxMbps;
  if (raw.given.has('max-mbps') && known.length === 0)
    throw usageError(command, '--max-mbps is for object stores, and nothing here is in one');
  const change = (store: ObjectStoreConfig): ObjectStoreConfig => ({ ...withPlace(store, raw), maxMbps });
  for (const name of ['source', 'files'] as const) refuseUnused(name, known, { command, raw });
  const credentials = {
    source: sameBuckets('source', draft, file) ? draft.credentials.source : undefined,
    files: sameBuckets('files', draft, file) ? draft.credentials.files : undefined,
  };
  const source = draft.source && mapStores(draft.source, change);
  const files = draft.files && mapStores(draft.files, change);
  return { ...draft, ...fromSurroundings({ source, files, credentials }, env) };
}

function withPlace(store: ObjectStoreConfig, raw: RawArgs): ObjectStoreConfig {
  const name = store.credentials;
  const endpoint = textFlag(raw, `${name}-endpoint`);
  return {
    ...store,
    endpoint: endpoint === undefined ? store.endpoint : checkHost(endpoint, `--${name}-endpoint`),
    region: textFlag(raw, `${name}-region`) ?? store.region,
  };
}

function refuseUnused(
  name: CredentialName,
  known: readonly ObjectStoreConfig[],
  { command, raw }: Pick<FlagContext, 'command' | 'raw'>,
): void {
  if (known.some((store) => store.credentials === name)) return;
  const given = (['endpoint', 'region'] as const).find((option) => raw.given.has(`${name}-${option}`));
  if (given === undefined) return;
  const [what, wanted] =
    name === 'source'
      ? ['the source is in no object store', 'milvus1x:s3://bucket/prefix or the like']
      : ['the files go to no object store', '--staging s3://bucket/prefix, --out s3://…, or load s3://…'];
  throw usageError(command, `--${name}-${given} is given, but ${what}`, { wanted });
}

/** A key in a file is for the bucket that the file names: another one does not get to see it. */
function sameBuckets(name: CredentialName, now: Ends, file: Ends): boolean {
  const ids = (ends: Ends): string =>
    [
      ...new Set(
        storesIn(ends)
          .filter((store) => store.credentials === name)
          .map(({ scheme, bucket }) => `${scheme}://${bucket}`),
      ),
    ]
      .sort()
      .join(' ');
  return ids(now) === ids(file);
}

function storesIn({ source, files }: Pick<Ends, 'source' | 'files'>): ObjectStoreConfig[] {
  return [source, files].flatMap((end) => (end === undefined ? [] : storesOf(end)));
}

function maxMbpsFlag(raw: RawArgs): number | undefined {
  return wholeFlag(raw, 'max-mbps', { min: 1 });
}

/** What opens a stored job's buckets, given anew: by a file, else by the environment. */
export function credentialsAgain(
  stored: { readonly source?: WithStore | null; readonly files?: WithStore | null },
  file: JobConfig['credentials'] | undefined,
  env: Environment,
): JobConfig['credentials'] {
  const credentials = file ?? { source: undefined, files: undefined };
  return credentialsAround({ source: stored.source ?? undefined, files: stored.files ?? undefined, credentials }, env);
}

/** A stored job with another limit, where one is given. */
export function withMaxMbps<C extends Pick<JobConfig, 'source' | 'files'>>(config: C, raw: RawArgs): C {
  const maxMbps = maxMbpsFlag(raw);
  if (maxMbps === undefined) return config;
  const change = (store: ObjectStoreConfig): ObjectStoreConfig => ({ ...store, maxMbps });
  return {
    ...config,
    source: mapStores(config.source, change),
    files: config.files && mapStores(config.files, change),
  };
}
