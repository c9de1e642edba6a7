/** What a dumped folder that can not be loaded as asked is refused with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobConfig } from '../../../src/config/jobConfig.ts';
import type { MigrateError } from '../../../src/core/errors.ts';
import type { FileFormat } from '../../../src/core/plan.ts';
import type { DumpedFolder } from '../../../src/run/dump/manifest.ts';
import { adopt } from '../../../src/run/plan/adopt.ts';
import { floatSchema } from '../../targets/batches.ts';

/** As much of a folder as is looked at: of each collection its format, and how many of its rows hold NaN. */
function folderOf(all: Readonly<Record<string, readonly [FileFormat, number]>>): DumpedFolder {
  const collections = Object.entries(all).map(([target, [format]]) => ({
    target,
    datasets: [target],
    format,
    schema: floatSchema(4),
  }));
  const partitions = Object.entries(all).map(([collection, [, nonFinite]]) => ({
    planned: { collection, partition: {} },
    part: { rows: 9, nonFinite, dir: collection, files: [] },
  }));
  return { collections, partitions, unfinished: [] } as unknown as DumpedFolder;
}

test('rows that can not be taken out of their files: which collections can be loaded meanwhile', () => {
  const { fields } = floatSchema(4);
  const job = jobConfig({
    source: { kind: 'dumped', dir: '/dump' },
    files: '/dump',
    rejectFile: '/rejects',
    idField: fields[0]!.name,
    vectorField: fields[1]!.name,
  });
  const folder = folderOf({ a: ['parquet', 0], b: ['parquet', 3], c: ['npy', 2], d: ['json', 1] });
  const hintOf = (collections?: readonly string[]): string => {
    let hint = '';
    const refused = (error: MigrateError): boolean => {
      hint = error.hint ?? '';
      return error.code === 'E_CONFIG' && error.at.collection === 'b';
    };
    assert.throws(() => adopt(folder, { ...job, collections }), refused);
    return hint;
  };
  assert.match(hintOf(), /^dump again with --reject-file FILE.*; --col a,c loads the others$/);
  assert.match(hintOf(['b', 'd']), /^dump again with --reject-file FILE.* can be loaded$/);
  assert.equal(adopt(folder, { ...job, collections: ['a', 'c'] }).parts?.length, 1);
});
