/** The order of the stages: prepare → dump ∥ load → index → verify → swap → clean up. Those before are in `runFiles.ts`. */
import type { JobStages } from '../config/job.ts';
import type { CollectionRecord } from '../core/checkpoint.ts';
import type { RecordUpload, Upload } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import { reportCollection } from './buildReport.ts';
import { dumpStage } from './dump/dumpStage.ts';
import { type Difference, heldRows, moveAgain, whatToDo } from './dump/moveAgain.ts';
import { findChanges, mayLackRows, upsertChanges } from './lateChanges.ts';
import { type FinishContext, indexAndLoad, swapIn } from './load/finishCollection.ts';
import { type Loadable, settleLoads, startLoading } from './load/loadStage.ts';
import { checkStaging, dropPreflight } from './load/preflight.ts';
import { prepareCollection, recheckCollection } from './load/prepare.ts';
import { refuseUnfinished } from './load/unfinished.ts';
import { manifestFile } from './places/layout.ts';
import { partFolders } from './places/partFolders.ts';
import { sideBySide } from './places/sideBySide.ts';
import { announce } from './progress/events.ts';
import { keepManifest, letGoOfSource, lookAtIds, type Running } from './runFiles.ts';
import { plannedOf } from './shared/plannedSchemas.ts';
import { forEachConcurrently } from './threads/concurrently.ts';
import { AFTER_LOAD_MS, AT_REST_MS, type VerifyContext, verifyCollection } from './verify/verify.ts';

export async function runTarget(context: TargetRun, stages: JobStages): Promise<void> {
  if (stages === 'verify') return verifyStage(context, await knownCollections(context));
  const loadable = await prepareAll(context);
  await preflight(context, loadable);
  await settleLoads(context, loadable);
  await dumpAndLoad(context, loadable);
  const complete = await withhold(context, loadable);
  await findChanges(context, (collection) => complete.has(collection));
  await keepWhole(context);
  await indexAndVerify(context, complete);
  for (const [name, record] of complete)
    await swapIn(context, plannedOf(context, name), context.ledger.collection(name) ?? record);
  await cleanUp(context, complete, loadable);
  // Everything is read and proven.
  await letGoOfSource(context);
}

type TargetRun = Running & FinishContext;

async function prepareAll(run: TargetRun): Promise<Loadable> {
  const loadable = new Map<string, CollectionRecord>();
  const left = new Map<string, CollectionRecord>();
  await run.target.createDatabaseIfAbsent();
  for (const planned of run.collections) {
    const record = await prepareCollection(run, run.target, planned);
    (record.phase === 'left' ? left : loadable).set(planned.target, record);
  }
  await refuseUnfinished(run, left);
  for (const name of left.keys()) run.warn(`${name} is there already and is left as it is (--mode skip)`);
  return loadable;
}

async function knownCollections(run: TargetRun): Promise<Loadable> {
  const known = new Map<string, CollectionRecord>();
  const missing: string[] = [];
  for (const planned of run.collections) {
    const record = run.ledger.collection(planned.target);
    if (record !== undefined && record.phase !== 'left' && record.phase !== 'creating')
      known.set(planned.target, await recheckCollection(run, run.target, { planned, known: record }));
    else if (record?.phase !== 'left' && reportCollection(run.ledger, planned).nonFinite === 0)
      missing.push(planned.target);
  }
  if (missing.length > 0)
    throw new MigrateError('E_VERIFY', 'not all collections of this job were loaded yet', {
      found: `nothing of ${missing.join(', ')}`,
      hint: 'load them first: run the same command with run, start or load',
    });
  return known;
}

async function preflight(run: TargetRun, loadable: Loadable): Promise<void> {
  const { config, files, jobId, signal, target } = run;
  const begun = run.ledger.partitions().some(({ load }) => load !== undefined);
  const planned = run.collections.find((one) => loadable.has(one.target));
  // A run before this one may have been to insert in bulk.
  if (run.route === 'stream' && !begun) await dropPreflight(target, jobId);
  if (run.route !== 'import' || begun || planned === undefined) return;
  if (config.files === undefined || files === undefined) return;
  const { store, journal } = files;
  const uploads: Upload[] = [];
  const record: RecordUpload = async (upload) => {
    await journal.record(upload);
    uploads.push(upload);
  };
  const dumped = run.reader.kind === 'dumped';
  await checkStaging({ jobId, files: config.files, store, record, target, planned, dumped, signal });
  await journal.drop(uploads);
}

async function dumpAndLoad(run: TargetRun, loadable: Loadable): Promise<void> {
  const loading = startLoading(run, loadable);
  try {
    await dumpStage(run, loading.ready, (collection) => loadable.has(collection));
    if (run.files !== undefined && run.route === 'import')
      await keepManifest(run, (collection) => !mayLackRows(run, collection));
    await lookAtIds(run);
    await loading.finish();
  } catch (thrown) {
    run.fail(thrown);
    await loading.stop();
    throw thrown;
  }
}

/** Files that were read without a snapshot can be loaded elsewhere only where nothing had changed. */
async function keepWhole(run: TargetRun): Promise<void> {
  if (run.config.files?.keep !== true || run.route !== 'import' || run.reader.kind === 'dumped') return;
  const inDoubt = run.collections.map(({ target }) => target).filter((name) => mayLackRows(run, name));
  if (inDoubt.length === 0) return;
  const lacking = inDoubt.filter((name) => run.ledger.of(name).some(({ planned }) => planned.upsert === true));
  await keepManifest(run, (collection) => !lacking.includes(collection));
  for (const name of lacking)
    run.warn(
      `${name}: the files that are kept lack what was changed in the source, or may, and can not be loaded elsewhere`,
    );
}

/** Collections with rows that Milvus would refuse are not loaded at all: the empty ones that were made go again. */
async function withhold(run: TargetRun, loadable: Loadable): Promise<Loadable> {
  const complete = new Map(loadable);
  for (const [name, record] of loadable) {
    const report = reportCollection(run.ledger, plannedOf(run, name));
    if (report.nonFinite === 0) continue;
    complete.delete(name);
    if (run.ledger.of(name).some(({ load }) => load !== undefined))
      throw new MigrateError('E_USAGE', 'a part of the collection was loaded by a run with --reject-file', {
        at: { collection: name },
        found: `${report.nonFinite} rows that Milvus would refuse, and no --reject-file`,
        hint: `run again with --reject-file, or ${moveAgain(record)}`,
      });
    const [first] = report.firstNonFinite;
    run.warn(
      `${name} is not loaded: ${report.nonFinite} of its rows ${first?.reason === undefined ? 'hold NaN or infinity, which Milvus 2.x refuses' : 'can not be rows of the collection'} ` +
        `(first: id ${first?.key} in ${first?.reason === undefined ? 'segment ' : ''}${first?.segment}${first?.reason === undefined ? '' : `: ${first.reason}`}); ` +
        `with --reject-file FILE they are put there and the rest is loaded`,
    );
    // An earlier verification of it says nothing about a collection that is withheld.
    const withheld: CollectionRecord = { ...record, report: undefined };
    await run.ledger.recordCollection(name, record.created ? { ...withheld, phase: 'creating', id: '' } : withheld);
    if (!record.created) continue;
    await run.target.drop(record.loadInto, record.id);
  }
  return complete;
}

/** Collections side by side: most of the time is Milvus's own waiting for its ticks. */
async function indexAndVerify(run: TargetRun, complete: Loadable): Promise<void> {
  const units = (count: number) => ({ units: count, rows: 0, bytes: 0 });
  run.meter.start('index', units(complete.size), units(0));
  const verifying = { ...run, countSettlesMs: AFTER_LOAD_MS };
  const failures = startVerifying(verifying, complete);
  const underWay = new Set<string>();
  await forEachConcurrently(complete, run.config.loadTasks, async ([name, record]) => {
    const started = performance.now();
    run.meter.detail('index', namesInWords(underWay.add(name)));
    await indexAndLoad(run, plannedOf(run, name), record);
    await upsertChanges(verifying, plannedOf(run, name), record);
    await run.ledger.addTime(name, 'index', Math.round(performance.now() - started));
    underWay.delete(name);
    run.meter.detail('index', namesInWords(underWay));
    run.meter.add('index', units(1));
    await failures.verify(name);
  });
  run.meter.finish('index');
  failures.end();
}

/** As many as a line of a terminal has room for. */
function namesInWords(names: ReadonlySet<string>): string {
  const [first = '', second, ...more] = names;
  if (second === undefined) return first;
  return more.length === 0 ? `${first}, ${second}` : `${first}, ${second} and ${more.length} more`;
}

async function verifyStage(run: TargetRun, known: Loadable): Promise<void> {
  const failures = startVerifying({ ...run, countSettlesMs: AT_REST_MS }, known);
  await forEachConcurrently(known.keys(), run.config.loadTasks, failures.verify);
  failures.end();
}

interface Verifying {
  verify(name: string): Promise<void>;
  /** Throws E_VERIFY where a collection differs: only now, so that all of them were looked at. */
  end(): void;
}

function startVerifying(run: TargetRun & VerifyContext, collections: Loadable): Verifying {
  const failed = new Map<string, Difference>();
  run.meter.start('verify', { units: collections.size, rows: 0, bytes: 0 }, { units: 0, rows: 0, bytes: 0 });
  return {
    async verify(name) {
      const difference = await verifyOne(run, name);
      if (difference !== undefined) failed.set(name, difference);
      run.meter.add('verify', { units: 1, rows: 0, bytes: 0 });
    },
    end() {
      run.meter.finish('verify');
      if (failed.size === 0) return;
      const held = [...collections.values()].find((record) => heldRows(record) > 0);
      throw new MigrateError('E_VERIFY', 'what Milvus holds is not what was read', {
        found: [...failed].map(([name, { inWords }]) => `${name}: ${inWords}`).join('\n'),
        hint: `the files and the checkpoint are kept; ${whatToDo(failed, held)}`,
      });
    },
  };
}

/** @returns undefined where nothing differs */
async function verifyOne(run: TargetRun & VerifyContext, name: string): Promise<Difference | undefined> {
  const planned = plannedOf(run, name);
  const started = performance.now();
  // What an earlier verification said counts no longer, however this one ends.
  await run.ledger.recordCollection(name, { ...recordOf(run, name), report: undefined });
  const { verify, ...meaning } = await verifyCollection(run, { planned, record: recordOf(run, name) });
  await run.ledger.addTime(name, 'verify', Math.round(performance.now() - started));
  const wrong = verify.count === 'failed' || verify.samples === 'failed';
  const record = recordOf(run, name);
  const phase = record.phase === 'swapped' || wrong ? record.phase : 'verified';
  const report = { ...reportCollection(run.ledger, planned), verify, outcome: wrong ? 'failed' : 'loaded' } as const;
  await run.ledger.recordCollection(name, { ...record, phase, report });
  announce('collection verified', name);
  return wrong ? { inWords: verify.differences.join('; '), ...meaning } : undefined;
}

/** Intermediate files go when all that they hold is proven to have arrived. Of collections that were left there are none. */
async function cleanUp(run: Running, complete: Loadable, loadable: Loadable): Promise<void> {
  const { files, config } = run;
  if (files === undefined || config.files === undefined || config.files.keep) return;
  await sideBySide(files.config, run.ledger.partitions(), async ({ planned, part, load }) => {
    if (part === undefined || load?.state !== 'loaded' || !complete.has(planned.collection)) return;
    for (const dir of partFolders(part, load)) await files.store.remove(dir);
  });
  if (complete.size < loadable.size) return;
  await files.store.remove(manifestFile(run.jobId));
}

function recordOf(run: Running, name: string): CollectionRecord {
  const record = run.ledger.collection(name);
  if (record === undefined) throw new TypeError(`a collection without a record: ${name}`);
  return record;
}
