/** Datasets → the plan of a job: names in the target, merges, partitions, samples. Reads headers at most. */
import type { JobConfig, MergeConfig } from '../../config/job.ts';
import type { Dataset, Note, Partition, ServerFacts, Source } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { JobPlan, PlannedCollection, PlannedPartition } from '../../core/plan.ts';
import { vectorOf } from '../../core/schema.ts';
import { DEFAULT_PARTITION, refuseCollisions, sanitizeName, targetPartitionName } from '../shared/names.ts';
import { type Fitted, fitSchema } from './fitSchema.ts';

/** Rows per collection whose vectors are compared after the load. */
export const SAMPLES_PER_COLLECTION = 1000;
/**
 * And of all collections together: samples are in the memory of a run, in its checkpoint and in the manifest, which is one
 * text (of thousands of collections it was longer than any text can be).
 */
const SAMPLES_PER_JOB = 500_000;
/** Of each, however many there are. */
const LEAST_SAMPLES = 10;

/** A row as JSON text is about so many times its size in memory: parts are counted in that, files are not to be larger. */
export const JSON_SIZE = 3;

/** What one target collection is made of. */
interface Group {
  readonly target: string;
  readonly inputs: readonly Input[];
  readonly merged: boolean;
}

interface Input {
  /** `dataset`, or `dataset/partition`. */
  readonly label: string;
  readonly dataset: Dataset;
  /** Whether the source's partition of that tag belongs to the group. */
  readonly takes: (milvusPartition: string) => boolean;
  /** One partition of a collection, merged by name, goes into the default partition. */
  readonly single: boolean;
}

/** What the plan is made for: undefined where there is no target (files only). */
export type TargetAbilities = Pick<ServerFacts, 'nullable' | 'documentFormat' | 'product' | 'version'>;

export async function buildPlan(
  config: JobConfig,
  source: Source,
  { datasets, facts }: { datasets: readonly Dataset[]; facts: TargetAbilities | undefined },
): Promise<JobPlan> {
  const groups = groupDatasets(config, datasets);
  refuseCollisions(
    groups.map(({ target, inputs }) => [inputs.map(({ label }) => label).join(' + '), target] as const),
    'collections',
  );
  const all = new Map<string, Partition[]>();
  const fitted = new Map<string, Fitted>();
  for (const dataset of datasets) {
    const fit = await fitSchema(dataset, config, facts);
    const partBytes = fit.schemas.format === 'json' ? config.partBytes / JSON_SIZE : config.partBytes;
    const partitions: Partition[] = [];
    for await (const partition of source.plan(dataset, { partBytes, threads: config.threads }))
      partitions.push(partition);
    all.set(dataset.name, partitions);
    fitted.set(dataset.name, fit);
  }
  const collections: PlannedCollection[] = [];
  const partitions: PlannedPartition[] = [];
  const fair = Math.max(LEAST_SAMPLES, Math.floor(SAMPLES_PER_JOB / groups.length));
  const wanted = Math.min(SAMPLES_PER_COLLECTION, fair);
  for (const group of groups) {
    const members = membersOf(group, all);
    const total = members.reduce((sum, { partition }) => sum + partition.rows, 0);
    for (const { input, partition } of members)
      partitions.push({
        partition,
        collection: group.target,
        targetPartition: input.single ? DEFAULT_PARTITION : targetPartitionName(partition.milvusPartition),
        samples: Math.ceil((wanted * partition.rows) / Math.max(total, 1)),
        input: input.label,
        ordinal: partitions.length,
      });
    const parts = members.map(({ partition }) => partition);
    const fit = fitted.get(group.inputs[0]!.dataset.name)!;
    collections.push(describeGroup(group, { partitions: parts, fitted: fit }));
  }
  return { collections, partitions };
}

function membersOf(
  group: Group,
  all: ReadonlyMap<string, readonly Partition[]>,
): { input: Input; partition: Partition }[] {
  return group.inputs.flatMap((input) =>
    (all.get(input.dataset.name) ?? [])
      .filter(({ milvusPartition }) => input.takes(milvusPartition))
      .map((partition) => ({ input, partition })),
  );
}

function groupDatasets(config: JobConfig, datasets: readonly Dataset[]): Group[] {
  const merges = config.merge.map((merge) => ({
    merge,
    inputs: merge.inputs.map((label) => inputOf(label, datasets)),
  }));
  refuseOverlaps(merges);
  const claimed = (dataset: string, tag: string): boolean =>
    merges.some(({ inputs }) => inputs.some((input) => input.dataset.name === dataset && input.takes(tag)));
  const own = datasets.filter((dataset) => dataset.milvusPartitions.some((tag) => !claimed(dataset.name, tag)));
  if (config.targetName !== undefined && own.length + merges.length > 1)
    throw new MigrateError('E_CONFIG', 'one name was given for several collections', {
      found: own.map(({ name }) => name).join(', '),
      wanted: `one collection for the name ${config.targetName}`,
      hint: 'choose one with --col, or bring them together with --merge a,b --into c',
    });
  return [
    ...own.map((dataset) => ({
      target: config.targetName ?? sanitizeName(dataset.name),
      merged: false,
      inputs: [{ label: dataset.name, dataset, single: false, takes: (tag: string) => !claimed(dataset.name, tag) }],
    })),
    ...merges.map(({ merge, inputs }) => mergedGroup(merge, inputs)),
  ];
}

/** Every row goes to one place: what two inputs take, of one merge or of two, is refused. */
function refuseOverlaps(merges: readonly { readonly merge: MergeConfig; readonly inputs: readonly Input[] }[]): void {
  const taken = new Map<string, string>();
  for (const { merge, inputs } of merges)
    for (const { label, dataset, takes } of inputs)
      for (const tag of dataset.milvusPartitions.filter(takes)) {
        const rows = tag === '' ? `the default partition of ${dataset.name}` : `${dataset.name}/${tag}`;
        const here = `${label} (into ${merge.into})`;
        const other = taken.get(rows);
        if (other !== undefined)
          throw new MigrateError('E_USAGE', 'the same rows are to be merged twice', {
            at: { collection: dataset.name, ...(tag === '' ? {} : { milvusPartition: tag }) },
            found: `${rows} is in ${other} and in ${here}`,
            wanted: 'each collection or partition in one merge, and there once',
          });
        taken.set(rows, here);
      }
}

function mergedGroup(merge: MergeConfig, inputs: readonly Input[]): Group {
  const first = inputs[0]!;
  const shape = ({ dataset: { schema, ownNames, preferredMetric = schema.metric } }: Input): string => {
    const fields = ownNames === true ? schema.fields : [vectorOf(schema)];
    const words = fields.map(
      ({ name, type, dim }) => `${ownNames === true ? `${name} ` : ''}${type}${dim > 0 ? ` ${dim}` : ''}`,
    );
    // Not what a server without it has in its place: another one may have it.
    return `${words.join(', ')}, ${preferredMetric}`;
  };
  const other = inputs.find((input) => shape(input) !== shape(first));
  if (other !== undefined)
    throw new MigrateError('E_CONFIG', 'collections that differ can not be merged', {
      found: `${first.label}: ${shape(first)}; ${other.label}: ${shape(other)}`,
      wanted: 'the same fields, dimension and metric',
    });
  return { target: merge.into, inputs, merged: true };
}

function inputOf(label: string, datasets: readonly Dataset[]): Input {
  const whole = datasets.find(({ name }) => name === label);
  if (whole !== undefined) return { label, dataset: whole, single: false, takes: () => true };
  const cut = label.lastIndexOf('/');
  const dataset = datasets.find(({ name }) => name === label.slice(0, cut));
  const tag = label.slice(cut + 1) === DEFAULT_PARTITION ? '' : label.slice(cut + 1);
  if (cut < 0 || dataset === undefined || !dataset.milvusPartitions.includes(tag))
    throw new MigrateError('E_UNKNOWN_COLLECTION', 'nothing of that name to merge', {
      found: label,
      wanted: datasets
        .flatMap(({ name, milvusPartitions }) => [
          name,
          ...milvusPartitions.filter(Boolean).map((own) => `${name}/${own}`),
        ])
        .join(', '),
    });
  return { label, dataset, single: true, takes: (own) => own === tag };
}

interface Grouped {
  readonly partitions: readonly Partition[];
  /** Of the first input. */
  readonly fitted: Fitted;
}

function describeGroup(group: Group, { partitions, fitted }: Grouped): PlannedCollection {
  const first = group.inputs[0]!.dataset;
  const sum = (pick: (partition: Partition) => number): number =>
    partitions.reduce((total, partition) => total + pick(partition), 0);
  const datasets = [...new Set(group.inputs.map(({ dataset }) => dataset))];
  const tags = group.inputs.flatMap((input) =>
    input.single ? [] : input.dataset.milvusPartitions.filter(input.takes),
  );
  refuseCollisions(
    tags.map((tag) => [tag === DEFAULT_PARTITION ? '' : tag, targetPartitionName(tag)] as const),
    `partitions of ${group.target}`,
  );
  return {
    target: group.target,
    datasets: datasets.map(({ name }) => name),
    ...fitted.schemas,
    preferredMetric: first.preferredMetric,
    index: first.index,
    description: descriptionOf(group, datasets),
    ...(datasets.some(({ storedIds }) => storedIds === true) ? { storedIds: true } : {}),
    milvusPartitions: [...new Set(tags.map(targetPartitionName))].filter((name) => name !== DEFAULT_PARTITION),
    rows: sum(({ rows }) => rows),
    rowsExact: datasets.every(({ rowsExact }) => rowsExact),
    deleted: sum(({ deleted }) => deleted),
    bytes: sum(({ bytes }) => bytes),
    parts: partitions.length,
    notes: [...nameNotes(group, tags), ...datasets.flatMap(({ notes }) => notes), ...fitted.notes],
    skipped: datasets.flatMap(({ skipped }) => skipped),
  };
}

function descriptionOf({ inputs }: Group, datasets: readonly Dataset[]): string {
  const own = datasets.flatMap(({ description }) => (description === undefined ? [] : [description]));
  return [`from ${inputs.map(({ label }) => label).join(', ')} by milvus-migrate`, ...new Set(own)].join('; ');
}

/** One index is built for all: that of the first. */
function indexNote({ inputs }: Group): Note[] {
  const [first, ...others] = inputs.map(({ label, dataset }) => ({ label, words: indexInWords(dataset) }));
  const differing = others.filter(({ words }) => words !== first!.words);
  if (differing.length === 0) return [];
  const had = differing.map(({ label, words }) => `; ${label} had ${words}`);
  return [{ kind: 'info', text: `indexes differ, that of ${first!.label} is built: ${first!.words}${had.join('')}` }];
}

function indexInWords({ index }: Dataset): string {
  if (index === undefined) return 'none that is known';
  const params = Object.entries(index.params).map(([name, value]) => `${name}=${value}`);
  return params.length === 0 ? index.type : `${index.type} (${params.join(', ')})`;
}

function nameNotes(group: Group, tags: readonly string[]): Note[] {
  const notes: Note[] = [];
  const label = group.inputs[0]!.label;
  if (group.merged)
    notes.push(
      { kind: 'info', text: `merged from ${group.inputs.map((input) => input.label).join(', ')}` },
      ...indexNote(group),
    );
  else if (label !== group.target) notes.push({ kind: 'lossy', text: `name changed: ${label} → ${group.target}` });
  for (const tag of new Set(tags))
    if (tag !== '' && targetPartitionName(tag) !== tag)
      notes.push({ kind: 'lossy', text: `partition name changed: ${tag} → ${targetPartitionName(tag)}` });
  return notes;
}
