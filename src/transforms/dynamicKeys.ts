/**
 * The last step of all, where there is a dynamic field: a key of it that is the name of a field. Milvus would show one of
 * the two, and which depends on who asks. A source sees to the names that it gives itself; steps give others.
 */
import { isNull } from '../core/batch.ts';
import type { Schema } from '../core/schema.ts';
import type { TransformStep } from '../core/transformSteps.ts';
import { readTexts } from './columns.ts';
import type { Step } from './work.ts';

interface Schemas {
  readonly before: Schema;
  readonly after: Schema;
}

/** undefined: the steps can't have made such a row. */
export function refuseTakenKeys(steps: readonly TransformStep[], { before, after }: Schemas): Step | undefined {
  const dynamic = after.fields.find((field) => field.dynamic === true);
  if (dynamic === undefined) return undefined;
  // A module may have put anything into the dynamic field.
  const known = steps.some(({ kind }) => kind === 'module') ? [] : before.fields.map(({ name }) => name);
  const added = after.fields.map(({ name }) => name).filter((name) => !known.includes(name));
  if (added.length === 0) return undefined;
  return (work) => {
    const column = work.column(dynamic.name);
    const textOf = readTexts(column);
    for (let row = 0; row < work.rows; row++) {
      if (!work.isHere(row) || isNull(column, row)) continue;
      const taken = takenKey(textOf(row), added);
      if (taken !== undefined)
        work.refuse(
          row,
          `${dynamic.name}: found a key ${taken}, wanted no key that is the name of a field in Milvus; choose another name`,
        );
    }
  };
}

function takenKey(text: string, names: readonly string[]): string | undefined {
  // Few have it anywhere; with an escape a name can be written in many ways.
  if (!text.includes('\\') && !names.some((name) => text.includes(name))) return undefined;
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? names.find((name) => Object.hasOwn(value, name)) : undefined;
}
