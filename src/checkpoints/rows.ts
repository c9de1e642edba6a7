/** Rows of a database as records, and back: values that have a structure are kept as JSON text. */
import type {
  CollectionRecord,
  JobRecord,
  JobState,
  LoadRecord,
  PartitionCounts,
  PartitionRecord,
} from '../core/checkpoint.ts';
import type { Part } from '../core/contracts.ts';
import type { PlainError } from '../core/errors.ts';
import type { PlannedPartition } from '../core/plan.ts';
import type { Report } from '../core/report.ts';

export interface JobRow {
  readonly id: string;
  readonly key: string;
  readonly state: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly source: string;
  readonly target: string;
  readonly config: string;
  readonly fingerprint: string;
  readonly collections: string;
  readonly error: string | null;
  readonly report: string | null;
}

export interface PartitionRow {
  readonly planned: string;
  readonly part: string | null;
  readonly load: string | null;
}

/** Of one partition, without what is planned and what its part is. */
export interface ProgressRow {
  /** 0 or 1. */
  readonly made: number;
  readonly load: string | null;
}

export interface CollectionRow {
  readonly target: string;
  readonly record: string;
}

/** Text of any value of the contract: lone surrogates are escaped by JSON itself, integers above 2^53 are strings in all records. */
export function toJson(value: unknown): string {
  return JSON.stringify(value);
}

export function jsonOrNull(value: unknown): string | null {
  return value === undefined ? null : toJson(value);
}

export function jobOf(row: JobRow): JobRecord {
  const { id, key, source, target } = row;
  return {
    id,
    key,
    source,
    target,
    state: row.state as JobState,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    config: JSON.parse(row.config),
    fingerprint: JSON.parse(row.fingerprint),
    collections: JSON.parse(row.collections),
    error: row.error === null ? undefined : (JSON.parse(row.error) as PlainError),
    report: row.report === null ? undefined : (JSON.parse(row.report) as Report),
  };
}

export function partitionOf({ planned, part, load }: PartitionRow): PartitionRecord {
  return {
    planned: JSON.parse(planned) as PlannedPartition,
    part: part === null ? undefined : (JSON.parse(part) as Part),
    load: load === null ? undefined : (JSON.parse(load) as LoadRecord),
  };
}

export function countsOf(rows: readonly ProgressRow[]): PartitionCounts {
  const isLoaded = ({ load }: ProgressRow): boolean =>
    load !== null && (JSON.parse(load) as LoadRecord).state === 'loaded';
  return {
    all: rows.length,
    made: rows.filter(({ made }) => Number(made) === 1).length,
    loaded: rows.filter(isLoaded).length,
  };
}

export function collectionOf({ target, record }: CollectionRow): readonly [string, CollectionRecord] {
  return [target, JSON.parse(record) as CollectionRecord];
}
