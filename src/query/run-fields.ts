/** The fields of runs, by the names under which filters, columns and sort orders ask for them. */
import type { Json } from '../model/json.ts';
import { packRuns } from '../model/pack-runs.ts';
import { openBlock, PackedRun, place, type PlacedShape } from '../model/run-block.ts';
import type { SeriesSummary } from '../model/record.ts';
import { bestOf } from './direction.ts';
import type { FieldColumn, FieldSource, FieldValue } from './filter/match.ts';
import { nearName } from '../model/near-name.ts';
import { scalarOf, statusLabels, type RunRow } from './run-row.ts';

/** Of a series of a metric, one number. */
export const statistics = ['last', 'min', 'max', 'mean', 'best', 'count'] as const;
export type Statistic = (typeof statistics)[number];

type Read = (row: FieldRow) => readonly FieldValue[];

/** A row whose summary is packed, so that a field is a few numbers to read, whatever the run has of others. */
type FieldRow = Omit<RunRow, 'summary'> & { readonly summary?: PackedRun | undefined };

const one = (value: FieldValue | undefined): readonly FieldValue[] => (value === undefined ? [] : [value]);

/** Fields that every run has, each with what it says of a run. */
const plain: Readonly<Record<string, Pick<FieldColumn, 'kind' | 'labels'> & { readonly read: Read }>> = {
  run: { kind: 'value', read: (row) => [row.runId] },
  name: { kind: 'value', read: (row) => one(row.annotations.name) },
  status: { kind: 'value', read: (row) => [row.status], labels: statusLabels },
  pipeline: { kind: 'value', read: (row) => one(row.summary?.pipeline) },
  branch: { kind: 'value', read: (row) => one(row.summary?.branch) },
  commit: { kind: 'value', read: (row) => one(row.summary?.commit) },
  dirty: { kind: 'value', read: (row) => one(row.summary?.dirty) },
  start: { kind: 'time', read: (row) => one(row.summary?.startTime) },
  end: { kind: 'time', read: (row) => one(row.summary?.endTime) },
  duration: { kind: 'duration', read: (row) => one(row.summary?.duration) },
  folder: { kind: 'value', read: (row) => one(row.folder) },
  imported: { kind: 'value', read: (row) => one(row.summary?.imported) },
  star: { kind: 'value', read: (row) => [row.annotations.star] },
  archived: { kind: 'value', read: (row) => [row.annotations.archived] },
  note: { kind: 'value', read: (row) => row.annotations.notes },
  flag: { kind: 'value', read: (row) => row.annotations.flags },
  message: { kind: 'value', read: (row) => one(row.message) },
};

const counts = ['total', 'executed', 'succeeded', 'failed', 'skipped'] as const;

/** Of these fields, there is one for each name that occurs in the runs. */
export const families = ['params', 'metrics', 'tags', 'tasks'] as const;

export interface RunFields extends FieldSource {
  /** Every field that occurs, as it is written in a filter; those that every run has first. */
  readonly names: () => readonly string[];
  /** Every metric of every task that occurs. */
  readonly series: () => readonly Pick<SeriesSummary, 'task' | 'name'>[];
  /** The distinct values of a field, for completion; at most `limit`. */
  readonly valuesOf: (name: string, limit: number) => readonly FieldValue[];
  /** Values of a metric, each with its task; `undefined` for what is no metric. */
  readonly ofTasks: (names: readonly string[]) => ((row: number) => readonly { readonly value: number; readonly task: string }[]) | undefined;
}

/** `now`: Unix milliseconds. */
export function runFields(given: readonly RunRow[], now: number): RunFields {
  const rows = withPackedSummaries(given);
  let occurring: Occurring | undefined;
  const names = (): Occurring => (occurring ??= namesIn(rows));
  const texts: (string | undefined)[] = [];
  const seriesHold = seriesText();

  const column: FieldSource['column'] = ([first = '', ...rest]) => {
    const known = own(plain, first);
    if (known !== undefined && rest.length === 0) return { ...over(rows, known.kind, known.read), ...(known.labels !== undefined && { labels: known.labels }) };
    switch (first) {
      case 'tag':
        return over(rows, 'value', (row) => [...row.annotations.tags, ...Object.keys(row.summary?.tags ?? {}), ...Object.values(row.summary?.tags ?? {}).flat()]);
      case 'tags':
        return rest.length === 0 ? column(['tag']) : family('tags', rest, names().tags, (name) => ({ summary }) => (summary === undefined ? [] : ((valueAt(summary, summary.shape.placeOf('tags', name)) ?? []) as readonly string[])));
      case 'params':
      case 'param':
        return family('params', rest, names().params, (name) => (row) => paramValues(row, name));
      case 'metrics':
      case 'metric':
        return metricColumn(rest);
      case 'tasks': {
        const count = counts.find((each) => each === rest[0]);
        if (count === undefined || rest.length > 1) return unknown(`tasks.${rest.join('.')}`, counts.map((each) => `tasks.${each}`));
        return over(rows, 'value', (row) => one(row.summary?.number(place[count])));
      }
      default: {
        // The name alone, where only one family has it: `roc_auc > 0.95`.
        const name = [first, ...rest].join('.');
        if (names().metrics.has(name) || names().params.has(name)) return names().metrics.has(name) ? metricColumn([first, ...rest]) : over(rows, 'value', (row) => paramValues(row, name));
        return unknown(name, names().all);
      }
    }
  };

  const family = (title: string, rest: readonly string[], known: ReadonlySet<string>, read: (name: string) => Read): FieldColumn | { readonly message: string } => {
    const name = rest.join('.');
    if (!known.has(name)) return unknown(`${title}.${name}`, [...known].map((each) => `${title}.${each}`));
    return over(rows, 'value', read(name));
  };

  const metricColumn = (rest: readonly string[]): FieldColumn | { readonly message: string } => {
    const found = findSeries(rest, names().series);
    if (found === undefined) return unknown(`metrics.${rest.join('.')}`, [...names().metrics].map((each) => `metrics.${each}`));
    const { statistic, isMeant } = found;
    const read = statisticsReader(isMeant, statistic);
    return over(rows, 'value', ({ summary }) => (summary === undefined ? [] : read(summary)));
  };

  return {
    now,
    column,
    ofTasks: ([first = '', ...rest]) => {
      const isNamed = first === 'metrics' || first === 'metric';
      const found = isNamed || (own(plain, first) === undefined && names().metrics.has([first, ...rest].join('.'))) ? findSeries(isNamed ? rest : [first, ...rest], names().series) : undefined;
      if (found === undefined) return undefined;
      const places = placesOf(found.isMeant);
      return (row) => {
        const summary = rows[row]?.summary;
        return summary === undefined ? [] : places(summary.shape).map((at) => summary.seriesNumber(at)).map((series) => ({ value: statisticOf(series, found.statistic), task: series.task }));
      };
    },
    holds: (row, text) => {
      const found = rows[row];
      return (texts[row] ??= textOfRow(found)).includes(text) || (found?.summary !== undefined && seriesHold(found.summary.shape, text));
    },
    names: () => names().all,
    series: () => names().series,
    valuesOf: (name, limit) => {
      const found = column(name.split('.'));
      if ('message' in found) return [];
      const distinct = new Set<FieldValue>();
      for (let row = 0; row < rows.length && distinct.size < limit; row += 1) for (const value of found.values(row)) distinct.add(value);
      return [...distinct].slice(0, limit);
    },
  };
}

/** NaN where the series has no number. */
export function statisticOf(series: SeriesSummary, statistic: Statistic): number {
  switch (statistic) {
    case 'last':
      return Number(series.last);
    case 'best':
      return bestOf(series);
    case 'min':
    case 'max':
    case 'mean':
      return series[statistic] ?? NaN;
    case 'count':
      return series.count;
    default:
      return statistic satisfies never;
  }
}

/** Values of a parameter in a run: of the run itself, and of tasks where theirs are others (matrix values). */
function paramValues({ summary }: FieldRow, name: string): readonly FieldValue[] {
  if (summary === undefined) return [];
  const { shape } = summary;
  const ofTasks = (valueAt(summary, shape.placeOf('taskParams', name)) ?? []) as readonly Json[];
  const ofRun = valueAt(summary, shape.placeOf('params', name));
  return (ofRun === undefined || ofTasks.length > 0 ? ofTasks : [ofRun]).map((value: Json) => scalarOf(value));
}

/**
 * The series that a metric's name stands for: `loss`, `loss` of one task (`train.loss`), of one matrix value
 * (`train[lr=0.1].loss`), each perhaps with a statistic behind it (`loss.min`). A metric that is called so goes first.
 */
function findSeries(
  names: readonly string[],
  known: readonly Pick<SeriesSummary, 'task' | 'name'>[],
): { readonly statistic: Statistic; readonly isMeant: (series: Pick<SeriesSummary, 'task' | 'name'>) => boolean } | undefined {
  const attempt = (parts: readonly string[], statistic: Statistic): ReturnType<typeof findSeries> => {
    const whole = parts.join('.');
    const named = (series: Pick<SeriesSummary, 'task' | 'name'>): boolean => series.name === whole;
    if (known.some(named)) return { statistic, isMeant: named };
    const [task = '', ...rest] = parts;
    const [ofName, ofMatrix] = [rest.join('.'), `${task}[`];
    const ofTask = (series: Pick<SeriesSummary, 'task' | 'name'>): boolean => series.name === ofName && (series.task === task || series.task.startsWith(ofMatrix));
    return rest.length > 0 && known.some(ofTask) ? { statistic, isMeant: ofTask } : undefined;
  };
  const statistic = statistics.find((each) => each === names.at(-1));
  return attempt(names, 'last') ?? (statistic === undefined || names.length < 2 ? undefined : attempt(names.slice(0, -1), statistic));
}

function valueAt(summary: PackedRun, offset: number | undefined): Json | undefined {
  return offset === undefined ? undefined : summary.value(offset);
}

/** Names come from tasks and from what people type: `toString` is a name like any other. */
function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

function withPackedSummaries(rows: readonly RunRow[]): readonly FieldRow[] {
  if (rows.every(isPacked)) return rows;
  const block = openBlock(packRuns(rows.flatMap((row) => (isPacked(row) || row.summary === undefined ? [] : [{ key: row.path, summary: row.summary }]))));
  let run = 0;
  return rows.map((row): FieldRow => (isPacked(row) ? row : { ...row, summary: block && new PackedRun(block, run++, row.path) }));
}

function isPacked(row: RunRow): row is RunRow & FieldRow {
  return row.summary === undefined || row.summary instanceof PackedRun;
}

/** Something of a shape, found once: it is asked for each column and run, and most runs have the shape of the one before. */
function ofShape<T>(find: (shape: PlacedShape) => T): (shape: PlacedShape) => T {
  const known = new Map<PlacedShape, T>();
  let last: { readonly shape: PlacedShape; readonly found: T } | undefined;
  return (shape) => {
    if (last?.shape === shape) return last.found;
    const found = known.get(shape) ?? find(shape);
    known.set(shape, found);
    last = { shape, found };
    return found;
  };
}

/** Which of a shape's series are meant. */
function placesOf(isMeant: (series: Pick<SeriesSummary, 'task' | 'name'>) => boolean): (shape: PlacedShape) => readonly number[] {
  return ofShape(({ names }) => names.series.flatMap(([task, name], at) => (isMeant({ task, name }) ? [at] : [])));
}

/** One number of each series that is meant, as `statisticOf` gives it. */
function statisticsReader(isMeant: (series: Pick<SeriesSummary, 'task' | 'name'>) => boolean, statistic: Statistic): (summary: PackedRun) => readonly number[] {
  const places = placesOf(isMeant);
  if (statistic !== 'last') return (summary) => places(summary.shape).map((at) => statisticOf(summary.seriesNumber(at), statistic));
  const offsets = ofShape((shape) => places(shape).map((at) => shape.lastAt[at] ?? 0));
  return (summary) => offsets(summary.shape).map((offset) => summary.number(offset));
}

/** Whether the names of a shape's series hold a text: asked for each run, answered once a shape. */
function seriesText(): (shape: PlacedShape, text: string) => boolean {
  let asked: string | undefined;
  let answer = ofShape(() => false);
  return (shape, text) => {
    if (text !== asked) {
      asked = text;
      answer = ofShape(({ names }) => names.series.some(([task, name]) => `${task}.${name}`.toLowerCase().includes(text)));
    }
    return answer(shape);
  };
}

function over(rows: readonly FieldRow[], kind: FieldColumn['kind'], read: Read): FieldColumn {
  return {
    kind,
    values: (index) => {
      const row = rows[index];
      return row === undefined ? [] : read(row);
    },
  };
}

function unknown(name: string, candidates: readonly string[]): { readonly message: string } {
  const near = nearName(name, candidates);
  return { message: `no run has ${name}${near === undefined ? '' : `; did you mean ${near}?`}` };
}

interface Occurring {
  readonly params: ReadonlySet<string>;
  readonly metrics: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
  readonly series: readonly Pick<SeriesSummary, 'task' | 'name'>[];
  readonly all: readonly string[];
}

function namesIn(rows: readonly FieldRow[]): Occurring {
  const params = new Set<string>();
  const tags = new Set<string>();
  /** By name, then task. */
  const series = new Map<string, Map<string, Pick<SeriesSummary, 'task' | 'name'>>>();
  for (const { names } of shapesOf(rows)) {
    for (const name of [...names.params, ...names.taskParams]) params.add(name);
    for (const name of names.tags) tags.add(name);
    for (const [task, name] of names.series) {
      const ofName = series.get(name) ?? new Map<string, Pick<SeriesSummary, 'task' | 'name'>>();
      if (ofName.size === 0) series.set(name, ofName);
      if (!ofName.has(task)) ofName.set(task, { task, name });
    }
  }
  const metrics = new Set(series.keys());
  const all = [
    ...Object.keys(plain),
    'tag',
    ...[...params].map((name) => `params.${quoted(name)}`),
    ...[...metrics].map((name) => `metrics.${quoted(name)}`),
    ...[...tags].map((name) => `tags.${quoted(name)}`),
    ...counts.map((name) => `tasks.${name}`),
  ];
  return { params, metrics, tags, series: [...series.values()].flatMap((ofName) => [...ofName.values()]), all };
}

/** Each once, in the order of the rows. */
function shapesOf(rows: readonly FieldRow[]): ReadonlySet<PlacedShape> {
  const shapes = new Set<PlacedShape>();
  for (const { summary } of rows) if (summary !== undefined) shapes.add(summary.shape);
  return shapes;
}

/** A name as a filter writes it. */
export function quoted(name: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$./-]*$/u.test(name) && !name.includes('..') && !name.endsWith('.') ? name : `\`${name}\``;
}

/** All that is shown of a row but the names of its series. */
function textOfRow(row: FieldRow | undefined): string {
  if (row === undefined) return '';
  const { summary, annotations } = row;
  return [
    row.runId,
    row.status,
    statusLabels[row.status],
    row.message,
    summary?.pipeline,
    summary?.branch,
    summary?.commit,
    annotations.name,
    ...annotations.tags,
    ...annotations.notes,
    ...annotations.flags,
    ...Object.entries(summary?.params ?? {}).map(([name, value]) => `${name}=${String(scalarOf(value))}`),
    ...Object.entries(summary?.taskParams ?? {}).map(([name, values]) => `${name}=${values.map((value) => String(scalarOf(value))).join(',')}`),
    ...Object.entries(summary?.tags ?? {}).map(([name, values]) => `${name}=${values.join(',')}`),
  ]
    .filter((part) => part !== undefined)
    .join('\n')
    .toLowerCase();
}
