import { elapsed, formatDuration, fromMilliseconds, toDate } from '../../model/time.ts';
import { readRunTables } from '../../app/run-table.ts';
import { plainSummary } from '../../model/run-block.ts';
import { csvText } from '../../query/csv.ts';
import type { FieldColumn, FieldValue } from '../../query/filter/match.ts';
import { nearName } from '../../model/near-name.ts';
import type { NamedView, TableState } from '../../protocol/tracker-view.ts';
import { compileFilter, type RowTest } from '../../query/filter/match.ts';
import { parseFilter } from '../../query/filter/parse.ts';
import { runFields, type RunFields } from '../../query/run-fields.ts';
import type { RunRow } from '../../query/run-row.ts';
import { differs, groupRows, sortRows, spreadOf, type SortKey, type Spread } from '../../query/select-runs.ts';
import { readNamedViews } from '../../store/named-views.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { findRecordFolders, namePath } from '../pipeline-file.ts';
import { oneLine } from '../progress/task-lines.ts';
import { runLines } from '../run-list.ts';
import { formatNumber, plural, table, truncate } from '../text.ts';
import { reportError, userError, type UserError } from '../user-error.ts';

const defaultLimit = 20;

/** `runweave runs`: the recorded runs, newest first. A record that can't be read is listed with its error. */
export async function runsCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, all, limit, format } = line.options;
  const place = findRecordFolders(host.cwd, line.options);
  if (place.type === 'error') return reportError(place, host, json);
  const views = line.options.views || line.options.view !== undefined ? await readNamedViews(place.folders) : [];
  if (line.options.views) return listViews(views, host, json);
  const view = views.find(({ name }) => name === line.options.view);
  if (line.options.view !== undefined && view === undefined) return reportError(noView(line.options.view, views), host, json);
  const { rows } = await readRunTables(place.folders);
  const fields = runFields(rows, host.now());
  const selected = select(rows, fields, line, view?.table);
  if ('type' in selected) return reportError(selected, host, json);
  const isCsv = format === 'csv';
  const shown = all || (isCsv && limit === undefined) ? selected.rows : selected.rows.slice(0, limit ?? defaultLimit);
  const { groups } = selected;
  const columns = line.options.differing ? differingColumns(fields, shown, selected.columns) : selected.columns;
  if (groups.length > 0) {
    const lines = groupLines(selected.rows, columns.length > 0 ? columns : metricColumns(fields), groups);
    if (json) writeJson(host.stdout, { groups: lines.map(({ key, count, cells }) => ({ key: Object.fromEntries(groups.map(({ name }, index) => [name, key[index] ?? null])), runs: count, columns: cells })) });
    else host.stdout.write(`${groupTable(lines, groups, columns.length > 0 ? columns : metricColumns(fields), isCsv).join('\n')}\n`);
    return exitCodes.success;
  }
  const shownRows = shown.flatMap((index) => rows[index] ?? []);
  if (json) {
    writeJson(host.stdout, { runs: shownRows.map(rowJson), total: selected.rows.length });
    return exitCodes.success;
  }
  if (isCsv) {
    const wanted = columns.length > 0 ? columns : everyColumn(fields);
    host.stdout.write(csvText([wanted.map(({ name }) => name), ...shown.map((row) => wanted.map(({ column }) => column.values(row).map((value) => cellText(value, column)).join(' | ')))]));
    return exitCodes.success;
  }
  const { style } = host.stdout;
  const options = { style, columns: host.stdout.columns(), now: host.now(), nameFile: (path: string) => namePath(path, host.cwd) };
  const lines = columns.length > 0 ? columnLines(shown, columns, options.columns) : runLines(shownRows, options);
  if (lines.length === 0) lines.push(rows.length === 0 ? 'no runs yet. Record one with: runweave run' : line.options.filter === undefined && view === undefined ? 'no runs but archived ones: runweave runs --archived' : 'no run passes the filter');
  if (shown.length < selected.rows.length) lines.push(style('dim', `and ${plural(selected.rows.length - shown.length, line.options.sort.length > 0 ? 'more run' : 'older run')}: runweave runs --all`));
  host.stdout.write(`${lines.join('\n')}\n`);
  return exitCodes.success;
}

interface NamedColumn {
  readonly name: string;
  readonly column: FieldColumn;
}

/** What the options ask for, and a view where they say nothing: indexes of rows in order, and the columns and groups by name. Both filters hold. */
function select(rows: readonly RunRow[], fields: RunFields, { options }: CommandLine, view?: TableState): { readonly rows: readonly number[]; readonly columns: readonly NamedColumn[]; readonly groups: readonly NamedColumn[] } | UserError {
  const tests: RowTest[] = [];
  for (const [option, text] of [['filter', options.filter ?? ''], ['view', view?.filter ?? '']] as const) {
    const parsed = parseFilter(text);
    const compiled = parsed.ok ? compileFilter(parsed.filter, fields) : parsed;
    if (!compiled.ok) {
      const { message, from, to } = compiled.mistake;
      return userError(`--${option}: ${message}\n  ${text}\n  ${' '.repeat(from)}${'^'.repeat(Math.max(1, to - from))}`);
    }
    tests.push(compiled.test);
  }
  // What a view names may be of no run that is here, as in the runs table.
  const ofView = (names: readonly string[]): readonly NamedColumn[] => names.flatMap((name) => namedColumn(fields, name) ?? []);
  const columnsOf = (names: readonly string[], option: string): readonly NamedColumn[] | UserError => {
    const found: NamedColumn[] = [];
    for (const name of names) {
      const field = parseFilter(name);
      const names_ = field.ok && field.filter?.type === 'has' ? field.filter.field.names : undefined;
      const column = names_ === undefined ? { message: `${name} is not the name of a field` } : fields.column(names_);
      if ('message' in column) return userError(`--${option} ${name}: ${column.message}`);
      found.push({ name, column });
    }
    return found;
  };
  const columns = options.columns.length === 0 && view?.columns !== undefined ? ofView(['run', ...view.columns.map(({ field }) => field)]) : columnsOf(options.columns.flatMap((list) => list.split(',')).map((name) => name.trim()).filter((name) => name !== ''), 'columns');
  if ('type' in columns) return columns;
  const groups = options.group.length === 0 && view !== undefined ? ofView(view.group) : columnsOf(options.group, 'group');
  if ('type' in groups) return groups;
  const order = columnsOf(options.sort.map((name) => name.replace(/^-/, '')), 'sort');
  if ('type' in order) return order;
  const keys: readonly SortKey[] = options.sort.length === 0 && view !== undefined ? view.sort.flatMap(({ field, descending }) => ofView([field]).map(({ column }) => ({ column, descending }))) : order.map(({ column }, index) => ({ column, descending: options.sort[index]?.startsWith('-') === true }));
  const isArchivedShown = options.archived || view?.archived === true;
  const passing = rows.flatMap((row, index) => ((isArchivedShown || !row.annotations.archived) && tests.every((test) => test(index)) ? [index] : []));
  return { rows: sortRows(passing, keys), columns, groups };
}

interface GroupLine {
  readonly key: readonly (FieldValue | undefined)[];
  readonly count: number;
  readonly cells: Readonly<Record<string, Spread | null>>;
}

function groupLines(rows: readonly number[], columns: readonly NamedColumn[], groups: readonly NamedColumn[]): readonly GroupLine[] {
  return groupRows(rows, groups.map(({ column }) => column)).map(({ key, rows: members }) => ({
    key,
    count: members.length,
    cells: Object.fromEntries(columns.map(({ name, column }) => [name, spreadOf(members.flatMap((row) => column.values(row))) ?? null])),
  }));
}

function groupTable(lines: readonly GroupLine[], groups: readonly NamedColumn[], columns: readonly NamedColumn[], isCsv: boolean): string[] {
  const keyText = (value: FieldValue | undefined, at: number): string => (value === undefined ? '' : cellText(value, groups[at]?.column));
  if (isCsv) {
    const header = [...groups.map(({ name }) => name), 'runs', ...columns.flatMap(({ name }) => [`${name} mean`, `${name} standard deviation`])];
    return [csvText([header, ...lines.map(({ key, count, cells }) => [...key.map(keyText), String(count), ...columns.flatMap(({ name }) => [cells[name]?.mean, cells[name]?.standardDeviation].map((value) => (value === undefined ? '' : String(value))))])]).trimEnd()];
  }
  const header = [...groups.map(({ name }) => name.toUpperCase()), 'RUNS', ...columns.map(({ name }) => name.toUpperCase())];
  const rows = lines.map(({ key, count, cells }) => [...key.map((value, at) => oneLine(keyText(value, at))), String(count), ...columns.map(({ name, column }) => spreadText(cells[name], column))]);
  return table([header, ...rows]);
}

/** `0.97 ± 0.012` */
function spreadText(spread: Spread | null | undefined, column: FieldColumn): string {
  if (spread === null || spread === undefined) return '';
  const text = (value: number): string => (column.kind === 'duration' ? formatDuration(value) : formatNumber(value));
  return spread.count === 1 ? text(spread.mean) : `${text(spread.mean)} ± ${text(spread.standardDeviation)}`;
}

/** Of the named columns, or of all there are, those in which the runs differ; the run's id always. */
function differingColumns(fields: RunFields, rows: readonly number[], named: readonly NamedColumn[]): readonly NamedColumn[] {
  const every = named.length > 0 ? named : namedColumns(fields, (name) => name === 'run' || !isOfRunAlone.has(name));
  return every.filter(({ name, column }) => name === 'run' || differs(rows, column));
}

/** What differs between any two runs says nothing. */
const isOfRunAlone: ReadonlySet<string> = new Set(['start', 'end', 'duration', 'message']);

function metricColumns(fields: RunFields): readonly NamedColumn[] {
  return namedColumns(fields, (name) => name.startsWith('metrics.'));
}

function everyColumn(fields: RunFields): readonly NamedColumn[] {
  return namedColumns(fields, (name) => name !== 'message');
}

function namedColumns(fields: RunFields, isWanted: (name: string) => boolean): readonly NamedColumn[] {
  return fields.names().filter(isWanted).flatMap((name) => namedColumn(fields, name) ?? []);
}

/** `undefined` for what no run has. */
function namedColumn(fields: RunFields, name: string): NamedColumn | undefined {
  const parsed = parseFilter(name);
  const column = parsed.ok && parsed.filter?.type === 'has' ? fields.column(parsed.filter.field.names) : undefined;
  return column === undefined || 'message' in column ? undefined : { name, column };
}

function listViews(views: readonly NamedView[], host: Host, json: boolean): ExitCode {
  const { style } = host.stdout;
  if (json) writeJson(host.stdout, { views });
  else host.stdout.write(`${(views.length === 0 ? ['no named views: the runs table saves what it shows as one'] : table(views.map(({ name, table: { filter } }) => [oneLine(name), style('dim', oneLine(filter))]))).join('\n')}\n`);
  return exitCodes.success;
}

function noView(name: string, views: readonly NamedView[]): UserError {
  const near = nearName(name, views.map((view) => view.name));
  const help = near !== undefined ? ` (did you mean ${near}?)` : views.length > 0 ? `, but ${views.map((view) => view.name).join(', ')}` : '; the runs table saves what it shows as one';
  return userError(`there is no view ${name}${help}`);
}

/** As a person and a spreadsheet read it. */
function cellText(value: FieldValue, column: FieldColumn | undefined): string {
  if (typeof value === 'number' && column?.kind === 'time') return toDate(fromMilliseconds(value)).toISOString();
  return String(value);
}

function columnLines(rows: readonly number[], columns: readonly NamedColumn[], width: number | undefined): string[] {
  const cell = (row: number, { column }: NamedColumn): string =>
    column
      .values(row)
      .map((value) => (typeof value === 'number' && column.kind === 'duration' ? formatDuration(value) : typeof value === 'number' && column.kind === 'value' ? formatNumber(value) : oneLine(cellText(value, column))))
      .join(', ');
  const lines = rows.length === 0 ? [] : table([columns.map(({ name }) => name.toUpperCase()), ...rows.map((row) => columns.map((column) => cell(row, column)))]);
  return width === undefined ? lines : lines.map((line) => truncate(line, width));
}

/** A row as programs get it: with the times also in a form that every language reads. */
function rowJson({ status, path, runId, message, summary, annotations, folder }: RunRow): unknown {
  const where = folder === undefined ? {} : { folder };
  if (summary === undefined) return { type: 'unreadable', runId, path, message, ...where, annotations };
  const { start, end } = summary;
  return {
    type: 'run',
    status,
    ...where,
    ...plainSummary(summary),
    metrics: Object.fromEntries(summary.series.map(({ task, name, last }) => [`${task}.${name}`, last])),
    startTime: toDate(start).toISOString(),
    ...(end !== undefined && { endTime: toDate(end).toISOString(), durationMilliseconds: elapsed(start, end) }),
    annotations,
  };
}
