/**
 * `plan --scan` of documents: reads all of them through to what a run would make of them, and writes nothing. So the plan
 * says how long texts are, what would be rejected and why, and what would be changed.
 */
import type { JobConfig } from '../../config/job.ts';
import type { Note, Part, ReaderConfig } from '../../core/contracts.ts';
import type { JobPlan, PlannedCollection, PlannedPartition } from '../../core/plan.ts';
import { plannedSchemas } from '../shared/plannedSchemas.ts';
import { forEachConcurrently } from '../threads/concurrently.ts';
import type { Pool } from '../threads/pool.ts';

export interface DocumentScan {
  readonly config: JobConfig;
  readonly plan: JobPlan;
  readonly reader: ReaderConfig;
  readonly pool: Pool;
}

/** The plan with notes on every collection that has texts or other values of many lengths. */
export async function scanPlannedDocuments({ config, plan, reader, pool }: DocumentScan): Promise<JobPlan> {
  const collections: PlannedCollection[] = [];
  for (const planned of plan.collections) {
    if (planned.schema.fields.length === 2 && planned.steps === undefined) {
      collections.push(planned);
      continue;
    }
    const parts: Part[] = [];
    const members = plan.partitions.filter(({ collection }) => collection === planned.target);
    await forEachConcurrently(members, pool.threads, async (member) => {
      parts.push(await scanOne(member, planned, { config, reader, pool }));
    });
    collections.push({ ...planned, notes: [...planned.notes, ...notesOf(parts)] });
  }
  return { ...plan, collections };
}

async function scanOne(
  { partition }: PlannedPartition,
  planned: PlannedCollection,
  { config, reader, pool }: Pick<DocumentScan, 'config' | 'reader' | 'pool'>,
): Promise<Part> {
  const { part } = await pool.run<'dump'>({
    kind: 'dump',
    reader,
    partition,
    ...plannedSchemas(planned, reader),
    droppedFile: undefined,
    rejectNonFinite: false,
    rejectFile: undefined,
    store: undefined,
    uploads: undefined,
    format: 'npy',
    dir: '',
    samples: 0,
    measure: true,
    collection: partition.dataset || config.targetName || planned.target,
  });
  return part;
}

function notesOf(parts: readonly Part[]): Note[] {
  const longest = largest(parts.map((part) => part.longest ?? {}));
  const changes = sums(parts.map((part) => part.changes ?? {}));
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const filtered = parts.reduce((sum, part) => sum + (part.filtered ?? 0), 0);
  const bad = parts.reduce((sum, part) => sum + (part.refused ?? 0) + part.nonFinite, 0);
  const [first] = parts.flatMap(({ firstNonFinite }) => firstNonFinite);
  const lengths = Object.entries(longest).map(([field, bytes]) => `${field} ${bytes}`);
  return [
    { kind: 'info', text: `scanned: ${rows} rows can go over${filtered > 0 ? `, ${filtered} are filtered out` : ''}` },
    ...(lengths.length === 0
      ? []
      : [{ kind: 'info', text: `longest texts, in bytes: ${lengths.join(', ')}` } as const]),
    ...(bad === 0
      ? []
      : [
          {
            kind: 'lossy',
            text: `${bad} rows can not be rows there (the first: id ${first?.key}: ${first?.reason ?? 'NaN or infinity'})`,
          } as const,
        ]),
    ...Object.entries(changes).map(([what, times]) => ({ kind: 'lossy', text: `${what}: ${times} values` }) as const),
  ];
}

function largest(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const most: Record<string, number> = {};
  for (const one of all) for (const [name, value] of Object.entries(one)) most[name] = Math.max(most[name] ?? 0, value);
  return most;
}

function sums(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const one of all) for (const [name, value] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
}
