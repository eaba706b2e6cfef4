/**
 * What the terminal, the tree, the graph and the run panel show: one fold over one stream of run events.
 *
 * The fold changes its state in place: a run of 5000 tasks and a million metric points is folded in linear time. Views
 * only read it. The state is plain JSON, so that a snapshot of it travels to a webview, which goes on folding there.
 *
 * State of a task within a run:
 *
 *   pending ──task-stale──▶ stale ──task-started──▶ running ──task-ended──▶ success | failure | error | timeout | cancellation
 *      │                      │                        ▲                        │
 *      └────task-skipped──────┴──▶ skip                └──── task-stale ────────┘   (a change during the run)
 */
import type { CheckResult } from './check.ts';
import type { Digest, Fingerprint, Reason } from './fingerprint.ts';
import type { Json, JsonObject } from './json.ts';
import { addPoint, nanosecondsSince, newSeries, type GrowingSeries, type MetricSeries } from './metric-series.ts';
import type { TaskId } from './pipeline.ts';
import { byStart, logText, shownSpans } from './reported.ts';
import type { Dataset, ReportedLog, ReportedSpan } from './reported.ts';
import type { EventOf, OutputFile, RecordedFailure, ResourceSample, Outcome, RunEvent, RunId, SkipReason, SpanId, SpanReference, TaskNode, TaskWarning, TraceId, TreeChanges, Trigger } from './run-event.ts';
import type { UnixNano } from './time.ts';

export type TaskPhase = 'pending' | 'stale' | 'running' | Outcome;

export type ArtifactState = Pick<EventOf<'artifact'>, 'name' | 'mediaType' | 'size' | 'digest' | 'content' | 'time' | 'attempt'>;
/** Source and outputs only until the evaluated notebook is there, which has them. */
export type CellState = Pick<EventOf<'cell'>, 'index' | 'status' | 'label' | 'start' | 'end' | 'source' | 'outputs'>;

export interface OutputChunk {
  readonly time: UnixNano;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  /** Of a log record that the task reported: what `text` was made of. It stands on `stderr`, where programs log. */
  readonly log?: ReportedLog;
}

export type ResourcePoint = ResourceSample & { readonly time: UnixNano };

export interface AttemptState {
  readonly number: number;
  readonly spanId: SpanId;
  readonly cause: 'first' | 'retry' | 'change';
  readonly command: readonly string[];
  readonly cwd: string;
  readonly pid: number;
  readonly note?: string;
  readonly start: UnixNano;
  readonly end?: UnixNano;
  readonly outcome?: Exclude<Outcome, 'skip'>;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly failure?: RecordedFailure;
  readonly output: readonly OutputChunk[];
  readonly cells: readonly CellState[];
  /** What it used, from time to time. */
  readonly resources: readonly ResourcePoint[];
  readonly warned: readonly TaskWarning[];
  readonly checks: readonly CheckResult[];
  /** What the task reported as spans, by their start; at most `shownSpans` of `spanCount`. */
  readonly spans: readonly ReportedSpan[];
  readonly spanCount: number;
}

export interface TaskState {
  readonly node: TaskNode;
  readonly phase: TaskPhase;
  readonly reasons: readonly Reason[];
  readonly params: JsonObject;
  readonly fingerprint?: Fingerprint;
  readonly start?: UnixNano;
  readonly end?: UnixNano;
  readonly attempts: readonly AttemptState[];
  /** By name. */
  readonly metrics: Readonly<Record<string, MetricSeries>>;
  readonly loggedParams: Readonly<Record<string, Json>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly artifacts: readonly ArtifactState[];
  readonly datasets: readonly Dataset[];
  readonly outputs: readonly OutputFile[];
  /** Bytes of the fingerprint's inputs. */
  readonly inputSizes?: Readonly<Record<string, number>>;
  readonly returns: JsonObject;
  /** Those of `returns` that hold whole floats, with them (`whole-float.ts`). */
  readonly floats?: JsonObject;
  readonly observed?: Pick<EventOf<'observed'>, 'modules' | 'read' | 'written' | 'packages'>;
  /** Contents of the source files that it used, by path; see `store/source-content.ts`. */
  readonly sources?: Readonly<Record<string, Digest>>;
  readonly failure?: RecordedFailure;
  readonly skipReason?: SkipReason;
  readonly madeBy?: SpanReference;
  readonly blockedBy?: readonly TaskId[];
}

export interface RunState {
  readonly runId: RunId;
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  readonly pipeline: { readonly name: string; readonly file: string };
  readonly params: JsonObject;
  /** Those of `params` that hold whole floats, with them (`whole-float.ts`). */
  readonly floats?: JsonObject;
  readonly trigger: Trigger;
  readonly resource: JsonObject;
  /** Content of the pipeline file; see `store/source-content.ts`. */
  readonly pipelineFile?: Digest;
  readonly changes?: TreeChanges;
  readonly start: UnixNano;
  readonly end?: UnixNano;
  readonly outcome?: Outcome;
  readonly interrupted: boolean;
  readonly warnings: readonly string[];
  /** In topological order. */
  readonly tasks: readonly TaskState[];
}


type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type MutableAttempt = Mutable<AttemptState> & { output: OutputChunk[]; cells: CellState[]; resources: ResourcePoint[]; spans: ReportedSpan[] };
type MutableTask = Omit<Mutable<TaskState>, 'attempts'> & {
  attempts: MutableAttempt[];
  metrics: Record<string, GrowingSeries>;
  loggedParams: Record<string, Json>;
  tags: Record<string, string>;
  artifacts: ArtifactState[];
  datasets: Dataset[];
  returns: Record<string, Json>;
};
type MutableRun = Omit<Mutable<RunState>, 'tasks'> & { tasks: MutableTask[]; warnings: string[] };

export interface RunFold {
  /** `undefined` until `run-started`. The same object every time: read it, keep nothing of it that must not change. */
  readonly state: () => RunState | undefined;
  /** One task of it. */
  readonly task: (id: TaskId) => TaskState | undefined;
  readonly apply: (event: RunEvent) => void;
}

/** Names come from tasks: without a prototype, a metric named `__proto__` is a name like any other. */
function record<T>(entries: Readonly<Record<string, T>> = {}): Record<string, T> {
  return Object.assign(Object.create(null) as Record<string, T>, entries);
}

/** Of a task that has not started, shared: an attempt has its own. */
const none = { list: Object.freeze([]) as unknown as never[], record: Object.freeze(record<never>()) as Record<string, never> };

function newTask(node: TaskNode): MutableTask {
  const { list, record } = none;
  return { node, phase: 'pending', reasons: list, params: record, attempts: [], metrics: record, loggedParams: record, tags: record, artifacts: list, datasets: list, outputs: list, returns: record };
}

/** A fold from the beginning, or on from a snapshot (which it takes over). */
export function createRunFold(snapshot?: RunState): RunFold {
  let state = snapshot as MutableRun | undefined;
  let tasks = indexTasks(state?.tasks ?? []);

  const apply = (event: RunEvent): void => {
    if (event.type === 'run-started') {
      const { type: _type, time: start, tasks: nodes, ...rest } = event;
      state = { ...rest, start, interrupted: false, warnings: [], tasks: nodes.map(newTask) };
      tasks = indexTasks(state.tasks);
      return;
    }
    if (state === undefined) return;
    switch (event.type) {
      case 'tasks-changed': {
        const known = tasks;
        const kept = new Set(event.tasks.map((node) => node.id));
        // A task that is gone from the file but has run keeps its place in the record.
        const gone = state.tasks.filter((task) => !kept.has(task.node.id) && task.attempts.length > 0);
        const now = event.tasks.map((node) => {
          const task = known.get(node.id);
          if (task === undefined) return newTask(node);
          // The span keeps the identity under which it started.
          task.node = { ...node, spanId: task.node.spanId };
          return task;
        });
        state.params = event.params;
        if (event.floats !== undefined) state.floats = event.floats;
        else delete state.floats;
        state.tasks = [...now, ...gone];
        tasks = indexTasks(state.tasks);
        return;
      }
      case 'warning':
        state.warnings.push(event.message);
        return;
      case 'run-context':
        if (event.pipelineFile !== undefined) state.pipelineFile = event.pipelineFile;
        if (event.changes !== undefined) state.changes = event.changes;
        return;
      case 'run-ended':
        state.end = event.time;
        state.outcome = event.outcome;
        state.interrupted = event.interrupted === true;
        return;
      default: {
        const task = tasks.get(event.task);
        if (task !== undefined) applyToTask(task, event);
      }
    }
  };
  return { state: () => state, task: (id) => tasks.get(id), apply };
}

function indexTasks(tasks: readonly MutableTask[]): Map<TaskId, MutableTask> {
  return new Map(tasks.map((task) => [task.node.id, task]));
}

type TaskEvent = Exclude<RunEvent, { readonly type: 'run-started' | 'tasks-changed' | 'run-context' | 'warning' | 'run-ended' }>;
type AttemptEvent = Extract<TaskEvent, { readonly attempt: number }>;

function applyToTask(task: MutableTask, event: TaskEvent): void {
  switch (event.type) {
    case 'task-stale':
      task.phase = 'stale';
      task.reasons = event.reasons;
      return;
    case 'task-started':
      task.phase = 'running';
      task.start ??= event.time;
      task.params = event.params;
      task.fingerprint = event.fingerprint;
      // To delete what is not there takes V8 as long as what is.
      if (task.end !== undefined) delete task.end;
      if (task.failure !== undefined) delete task.failure;
      if (task.skipReason !== undefined) delete task.skipReason;
      if (task.madeBy !== undefined) delete task.madeBy;
      if (task.blockedBy !== undefined) delete task.blockedBy;
      if (task.inputSizes !== undefined) delete task.inputSizes;
      if (task.floats !== undefined) delete task.floats;
      return;
    case 'task-ended':
      task.phase = event.outcome;
      task.end = event.time;
      task.outputs = event.outputs;
      if (event.inputSizes !== undefined) task.inputSizes = event.inputSizes;
      task.returns = record(event.returns);
      if (event.floats !== undefined) task.floats = event.floats;
      if (event.failure !== undefined) task.failure = event.failure;
      if (event.fingerprint !== undefined) task.fingerprint = event.fingerprint;
      return;
    case 'task-skipped':
      task.phase = 'skip';
      task.start ??= event.time;
      task.end = event.time;
      task.skipReason = event.reason;
      if (event.madeBy !== undefined) task.madeBy = event.madeBy;
      if (event.blockedBy !== undefined) task.blockedBy = event.blockedBy;
      if (standsForEarlier(event.reason) && task.attempts.length > 0) forgetExecution(task);
      return;
    case 'sources':
      if (task.phase !== 'skip') task.sources = event.files;
      return;
    case 'attempt-started':
      forgetReports(task);
      task.attempts.push({
        number: event.attempt,
        spanId: event.spanId,
        cause: event.cause,
        command: event.command,
        cwd: event.cwd,
        pid: event.pid,
        ...(event.note !== undefined && { note: event.note }),
        start: event.time,
        output: [],
        cells: [],
        resources: [],
        warned: [],
        checks: [],
        spans: [],
        spanCount: 0,
      });
      return;
    default: {
      const attempt = task.attempts.findLast((candidate) => candidate.number === event.attempt);
      if (attempt !== undefined) applyToAttempt(task, attempt, event);
    }
  }
}

/** The task is as an execution of another run left it, whatever this run had tried before. */
export function standsForEarlier(reason: string | undefined): boolean {
  return reason === 'up-to-date' || reason === 'restored';
}

/** What earlier attempts reported stays in the record; what people see is the latest attempt's. */
function forgetReports(task: MutableTask): void {
  task.metrics = record();
  task.loggedParams = record();
  task.tags = record();
  task.artifacts = [];
  task.datasets = [];
  task.returns = record();
}

function forgetExecution(task: MutableTask): void {
  forgetReports(task);
  task.params = {};
  task.outputs = [];
  delete task.fingerprint;
  delete task.failure;
  delete task.inputSizes;
  delete task.floats;
  delete task.observed;
  delete task.sources;
}

function applyToAttempt(task: MutableTask, attempt: MutableAttempt, event: Exclude<AttemptEvent, { readonly type: 'attempt-started' }>): void {
  switch (event.type) {
    case 'output':
      attempt.output.push({ time: event.time, stream: event.stream, text: event.text });
      return;
    case 'metric': {
      const series = (task.metrics[event.name] ??= newSeries(event.time));
      addPoint(series, nanosecondsSince(series.start, event.time), event.value, event.step, event.detail);
      return;
    }
    case 'metrics': {
      const { name, time, times, values, steps } = event;
      const series = (task.metrics[name] ??= newSeries(time));
      const base = nanosecondsSince(series.start, time);
      for (const [index, value] of values.entries()) addPoint(series, base + (times[index] ?? 0), value, steps?.[index]);
      return;
    }
    case 'param':
      task.loggedParams[event.name] = event.value;
      return;
    case 'tag':
      task.tags[event.name] = event.value;
      return;
    case 'return':
      task.returns[event.name] = event.value;
      return;
    case 'artifact': {
      const { name, mediaType, size, digest, content, time } = event;
      task.artifacts.push({ name, mediaType, size, digest, content, time, attempt: event.attempt });
      if (name === evaluatedNotebook(task.node)) attempt.cells = attempt.cells.map(({ source: _, outputs: __, ...cell }) => cell);
      return;
    }
    case 'dataset':
      task.datasets.push(event.dataset);
      return;
    case 'log':
      insert(attempt.output, { time: event.log.time, stream: 'stderr', text: logText(event.log), log: event.log }, (a, b) => compareTimes(a.time, b.time));
      return;
    case 'span':
      attempt.spanCount += 1;
      if (attempt.spanCount <= shownSpans) insert(attempt.spans, event.span, byStart);
      return;
    case 'cell': {
      const { index, status, label, start, end, source, outputs } = event;
      const cell: CellState = { index, status, label, start, ...(end !== undefined && { end }), ...(source !== undefined && { source }), ...(outputs !== undefined && { outputs }) };
      const at = attempt.cells.findIndex((other) => other.index === index);
      if (at === -1) attempt.cells.push(cell);
      else attempt.cells[at] = cell;
      return;
    }
    case 'warned':
      attempt.warned = event.warnings;
      return;
    case 'checked':
      attempt.checks = event.checks;
      return;
    case 'resources': {
      const { type: _type, task: _task, attempt: _attempt, ...point } = event;
      attempt.resources.push(point);
      return;
    }
    case 'observed': {
      const { modules, read, written, packages } = event;
      task.observed = { modules, read, written, packages };
      return;
    }
    case 'attempt-ended':
      attempt.end = event.time;
      attempt.outcome = event.outcome;
      if (event.exitCode !== undefined) attempt.exitCode = event.exitCode;
      if (event.signal !== undefined) attempt.signal = event.signal;
      if (event.failure !== undefined) attempt.failure = event.failure;
      return;
    default:
      event satisfies never;
  }
}

/** Name of the artifact that a notebook task's evaluated notebook is; `undefined` for other tasks. */
export function evaluatedNotebook({ kind, source }: Pick<TaskNode, 'kind' | 'source'>): string | undefined {
  return kind === 'notebook' ? `${/([^/\\]*?)(\.[^./\\]*)?$/.exec(source)?.[1] ?? ''}.ipynb` : undefined;
}

/** Where it belongs, after its equals; it is nearly always at the end. */
function insert<T>(items: T[], item: T, compare: (a: T, b: T) => number): void {
  let at = items.length;
  for (let before = items[at - 1]; before !== undefined && compare(before, item) > 0; before = items[at - 1]) at -= 1;
  items.splice(at, 0, item);
}

function compareTimes(a: UnixNano, b: UnixNano): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** How many tasks are in each phase. */
export function countPhases(state: Pick<RunState, 'tasks'>): Readonly<Record<TaskPhase, number>> {
  const counts: Record<TaskPhase, number> = { pending: 0, stale: 0, running: 0, success: 0, failure: 0, error: 0, timeout: 0, cancellation: 0, skip: 0 };
  for (const task of state.tasks) counts[task.phase] += 1;
  return counts;
}
