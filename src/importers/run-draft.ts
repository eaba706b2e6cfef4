/**
 * A run as an importer understood it, made into the events that a run of ours would have told. Ids come from the
 * source's own, so that the same source gives the same run.
 */
import { createHash } from 'node:crypto';
import type { Digest, Fingerprint } from '../model/fingerprint.ts';
import type { JsonObject } from '../model/json.ts';
import type { TaskId, TaskKind } from '../model/pipeline.ts';
import type { Outcome, RecordedFailure, RunEvent, RunId, SpanId, TaskNode, TraceId } from '../model/run-event.ts';
import { importFormat, importSource } from '../model/semantic-conventions.ts';
import type { UnixNano } from '../model/time.ts';
import type { FileItem, ImportedRun, ImportFormat } from './source.ts';

type Distribute<T> = T extends unknown ? Omit<T, 'task' | 'attempt'> : never;
/** What an attempt told, without saying whose it is. */
export type Told = Distribute<Extract<RunEvent, { readonly type: 'metric' | 'metrics' | 'param' | 'tag' | 'return' | 'artifact' | 'dataset' | 'span' | 'log' | 'output' }> | FileItem>;

export interface AttemptDraft {
  readonly start: UnixNano;
  /** Absent: not known to have ended. */
  readonly end?: UnixNano;
  readonly outcome?: Exclude<Outcome, 'skip'>;
  readonly failure?: RecordedFailure;
  readonly spanId?: string;
  readonly told: readonly Told[];
}

export interface TaskDraft {
  /** What other tasks' `needs` call it; unique in the run. */
  readonly key: string;
  readonly name: string;
  readonly kind?: TaskKind;
  readonly matrix?: JsonObject;
  readonly params?: JsonObject;
  readonly needs: readonly string[];
  /** Script or command, as far as the source tells. */
  readonly source?: string;
  readonly outputs?: readonly string[];
  readonly description?: string;
  readonly spanId?: string;
  /** None: the task did not run. */
  readonly attempts: readonly AttemptDraft[];
}

export interface RunDraft {
  readonly format: ImportFormat;
  readonly source: string;
  /** What is the same whenever this run is imported, and no other's. */
  readonly identity: string;
  readonly pipeline: string;
  readonly file?: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly start: UnixNano;
  /** Absent: the run was still going on when the source was written. */
  readonly end?: UnixNano;
  readonly outcome?: Outcome;
  readonly params?: JsonObject;
  /** What has no place of its own, by the source's names. */
  readonly resource: JsonObject;
  readonly tasks: readonly TaskDraft[];
}

export function importedRun(draft: RunDraft): ImportedRun {
  const key = hash(`${draft.format}/${draft.identity}`, 8);
  const runId = `${compactTime(draft.start)}-${slug(draft.pipeline)}-${key}` as RunId;
  const ids = taskIds(draft.tasks);
  const id = (task: TaskDraft): TaskId => ids.get(task.key) ?? (task.key as TaskId);
  const spanOf = (given: string | undefined, what: string): SpanId => hexId(given, 16, `${draft.identity}/${what}`) as SpanId;
  const ordered = inOrder(draft.tasks);
  const known = new Map(draft.tasks.map((task) => [task.key, task]));
  const node = (task: TaskDraft): TaskNode => ({
    id: id(task),
    name: task.name,
    kind: task.kind ?? 'shell',
    matrix: task.matrix ?? {},
    dependencies: [...new Set(task.needs)].flatMap((need) => known.get(need) ?? []).map(id),
    source: task.source ?? '',
    outputs: task.outputs ?? [],
    spanId: spanOf(task.spanId, `task/${task.key}`),
    ...(task.description !== undefined && { description: task.description }),
    tags: [],
  });
  const events: (RunEvent | FileItem)[] = [
    {
      type: 'run-started',
      time: draft.start,
      runId,
      traceId: hexId(draft.traceId, 32, draft.identity) as TraceId,
      spanId: spanOf(draft.spanId, 'run'),
      pipeline: { name: draft.pipeline, file: draft.file ?? draft.source },
      params: draft.params ?? {},
      trigger: { type: 'manual', tasks: [] },
      tasks: ordered.map(node),
      resource: { ...draft.resource, 'cicd.pipeline.name': draft.pipeline, 'cicd.pipeline.run.id': runId, [importFormat]: draft.format, [importSource]: draft.source },
    },
  ];
  for (const task of ordered) events.push(...taskEvents(task, id(task), (attempt, index) => spanOf(attempt.spanId, `task/${task.key}/attempt/${index}`)));
  const last = draft.end ?? events.reduce((time, event) => (BigInt(event.time) > BigInt(time) ? event.time : time), draft.start);
  events.push({ type: 'run-ended', time: last, outcome: draft.outcome ?? 'error', ...(draft.end === undefined && { interrupted: true as const }) });
  return { format: draft.format, source: draft.source, key, events };
}

function taskEvents(task: TaskDraft, id: TaskId, spanId: (attempt: AttemptDraft, index: number) => SpanId): readonly (RunEvent | FileItem)[] {
  const [first] = task.attempts;
  const last = task.attempts.at(-1);
  if (first === undefined || last === undefined) return [];
  const events: (RunEvent | FileItem)[] = [{ type: 'task-started', time: first.start, task: id, fingerprint: unknownFingerprint(task), params: task.params ?? {} }];
  for (const [index, attempt] of task.attempts.entries()) {
    const of = { task: id, attempt: index + 1 } as const;
    const { outcome, failure } = attempt;
    events.push({ type: 'attempt-started', ...of, time: attempt.start, spanId: spanId(attempt, index), cause: index === 0 ? 'first' : 'retry', command: [], cwd: '.', pid: 0 });
    for (const told of attempt.told) events.push({ ...told, ...of });
    if (attempt.end !== undefined) events.push({ type: 'attempt-ended', ...of, time: attempt.end, outcome: outcome ?? 'success', ...(failure !== undefined && { failure }) });
  }
  if (last.end !== undefined) {
    const returns = Object.fromEntries(last.told.flatMap((told) => (told.type === 'return' ? [[told.name, told.value]] : [])));
    events.push({ type: 'task-ended', time: last.end, task: id, outcome: last.outcome ?? 'success', outputs: [], returns, ...(last.failure !== undefined && { failure: last.failure }) });
  }
  return events;
}

/** Nothing is known of what the result depends on, so nothing can be compared with it. */
function unknownFingerprint(task: TaskDraft): Fingerprint {
  return { definition: '' as Digest, definitionParts: {}, params: task.params ?? {}, sources: {}, inputs: {}, upstream: {}, env: {}, interpreter: '' };
}

/** `train`, `train[n=3]` where several have the name; and `train (2)` where nothing else tells them apart. */
function taskIds(tasks: readonly TaskDraft[]): ReadonlyMap<string, TaskId> {
  const ids = new Map<string, TaskId>();
  const taken = new Set<string>();
  for (const task of tasks) {
    const matrix = Object.entries(task.matrix ?? {}).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    const base = matrix.length === 0 ? task.name : `${task.name}[${matrix.join(',')}]`;
    let id = base;
    for (let number = 2; taken.has(id); number += 1) id = `${base} (${number})`;
    taken.add(id);
    ids.set(task.key, id as TaskId);
  }
  return ids;
}

/** Every task after what it needs; what is in a circle, as in the source. */
function inOrder(tasks: readonly TaskDraft[]): readonly TaskDraft[] {
  const byKey = new Map(tasks.map((task) => [task.key, task]));
  const waiting = new Map(tasks.map((task) => [task, new Set(task.needs.filter((need) => byKey.has(need) && need !== task.key)).size]));
  const dependents = new Map<string, TaskDraft[]>();
  for (const task of tasks) for (const need of new Set(task.needs)) if (need !== task.key) dependents.set(need, [...(dependents.get(need) ?? []), task]);
  const ordered = tasks.filter((task) => waiting.get(task) === 0);
  // Grows while it is walked through.
  for (const task of ordered) {
    for (const dependent of dependents.get(task.key) ?? []) {
      const left = (waiting.get(dependent) ?? 0) - 1;
      waiting.set(dependent, left);
      if (left === 0) ordered.push(dependent);
    }
  }
  const done = new Set(ordered);
  return [...ordered, ...tasks.filter((task) => !done.has(task))];
}

/** The source's id where it has the form; else one that is made of what is known of it. */
export function hexId(given: string | undefined, digits: 16 | 32, seed: string): string {
  const text = (given ?? '').replace(/^0x/, '').toLowerCase();
  const isId = /^[0-9a-f]+$/.test(text) && text.length <= digits && !/^0+$/.test(text);
  return isId ? text.padStart(digits, '0') : hash(given === undefined || given === '' ? seed : given, digits);
}

export function hash(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

function compactTime(time: UnixNano): string {
  const milliseconds = Math.min(Number(BigInt(time) / 1_000_000n), 253_402_300_799_000);
  return new Date(milliseconds).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

function slug(name: string): string {
  const text = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').slice(0, 40).replaceAll(/^-+|-+$/g, '');
  return text === '' ? 'run' : text;
}

/** A run's outcome where the source gives none: that of its worst task. */
export function worstOutcome(tasks: readonly TaskDraft[]): Outcome {
  const outcomes = tasks.map((task) => task.attempts.at(-1)?.outcome);
  return (['error', 'failure', 'timeout', 'cancellation'] as const).find((outcome) => outcomes.includes(outcome)) ?? 'success';
}
