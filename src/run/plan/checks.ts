/** What would stop a run, looked for before anything is touched: `run` throws the first, `plan` shows them all. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { JobConfig } from '../../config/job.ts';
import type { CollectionFacts, OpenStore, ServerFacts, Store, Target } from '../../core/contracts.ts';
import { MigrateError, messageOf, toMigrateError } from '../../core/errors.ts';
import type { ExistingCollection, JobPlan, PlannedCollection, StagingFacts } from '../../core/plan.ts';
import type { Field } from '../../core/schema.ts';
import { NPY_HEADER_BYTES } from '../../formats/npy.ts';
import { describeWhole, notEmpty, refuseUnfit } from '../load/prepare.ts';
import { filesStore, seenRoot } from '../places/layout.ts';
import { JSON_SIZE } from './buildPlan.ts';

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
  readonly openStore: OpenStore;
  /** undefined: not connected, for the reason that is an obstacle already. */
  readonly target: Target | undefined;
  /** Bytes of parts that are written already. */
  readonly written: number;
  /** Collections that a job under way has begun with: what is in them is its own. */
  readonly begun?: ReadonlySet<string>;
  /** Whether collections may be flushed, to know what is in them: `plan` touches nothing. */
  readonly mayFlush: boolean;
}

export async function check({
  config,
  plan,
  openStore,
  target,
  written,
  begun,
  mayFlush,
}: Checking): Promise<Findings> {
  const obstacles: MigrateError[] = [];
  const noting = async <T>(look: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await look();
    } catch (thrown) {
      obstacles.push(toMigrateError(thrown));
      return undefined;
    }
  };
  if (config.mode === 'overwrite' && config.verify === 'none' && config.target !== undefined)
    obstacles.push(
      new MigrateError('E_CONFIG', 'an old collection is replaced only when the new one is verified', {
        found: '--mode overwrite with --verify none',
        hint: 'leave --verify away, or say --verify counts',
      }),
    );
  const facts = target === undefined ? undefined : await noting(() => target.facts());
  const existing: ExistingCollection[] = [];
  if (facts !== undefined && target !== undefined)
    for (const planned of plan.collections) {
      obstacles.push(...limits(planned, facts));
      const own = begun?.has(planned.target) === true;
      // Only where rows are to be added does it matter whether it is empty.
      const whole = config.mode === 'append' && !own;
      const found = await noting(() =>
        whole ? describeWhole(target, planned.target, mayFlush) : target.describe(planned.target),
      );
      if (found === undefined) continue;
      const problem = own ? undefined : unfit(config, planned, found);
      if (problem !== undefined) obstacles.push(problem);
      const fits = problem?.code !== 'E_TARGET_SCHEMA';
      existing.push({ name: found.name, statisticRows: found.statisticRows, fits });
    }
  const { files } = config;
  const staging =
    files === undefined ? undefined : await noting(() => space(files, { plan, openStore, written, obstacles }));
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
  const vectors = planned.schema.fields.filter((field) => field.dim > 0);
  const over = (what: string, found: number, wanted: number): MigrateError =>
    new MigrateError('E_TARGET_LIMIT', `more ${what} than this Milvus takes`, {
      at: { collection: planned.target },
      found: String(found),
      wanted: `at most ${wanted} (${facts.product} ${facts.version})`,
    });
  // The limit is in floats; a binary vector may have eight times as many bits (seen on 2.3.5: 262,144).
  const most = ({ type }: Field): number => (type === 'BinaryVector' ? facts.maxDim * 8 : facts.maxDim);
  const partitions = planned.milvusPartitions.length + 1;
  const nullable = planned.schema.fields.filter((field) => field.nullable === true);
  return [
    ...vectors.filter((field) => field.dim > most(field)).map((field) => over('dimensions', field.dim, most(field))),
    ...(vectors.length > 1 && !facts.severalVectors ? [over('vector fields', vectors.length, 1)] : []),
    ...(nullable.length > 0 && !facts.nullable ? [refuseNulls(planned, nullable, facts)] : []),
    ...(partitions > facts.maxPartitions ? [over('partitions', partitions, facts.maxPartitions)] : []),
  ];
}

/** Only of a dumped folder: else the plan was made for this very server. */
function refuseNulls({ target }: PlannedCollection, nullable: readonly Field[], facts: ServerFacts): MigrateError {
  return new MigrateError('E_TARGET_SCHEMA', 'the files may hold nulls, which this Milvus has not', {
    at: { collection: target },
    found: nullable.map(({ name }) => name).join(', '),
    wanted: `fields that are never null (${facts.product} ${facts.version}); Milvus 2.5 has nulls`,
    hint: 'dump again with --missing default, or run from the source with --to',
  });
}

interface Spacing {
  readonly plan: JobPlan;
  readonly openStore: OpenStore;
  readonly written: number;
  readonly obstacles: MigrateError[];
}

async function space(
  files: NonNullable<JobConfig['files']>,
  { plan, openStore, written, obstacles }: Spacing,
): Promise<StagingFacts> {
  const config = filesStore(files);
  if (config.scheme === 'file') refuseUnwritable(config.root);
  await using store: Store = await openStore(config);
  // One that is to be made at the first write can't be listed yet.
  if (config.scheme !== 'file' && !config.createBucket) await refuseUnlistable(store);
  const root = store.describe('');
  const headers = plan.partitions.length * 2 * NPY_HEADER_BYTES;
  const needed = plan.collections.reduce((sum, one) => sum + fileBytes(one), 0) + headers;
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

/** What a collection's rows are in files, about. */
function fileBytes({ bytes, format }: PlannedCollection): number {
  return format === 'json' ? bytes * JSON_SIZE : bytes;
}

/** What is wrong with bucket, keys or endpoint shows at the first listing: the driver's own error says it. */
async function refuseUnlistable(store: Store): Promise<void> {
  for await (const _ of store.list('')) return;
}

/** The folder, or the nearest above it that is there, must be one that files can be made in. */
function refuseUnwritable(root: string): void {
  let there = root;
  while (dirname(there) !== there && !existsSync(there)) there = dirname(there);
  const refuse = (found: string, cause?: unknown): MigrateError =>
    new MigrateError('E_STORE', 'the folder for the files cannot be written to', {
      at: { file: root },
      found,
      wanted: 'a folder, or one that can be made',
      hint: 'name another folder, or give this user the right to write there',
      ...(cause === undefined ? {} : { cause }),
    });
  try {
    if (!statSync(there).isDirectory()) throw refuse(`${there} is a file`);
    accessSync(there, constants.W_OK | constants.X_OK);
  } catch (thrown) {
    throw thrown instanceof MigrateError ? thrown : refuse(messageOf(thrown), thrown);
  }
}
