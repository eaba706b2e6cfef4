/** Runs for the tests of what is printed: events in, state out, no process. */
import type { Digest, Fingerprint } from '../../../src/model/fingerprint.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { EventOf, RunEvent, RunEventType, RunId, SpanId, TaskNode, TraceId } from '../../../src/model/run-event.ts';
import { createRunFold, type RunState } from '../../../src/model/run-state.ts';
import { fromMilliseconds, type UnixNano } from '../../../src/model/time.ts';

export const startMilliseconds = Date.UTC(2026, 10, 20, 22, 40, 11);
export const runId = '20261120T224011Z-digits-3f2a' as RunId;

/** A time `ms` after the start of the run. */
export function at(ms: number): UnixNano {
  return fromMilliseconds(startMilliseconds + ms);
}

export function task(id: string, dependencies: readonly string[] = []): TaskNode {
  return {
    id: id as TaskId,
    name: id.split('[')[0] ?? id,
    kind: 'python',
    matrix: {},
    dependencies: dependencies as readonly TaskId[],
    source: `tasks/${id.split('[')[0] ?? id}.py`,
    outputs: [],
    spanId: '00f067aa0ba902b7' as SpanId,
    tags: [],
  };
}

export function runStarted(tasks: readonly TaskNode[], more: Partial<EventOf<'run-started'>> = {}): RunEvent {
  return {
    type: 'run-started',
    time: at(0),
    runId,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736' as TraceId,
    spanId: '00f067aa0ba902b7' as SpanId,
    pipeline: { name: 'digits', file: 'runweave.yaml' },
    params: {},
    trigger: { type: 'manual', tasks: [] },
    tasks,
    resource: {},
    ...more,
  };
}

export const fingerprint: Fingerprint = {
  definition: `sha256:${'0'.repeat(64)}` as Digest,
  definitionParts: {},
  params: {},
  sources: {},
  inputs: {},
  upstream: {},
  env: {},
  interpreter: '',
};

type Body<T extends RunEventType> = Omit<EventOf<T>, 'type' | 'time' | 'task'>;

/** Events of one task. */
export function of(id: string): {
  readonly stale: (ms: number, reasons?: EventOf<'task-stale'>['reasons']) => RunEvent;
  readonly started: (ms: number) => readonly RunEvent[];
  readonly attempt: (ms: number, number?: number, cause?: EventOf<'attempt-started'>['cause']) => RunEvent;
  readonly output: (ms: number, text: string, stream?: 'stdout' | 'stderr') => RunEvent;
  readonly metric: (ms: number, name: string, value: number) => RunEvent;
  readonly attemptEnded: (ms: number, body: Body<'attempt-ended'>) => RunEvent;
  readonly ended: (ms: number, body?: Partial<Body<'task-ended'>>) => RunEvent;
  readonly skipped: (ms: number, body: Body<'task-skipped'>) => RunEvent;
} {
  const name = id as TaskId;
  return {
    stale: (ms, reasons = [{ type: 'never-ran' }]) => ({ type: 'task-stale', time: at(ms), task: name, reasons }),
    started(ms) {
      return [{ type: 'task-started', time: at(ms), task: name, fingerprint, params: {} }, this.attempt(ms)];
    },
    attempt: (ms, number = 1, cause = 'first') => ({
      type: 'attempt-started',
      time: at(ms),
      task: name,
      attempt: number,
      spanId: '00f067aa0ba902b8' as SpanId,
      cause,
      command: ['python3', 'x.py'],
      cwd: '.',
      pid: 42,
    }),
    output: (ms, text, stream = 'stdout') => ({ type: 'output', time: at(ms), task: name, attempt: 1, stream, text }),
    metric: (ms, metric, value) => ({ type: 'metric', time: at(ms), task: name, attempt: 1, name: metric, value }),
    attemptEnded: (ms, body) => ({ type: 'attempt-ended', time: at(ms), task: name, ...body }),
    ended: (ms, body = {}) => ({ type: 'task-ended', time: at(ms), task: name, outcome: 'success', outputs: [], returns: {}, ...body }),
    skipped: (ms, body) => ({ type: 'task-skipped', time: at(ms), task: name, ...body }),
  };
}

export function fold(events: readonly RunEvent[]): RunState {
  const run = createRunFold();
  events.forEach(run.apply);
  const state = run.state();
  if (state === undefined) throw new Error('the events hold no run-started');
  return state;
}

const train = 'train[nr_train_images=400]';

/** One success with a metric, one failure with output and frames, one that was up to date, one that was blocked. */
export const sampleEvents: readonly RunEvent[] = [
  runStarted([task('ingest'), task(train, ['ingest']), task('eda', ['ingest']), task('summary', [train])]),
  of('eda').skipped(5, { reason: 'up-to-date', madeBy: { runId: '20261119T000000Z-digits-aaaa' as RunId, traceId: '4bf92f3577b34da6a3ce929d0e0e4736' as TraceId, spanId: '00f067aa0ba902b9' as SpanId } }),
  of('ingest').stale(5, [
    { type: 'param-changed', name: 'epochs', from: 10, to: 20 },
    { type: 'never-cached' },
  ]),
  ...of('ingest').started(10),
  of('ingest').metric(100, 'rows', 1797),
  of('ingest').output(200, 'read 1797 rows\n'),
  of('ingest').attemptEnded(1240, { attempt: 1, outcome: 'success', exitCode: 0 }),
  of('ingest').ended(1250),
  of(train).stale(1251),
  ...of(train).started(1260),
  of(train).output(2000, 'epoch 1\nepoch 2\n'),
  of(train).output(2100, 'Traceback (most recent call last):\n', 'stderr'),
  of(train).output(2101, 'ValueError: no such digit\n', 'stderr'),
  of(train).attemptEnded(3550, { attempt: 1, outcome: 'failure', exitCode: 1 }),
  of(train).ended(3560, {
    outcome: 'failure',
    failure: {
      type: 'ValueError',
      message: 'no such digit',
      frames: [
        { file: 'tasks/train.py', line: 3, function: '<module>' },
        { file: 'tasks/train.py', line: 12, function: 'fit' },
      ],
    },
  }),
  of('summary').skipped(3561, { reason: 'upstream', blockedBy: [train as TaskId] }),
  { type: 'run-ended', time: at(3570), outcome: 'failure' },
];
