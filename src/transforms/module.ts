/** The user's own function on batches (docs/transforms.md, «module»). */
import { checkSchema } from '../core/checkSchema.ts';
import { MigrateError, messageOf } from '../core/errors.ts';
import { primaryKeyOf, type Schema } from '../core/schema.ts';
import type { TransformStep } from '../core/transformSteps.ts';
import { loadUserModule } from '../core/userModule.ts';
import type { TransformContext, TransformModule } from './module/api.ts';
import { viewOf } from './module/view.ts';
import { type StepPlace, stepError } from './place.ts';
import type { Step } from './work.ts';

type UserStep = Extract<TransformStep, { kind: 'module' }>;

export const userModule = {
  async plan(schema: Schema, step: UserStep, place: StepPlace): Promise<Schema> {
    return schemaAfter(schema, step, { place, module: await load(step, place) });
  },

  async open(schema: Schema, step: UserStep, place: StepPlace): Promise<Step> {
    const module = await load(step, place);
    const after = await schemaAfter(schema, step, { place, module });
    const context = contextOf(step);
    return async (work) => {
      // The module sees only rows that still count.
      work.settle();
      const view = viewOf(work, schema, after);
      try {
        const given: unknown = await module.transform(view, context);
        if (given !== undefined && given !== view)
          throw new TypeError('it gives something back: a batch is changed by set, leaveOut and refuse');
        work.columns = view.columns();
      } catch (thrown) {
        throw failed(step, { place, thrown, what: `failed on rows of ${work.origin}` });
      }
    };
  },
};

function contextOf({ options }: UserStep): TransformContext {
  return { options };
}

/** @throws MigrateError E_CONFIG without the exports that it must have */
async function load(step: UserStep, place: StepPlace): Promise<TransformModule> {
  const { exports } = await loadUserModule(step.path);
  const module = fromExports(exports);
  if (typeof module.transform !== 'function')
    throw stepError(place, 'names a module without the function', {
      at: { file: step.path },
      found: `exports ${Object.keys(exports).join(', ') || 'nothing'}`,
      wanted: 'export default function (batch, context), or export function transform(batch, context)',
    });
  if (module.schema !== undefined && typeof module.schema !== 'function')
    throw stepError(place, 'names a module whose schema is no function', {
      at: { file: step.path },
      found: typeof module.schema,
      wanted: 'export function schema(schema, context), which gives the schema that comes out',
    });
  return module as TransformModule;
}

/** Named exports, or those of a default export that is an object (as a CommonJS module's is). */
function fromExports(exports: Readonly<Record<string, unknown>>): { transform?: unknown; schema?: unknown } {
  const { default: main } = exports;
  const inside: { transform?: unknown; schema?: unknown } = typeof main === 'object' && main !== null ? main : {};
  const named = exports.transform ?? inside.transform;
  return {
    transform: typeof main === 'function' ? main : named,
    schema: exports.schema ?? inside.schema,
  };
}

interface Planning {
  readonly place: StepPlace;
  readonly module: TransformModule;
}

async function schemaAfter(schema: Schema, step: UserStep, { place, module }: Planning): Promise<Schema> {
  if (module.schema === undefined) return schema;
  const at = { file: step.path };
  let given: unknown;
  try {
    given = await module.schema(structuredClone(schema), contextOf(step));
  } catch (thrown) {
    throw failed(step, { place, thrown, what: 'has a module whose schema function failed' });
  }
  const after = checkSchema(given, (problem, details) =>
    stepError(place, `has a module whose schema ${problem}`, { ...details, at }),
  );
  const [old, now] = [primaryKeyOf(schema), primaryKeyOf(after)];
  if (old.name !== now.name || old.type !== now.type)
    throw stepError(place, 'has a module that changes the primary key', {
      at,
      field: old.name,
      found: `${now.name} (${now.type})`,
      wanted: `${old.name} (${old.type})`,
      hint: 'steps of kind rename and cast may change it',
    });
  return after;
}

function failed(
  step: UserStep,
  { place, thrown, what }: { readonly place: StepPlace; readonly thrown: unknown; readonly what: string },
): MigrateError {
  if (thrown instanceof MigrateError) return thrown;
  const at = placeInside(thrown, step.path);
  return stepError(place, what, {
    at: { file: step.path },
    found: messageOf(thrown),
    cause: thrown,
    ...(at === undefined ? {} : { hint: `it was thrown at ${at}` }),
  });
}

/** `file:line:column` of the user's own code in the stack. */
function placeInside(thrown: unknown, path: string): string | undefined {
  if (!(thrown instanceof Error) || thrown.stack === undefined) return undefined;
  const name = path.split(/[\\/]/).at(-1)!;
  const line = thrown.stack.split('\n').find((text) => text.includes(`/${name}:`));
  return /([^/\\]+:\d+:\d+)\)?$/.exec(line ?? '')?.[1];
}
