/** Flags over a draft of a job: what a flag says wins, what it does not say stays. */
import {
  CONSISTENCY_LEVELS,
  INDEX_WANTED,
  MAX_SHARDS,
  MAX_THREADS,
  ON_DUPLICATE,
  parseIndexChoice,
  VERIFY_WAYS,
  WRITE_MODES,
} from '../config/choices.ts';
import type { Environment, JobDraft } from '../config/defaults.ts';
import type { MergeConfig } from '../config/job.ts';
import { withState } from '../config/stateWord.ts';
import { FORMATS } from '../config/transformWords.ts';
import { BYTES_WANTED, parseBytes } from '../config/units.ts';
import type { CommandName } from './flags.ts';
import { namesIn, pathFlag, readFlag, textFlag, wholeFlag, wordFlag } from './flagValues.ts';
import type { RawArgs } from './rawArgs.ts';
import { targetFrom } from './targetFlags.ts';
import { usageError } from './usage.ts';

export interface FlagContext {
  readonly command: CommandName;
  readonly env: Environment;
  readonly cwd: string;
}

/** Everything but source and files, which depend on each other. @throws MigrateError E_USAGE */
export function applyFlags(draft: JobDraft, raw: RawArgs, { command, env, cwd }: FlagContext): JobDraft {
  const mode = wordFlag(raw, 'mode', WRITE_MODES);
  const collections = raw.values('col').flatMap((text) => namesIn('col', text));
  const merge = mergeFlags(raw, command);
  return {
    ...draft,
    collections: collections.length > 0 ? collections : draft.collections,
    merge: merge.length > 0 ? merge : draft.merge,
    onDuplicate: wordFlag(raw, 'on-duplicate', ON_DUPLICATE) ?? draft.onDuplicate,
    targetName: textFlag(raw, 'name') ?? draft.targetName,
    target: targetFrom(raw, draft.target, env),
    idField: textFlag(raw, 'id-field') ?? draft.idField,
    format: wordFlag(raw, 'format', FORMATS) ?? draft.format,
    vectorField: textFlag(raw, 'vector-field') ?? draft.vectorField,
    dynamicField: switchFlag(raw, 'dynamic-field') ?? draft.dynamicField,
    shards: wholeFlag(raw, 'shards', { min: 1, max: MAX_SHARDS }) ?? draft.shards,
    consistencyLevel: wordFlag(raw, 'consistency', CONSISTENCY_LEVELS) ?? draft.consistencyLevel,
    mode: mode ?? draft.mode,
    modeGiven: mode !== undefined || draft.modeGiven,
    index: readFlag(raw, 'index', { read: parseIndexChoice, wanted: INDEX_WANTED }) ?? draft.index,
    loadCollection: raw.given.has('no-load') ? !raw.has('no-load') : draft.loadCollection,
    verify: wordFlag(raw, 'verify', VERIFY_WAYS) ?? draft.verify,
    ...tuningFlags(draft, raw, cwd),
  };
}

type Tuning = Pick<
  JobDraft,
  'threads' | 'partBytes' | 'loadTasks' | 'stateDir' | 'state' | 'rejectFile' | 'fresh' | 'checkParts'
>;

/** How a job runs, without a say in what it moves. */
export function tuningFlags(draft: Tuning, raw: RawArgs, cwd: string): Tuning {
  return {
    threads: wholeFlag(raw, 'threads', { min: 1, max: MAX_THREADS }) ?? draft.threads,
    partBytes: readFlag(raw, 'part-size', { read: parseBytes, wanted: BYTES_WANTED }) ?? draft.partBytes,
    loadTasks: wholeFlag(raw, 'load-tasks', { min: 1 }) ?? draft.loadTasks,
    ...stateFlag(draft, raw, cwd),
    rejectFile: pathFlag(raw, 'reject-file', cwd) ?? draft.rejectFile,
    fresh: switchFlag(raw, 'fresh') ?? draft.fresh,
    checkParts: switchFlag(raw, 'check-parts') ?? draft.checkParts,
  };
}

/** Where jobs are kept, as `--state` says, else as before. */
export function stateFlag(
  before: Pick<JobDraft, 'stateDir' | 'state'>,
  raw: RawArgs,
  cwd: string,
): Pick<JobDraft, 'stateDir' | 'state'> {
  const { stateDir, state } = before;
  const word = textFlag(raw, 'state');
  return word === undefined ? { stateDir, state } : withState({ stateDir, state }, word, cwd);
}

export function switchFlag(raw: RawArgs, flag: Parameters<typeof textFlag>[1]): boolean | undefined {
  return raw.given.has(flag) ? raw.has(flag) : undefined;
}

/** `--merge a,b --into c`, in pairs by their order. */
function mergeFlags(raw: RawArgs, command: CommandName): MergeConfig[] {
  const inputs = raw.values('merge');
  const names = raw.values('into');
  if (inputs.length !== names.length) {
    throw usageError(command, 'each --merge needs its --into', {
      found: `${inputs.length} × --merge, ${names.length} × --into`,
      hint: '--merge faces_eu,faces_us --into faces',
    });
  }
  return inputs.map((text, index) => {
    const into = names[index]!;
    if (into === '') throw usageError(command, '--into names no collection', { hint: '--merge a,b --into c' });
    return { inputs: namesIn('merge', text), into };
  });
}
