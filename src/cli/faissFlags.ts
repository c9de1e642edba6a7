/** Flags about a Faiss source: over what the file says, and refused where the source is another. */
import { METRICS } from '../config/faissSource.ts';
import type { FaissSource, SourceConfig } from '../config/job.ts';
import { type CommandName, dashed, type FlagName } from './flags.ts';
import { textFlag, wordFlag } from './flagValues.ts';
import { switchFlag } from './jobFlags.ts';
import type { RawArgs } from './rawArgs.ts';
import { usageError } from './usage.ts';

const FAISS_FLAGS: readonly FlagName[] = ['collection', 'metric', 'keep-transformed', 'allow-sketch', 'strict'];

/** @throws MigrateError E_USAGE where such a flag is given with a source of another kind */
export function withFaissFlags<S extends SourceConfig | undefined>(source: S, raw: RawArgs, command: CommandName): S {
  if (source?.kind === 'faiss') return { ...source, ...faissFlags(source, raw) };
  const given = FAISS_FLAGS.find((flag) => raw.given.has(flag));
  // Whoever loads or verifies dumped files may do so by the words of the dump.
  if (given === undefined || source === undefined || source.kind === 'dumped') return source;
  throw usageError(command, `${dashed(given)} is for Faiss indexes`, {
    found: `a source of the kind ${source.kind}`,
    wanted: 'faiss:/path/to/file.index',
  });
}

function faissFlags(source: FaissSource, raw: RawArgs): Partial<FaissSource> {
  return {
    collection: textFlag(raw, 'collection') ?? source.collection,
    metric: wordFlag(raw, 'metric', METRICS) ?? source.metric,
    keepTransformed: switchFlag(raw, 'keep-transformed') ?? source.keepTransformed,
    allowSketch: switchFlag(raw, 'allow-sketch') ?? source.allowSketch,
    strict: switchFlag(raw, 'strict') ?? source.strict,
  };
}
