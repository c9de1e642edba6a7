/** The table of casts: one value of a scalar field as a value of another type. */

import { MAX_TEXT_BYTES } from '../../core/checkSchema.ts';
import type { FieldType, ScalarType } from '../../core/schema.ts';
import type { Value } from '../columns.ts';
import type { FromKinds, Outcome } from './outcome.ts';
import { toBool, toFloating, toWhole } from './toNumber.ts';
import { toJson, toVarChar } from './toText.ts';

export type CastTarget = Exclude<ScalarType, 'Array'>;

/** undefined: there is no such cast. */
export function converter(
  from: FieldType,
  to: CastTarget,
  maxLength = MAX_TEXT_BYTES,
): ((value: Value) => Outcome) | undefined {
  const kind = kindOf(from);
  // An array's text is JSON; nothing else can be made of it.
  if (kind === undefined || (from === 'Array' && to !== 'JSON')) return undefined;
  return fromKinds(to, maxLength, from === 'Float')[kind] as (value: Value) => Outcome;
}

function fromKinds(to: CastTarget, maxLength: number, single: boolean): FromKinds {
  switch (to) {
    case 'Bool':
      return toBool();
    case 'Int8':
    case 'Int16':
    case 'Int32':
    case 'Int64':
      return toWhole(to);
    case 'Float':
    case 'Double':
      return toFloating(to);
    case 'VarChar':
      return toVarChar(maxLength, single);
    case 'JSON':
      return toJson(single);
  }
}

function kindOf(type: FieldType): keyof FromKinds | undefined {
  switch (type) {
    case 'Bool':
      return 'bool';
    case 'Int8':
    case 'Int16':
    case 'Int32':
    case 'Int64':
      return 'whole';
    case 'Float':
    case 'Double':
      return 'number';
    case 'VarChar':
      return 'text';
    case 'JSON':
    case 'Array':
      return 'json';
    case 'FloatVector':
    case 'BinaryVector':
      return undefined;
  }
}
