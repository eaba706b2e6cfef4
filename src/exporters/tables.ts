/** Runs as four tables, for spreadsheets and data frames: runs, params, metrics (a line a series), series (a line a point). */
import type { Json } from '../model/json.ts';
import type { RunState } from '../model/run-state.ts';
import { vcsDirty, vcsRefHeadName, vcsRefHeadRevision } from '../model/semantic-conventions.ts';
import { elapsed, toDate, type UnixNano } from '../model/time.ts';

/** A big integer is a time: nanoseconds since the Unix epoch. */
export type Cell = string | number | boolean | bigint | null;

export interface Column {
  readonly name: string;
  readonly type: 'text' | 'integer' | 'number' | 'boolean' | 'time';
}

export interface Table {
  readonly name: 'runs' | 'params' | 'metrics' | 'series';
  readonly columns: readonly Column[];
  /** Of one run, made one by one: there may be millions of points. */
  readonly rows: (run: RunState) => Generator<readonly Cell[]>;
}

const text = (name: string): Column => ({ name, type: 'text' });
const integer = (name: string): Column => ({ name, type: 'integer' });
const number = (name: string): Column => ({ name, type: 'number' });
const time = (name: string): Column => ({ name, type: 'time' });

export const tables: readonly Table[] = [
  {
    name: 'runs',
    columns: [text('run'), text('pipeline'), text('outcome'), time('start'), time('end'), number('seconds'), integer('tasks'), integer('executed'), text('branch'), text('commit'), { name: 'dirty', type: 'boolean' }],
    *rows(run) {
      const { resource } = run;
      const of = (name: string): Cell => (typeof resource[name] === 'string' ? resource[name] : null);
      const ended = run.end === undefined ? [null, null] : [BigInt(run.end), elapsed(run.start, run.end) / 1000];
      const executed = run.tasks.filter((task) => task.attempts.length > 0).length;
      yield [run.runId, run.pipeline.name, run.outcome ?? 'running', BigInt(run.start), ...ended, run.tasks.length, executed, of(vcsRefHeadName), of(vcsRefHeadRevision), resource[vcsDirty] === true];
    },
  },
  {
    name: 'params',
    columns: [text('run'), text('task'), text('name'), text('value')],
    *rows(run) {
      for (const [name, value] of Object.entries(run.params)) yield [run.runId, null, name, valueText(value)];
      for (const task of run.tasks) for (const [name, value] of Object.entries({ ...task.params, ...task.loggedParams })) yield [run.runId, task.node.id, name, valueText(value)];
    },
  },
  {
    name: 'metrics',
    columns: [text('run'), text('task'), text('name'), integer('count'), number('last'), number('min'), number('max'), number('mean')],
    *rows(run) {
      for (const task of run.tasks) for (const [name, { count, last, min, max, mean }] of Object.entries(task.metrics)) yield [run.runId, task.node.id, name, count, Number(last), min ?? null, max ?? null, mean ?? null];
    },
  },
  {
    name: 'series',
    columns: [text('run'), text('task'), text('name'), number('step'), time('time'), number('value')],
    *rows(run) {
      for (const task of run.tasks) {
        for (const [name, { start, times, values, steps }] of Object.entries(task.metrics)) {
          for (const [index, value] of values.entries()) yield [run.runId, task.node.id, name, steps?.[index] ?? null, BigInt(start) + BigInt(times[index] ?? 0), Number(value)];
        }
      }
    },
  },
];

/** A text as it is, any other value as JSON. */
function valueText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** RFC 4180, times in ISO 8601; a text that a spreadsheet would take for a formula is marked as text (OWASP, CSV injection). */
export function csvLine(cells: readonly Cell[]): string {
  const field = (value: Cell): string => {
    if (value === null) return '';
    if (typeof value === 'bigint') return toDate(String(value) as UnixNano).toISOString();
    if (typeof value !== 'string') return String(value);
    const safe = /^[=+@\t\r]|^-(?![\d.])/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return `${cells.map(field).join(',')}\r\n`;
}
