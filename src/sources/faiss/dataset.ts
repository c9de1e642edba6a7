/** A Faiss index as a dataset: name, schema, what is lost, and what a collection of it should be told. */
import { basename } from 'node:path';
import type { FaissSource } from '../../config/job.ts';
import type { Dataset, Note } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { rowBytes, type Schema } from '../../core/schema.ts';
import type { FaissLayout, FaissNode, Recipe } from '../../formats/faiss/model.ts';
import type { Chosen } from './choose.ts';
import { metricFor } from './metric.ts';
import { grouped } from './quantity.ts';
import { targetIndexOf } from './targetIndex.ts';

/** Milvus's limit; more would not fit a slab either. */
const MAX_DIM = 32_768;
/** Roles of the nested index whose rows are taken. */
const HOLDING = ['inner', 'refine', 'storage', 'ivf'];

export interface DatasetInput {
  readonly config: FaissSource;
  readonly layout: FaissLayout;
  readonly chosen: Chosen;
  readonly rows: number;
  /** For messages. */
  readonly file: string;
  readonly fingerprint: Readonly<Record<string, string>>;
}

/** Errors: E_METRIC, E_DIMENSION. */
export function datasetOf({ config, layout, chosen, rows, file, fingerprint }: DatasetInput): Dataset {
  const { recipe, losses } = chosen;
  const at = { file };
  checkDim(recipe, config.dim, file);
  const { metric, preferred, notes } = metricFor(layout.metric, recipe, { chosen: config.metric, at });
  const schema: Schema = {
    metric,
    fields: [
      { name: 'id', type: 'Int64', primaryKey: true, dim: 0 },
      {
        name: 'data',
        type: recipe.kind === 'binary' ? 'BinaryVector' : 'FloatVector',
        primaryKey: false,
        dim: recipe.d,
      },
    ],
  };
  const lossy = losses.map((text): Note => ({ kind: 'lossy', text }));
  const { index, notes: indexNotes } = targetIndexOf(layout.root, { binary: recipe.kind === 'binary', d: recipe.d });
  return {
    name: config.collection ?? nameOf(config.path),
    schema,
    rows,
    rowsExact: true,
    deleted: 0,
    bytes: rows * rowBytes(schema),
    milvusPartitions: [''],
    index,
    preferredMetric: preferred,
    description: losses.length === 0 ? undefined : `decoded from Faiss ${kindsOf(layout.root)}, lossy`,
    storedIds: recipe.ids.kind !== 'rows',
    notes: [...chosen.notes, ...lossy, ...notes, ...indexNotes],
    skipped: [],
    fingerprint,
  };
}

/** «id map over IVF, product quantiser»: from the root to where the rows are. */
export function kindsOf({ title, children }: FaissNode): string {
  const inner = children.find(({ role }) => HOLDING.includes(role));
  return inner === undefined ? title : `${title} over ${kindsOf(inner.node)}`;
}

/** The file's name without folder and ending, as Milvus takes it. */
export function nameOf(path: string): string {
  const bare = basename(path).replace(/\.[^.]*$/, '');
  const valid = bare.replace(/[^A-Za-z0-9_]/gu, '_');
  return /^[A-Za-z_]/.test(valid) ? valid : `_${valid}`;
}

function checkDim({ d, kind }: Recipe, wanted: number | undefined, file: string): void {
  if (wanted !== undefined && wanted !== d)
    throw new MigrateError('E_DIMENSION', 'the index has not the dimension that the configuration says', {
      at: { file, field: 'd' },
      found: `dimension ${grouped(d)}`,
      wanted: `dimension ${grouped(wanted)}, as target.create.collection.dim says`,
      hint: 'name the right file, or leave dim out: it is in the index',
    });
  if (d >= 1 && d <= MAX_DIM * (kind === 'binary' ? 8 : 1)) return;
  throw new MigrateError('E_DIMENSION', 'a dimension that Milvus has not', {
    at: { file, field: 'd' },
    found: `dimension ${grouped(d)}`,
    wanted: `1 to ${grouped(MAX_DIM * (kind === 'binary' ? 8 : 1))}`,
  });
}
