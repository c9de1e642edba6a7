/** What would stop a run, looked for before anything is touched: `run` throws the first, `plan` shows them all. */
import type { JobConfig } from '../config/job.ts';
import type { CollectionFacts, ServerFacts, Store, Target } from '../core/contracts.ts';
import { MigrateError, toMigrateError } from '../core/errors.ts';
import type { ExistingCollection, JobPlan, PlannedCollection, StagingFacts } from '../core/plan.ts';
import { vectorOf } from '../core/schema.ts';
import { NPY_HEADER_BYTES } from '../formats/npy.ts';
import { openStore } from '../stores/index.ts';
import { filesRoot, seenRoot } from './layout.ts';
import { notEmpty, refuseUnfit } from './prepare.ts';

/** Kept free for the file system, the checkpoint and others. */
const SPARE_BYTES = 64 * 1024 * 1024;

export interface Findings {
  readonly obstacles: MigrateError[];
  readonly facts: ServerFacts | undefined;
  readonly existing: ExistingCollection[];
  readonly staging: StagingFacts | undefined;
}

export interface Checking {
  readonly config: JobConfig;
  readonly plan: JobPlan;
  /** undefined: not connected, for the reason that is an obstacle already. */
  readonly target: Target | undefined;
  /** Bytes of parts that are written already. */
  readonly written: number;
}

export async function check({ config, plan, target, written }: Checking): Promise<Findings> {
  const obstacles: MigrateError[] = [];
  const noting = async <T>(look: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await look();
    } catch (thrown) {
      obstacles.push(toMigrateError(thrown));
      return undefined;
    }
  };
  const facts = target === undefined ? undefined : await noting(() => target.facts());
  const existing: ExistingCollection[] = [];
  if (facts !== undefined && target !== undefined)
    for (const planned of plan.collections) {
      obstacles.push(...limits(planned, facts));
      const found = await noting(() => target.describe(planned.target));
      if (found === undefined) continue;
      const problem = unfit(config, planned, found);
      if (problem !== undefined) obstacles.push(problem);
      existing.push({ name: found.name, statisticRows: found.statisticRows, fits: problem === undefined });
    }
  const { files } = config;
  const staging = files === undefined ? undefined : await noting(() => space(files, { plan, written, obstacles }));
  return { obstacles, facts, existing, staging };
}

function unfit(config: JobConfig, planned: PlannedCollection, found: CollectionFacts): MigrateError | undefined {
  if (config.mode !== 'append') return undefined;
  try {
    refuseUnfit(found, planned.schema);
  } catch (thrown) {
    return toMigrateError(thrown);
  }
  return found.statisticRows > 0 && !config.modeGiven ? notEmpty(found) : undefined;
}

function limits(planned: PlannedCollection, facts: ServerFacts): MigrateError[] {
  const { dim, type } = vectorOf(planned.schema);
  const over = (what: string, found: number, wanted: number): MigrateError =>
    new MigrateError('E_TARGET_LIMIT', `more ${what} than this Milvus takes`, {
      at: { collection: planned.target },
      found: String(found),
      wanted: `at most ${wanted} (${facts.product} ${facts.version})`,
    });
  // The limit is in floats; a binary vector may have eight times as many bits (seen on 2.3.5: 262,144).
  const most = type === 'BinaryVector' ? facts.maxDim * 8 : facts.maxDim;
  const partitions = planned.milvusPartitions.length + 1;
  return [
    ...(dim > most ? [over('dimensions', dim, most)] : []),
    ...(partitions > facts.maxPartitions ? [over('partitions', partitions, facts.maxPartitions)] : []),
  ];
}

async function space(
  files: NonNullable<JobConfig['files']>,
  { plan, written, obstacles }: { plan: JobPlan; written: number; obstacles: MigrateError[] },
): Promise<StagingFacts> {
  const root = filesRoot(files);
  await using store: Store = await openStore({ scheme: 'file', root });
  const headers = plan.partitions.length * 2 * NPY_HEADER_BYTES;
  const needed = plan.collections.reduce((sum, { bytes }) => sum + bytes, 0) + headers;
  const free = await store.free();
  if (free !== undefined && free < needed - written + SPARE_BYTES)
    obstacles.push(
      new MigrateError('E_NO_SPACE', 'not enough space for the files', {
        at: { file: root },
        found: `${free} bytes free`,
        wanted: `${needed - written} bytes, and ${SPARE_BYTES} to spare`,
        hint: 'make room, name another folder, or stream the rows without --staging',
      }),
    );
  return { path: root, seenAs: seenRoot(files), needed, free, readable: undefined };
}
