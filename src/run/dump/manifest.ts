/** What a dumped folder holds, written beside its tables: another host loads and verifies it without the source. */
import type { Json, Part, Store } from '../../core/contracts.ts';
import { MigrateError, messageOf } from '../../core/errors.ts';
import type { PlannedCollection, PlannedPartition } from '../../core/plan.ts';
import { manifestFile, PARTS_FOLDER } from '../places/layout.ts';
import type { Ledger } from '../shared/ledger.ts';

const FORMAT = 'milvus-migrate dump 1';

export interface Manifest {
  readonly format: typeof FORMAT;
  readonly job: string;
  readonly source: string;
  readonly writtenAt: string;
  readonly collections: readonly PlannedCollection[];
  readonly partitions: readonly { readonly planned: PlannedPartition; readonly part: Part }[];
}

/** Written when all parts are there. */
export async function writeManifest(
  store: Store,
  ledger: Ledger,
  { source, collections }: { source: string; collections: readonly PlannedCollection[] },
): Promise<void> {
  // What changed later is in no file.
  const partitions = ledger
    .partitions()
    .flatMap(({ planned, part }) => (part === undefined || planned.upsert === true ? [] : [{ planned, part }]));
  // A collection that was left alone (`--mode skip`) has no parts here: it must not pass for an empty one.
  const whole = (collection: PlannedCollection): boolean =>
    partitions.filter(({ planned }) => planned.collection === collection.target).length === collection.parts;
  const manifest: Manifest = {
    format: FORMAT,
    job: ledger.jobId,
    source,
    writtenAt: new Date().toISOString(),
    collections: collections.filter(whole),
    partitions,
  };
  await store.put(manifestFile(ledger.jobId), Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`));
}

/** All manifests of a folder as one. */
export interface DumpedFolder extends Manifest {
  /** Collections of which there are files, and which no manifest has: a dump that was not finished, or has lost its own. */
  readonly unfinished: readonly string[];
}

/**
 * Reads all manifests of a folder as one.
 * @throws E_DUMP_FOLDER where there is none, or two dumps hold the same collection
 */
export async function readManifests(store: Store): Promise<DumpedFolder> {
  const root = store.describe('');
  const manifests: Manifest[] = [];
  const paths = (await collect(pathsIn(store))).sort();
  for (const name of paths.filter(isManifest)) manifests.push(await readManifest(store, name));
  const [first] = manifests;
  if (first === undefined)
    throw new MigrateError('E_DUMP_FOLDER', 'the folder holds no finished dump', {
      at: { file: root },
      wanted: 'a manifest-….json beside the tables folder',
      hint: 'name the folder that `milvus-migrate dump … --out` wrote, or finish the dump first',
    });
  const owner = new Map<string, string>();
  for (const { job, collections } of manifests)
    for (const { target } of collections) {
      const other = owner.get(target);
      if (other !== undefined)
        throw new MigrateError('E_DUMP_FOLDER', 'two dumps in this folder hold the same collection', {
          at: { file: root, collection: target },
          found: `${manifestFile(other)} and ${manifestFile(job)}`,
          hint: 'remove the manifest (and the parts) of the one that is not to be loaded',
        });
      owner.set(target, job);
    }
  return {
    ...first,
    unfinished: collectionsIn(paths).filter((target) => !owner.has(target)),
    job: manifests.map(({ job }) => job).join('+'),
    collections: manifests.flatMap(({ collections }) => collections),
    partitions: toldApart(manifests).map(({ planned, part }, ordinal) => ({ planned: { ...planned, ordinal }, part })),
  };
}

/** Two dumps of the same tables, under other names, have partitions of the same ids: the later one's get its job's name too. */
function toldApart(manifests: readonly Manifest[]): Manifest['partitions'] {
  const taken = new Set<string>();
  return manifests.flatMap(({ job, partitions }) =>
    partitions.map(({ planned, part }) => {
      const { partition } = planned;
      const id = taken.has(partition.id) ? `${partition.id}-${job}` : partition.id;
      taken.add(id);
      return { planned: { ...planned, partition: { ...partition, id } }, part: { ...part, partition: id } };
    }),
  );
}

/**
 * Two dumps of one collection could not be loaded from one folder: said before the second is made. Error: E_DUMP_FOLDER.
 * @param job the one that is to be dumped, if it is there already: its own manifest is written anew
 */
export async function refuseSecondDump(store: Store, targets: readonly string[], job?: string): Promise<void> {
  for (const name of await collect(listManifests(store))) {
    if (job !== undefined && name === manifestFile(job)) continue;
    const { collections } = await readManifest(store, name);
    const twice = collections.find(({ target }) => targets.includes(target));
    if (twice === undefined) continue;
    throw new MigrateError('E_DUMP_FOLDER', 'the folder holds a dump of this collection already', {
      at: { file: store.describe(''), collection: twice.target },
      found: name,
      wanted: 'one dump of a collection in a folder: they could not be told apart when it is loaded',
      hint: 'name another folder with --out, or remove the manifest (and the parts) of the one that is not wanted',
    });
  }
}

/** A folder that is not there holds none. */
export async function hasManifest(store: Store): Promise<boolean> {
  for await (const path of pathsIn(store)) if (isManifest(path)) return true;
  return false;
}

/** Whether a file beside the tables is one, by its name. */
export function isManifest(path: string): boolean {
  return /^manifest-[0-9a-f]+\.json$/.test(path);
}

/** Those that parts lie below, whole ones: what is being written is hidden. */
function collectionsIn(paths: readonly string[]): string[] {
  const part = new RegExp(`^${PARTS_FOLDER}/([^/]+)/[^/.][^/]*/[^/.][^/]*\\.a\\d+/[^/]+$`);
  return [...new Set(paths.flatMap((path) => part.exec(path)?.[1] ?? []))];
}

async function* listManifests(store: Store): AsyncGenerator<string> {
  for await (const { path } of store.list('')) if (isManifest(path)) yield path;
}

async function* pathsIn(store: Store): AsyncGenerator<string> {
  try {
    for await (const { path } of store.list('')) yield path;
  } catch (cause) {
    const known = cause instanceof MigrateError ? cause : undefined;
    throw new MigrateError('E_DUMP_FOLDER', 'could not read the dumped folder', {
      at: { file: store.describe('') },
      found: known?.found ?? messageOf(cause),
      ...(known?.hint === undefined ? {} : { hint: known.hint }),
      cause,
    });
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function readText(store: Store, path: string): Promise<string> {
  const file = await store.openFile(path);
  if (file === undefined) throw new Error('it was removed while it was read');
  try {
    const bytes = new Uint8Array(file.size);
    await file.readInto(bytes, 0);
    return new TextDecoder().decode(bytes);
  } finally {
    await file.close();
  }
}

async function readManifest(store: Store, path: string): Promise<Manifest> {
  const file = store.describe(path);
  const bad = (found: string): MigrateError =>
    new MigrateError('E_DUMP_FOLDER', 'not a manifest that this tool wrote', {
      at: { file },
      found,
      wanted: FORMAT,
      hint: 'dump again, or load with the version of this tool that wrote it',
    });
  let value: Json;
  try {
    value = JSON.parse(await readText(store, path)) as Json;
  } catch (thrown) {
    throw bad(messageOf(thrown));
  }
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== FORMAT)
    throw bad('another format');
  const manifest = value as unknown as Manifest;
  if (!Array.isArray(manifest.collections) || !Array.isArray(manifest.partitions)) throw bad('lists are missing');
  for (const { target, parts } of manifest.collections) {
    const found = manifest.partitions.filter(({ planned }) => planned.collection === target).length;
    if (found !== parts) throw bad(`${found} of ${parts} parts of ${target}`);
  }
  return manifest;
}
