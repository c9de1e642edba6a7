/** Stand-in until the steps are merged. */
import type { Batch } from '../core/batch.ts';
import { MigrateError } from '../core/errors.ts';
import type { Schema } from '../core/schema.ts';
import type { TransformStep } from '../core/transformSteps.ts';

export async function openSteps(
  _schema: Schema,
  _steps: readonly TransformStep[],
): Promise<(batch: Batch) => Batch | Promise<Batch>> {
  throw new MigrateError('E_USAGE', 'no steps yet');
}

export async function planSteps(schema: Schema, _steps: readonly TransformStep[], _where: string): Promise<Schema> {
  return schema;
}
