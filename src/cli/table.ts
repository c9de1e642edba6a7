/** Text tables: aligned columns, the last one wrapped to the width that is left. */

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Where the table is wider than the terminal, its cells go below their row. */
  readonly sinks?: true;
}

/** Narrower than this, a wrapped column goes below its row instead. */
const MIN_LAST = 24;
const GAP = '   ';
const NARROW_GAP = '  ';
const BELOW = '    ';

/** Rows of cells as lines. Empty columns vanish; trailing spaces too. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const table = shownColumns(columns, rows);
  for (const gap of [GAP, NARROW_GAP]) if (widthBeside(table, gap) <= width) return linesBeside(table, gap, width);
  return linesBelow(table, width);
}

/** Columns that are not empty, each with its cells, title first. */
interface ShownColumn extends Column {
  readonly cells: readonly string[];
  readonly width: number;
}

function shownColumns(columns: readonly Column[], rows: readonly (readonly string[])[]): ShownColumn[] {
  return columns.flatMap((column, index) => {
    const cells = rows.map((row) => row[index]!);
    if (cells.every((cell) => cell === '')) return [];
    const all = [column.title, ...cells];
    return [{ ...column, cells: all, width: Math.max(...all.map(visibleLength)) }];
  });
}

/** With the last column as narrow as it may be. */
function widthBeside(table: readonly ShownColumn[], gap: string): number {
  const last = table.at(-1)!;
  const whole = last.align === 'right' || last.sinks === true;
  const least = whole ? last.width : Math.min(last.width, MIN_LAST);
  return headWidth(table.slice(0, -1), gap) + least;
}

function headWidth(columns: readonly ShownColumn[], gap: string): number {
  return columns.reduce((sum, { width }) => sum + width + gap.length, 0);
}

function linesBeside(table: readonly ShownColumn[], gap: string, width: number): string[] {
  const before = table.slice(0, -1);
  const last = table.at(-1)!;
  return last.cells.flatMap((cell, line) => {
    const head = before.map((column) => `${pad(column, line)}${gap}`).join('');
    if (last.align === 'right') return [`${head}${pad(last, line)}`.trimEnd()];
    return besideHead(head, wrap(cell, Math.max(MIN_LAST, width - headWidth(before, gap))));
  });
}

/** Too wide: what can sink stands below its row, and needs no title there. */
function linesBelow(table: readonly ShownColumn[], width: number): string[] {
  const stays = table.filter(({ align, sinks }, index) => !sinks && (align === 'right' || index < table.length - 1));
  const sunk = table.filter((column) => !stays.includes(column));
  return table[0]!.cells.flatMap((_, line) => {
    const head = stays
      .map((column) => pad(column, line))
      .join(NARROW_GAP)
      .trimEnd();
    if (line === 0) return [head];
    const below = sunk.map(({ cells }) => cells[line]!).filter((cell) => cell !== '');
    return [head, ...packed(below, width - BELOW.length).map((text) => `${BELOW}${text}`)];
  });
}

/** Cells in as few lines as they need; only one that is longer than a line is broken. */
function packed(cells: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const cell of cells) {
    const line = lines.at(-1);
    if (line !== undefined && visibleLength(line) + GAP.length + visibleLength(cell) <= width)
      lines[lines.length - 1] = `${line}${GAP}${cell}`;
    else lines.push(...wrap(cell, Math.max(MIN_LAST, width)));
  }
  return lines;
}

function besideHead(head: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `${index === 0 ? head : ' '.repeat(visibleLength(head))}${line}`.trimEnd());
}

function pad({ cells, width, align }: ShownColumn, line: number): string {
  const cell = cells[line]!;
  const spaces = ' '.repeat(Math.max(0, width - visibleLength(cell)));
  return align === 'right' ? spaces + cell : cell + spaces;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const COLOUR = /\x1b\[\d+m/g;

/** Characters that are seen: colours take no room. */
export function visibleLength(text: string): number {
  return [...text.replace(COLOUR, '')].length;
}

/** Breaks at spaces; a word that is longer than a line stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && visibleLength(line) + 1 + visibleLength(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** `Name   text`, the text wrapped and indented below itself. */
export function labelled(label: string, text: string, { indent, width }: { indent: number; width: number }): string[] {
  const [first, ...rest] = wrap(text, Math.max(MIN_LAST, width - indent));
  return [label.padEnd(indent) + first, ...rest.map((line) => ' '.repeat(indent) + line)];
}
