/** Two fields of runs against each other. */
import type { FieldColumn, FieldValue } from '../filter/match.ts';
import type { RunFields } from '../run-fields.ts';
import { matrixTask } from './matrix-values.ts';

export interface Axis {
  /** Texts have places, `categories`; numbers stand for themselves. */
  readonly categories?: readonly string[];
  readonly kind: FieldColumn['kind'];
}

export interface ScatterPoint {
  readonly row: number;
  /** The task whose value it is, where a run has several. */
  readonly task?: string;
  /** The value, or the place among the categories. */
  readonly x: number;
  readonly y: number;
}

export interface Scatter {
  readonly x: Axis;
  readonly y: Axis;
  readonly points: readonly ScatterPoint[];
}

interface Reading {
  readonly value: FieldValue;
  /** Of a metric. */
  readonly task?: string;
}

/** A run with a matrix gives a point for each of its values. `undefined` for a field that no run has. */
export function scatterOf(fields: RunFields, rows: readonly number[], x: readonly string[], y: readonly string[]): Scatter | undefined {
  const [across, up] = [readingsOf(fields, x), readingsOf(fields, y)];
  if (across === undefined || up === undefined) return undefined;
  const found = rows.flatMap((row) => pairsOf(across.read(row), up.read(row), x, y).map((pair) => ({ row, ...pair })));
  const [xAxis, yAxis] = [axisOf(across.kind, found.map((pair) => pair.x)), axisOf(up.kind, found.map((pair) => pair.y))];
  const points = found.flatMap(({ row, task, x: left, y: right }) => {
    const point = { row, ...(task !== undefined && { task }), x: placeOf(left, xAxis), y: placeOf(right, yAxis) };
    return Number.isFinite(point.x) && Number.isFinite(point.y) ? [point] : [];
  });
  return { x: xAxis, y: yAxis, points };
}

function readingsOf(fields: RunFields, names: readonly string[]): { readonly kind: FieldColumn['kind']; readonly read: (row: number) => readonly Reading[] } | undefined {
  const ofTasks = fields.ofTasks(names);
  if (ofTasks !== undefined) return { kind: 'value', read: ofTasks };
  const column = fields.column(names);
  return 'message' in column ? undefined : { kind: column.kind, read: (row) => column.values(row).map((value) => ({ value })) };
}

interface Pair {
  readonly x: FieldValue;
  readonly y: FieldValue;
  readonly task?: string;
}

/**
 * Which value of one field belongs to which of the other: those of one task, of tasks with the same matrix values, and
 * of a task and a key of its matrix. Where that says nothing, each with each.
 */
function pairsOf(across: readonly Reading[], up: readonly Reading[], x: readonly string[], y: readonly string[]): readonly Pair[] {
  const several = across.length > 1 || up.length > 1;
  const byMatrix = (metric: readonly Reading[], param: readonly string[]): readonly (readonly [Reading, string])[] =>
    metric.flatMap((reading) => {
      const value = reading.task === undefined ? undefined : matrixTask(reading.task).values.get(param.slice(1).join('.'));
      return value === undefined ? [] : [[reading, value]];
    });
  const numeric = (readings: readonly Reading[], text: string): FieldValue => readings.find(({ value }) => String(value) === text || (typeof value === 'number' && text !== '' && Number(text) === value))?.value ?? text;
  if (several && isParam(x)) {
    const pairs = byMatrix(up, x);
    if (pairs.length > 0) return pairs.map(([reading, value]) => ({ x: numeric(across, value), y: reading.value, task: reading.task ?? '' }));
  }
  if (several && isParam(y)) {
    const pairs = byMatrix(across, y);
    if (pairs.length > 0) return pairs.map(([reading, value]) => ({ x: reading.value, y: numeric(up, value), task: reading.task ?? '' }));
  }
  const all = across.flatMap((a) => up.map((b) => ({ a, b })));
  const together = all.filter(({ a, b }) => a.task !== undefined && b.task !== undefined && (a.task === b.task || sameMatrix(a.task, b.task)));
  return (together.length > 0 ? together : all).map(({ a, b }) => {
    const task = several ? (b.task ?? a.task) : undefined;
    return { x: a.value, y: b.value, ...(task !== undefined && { task }) };
  });
}

const isParam = ([family]: readonly string[]): boolean => family === 'params' || family === 'param';

function sameMatrix(a: string, b: string): boolean {
  const [one, other] = [matrixTask(a).values, matrixTask(b).values];
  return one.size > 0 && [...one].every(([key, value]) => !other.has(key) || other.get(key) === value) && [...one.keys()].some((key) => other.has(key));
}

export function axisOf(kind: FieldColumn['kind'], values: readonly FieldValue[]): Axis {
  if (kind !== 'value' || values.every((value) => typeof value === 'number')) return { kind };
  return { kind, categories: [...new Set(values.map(String))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true })) };
}

export function placeOf(value: FieldValue, { categories }: Axis): number {
  return categories === undefined ? Number(value) : categories.indexOf(String(value));
}
