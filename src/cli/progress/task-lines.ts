/** What a run says about its tasks, as lines: pure functions over the run state, for a terminal and for plain logs. */
import { describeReason, type Reason } from '../../model/fingerprint.ts';
import { groupBy } from '../../model/group-by.ts';
import { failureMessage } from '../../model/failure.ts';
import type { MetricValue } from '../../model/metric-series.ts';
import type { RecordedFailure, RunId, Outcome } from '../../model/run-event.ts';
import { phaseLook } from '../../model/phase.ts';
import { countPhases, type RunState, type TaskState } from '../../model/run-state.ts';
import { elapsed, formatDuration } from '../../model/time.ts';
import { formatNumber, plural, sanitize, truncate, type Style } from '../text.ts';

export interface LineOptions {
  readonly style: Style;
  readonly color: boolean;
  /** Lines are cut to it; `undefined`: no limit. */
  readonly columns: number | undefined;
}

type SymbolColor = 'green' | 'red' | 'yellow' | 'dim';

const colors: Readonly<Record<Outcome, SymbolColor>> = { success: 'green', failure: 'red', error: 'red', timeout: 'red', cancellation: 'yellow', skip: 'dim' };

/** The sign of an outcome that every surface shows; what is up to date is `=` in lines of text. */
export function outcomeSymbol(outcome: Outcome, style: Style): string {
  return style(colors[outcome], outcome === 'skip' ? '=' : phaseLook[outcome].sign);
}

/** `timed out`, for people; the outcome's own word is for programs. */
export function outcomeWord(outcome: Outcome): string {
  return outcome === 'skip' ? 'up to date' : phaseLook[outcome].label;
}

export function fit(line: string, columns: number | undefined): string {
  return columns === undefined ? line : truncate(line, columns);
}

/** One line of text that a task chose: no control sequences, no line breaks. */
export function oneLine(text: string): string {
  return sanitize(text, false).replace(/\s+/g, ' ').trim();
}

/** The first reason, and how many there are besides. */
export function briefReasons(reasons: readonly Reason[]): string {
  const [first, ...more] = reasons;
  if (first === undefined) return '';
  return oneLine(`${describeReason(first)}${more.length === 0 ? '' : `, and ${more.length} more`}`);
}

/** Last values of the first few metrics: `roc_auc=0.99  loss=0.1`. */
export function briefMetrics(task: Pick<TaskState, 'metrics'>): string {
  return briefValues(Object.fromEntries(Object.entries(task.metrics).map(([name, { last }]) => [name, last])));
}

export function briefValues(values: Readonly<Record<string, MetricValue>>, limit = 3): string {
  return Object.entries(values)
    .slice(0, limit)
    .map(([name, value]) => `${oneLine(name)}=${formatNumber(value)}`)
    .join('  ');
}

export function taskDuration(task: Pick<TaskState, 'start' | 'end'>): string {
  return task.start === undefined || task.end === undefined ? '' : formatDuration(elapsed(task.start, task.end));
}

/** `▸ train  parameter epochs: 10 → 20`: a task begins, in a plain log. */
export function startedLine(task: TaskState, { style, columns }: LineOptions): string {
  return fit(`${style('cyan', '▸')} ${task.node.id}  ${style('dim', briefReasons(task.reasons))}`.trimEnd(), columns);
}

/** `↻ train  cancelled: source train.py changed (62feab6a → f159474f)`: a change came while its run goes on. `before`: what it was. */
export function overruledLine(task: TaskState, before: TaskState['phase'], { style, columns }: LineOptions): string {
  return fit(`${style('yellow', '↻')} ${task.node.id}  ${before === 'running' ? 'cancelled' : 'to run again'}: ${style('dim', briefReasons(task.reasons))}`, columns);
}

/** `✓ train[nr_train_images=400]  2.3 s  roc_auc=0.99  2 attempts  parameter epochs: 10 → 20` */
export function finishedLine(task: TaskState, outcome: Exclude<Outcome, 'skip'>, options: LineOptions & { readonly withReasons: boolean }): string {
  const { style, columns } = options;
  const parts = [`${outcomeSymbol(outcome, style)} ${outcome === 'success' ? task.node.id : style('bold', task.node.id)}`, taskDuration(task)];
  if (outcome === 'success') parts.push(briefMetrics(task));
  else parts.push(style(outcome === 'cancellation' ? 'yellow' : 'red', task.failure === undefined ? outcomeWord(outcome) : describeFailure(task.failure)));
  if (task.attempts.length > 1) parts.push(plural(task.attempts.length, 'attempt'));
  if (options.withReasons && outcome === 'success') parts.push(style('dim', briefReasons(task.reasons)));
  return fit(parts.filter((part) => part !== '').join('  '), columns);
}

export function describeFailure(failure: RecordedFailure): string {
  return oneLine(failureMessage(failure));
}

/** Where the user's own code failed: the innermost frame. */
export function failureLocation(failure: RecordedFailure): string | undefined {
  const frame = failure.frames?.at(-1);
  if (frame === undefined) return undefined;
  const { file, line } = frame;
  // Of a notebook it is a line of the cell.
  return file.endsWith('.ipynb') ? `${oneLine(file)}, ${oneLine(frame.function)}, line ${line}` : `${oneLine(file)}:${line} in ${oneLine(frame.function)}`;
}

const tailLines = 20;

/** Below the line of a task that failed: the end of its output, where the exception came from, and how to see more. */
export function failureLines(task: TaskState, runId: RunId, options: LineOptions): string[] {
  const { style, color, columns } = options;
  const attempt = task.attempts.at(-1);
  // The tail of the chunks first: an output can be long, and only its end is shown.
  let text = '';
  for (const chunk of (attempt?.output ?? []).toReversed()) {
    text = chunk.text + text;
    if (text.length > tailLines * 400 && text.split('\n').length > tailLines + 1) break;
  }
  const lines = sanitize(text, color).split('\n').map((line) => line.trimEnd());
  while (lines.at(-1) === '') lines.pop();
  // What the helper said as the task's last words is the failure's message already.
  const isSaid = lines.length === 1 && lines[0] === `runweave: ${task.failure?.message ?? ''}`;
  const tail = isSaid ? [] : lines.slice(-tailLines);
  const more = `more: runweave logs ${shellWord(`${runId}/${task.node.id}`)}`;
  const location = task.failure === undefined ? undefined : failureLocation(task.failure);
  return [
    ...tail.map((line) => fit(`  ${style('red', '│')} ${line}`, columns)),
    ...(location === undefined ? [] : [fit(`  at ${style('cyan', location)}`, columns)]),
    style('dim', `  ${more}`),
  ];
}

/** Quoted for a shell only where it must be: `train[x=1]` is a pattern to most shells. */
export function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The tasks that did not run, one line a reason: `= 6 up to date`, `- 2 not run, what they need did not succeed: a, b`. */
export function skippedLines(state: Pick<RunState, 'tasks'>, { style, columns }: LineOptions): string[] {
  const skipped = (reason: TaskState['skipReason']): readonly TaskState[] => state.tasks.filter((task) => task.phase === 'skip' && task.skipReason === reason);
  const named = (tasks: readonly TaskState[], text: string): string[] =>
    tasks.length === 0 ? [] : [fit(`${style('yellow', '-')} ${tasks.length} ${text}: ${tasks.map((task) => task.node.id).join(', ')}`, columns)];
  const upToDate = skipped('up-to-date').length;
  return [
    ...restoredLines(skipped('restored'), style),
    ...(upToDate === 0 ? [] : [style('dim', `= ${upToDate} up to date`)]),
    ...named(skipped('upstream'), 'not run, what they need did not succeed'),
    ...named(skipped('stopped'), 'not started, the run was stopped'),
    ...named(skipped('manual'), 'to be run on request'),
  ];
}

/** A line a run that outputs came from. */
function restoredLines(tasks: readonly TaskState[], style: Style): string[] {
  const byRun = groupBy(tasks, (task) => task.madeBy?.runId ?? 'an earlier run');
  return [...byRun].map(([runId, of]) => style('dim', `= ${of.length} restored from ${runId}: ${of.slice(0, 5).map((task) => task.node.id).join(', ')}${of.length > 5 ? ', …' : ''}`));
}

/** The last line of a run: counts, time, record. */
export function summaryLine(state: RunState, record: string, { style }: LineOptions): string {
  const counts = countPhases(state);
  const upToDate = state.tasks.filter((task) => task.phase === 'skip' && task.skipReason === 'up-to-date').length;
  const restored = state.tasks.filter((task) => task.phase === 'skip' && task.skipReason === 'restored').length;
  const parts = [
    [counts.success, 'succeeded'],
    [counts.failure, 'failed'],
    [counts.error, 'could not run'],
    [counts.timeout, 'timed out'],
    [counts.cancellation, 'cancelled'],
    [restored, 'restored'],
    [upToDate, 'up to date'],
    [counts.skip - upToDate - restored + counts.pending + counts.stale, 'not run'],
  ] as const;
  const text = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`).join(', ') || 'no tasks';
  const outcome = state.outcome ?? 'error';
  const head = outcome === 'skip' || (outcome === 'success' && counts.success + restored === 0) ? style('green', 'Nothing to do') : style(colors[outcome], outcomeTitle(outcome));
  const duration = state.end === undefined ? '' : `, ${formatDuration(elapsed(state.start, state.end))}`;
  return `${head}: ${text}${duration}. ${style('dim', record)}`;
}

function outcomeTitle(outcome: Outcome): string {
  const word = outcomeWord(outcome);
  return word.charAt(0).toUpperCase() + word.slice(1);
}
