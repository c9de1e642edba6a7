/** Flags about a Faiss source: over what the file says. */
import { METRICS } from '../config/faissSource.ts';
import type { FaissSource } from '../config/job.ts';
import { textFlag, wordFlag } from './flagValues.ts';
import { switchFlag } from './jobFlags.ts';
import type { RawArgs } from './rawArgs.ts';

/** @throws MigrateError E_USAGE */
export function withFaissFlags(source: FaissSource, raw: RawArgs): FaissSource {
  return {
    ...source,
    collection: textFlag(raw, 'collection') ?? source.collection,
    metric: wordFlag(raw, 'metric', METRICS) ?? source.metric,
    keepTransformed: switchFlag(raw, 'keep-transformed') ?? source.keepTransformed,
    allowSketch: switchFlag(raw, 'allow-sketch') ?? source.allowSketch,
    strict: switchFlag(raw, 'strict') ?? source.strict,
  };
}
