/** What is printed for fixed plans, reports, jobs and errors, word for word. UPDATE_GOLDENS=1 writes them anew: read the difference. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorBlock } from '../../src/cli/errorBlock.ts';
import { jobDetails, jobsTable } from '../../src/cli/jobsTable.ts';
import { planTable } from '../../src/cli/planTable.ts';
import { reportTable } from '../../src/cli/reportTable.ts';
import { PLAIN } from '../../src/cli/style.ts';
import { visibleLength } from '../../src/cli/table.ts';
import type { CollectionReport } from '../../src/core/report.ts';
import { repoRoot } from '../root.ts';
import { COLLECTION, JOB, JOB_DETAILS, PLAN, REPORT, TRUNCATED, WIDE } from './samples.ts';

const NOW = Date.parse('2026-11-21T06:04:00.000Z');
const narrow = { width: 80, style: PLAIN };
const withheld: CollectionReport = {
  ...COLLECTION,
  collection: 'docs',
  nonFinite: 3,
  firstNonFinite: [{ segment: '17', key: '-9223372036854775808' }],
  loaded: 0,
  outcome: 'withheld',
};
const failed: CollectionReport = {
  ...COLLECTION,
  outcome: 'failed',
  verify: {
    ...COLLECTION.verify,
    count: 'failed',
    found: '20083197',
    samples: 'failed',
    differences: ['id 17: another vector'],
  },
};
const gone: CollectionReport = {
  ...COLLECTION,
  verify: {
    ...COLLECTION.verify,
    sampled: 20_082_000,
    gone: 1_198,
    remark: '1198 rows are not in the source any more as they were read: compared only where they were moved again',
  },
};

const GOLDENS: Readonly<Record<string, () => string[]>> = {
  plan: () => planTable(PLAN, WIDE),
  'plan-narrow': () => planTable(PLAN, narrow),
  'plan-files-only': () => planTable({ ...PLAN, target: undefined, staging: undefined }, WIDE),
  'plan-not-possible': () =>
    planTable({ ...PLAN, job: { id: '7f3a90c1', state: 'interrupted', progress: 0.61 }, obstacles: [TRUNCATED] }, WIDE),
  report: () => reportTable(REPORT, WIDE, { reportFile: 'report.json' }),
  'report-rejected': () =>
    reportTable(
      {
        ...REPORT,
        collections: [COLLECTION, { ...COLLECTION, collection: 'docs', rejected: 3, dropped: 12 }],
        rejectFile: 'rejects/docs.jsonl',
        warnings: ['the metadata of docs promised 7 rows more'],
        exitCode: 6,
      },
      WIDE,
      undefined,
    ),
  'report-withheld': () =>
    reportTable({ ...REPORT, collections: [COLLECTION, withheld], exitCode: 6 }, WIDE, undefined),
  'report-counts-only': () =>
    reportTable(
      {
        ...REPORT,
        collections: [
          {
            ...COLLECTION,
            verify: {
              ...COLLECTION.verify,
              samples: 'skipped',
              sampled: 0,
              remark: 'counts only, of Milvus’s statistics, which know of no deletes: the collection is not loaded',
            },
          },
        ],
      },
      WIDE,
      undefined,
    ),
  'report-gone': () => reportTable({ ...REPORT, collections: [gone] }, WIDE, undefined),
  'report-dumped': () =>
    reportTable(
      { ...REPORT, collections: [{ ...COLLECTION, outcome: 'dumped', loaded: 0 }], output: '/data/dump' },
      WIDE,
      undefined,
    ),
  'report-different': () =>
    reportTable(
      {
        ...REPORT,
        collections: [failed],
        error: { code: 'E_VERIFY', message: 'the target differs', at: {}, retry: false },
        exitCode: 5,
      },
      WIDE,
      undefined,
    ),
  'report-interrupted': () =>
    reportTable(
      {
        ...REPORT,
        collections: [],
        ms: {},
        error: { code: 'E_INTERRUPTED', message: 'interrupted', at: {}, retry: false },
        exitCode: 130,
      },
      WIDE,
      undefined,
    ),
  jobs: () => jobsTable([JOB, { ...JOB, id: '7f3b0000', state: 'finished', progress: 1, resume: undefined }], NOW),
  'jobs-none': () => jobsTable([], NOW),
  job: () => jobDetails({ ...JOB_DETAILS, report: REPORT, error: TRUNCATED }, WIDE),
  error: () => errorBlock(TRUNCATED, WIDE, false),
  'error-narrow': () => errorBlock(TRUNCATED, narrow, false),
  'error-debug': () => errorBlock(TRUNCATED, WIDE, true),
  'error-config': () =>
    errorBlock(
      {
        code: 'E_CONFIG',
        message: 'a value is not what its key takes',
        at: { file: 'migration.yaml', line: 4, field: 'dumper.worker.limit' },
        found: 'the text "many"',
        wanted: 'a whole number from 1 on',
        retry: false,
      },
      WIDE,
      false,
    ),
};

const folder = join(repoRoot, 'test', 'cli', 'golden');

for (const [name, make] of Object.entries(GOLDENS)) {
  test(`golden ${name}`, () => {
    const file = join(folder, `${name}.txt`);
    const text = `${make().join('\n')}\n`;
    if (process.env.UPDATE_GOLDENS === '1') writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'));
  });
}

test('a narrow terminal breaks what can be broken', () => {
  for (const line of errorBlock(TRUNCATED, narrow, false).slice(2)) assert.ok(visibleLength(line) <= 80, line);
});
