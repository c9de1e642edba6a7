/** From the command line, the environment and a file to one job: `resolveConfig` reads them and changes nothing. */
import type { FoundConfig } from '../config/configFile.ts';
import { type Environment, emptyDraft, type JobDraft, surroundings } from '../config/defaults.ts';
import type { JobConfig, JobStages } from '../config/job.ts';
import type { JobCommand } from '../config/migrationYaml.ts';
import { type CommandLine, isCommand, parseCommandLine, unknownCommand } from './commandLine.ts';
import { pathFlag, textFlag, wordFlag } from './flagValues.ts';
import { filesFrom, oldTable, sourceFrom } from './jobEnds.ts';
import { applyFlags } from './jobFlags.ts';
import type { RawArgs } from './rawArgs.ts';
import { withStoreFlags } from './storeFlags.ts';
import { transformsFrom } from './transformFlags.ts';
import { usageError } from './usage.ts';

export interface OutputOptions {
  readonly json: boolean;
  /** File for the report, absolute. */
  readonly report: string | undefined;
  readonly logFormat: 'text' | 'json';
  readonly debug: boolean;
}

export interface Resolved {
  readonly command: JobCommand;
  readonly config: JobConfig;
  readonly stages: JobStages;
  readonly preflight: boolean;
  readonly scan: boolean;
  readonly output: OutputOptions;
  readonly warnings: readonly string[];
  /** What the user should see of how things were found; nothing is wrong. */
  readonly notices: readonly string[];
}

const STAGES: Readonly<Record<JobCommand, JobStages>> = {
  run: 'all',
  plan: 'all',
  start: 'all',
  dump: 'dump',
  load: 'load',
  verify: 'verify',
};

/** Commands that look for a migration.yaml where none is named, as the old tool's scripts expect. */
const LOOK_FOR_FILE: readonly JobCommand[] = ['dump', 'load', 'start', 'verify'];

/** @param argv without node and script. @throws MigrateError E_USAGE, E_CONFIG, E_SOURCE_NOT_FOUND */
export async function resolveConfig(argv: readonly string[], env: Environment, cwd: string): Promise<Resolved> {
  const line = parseCommandLine(argv);
  if (!isCommand(line.word) || !isJobCommand(line.word)) throw unknownCommand(line.word ?? '');
  return resolveJob(line.word, line, { env, cwd });
}

export function isJobCommand(word: string): word is JobCommand {
  return Object.hasOwn(STAGES, word);
}

/** As `resolveConfig`, from arguments that were read already. */
export async function resolveJob(
  command: JobCommand,
  { args, raw }: CommandLine,
  { env, cwd }: { env: Environment; cwd: string },
): Promise<Resolved> {
  const output = outputFrom(raw, cwd);
  const around = surroundings(env, cwd);
  const found = await configOf({ raw, command, args, env, cwd });
  const draft = applyFlags(found?.draft ?? emptyDraft(around), raw, { command, env, cwd });
  const context = { command, args, raw, env, cwd };
  const { notice, ...from } = sourceFrom(draft, found, context);
  const files = filesFrom(draft, from.source, context);
  const transforms = transformsFrom(draft.transforms, { raw, command, cwd, source: from.source });
  const whole = withStoreFlags({ ...draft, ...from, files, transforms }, draft, { command, raw, env });
  const config = complete(whole, command);
  refuseUnheardDuplicates(config, raw, command);
  const stages = config.source.kind === 'dumped' && STAGES[command] === 'all' ? 'load' : STAGES[command];
  const lookedUp = found !== undefined && raw.value('config') === undefined ? [`reading ${found.file}`] : [];
  return {
    command,
    config,
    stages,
    preflight: raw.has('preflight'),
    scan: raw.has('scan'),
    output,
    warnings: found?.warnings ?? [],
    notices: [...lookedUp, ...(notice === undefined ? [] : [notice])],
  };
}

export function outputFrom(raw: RawArgs, cwd: string): OutputOptions {
  return {
    json: raw.has('json'),
    report: pathFlag(raw, 'report', cwd),
    logFormat: wordFlag(raw, 'log-format', ['text', 'json']) ?? 'text',
    debug: raw.has('debug'),
  };
}

interface ConfigContext {
  readonly raw: RawArgs;
  readonly command: JobCommand;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
}

/** The file that is named, or found where no source is named either. YAML and its checks are loaded only for it. */
async function configOf({ raw, command, args, env, cwd }: ConfigContext): Promise<FoundConfig | undefined> {
  const named = textFlag(raw, 'config');
  const sourceNamed = args.length > 0 || (raw.given.has('meta') && raw.given.has('tables'));
  if (named === undefined && (sourceNamed || !LOOK_FOR_FILE.includes(command))) return undefined;
  const { readConfigFile, findConfigFile } = await import('../config/configFile.ts');
  const options = { ...surroundings(env, cwd), command, table: oldTable(raw) };
  return named === undefined ? findConfigFile(options) : readConfigFile(named, options);
}

/** What a command cannot do without. */
function complete(draft: JobDraft, command: JobCommand): JobConfig {
  const { source, target, files } = draft;
  if (source === undefined) throw missingSource(command);
  if (target === undefined && command !== 'dump' && command !== 'plan') {
    throw usageError(command, 'it is not said where the data goes', {
      wanted: '--to URL, MILVUS_MIGRATE_TO, or target.milvus2x.endpoint in migration.yaml',
    });
  }
  if (command === 'dump' && source.kind === 'dumped') {
    throw usageError(command, 'these files are dumped already', { found: source.dir });
  }
  if (command === 'dump' && files === undefined) {
    throw usageError(command, 'it is not said where the files go', { wanted: '--out DIR' });
  }
  if (command === 'load' && files === undefined) {
    throw usageError(command, 'it is not said where the dumped files are', {
      wanted: 'the folder that dump wrote, or --staging DIR',
    });
  }
  return { ...draft, source };
}

/** Merged indices are one input: nothing says which of its documents is the first, and none is looked for beforehand. */
function refuseUnheardDuplicates({ source, merge, onDuplicate }: JobConfig, raw: RawArgs, command: JobCommand): void {
  if (source.kind !== 'elasticsearch' || source.indices !== 'merged' || merge.length > 0) return;
  // That it fails is what is taken where nobody said anything.
  const isSaid = raw.given.has('on-duplicate') || onDuplicate === 'first';
  if (!isSaid || onDuplicate === 'keep-all') return;
  throw usageError(command, '--on-duplicate is for --merge, and indices are merged by --merge-indices', {
    found: `--on-duplicate ${onDuplicate}`,
    wanted: '--on-duplicate keep-all: ids that occur more than once are told when the rows have passed',
    hint: 'to find them beforehand: --merge a,b --into c instead of --merge-indices',
  });
}

function missingSource(command: JobCommand): Error {
  const file = LOOK_FOR_FILE.includes(command)
    ? ', --config FILE, or a migration.yaml in this folder'
    : ' or --config FILE';
  return usageError(command, 'it is not said where the data comes from', {
    wanted: `${command === 'load' ? 'a folder that dump wrote' : 'milvus1x:/path/to/db'}${file}`,
  });
}
