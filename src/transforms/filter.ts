/**
 * Only rows for which an expression is true (docs/transforms.md, «filter»).
 *
 * A row where it is false, or where it has no value because something that it asks about is not there, is left out and
 * counted. A row where it fails otherwise (a division by zero, a JSON of another type) is refused with the reason.
 */
import { isNull } from '../core/batch.ts';
import { messageOf } from '../core/errors.ts';
import type { Field, Schema } from '../core/schema.ts';
import type { TransformStep } from '../core/transformSteps.ts';
import { readTexts, readValues } from './columns.ts';
import { isAbsence, shortMessage } from './filter/absent.ts';
import { readJson } from './filter/json.ts';
import { type Language, languageOf, ROW } from './filter/language.ts';
import { type UsedNames, usedNames } from './filter/names.ts';
import { meant, type StepPlace, stepError } from './place.ts';
import type { Step, Work } from './work.ts';

type Filter = Extract<TransformStep, { kind: 'filter' }>;

export const filter = {
  plan(schema: Schema, { expression }: Filter, place: StepPlace): Schema {
    const language = languageOf(schema);
    const names = parsed(language, expression, { schema, place });
    checkNames(language, names, { schema, place });
    const { valid, type, error } = language.strict.check(expression);
    checkKnown(error?.message ?? '', { schema, place });
    if (!valid)
      throw stepError(place, 'has an expression that does not fit the fields', {
        found: error?.message ?? expression,
        wanted: typesOf(language, names),
      });
    if (type !== 'bool' && type !== 'dyn')
      throw stepError(place, 'has an expression that is neither true nor false', {
        found: `${expression} is a ${type}`,
        wanted: 'a comparison, or several with && and ||',
      });
    return schema;
  },

  open(schema: Schema, { expression }: Filter, place: StepPlace): Step {
    const language = languageOf(schema);
    const names = parsed(language, expression, { schema, place });
    const evaluate = language.lenient.parse(expression);
    return (work) => filterRows(work, { evaluate, expression, ...usedFields(language, names) });
  },
};

interface Context {
  readonly schema: Schema;
  readonly place: StepPlace;
}

function parsed(language: Language, expression: string, { schema, place }: Context): UsedNames {
  try {
    return usedNames(language.strict.parse(expression).ast);
  } catch (thrown) {
    throw stepError(place, 'has an expression that can not be read', {
      found: messageOf(thrown),
      wanted: 'an expression of CEL over the fields, such as price > 3 && title != ""',
      ...keptName(expression, language, schema),
    });
  }
}

/** A field whose name is a word of the language is the likely reason. */
function keptName(expression: string, { inRow }: Language, schema: Schema): { readonly hint?: string } {
  for (const name of inRow.keys())
    if (new RegExp(`(?<![\\w"'])${name.replace('$', '\\$')}\\b`).test(expression))
      return { hint: asInRow(name, schema) };
  return {};
}

function asInRow(name: string, schema: Schema): string {
  return schema.fields.some((field) => field.name === ROW)
    ? `${name} is a word of the language: rename the field in a step before this one`
    : `the field ${name} is written row["${name}"] here`;
}

function checkNames({ variables, inRow }: Language, used: UsedNames, { schema, place }: Context): void {
  const wanted = [...variables.keys(), ...[...inRow.keys()].map((name) => `row["${name}"]`)].join(', ');
  const kept = [...used.variables].find((name) => inRow.has(name));
  if (kept !== undefined)
    throw stepError(place, 'uses a word of the language as a field', {
      field: kept,
      found: kept,
      wanted,
      hint: asInRow(kept, schema),
    });
  if (variables.has(ROW)) return;
  const strange = [...used.inRow].find((name) => !inRow.has(name));
  if (strange !== undefined)
    throw stepError(place, 'names a field that is not there', {
      field: strange,
      found: `row["${strange}"]`,
      wanted,
      ...(variables.has(strange) ? { hint: `write ${strange}` } : meant(strange, schema)),
    });
  if (used.wholeRow && inRow.size > 0) throw stepError(place, 'uses the row as a whole', { found: ROW, wanted });
}

/** @param message of the library, for an expression that does not fit */
function checkKnown(message: string, { schema, place }: Context): void {
  const [, name] = /^Unknown variable: (\S+)/.exec(message) ?? [];
  if (name === undefined) return;
  const scalars = { ...schema, fields: schema.fields.filter(({ dim }) => dim === 0) };
  const vector = schema.fields.some((field) => field.name === name);
  throw stepError(place, vector ? 'asks about a vector' : 'names a field that is not there', {
    field: name,
    found: name,
    wanted: `one of ${scalars.fields.map((field) => field.name).join(', ')}`,
    ...meant(name, scalars),
  });
}

function typesOf({ variables, inRow }: Language, used: UsedNames): string {
  const fields = [...variables, ...inRow].map(([, field]) => field);
  const known = fields.filter(({ name }) => used.variables.has(name) || used.inRow.has(name));
  return `for fields ${(known.length > 0 ? known : fields).map(({ name, type }) => `${name} (${type})`).join(', ')}`;
}

interface Filtering {
  readonly evaluate: (context: Record<string, unknown>) => unknown;
  readonly expression: string;
  readonly variables: readonly Field[];
  readonly inRow: readonly Field[];
}

function usedFields({ variables, inRow }: Language, used: UsedNames): Pick<Filtering, 'variables' | 'inRow'> {
  return {
    variables: [...variables.values()].filter(({ name }) => used.variables.has(name)),
    inRow: [...inRow.values()].filter(({ name }) => used.inRow.has(name)),
  };
}

/** An answer that is not there comes as an error, in one row of many: without its stack it costs a quarter. */
function filterRows(work: Work, filtering: Filtering): void {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    askRows(work, filtering);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function askRows(work: Work, { evaluate, expression, variables, inRow }: Filtering): void {
  const readers = variables.map((field) => [field.name, valueReader(work, field)] as const);
  const rowReaders = inRow.map((field) => [field.name, valueReader(work, field)] as const);
  const context: Record<string, unknown> = {};
  const read = (row: number): Record<string, unknown> => {
    for (const [name, value] of readers) context[name] = value(row);
    if (rowReaders.length > 0) context[ROW] = new Map(rowReaders.map(([name, value]) => [name, value(row)]));
    return context;
  };
  for (let row = 0; row < work.rows; row++) {
    if (!work.isHere(row)) continue;
    try {
      const answer = evaluate(read(row));
      if (answer === false || answer === null) work.leaveOut(row);
      else if (answer !== true) work.refuse(row, `${expression}: found a ${typeof answer}, wanted true or false`);
    } catch (thrown) {
      if (isAbsence(thrown)) work.leaveOut(row);
      else work.refuse(row, `${expression}: ${shortMessage(thrown)}`);
    }
  }
}

/** A field's values as the language has them; null where a row has none. */
function valueReader(work: Work, field: Field): (row: number) => unknown {
  const column = work.column(field.name);
  const isText = field.type === 'JSON' || field.type === 'Array';
  const text = isText ? readTexts(column) : undefined;
  const value = text === undefined ? readValues(field, column) : (row: number) => readJson(text(row), field.element);
  return column.nulls === undefined ? value : (row) => (isNull(column, row) ? null : value(row));
}
