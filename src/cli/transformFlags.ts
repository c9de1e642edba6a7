/** Flags about what rows pass on their way: the steps, in the order of the command line, over those of a file. */
import type { SourceConfig } from '../config/job.ts';
import {
  CAST_WANTED,
  CONSTANT_WANTED,
  modulePath,
  parseCast,
  parseConstant,
  parseRename,
} from '../config/transformWords.ts';
import type { TransformStep } from '../core/transformSteps.ts';
import { type CommandName, dashed } from './flags.ts';
import { namesIn, wrongValue } from './flagValues.ts';
import type { RawArgs } from './rawArgs.ts';
import { STEP_FLAGS, type StepFlag } from './transformFlagList.ts';
import { usageError } from './usage.ts';

interface Context {
  readonly raw: RawArgs;
  readonly command: CommandName;
  readonly cwd: string;
  readonly source: SourceConfig | undefined;
}

/**
 * Steps by flags replace those of a file: an order between both could only be guessed.
 * @throws MigrateError E_USAGE
 */
export function transformsFrom(
  file: readonly TransformStep[],
  { raw, command, cwd, source }: Context,
): readonly TransformStep[] {
  const steps = raw.ordered.flatMap(({ name, value }) => (isStep(name) ? [stepOf(name, value, cwd)] : []));
  if (source?.kind !== 'dumped') return steps.length > 0 ? steps : file;
  // What was dumped has passed them.
  const given = (Object.keys(STEP_FLAGS) as StepFlag[]).find((flag) => raw.given.has(flag));
  if (given === undefined) return [];
  throw usageError(command, `${dashed(given)} comes too late: these files are dumped already`, {
    found: source.dir,
    wanted: 'it at the dump',
  });
}

function isStep(name: string): name is StepFlag {
  return Object.hasOwn(STEP_FLAGS, name);
}

function stepOf(flag: StepFlag, text: string, cwd: string): TransformStep {
  if (text === '') throw wrongValue(flag, text, STEP_FLAGS[flag].value);
  switch (flag) {
    case 'select':
    case 'drop':
      return { kind: flag, fields: namesIn(flag, text) };
    case 'rename':
      return parsed(flag, text, { step: parseRename(text), wanted: 'OLD=NEW' });
    case 'cast':
      return parsed(flag, text, { step: parseCast(text), wanted: CAST_WANTED });
    case 'constant':
      return parsed(flag, text, { step: parseConstant(text, '--constant'), wanted: CONSTANT_WANTED });
    case 'where':
      return { kind: 'filter', expression: text };
    case 'normalise':
      return { kind: 'normalise', field: text };
    case 'transform':
      return { kind: 'module', path: modulePath(text, cwd, '--transform'), options: {} };
  }
}

function parsed(
  flag: StepFlag,
  text: string,
  { step, wanted }: { step: TransformStep | undefined; wanted: string },
): TransformStep {
  if (step === undefined) throw wrongValue(flag, text, wanted);
  return step;
}
