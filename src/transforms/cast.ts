/** Another type for a field, each value checked. */
import { isNull } from '../core/batch.ts';
import { MAX_TEXT_BYTES } from '../core/checkSchema.ts';
import type { Field, Schema } from '../core/schema.ts';
import type { TransformStep } from '../core/transformSteps.ts';
import { type CastTarget, converter } from './cast/convert.ts';
import { Lossy, Misfit, NO_VALUE } from './cast/outcome.ts';
import { readValues, type Value, writeColumn } from './columns.ts';
import { checkMaxLength, fieldNamed, type StepPlace, stepError } from './place.ts';
import { replaced } from './schemas.ts';
import type { Step, Work } from './work.ts';

type Cast = Extract<TransformStep, { kind: 'cast' }>;

export const CAST_TARGETS: readonly CastTarget[] = [
  'Bool',
  'Int8',
  'Int16',
  'Int32',
  'Int64',
  'Float',
  'Double',
  'VarChar',
  'JSON',
];

export const cast = {
  plan(schema: Schema, step: Cast, place: StepPlace): Schema {
    const field = fieldNamed(schema, step.field, place);
    checkCast(field, step, place);
    return replaced(schema, field.name, castField(field, step));
  },

  open(schema: Schema, step: Cast, place: StepPlace): Step {
    const field = fieldNamed(schema, step.field, place);
    const convert = converter(field.type, step.to, step.maxLength);
    if (convert === undefined) throw new TypeError(`no cast of ${field.name} from ${field.type} to ${step.to}`);
    // Keys that are less exact could be equal.
    const countLoss = step.onLoss === 'count' && !field.primaryKey;
    return (work) => castColumn(work, { field, convert, countLoss, to: step.to });
  },
};

function checkCast(field: Field, step: Cast, place: StepPlace): void {
  const at = { field: field.name };
  const found = `${field.name} is a ${field.type}`;
  if (!CAST_TARGETS.includes(step.to))
    throw stepError(place, 'casts to a type that there is not', {
      ...at,
      found: String(step.to),
      wanted: CAST_TARGETS.join(', '),
    });
  if (field.dim > 0) throw stepError(place, 'casts a vector', { ...at, found, wanted: 'a scalar field' });
  if (field.dynamic === true)
    throw stepError(place, 'casts the dynamic field', {
      ...at,
      found,
      wanted: 'a field that is declared',
      hint: 'the dynamic field is always JSON; it can be dropped',
    });
  if (field.primaryKey && step.to !== 'Int64' && step.to !== 'VarChar')
    throw stepError(place, 'gives the primary key a type that Milvus does not take for one', {
      ...at,
      found: step.to,
      wanted: 'Int64 or VarChar',
    });
  checkMaxLength({ field: field.name, type: step.to, maxLength: step.maxLength }, place);
  if (converter(field.type, step.to) === undefined)
    throw stepError(place, 'casts between types that have no values in common', {
      ...at,
      found: `${field.type} to ${step.to}`,
      wanted: CAST_TARGETS.filter((to) => converter(field.type, to) !== undefined)
        .map((to) => `${field.type} to ${to}`)
        .join(', '),
    });
}

function castField({ name, primaryKey, nullable }: Field, { to, maxLength }: Cast): Field {
  return {
    name,
    type: to,
    primaryKey,
    dim: 0,
    ...(nullable === undefined ? {} : { nullable }),
    ...(to === 'VarChar' ? { maxLength: maxLength ?? MAX_TEXT_BYTES } : {}),
  };
}

interface Casting {
  readonly field: Field;
  readonly convert: NonNullable<ReturnType<typeof converter>>;
  readonly countLoss: boolean;
  readonly to: CastTarget;
}

function castColumn(work: Work, { field, convert, countLoss, to }: Casting): void {
  const column = work.column(field.name);
  const read = readValues(field, column);
  const written = writeColumn(to, work.rows);
  const nulls = field.nullable === true ? new Uint8Array(work.rows) : undefined;
  const lossName = `${field.name}: ${field.type === 'VarChar' && to === 'VarChar' ? 'text cut' : `less exact as ${to}`}`;
  let losses = 0;
  for (let row = 0; row < work.rows; row++) written.add(castRow(row));
  if (losses > 0) work.change(lossName, losses);
  work.replace(field.name, { field: field.name, ...written.done(), ...(nulls === undefined ? {} : { nulls }) });

  function castRow(row: number): Value | undefined {
    if (!work.isHere(row)) return undefined;
    if (isNull(column, row)) return noValue(row);
    const value = read(row);
    const outcome = convert(value);
    if (outcome === NO_VALUE) return noValue(row);
    if (outcome instanceof Misfit) return refuse(row, value, outcome.wanted);
    if (!(outcome instanceof Lossy)) return outcome;
    if (!countLoss) return refuse(row, value, outcome.wanted);
    losses++;
    return outcome.value;
  }

  function noValue(row: number): undefined {
    if (nulls === undefined) return refuse(row, 'null', `a ${to}: every row has one`);
    nulls[row] = 1;
  }

  function refuse(row: number, value: Value, wanted: string): undefined {
    work.refuse(row, `${field.name}: found ${shown(value, field)}, wanted ${wanted}`);
  }
}

const SHOWN = 60;

/** Short: the row's text has all of it. */
function shown(value: Value, { type }: Field): string {
  const text = type === 'VarChar' ? JSON.stringify(value) : Object.is(value, -0) ? '-0' : String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
