/** What `inspect` shows: the file in a few facts, what would be created, and the tree of its indexes. */
import type { Dataset } from '../core/contracts.ts';
import type { FaissNode, Inspection, Recipe } from '../run/inspectFile.ts';
import { errorBlock, publicError } from './errorBlock.ts';
import { bytes, count, counted } from './numbers.ts';
import { vectorText } from './planTable.ts';
import type { Look } from './style.ts';
import { labelled, tableLines } from './table.ts';

const LABEL = 9;

export function inspectTable(inspection: Inspection, look: Look): string[] {
  const { layout, recipe, dataset, obstacle, file } = inspection;
  const { width } = look;
  const line = (label: string, text: string): string[] => labelled(label, text, { indent: LABEL, width });
  const { root, fileBytes } = layout;
  return [
    ...line('File', `${file}, ${bytes(fileBytes)}`),
    ...line('Index', `Faiss ${root.title}: ${chainOf(root).join(' → ')}`),
    ...line('Vectors', vectorsText(inspection)),
    ...(recipe === undefined ? [] : recipeLines(recipe, line)),
    ...(dataset === undefined ? [] : line('Creates', createsText(dataset))),
    ...(dataset?.notes ?? [])
      .filter(({ text }) => recipe?.losses.includes(text) !== true)
      .flatMap(({ text }) => line('', text)),
    '',
    ...treeLines(root, width),
    ...(obstacle === undefined ? [] : ['', 'Not possible:', ...indented(errorBlock(obstacle, look, false))]),
  ];
}

/** The same facts for programs. */
export function inspectJson({ file, layout, recipe, dataset, obstacle }: Inspection): object {
  const { root, metric, fileBytes, indexBytes } = layout;
  const vectors = recipe && {
    kind: recipe.kind,
    d: recipe.d,
    rows: recipe.rows,
    ids: recipe.ids.kind === 'mapped' ? `mapped ${recipe.ids.inner}` : recipe.ids.kind,
    lossless: recipe.losses.length === 0,
    losses: recipe.losses,
  };
  const creates = dataset && {
    collection: dataset.name,
    schema: dataset.schema,
    index: dataset.index,
    preferredMetric: dataset.preferredMetric,
    description: dataset.description,
    notes: dataset.notes,
  };
  const refused = obstacle && publicError(obstacle);
  return { file, fileBytes, indexBytes, metric, vectors, creates, obstacle: refused, tree: root };
}

function vectorsText({ layout, recipe }: Inspection): string {
  const { metric, root } = layout;
  const { kind, d, rows } = recipe ?? {
    kind: root.cc.startsWith('IB') ? 'binary' : 'float',
    d: root.d,
    rows: root.rows,
  };
  const argument = metric.argument === undefined || metric.argument === 0 ? '' : ` (${metric.argument})`;
  return `${kind} ${count(d)}, ${counted(rows ?? 0, 'row')}, metric ${metric.name}${argument}`;
}

function recipeLines(recipe: Recipe, line: (label: string, text: string) => string[]): string[] {
  const { losses, storage, ids } = recipe;
  const elsewhere = storage.kind === 'lists' ? storage.elsewhere : undefined;
  return [
    ...line('Ids', idsText(ids)),
    ...(elsewhere === undefined
      ? []
      : line('Lists', `in ${elsewhere.name}, ${bytes(elsewhere.bytes)}, next to this file`)),
    ...(losses.length === 0
      ? line('Lossless', 'the vectors come out bit for bit as they went in')
      : losses.flatMap((loss, index) => line(index === 0 ? 'Lossy' : '', loss))),
  ];
}

function idsText(ids: Recipe['ids']): string {
  if (ids.kind === 'rows') return 'row numbers, from 0 on';
  if (ids.kind === 'lists') return 'as the lists store them';
  const inner = ids.inner === 'rows' ? 'row number' : 'id in the lists';
  return `from an id map, by ${inner}${ids.maps.length > 1 ? `, through ${ids.maps.length} maps` : ''}`;
}

function createsText({ name, schema, preferredMetric, index }: Dataset): string {
  const params = Object.entries(index?.params ?? {}).map(([key, value]) => ` ${key} ${value}`);
  const built = index === undefined ? '' : `; index ${index.type}${params.join(',')}`;
  return `collection ${name}, ${vectorText(schema, preferredMetric)}${built}`;
}

/** From the root to where the rows are. */
function chainOf(node: FaissNode): string[] {
  const inner = node.children.find(({ role }) => ['inner', 'refine', 'storage', 'ivf'].includes(role));
  return [node.cc, ...(inner === undefined ? [] : chainOf(inner.node))];
}

const COLUMNS = [
  { title: 'in the file', align: 'left' },
  { title: 'kind', align: 'left', sinks: true },
  { title: 'd', align: 'right' },
  { title: 'rows', align: 'right' },
  { title: 'at', align: 'right' },
  { title: 'bytes', align: 'right' },
  { title: 'facts', align: 'left' },
] as const;

function treeLines(root: FaissNode, width: number): string[] {
  return tableLines(COLUMNS, [...rowsOf(root, { head: '', below: '' })], width);
}

interface Branch {
  /** Before the node's own name, and before those of its children. */
  readonly head: string;
  readonly below: string;
}

function* rowsOf(node: FaissNode, { head, below }: Branch): Generator<string[]> {
  const rows = node.rows === undefined ? '' : count(node.rows);
  yield [`${head}${node.cc}`, node.title, count(node.d), rows, count(node.at), bytes(node.bytes), factsOf(node)];
  const last = node.children.length - 1;
  for (const [index, { role, node: child }] of node.children.entries()) {
    const [tick, stem] = index === last ? ['└ ', '  '] : ['├ ', '│ '];
    yield* rowsOf(child, { head: `${below}${tick}${role} `, below: `${below}${stem}` });
  }
}

function factsOf({ facts }: FaissNode): string {
  return Object.entries(facts)
    .map(([name, value]) => {
      if (typeof value === 'boolean') return `${name} ${value ? 'yes' : 'no'}`;
      return `${name} ${typeof value === 'number' && Number.isInteger(value) ? count(value) : value}`;
    })
    .join(', ');
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
