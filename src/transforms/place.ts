/** Where a step stands, and errors about it: all are E_CONFIG and name the step by its number, as the user wrote it. */
import { MAX_TEXT_BYTES } from '../core/checkSchema.ts';
import { type ErrorDetails, MigrateError } from '../core/errors.ts';
import { nearestWord } from '../core/nearest.ts';
import type { Field, Schema } from '../core/schema.ts';

export interface StepPlace {
  /** Whose rows they are («collection books»); undefined: rows on their way, which say where they are from. */
  readonly where: string | undefined;
  /** One-based. */
  readonly number: number;
  readonly kind: string;
}

/** @param problem what is wrong, as the end of a sentence that begins with the step */
export function stepError(
  place: StepPlace,
  problem: string,
  { at, ...details }: ErrorDetails & { readonly field?: string } = {},
): MigrateError {
  const { field, ...rest } = details;
  const { where, number, kind } = place;
  const step = `step ${number} (${kind})${where === undefined ? '' : ` for ${where}`}`;
  return new MigrateError('E_CONFIG', `${step} ${problem}`, {
    ...rest,
    at: { ...(field === undefined ? {} : { field }), ...at },
  });
}

/** The field of that name. @throws MigrateError E_CONFIG with the nearest name */
export function fieldNamed(schema: Schema, name: string, place: StepPlace): Field {
  const found = schema.fields.find((field) => field.name === name);
  if (found !== undefined) return found;
  throw stepError(place, 'names a field that is not there', {
    field: name,
    found: name,
    wanted: `one of ${schema.fields.map((field) => field.name).join(', ')}`,
    ...meant(name, schema),
  });
}

/** The hint for a word that is no field. */
export function meant(word: string, schema: Schema): { readonly hint?: string } {
  const nearest = nearestWord(
    word,
    schema.fields.map(({ name }) => name),
  );
  return nearest === undefined ? {} : { hint: `did you mean ${nearest}?` };
}

const MAX_NAME_LENGTH = 255;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A name for a new field: one that Milvus takes, and that no other field bears. @throws MigrateError E_CONFIG */
export function checkNewName(schema: Schema, name: string, place: StepPlace): void {
  if (!NAME.test(name) || name.length > MAX_NAME_LENGTH)
    throw stepError(place, 'gives a field a name that Milvus does not take', {
      field: name,
      found: JSON.stringify(name),
      wanted: `letters, digits and _, no digit first, at most ${MAX_NAME_LENGTH}`,
    });
  if (schema.fields.some((field) => field.name === name))
    throw stepError(place, 'gives a field the name of another one', {
      field: name,
      found: `${name} is there already`,
      wanted: `a name besides ${schema.fields.map((field) => field.name).join(', ')}`,
      hint: 'drop or rename the other field in a step before this one',
    });
}

/** @throws MigrateError E_CONFIG for a length that Milvus does not take, or that is given for another type */
export function checkMaxLength(
  { field, type, maxLength }: { readonly field: string; readonly type: string; readonly maxLength: number | undefined },
  place: StepPlace,
): void {
  if (maxLength === undefined) return;
  if (type !== 'VarChar')
    throw stepError(place, 'has a length for a type without one', {
      field,
      found: `maxLength ${maxLength} for ${type}`,
      wanted: 'maxLength for VarChar only',
    });
  if (!Number.isInteger(maxLength) || maxLength < 1 || maxLength > MAX_TEXT_BYTES)
    throw stepError(place, 'has a length that Milvus does not take', {
      field,
      found: String(maxLength),
      wanted: `1 to ${MAX_TEXT_BYTES} bytes`,
    });
}
