/**
 * Indices as a job has planned them. Their mapping may have grown since: with its default settings Elasticsearch adds a
 * field to it with the first document that has one. And there may be more of them: an alias or a data stream that was
 * rolled over has got another index. A job goes on with the fields and the indices that it knows.
 */
import { createHash } from 'node:crypto';
import type { ElasticsearchSource } from '../../config/elasticsearch.ts';
import type { Dataset, Note, PlannedDataset } from '../../core/contracts.ts';
import type { MappedField } from '../../formats/elastic/mapping.ts';
import type { Elastic } from './connect.ts';
import type { IndexFacts } from './indices.ts';
import type { ElasticDataset } from './schema.ts';
import { asOne } from './select.ts';
import { countDocuments } from './slices.ts';

/** What a job's plan stands on. Documents may come and go: what a job reads of them is in its snapshots. */
export function fingerprintOf({
  indices,
  fields,
  schema,
  fromDocValues,
  askForVectors,
}: ElasticDataset): Dataset['fingerprint'] {
  const read = JSON.stringify([fields, schema.fields.length, fromDocValues, askForVectors]);
  const hash = createHash('sha256').update(read).digest('hex').slice(0, 16);
  return Object.fromEntries(indices.map((index) => [fingerprintKey(index), `uuid ${index.uuid}, fields ${hash}`]));
}

interface AsPlanned {
  readonly datasets: readonly ElasticDataset[];
  readonly notes: readonly Note[];
}

export interface Now {
  readonly config: ElasticsearchSource;
  /** All that the configuration means. */
  readonly indices: readonly IndexFacts[];
  /** Of the datasets that are selected. */
  readonly datasets: readonly ElasticDataset[];
}

/** A dataset that differs in more than additional fields and indices stays as it is. Errors: those of counting documents. */
export async function asPlanned(
  elastic: Elastic,
  now: Now,
  planned: ReadonlyMap<string, PlannedDataset>,
): Promise<AsPlanned> {
  const notes: Note[] = [];
  const found: ElasticDataset[] = [];
  for (const [name, known] of planned) {
    const dataset = ofPlannedIndices(now, name, known);
    if (dataset === undefined) continue;
    const before = withoutAdded(dataset, known);
    found.push(before ?? dataset);
    if (before !== undefined && before !== dataset) notes.push(...(await addedNotes(elastic, dataset, before)));
  }
  return { datasets: found, notes: [...notes, ...newIndexNotes(now, planned)] };
}

/** undefined: there is nothing of that name, nor are all of its indices there. */
function ofPlannedIndices(
  { config, indices, datasets }: Now,
  name: string,
  { fingerprint }: PlannedDataset,
): ElasticDataset | undefined {
  const named = datasets.find((dataset) => dataset.name === name);
  const wanted = Object.keys(fingerprint);
  const there = indices.filter((index) => wanted.includes(fingerprintKey(index)));
  if (there.length < wanted.length || named?.indices.length === wanted.length) return named;
  return asOne(config, there, name);
}

/** Indices that came since and are collections of their own. Those of a dataset that the job knows are changes of it. */
function newIndexNotes({ config, datasets }: Now, planned: ReadonlyMap<string, PlannedDataset>): Note[] {
  // A catch-up names what it does not look at.
  if (config.catchUp || config.indices === 'merged' || planned.has(config.index)) return [];
  const known = new Set([...planned.values()].flatMap(({ fingerprint }) => Object.keys(fingerprint)));
  const added = datasets.flatMap(({ indices }) => indices).filter((index) => !known.has(fingerprintKey(index)));
  if (added.length === 0) return [];
  const names = added.map(({ name }) => name).join(', ');
  const text = `there since this job was planned, and no part of it: ${names}; a job of its own moves each (es+https://HOST/INDEX)`;
  return [{ kind: 'lossy', text }];
}

function fingerprintKey({ name }: Pick<IndexFacts, 'name'>): string {
  return `index ${name}`;
}

/** With the fields of the plan only; undefined: then, too, it is not what was planned. */
function withoutAdded(dataset: ElasticDataset, { schema, fingerprint }: PlannedDataset): ElasticDataset | undefined {
  const isPlanned = (candidate: ElasticDataset): boolean => {
    const now = fingerprintOf(candidate);
    return Object.keys(now).every((key) => now[key] === fingerprint[key]);
  };
  if (isPlanned(dataset)) return dataset;
  const names = new Set(schema.fields.map(({ name }) => name));
  const vectors = dataset.fields.filter(({ elementType }) => elementType !== null);
  // The first vector may have got its name from the user: then it is one of those whose own names are not in the plan.
  for (const first of [undefined, ...vectors]) {
    const candidate = narrowed(
      dataset,
      (mapped) => mapped.field.primaryKey || mapped === first || names.has(mapped.field.name),
    );
    if (isPlanned(candidate)) return candidate;
  }
  return undefined;
}

function narrowed(dataset: ElasticDataset, takes: (mapped: MappedField) => boolean): ElasticDataset {
  const taken = dataset.fields.filter(takes);
  const paths = new Set(taken.map(({ path }) => path));
  // A vector that came to an object stays in it.
  const fields = taken.map((mapped) => ({ ...mapped, without: mapped.without.filter((path) => paths.has(path)) }));
  const dynamic = dataset.schema.fields.filter((field) => field.dynamic === true);
  return {
    ...dataset,
    fields,
    schema: { ...dataset.schema, fields: [...fields.map(({ field }) => field), ...dynamic] },
    fromDocValues: dataset.fromDocValues.filter((path) => paths.has(path)),
  };
}

/** What becomes of fields that the job does not know, and in how many documents they are. */
async function addedNotes(elastic: Elastic, now: ElasticDataset, before: ElasticDataset): Promise<Note[]> {
  const added = now.fields.map(({ path }) => path).filter((path) => !before.fields.some((one) => isIn(path, one)));
  if (added.length === 0) return [];
  const names = `${now.name}: the index has got fields since this job was planned (${added.join(', ')})`;
  if (now.schema.fields.some((field) => field.dynamic === true))
    return [{ kind: 'info', text: `${names}: what documents hold there goes into the dynamic field` }];
  const query = { bool: { should: added.map((field) => ({ exists: { field } })), minimum_should_match: 1 } };
  let documents = 0;
  for (const { name } of now.indices) documents += await countDocuments(elastic, name, { query });
  const text = `${names}, and there is no dynamic field: what ${documents} documents hold there now stays behind, also where they are read again`;
  return [{ kind: 'lossy', text }];
}

/** The field itself, or an object that goes over whole. */
function isIn(path: string, { path: planned, without }: MappedField): boolean {
  return path === planned || (path.startsWith(`${planned}.`) && !without.includes(path));
}
