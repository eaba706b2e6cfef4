/** What differs within contents: lines, cells of notebooks, cells of tables. */
import { cellDiffers, sayLines, type ContentDiff } from '../../src/query/compare-contents.ts';
import { outputLines, richOutputs, type CellPair, type NotebookCell, type NotebookDiff } from '../../src/query/compare-notebooks.ts';
import type { RowDifference, TableDiff } from '../../src/query/compare-tables.ts';
import { diffLines, hunksOf, type LineDiff } from '../../src/query/line-diff.ts';
import { lineKey } from '../../src/query/printed.ts';
import { fill, h, type Child } from '../dom.ts';
import { renderOutput } from '../run/notebook.ts';

/** Lines that are drawn before one asks for the rest. */
const shownLines = 400;
const longestLine = 4000;
const shownRows = 100;
const shownColumns = 14;

export interface DiffViewOptions {
  readonly label: string;
  /** Of the two runs. */
  readonly letters: readonly [string, string];
  readonly onKey: (key: string) => void;
}

export function diffView(diff: ContentDiff, options: DiffViewOptions): HTMLElement {
  switch (diff.type) {
    case 'lines':
      return linesView(diff.lines, options.label);
    case 'notebook':
      return notebookView(diff.notebook, options);
    case 'table':
      return tableView(diff.table, options);
    case 'none':
      return h('p', { class: 'quiet' }, diff.why);
    default:
      return diff satisfies never;
  }
}

const signs = { same: ' ', removed: '−', added: '+' } as const;

function linesView(diff: LineDiff, label: string): HTMLElement {
  if (diff.added === 0 && diff.removed === 0) return h('p', { class: 'quiet' }, 'The same lines.');
  const rows = hunksOf(diff).flatMap(({ skipped, parts }) => [
    ...(skipped > 0 ? [{ type: 'skipped' as const, text: `${skipped} ${skipped === 1 ? 'line' : 'lines'} the same` }] : []),
    ...parts.flatMap(({ type, lines }) => lines.map((text) => ({ type, text }))),
  ]);
  const line = ({ type, text }: (typeof rows)[number]): HTMLElement =>
    h('div', { class: `line ${type}` }, type === 'skipped' ? `⋯ ${text}` : h('span', { class: 'sign' }, signs[type]), type !== 'skipped' && (text.length > longestLine ? `${text.slice(0, longestLine)}…` : text));
  const element = h('div', { class: 'lines mono', role: 'region', tabindex: 0, 'aria-label': `Lines that differ in ${label}` }, ...rows.slice(0, shownLines).map(line));
  if (rows.length <= shownLines) return element;
  const more = h('button', { class: 'action', onclick: () => {
    element.append(...rows.slice(shownLines, 20 * shownLines).map(line));
    more.remove();
    element.focus();
  } }, `Show ${Math.min(rows.length, 20 * shownLines) - shownLines} more lines`);
  return h('div', {}, element, more);
}

function notebookView({ cells }: NotebookDiff, options: DiffViewOptions): HTMLElement {
  const children: HTMLElement[] = [];
  let same = 0;
  const tellSame = (): void => {
    if (same > 0) children.push(h('p', { class: 'quiet' }, `⋯ ${same} ${same === 1 ? 'cell' : 'cells'} the same`));
    same = 0;
  };
  for (const pair of cells) {
    if (!cellDiffers(pair)) {
      same += 1;
      continue;
    }
    tellSame();
    children.push(cellView(pair, options));
  }
  tellSame();
  return h('div', { class: 'notebook-diff' }, ...children);
}

function cellView({ before, after, sourceDiffers, outputsDiffer }: CellPair, { label, letters }: DiffViewOptions): HTMLElement {
  const cell = after ?? before;
  const name = `cell ${cell?.place ?? 0}${before !== undefined && after !== undefined && before.place !== after.place ? ` (${before.place} in ${letters[0]})` : ''}`;
  const what = before === undefined ? 'new' : after === undefined ? 'gone' : [...(sourceDiffers ? ['other source'] : []), ...(outputsDiffer ? ['other output'] : [])].join(', ');
  const of = (which: string): string => `${which} of ${name} of ${label}`;
  const children: Child[] = [];
  if (sourceDiffers) children.push(linesView(diffLines(linesIn(before), linesIn(after)), of('source')));
  else children.push(h('pre', { class: 'source quiet' }, firstLines(cell)));
  if (outputsDiffer) children.push(...outputsView(before, after, letters, of('output')));
  return h('section', { class: 'cell-diff', 'aria-label': name }, h('h4', {}, `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`, h('span', { class: 'quiet' }, ` ${what}`)), ...children);
}

function linesIn(cell: NotebookCell | undefined): readonly string[] {
  return cell === undefined ? [] : cell.source.split('\n');
}

/** So that one sees which cell it is. */
function firstLines(cell: NotebookCell | undefined): string {
  const lines = linesIn(cell);
  return lines.length > 3 ? `${lines.slice(0, 3).join('\n')}\n…` : lines.join('\n');
}

function outputsView(before: NotebookCell | undefined, after: NotebookCell | undefined, letters: readonly [string, string], label: string): readonly Child[] {
  const lines = diffLines(outputLines(before?.outputs ?? []), outputLines(after?.outputs ?? []), lineKey);
  const sides = [before, after].map((cell) => richOutputs(cell?.outputs ?? []));
  const differ = JSON.stringify(sides[0]) !== JSON.stringify(sides[1]);
  return [
    (lines.added > 0 || lines.removed > 0) && h('p', { class: 'quiet' }, `Output: ${sayLines(lines)}`),
    (lines.added > 0 || lines.removed > 0) && linesView(lines, label),
    differ &&
      h(
        'div',
        { class: 'side-by-side' },
        ...sides.map((outputs, at) => h('figure', { class: 'rich' }, outputs.length === 0 ? h('p', { class: 'quiet' }, 'no picture or markup') : h('div', { class: 'outputs' }, ...outputs.map(renderOutput)), h('figcaption', {}, letters[at]))),
      ),
  ];
}

function tableView(diff: TableDiff, { label, letters, onKey }: DiffViewOptions): HTMLElement {
  const { rows, columns, key, keys, counts, isCut } = diff;
  const choose = h('select', { onchange: () => onKey(choose.value) }, ...keys.map((name) => h('option', { value: name, selected: name === key }, name)), h('option', { value: '', selected: key === undefined }, 'their place'));
  const isWhole = counts.added > 0 || counts.removed > 0;
  const differing = [...new Set(rows.flatMap(({ type, cells }) => (isWhole || type === 'changed' ? cells.map(({ column }) => column) : [])))].filter((column) => column !== key);
  const shown = differing.slice(0, shownColumns);
  const notes = [
    ...columns.added.map((column) => `Column ${column} is new.`),
    ...columns.removed.map((column) => `Column ${column} is gone.`),
    ...(differing.length > shown.length ? [`${differing.length - shown.length} more columns differ.`] : []),
    ...(rows.length > shownRows ? [`The first ${shownRows} of ${counts.changed + counts.added + counts.removed} rows that differ.`] : []),
    ...(isCut ? ['Only the first rows of each table were compared.'] : []),
  ];
  return h(
    'div',
    { class: 'table-diff' },
    h('p', {}, h('label', {}, 'Rows matched by ', choose)),
    shown.length > 0 &&
      h(
        'div',
        { class: 'scroll-x', tabindex: 0, role: 'region', 'aria-label': `Cells that differ in ${label}` },
        h(
          'table',
          {},
          h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, key ?? 'Row'), ...shown.map((column) => h('th', { scope: 'col' }, column)))),
          h('tbody', {}, ...rows.slice(0, shownRows).map((row) => tableRow(row, shown, letters))),
        ),
      ),
    ...notes.map((note) => h('p', { class: 'quiet' }, note)),
  );
}

const rowSigns = { changed: '', added: '+ ', removed: '− ' } as const;

function tableRow({ type, key, cells }: RowDifference, columns: readonly string[], letters: readonly [string, string]): HTMLElement {
  const byColumn = new Map(cells.map((cell) => [cell.column, cell]));
  const cell = (column: string): Child[] => {
    const found = byColumn.get(column);
    if (found === undefined) return [];
    if (type === 'added') return [h('ins', {}, found.after)];
    if (type === 'removed') return [h('del', {}, found.before)];
    return [h('span', { class: 'visually-hidden' }, `${letters[0]}: `), h('del', {}, found.before === '' ? 'empty' : found.before), ' → ', h('span', { class: 'visually-hidden' }, `${letters[1]}: `), h('ins', {}, found.after === '' ? 'empty' : found.after)];
  };
  return h('tr', { class: type }, h('th', { scope: 'row' }, `${rowSigns[type]}${key}`, type !== 'changed' && h('span', { class: 'quiet' }, type === 'added' ? ' new' : ' gone')), ...columns.map((column) => h('td', { class: 'mono' }, ...cell(column))));
}

/** Replaces what is in `body`, and says why where there is nothing to see. */
export function showProblem(body: HTMLElement, why: string): void {
  fill(body, h('p', { class: 'quiet' }, why));
}
