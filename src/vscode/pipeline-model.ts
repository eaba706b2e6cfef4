/**
 * What the editor knows of one pipeline: the graph of its file, the run in progress or the latest one, and what the
 * plan says. The tree, the graph panel, the CodeLens and the status bar all read from here, so that they never
 * disagree. Knows nothing of `vscode`.
 */
import { describeReason } from '../model/fingerprint.ts';
import type { Reason } from '../model/fingerprint.ts';
import { failureMessage } from '../model/failure.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { PlanEntry } from '../model/plan.ts';
import type { RunEvent } from '../model/run-event.ts';
import { countPhases, createRunFold } from '../model/run-state.ts';
import type { RunFold, RunState, TaskPhase, TaskState } from '../model/run-state.ts';
import { describeSkip } from '../model/phase.ts';
import { timeLeft, type Durations } from '../model/remaining.ts';
import { elapsed, toDate, type Milliseconds, type UnixNano } from '../model/time.ts';
import type { GraphTask, TaskStatus } from '../model/graph-task.ts';
import type { Interpreter, LoadedGraph, LoadedTask, SessionMessage } from '../protocol/session.ts';

/** What changed: some tasks' statuses, or anything. */
export type ModelChange = ReadonlySet<TaskId> | 'all';

export interface RunProgress {
  readonly done: number;
  readonly total: number;
}

export class PipelineModel {
  #graph: LoadedGraph | undefined;
  #byId = new Map<TaskId, LoadedTask>();
  #fold: RunFold = createRunFold();
  #tasks = new Map<TaskId, TaskState>();
  /** Of tasks that are not part of the latest run: their state in the run before. */
  #earlier = new Map<TaskId, TaskState>();
  /** Of the last execution that came to an end, in whichever run. */
  #durations = new Map<TaskId, number>();
  #plan = new Map<TaskId, PlanEntry>();
  #stale = new Map<TaskId, boolean>();
  #watching = false;
  #running = false;
  #interpreter: Interpreter | undefined;
  /** For the run in progress. */
  #estimate: { readonly durations: Durations; readonly slots: number } | undefined;

  get graph(): LoadedGraph | undefined {
    return this.#graph;
  }
  get tasks(): readonly LoadedTask[] {
    return this.#graph?.tasks ?? [];
  }
  get run(): RunState | undefined {
    return this.#fold.state();
  }
  get watching(): boolean {
    return this.#watching;
  }
  get running(): boolean {
    return this.#running;
  }
  get interpreter(): Interpreter | undefined {
    return this.#interpreter;
  }
  /** How many mistakes the pipeline file has. */
  get errors(): number {
    return this.#graph?.diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length ?? 0;
  }

  task(id: TaskId): LoadedTask | undefined {
    return this.#byId.get(id);
  }

  /** The task in the latest run that it was part of. */
  runOf(id: TaskId): TaskState | undefined {
    return this.#tasks.get(id) ?? this.#earlier.get(id);
  }

  setGraph(graph: LoadedGraph): void {
    this.#graph = graph;
    this.#byId = new Map(graph.tasks.map((task) => [task.id, task]));
  }

  /** A recorded run as the starting point, its head is enough; not over one in progress. */
  setLatestRun(state: RunState): void {
    if (this.#running) return;
    this.#adopt(createRunFold(state));
    for (const task of state.tasks) this.#remember(task);
  }

  /** The executor is gone: nothing runs, nothing watches, and what was running ended nowhere. */
  executorGone(): void {
    this.#watching = false;
    this.#running = false;
    const state = this.run;
    if (state === undefined || state.outcome !== undefined) return;
    const time = state.tasks.reduce((last, task) => (task.start !== undefined && BigInt(task.start) > BigInt(last) ? task.start : last), state.start);
    for (const task of state.tasks) {
      if (task.phase === 'running') {
        this.#fold.apply({ type: 'task-ended', time, task: task.node.id, outcome: 'error', failure: { type: 'interrupted', message: 'the executor stopped' }, outputs: [], returns: {} });
      }
    }
    this.#fold.apply({ type: 'run-ended', time, outcome: 'error', interrupted: true });
  }

  apply(message: SessionMessage): ModelChange {
    switch (message.type) {
      case 'graph':
        this.setGraph(message.graph);
        return 'all';
      case 'interpreter':
        this.#interpreter = message.interpreter;
        return 'all';
      case 'status':
        this.#watching = message.watching;
        this.#running = message.running;
        return 'all';
      case 'plan':
        for (const entry of message.entries) {
          this.#plan.set(entry.task, entry);
          this.#stale.set(entry.task, entry.action !== 'skip');
        }
        return new Set(message.entries.map((entry) => entry.task));
      case 'event':
        return this.#applyEvent(message.event);
      case 'sealed':
      case 'recovered':
      case 'notice':
      case 'problem':
        return new Set();
      case 'estimate':
        this.#estimate = message;
        return new Set();
      default:
        return message satisfies never;
    }
  }

  statusOf(id: TaskId): TaskStatus {
    const task = this.runOf(id);
    const phase: TaskPhase = task?.phase ?? 'pending';
    const stale = this.#stale.get(id);
    const duration = phase === 'running' ? undefined : this.#durations.get(id);
    const metrics = Object.entries(task?.metrics ?? {}).map(([name, { last }]) => [name, last] as const);
    return {
      phase,
      reasons: this.#spokenReasons(id, task),
      ...(task?.failure !== undefined && isFailure(phase) && { failure: shortened(failureMessage(task.failure)) }),
      ...(duration !== undefined && { duration }),
      ...(phase === 'running' && task?.start !== undefined && { startedAt: toDate(startOf(task)).getTime() }),
      ...(stale !== undefined && { stale }),
      ...(metrics.length > 0 && { metrics: Object.fromEntries(metrics) }),
    };
  }

  graphTask(id: TaskId): GraphTask | undefined {
    const task = this.#byId.get(id);
    if (task === undefined) return undefined;
    const { name, kind, dependencies, source, outputs } = task;
    return { id, name, kind, dependencies, source, hasOutput: outputs.length > 0 || this.runOf(id)?.start !== undefined, status: this.statusOf(id) };
  }

  graphTasks(): readonly GraphTask[] {
    return this.tasks.flatMap(({ id }) => this.graphTask(id) ?? []);
  }

  /** How long the run in progress goes on, as the terminal says it too; `undefined` when nothing runs or that is unknown. */
  timeLeft(now: UnixNano): Milliseconds | undefined {
    const state = this.run;
    if (!this.#running || this.#estimate === undefined || state === undefined || state.outcome !== undefined) return undefined;
    return timeLeft(state, this.#estimate.durations, this.#estimate.slots, now);
  }

  progress(): RunProgress {
    const state = this.run;
    if (state === undefined) return { done: 0, total: 0 };
    const counts = countPhases(state);
    const total = state.tasks.length;
    return { done: total - counts.pending - counts.stale - counts.running, total };
  }

  /** Tasks that did not end well, in the latest run that each was part of. */
  failed(): readonly TaskId[] {
    return this.tasks.map((task) => task.id).filter((id) => isFailure(this.runOf(id)?.phase ?? 'pending'));
  }

  /** What would make the task run now, or made it run last. */
  reasonsOf(id: TaskId): readonly Reason[] {
    const task = this.runOf(id);
    if (task !== undefined && (task.phase === 'stale' || task.phase === 'running')) return task.reasons;
    return this.#planned(id) ?? task?.reasons ?? [];
  }

  #planned(id: TaskId): readonly Reason[] | undefined {
    const entry = this.#plan.get(id);
    return entry !== undefined && entry.action !== 'skip' && this.#stale.get(id) === true ? entry.reasons : undefined;
  }

  #spokenReasons(id: TaskId, task: TaskState | undefined): readonly string[] {
    const isWaiting = task?.phase === 'stale' || task?.phase === 'running';
    if (task?.skipReason !== undefined && !isWaiting && this.#planned(id) === undefined) return [describeSkip(task.skipReason, task.blockedBy)];
    return this.reasonsOf(id).map(describeReason);
  }

  #applyEvent(event: RunEvent): ModelChange {
    if (event.type === 'run-started') {
      this.#estimate = undefined;
      for (const [id, task] of this.#tasks) this.#earlier.set(id, task);
      const fold = createRunFold();
      fold.apply(event);
      this.#adopt(fold);
      return 'all';
    }
    this.#fold.apply(event);
    if (event.type === 'tasks-changed') {
      this.#index();
      return 'all';
    }
    if (event.type === 'run-ended') return 'all';
    if (event.type === 'warning' || event.type === 'run-context') return new Set();
    switch (event.type) {
      case 'task-stale':
        this.#stale.set(event.task, true);
        break;
      case 'task-skipped':
        if (event.reason === 'up-to-date' || event.reason === 'restored') this.#upToDate(event.task);
        // Held up by something else: it is as stale as it was.
        else this.#stale.set(event.task, true);
        break;
      case 'task-ended': {
        const task = this.#tasks.get(event.task);
        if (task !== undefined) this.#remember(task);
        if (event.outcome === 'success') this.#upToDate(event.task);
        break;
      }
      case 'output':
      case 'log':
      case 'span':
      case 'dataset':
      case 'observed':
      case 'sources':
      case 'resources':
        return new Set();
      default:
    }
    return new Set([event.task]);
  }

  #upToDate(id: TaskId): void {
    this.#stale.set(id, false);
    this.#plan.delete(id);
  }

  #remember(task: TaskState): void {
    if (task.phase === 'skip') return;
    // A state from a record's head has no attempts.
    const { start, end } = task.attempts.at(-1) ?? task;
    if (start !== undefined && end !== undefined) this.#durations.set(task.node.id, elapsed(start, end));
  }

  #adopt(fold: RunFold): void {
    this.#fold = fold;
    this.#index();
  }

  #index(): void {
    this.#tasks = new Map(this.run?.tasks.map((task) => [task.node.id, task]));
  }
}

export function isFailure(phase: TaskPhase): boolean {
  return phase === 'failure' || phase === 'error' || phase === 'timeout';
}

/** For tooltips: some exceptions quote all that they got. */
function shortened(text: string): string {
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}

/** A task that runs once more in the same run is timed from its latest attempt. */
function startOf(task: TaskState): NonNullable<TaskState['start']> {
  return task.attempts.findLast((attempt) => attempt.end === undefined)?.start ?? (task.start as NonNullable<TaskState['start']>);
}

