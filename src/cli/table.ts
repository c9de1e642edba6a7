/** Text tables: aligned columns, the last one wrapped to the width that is left. */

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Narrower than this, a wrapped column goes below its row instead. */
const MIN_LAST = 24;
const GAP = '   ';

/** Rows of cells as lines. Empty columns vanish; trailing spaces too. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const shown = columns.map((_, index) => index).filter((index) => rows.some((row) => row[index] !== ''));
  const cells = [columns.map((column) => column.title), ...rows].map((row) => shown.map((index) => row[index]!));
  const widths = shown.map((_, index) => Math.max(...cells.map((row) => visibleLength(row[index]!))));
  const aligns = shown.map((index) => columns[index]!.align);
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + GAP.length, 0);
  return cells.flatMap((row, line) => {
    const head = row.slice(0, -1).map((cell, index) => pad(cell, widths[index]!, aligns[index]!));
    const last = row.at(-1)!;
    const fits = before + visibleLength(last) <= width;
    if (fits || aligns.at(-1) === 'right')
      return [[...head, pad(last, widths.at(-1)!, aligns.at(-1)!)].join(GAP).trimEnd()];
    if (width - before >= MIN_LAST) return besideHead(head.join(GAP) + GAP, wrap(last, width - before));
    // What stands below a row needs no title.
    const below = line === 0 ? [] : wrap(last, Math.max(MIN_LAST, width - 4)).map((text) => `    ${text}`);
    return [head.join(GAP).trimEnd(), ...below];
  });
}

function besideHead(head: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => (index === 0 ? head : ' '.repeat(visibleLength(head))) + line);
}

function pad(cell: string, width: number, align: Column['align']): string {
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
