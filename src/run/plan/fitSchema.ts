/** A dataset's schema as the target gets it: names, what its version can't have, the steps on the way, the file format. */
import { DEFAULT_ID_FIELD, DEFAULT_VECTOR_FIELD } from '../../config/defaults.ts';
import type { JobConfig } from '../../config/job.ts';
import type { Dataset, Note } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { FileFormat, PlannedCollection } from '../../core/plan.ts';
import { type Field, primaryKeyOf, type Schema, vectorOf } from '../../core/schema.ts';
import { fitsNpy } from '../../encoders/npy.ts';
import type { TargetAbilities } from './buildPlan.ts';

export interface Fitted {
  readonly schemas: Pick<PlannedCollection, 'schema' | 'sourceSchema' | 'steps' | 'format'>;
  readonly notes: readonly Note[];
}

/** @throws MigrateError E_CONFIG where a step does not fit the fields, or the format not the schema */
export async function fitSchema(
  dataset: Dataset,
  config: JobConfig,
  facts: TargetAbilities | undefined,
): Promise<Fitted> {
  refuseOtherNames(dataset, config);
  const named = withNames(dataset, config);
  refuseSameNames(dataset, named);
  const source = wantsDefaults(config) || facts?.nullable === false ? withoutNulls(named) : named;
  const steps = config.transforms;
  const schema =
    steps.length === 0
      ? source
      : await (await import('../../transforms/index.ts')).planSteps(source, steps, `collection ${dataset.name}`);
  const format = formatFor(schema, config.format, facts);
  return {
    schemas: {
      schema,
      ...(steps.length === 0 ? {} : { sourceSchema: source, steps }),
      ...(format === 'npy' ? {} : { format }),
    },
    notes: [...(wantsDefaults(config) ? [] : nullNotes(named, source, facts)), ...fieldNotes(schema, facts)],
  };
}

/** Whether the user wants a default for a missing value, whatever the target could have. */
function wantsDefaults({ source }: JobConfig): boolean {
  return source.kind === 'elasticsearch' && source.choices.missing === 'default';
}

function withNames({ schema, ownNames }: Dataset, { idField, vectorField }: JobConfig): Schema {
  const vector = vectorOf(schema);
  const nameOf = (field: Field): string => {
    if (field.primaryKey) return ownNames === true && idField === DEFAULT_ID_FIELD ? field.name : idField;
    if (ownNames !== true) return vectorField;
    return field === vector && vectorField !== DEFAULT_VECTOR_FIELD ? vectorField : field.name;
  };
  return { ...schema, fields: schema.fields.map((field) => ({ ...field, name: nameOf(field) })) };
}

/** A reader of the user's own gives its rows by its own names; a step gives them others. */
function refuseOtherNames({ name: collection, schema }: Dataset, { source, idField, vectorField }: JobConfig): void {
  if (source.kind !== 'plugin') return;
  const given = [
    { flag: '--id-field', to: idField, unless: DEFAULT_ID_FIELD, from: primaryKeyOf(schema).name },
    { flag: '--vector-field', to: vectorField, unless: DEFAULT_VECTOR_FIELD, from: vectorOf(schema).name },
  ];
  for (const { flag, to, unless, from } of given)
    if (to !== unless && to !== from)
      throw new MigrateError('E_USAGE', `${flag} does not go with a source of your own`, {
        at: { collection },
        found: to,
        wanted: `--rename ${from}=${to}`,
      });
}

/** A field is a column of its own, and as NumPy a file: `--id-field data` would take that of the vectors. */
function refuseSameNames({ name: collection, schema }: Dataset, named: Schema): void {
  const taken = new Map<string, string>();
  for (const [index, { name }] of named.fields.entries()) {
    const own = schema.fields[index]!.name;
    const other = taken.get(name);
    if (other !== undefined)
      throw new MigrateError('E_USAGE', 'two fields would get the same name', {
        at: { collection, field: name },
        found: `${other} and ${own} both become ${name}`,
        wanted: 'a name for each',
        hint: 'give another one with --id-field or --vector-field',
      });
    taken.set(name, own);
  }
}

function withoutNulls(schema: Schema): Schema {
  return { ...schema, fields: schema.fields.map(({ nullable: _, ...field }) => field) };
}

function nullNotes(named: Schema, fitted: Schema, facts: TargetAbilities | undefined): Note[] {
  if (facts === undefined || fitted === named || !named.fields.some(({ nullable }) => nullable === true)) return [];
  return [
    {
      kind: 'info',
      text: `${facts.product} ${facts.version} has no nulls: a row without a value is rejected, or gets a default (--missing)`,
    },
  ];
}

/** `proxy.maxFieldNum` as a Milvus comes with it (2.3.5), which it does not tell; the dynamic field is not counted. */
const USUAL_FIELDS = 64;

/** Whether it takes more of them shows when the collection is created, before any row moves. */
function fieldNotes({ fields }: Schema, facts: TargetAbilities | undefined): Note[] {
  const count = fields.filter(({ dynamic }) => dynamic !== true).length;
  if (facts === undefined || facts.product !== 'Milvus' || count <= USUAL_FIELDS) return [];
  return [
    {
      kind: 'info',
      text: `${count} fields: a Milvus takes ${USUAL_FIELDS} unless its proxy.maxFieldNum says otherwise; --fields, --select and --drop leave some out`,
    },
  ];
}

/** NumPy where every value has a fixed width; else what the target's import takes best, Parquet where there is none. */
function formatFor(schema: Schema, wanted: FileFormat | undefined, facts: TargetAbilities | undefined): FileFormat {
  const fits = fitsNpy(schema);
  if (wanted === 'npy' && !fits)
    throw new MigrateError('E_CONFIG', 'rows of this schema can not be NumPy files', {
      found: schema.fields
        .filter((field) => !fitsNpy({ ...schema, fields: [field] }))
        .map(({ name, type, nullable }) => `${name} ${type}${nullable === true ? ' (may be null)' : ''}`)
        .join(', '),
      wanted: '--format parquet or json',
    });
  return wanted ?? (fits ? 'npy' : (facts?.documentFormat ?? 'parquet'));
}
