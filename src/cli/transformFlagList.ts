/** Flags about what rows pass between source and target, of whatever kind the source is. */
import type { Flag } from './flags.ts';

const step = { repeat: true, group: 'transforms' } as const;

/** Steps: what is done to the rows, in the order in which these flags are given. */
export const STEP_FLAGS = {
  select: { name: 'select', value: 'A,B', ...step, help: 'only these fields go over, and the primary key' },
  drop: { name: 'drop', value: 'A,B', ...step, help: 'these fields stay behind' },
  rename: { name: 'rename', value: 'A=B', ...step, help: 'field A is called B' },
  cast: {
    name: 'cast',
    value: 'FIELD:TYPE',
    ...step,
    help: "another type: price:Float, code:VarChar(32); a row whose value doesn't fit exactly is rejected, with price:Float:count it is changed and counted",
  },
  constant: {
    name: 'constant',
    value: 'FIELD:TYPE=VALUE',
    ...step,
    help: 'a new field with the same value in every row: origin:VarChar(32)=es',
  },
  where: {
    name: 'where',
    value: 'EXPRESSION',
    ...step,
    help: 'only rows for which it is true go over; the others are counted',
  },
  normalise: {
    name: 'normalise',
    also: ['normalize'],
    value: 'FIELD',
    ...step,
    help: 'vectors of this field divided by their length; a row whose vector has none is rejected',
  },
  transform: {
    name: 'transform',
    value: 'FILE',
    ...step,
    help: 'a module of your own: ./my.js with a function on batches of rows',
  },
} as const satisfies Record<string, Flag>;

export const TRANSFORM_FLAGS = {
  ...STEP_FLAGS,
  'source-options': {
    name: 'source-options',
    value: 'JSON',
    group: 'source',
    help: 'what a source of your own (plugin:./my-source.js) is opened with; no secrets, it is recorded',
    preset: '{}',
  },
  format: {
    name: 'format',
    value: 'npy|parquet|json',
    group: 'files',
    help: 'format of the files',
    preset: "npy where all fields have a fixed width, else what the target's import takes best",
  },
} as const satisfies Record<string, Flag>;

export type StepFlag = keyof typeof STEP_FLAGS;
