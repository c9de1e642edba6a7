/** A job and its plan as rows: a plan may have many thousand partitions. */
import type { NewJob } from '../core/checkpoint.ts';
import type { PlannedPartition } from '../core/plan.ts';
import { bytesOf, type Sql, type SqlValue } from './mysqlConnection.ts';
import { TABLE } from './mysqlTables.ts';
import { toJson } from './rows.ts';

/** Of one statement: large enough that the way there and back does not count. */
const BATCH_ROWS = 200;
const BATCH_BYTES = 1024 * 1024;

/** @param at ISO 8601, UTC */
export async function insertJob(sql: Sql, job: NewJob, at: string): Promise<void> {
  const { id, key, source, target } = job;
  await sql.run(
    `INSERT INTO ${TABLE.jobs} (id, job_key, state, created_at, updated_at, source, target, config, fingerprint, collections)
       VALUES (?, ?, 'planned', ?, ?, ?, ?, ?, ?, ?)`,
    ...[id, key, at, at, source, target, ...[job.config, job.fingerprint, job.collections].map(toJson)],
  );
  await insertPartitions(sql, id, job.partitions);
}

export async function insertPartitions(sql: Sql, id: string, partitions: readonly PlannedPartition[]): Promise<void> {
  const rows = partitions.map((planned): SqlValue[] => [id, planned.partition.id, toJson(planned)]);
  for (const batch of inBatches(rows, Math.min(BATCH_BYTES, sql.valueBytes)))
    await sql.run(
      `INSERT INTO ${TABLE.partitions} (job, id, planned) VALUES ${batch.map(() => '(?, ?, ?)').join(', ')}`,
      ...batch.flat(),
    );
}

/** @param most bytes of one batch; a row that has more is one alone */
function* inBatches(rows: readonly SqlValue[][], most: number): Generator<SqlValue[][]> {
  let batch: SqlValue[][] = [];
  let bytes = 0;
  for (const row of rows) {
    const more = row.reduce<number>((sum, value) => sum + bytesOf(value), 0);
    if (batch.length === BATCH_ROWS || (batch.length > 0 && bytes + more > most)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(row);
    bytes += more;
  }
  if (batch.length > 0) yield batch;
}
