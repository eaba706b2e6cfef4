/** Timelines of runs side by side: which task became slower, and whether the run waited for it. */
import { ganttOf, type GanttRow } from '../model/gantt.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { RunState, TaskPhase } from '../model/run-state.ts';
import type { Milliseconds } from '../model/time.ts';
import type { PerRun } from './compare.ts';

export interface ComparedBar {
  readonly phase: TaskPhase;
  /** From the start of its run. */
  readonly start: Milliseconds;
  readonly end: Milliseconds;
  /** Of the chain of tasks that made its run as long as it was. */
  readonly critical: boolean;
}

export interface TimelineRow {
  readonly task: TaskId;
  /** None where it did not run: it was up to date, restored, or not there. */
  readonly bars: PerRun<ComparedBar>;
  /** How much longer it took than in the first run; 0 to what is not there, so that what ran again counts. */
  readonly changes: readonly Milliseconds[];
}

export interface Timelines {
  /** How long each run took. */
  readonly lengths: readonly Milliseconds[];
  /** By their first start in any run. */
  readonly rows: readonly TimelineRow[];
}

export function compareTimelines(runs: readonly RunState[]): Timelines {
  const gantts = runs.map((run) => ganttOf(run));
  const rowsOf = gantts.map((gantt) => new Map(gantt.rows.map((row) => [row.task, row])));
  const tasks = [...new Set(gantts.flatMap((gantt) => gantt.rows.map((row) => row.task)))];
  const rows = tasks.map((task): TimelineRow => {
    const bars = rowsOf.map((byTask) => barOf(byTask.get(task)));
    const first = lengthOf(bars[0]);
    return { task, bars, changes: bars.map((bar) => lengthOf(bar) - first) };
  });
  const firstStart = ({ bars }: TimelineRow): number => Math.min(...bars.map((bar) => bar?.start ?? Infinity));
  return { lengths: gantts.map((gantt) => gantt.length), rows: rows.sort((a, b) => firstStart(a) - firstStart(b)) };
}

function barOf(row: GanttRow | undefined): ComparedBar | undefined {
  return row === undefined ? undefined : { phase: row.phase, start: row.start, end: row.end, critical: row.critical };
}

function lengthOf(bar: ComparedBar | undefined): Milliseconds {
  return bar === undefined ? 0 : bar.end - bar.start;
}

export interface Slower {
  readonly task: TaskId;
  readonly change: Milliseconds;
  /** In either run, the run waited for it. */
  readonly critical: boolean;
}

/** Milliseconds that are how machines are. */
const least = 200;

/** Tasks whose time changed between the first run and another one, what the run waited for and what changed most first. */
export function slowerTasks({ rows }: Timelines, run: number): readonly Slower[] {
  return rows
    .flatMap(({ task, bars, changes }): readonly Slower[] => {
      const change = changes[run] ?? 0;
      return Math.abs(change) < least ? [] : [{ task, change, critical: bars[0]?.critical === true || bars[run]?.critical === true }];
    })
    .sort((a, b) => Number(b.critical) - Number(a.critical) || Math.abs(b.change) - Math.abs(a.change));
}
