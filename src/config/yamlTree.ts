/**
 * YAML text as a small tree that knows its lines. Every scalar stays the text that was written (YAML's failsafe
 * schema): a collection named 1678354366132931001 or a password 0123 must not become a number on the way.
 */
import type { Document, Node, Pair, ParsedNode, YAMLMap } from 'yaml';
import { MigrateError } from '../core/errors.ts';

interface Located {
  /** One-based. */
  readonly line: number;
}
export interface TextNode extends Located {
  readonly kind: 'text';
  readonly text: string;
  /** Nothing, `''`, `~` or `null` (`Null`, `NULL`) was written: as if the key were not there. The old tool made no difference either. */
  readonly empty: boolean;
}
export interface ListNode extends Located {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
}
export interface MapNode extends Located {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
}
export interface MapEntry extends Located {
  readonly key: string;
  readonly node: YamlNode;
  /** Came by a merge key (`<<`): such ones stand behind the map's own, which win over them. */
  readonly merged?: boolean;
}
export type YamlNode = TextNode | ListNode | MapNode;

/** Reads one YAML document. @throws MigrateError E_CONFIG with file and line */
export async function parseYaml(text: string, file: string): Promise<YamlNode> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const all = yaml.parseAllDocuments(text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  const [problem] = all.flatMap(({ errors }) => errors);
  if (problem !== undefined) {
    const line = lines.linePos(problem.pos[0]).line;
    throw new MigrateError('E_CONFIG', 'the file is not valid YAML', { at: { file, line }, found: problem.message });
  }
  // Behind a `---` at the end there is nothing.
  const [document, second] = all.filter(
    ({ contents }) => contents !== null && !(yaml.isScalar(contents) && contents.source === ''),
  );
  if (document === undefined) return { kind: 'text', text: '', empty: true, line: 1 };
  if (second !== undefined)
    throw new MigrateError('E_CONFIG', 'the file holds more than one YAML document', {
      at: { file, line: lines.linePos(second.range[0]).line },
      found: 'another one behind ---',
      wanted: 'a file for each',
    });
  const lineOf = (node: { readonly range?: readonly number[] | null | undefined } | null): number =>
    node?.range?.[0] === undefined ? 1 : lines.linePos(node.range[0]).line;
  return toNode(document.contents, { yaml, document, lineOf, file, within: [] });
}

interface Walk {
  readonly yaml: typeof import('yaml');
  readonly document: Document<ParsedNode>;
  readonly lineOf: (node: { readonly range?: readonly number[] | null | undefined } | null) => number;
  readonly file: string;
  /** Aliases that are being followed: one that leads to itself would never end. */
  readonly within: readonly Node[];
}

function toNode(node: Node | null, walk: Walk): YamlNode {
  const { yaml, lineOf } = walk;
  const line = lineOf(node);
  if (node === null) return { kind: 'text', text: '', empty: true, line };
  if (yaml.isAlias(node)) return followAlias(node, walk);
  if (yaml.isSeq(node)) return { kind: 'list', items: node.items.map((item) => toNode(item as Node, walk)), line };
  if (yaml.isMap(node)) return { kind: 'map', entries: entriesOf(node as YAMLMap<Node, Node>, walk), line };
  if (!yaml.isScalar(node))
    throw new MigrateError('E_CONFIG', 'the file holds YAML of an unknown kind', { at: { file: walk.file, line } });
  const text = String(node.value);
  return {
    kind: 'text',
    text,
    empty: text === '' || (node.type === 'PLAIN' && ['~', 'null', 'Null', 'NULL'].includes(text)),
    line,
  };
}

/** YAML's merge keys, as the old tool read them: `<<: *defaults`, or a list of which an earlier map wins over a later. */
function entriesOf({ items }: YAMLMap<Node, Node>, walk: Walk): MapEntry[] {
  const isMerge = ({ key }: Pair<Node, Node | null>): boolean =>
    walk.yaml.isScalar(key) && key.type === 'PLAIN' && key.value === '<<';
  const entries = items.filter((pair) => !isMerge(pair)).map((pair) => toEntry(pair, walk));
  for (const pair of items.filter(isMerge))
    for (const { entries: more } of mergedMaps(pair, walk))
      for (const entry of more)
        if (entries.every(({ key }) => key !== entry.key)) entries.push({ ...entry, merged: true });
  return entries;
}

function mergedMaps({ key, value }: Pair<Node, Node | null>, walk: Walk): readonly MapNode[] {
  const node = toNode(value, walk);
  return (node.kind === 'list' ? node.items : [node]).map((one) => {
    if (one.kind === 'map') return one;
    throw new MigrateError('E_CONFIG', 'a merge key (<<) takes keys from somewhere else', {
      at: { file: walk.file, line: walk.lineOf(key) },
      found: `a ${one.kind}`,
      wanted: 'an alias of keys (<<: *name), or a list of such',
    });
  });
}

function toEntry(pair: Pair<Node, Node | null>, walk: Walk): MapEntry {
  const line = walk.lineOf(pair.key);
  const key = toNode(pair.key, walk);
  if (key.kind !== 'text') {
    throw new MigrateError('E_CONFIG', 'a key is not a word', {
      at: { file: walk.file, line },
      found: `a ${key.kind}`,
    });
  }
  // The key's line is what a reader looks for; an absent value has none of its own, a list begins below its key.
  return { key: key.text, line, node: { ...toNode(pair.value, walk), line } };
}

function followAlias(alias: import('yaml').Alias, walk: Walk): YamlNode {
  const target = alias.resolve(walk.document) as Node | undefined;
  const line = walk.lineOf(alias);
  if (target === undefined || walk.within.includes(target)) {
    throw new MigrateError('E_CONFIG', 'an alias leads nowhere or to itself', {
      at: { file: walk.file, line },
      found: `*${alias.source}`,
    });
  }
  return { ...toNode(target, { ...walk, within: [...walk.within, target] }), line };
}
