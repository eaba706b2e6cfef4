/** What differs within contents, as lines of text. */
import { compareVersions, versionsOf, type ContentAddress } from '../../query/compared-versions.ts';
import { cellDiffers, sayContentDiff, sayLines, type ContentDiff } from '../../query/compare-contents.ts';
import type { Difference } from '../../query/compare.ts';
import { outputLines, richOutputs, type CellPair, type NotebookCell } from '../../query/compare-notebooks.ts';
import type { RowDifference, TableDiff } from '../../query/compare-tables.ts';
import { diffLines, hunksOf, type LineDiff } from '../../query/line-diff.ts';
import { lineKey } from '../../query/printed.ts';
import { oneLine } from '../progress/task-lines.ts';
import { sanitize, table, truncate, type Style } from '../text.ts';

export interface ContentOfRuns {
  readonly runs: number;
  readonly read: (address: ContentAddress) => Promise<string | undefined>;
  /** Column by which rows of tables are matched. */
  readonly key?: string;
}

export interface Detail {
  /** Place in the list of differences. */
  readonly difference: number;
  /** Place of the run that the first one is compared with. */
  readonly run: number;
  readonly diff: ContentDiff;
}

/** Of one difference, what is in it between the first run and each other one. */
export async function detailsOf(difference: Difference, index: number, { runs, read, key }: ContentOfRuns): Promise<readonly Detail[]> {
  const versions = versionsOf(difference);
  if (versions === undefined || versions.kind === 'image' || versions.kind === 'bytes') return [];
  const [first] = versions.contents;
  const before = first === undefined ? undefined : await read(first);
  const found: Detail[] = [];
  for (let run = 1; run < runs; run += 1) {
    const address = versions.contents[run];
    const after = address === undefined ? undefined : await read(address);
    if (before === undefined || after === undefined || before === after) continue;
    found.push({ difference: index, run, diff: compareVersions(versions, before, after, key) });
  }
  return found;
}

/** Indented below the line of the difference; `most` lines. */
export function detailLines(diff: ContentDiff, style: Style, most: number): readonly string[] {
  const lines = contentLines(diff, style);
  const more = lines.length - most;
  return [...lines.slice(0, most), ...(more > 0 ? [style('dim', `… and ${more} more lines: --all`)] : [])].map((line) => `      ${line}`);
}

function contentLines(diff: ContentDiff, style: Style): readonly string[] {
  switch (diff.type) {
    case 'lines':
      return hunkLines(diff.lines, style);
    case 'notebook':
      return diff.notebook.cells.filter(cellDiffers).flatMap((pair) => cellLines(pair, style));
    case 'table':
      return tableLines(diff.table, style);
    case 'none':
      return [style('dim', diff.why)];
    default:
      return diff satisfies never;
  }
}

const text = (line: string): string => sanitize(line, false).replaceAll('\t', '    ');

function hunkLines(diff: LineDiff, style: Style): readonly string[] {
  return hunksOf(diff, 2).flatMap(({ skipped, parts }) => [
    ...(skipped > 0 ? [style('dim', `⋯ ${skipped} lines the same`)] : []),
    ...parts.flatMap(({ type, lines }) => lines.map((line) => (type === 'same' ? style('dim', `  ${text(line)}`) : type === 'removed' ? style('red', `- ${text(line)}`) : style('green', `+ ${text(line)}`)))),
  ]);
}

function cellLines({ before, after, sourceDiffers, outputsDiffer }: CellPair, style: Style): readonly string[] {
  const cell = after ?? before;
  if (cell === undefined) return [];
  const whole = (each: NotebookCell, sign: '+' | '-'): readonly string[] => each.source.split('\n').map((line) => style(sign === '+' ? 'green' : 'red', `${sign} ${text(line)}`));
  if (before === undefined || after === undefined) return [style('bold', `cell ${cell.place}: ${before === undefined ? 'new' : 'gone'}`), ...whole(cell, before === undefined ? '+' : '-')];
  const pictures = richOutputs(before.outputs).length + richOutputs(after.outputs).length;
  const lines = diffLines(outputLines(before.outputs), outputLines(after.outputs), lineKey);
  return [
    style('bold', `cell ${after.place}${before.place === after.place ? '' : ` (was ${before.place})`}: ${[...(sourceDiffers ? ['other source'] : []), ...(outputsDiffer ? ['other output'] : [])].join(', ')}`),
    ...(sourceDiffers ? hunkLines(diffLines(before.source.split('\n'), after.source.split('\n')), style) : []),
    ...(outputsDiffer && sourceDiffers ? [style('dim', `output: ${sayLines(lines)}`)] : []),
    ...(outputsDiffer ? hunkLines(lines, style) : []),
    ...(outputsDiffer && pictures > 0 ? [style('dim', 'its pictures or markup may differ; the runs table shows them side by side')] : []),
  ];
}

function tableLines({ key, rows, columns, isCut }: TableDiff, style: Style): readonly string[] {
  const cell = (value: string): string => (value === '' ? style('dim', 'empty') : truncate(oneLine(value), 40));
  const row = ({ type, key: name, cells }: RowDifference): readonly (readonly string[])[] => {
    const head = key === undefined ? `row ${name}` : truncate(oneLine(name), 40);
    if (type === 'added') return [[style('green', `+ ${head}`), '', cells.map(({ after }) => cell(after)).join(', ')]];
    if (type === 'removed') return [[style('red', `- ${head}`), '', cells.map(({ before }) => cell(before)).join(', ')]];
    return cells.map(({ column, before, after }) => [`  ${head}`, oneLine(column), `${cell(before)} → ${cell(after)}`]);
  };
  return [
    ...columns.added.map((column) => style('green', `+ column ${oneLine(column)}`)),
    ...columns.removed.map((column) => style('red', `- column ${oneLine(column)}`)),
    ...table(rows.flatMap(row)),
    ...(isCut ? [style('dim', 'only the first rows were compared')] : []),
  ];
}

export function sayDetail({ run, diff }: Detail, runs: number): string {
  return runs > 2 ? `${String.fromCharCode(65 + run)}: ${sayContentDiff(diff)}` : sayContentDiff(diff);
}
