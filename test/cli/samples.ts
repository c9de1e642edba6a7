/** Fixed plans and reports for the tests of what is printed. */
import type { JobDetails, JobSummary } from '../../src/cli/engine.ts';
import { PLAIN } from '../../src/cli/style.ts';
import type { PlainError } from '../../src/core/errors.ts';
import type { PlannedCollection, PlanReport } from '../../src/core/plan.ts';
import type { CollectionReport, Report } from '../../src/core/report.ts';
import type { Schema } from '../../src/core/schema.ts';

export const WIDE = { width: 140, style: PLAIN };

function schema(type: 'FloatVector' | 'BinaryVector', dim: number, metric: Schema['metric']): Schema {
  return {
    metric,
    fields: [
      { name: 'id', type: 'Int64', primaryKey: true, dim: 0 },
      { name: 'data', type, primaryKey: false, dim },
    ],
  };
}

const PLANNED: PlannedCollection = {
  target: 'faces',
  datasets: ['faces'],
  schema: schema('FloatVector', 512, 'IP'),
  preferredMetric: undefined,
  index: { type: 'IVF_FLAT', params: { nlist: 1024 } },
  description: '',
  milvusPartitions: ['eu', 'us'],
  rows: 20_114_220,
  rowsExact: true,
  deleted: 31_022,
  bytes: 41_354_836_320,
  parts: 81,
  notes: [],
  skipped: [],
};

export const PLAN: PlanReport = {
  source: { title: 'Milvus 1.x, SQLite metadata', locator: '/var/lib/milvus/db', notes: [] },
  target: {
    product: 'Milvus',
    version: '2.4.9',
    address: '10.0.0.7:19530',
    database: 'default',
    user: 'root',
    bulkInsert: true,
    nullable: false,
    severalVectors: false,
    documentFormat: 'json',
    maxDim: 32768,
    maxPartitions: 4096,
    maxFileBytes: 17179869184,
    existing: [{ name: 'docs', statisticRows: 0, fits: true }],
  },
  staging: {
    path: '/data/import',
    seenAs: '/var/import',
    needed: 61_200_000_000,
    free: 412_000_000_000,
    readable: true,
  },
  plan: {
    collections: [
      PLANNED,
      {
        ...PLANNED,
        target: 'docs',
        datasets: ['docs'],
        schema: schema('FloatVector', 768, 'L2'),
        index: undefined,
        milvusPartitions: [],
        rows: 6_002_118,
        rowsExact: false,
        deleted: 0,
        bytes: 18_486_523_440,
        parts: 37,
      },
      {
        ...PLANNED,
        target: 'fp_2019',
        datasets: ['fp-2019'],
        schema: schema('BinaryVector', 1024, 'JACCARD'),
        index: undefined,
        milvusPartitions: [],
        rows: 912_004,
        deleted: 4,
        bytes: 124_032_544,
        parts: 1,
        notes: [
          { kind: 'info', text: 'TANIMOTO → JACCARD (same ranking)' },
          { kind: 'lossy', text: 'the name fp-2019 becomes fp_2019' },
        ],
        skipped: [
          { milvusPartition: '', segment: '1678354366132931000', rows: 10_000, reason: 'the vector file is truncated' },
        ],
      },
    ],
    partitions: [],
  },
  job: undefined,
  obstacles: [],
};

export const TRUNCATED: PlainError = {
  code: 'E_SEGMENT_TRUNCATED',
  message: 'the vector file is shorter than it says',
  at: {
    collection: 'faces',
    segment: '1678354366132931000',
    file: 'tables/faces/1678354366132931000/1678354366132931000.rv',
  },
  found: '10,239,996 bytes',
  wanted: '10,240,008 bytes (8 + 10,000 rows × 256 × 4)',
  hint: 'copy the file again; or --skip-bad-segments to go on without its 10,000 rows',
  retry: false,
  stack: 'MigrateError: the vector file is shorter than it says\n    at read (file.ts:1:1)',
};

export const COLLECTION: CollectionReport = {
  collection: 'faces',
  datasets: ['faces'],
  read: 20_114_220,
  deleted: 31_022,
  dropped: 0,
  rejected: 0,
  filtered: 0,
  changes: {},
  nonFinite: 0,
  refused: 0,
  firstNonFinite: [],
  loaded: 20_083_198,
  bytes: 41_354_836_320,
  parts: 81,
  skipped: [],
  notes: [],
  outcome: 'loaded',
  verify: {
    count: 'ok',
    wanted: '20083198',
    found: '20083198',
    samples: 'ok',
    sampled: 1000,
    remark: '',
    differences: [],
  },
  ms: { dump: 51_000, load: 190_000, verify: 11_000 },
};

export const REPORT: Report = {
  job: '7f3a90c1',
  version: '0.1.0',
  source: 'milvus1x:/var/lib/milvus/db',
  target: '10.0.0.7:19530',
  startedAt: '2026-11-21T06:00:00.000Z',
  finishedAt: '2026-11-21T06:04:12.000Z',
  threads: 2,
  collections: [COLLECTION],
  warnings: [],
  rejectFile: undefined,
  output: undefined,
  ms: { dump: 51_000, load: 240_000, verify: 12_000 },
  bytesPerSecond: 1.21e9,
  error: undefined,
  exitCode: 0,
};

export const JOB: JobSummary = {
  id: '7f3a90c1',
  source: 'milvus1x:/var/lib/milvus/db',
  target: '10.0.0.7:19530',
  state: 'interrupted',
  progress: 0.614,
  createdAt: '2026-11-21T06:00:00.000Z',
  updatedAt: '2026-11-21T06:02:00.000Z',
  resume: 'milvus-migrate jobs resume 7f3a90c1',
  error: undefined,
};

export const JOB_DETAILS: JobDetails = { ...JOB, plan: PLAN.plan, report: undefined };
