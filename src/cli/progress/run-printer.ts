/** Shows runs for people, from the events of a session: on a terminal with a live region, elsewhere as plain lines. */
import type { TaskId } from '../../model/pipeline.ts';
import { timeLeft, type Durations } from '../../model/remaining.ts';
import { logText } from '../../model/reported.ts';
import { fromMilliseconds } from '../../model/time.ts';
import type { EventOf, RunEvent, Trigger } from '../../model/run-event.ts';
import { createRunFold, type RunFold, type RunState } from '../../model/run-state.ts';
import type { Host } from '../host.ts';
import { createLiveRegion } from './live-region.ts';
import { liveLines } from './live-view.ts';
import { createOutputLines, type OutputLines } from './output-lines.ts';
import { describeFailure, failureLines, finishedLine, fit, oneLine, overruledLine, skippedLines, startedLine, summaryLine, type LineOptions } from './task-lines.ts';

export interface RunPrinterOptions {
  /** Prints what the tasks print, line by line. */
  readonly verbose: boolean;
  /** How to name a record to the user, from its absolute path. */
  readonly nameFile: (path: string) => string;
}

export interface RunPrinter {
  readonly event: (event: RunEvent) => void;
  /** For the time left of the run that begins next. */
  readonly estimate: (durations: Durations, slots: number) => void;
  /** After the run of the events so far was sealed. */
  readonly sealed: (record: string) => void;
  /** Lines above the live region. */
  readonly print: (lines: readonly string[]) => void;
  /** A note in the live region: that the run is being ended. */
  readonly note: (text: string) => void;
  /** Takes the live region away; nothing is drawn afterwards. */
  readonly close: () => void;
}

export function createRunPrinter(host: Pick<Host, 'stdout' | 'now' | 'onTick'>, options: RunPrinterOptions): RunPrinter {
  const { stdout } = host;
  const { style, color, interactive } = stdout;
  const region = createLiveRegion(stdout);
  let fold: RunFold = createRunFold();
  let streams = new Map<string, OutputLines>();
  let frame = 0;
  let note: string | undefined;
  let running = false;
  let estimate: { readonly durations: Durations; readonly slots: number } | undefined;

  const lineOptions = (): LineOptions => ({ style, color, columns: interactive ? stdout.columns() : undefined });
  const print = (lines: readonly string[]): void => {
    if (interactive) region.print(lines);
    else if (lines.length > 0) stdout.write(`${lines.join('\n')}\n`);
  };
  const stream = (task: TaskId, name: 'stdout' | 'stderr'): OutputLines => {
    const key = `${name} ${task}`;
    let lines = streams.get(key);
    if (lines === undefined) streams.set(key, (lines = createOutputLines(color)));
    return lines;
  };
  const prefixed = (task: TaskId, lines: readonly string[]): string[] => {
    const columns = interactive ? stdout.columns() : undefined;
    return lines.map((line) => fit(`${style('dim', `${task} │`)} ${line}`, columns));
  };
  const endStreams = (task: TaskId): void => {
    for (const name of ['stdout', 'stderr'] as const) {
      const rest = stream(task, name).end();
      if (options.verbose) print(prefixed(task, rest));
      streams.delete(`${name} ${task}`);
    }
  };
  const draw = (): void => {
    const state = fold.state();
    if (state === undefined || !running) return;
    frame += 1;
    region.draw(
      liveLines(state, {
        style,
        // One column stays free: in the last one, some terminals wrap, and `erase to the end of the line` takes the character.
        columns: (stdout.columns() ?? 80) - 1,
        lines: Math.max(2, stdout.rows() - 1),
        now: host.now(),
        frame,
        lastLine: (task) => streams.get(`stdout ${task.node.id}`)?.last() ?? streams.get(`stderr ${task.node.id}`)?.last(),
        ...(note !== undefined && { note }),
        ...(estimate !== undefined && { left: timeLeft(state, estimate.durations, estimate.slots, fromMilliseconds(host.now())) }),
      }),
    );
  };
  const stopTicks = interactive ? host.onTick(draw) : () => undefined;

  const attemptStarted = (event: EventOf<'attempt-started'>): void => {
    const task = fold.task(event.task);
    if (task === undefined) return;
    if (event.cause === 'retry') {
      const failure = task.attempts.at(-2)?.failure;
      const why = failure === undefined ? '' : describeFailure(failure);
      print([fit(`${style('yellow', '↻')} ${event.task}  attempt ${event.attempt}  ${style('dim', why)}`.trimEnd(), lineOptions().columns)]);
    }
  };

  const taskEnded = (state: RunState, event: EventOf<'task-ended'>): void => {
    endStreams(event.task);
    const task = fold.task(event.task);
    if (task === undefined) return;
    const lines = lineOptions();
    const failed = event.outcome !== 'success' && event.outcome !== 'cancellation';
    print([finishedLine(task, event.outcome, { ...lines, withReasons: interactive }), ...(failed ? failureLines(task, state.runId, lines) : [])]);
  };

  return {
    event(event) {
      if (event.type === 'run-started') {
        fold = createRunFold();
        streams = new Map();
        note = undefined;
        running = true;
        const head = triggerLine(event.trigger);
        if (head !== undefined) print([fit(`${style('cyan', '↻')} ${head}`, lineOptions().columns)]);
      }
      const phaseBefore = event.type === 'task-stale' ? fold.task(event.task)?.phase : undefined;
      fold.apply(event);
      const state = fold.state();
      if (state === undefined) return;
      switch (event.type) {
        case 'task-stale': {
          // After a change, while watching: what is not decided for the first time.
          const task = fold.task(event.task);
          const isOverruled = phaseBefore !== undefined && phaseBefore !== 'pending' && phaseBefore !== 'stale';
          if (isOverruled && task !== undefined) print([overruledLine(task, phaseBefore, lineOptions())]);
          return;
        }
        case 'task-started': {
          const task = fold.task(event.task);
          if (!interactive && task !== undefined) print([startedLine(task, lineOptions())]);
          return;
        }
        case 'attempt-started':
          attemptStarted(event);
          if (event.note !== undefined) print([style('dim', `  ${event.task}: ${oneLine(event.note)}`)]);
          return;
        case 'output': {
          const lines = stream(event.task, event.stream).push(event.text);
          if (options.verbose) print(prefixed(event.task, lines));
          return;
        }
        case 'log': {
          const lines = stream(event.task, 'stderr').push(logText(event.log));
          if (options.verbose) print(prefixed(event.task, lines));
          return;
        }
        case 'attempt-ended':
          endStreams(event.task);
          return;
        case 'task-ended':
          taskEnded(state, event);
          return;
        case 'warned':
          // Those of no place in a program are Runweave's own; the task's are in its output.
          print(event.warnings.filter(({ file }) => file === '').map(({ message }) => `${style('yellow', '!')} ${event.task}  ${oneLine(message)}`));
          return;
        case 'warning':
          print([`${style('yellow', '!')} ${oneLine(event.message)}`]);
          return;
        case 'run-ended':
          running = false;
          region.clear();
          print(skippedLines(state, lineOptions()));
          return;
        // The live region shows the rest, or nothing does.
        case 'run-started':
        case 'tasks-changed':
        case 'task-skipped':
        case 'metric':
        case 'metrics':
        case 'param':
        case 'tag':
        case 'return':
        case 'artifact':
        case 'span':
        case 'dataset':
        case 'cell':
        case 'observed':
        case 'sources':
        case 'resources':
        case 'checked':
        case 'run-context':
          return;
        default:
          event satisfies never;
      }
    },
    estimate(durations, slots) {
      estimate = { durations, slots };
    },
    sealed(record) {
      const state = fold.state();
      if (state !== undefined) print([summaryLine(state, options.nameFile(record), lineOptions())]);
    },
    print,
    note(text) {
      note = text;
      if (!interactive || !running) print([style('yellow', text)]);
      else draw();
    },
    close() {
      running = false;
      stopTicks();
      region.clear();
    },
  };
}

/** `changed: tasks/train.py, tasks/model.py and 3 more files`; nothing for a run that the user asked for. */
function triggerLine(trigger: Trigger): string | undefined {
  if (trigger.type === 'manual') return undefined;
  const shown = trigger.files.slice(0, 3);
  const more = trigger.count - shown.length;
  return oneLine(`changed: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`);
}
