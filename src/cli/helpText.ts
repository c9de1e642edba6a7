/** Help: what the command does, three examples, flags in groups with default and unit, exit codes. */
import { COMMAND_FLAGS, type CommandName, dashed, type Flag, type FlagGroup, flagOf } from './flags.ts';
import { bytes } from './numbers.ts';
import type { Look } from './style.ts';
import { SUMMARIES } from './summaries.ts';
import { labelled, wrap } from './table.ts';
import { EXAMPLES } from './usage.ts';

const GROUPS: readonly [FlagGroup, string][] = [
  ['source', 'Source'],
  ['transforms', 'Transforms, in the order in which they are given'],
  ['target', 'Target'],
  ['files', 'Files and staging'],
  ['speed', 'Speed'],
  ['safety', 'Safety'],
  ['output', 'Output'],
];

const EXIT_TEXTS: readonly [string, string][] = [
  ['0', 'all rows arrived and were verified'],
  ['2', 'usage or configuration'],
  ['3', 'the source: missing, damaged, unreadable, changed'],
  ['4', 'the target, the staging area or the state folder'],
  ['5', 'verification found a difference'],
  ['6', 'finished, with rejected rows, withheld collections or skipped segments'],
  ['130', 'interrupted; the job can be resumed'],
  ['1', 'anything else'],
];

const ARGUMENTS: Partial<Record<CommandName, string>> = {
  run: '[SOURCE]',
  plan: '[SOURCE]',
  dump: '[SOURCE]',
  load: '[DIR]',
  verify: '[SOURCE|DIR]',
  export: '[SOURCE]',
  inspect: 'FILE',
  jobs: '[list | show ID | resume ID | clean [ID] | forget ID]',
  help: '[COMMAND|TOPIC]',
};

const INDENT = 34;

/** @param ringBytes vector memory of one thread at most, in bytes */
export function commandHelp(command: CommandName, look: Look, ringBytes: number): string[] {
  const { width } = look;
  const flags = [...new Set(COMMAND_FLAGS[command])].map((name): Flag => flagOf(name));
  const argument = ARGUMENTS[command] === undefined ? '' : ` ${ARGUMENTS[command]}`;
  return [
    ...wrap(SUMMARIES[command], width),
    '',
    ...EXAMPLES[command].map((example) => `  ${example}`),
    '',
    `Usage: milvus-migrate ${command}${argument} [flags]`,
    ...GROUPS.flatMap(([group, title]) => {
      const ofGroup = flags.filter((flag) => flag.group === group);
      if (ofGroup.length === 0) return [];
      const memory = group === 'speed' ? labelled('', memoryText(ringBytes), { indent: INDENT, width }) : [];
      return ['', title, ...ofGroup.flatMap((flag) => flagLines(flag, width)), ...memory];
    }),
    '',
    ...exitLines(width),
  ];
}

export function memoryText(ringBytes: number): string {
  return `memory: threads × ${Math.round(ringBytes / 2 ** 20)} MiB of slabs (${bytes(ringBytes)}), whatever the size of the data`;
}

/** The overview. */
export function generalHelp(look: Look): string[] {
  const { width } = look;
  const commands = (Object.keys(SUMMARIES) as CommandName[]).filter((name) => name !== 'server');
  return [
    ...wrap('milvus-migrate moves vector data into Milvus 2.x and proves that every row arrived.', width),
    '',
    `  ${EXAMPLES.plan[0]}`,
    `  ${EXAMPLES.run[0]}`,
    `  ${EXAMPLES.start[0]}`,
    '',
    'Commands',
    ...commands.flatMap((name) => labelled(`  ${name}`, SUMMARIES[name], { indent: 12, width })),
    '',
    'milvus-migrate COMMAND --help shows its flags; milvus-migrate help milvus1x shows what the source accepts.',
    '',
    ...exitLines(width),
  ];
}

function flagLines(flag: Flag, width: number): string[] {
  const names = [
    ...(flag.also ?? []).filter((name) => name.length === 1),
    flag.name,
    ...(flag.also ?? []).filter((name) => name.length > 1),
  ];
  const label = `  ${names.map(dashed).join(', ')}${flag.value === undefined ? '' : ` ${flag.value}`}`;
  const facts = [
    ...(flag.preset === undefined ? [] : [`default: ${flag.preset}`]),
    ...(flag.env === undefined ? [] : [`environment: ${flag.env}`]),
  ];
  const text = facts.length === 0 ? flag.help : `${flag.help} (${facts.join('; ')})`;
  if (label.length < INDENT - 1) return labelled(label, text, { indent: INDENT, width });
  return [label, ...labelled('', text, { indent: INDENT, width })];
}

function exitLines(width: number): string[] {
  return ['Exit codes', ...EXIT_TEXTS.flatMap(([code, text]) => labelled(`  ${code}`, text, { indent: 8, width }))];
}
