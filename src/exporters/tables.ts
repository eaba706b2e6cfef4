/** Runs as four tables, for spreadsheets and data frames: runs, params, metrics (a line a series), series (a line a point). */
import type { RunState } from '../model/run-state.ts';
import { elapsed, toDate, type UnixNano } from '../model/time.ts';

export type Cell = string | number | boolean | null;

export interface Table {
  readonly name: 'runs' | 'params' | 'metrics' | 'series';
  readonly columns: readonly string[];
  /** Made one by one: there may be millions of points. */
  readonly rows: () => Generator<readonly Cell[]>;
}

export function tablesOf(runs: readonly RunState[]): readonly Table[] {
  return [
    {
      name: 'runs',
      columns: ['run', 'pipeline', 'outcome', 'start', 'end', 'seconds', 'tasks', 'executed', 'branch', 'commit', 'dirty'],
      *rows() {
        for (const run of runs) {
          const { resource } = run;
          const text = (name: string): Cell => (typeof resource[name] === 'string' ? resource[name] : null);
          yield [run.runId, run.pipeline.name, run.outcome ?? 'running', iso(run.start), run.end === undefined ? null : iso(run.end), run.end === undefined ? null : elapsed(run.start, run.end) / 1000, run.tasks.length, run.tasks.filter((task) => task.attempts.length > 0).length, text('vcs.ref.head.name'), text('vcs.ref.head.revision'), resource['runweave.vcs.dirty'] === true];
        }
      },
    },
    {
      name: 'params',
      columns: ['run', 'task', 'name', 'value'],
      *rows() {
        for (const run of runs) {
          for (const [name, value] of Object.entries(run.params)) yield [run.runId, null, name, cell(value)];
          for (const task of run.tasks) for (const [name, value] of Object.entries({ ...task.params, ...task.loggedParams })) yield [run.runId, task.node.id, name, cell(value)];
        }
      },
    },
    {
      name: 'metrics',
      columns: ['run', 'task', 'name', 'count', 'last', 'min', 'max', 'mean'],
      *rows() {
        for (const run of runs) for (const task of run.tasks) for (const [name, { count, last, min, max, mean }] of Object.entries(task.metrics)) yield [run.runId, task.node.id, name, count, last, min ?? null, max ?? null, mean ?? null];
      },
    },
    {
      name: 'series',
      columns: ['run', 'task', 'name', 'step', 'time', 'value'],
      *rows() {
        for (const run of runs) {
          for (const task of run.tasks) {
            for (const [name, { start, times, values, steps }] of Object.entries(task.metrics)) {
              for (const [index, value] of values.entries()) yield [run.runId, task.node.id, name, steps?.[index] ?? null, iso(String(BigInt(start) + BigInt(times[index] ?? 0)) as UnixNano), value];
            }
          }
        }
      },
    },
  ];
}

function iso(time: UnixNano): string {
  return toDate(time).toISOString();
}

function cell(value: unknown): Cell {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : JSON.stringify(value);
}

/** RFC 4180; a text that a spreadsheet would take for a formula is marked as text (OWASP, CSV injection). */
export function csvLine(cells: readonly Cell[]): string {
  const field = (value: Cell): string => {
    if (value === null) return '';
    if (typeof value !== 'string') return String(value);
    const safe = /^[=+@\t\r]|^-(?![\d.]|Infinity$)/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return `${cells.map(field).join(',')}\r\n`;
}
