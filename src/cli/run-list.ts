/**
 * The table of runs that `runweave runs` prints when no columns are asked for. What fits the width is shown whole, the
 * most telling first; the rest is left out: half a number says nothing.
 */
import { elapsed, formatDuration } from '../model/time.ts';
import { directionOf } from '../query/direction.ts';
import { statusLabels, type RunRow } from '../query/run-row.ts';
import { oneLine, outcomeSymbol } from './progress/task-lines.ts';
import { countsText, relativeTime } from './run-text.ts';
import { displayWidth, formatNumber, table, truncate, type Style } from './text.ts';

export interface RunLinesOptions {
  readonly style: Style;
  readonly columns: number | undefined;
  readonly now: number;
  readonly nameFile: (path: string) => string;
}

interface Column {
  readonly title: string;
  readonly cell: (row: RunRow) => string;
}

/** More are asked for with `--columns`. */
const mostMetrics = 3;
/** Metrics that are considered, and runs that say which: a list may be of 100,000. */
const mostTried = 10;
const mostAsked = 200;

/** The table of runs, and below it the records that can't be read. */
export function runLines(rows: readonly RunRow[], { style, columns: width, now, nameFile }: RunLinesOptions): string[] {
  const read = rows.filter((row) => row.summary !== undefined);
  const always: readonly Column[] = [
    { title: 'STATUS', cell: (row) => status(row, style) },
    { title: 'RUN', cell: (row) => row.runId },
    { title: 'AGE', cell: ({ summary }) => (summary === undefined ? '' : age(relativeTime(summary.start, now))) },
    { title: 'TIME', cell: ({ summary }) => (summary?.end === undefined ? '' : formatDuration(elapsed(summary.start, summary.end))) },
    { title: 'RAN', cell: ({ summary }) => (summary === undefined ? '' : countsText(summary.counts)) },
  ];
  const marked: readonly Column[] = read.some((row) => marks(row, style) !== '') ? [{ title: 'MARKS', cell: (row) => marks(row, style) }] : [];
  const metrics = metricsByWorth(read.slice(0, mostAsked)).map((name): Column => ({ title: oneLine(name), cell: (row) => metricText(metricsOf(row).get(name) ?? []) }));
  const version = versionColumn(read);
  const room = roomBeside(always, read, width);
  const shownMarks = marked.filter(room.take);
  const first = metrics.find(room.take);
  const shownVersion = version.filter(room.take);
  const further = metrics.slice(0, mostMetrics).filter((metric) => metric !== first && room.take(metric));
  const shown = [...always, ...shownVersion, ...shownMarks, ...(first === undefined ? [] : [first]), ...further];
  const lines = read.map((row) => shown.map(({ cell }) => (isIdle(row) ? style('dim', cell(row)) : cell(row))));
  const cut = (line: string): string => (width === undefined ? line : truncate(line, width));
  return [
    ...(lines.length === 0 ? [] : table([shown.map(({ title }) => style('dim', title)), ...lines]).map(cut)),
    ...rows.filter((row) => row.summary === undefined).map((row) => `${style('red', '✗')} ${nameFile(row.path)}: ${oneLine(row.message ?? '')}`),
  ];
}

interface Room {
  /** Whether there is room for the column; it is taken then. */
  readonly take: (column: Column) => boolean;
}

function roomBeside(always: readonly Column[], rows: readonly RunRow[], width = Infinity): Room {
  const widthOf = ({ title, cell }: Column): number => 2 + rows.reduce((widest, row) => Math.max(widest, displayWidth(cell(row))), displayWidth(title));
  let left = width + 2 - always.reduce((sum, column) => sum + widthOf(column), 0);
  return {
    take(column) {
      const needed = widthOf(column);
      if (needed > left) return false;
      left -= needed;
      return true;
    },
  };
}

/** Nothing had to be executed. */
function isIdle({ summary }: RunRow): boolean {
  return summary?.outcome === 'success' && summary.imported === undefined && summary.counts.executed === 0;
}

function status(row: RunRow, style: Style): string {
  const { summary, status: word } = row;
  if (summary?.outcome === undefined) return `${style('cyan', '▸')} running`;
  return isIdle(row) ? '= unchanged' : `${outcomeSymbol(summary.outcome, style)} ${statusLabels[word]}`;
}

/** `5 min`, of `5 minutes ago`. */
function age(time: string): string {
  return time.replace(/^just | ago$/, '').replace(/ (second|minute|hour)s?/, (_, unit: 'second' | 'minute' | 'hour') => ` ${{ second: 's', minute: 'min', hour: 'h' }[unit]}`);
}

/** The commit, with a star when there were changes that no commit holds; the branch where there are several. Nothing where all have the same. */
function versionColumn(rows: readonly RunRow[]): readonly Column[] {
  const branches = new Set(rows.map(({ summary }) => summary?.branch));
  const cell = ({ summary }: RunRow): string => {
    const branch = branches.size > 1 ? (summary?.branch ?? '') : '';
    if (summary?.commit === undefined) return oneLine(branch);
    return oneLine(`${branch === '' ? '' : `${branch}@`}${summary.commit.slice(0, 7)}${summary.dirty === true ? '*' : ''}`);
  };
  return new Set(rows.map(cell)).size > 1 ? [{ title: 'VERSION', cell }] : [];
}

/** `★ best [baseline]` */
function marks({ annotations: { star, name, tags, flags }, summary }: RunRow, style: Style): string {
  const parts = [...(summary?.imported === undefined ? [] : [style('dim', `from ${oneLine(summary.imported)}`)]), ...(star ? [style('yellow', '★')] : []), ...(name === undefined ? [] : [oneLine(name)]), ...tags.map((tag) => `[${oneLine(tag)}]`), ...(flags.length === 0 ? [] : [style('red', `⚑ ${flags.map(oneLine).join(', ')}`)])];
  return parts.join(' ');
}

/** What says what is good comes first, then what differs between runs, then what most of them have, and what is short. */
function metricsByWorth(rows: readonly RunRow[]): readonly string[] {
  const found = new Map<string, { readonly texts: Set<string>; runs: number }>();
  for (const row of rows) {
    for (const [name, values] of metricsOf(row)) {
      const of = found.get(name) ?? { texts: new Set<string>(), runs: 0 };
      found.set(name, of);
      of.texts.add(metricText(values));
      of.runs += 1;
    }
  }
  const ranks = [...found].map(([name, { texts, runs }]) => ({ name, rank: [Number(directionOf(name) === 'none'), Number(texts.size === 1), -runs, name.length] }));
  ranks.sort((a, b) => a.rank.map((each, at) => each - (b.rank[at] ?? 0)).find((difference) => difference !== 0) ?? 0);
  return ranks.slice(0, mostTried).map(({ name }) => name);
}

/** Last values by name, one a task. */
function metricsOf({ summary }: RunRow): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const { name, last } of summary?.series ?? []) {
    const known = found.get(name);
    if (known === undefined) found.set(name, [Number(last)]);
    else known.push(Number(last));
  }
  return found;
}

/** From the least to the greatest where several tasks have one. */
function metricText(values: readonly number[]): string {
  if (values.length < 2) return values.map(formatNumber).join('');
  const finite = values.filter(Number.isFinite);
  const [least, greatest] = [finite.reduce((a, b) => Math.min(a, b), Infinity), finite.reduce((a, b) => Math.max(a, b), -Infinity)].map((value) => formatNumber(Number(value.toPrecision(3))));
  return finite.length === 0 ? formatNumber(values[0] ?? NaN) : least === greatest ? (least ?? '') : `${least}–${greatest}`;
}
