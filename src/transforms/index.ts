/**
 * The steps between source and encoder, by kind. A new one is one file and one entry here.
 *
 * `plan` says on the main thread what a step makes of a schema, and refuses what can't be; `open` makes the function that
 * does it to batches, in a worker. Both get the schema before the step.
 */
import type { Batch } from '../core/batch.ts';
import type { Schema } from '../core/schema.ts';
import type { TransformStep } from '../core/transformSteps.ts';
import { cast } from './cast.ts';
import { constant } from './constant.ts';
import { refuseTakenKeys } from './dynamicKeys.ts';
import { drop, rename, select } from './fields.ts';
import { filter } from './filter.ts';
import { userModule } from './module.ts';
import { normalise } from './normalise.ts';
import { type StepPlace, stepError } from './place.ts';
import { type Step, Work } from './work.ts';

interface StepKind<S> {
  /** The schema after the step. @throws MigrateError E_CONFIG */
  plan(schema: Schema, step: S, place: StepPlace): Schema | Promise<Schema>;
  open(schema: Schema, step: S, place: StepPlace): Step | Promise<Step>;
}

type Kinds = { readonly [K in TransformStep['kind']]: StepKind<Extract<TransformStep, { kind: K }>> };

const STEPS: Kinds = { select, drop, rename, cast, constant, filter, normalise, module: userModule };

/** Rows through all steps. A batch must be given back before the next is asked for: its slab is written to. */
export type Transform = (batch: Batch) => Batch | Promise<Batch>;

/**
 * The schema after all steps.
 * @param where whose rows they are, for messages: «collection books»
 * @throws MigrateError E_CONFIG that names the step by its number, the field, what was found and what was wanted
 */
export async function planSteps(schema: Schema, steps: readonly TransformStep[], where: string): Promise<Schema> {
  let after = schema;
  for (const [index, step] of steps.entries()) {
    const place = { where, number: index + 1, kind: step.kind };
    after = await kindOf(step, place).plan(after, step, place);
  }
  return after;
}

/**
 * What does the steps to batches of `schema`. Rows keep their order; what is left out by filters is added to `filtered`,
 * rows that can't go on are appended to `refused`, whole and as the source has them, and `changes` counts what is not
 * carried over exactly. A row with a key in the dynamic field that is the name of a field afterwards can't go on. The same
 * rows give the same, wherever batches begin and end.
 *
 * It writes into the batch's slab where rows are taken out; columns that it makes lie outside of it.
 */
export async function openSteps(schema: Schema, steps: readonly TransformStep[]): Promise<Transform> {
  const opened: Step[] = [];
  let before = schema;
  for (const [index, step] of steps.entries()) {
    const place = { where: undefined, number: index + 1, kind: step.kind };
    const kind = kindOf(step, place);
    opened.push(await kind.open(before, step, place));
    before = await kind.plan(before, step, place);
  }
  if (opened.length === 0) return (batch) => batch;
  const last = refuseTakenKeys(steps, { before: schema, after: before });
  if (last !== undefined) opened.push(last);
  return (batch) => runFrom(opened, 0, new Work(batch, schema));
}

/** Without a promise as long as no step gives one: most don't, and batches are many. */
function runFrom(steps: readonly Step[], first: number, work: Work): Batch | Promise<Batch> {
  for (let index = first; index < steps.length; index++) {
    const pending = steps[index]!(work);
    if (pending !== undefined) return pending.then(() => runFrom(steps, index + 1, work));
  }
  return work.finish();
}

function kindOf(step: TransformStep, place: StepPlace): StepKind<TransformStep> {
  // The entry of a kind takes the step of that kind: TypeScript does not follow the pair through a union.
  if (Object.hasOwn(STEPS, step.kind)) return STEPS[step.kind] as StepKind<TransformStep>;
  throw stepError(place, 'is of a kind that there is not', {
    found: String(step.kind),
    wanted: Object.keys(STEPS).join(', '),
  });
}
