/** Vectors divided by their length. */
import type { Column } from '../core/batch.ts';
import type { Field, Schema } from '../core/schema.ts';
import type { TransformStep } from '../core/transformSteps.ts';
import { fieldNamed, type StepPlace, stepError } from './place.ts';
import type { Step, Work } from './work.ts';

type Normalise = Extract<TransformStep, { kind: 'normalise' }>;

export const normalise = {
  plan(schema: Schema, step: Normalise, place: StepPlace): Schema {
    floatVector(schema, step, place);
    return schema;
  },
  open(schema: Schema, step: Normalise, place: StepPlace): Step {
    const field = floatVector(schema, step, place);
    return (work) => work.replace(field.name, normalised(work, field));
  },
};

function floatVector(schema: Schema, step: Normalise, place: StepPlace): Field {
  const field = fieldNamed(schema, step.field, place);
  if (field.type === 'FloatVector') return field;
  throw stepError(place, 'normalises a field that is no FloatVector', {
    field: field.name,
    found: field.type,
    wanted: `one of ${schema.fields
      .filter(({ type }) => type === 'FloatVector')
      .map(({ name }) => name)
      .join(', ')}`,
  });
}

/** Squares of float32 neither overflow nor vanish in a double; each quotient is rounded once. */
function normalised(work: Work, { name, dim }: Field): Column {
  const column = work.column(name);
  const from = new Float32Array(column.bytes.buffer, column.bytes.byteOffset, work.rows * dim);
  const to = new Float32Array(from.length);
  for (let row = 0; row < work.rows; row++) {
    if (!work.isHere(row) || column.nulls?.[row]) continue;
    const start = row * dim;
    let squares = 0;
    for (let at = start; at < start + dim; at++) squares += from[at]! * from[at]!;
    const length = Math.sqrt(squares);
    if (length === 0) work.refuse(row, `${name}: found a vector of length 0, wanted one that has a direction`);
    else if (!Number.isFinite(length)) work.refuse(row, `${name}: found NaN or infinity, wanted finite numbers`);
    else for (let at = start; at < start + dim; at++) to[at] = from[at]! / length;
  }
  return { ...column, bytes: new Uint8Array(to.buffer) };
}
