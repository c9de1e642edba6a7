/** The metric of a Faiss index in Milvus's terms; where Milvus has none like it, the user's choice. */
import type { Note } from '../../core/contracts.ts';
import { type ErrorPlace, MigrateError } from '../../core/errors.ts';
import type { MetricType } from '../../core/schema.ts';
import type { FaissMetric, Recipe, Transform } from '../../formats/faiss/model.ts';

const INNER_PRODUCT = 0;
const L2 = 1;
const JACCARD = 23;

const FLOAT: readonly MetricType[] = ['L2', 'IP', 'COSINE'];
const BINARY: readonly MetricType[] = ['HAMMING', 'JACCARD', 'SUBSTRUCTURE', 'SUPERSTRUCTURE'];

export interface TargetMetric {
  readonly metric: MetricType;
  /** Tried before `metric`, where not every server has it. */
  readonly preferred: MetricType | undefined;
  readonly notes: readonly Note[];
}

/**
 * Error: E_METRIC where the index's metric has no like in Milvus and none was chosen, or the choice is not for such vectors.
 * @param chosen `--metric`, or `metricType` of an old configuration
 */
export function metricFor(
  index: FaissMetric,
  recipe: Ranked,
  { chosen, at }: { chosen: MetricType | undefined; at: ErrorPlace },
): TargetMetric {
  const takes = recipe.kind === 'binary' ? BINARY : FLOAT;
  const own = recipe.kind === 'binary' ? binaryMetric(index) : floatMetric(index, recipe.normalised);
  if (chosen === undefined && own !== undefined)
    return { ...own, notes: [...noteCosine(own, recipe), ...noteCentring(own, recipe)] };
  if (chosen === undefined || !takes.includes(chosen)) throw unfit(index, { chosen, takes, at });
  if (own !== undefined && (chosen === own.metric || chosen === own.preferred))
    return { metric: chosen, preferred: undefined, notes: noteCentring(own, recipe) };
  const text = `the index's metric is ${named(index)}; the collection gets ${chosen}, as was chosen`;
  return { metric: chosen, preferred: undefined, notes: [{ kind: 'lossy', text }] };
}

/** What decides on the metric, and on what it means. */
type Ranked = Pick<Recipe, 'kind' | 'normalised' | 'transforms' | 'codec'>;

type Metrics = Pick<TargetMetric, 'metric' | 'preferred'>;

function floatMetric({ code }: FaissMetric, normalised: boolean): Metrics | undefined {
  if (code === L2) return { metric: 'L2', preferred: undefined };
  if (code === INNER_PRODUCT) return { metric: 'IP', preferred: normalised ? 'COSINE' : undefined };
  return undefined;
}

/** Faiss's binary indexes search by Hamming distance whatever their header says, unless it says Jaccard. */
function binaryMetric({ code }: FaissMetric): Metrics {
  return { metric: code === JACCARD ? 'JACCARD' : 'HAMMING', preferred: undefined };
}

function noteCosine({ preferred }: Metrics, recipe: Ranked): Note[] {
  if (preferred !== 'COSINE') return [];
  const text = 'IP of vectors that the index makes length 1 → COSINE (IP where a server has none)';
  if (keepsLengths(recipe)) return [{ kind: 'info', text: `${text}: the same ranking` }];
  return [
    {
      kind: 'lossy',
      text: `${text}: what comes out is not quite of length 1 any more, so rankings may differ a little`,
    },
  ];
}

/** Whether what is of length 1 in the index comes out so. */
function keepsLengths({ codec, transforms }: Ranked): boolean {
  const exact = codec.kind === 'float32' || codec.kind === 'panorama';
  return exact && transforms.every((each) => each.dOut >= each.dIn && !moves(each));
}

/** Centring moves all vectors: distances stay, inner products do not. */
function noteCentring({ metric }: Metrics, { transforms }: Ranked): Note[] {
  if (metric !== 'IP' || !transforms.some(moves)) return [];
  const text =
    'the index took inner products of centred vectors; those of the vectors turned back rank differently: --keep-transformed keeps the ranking, for queries that are transformed alike';
  return [{ kind: 'lossy', text }];
}

function moves(transform: Transform): boolean {
  return transform.kind === 'centre' || (transform.kind === 'linear' && transform.bias !== undefined);
}

function named({ name, argument }: FaissMetric): string {
  return argument === undefined || argument === 0 ? name : `${name} (${argument})`;
}

function unfit(
  index: FaissMetric,
  { chosen, takes, at }: { chosen: MetricType | undefined; takes: readonly MetricType[]; at: ErrorPlace },
): MigrateError {
  if (chosen !== undefined)
    return new MigrateError('E_METRIC', 'the metric that was chosen is not one for such vectors', {
      at,
      found: chosen,
      wanted: takes.join(', '),
    });
  return new MigrateError('E_METRIC', "Milvus has no metric like the index's", {
    at: { ...at, field: 'metric' },
    found: named(index),
    wanted: takes.join(', '),
    hint: `choose one with --metric ${takes[0]}: searches will rank differently, the vectors come over as they are`,
  });
}
