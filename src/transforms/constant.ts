/** A new field with the same value in every row. */
import { MAX_JSON_BYTES, MAX_TEXT_BYTES } from '../core/checkSchema.ts';
import type { Json } from '../core/contracts.ts';
import type { Field, Schema } from '../core/schema.ts';
import type { TransformStep } from '../core/transformSteps.ts';
import { halfEscape, isWhole } from '../core/wholeText.ts';
import { converter } from './cast/convert.ts';
import { Lossy, Misfit, NO_VALUE } from './cast/outcome.ts';
import { CAST_TARGETS } from './cast.ts';
import { type Value, writeColumn } from './columns.ts';
import { checkMaxLength, checkNewName, type StepPlace, stepError } from './place.ts';
import { withFields } from './schemas.ts';
import type { Step } from './work.ts';

type Constant = Extract<TransformStep, { kind: 'constant' }>;

export const constant = {
  plan(schema: Schema, step: Constant, place: StepPlace): Schema {
    checkNewName(schema, step.field, place);
    if (!CAST_TARGETS.includes(step.type))
      throw stepError(place, 'gives a field a type that there is not', {
        field: step.field,
        found: String(step.type),
        wanted: CAST_TARGETS.join(', '),
      });
    checkMaxLength({ field: step.field, type: step.type, maxLength: step.maxLength }, place);
    constantValue(step, place);
    return withFields(schema, [...schema.fields, fieldOf(step)]);
  },

  open(_: Schema, step: Constant, place: StepPlace): Step {
    const value = constantValue(step, place);
    return (work) => {
      const written = writeColumn(step.type, work.rows);
      for (let row = 0; row < work.rows; row++) written.add(value);
      work.columns = [...work.columns, { field: step.field, ...written.done() }];
    };
  },
};

function fieldOf({ field, type, maxLength }: Constant): Field {
  const length = type === 'VarChar' ? { maxLength: maxLength ?? MAX_TEXT_BYTES } : {};
  return { name: field, type, primaryKey: false, dim: 0, ...length };
}

/** @throws MigrateError E_CONFIG where the type can't hold it exactly; for a Float, a decimal means the nearest one */
function constantValue({ field, type, value, maxLength }: Constant, place: StepPlace): Value {
  const wanted = (what: string) =>
    stepError(place, 'has a value that its type does not hold', {
      field,
      found: JSON.stringify(value) ?? 'nothing',
      wanted: what,
    });
  if (value === null || value === undefined) throw wanted(`a ${type}`);
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && type === 'Int64')
    throw wanted('a whole number beyond 2^53 as text, with all its digits');
  if (type === 'JSON') return constantJson(value, wanted);
  if (typeof value === 'string' && !isWhole(value)) throw wanted('a text of whole characters');
  // A text is meant literally, also for a number: that is how 64 bits are written.
  const literal = typeof value === 'string';
  const outcome = converter(literal ? 'VarChar' : 'JSON', type, maxLength)?.(literal ? value : JSON.stringify(value));
  if (outcome === undefined || outcome === NO_VALUE) throw wanted(`a ${type}`);
  if (outcome instanceof Misfit || outcome instanceof Lossy) throw wanted(outcome.wanted);
  return outcome;
}

function constantJson(value: Json, wanted: (what: string) => Error): string {
  const text = JSON.stringify(value);
  if (halfEscape(text) !== undefined) throw wanted('texts of whole characters');
  if (Buffer.byteLength(text) > MAX_JSON_BYTES) throw wanted(`JSON of at most ${MAX_JSON_BYTES} bytes`);
  return text;
}
