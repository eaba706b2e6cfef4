/** The region at the bottom of a terminal while a run goes on: what runs, for how long, what it said last, and counts. */
import { describeTimeLeft } from '../../model/remaining.ts';
import { countPhases, type RunState, type TaskState } from '../../model/run-state.ts';
import { elapsed, formatDuration, fromMilliseconds, type Milliseconds } from '../../model/time.ts';
import { displayWidth, padEnd, truncate, type Style } from '../text.ts';
import { briefReasons } from './task-lines.ts';

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export interface LiveOptions {
  readonly style: Style;
  readonly columns: number;
  /** Most lines to draw: fewer than the terminal has, or the top scrolls away and can't be redrawn. */
  readonly lines: number;
  /** Unix milliseconds. */
  readonly now: number;
  readonly frame: number;
  /** The last line that a task printed, made harmless. */
  readonly lastLine: (task: TaskState) => string | undefined;
  /** An estimate from earlier runs, where there is one. */
  readonly left?: Milliseconds | undefined;
  /** A note after the counts: `ending tasks…` */
  readonly note?: string;
}

/** Lines that are never wider than the terminal. */
export function liveLines(state: RunState, options: LiveOptions): string[] {
  const { style, columns, now, frame } = options;
  const nowNano = fromMilliseconds(now);
  const running = state.tasks.filter((task) => task.phase === 'running');
  const room = Math.max(1, options.lines - 1);
  const shown = running.length > room ? running.slice(0, Math.max(0, room - 1)) : running;
  const nameWidth = Math.min(Math.max(0, ...shown.map((task) => displayWidth(task.node.id))), Math.max(10, Math.floor(columns / 2)));
  const symbol = style('cyan', spinner[frame % spinner.length] ?? '');
  const lines = shown.map((task) => {
    const start = task.attempts.at(-1)?.start ?? task.start;
    const time = start === undefined ? '' : formatDuration(Math.max(0, elapsed(start, nowNano)));
    const attempt = task.attempts.length > 1 ? `  attempt ${task.attempts.length}` : '';
    const text = options.lastLine(task) ?? briefReasons(task.reasons);
    return truncate(`${symbol} ${padEnd(truncate(task.node.id, nameWidth), nameWidth)}  ${padEnd(time, 7)}${attempt}  ${style('dim', text)}`.trimEnd(), columns);
  });
  if (shown.length < running.length) lines.push(style('dim', `  and ${running.length - shown.length} more`));
  const counts = countPhases(state);
  const failed = counts.failure + counts.error + counts.timeout;
  const upToDate = state.tasks.filter((task) => task.phase === 'skip' && task.skipReason === 'up-to-date').length;
  const restored = state.tasks.filter((task) => task.phase === 'skip' && task.skipReason === 'restored').length;
  const waiting = counts.pending + counts.stale;
  const parts = [
    counts.success > 0 ? `${counts.success} done` : '',
    failed > 0 ? style('red', `${failed} failed`) : '',
    restored > 0 ? `${restored} restored` : '',
    upToDate > 0 ? `${upToDate} up to date` : '',
    running.length > 0 ? `${running.length} running` : '',
    waiting > 0 ? `${waiting} waiting` : '',
    formatDuration(Math.max(0, elapsed(state.start, nowNano))),
    describeTimeLeft(options.left) ?? '',
    options.note === undefined ? '' : style('yellow', options.note),
  ];
  lines.push(truncate(`  ${parts.filter((part) => part !== '').join(style('dim', ' · '))}`, columns));
  return lines;
}
