/** Which fields go over, and under which names: select, drop, rename. */
import type { Field, Schema } from '../core/schema.ts';
import type { TransformStep } from '../core/transformSteps.ts';
import { checkNewName, fieldNamed, type StepPlace, stepError } from './place.ts';
import { replaced, withFields } from './schemas.ts';
import type { Step, Work } from './work.ts';

type Select = Extract<TransformStep, { kind: 'select' }>;
type Drop = Extract<TransformStep, { kind: 'drop' }>;
type Rename = Extract<TransformStep, { kind: 'rename' }>;

export const select = {
  plan(schema: Schema, step: Select, place: StepPlace): Schema {
    const wanted = new Set(step.fields.map((name) => fieldNamed(schema, name, place).name));
    return keeping(schema, (field) => field.primaryKey || wanted.has(field.name), place);
  },
  open: (schema: Schema, step: Select, place: StepPlace): Step => keepColumns(select.plan(schema, step, place)),
};

export const drop = {
  plan(schema: Schema, step: Drop, place: StepPlace): Schema {
    const gone = new Set(step.fields.map((name) => fieldNamed(schema, name, place).name));
    const key = schema.fields.find((field) => field.primaryKey && gone.has(field.name));
    if (key !== undefined)
      throw stepError(place, 'drops the primary key', {
        field: key.name,
        found: key.name,
        wanted: 'any field but the primary key',
      });
    return keeping(schema, ({ name }) => !gone.has(name), place);
  },
  open: (schema: Schema, step: Drop, place: StepPlace): Step => keepColumns(drop.plan(schema, step, place)),
};

export const rename = {
  plan(schema: Schema, { from, to }: Rename, place: StepPlace): Schema {
    const field = fieldNamed(schema, from, place);
    if (field.dynamic === true)
      throw stepError(place, 'renames the dynamic field', {
        field: from,
        found: from,
        wanted: 'a field that is declared',
        hint: 'Milvus gives the dynamic field its name; it can be dropped',
      });
    if (from === to) return schema;
    checkNewName(schema, to, place);
    return replaced(schema, from, { ...field, name: to });
  },
  open:
    (_: Schema, { from, to }: Rename): Step =>
    (work) =>
      work.replace(from, { ...work.column(from), field: to }),
};

function keeping(schema: Schema, keep: (field: Field) => boolean, place: StepPlace): Schema {
  const fields = schema.fields.filter(keep);
  if (!fields.some(({ dim }) => dim > 0))
    throw stepError(place, 'leaves no vector', {
      found: fields.map(({ name }) => name).join(', '),
      wanted: `at least one of ${vectorNames(schema).join(', ')}`,
      hint: 'a collection of Milvus has at least one vector field',
    });
  return withFields(schema, fields);
}

function vectorNames(schema: Schema): readonly string[] {
  return schema.fields.filter(({ dim }) => dim > 0).map(({ name }) => name);
}

function keepColumns(after: Schema): Step {
  return (work: Work) => {
    work.columns = after.fields.map(({ name }) => work.column(name));
  };
}
