/**
 * A pipeline as the executor sees it: references resolved as far as they can be before a run, every matrix expanded.
 * `definition/` makes it from a pipeline file; nothing here knows YAML.
 */
import type { Check } from './check.ts';
import type { Range } from './diagnostic.ts';
import type { Json, JsonObject } from './json.ts';
import type { Milliseconds } from './time.ts';
import { valueText } from './whole-float.ts';

/** `train`, or `train[nr_train_images=400]` for one value of a matrix (several keys joined by `,` in the order of the file). */
export type TaskId = string & { readonly __brand: 'TaskId' };

export type TaskKind = 'python' | 'call' | 'notebook' | 'shell';
export type WatchMode = 'auto' | 'lazy' | 'manual';
/** What of a Python source counts: what it means, or every byte. */
export type Compare = 'meaning' | 'bytes';
export type OnFailure = 'stop' | 'continue';

export interface Retries {
  /** Further attempts after the first. */
  readonly max: number;
  readonly delay: Milliseconds;
  /** Each further delay is the one before times this. */
  readonly backoff: number;
}

/** What tasks take while they run, and what there is of it. */
export interface Slots {
  readonly cpus: number;
  readonly gpus: number;
  /** Bytes. */
  readonly memory: number;
}

/** What a task runs. */
export type TaskSource =
  | { readonly kind: 'python'; /** Relative to the pipeline's folder, with `/`. */ readonly script: string }
  | { readonly kind: 'call'; readonly module: string; readonly function: string }
  | { readonly kind: 'notebook'; readonly notebook: string }
  | { readonly kind: 'shell'; readonly command: string };

export interface Task {
  readonly id: TaskId;
  /** The key in the file, shared by all values of a matrix. */
  readonly name: string;
  readonly source: TaskSource;
  /** Matrix values of this task; empty without a matrix. */
  readonly matrix: JsonObject;
  /**
   * The task's own params. `${tasks.ID.returns.NAME}` is still in the text: it is resolved with
   * `resolveReturns` when the upstream task has ended. All other references are resolved.
   */
  readonly params: JsonObject;
  /** Direct upstream tasks: `needs`, edges by files, and tasks whose returns are referred to. */
  readonly dependencies: readonly TaskId[];
  /** Files, folders or globs relative to the pipeline's folder, with `/`. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Environment on top of the executor's own: the pipeline's `env`, then the task's. */
  readonly env: Readonly<Record<string, string>>;
  /** Working directory relative to the pipeline's folder; `.` by default. */
  readonly cwd: string;
  readonly retries: Retries;
  /** `undefined`: no limit. */
  readonly timeout?: Milliseconds;
  readonly cpus: number;
  readonly gpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly watch: WatchMode;
  /** `false`: always stale. */
  readonly cache: boolean;
  /** `false`: outputs are not kept, and so never restored. */
  readonly keep: boolean;
  readonly compare: Compare;
  /** What has to hold, in the order of the file. */
  readonly checks: readonly Check[];
  readonly owner?: string;
  readonly description?: string;
  readonly tags: readonly string[];
  /** Where the task's key stands in the pipeline file. */
  readonly range: Range;
}

export interface Pipeline {
  readonly name: string;
  /** Absolute path of the pipeline file. */
  readonly file: string;
  /** Absolute path of its folder: the base of every relative path. */
  readonly folder: string;
  readonly params: JsonObject;
  /** Variables that are secrets, and with a `!` before them such as only look like it. */
  readonly secrets: readonly string[];
  readonly record: RecordSettings;
  /** Names `${env.X}` refers to: they count in the fingerprint of the tasks that use them (already resolved there). */
  readonly onFailure: OnFailure;
  /** What the file says that tasks may take at once. */
  readonly slots: Partial<Slots>;
  /** In an order in which every task comes after its dependencies; ties as in the file. */
  readonly tasks: readonly Task[];
}

/** What a record holds besides what it always does. */
export interface RecordSettings {
  /** Names of environment variables. */
  readonly env: readonly string[];
  /** Artifacts of fewer bytes are in the record itself. */
  readonly inline: number;
}

export const defaultInline = 64 * 1024;

/** What a task gets as `RUNWEAVE_PARAMS`: its params and its matrix values in one object (a param of the same name wins). */
export function taskParams(task: Pick<Task, 'matrix' | 'params'>): JsonObject {
  return { ...task.matrix, ...task.params };
}

/** Returns of finished tasks, by task id (or by declared name, for a task without matrix: the same). */
export type ReturnsOf = (task: TaskId) => JsonObject | undefined;

const returnsReference = /\$\{tasks\.([^}]+?)\.returns\.([A-Za-z_][\w-]*)\}/g;

/**
 * Replaces `${tasks.ID.returns.NAME}` in every string of `value`. A string that is one whole reference keeps the
 * returned value's type. A reference whose value is unknown is `null` (whole) or empty text (part), and is reported.
 */
export function resolveReturns(value: Json, returnsOf: ReturnsOf, onMissing: (task: TaskId, name: string) => void): Json {
  const lookUp = (id: string, name: string): Json => {
    const returns = returnsOf(id as TaskId);
    if (returns !== undefined && Object.hasOwn(returns, name)) return returns[name] ?? null;
    onMissing(id as TaskId, name);
    return null;
  };
  if (typeof value === 'string') {
    const whole = /^\$\{tasks\.([^}]+?)\.returns\.([A-Za-z_][\w-]*)\}$/.exec(value);
    if (whole) return lookUp(whole[1] ?? '', whole[2] ?? '');
    return value.replace(returnsReference, (_, id: string, name: string) => {
      const found = lookUp(id, name);
      return found === null ? '' : valueText(found);
    });
  }
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => resolveReturns(item, returnsOf, onMissing));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value as JsonObject).map(([key, item]) => [key, resolveReturns(item, returnsOf, onMissing)]),
    );
  }
  return value;
}

export function taskById(pipeline: Pipeline, id: TaskId): Task | undefined {
  let byId = tasksById.get(pipeline);
  if (byId === undefined) tasksById.set(pipeline, (byId = new Map(pipeline.tasks.map((task) => [task.id, task]))));
  return byId.get(id);
}
const tasksById = new WeakMap<Pipeline, ReadonlyMap<TaskId, Task>>();

/** Every task that must be up to date for `targets`, the targets included. All tasks for no target. */
export function withUpstream(pipeline: Pipeline, targets: readonly TaskId[]): ReadonlySet<TaskId> {
  if (targets.length === 0) return new Set(pipeline.tasks.map((task) => task.id));
  const byId = new Map(pipeline.tasks.map((task) => [task.id, task]));
  const wanted = new Set<TaskId>();
  const pending = [...targets];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (wanted.has(id)) continue;
    wanted.add(id);
    pending.push(...(byId.get(id)?.dependencies ?? []));
  }
  return wanted;
}

/** Tasks that a name on the command line means: one id, or all matrix values of a declared name. */
export function tasksNamed(pipeline: Pipeline, name: string): readonly TaskId[] {
  return pipeline.tasks.filter((task) => task.id === name || task.name === name).map((task) => task.id);
}
