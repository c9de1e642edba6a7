/** Says in words what stands at a place of a YAML file: for «found» in messages. */
import type { YamlNode } from './yamlTree.ts';

export function describeNode(node: YamlNode): string {
  switch (node.kind) {
    case 'map':
      return node.entries.length === 0
        ? 'an empty mapping'
        : `a mapping with ${node.entries.map((entry) => entry.key).join(', ')}`;
    case 'list':
      return `a list of ${node.items.length}`;
    case 'text':
      return describeText(node.text, node.empty);
  }
}

function describeText(text: string, empty: boolean): string {
  if (empty) return 'nothing';
  if (/^-?\d+$/.test(text)) return `the whole number ${text}`;
  if (/^-?\d*\.\d+$/.test(text)) return `the number ${text}`;
  if (/^(true|false)$/i.test(text)) return `the truth value ${text}`;
  return `the text ${JSON.stringify(text)}`;
}
