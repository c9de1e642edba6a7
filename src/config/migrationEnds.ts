/** Where a `migration.yaml` takes the rows from and where the dumped files go: folders of this host, or buckets. */
import type { StoreCredentials } from '../core/contracts.ts';
import type { JobDraft } from './defaults.ts';
import { leavesFiles } from './ends.ts';
import type { DumpedSource, SourceConfig } from './job.ts';
import { elasticFromYaml } from './migrationElastic.ts';
import { faissFromYaml } from './migrationFaiss.ts';
import { type Reading, workModeOf } from './migrationReading.ts';
import { type RemoteStore, remoteKey, remoteStore } from './migrationRemote.ts';
import { locationIn, type MetaPart, placesOf } from './milvus1xParts.ts';
import { Secret } from './secret.ts';
import { sealCredentials } from './storeCredentials.ts';
import { type Location, localPath, showPlace } from './storeUrl.ts';

type Files = NonNullable<JobDraft['files']>;

export interface Ends extends Pick<JobDraft, 'source' | 'credentials'> {
  readonly files: Files;
}

/** @throws MigrateError E_CONFIG with file, line and key */
export function endsOf(reading: Reading): Ends {
  const target = filesOf(reading);
  const { files } = target;
  const { yaml, options } = reading;
  // A host that only loads needs to know nothing of where the rows came from.
  const dumped = options.command === 'load' && yaml.meta?.mode === undefined && yaml.source === undefined;
  const from = dumped ? { source: dumpedIn(files), credentials: undefined } : sourceOf(reading);
  const credentials = { source: sealCredentials(from.credentials), files: sealCredentials(target.credentials) };
  return { source: from.source, files, credentials };
}

function dumpedIn({ dir, store }: Files): DumpedSource {
  return { kind: 'dumped', dir, oldLayout: true, store };
}

interface From {
  readonly source: SourceConfig;
  readonly credentials: StoreCredentials | undefined;
}

function sourceOf(reading: Reading): From {
  const mode = workModeOf(reading.yaml);
  if (mode === 'faiss') return faissOf(reading);
  if (mode === 'elasticsearch') return { source: elasticFromYaml(reading), credentials: undefined };
  const meta = metaOf(reading);
  const { at, remote } = sourceFile(reading, 'tablesDir', "Milvus 1.x's db/tables folder");
  const places = placesOf({ path: undefined, tables: at, meta: meta.part });
  return {
    source: { kind: 'milvus1x', ...places, skipBadSegments: false, ignoreUnflushed: false },
    credentials: (remote ?? meta.remote)?.credentials,
  };
}

function faissOf(reading: Reading): From {
  const { at, remote } = sourceFile(reading, 'faissFile', 'the index');
  const place = at.kind === 'path' ? { path: at.path, store: undefined } : { path: at.key, store: remote?.store };
  return { source: faissFromYaml(reading.yaml, place, reading.refused), credentials: remote?.credentials };
}

interface SourceFile {
  readonly at: Location;
  /** Where it is in a bucket. */
  readonly remote: RemoteStore | undefined;
}

function sourceFile(reading: Reading, name: 'tablesDir' | 'faissFile', what: string): SourceFile {
  const { yaml, missing } = reading;
  const mode = modeOf(reading, 'source');
  const remote = mode === 'remote' ? remoteStore(yaml.source?.remote, 'source', reading) : undefined;
  const key = `source.${mode}.${name}`;
  const text = yaml.source?.[mode]?.[name];
  if (text === undefined) throw missing(key, remote === undefined ? `the path of ${what}` : `the key of ${what}`);
  if (remote === undefined) return { at: localAt(reading, key, text), remote };
  return { at: locationIn(remote.store, remoteKey(text, key, reading)), remote };
}

function modeOf({ yaml, missing, refused }: Reading, side: 'source' | 'target'): 'local' | 'remote' {
  const key = `${side}.mode`;
  const mode = yaml[side]?.mode?.toLowerCase();
  if (mode === undefined) throw missing(key, 'local or remote');
  if (mode === 'local' || mode === 'remote') return mode;
  throw refused(key, `the ${side} mode is not known`, { wanted: 'local or remote' });
}

function localAt({ options, about }: Reading, key: string, text: string): Location {
  return { kind: 'path', path: about(key, () => localPath(text, options.cwd, key)) };
}

interface Meta {
  readonly part: MetaPart;
  readonly remote: RemoteStore | undefined;
}

const META_MODES = 'local, sqlite, mysql or remote';

function metaOf(reading: Reading): Meta {
  const { yaml, missing, refused } = reading;
  const meta = yaml.meta ?? {};
  const local = (kind: 'json' | 'sqlite', key: string, text: string): Meta => ({
    part: { kind, at: localAt(reading, key, text) },
    remote: undefined,
  });
  switch (meta.mode?.toLowerCase()) {
    case 'local':
    case 'mock': {
      const key = meta.localFile === undefined && meta.mockFile !== undefined ? 'meta.mockFile' : 'meta.localFile';
      const file = meta.localFile ?? meta.mockFile;
      if (file === undefined) throw missing(key, 'the path of a meta.json');
      return local('json', key, file);
    }
    case 'sqlite':
      if (meta.sqliteFile === undefined) throw missing('meta.sqliteFile', "the path of Milvus 1.x's meta.sqlite");
      return local('sqlite', 'meta.sqliteFile', meta.sqliteFile);
    case 'mysql':
      if (meta.mysqlUrl === undefined) throw missing('meta.mysqlUrl', 'user:password@tcp(host:3306)/database');
      return { part: { kind: 'mysql', url: new Secret(meta.mysqlUrl) }, remote: undefined };
    case 'remote':
      return remoteMeta(reading);
    case undefined:
      throw missing('meta.mode', META_MODES);
    default:
      throw refused('meta.mode', 'the meta mode is not one of milvus1x', { wanted: META_MODES });
  }
}

function remoteMeta(reading: Reading): Meta {
  const { yaml, missing } = reading;
  const key = 'meta.remoteMetaFile';
  const file = yaml.meta?.remoteMetaFile;
  if (file === undefined) throw missing(key, 'the key of a meta.json in the bucket of source.remote');
  const remote = remoteStore(yaml.source?.remote, 'source', reading);
  return { part: { kind: 'json', at: locationIn(remote.store, remoteKey(file, key, reading)) }, remote };
}

interface To {
  readonly files: Files;
  readonly credentials: StoreCredentials | undefined;
}

/** The old tool's `start` cleaned its files; `dump` and `load` left them. */
function filesOf(reading: Reading): To {
  const { yaml, options, missing } = reading;
  const keep = leavesFiles(options.command);
  const mode = modeOf(reading, 'target');
  const key = `target.${mode}.outputDir`;
  const text = yaml.target?.[mode]?.outputDir;
  if (mode === 'local') {
    if (text === undefined) throw missing(key, 'the folder for the dumped files');
    const dir = reading.about(key, () => localPath(text, options.cwd, key));
    return { files: { dir, store: undefined, seenAs: dir, oldLayout: true, keep }, credentials: undefined };
  }
  const { store, credentials } = remoteStore(yaml.target?.remote, 'target', reading);
  // Without one the old tool wrote to the top of the bucket.
  const root = text === undefined ? '' : remoteKey(text, key, reading);
  const dir = showPlace({ ...store, key: root });
  return { files: { dir, store: { ...store, root }, seenAs: root, oldLayout: true, keep }, credentials };
}
