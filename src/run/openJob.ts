/** Finds the job that a configuration means, or plans a new one; and holds it against other processes. */
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeState } from '../checkpoints/index.ts';
import type { JobConfig, JobStages } from '../config/job.ts';
import type { Checkpoint, JobLock, JobRecord } from '../core/checkpoint.ts';
import type { Json, Note, PlannedDataset, ReaderConfig, Source, Target } from '../core/contracts.ts';
import { MigrateError, toMigrateError } from '../core/errors.ts';
import { keepsFiles } from '../core/jobState.ts';
import { stopPausesWith } from '../core/pause.ts';
import type { JobPlan } from '../core/plan.ts';
import { letGo, openSource } from '../sources/index.ts';
import { loadedRows, rowsInDoubt } from './buildReport.ts';
import { hasManifest, readManifests, refuseSecondDump } from './dump/manifest.ts';
import { scratchName } from './load/prepare.ts';
import { type FilesConfig, filesStore, preflightName } from './places/layout.ts';
import { storeOpener } from './places/openStores.ts';
import { leaveFiles, removeJobFiles } from './places/removeFiles.ts';
import { asItIs, mayOpen } from './places/uploads.ts';
import { adopt } from './plan/adopt.ts';
import { buildPlan } from './plan/buildPlan.ts';
import { check } from './plan/checks.ts';
import { refuseFilesInSource } from './plan/filesApart.ts';
import { fingerprintOf, jobKey, newJobId, refuseChangedSource } from './plan/identity.ts';
import type { AsPlanned, Origin } from './plan/origin.ts';
import { OWN_CODE, ownCode } from './plan/ownCode.ts';
import { refuseGivenNames } from './shared/names.ts';

export interface OpenedJob {
  readonly record: JobRecord;
  /** The source's reader, or that of the dumped files. */
  readonly reader: ReaderConfig;
  /** One line for people. */
  readonly title: string;
  readonly notes: readonly Note[];
  readonly resumed: boolean;
  readonly lock: JobLock;
}

export interface Opening {
  readonly config: JobConfig;
  readonly stages: JobStages;
  readonly checkpoint: Checkpoint;
  readonly target: Target | undefined;
  /** Ends the wait for a source that is away. */
  readonly signal: AbortSignal | undefined;
}

export async function openJob({ config, stages, checkpoint, target, signal }: Opening): Promise<OpenedJob> {
  await using origin = await stopPausesWith(signal, () => openOrigin(config, stages));
  const key = jobKey(config, origin.locator);
  const lock = await checkpoint.lock(key);
  const left: Note[] = [];
  try {
    const found = await checkpoint.find(key);
    if (stages === 'dump' && found !== undefined) await refuseOtherDump(config, found.collections, found.id);
    let plan: JobPlan | undefined;
    if (found !== undefined && config.fresh) {
      plan = await planned({ config, target, origin, signal }, ({ code }) => code === 'E_NO_SPACE');
      if (target !== undefined) left.push(...(await rowsThatStay(checkpoint, target, { config, id: found.id })));
      // A job whose snapshots are gone can still be gone on with; one whose collection is dropped can not.
      const partitions = (await checkpoint.partitions(found.id)).map(({ planned }) => planned.partition);
      await letGo(config.source, partitions);
      if (target !== undefined) await dropScratch(checkpoint, target, found.id);
      left.push(...(await startOver(checkpoint, config, found)));
    }
    const known = config.fresh ? undefined : found;
    const { title, reader, notes } = origin;
    if (known !== undefined)
      return {
        record: known,
        ...(await stopPausesWith(signal, () => takeUp(origin, known, config))),
        title,
        resumed: true,
        lock,
      };
    if (stages === 'verify') throw noJob(config);
    const record = await createJob({ config, stages, checkpoint, target, origin, key, signal }, plan);
    return { record, reader, title, notes: [...left, ...notes], resumed: false, lock };
  } catch (thrown) {
    await lock[Symbol.asyncDispose]();
    throw withNotes(thrown, left);
  }
}

/** What the job that was started over left behind is heard of now or never: its record is gone. */
function withNotes(thrown: unknown, left: readonly Note[]): unknown {
  if (left.length === 0) return thrown;
  const error = toMigrateError(thrown);
  const { at, found, wanted, retry, cause = error } = error;
  const hint = [error.hint, ...left.map(({ text }) => text)].filter((text) => text !== undefined).join('; ');
  return new MigrateError(error.code, error.message, { at, found, wanted, hint, retry, cause });
}

/** Where rows are added to collections, those that the job loaded before it is started over stay, and come again. */
async function rowsThatStay(
  checkpoint: Checkpoint,
  target: Target,
  { config, id }: { config: JobConfig; id: string },
): Promise<Note[]> {
  // Without the word for it rows are added to empty collections alone.
  if (config.mode !== 'append' || !config.modeGiven) return [];
  const records = await checkpoint.partitions(id);
  const notes: Note[] = [];
  for (const [name, { loadInto, id: collection }] of await checkpoint.collections(id)) {
    const own = records.filter(({ planned }) => planned.collection === name);
    const rows = own.reduce((sum, { load }) => sum + loadedRows(load), 0);
    const doubtful = own.reduce((sum, record) => sum + rowsInDoubt(record), 0);
    if (rows + doubtful === 0 || (await target.describe(loadInto))?.id !== collection) continue;
    const more = doubtful === 0 ? '' : `, and up to ${doubtful} more whose load was under way`;
    const text = `${loadInto} keeps the ${rows} rows that this job loaded before it was started over${more}: they will be there twice, unless you delete them`;
    notes.push({ kind: 'warning', text });
  }
  return notes;
}

/** Before anything is forgotten or written. @param job the one that is known already */
async function refuseOtherDump(config: JobConfig, planned: JobPlan['collections'], job?: string): Promise<void> {
  if (config.files === undefined) return;
  await using store = await storeOpener(config)(filesStore(config.files));
  const names = planned.map(({ target }) => target);
  await refuseSecondDump(store, names, job);
}

/** The origin as the job planned it. Throws E_SOURCE_CHANGED where it is not that any more. */
async function takeUp(origin: Origin, known: JobRecord, config: JobConfig): Promise<Pick<Origin, 'reader' | 'notes'>> {
  // Records of older versions say nothing of code.
  const code = known.fingerprint[OWN_CODE] === undefined ? {} : ownCode(config, origin.reader);
  if (origin.asPlanned === undefined) {
    refuseChangedSource(known.fingerprint, { ...(await origin.fingerprint()), ...code });
    return { reader: origin.reader, notes: origin.notes };
  }
  const { reader, notes, fingerprint } = await origin.asPlanned(known);
  refuseChangedSource(known.fingerprint, { ...fingerprint, ...code });
  return { reader, notes };
}

function noJob(config: JobConfig): MigrateError {
  return new MigrateError('E_UNKNOWN_JOB', 'no job has moved this, so there is nothing to verify', {
    at: { file: describeState(config) },
    hint: 'run it first; `milvus-migrate jobs` lists the jobs that are recorded there',
  });
}

/** The source; or, for `load` where it is not at hand (or has no job here), the folder that was dumped from it. */
export async function openOrigin(config: JobConfig, stages: JobStages): Promise<Origin> {
  refuseGivenNames(config);
  if (config.source.kind === 'dumped') return adoptFiles(config, filesOf(config));
  if (stages === 'dump') return originOf(config, stages);
  try {
    return await originOf(config, stages);
  } catch (thrown) {
    const gone =
      thrown instanceof MigrateError && (thrown.code === 'E_SOURCE_NOT_FOUND' || thrown.code === 'E_SOURCE_ACCESS');
    if (!gone || config.files === undefined || !(await isDumped(config, config.files))) throw thrown;
    return adoptFiles(config, config.files);
  }
}

async function adoptFiles(config: JobConfig, files: FilesConfig): Promise<Origin> {
  await using store = await storeOpener(config)(filesStore(files));
  return adopt(await readManifests(store), config);
}

async function isDumped(config: JobConfig, files: FilesConfig): Promise<boolean> {
  await using store = await storeOpener(config)(filesStore(files));
  // Awaited here: the store is closed when this returns.
  return await hasManifest(store);
}

function filesOf(config: JobConfig): NonNullable<JobConfig['files']> {
  if (config.files === undefined) throw new TypeError('a dumped source without its folder');
  return config.files;
}

async function originOf(config: JobConfig, stages: JobStages): Promise<Origin> {
  const source = await openSource(config.source, {
    collections: config.collections,
    stateDir: config.stateDir,
    openStore: storeOpener(config),
  });
  try {
    refuseFilesInSource(config.files, source.folders ?? []);
    let found: ReturnType<Source['datasets']> | undefined;
    const datasets = (): ReturnType<Source['datasets']> => {
      found ??= source.datasets();
      return found;
    };
    // What a job knows of its source counts for more than what the source is now. Whether it can be had at all, `load` asks.
    if (source.asPlanned === undefined || stages === 'load') await datasets();
    const { locator, title, reader, notes } = source;
    return {
      ...{ locator, title, reader, notes, parts: [] },
      fingerprint: async () => fingerprintOf(await datasets()),
      plan: async (facts) => buildPlan(config, source, { datasets: await datasets(), facts }),
      adopted: () => source.adopted(),
      ...(source.asPlanned === undefined ? {} : { asPlanned: (known) => sourceAsPlanned(source, known) }),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    };
  } catch (thrown) {
    await source[Symbol.asyncDispose]();
    throw thrown;
  }
}

async function sourceAsPlanned(source: Source, { collections, fingerprint }: JobRecord): Promise<AsPlanned> {
  const planned = new Map<string, PlannedDataset>();
  for (const { datasets, schema, sourceSchema = schema } of collections)
    for (const name of datasets) planned.set(name, { schema: sourceSchema, fingerprint: fingerprint[name] ?? {} });
  const { reader, notes, fingerprints } = await source.asPlanned!(planned);
  return { reader, notes, fingerprint: fingerprints };
}

interface Creating {
  readonly config: JobConfig;
  readonly stages: JobStages;
  readonly checkpoint: Checkpoint;
  readonly target: Target | undefined;
  readonly origin: Origin;
  readonly key: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * The plan, where nothing stands in its way. For a job that starts over, before the earlier one is forgotten: it could not
 * be gone on with any more.
 * @param passes what may be cured by then: an earlier job's files take space
 */
async function planned(
  { config, target, origin, signal }: Pick<Creating, 'config' | 'target' | 'origin' | 'signal'>,
  passes?: (obstacle: MigrateError) => boolean,
): Promise<JobPlan> {
  const facts = await target?.facts();
  const plan = await stopPausesWith(signal, () => origin.plan(facts));
  await refuseObstacles({ config, target, origin }, plan, passes);
  return plan;
}

async function refuseObstacles(
  { config, target, origin }: Pick<Creating, 'config' | 'target' | 'origin'>,
  plan: JobPlan,
  passes: (obstacle: MigrateError) => boolean = () => false,
): Promise<void> {
  const written = origin.parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const { obstacles } = await check({ config, plan, openStore: storeOpener(config), target, written, mayFlush: true });
  const obstacle = obstacles.find((one) => !passes(one));
  if (obstacle !== undefined) throw obstacle;
}

/** @param checked the plan of a job that starts over: what it was held against may be another since the earlier one is gone */
async function createJob(creating: Creating, checked?: JobPlan): Promise<JobRecord> {
  const { config, stages, checkpoint, origin, key } = creating;
  const plan = checked ?? (await planned(creating));
  if (checked !== undefined) await refuseObstacles(creating, checked);
  if (stages === 'dump') await refuseOtherDump(config, plan.collections);
  const record = await checkpoint.create({
    id: newJobId(),
    key,
    source: origin.locator,
    target: config.target?.endpoint ?? config.files?.dir ?? '',
    // With the command's word, for `jobs resume`: it goes no further than the user did.
    config: JSON.parse(JSON.stringify({ ...config, stages })) as Json,
    fingerprint: { ...(await origin.fingerprint()), ...ownCode(config, origin.reader) },
    collections: plan.collections,
    partitions: plan.partitions,
  });
  origin.adopted();
  for (const part of origin.parts) await checkpoint.recordPart(record.id, part);
  return record;
}

/**
 * Forgets the job, and removes what it left: its own files and its unfinished or intermediate parts.
 * @param remove what goes of its files
 * @returns what stays that should not, in words
 */
export async function forgetJob(
  checkpoint: Checkpoint,
  config: JobConfig,
  id: string,
  remove: typeof removeJobFiles = removeJobFiles,
): Promise<readonly string[]> {
  const left = config.files === undefined ? [] : await removeFrom(config.files, { checkpoint, config, id, remove });
  await checkpoint.forget(id);
  rmSync(join(config.stateDir, 'jobs', id), { recursive: true, force: true });
  return left;
}

interface Removing {
  readonly checkpoint: Checkpoint;
  readonly config: JobConfig;
  readonly id: string;
  readonly remove: typeof removeJobFiles;
}

async function removeFrom(
  files: FilesConfig,
  { checkpoint, config, id, remove }: Removing,
): Promise<readonly string[]> {
  const [open, where] = [storeOpener(config), filesStore(files)];
  await using store = await open(asItIs(where));
  return (await remove(checkpoint, { store, config: where, open }, id)).left;
}

/**
 * Starting over: what the job left goes, also where it had its files at another place than the one that it gets now. Those
 * that were to be kept there stay; what can not be removed there is said.
 */
async function startOver(checkpoint: Checkpoint, config: JobConfig, found: JobRecord): Promise<readonly Note[]> {
  const before = (found.config as unknown as Partial<JobConfig>).files;
  const said: string[] = [];
  if (before !== undefined && !isSamePlace(before, config.files)) {
    const remove = keepsFiles(found.config) ? leaveFiles : removeJobFiles;
    const stays = (why: string): void =>
      void said.push(`what an earlier run left in ${before.dir} stays there, for it can not be removed (${why})`);
    const here = config.files === undefined ? NOWHERE : filesStore(config.files);
    if (!mayOpen(filesStore(before), here)) stays('the credentials of this run are for another service');
    else
      try {
        said.push(...(await removeFrom(before, { checkpoint, config, id: found.id, remove })));
      } catch (thrown) {
        // What opens the new place may not open that one.
        if (!(thrown instanceof MigrateError)) throw thrown;
        stays(thrown.message);
      }
  }
  said.push(...(await forgetJob(checkpoint, config, found.id)));
  return [...new Set(said)].map((text) => ({ kind: 'warning', text }));
}

/** A run that streams has credentials for no store. */
const NOWHERE = { scheme: 'file', root: '' } as const;

export function isSamePlace(one: FilesConfig, other: FilesConfig | undefined): boolean {
  if (other === undefined) return false;
  const placeOf = ({ dir, store, oldLayout }: FilesConfig): string =>
    JSON.stringify([
      store === undefined ? resolve(dir) : [store.scheme, store.bucket, store.root, store.endpoint ?? ''],
      oldLayout,
    ]);
  return placeOf(one) === placeOf(other);
}

/**
 * What a run left that died in its preflight, or before `--mode overwrite` swapped in what it had loaded. The collections
 * that were to be replaced stay, whatever their name.
 */
async function dropScratch(checkpoint: Checkpoint, target: Target, id: string): Promise<void> {
  const scratch = [...(await checkpoint.collections(id))]
    .filter(([name, { loadInto }]) => loadInto === scratchName(name, id))
    .map(([, { loadInto }]) => loadInto);
  for (const name of [...scratch, preflightName(id)]) {
    const left = await target.describe(name);
    if (left !== undefined) await target.drop(name, left.id);
  }
}
