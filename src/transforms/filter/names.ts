/** The names that an expression uses, from its syntax tree. */
import type { ASTNode } from '@marcbachmann/cel-js';
import { ROW } from './language.ts';

export interface UsedNames {
  /** Everything that may be a variable, those that a macro binds (`tags.exists(t, …)`) included. */
  readonly variables: ReadonlySet<string>;
  /** Names looked up in `row`, by `row.name` or `row["name"]`. */
  readonly inRow: ReadonlySet<string>;
  /** Whether `row` is used in another way. */
  readonly wholeRow: boolean;
}

export function usedNames(root: ASTNode): UsedNames {
  const variables = new Set<string>();
  const inRow = new Set<string>();
  let wholeRow = false;
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const inner of node) visit(inner);
    if (!isNode(node)) return;
    const looked = rowMember(node);
    if (looked !== undefined) {
      variables.add(ROW);
      inRow.add(looked);
      return;
    }
    if (node.op === 'id') {
      variables.add(String(node.args));
      if (node.args === ROW) wholeRow = true;
    } else visit(node.args);
  };
  visit(root);
  return { variables, inRow, wholeRow };
}

interface Node {
  readonly op: string;
  readonly args: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function rowMember({ op, args }: Node): string | undefined {
  if (!Array.isArray(args)) return undefined;
  const [from, name] = args as readonly unknown[];
  if (!isNode(from) || from.op !== 'id' || from.args !== ROW) return undefined;
  if (op === '.' && typeof name === 'string') return name;
  if (op === '[]' && isNode(name) && name.op === 'value' && typeof name.args === 'string') return name.args;
  return undefined;
}
