/** The list `transforms` of a job file: one step an entry, each with one key that says which. */
import { z } from 'zod';
import type { Json } from '../core/contracts.ts';
import type { TransformStep } from '../core/transformSteps.ts';
import { readAt } from './configError.ts';
import type { JobReading } from './jobFileEnds.ts';
import { constantOf, MAX_VARCHAR_BYTES, modulePath, ON_LOSS, parseOptions, VALUE_TYPES } from './transformWords.ts';
import { list, section, text, whole, word } from './yamlValues.ts';

/** For modules of the user's own: keys of his choice, whose values are texts; or one text with JSON in it. */
export const optionsShape = z.unknown();

const type = word(...VALUE_TYPES);
const maxLength = whole(1, MAX_VARCHAR_BYTES).optional();

const step = section({
  select: list.optional(),
  drop: list.optional(),
  rename: section({ from: text.optional(), to: text.optional() }).optional(),
  cast: section({
    field: text.optional(),
    to: type.optional(),
    maxLength,
    onLoss: word(...ON_LOSS).optional(),
  }).optional(),
  constant: section({ field: text.optional(), type: type.optional(), maxLength, value: text.optional() }).optional(),
  where: text.optional(),
  normalise: text.optional(),
  module: section({ path: text.optional(), options: optionsShape.optional() }).optional(),
});

export const transformsShape = z.array(step, { error: 'a list of steps' });

type Said = z.infer<typeof step>;

const WORDS = 'select, drop, rename, cast, constant, where, normalise or module';

/** @throws MigrateError E_CONFIG with file, line and key */
export function transformsOf(
  said: readonly Said[] | undefined,
  reading: Pick<JobReading, 'options' | 'refuse' | 'at'>,
): readonly TransformStep[] {
  return (said ?? []).map((one, place) => {
    const key = `job.transforms.${place}`;
    const kinds = (Object.keys(one) as (keyof Said)[]).filter((kind) => one[kind] !== undefined);
    if (kinds.length !== 1)
      throw reading.refuse(
        key,
        kinds.length === 0 ? 'a step says nothing' : `a step says several things: ${kinds.join(', ')}`,
        `one of ${WORDS}`,
      );
    return stepOf(one, `${key}.${kinds[0]}`, reading);
  });
}

type Reading = Pick<JobReading, 'options' | 'refuse' | 'at'>;

function stepOf(said: Said, key: string, { options, refuse, at }: Reading): TransformStep {
  const needed = <T>(value: T | undefined, name: string): T => {
    if (value !== undefined) return value;
    throw refuse(key, 'a step lacks a key', name);
  };
  if (said.select !== undefined) return { kind: 'select', fields: said.select };
  if (said.drop !== undefined) return { kind: 'drop', fields: said.drop };
  if (said.rename !== undefined)
    return { kind: 'rename', from: needed(said.rename.from, 'from'), to: needed(said.rename.to, 'to') };
  if (said.cast !== undefined) {
    const { field, to, maxLength, onLoss } = said.cast;
    const sized = sizeOf(maxLength, { type: to, key, refuse });
    return { kind: 'cast', field: needed(field, 'field'), to: needed(to, 'to'), ...sized, onLoss: onLoss ?? 'reject' };
  }
  if (said.constant !== undefined) {
    const { field, type, maxLength, value } = said.constant;
    const sized = sizeOf(maxLength, { type, key, refuse });
    const constant = {
      field: needed(field, 'field'),
      type: needed(type, 'type'),
      ...sized,
      // An empty text counts as absent in these files.
      text: type === 'VarChar' ? (value ?? '') : needed(value, 'value'),
    };
    return readAt(at(key), () => constantOf(constant, key));
  }
  if (said.where !== undefined) return { kind: 'filter', expression: said.where };
  if (said.normalise !== undefined) return { kind: 'normalise', field: said.normalise };
  const path = needed(said.module?.path, 'path');
  return {
    kind: 'module',
    path: readAt(at(key), () => modulePath(path, options.cwd, key)),
    options: optionsIn(said.module?.options, { key: `${key}.options`, at }),
  };
}

function sizeOf(
  maxLength: number | undefined,
  { type, key, refuse }: { type: string | undefined; key: string; refuse: Reading['refuse'] },
): { readonly maxLength?: number } {
  if (maxLength === undefined) return {};
  if (type === 'VarChar') return { maxLength };
  throw refuse(key, 'only a VarChar has a maxLength', 'VarChar as type, or no maxLength');
}

/** @param said what `optionsShape` let through. @throws MigrateError E_CONFIG for a text that is no JSON */
export function optionsIn(said: unknown, { key, at }: { key: string; at: JobReading['at'] }): Json {
  if (said === undefined) return {};
  if (typeof said === 'string') return readAt(at(key), () => parseOptions(said, key));
  return said as Json;
}
