/**
 * Fits a YAML tree to a zod shape: keys are matched, `${ENV}` is replaced, values are checked, and whatever is wrong
 * is told with file, line and key. The shape is the only list of known keys.
 *
 * Values reach zod as the text that was written; the shapes of `yamlValues.ts` turn it into numbers and truth values.
 * In those, the `error` of a shape is the phrase that says what is wanted.
 */
import { z } from 'zod';
import { MigrateError } from '../core/errors.ts';
import { nearestWord } from '../core/nearest.ts';
import type { Environment } from './defaults.ts';
import { describeNode } from './yamlDescribe.ts';
import type { MapEntry, MapNode, YamlNode } from './yamlTree.ts';

export interface FitOptions {
  /** The name of the file, for messages. */
  readonly file: string;
  readonly env: Environment;
  /** Old files: keys without regard to case, unknown keys are warnings. Ours: exact, unknown keys are errors. */
  readonly strict: boolean;
  /** Keys (dotted) whose values are never shown. */
  readonly secretKeys: ReadonlySet<string>;
}

export interface Fitted<T> {
  readonly value: T;
  readonly warnings: readonly string[];
  /** Every key that was given a value, dotted and as the shape spells it, with its line. */
  readonly lines: ReadonlyMap<string, number>;
  /** What stands at a key, in words; values that are secret or come from the environment are not shown. */
  readonly show: (key: string) => string;
}

/** A part of a document with its keys spelt as the shape spells them, and what is needed to talk about it. */
interface Fit extends FitOptions {
  readonly warnings: string[];
  readonly nodes: Map<string, YamlNode>;
  /** Every known key, dotted: where a key at the wrong place belongs. */
  readonly known: readonly string[];
}

type Plain = string | Plain[] | { [key: string]: Plain };

/** @throws MigrateError E_CONFIG for the first thing that is wrong */
export function fitShape<T>(tree: YamlNode, shape: z.ZodType<T>, options: FitOptions): Fitted<T> {
  const fit: Fit = { ...options, warnings: [], nodes: new Map(), known: [...keysOf(shape)] };
  const plain = toPlain(tree, { shape, path: '', fit }) ?? {};
  const result = shape.safeParse(plain);
  if (!result.success) throw wrongValue(result.error.issues[0]!, tree, fit);
  const lines = new Map([...fit.nodes].map(([key, node]) => [key, node.line]));
  return { value: result.data, warnings: fit.warnings, lines, show: (key) => show(key, fit.nodes.get(key), fit) };
}

/** Every key of a shape, dotted; lists have their element's keys below them. */
export function* keysOf(shape: z.ZodType, prefix = ''): Generator<string> {
  const inner = unwrap(shape);
  if (inner instanceof z.ZodArray) yield* keysOf(inner.element as z.ZodType, prefix);
  if (!(inner instanceof z.ZodObject)) return;
  for (const [key, value] of Object.entries(inner.shape)) {
    yield prefix + key;
    yield* keysOf(value as z.ZodType, `${prefix}${key}.`);
  }
}

function unwrap(shape: z.ZodType): z.ZodType {
  return shape instanceof z.ZodOptional ? unwrap(shape.unwrap() as z.ZodType) : shape;
}

interface Place {
  readonly shape: z.ZodType | undefined;
  readonly path: string;
  readonly fit: Fit;
}

/** undefined: nothing was written there. */
function toPlain(node: YamlNode, place: Place): Plain | undefined {
  const { path, fit } = place;
  const shape = place.shape === undefined ? undefined : unwrap(place.shape);
  if (node.kind === 'text') {
    if (node.empty) return undefined;
    fit.nodes.set(path, node);
    const text = withEnvironment(node.text, { path, line: node.line, fit });
    return text === '' ? undefined : text;
  }
  fit.nodes.set(path, node);
  if (node.kind === 'list') {
    const element = shape instanceof z.ZodArray ? (shape.element as z.ZodType) : undefined;
    return node.items.map((item, index) => toPlain(item, { shape: element, path: `${path}.${index}`, fit }) ?? '');
  }
  return mapToPlain(node, { shape, path, fit });
}

function mapToPlain(node: MapNode, { shape, path, fit }: Place): Plain {
  const plain: { [key: string]: Plain } = Object.create(null);
  const fields = shape instanceof z.ZodObject ? (shape.shape as Record<string, z.ZodType>) : undefined;
  const seen = new Map<string, MapEntry>();
  for (const entry of node.entries) {
    const key = fields === undefined ? entry.key : spelling(entry.key, Object.keys(fields), fit.strict);
    const full = path === '' ? (key ?? entry.key) : `${path}.${key ?? entry.key}`;
    if (key === undefined) {
      unknownKey(entry, full, { siblings: Object.keys(fields ?? {}), fit });
      continue;
    }
    const before = seen.get(key);
    // By another spelling, then.
    if (before !== undefined && entry.merged === true) continue;
    if (before !== undefined) throw givenTwice(before, entry, { full, fit });
    seen.set(key, entry);
    const value = toPlain(entry.node, { shape: fields?.[key], path: full, fit });
    if (value !== undefined) plain[key] = value;
  }
  return plain;
}

function spelling(key: string, known: readonly string[], strict: boolean): string | undefined {
  return known.find((name) => name === key || (!strict && name.toLowerCase() === key.toLowerCase()));
}

function givenTwice(before: MapEntry, entry: MapEntry, { full, fit }: { full: string; fit: Fit }): MigrateError {
  return new MigrateError('E_CONFIG', 'a key is given twice', {
    at: { file: fit.file, line: entry.line, field: full },
    found: `${before.key} in line ${before.line}, ${entry.key} in line ${entry.line}`,
    wanted: 'one of them (upper and lower case do not count)',
  });
}

function unknownKey(entry: MapEntry, full: string, { siblings, fit }: { siblings: string[]; fit: Fit }): void {
  const prefix = full.slice(0, full.length - entry.key.length);
  const sibling = nearestWord(entry.key, siblings);
  const near = sibling === undefined ? nearestLeaf(entry.key, fit.known) : prefix + sibling;
  const mostLikely = near === undefined ? '' : `; did you mean ${near}?`;
  if (!fit.strict) {
    fit.warnings.push(`${fit.file}, line ${entry.line}: the key ${full} is not known and is ignored${mostLikely}`);
    return;
  }
  throw new MigrateError('E_CONFIG', 'a key is not known', {
    at: { file: fit.file, line: entry.line, field: full },
    found: full,
    wanted: near ?? `one of ${siblings.join(', ')}`,
  });
}

/** A known key by its last word: one that stands at the wrong place, mistyped or not. */
function nearestLeaf(key: string, known: readonly string[]): string | undefined {
  const leafOf = (full: string): string => full.split('.').at(-1)!;
  const near = nearestWord(key, known.map(leafOf));
  return known.find((full) => leafOf(full) === near);
}

/** `${NAME}`; `$${NAME}` is the text ${NAME} itself. */
const VARIABLE = /(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

function withEnvironment(text: string, { path, line, fit }: { path: string; line: number; fit: Fit }): string {
  return text.replace(VARIABLE, (written, dollar: string, name: string) => {
    if (dollar !== '') return written.slice(1);
    const value = fit.env[name];
    if (value !== undefined) return value;
    throw new MigrateError('E_CONFIG', `the environment variable ${name} is not set`, {
      at: { file: fit.file, line, field: path },
      found: `\${${name}}`,
      hint: `export ${name}=… and run it again`,
    });
  });
}

function wrongValue(issue: z.core.$ZodIssue, tree: YamlNode, fit: Fit): MigrateError {
  const field = issue.path.join('.');
  const node = fit.nodes.get(field) ?? tree;
  return new MigrateError('E_CONFIG', 'a value is not what its key takes', {
    at: { file: fit.file, line: node.line, ...(field === '' ? {} : { field }) },
    found: show(field, node, fit),
    wanted: issue.message,
  });
}

function show(key: string, node: YamlNode | undefined, fit: Fit): string {
  if (node === undefined) return 'nothing';
  if (node.kind !== 'text') return describeNode(node);
  const variables = node.text.match(VARIABLE);
  if (variables !== null) return `the value of ${variables.join(', ')} (not shown)`;
  return fit.secretKeys.has(key) ? 'a text (not shown)' : describeNode(node);
}
