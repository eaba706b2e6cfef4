/** What differs within two versions of an artifact, a source file, or what a task printed. */
import { compareNotebooks, readNotebook, type CellPair, type NotebookDiff } from './compare-notebooks.ts';
import { compareTables, type TableDiff } from './compare-tables.ts';
import { readTable } from './compared-table.ts';
import { diffLines, type LineDiff } from './line-diff.ts';
import { lineKey, linesOf } from './printed.ts';

export type ContentKind = 'image' | 'notebook' | 'table' | 'text' | 'bytes';

export type ContentDiff =
  | { readonly type: 'notebook'; readonly notebook: NotebookDiff }
  | { readonly type: 'table'; readonly table: TableDiff }
  | { readonly type: 'lines'; readonly lines: LineDiff }
  | { readonly type: 'none'; readonly why: string };

interface Named {
  readonly name: string;
  readonly mediaType: string;
}

/** As what its versions are compared. By name and media type: nothing of the content is known yet. */
export function contentKind({ name, mediaType }: Named): ContentKind {
  if (/^image\/(png|jpeg|gif|webp|svg\+xml)$/.test(mediaType)) return 'image';
  if (mediaType.startsWith('application/x-ipynb') || /\.ipynb$/i.test(name)) return 'notebook';
  if (/^text\/(csv|tab-separated-values)\b/.test(mediaType) || /\.[ct]sv$/i.test(name) || /^application\/(.*\+)?json\b/.test(mediaType) || /\.json$/i.test(name)) return 'table';
  return /^text\/|^application\/(x-yaml|yaml|toml|xml|.*\+xml)\b/.test(mediaType) ? 'text' : 'bytes';
}

/** `key`: the column by which rows of tables are matched; see `compareTables`. */
export function compareContents(named: Named, before: string, after: string, key?: string): ContentDiff {
  const kind = contentKind(named);
  if (kind === 'notebook') {
    const [a, b] = [readNotebook(before), readNotebook(after)];
    if (a !== undefined && b !== undefined) return { type: 'notebook', notebook: compareNotebooks(a, b) };
  }
  if (kind === 'table') {
    const [a, b] = [readTable(named.name, named.mediaType, before), readTable(named.name, named.mediaType, after)];
    if (a !== undefined && b !== undefined) return { type: 'table', table: compareTables(a, b, key) };
  }
  if (kind === 'image' || kind === 'bytes') return { type: 'none', why: 'It is not text, so there is nothing to compare line by line.' };
  return { type: 'lines', lines: diffLines(readable(named, before), readable(named, after)) };
}

/** JSON in one line has nothing to tell apart. */
function readable({ name, mediaType }: Named, text: string): readonly string[] {
  if (!mediaType.includes('json') && !/\.(json|ipynb)$/i.test(name)) return linesOf(text);
  try {
    return linesOf(JSON.stringify(JSON.parse(text), null, 2));
  } catch {
    return linesOf(text);
  }
}

export function comparePrinted(before: string, after: string): LineDiff {
  return diffLines(linesOf(before), linesOf(after), lineKey);
}

/** Of a source file: spaces count, and times that stand in it. */
export function compareSources(before: string, after: string): LineDiff {
  const lines = (text: string): readonly string[] => text.replace(/\r?\n$/, '').split(/\r?\n/);
  return diffLines(lines(before), lines(after));
}

/** `+3 −1 lines`, `2 of 9 cells differ`: what there is to see, in a few words. */
export function sayContentDiff(diff: ContentDiff): string {
  switch (diff.type) {
    case 'lines':
      return sayLines(diff.lines);
    case 'notebook':
      return sayNotebook(diff.notebook);
    case 'table':
      return sayTable(diff.table);
    case 'none':
      return '';
    default:
      return diff satisfies never;
  }
}

export function sayLines({ added, removed }: Pick<LineDiff, 'added' | 'removed'>): string {
  if (added === 0 && removed === 0) return 'same lines';
  return `${[...(added > 0 ? [`+${added}`] : []), ...(removed > 0 ? [`−${removed}`] : [])].join(' ')} ${added + removed === 1 ? 'line' : 'lines'}`;
}

export function cellDiffers({ before, after, sourceDiffers, outputsDiffer }: CellPair): boolean {
  return before === undefined || after === undefined || sourceDiffers || outputsDiffer;
}

function sayNotebook({ cells }: NotebookDiff): string {
  const differing = cells.filter(cellDiffers);
  if (differing.length === 0) return 'same cells and outputs';
  const both = differing.filter(({ before, after }) => before !== undefined && after !== undefined);
  const counts = [
    [both.filter(({ sourceDiffers }) => sourceDiffers).length, 'with other source'],
    [both.filter(({ sourceDiffers, outputsDiffer }) => !sourceDiffers && outputsDiffer).length, 'with other output'],
    [differing.filter(({ before }) => before === undefined).length, 'new'],
    [differing.filter(({ after }) => after === undefined).length, 'gone'],
  ] as const;
  return `${differing.length} of ${cells.length} cells differ: ${counts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`])).join(', ')}`;
}

function sayTable({ counts, columns, key }: TableDiff): string {
  const { same, changed, added, removed, cells } = counts;
  const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
  const said = [
    ...(cells > 0 ? [`${plural(cells, 'cell')} in ${changed} of ${plural(same + changed, 'row')}`] : []),
    ...(added > 0 ? [`${plural(added, 'row')} new`] : []),
    ...(removed > 0 ? [`${plural(removed, 'row')} gone`] : []),
    ...(columns.added.length > 0 ? [`${plural(columns.added.length, 'column')} new`] : []),
    ...(columns.removed.length > 0 ? [`${plural(columns.removed.length, 'column')} gone`] : []),
  ];
  return said.length === 0 ? 'same rows' : `${said.join(', ')}${key === undefined ? '' : `, by ${key}`}`;
}
