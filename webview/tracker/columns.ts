/** Columns of the runs table: which fields there are, what they are called, and how their values are written. */
import { groupBy } from '../../src/model/group-by.ts';
import { formatDuration } from '../../src/model/time.ts';
import type { ColumnState } from '../../src/protocol/tracker-view.ts';
import { directionOf, type Direction } from '../../src/query/direction.ts';
import type { FieldColumn, FieldValue } from '../../src/query/filter/match.ts';
import { parseFilter } from '../../src/query/filter/parse.ts';
import { quoted, statistics, type RunFields, type Statistic } from '../../src/query/run-fields.ts';
import { differs, spreadOf, type Spread } from '../../src/query/select-runs.ts';
import { formatNumber } from '../run/format.ts';

export interface Column {
  readonly field: string;
  readonly title: string;
  readonly width: number;
  readonly pinned: boolean;
  readonly numeric: boolean;
  /** Of a metric: which of its values is the best one. */
  readonly direction: Direction;
  readonly values: FieldColumn['values'];
  readonly number?: NonNullable<FieldColumn['number']>;
  readonly kind: FieldColumn['kind'];
}

const titles: Readonly<Record<string, string>> = { run: 'Run', name: 'Name', status: 'Status', start: 'Started', end: 'Ended', duration: 'Duration', pipeline: 'Pipeline', branch: 'Branch', commit: 'Commit', dirty: 'Uncommitted', tag: 'Tags', note: 'Notes', flag: 'Flags', star: 'Star', archived: 'Archived', message: 'Problem', folder: 'Folder' };
const widths: Readonly<Record<string, number>> = { run: 250, status: 116, start: 178, duration: 92, branch: 96, commit: 84, note: 180, tag: 130, message: 260 };
const timeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** A field's name as the filter's names, or `undefined` where it is none. */
export function namesOf(field: string): readonly string[] | undefined {
  const parsed = parseFilter(field);
  return parsed.ok && parsed.filter?.type === 'has' ? parsed.filter.field.names : undefined;
}

/** `undefined` for a field that no run has (any more). */
export function columnOf(state: ColumnState, fields: RunFields, rowCount: number): Column | undefined {
  const { field } = state;
  const names = namesOf(field);
  const column = names === undefined ? undefined : fields.column(names);
  if (column === undefined || 'message' in column) return undefined;
  const isMetric = /^metrics?\./.test(field);
  return {
    field,
    title: state.title ?? titleOf(field),
    width: state.width ?? widths[field] ?? 108,
    pinned: state.pinned ?? false,
    numeric: column.kind === 'duration' || isMetric || isNumeric(column, rowCount),
    direction: isMetric ? directionOf(splitStatistic(field).base) : 'none',
    values: column.values,
    ...(column.number !== undefined && { number: column.number }),
    kind: column.kind,
  };
}

/** By the first values that there are. */
function isNumeric({ kind, values }: FieldColumn, rowCount: number): boolean {
  if (kind !== 'value') return false;
  for (let row = 0; row < Math.min(rowCount, 200); row += 1) {
    const [value] = values(row);
    if (value !== undefined) return typeof value === 'number';
  }
  return false;
}

export function titleOf(field: string): string {
  const known = titles[field];
  if (known !== undefined) return known;
  return field.replace(/^(metrics?|params?|tags)\./, '').replaceAll('`', '');
}

/** `metrics.loss.min` is `metrics.loss` and `min`. */
export function splitStatistic(field: string): { readonly base: string; readonly statistic: Statistic } {
  const statistic = statistics.find((each) => field.endsWith(`.${each}`));
  return statistic === undefined ? { base: field, statistic: 'last' } : { base: field.slice(0, -statistic.length - 1), statistic };
}

export function withStatistic(field: string, statistic: Statistic): string {
  const { base } = splitStatistic(field);
  return statistic === 'last' ? base : `${base}.${statistic}`;
}

const mostOfKind = 8;

/** Metrics as columns: by name, or by task and name where several tasks have one of that name. A matrix is one task. */
export function metricFields(fields: RunFields): readonly string[] {
  const tasks = groupBy(fields.series(), ({ name }) => name);
  return [...tasks].map(([name, of]) => [name, new Set(of.map(({ task }) => task.replace(/\[.*$/s, '')))] as const).flatMap(([name, of]) => (of.size === 1 ? [`metrics.${quoted(name)}`] : [...of].map((task) => `metrics.${quoted(task)}.${quoted(name)}`)));
}

/** What is shown until a person chooses: parameters that vary, metrics that say what is good first. */
export function defaultColumns(fields: RunFields, rowCount: number, metricNames: readonly string[]): readonly ColumnState[] {
  const rows = Array.from({ length: rowCount }, (_, row) => row);
  const names = fields.names();
  const varies = (field: string): boolean => {
    const column = columnOf({ field }, fields, rowCount);
    return column !== undefined && differs(rows, column);
  };
  const params = names.filter((name) => name.startsWith('params.')).filter(varies).slice(0, mostOfKind);
  const metrics = [...metricNames].sort((a, b) => Number(directionOf(a) === 'none') - Number(directionOf(b) === 'none')).slice(0, mostOfKind);
  return [{ field: 'status', pinned: true }, { field: 'start', pinned: true }, ...[...(varies('name') ? ['name'] : []), 'duration', ...(varies('folder') ? ['folder'] : []), ...(varies('pipeline') ? ['pipeline'] : []), 'branch', 'commit', ...params, ...metrics, 'tag', 'note'].map((field) => ({ field }))];
}

export function valueText(value: FieldValue, { kind, field }: Pick<Column, 'kind' | 'field'>): string {
  if (typeof value === 'number') return kind === 'time' ? timeFormat.format(value) : kind === 'duration' ? formatDuration(value) : formatNumber(value);
  return field === 'commit' && typeof value === 'string' ? value.slice(0, 8) : String(value);
}

export function cellText(column: Column, row: number): string {
  const values = column.values(row);
  const [only] = values;
  return values.length === 1 && only !== undefined ? valueText(only, column) : values.map((value) => valueText(value, column)).join(', ');
}

/** `0.97 ± 0.012` */
export function spreadText(column: Column, rows: readonly number[]): string {
  const spread = spreadOfColumn(column, rows);
  if (spread === undefined) return '';
  const text = (value: number): string => (column.kind === 'duration' ? formatDuration(value) : String(Number(value.toPrecision(4))));
  return spread.count === 1 ? text(spread.mean) : `${text(spread.mean)} ± ${text(spread.standardDeviation)}`;
}

function spreadOfColumn(column: Column, rows: readonly number[]): Spread | undefined {
  if (!column.numeric || column.kind === 'time') return undefined;
  return spreadOf(rows.flatMap((row) => column.values(row)));
}
