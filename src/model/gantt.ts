/**
 * The timeline of a run: a bar for each task that started, its attempts and cells inside, and the critical path (the
 * chain of tasks that the run's length is made of). Times are milliseconds from the start of the run.
 */
import { escapeLabel } from './mermaid.ts';
import { phaseLook } from './phase.ts';
import type { TaskId } from './pipeline.ts';
import type { RunState, TaskPhase, TaskState } from './run-state.ts';
import { elapsed, formatDuration, toDate, type Milliseconds, type UnixNano } from './time.ts';

export interface GanttBar {
  readonly label: string;
  readonly phase: TaskPhase;
  readonly start: Milliseconds;
  readonly end: Milliseconds;
}

export interface GanttRow extends GanttBar {
  readonly task: TaskId;
  /** On the chain of tasks that made the run as long as it was. */
  readonly critical: boolean;
  readonly attempts: readonly (GanttBar & { readonly cells: readonly GanttBar[] })[];
}

export interface Gantt {
  readonly start: UnixNano;
  /** Length of the run; of a run in progress, up to the last thing that is known of it, or `now`. */
  readonly length: Milliseconds;
  /** Tasks that ran, by start; skipped and pending tasks have no bar. */
  readonly rows: readonly GanttRow[];
}

/** The bars of a run; open bars end at `now` (default: the last time that the run mentions). */
export function ganttOf(state: RunState, now?: UnixNano): Gantt {
  const at = (time: UnixNano): Milliseconds => Math.max(0, elapsed(state.start, time));
  const last = now ?? state.end ?? latest(state);
  const ran = state.tasks.filter((task) => task.attempts.length > 0 && task.start !== undefined);
  const critical = criticalPath(ran, state.end ?? last);
  const rows = ran.map((task): GanttRow => {
    const start = at(task.start ?? state.start);
    return {
      task: task.node.id,
      label: task.node.id,
      phase: task.phase,
      start,
      end: Math.max(start, at(task.phase === 'running' ? last : (task.end ?? last))),
      critical: critical.has(task.node.id),
      attempts: task.attempts.map((attempt) => ({
        label: `attempt ${attempt.number}`,
        phase: attempt.outcome ?? 'running',
        start: at(attempt.start),
        end: at(attempt.end ?? task.end ?? last),
        cells: attempt.cells.map((cell) => ({ label: cell.label, phase: cell.status, start: at(cell.start), end: at(cell.end ?? attempt.end ?? last) })),
      })),
    };
  });
  rows.sort((a, b) => a.start - b.start || a.end - b.end);
  return { start: state.start, length: Math.max(at(last), ...rows.map((row) => row.end), 1), rows };
}

function latest(state: RunState): UnixNano {
  let last = state.start;
  const see = (time: UnixNano | undefined): void => {
    if (time !== undefined && BigInt(time) > BigInt(last)) last = time;
  };
  for (const task of state.tasks) {
    see(task.start);
    see(task.end);
    for (const attempt of task.attempts) {
      see(attempt.end ?? attempt.start);
      see(attempt.output.at(-1)?.time);
      see(attempt.cells.at(-1)?.start);
    }
  }
  return last;
}

/** Backwards from the task that ended last, always to the dependency that ended last. */
function criticalPath(tasks: readonly TaskState[], last: UnixNano): ReadonlySet<TaskId> {
  const byId = new Map(tasks.map((task) => [task.node.id, task]));
  const end = (task: TaskState): bigint => BigInt(task.phase === 'running' ? last : (task.end ?? last));
  const latestOf = (candidates: readonly TaskState[]): TaskState | undefined => candidates.reduce<TaskState | undefined>((best, task) => (best === undefined || end(task) > end(best) ? task : best), undefined);
  const path = new Set<TaskId>();
  for (let task = latestOf(tasks); task !== undefined && !path.has(task.node.id); ) {
    path.add(task.node.id);
    task = latestOf(task.node.dependencies.flatMap((id) => byId.get(id) ?? []));
  }
  return path;
}

/** Round tick distances of a time axis: at most `count` ticks over `length`. */
export function ticksOf(length: Milliseconds, count: number): readonly Milliseconds[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, 3600e3, 7200e3, 14400e3, 43200e3, 86400e3];
  let step = steps.find((candidate) => length / candidate <= count) ?? 86400e3;
  while (length / step > count) step *= 2;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
}

/** A mermaid gantt diagram (https://mermaid.js.org/syntax/gantt.html), times as Unix milliseconds. */
export function ganttToMermaid(gantt: Gantt, title: string): string {
  const start = toDate(gantt.start).getTime();
  const tag: Readonly<Record<TaskPhase, string>> = { pending: '', stale: '', running: 'active, ', success: 'done, ', failure: 'crit, ', error: 'crit, ', timeout: 'crit, ', cancellation: 'crit, ', skip: 'done, ' };
  // `:` ends a name in gantt text; a section is one task, a bar one attempt.
  const name = (text: string): string => escapeLabel(text).replace(/:/g, '#58;').replace(/,/g, '#44;');
  const lines = ['gantt', `  title ${name(title)}`, '  dateFormat x', '  axisFormat %H:%M:%S'];
  for (const row of gantt.rows) {
    lines.push(`  section ${name(row.label)}`);
    for (const bar of row.attempts) {
      const from = Math.round(start + bar.start);
      lines.push(`  ${name(row.attempts.length > 1 ? `${bar.label} ` : '')}${formatDuration(bar.end - bar.start)} :${tag[bar.phase]}${from}, ${Math.max(from + 1, Math.round(start + bar.end))}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Bars of text, `width` columns wide in all; `━` on the critical path, `─` elsewhere. */
export function ganttToText(gantt: Gantt, width = 80): string {
  const labels = Math.min(32, Math.max(4, ...gantt.rows.map((row) => row.label.length)));
  const columns = Math.max(10, width - labels - 14);
  const column = (time: Milliseconds): number => Math.min(columns - 1, Math.floor((time / gantt.length) * columns));
  const lines = gantt.rows.map((row) => {
    const label = row.label.length > labels ? `${row.label.slice(0, labels - 1)}…` : row.label.padEnd(labels);
    const from = column(row.start);
    const bar = (row.critical ? '━' : '─').repeat(Math.max(1, column(row.end) - from + 1));
    return `${label} ${phaseLook[row.phase].sign} ${' '.repeat(from)}${bar.padEnd(columns - from)} ${formatDuration(row.end - row.start)}`;
  });
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}
