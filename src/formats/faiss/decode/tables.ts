/** Which tables a recipe's decoder will ask for, so that they can be read beforehand. */
import type { Centroids, Codec, Recipe, TableRef, Transform } from '../model.ts';

/** The recipe's own: of its codec and of its transforms. Coarse quantisers that hold rows are recipes of their own. */
export function tablesOf({ codec, transforms }: Recipe): TableRef[] {
  return [...tablesOfCodec(codec), ...transforms.flatMap(tablesOfTransform)].filter(({ count }) => count > 0);
}

/** The coarse quantiser whose vectors the decoder asks for; undefined where there is none, or its vectors are a rule. */
export function centroidsOf(codec: Codec): Centroids | undefined {
  const found = coarseOf(codec);
  return found?.recipe.kind === 'multi' ? undefined : found;
}

function coarseOf(codec: Codec): Centroids | undefined {
  if (codec.kind === 'signs') return coarseOf(codec.inner);
  if (codec.kind === 'twoLayer') return codec.centroids;
  return 'residual' in codec ? codec.residual : undefined;
}

function tablesOfCodec(codec: Codec): TableRef[] {
  const coarse = coarseOf(codec);
  const multi = coarse?.recipe.kind === 'multi' ? tablesOfQuantiser(coarse.recipe.quantiser) : [];
  switch (codec.kind) {
    case 'float32':
    case 'bits':
    case 'panorama':
      return [];
    case 'signs':
      return tablesOfCodec(codec.inner);
    case 'scalar':
      return [codec.trained, ...multi];
    case 'rabitq':
      return [codec.center, ...multi];
    case 'refined':
      return [...tablesOfQuantiser(codec.quantiser), ...tablesOfQuantiser(codec.second), ...multi];
    default:
      return [...tablesOfQuantiser(codec.quantiser), ...multi];
  }
}

function tablesOfQuantiser(quantiser: Extract<Codec, { kind: 'fastScan' }>['quantiser']): TableRef[] {
  return [quantiser.kind === 'product' ? quantiser.centroids : quantiser.codebooks];
}

function tablesOfTransform(transform: Transform): TableRef[] {
  if (transform.kind === 'linear') return [transform.matrix, ...(transform.bias === undefined ? [] : [transform.bias])];
  if (transform.kind === 'remap') return [transform.map];
  return transform.kind === 'centre' ? [transform.mean] : [];
}
