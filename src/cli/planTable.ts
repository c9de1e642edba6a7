/** What `plan` shows: both ends, a row for each collection, what changes, what stands in the way. */
import type { Note } from '../core/contracts.ts';
import type { JobPlan, PlannedCollection, PlanReport } from '../core/plan.ts';
import { type Field, type Schema, vectorOf } from '../core/schema.ts';
import { errorBlock } from './errorBlock.ts';
import { bytes, count, counted, percent } from './numbers.ts';
import type { Look } from './style.ts';
import { labelled, tableLines } from './table.ts';

const LABEL = 9;

export function planTable(report: PlanReport, look: Look): string[] {
  const { width } = look;
  const lossy = lossyNotes(report);
  return [
    ...headLines(report, width),
    '',
    ...collectionLines(report, width),
    '',
    ...(lossy.length === 0 ? ['Lost or changed: nothing.'] : ['Lost or changed:', ...bullets(lossy, width)]),
    ...obstacleLines(report, look),
  ];
}

function headLines(report: PlanReport, width: number): string[] {
  const { source, job, plan } = report;
  const partitions = sum(plan.collections, (collection) => collection.milvusPartitions.length);
  const own = partitions === 0 ? '' : `, ${counted(partitions, 'Milvus partition')}`;
  const title = `${source.title}, ${counted(plan.collections.length, 'collection')}${own}`;
  const line = (label: string, text: string): string[] => labelled(label, text, { indent: LABEL, width });
  return [
    ...line('Source', title),
    ...source.notes.filter((note) => note.kind === 'info').flatMap((note) => line('', note.text)),
    ...line('Target', targetText(report)),
    ...line('Staging', stagingText(report)),
    ...fieldLines(plan, width),
    ...(job === undefined ? [] : line('Job', `${job.id} moves this already: ${job.state}, ${percent(job.progress)}`)),
  ];
}

function targetText({ target, obstacles }: PlanReport): string {
  if (target === undefined) return isUnreached(obstacles) ? 'not reached, see below' : 'none: files only';
  const who = target.user === undefined ? 'no user' : `user ${target.user}`;
  const limits = `at most dim ${count(target.maxDim)}, ${count(target.maxPartitions)} partitions, ${bytes(target.maxFileBytes)} a file`;
  return `${target.product} ${target.version} at ${target.address}, database ${target.database}, ${who}; ${limits}`;
}

/** Without a target nothing can be wrong with it. */
function isUnreached(obstacles: PlanReport['obstacles']): boolean {
  return obstacles.some(({ code }) => code.startsWith('E_TARGET'));
}

function stagingText({ staging, target, obstacles }: PlanReport): string {
  const filesOnly = target === undefined && !isUnreached(obstacles);
  if (staging === undefined) return filesOnly ? 'none' : 'none: rows are streamed as inserts';
  const free = staging.free === undefined ? 'free space not known' : `${bytes(staging.free)} free`;
  const seen = staging.seenAs === staging.path ? '' : ` (Milvus sees ${staging.seenAs})`;
  const readable = {
    true: ', readable by Milvus (a zero-row import went through)',
    false: ', not readable by Milvus',
    undefined: filesOnly ? '' : ', whether Milvus can read it was not tried (--preflight)',
  }[String(staging.readable) as 'true' | 'false' | 'undefined'];
  return `${staging.path}${seen}: ${bytes(staging.needed)} needed, ${free}${readable}`;
}

/** Of Milvus 1.x they are the same for every collection but for their dimension. */
function fieldLines(plan: JobPlan, width: number): string[] {
  const shapes = plan.collections.map(({ schema }) =>
    schema.fields.map((field) => fieldText(field, schema.fields.length > PLAIN_FIELDS)).join(', '),
  );
  return [...new Set(shapes)].flatMap((shape) => labelled('Fields', shape, { indent: LABEL, width }));
}

/** A key and a vector: what the vector is stands in the table. */
const PLAIN_FIELDS = 2;

function fieldText({ name, type, primaryKey, dim, maxLength, element, nullable }: Field, withType: boolean): string {
  if (primaryKey) return `${name} ${type} (primary key)`;
  if (!withType) return name;
  const size = dim > 0 ? `(${dim})` : maxLength === undefined || type === 'Array' ? '' : `(${maxLength})`;
  return `${name} ${type}${element === undefined ? '' : ` of ${element}`}${size}${nullable === true ? ' or null' : ''}`;
}

/** «float 512, IP», «binary 1,024, JACCARD» */
export function vectorText(schema: Schema, preferred: string | undefined): string {
  const vector = vectorOf(schema);
  const kind = vector.type === 'BinaryVector' ? 'binary' : 'float';
  const metric =
    preferred === undefined || preferred === schema.metric ? schema.metric : `${preferred} or ${schema.metric}`;
  return `${kind} ${count(vector.dim)}, ${metric}`;
}

const COLUMNS = [
  { title: 'collection', align: 'left' },
  { title: '→ target', align: 'left' },
  { title: 'vectors', align: 'left', sinks: true },
  { title: 'index', align: 'left', sinks: true },
  { title: 'rows', align: 'right' },
  { title: 'deleted', align: 'right' },
  { title: 'bytes', align: 'right' },
  { title: 'parts', align: 'right' },
  { title: 'notes', align: 'left' },
] as const;

function collectionLines({ plan, target }: PlanReport, width: number): string[] {
  if (plan.collections.length === 0) return ['No collections.'];
  const rows = plan.collections.map((collection) => [
    collection.datasets.join(' + '),
    `→ ${collection.target}`,
    vectorText(collection.schema, collection.preferredMetric),
    collection.index?.type ?? '',
    (collection.rowsExact ? '' : '~') + count(collection.rows),
    count(collection.deleted),
    bytes(collection.bytes),
    count(collection.parts),
    notesOf(collection, target).join('; '),
  ]);
  return tableLines(COLUMNS, rows, width);
}

function notesOf(collection: PlannedCollection, target: PlanReport['target']): string[] {
  const existing = target?.existing.find((each) => each.name === collection.target);
  const there =
    existing === undefined
      ? []
      : [`exists with ${counted(existing.statisticRows, 'row')}${existing.fits ? '' : ' and another schema'}`];
  const partitions =
    collection.milvusPartitions.length === 0 ? [] : [`partitions ${collection.milvusPartitions.join(', ')}`];
  const skipped = collection.skipped.length === 0 ? [] : [`${counted(collection.skipped.length, 'segment')} skipped`];
  return [...there, ...partitions, ...skipped, ...collection.notes.map((note) => note.text)];
}

function lossyNotes({ source, plan }: PlanReport): string[] {
  const lossy = (notes: readonly Note[]): string[] =>
    notes.filter((note) => note.kind !== 'info').map((note) => note.text);
  const skipped = plan.collections.flatMap((collection) =>
    collection.skipped.map((each) => {
      const rows = each.rows === undefined ? 'rows not known' : counted(each.rows, 'row');
      return `${collection.datasets.join(' + ')}: segment ${each.segment} is left out (${rows}): ${each.reason}`;
    }),
  );
  const ofCollections = plan.collections.flatMap((each) =>
    lossy(each.notes).map((text) => `${each.datasets.join(' + ')}: ${text}`),
  );
  return [...lossy(source.notes), ...ofCollections, ...skipped];
}

function bullets(texts: readonly string[], width: number): string[] {
  return texts.flatMap((text) => labelled('  -', text, { indent: 4, width }));
}

function obstacleLines({ obstacles, target }: PlanReport, look: Look): string[] {
  if (obstacles.length > 0) {
    return [
      'Not possible:',
      ...obstacles.flatMap((obstacle) => errorBlock(obstacle, look, false).map((line) => `  ${line}`)),
    ];
  }
  const command = target === undefined ? 'milvus-migrate dump … --out DIR' : 'milvus-migrate run …';
  return [`Not possible: nothing. Run it with \`${command}\` (same arguments).`];
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
