/**
 * The language of filters: CEL (cel.dev), by the library cel-js, which interprets it and evaluates no code. Here stands what
 * a schema's fields are in it.
 *
 *     Bool → bool, Int* → int (64 bits), Float and Double → double, VarChar → string, Array → list, JSON → dyn
 *
 * A field that may have no value is checked as its type, with `== null` besides, and evaluated as dyn. Vectors are not in it.
 */
import { Environment } from '@marcbachmann/cel-js';
import type { Field, FieldType, Schema } from '../../core/schema.ts';

/** The map that holds the fields whose names are words of the language, and the dynamic field: `row["type"]`. */
export const ROW = 'row';

/** What the parser reads before it looks for a name. */
const LITERALS = new Set(['true', 'false', 'null', 'in']);

export interface Language {
  /** For plan time: every type as it is declared. */
  readonly strict: Environment;
  /** For rows, some of which have no value. */
  readonly lenient: Environment;
  /** Fields that are variables. */
  readonly variables: ReadonlyMap<string, Field>;
  /** Fields in `row`. */
  readonly inRow: ReadonlyMap<string, Field>;
}

export function languageOf(schema: Schema): Language {
  const strict = environment();
  const lenient = environment();
  const variables = new Map<string, Field>();
  const inRow = new Map<string, Field>();
  for (const field of schema.fields) {
    if (field.dim > 0) continue;
    const type = celType(field.type, field.element);
    if (declare(strict, field.name, type)) {
      declare(lenient, field.name, field.nullable === true ? 'dyn' : type);
      variables.set(field.name, field);
    } else inRow.set(field.name, field);
  }
  // A field of that name comes first; those of `row` must be renamed then.
  if (inRow.size > 0 && !variables.has(ROW)) for (const one of [strict, lenient]) one.registerVariable(ROW, 'map');
  return { strict, lenient, variables, inRow };
}

/** `price == 2` and `price == null` are what people write: CEL itself compares only equal types for equality. */
function environment(): Environment {
  const made = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false });
  made.registerOperator('double == int', (a: number, b: bigint) => equal(a, b));
  for (const type of ['bool', 'int', 'double', 'string', 'list'])
    made.registerOperator(`${type} == null`, (a: unknown, b: unknown) => a === b);
  return made;
}

/** As numbers, exactly: 2^53 + 1 is no double. */
function equal(a: number, b: bigint): boolean {
  // biome-ignore lint/suspicious/noDoubleEquals: between a number and a bigint it is the exact comparison
  return (a as unknown) == b;
}

/** False: the language keeps that name for itself. */
function declare(to: Environment, name: string, type: string): boolean {
  if (LITERALS.has(name) || !/^[A-Za-z_]\w*$/.test(name)) return false;
  try {
    to.registerVariable(name, type);
    return true;
  } catch {
    // The one reason left: the name is reserved, or that of a type (`type`, `map`, …).
    return false;
  }
}

function celType(type: FieldType, element: Field['element']): string {
  switch (type) {
    case 'Bool':
      return 'bool';
    case 'Int8':
    case 'Int16':
    case 'Int32':
    case 'Int64':
      return 'int';
    case 'Float':
    case 'Double':
      return 'double';
    case 'VarChar':
      return 'string';
    case 'Array':
      return element === undefined ? 'list' : `list<${celType(element, undefined)}>`;
    default:
      return 'dyn';
  }
}
