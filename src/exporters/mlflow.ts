/**
 * A run as MLflow has it: a run for the pipeline's run, and nested in it a run for each task that ran. How it is stored is
 * the business of `mlflow-store.ts` and `mlflow-server.ts`.
 *
 * MLflow's parameters and tags are texts: what is no text is JSON there, and a tag names those, so that they come back
 * as they were. What its runs have no field for is in tags named `runweave.…`.
 */
import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../model/json.ts';
import type { ArtifactState, RunState, TaskState } from '../model/run-state.ts';
import { vcsRefHeadName, vcsRefHeadRevision } from '../model/semantic-conventions.ts';
import type { UnixNano } from '../model/time.ts';
import { artifactPath, distinctPaths } from './artifact-name.ts';

export type MlflowStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';

export interface MlflowPoint {
  /** Unix milliseconds. */
  readonly timestamp: number;
  /** NaN and the infinities are values. */
  readonly value: number;
  /** Absent: the point has none. */
  readonly step?: number;
}

export interface MlflowRun {
  /** 32 hex digits, the same whenever the run is exported. */
  readonly id: string;
  /** Of the run that it is nested in. */
  readonly parent?: string;
  readonly name: string;
  readonly status: MlflowStatus;
  /** Unix milliseconds. */
  readonly start: number;
  readonly end?: number;
  readonly params: readonly (readonly [name: string, value: string])[];
  readonly tags: readonly (readonly [name: string, value: string])[];
  readonly metrics: readonly { readonly name: string; readonly points: () => Generator<MlflowPoint> }[];
  readonly artifacts: readonly { readonly path: string; readonly artifact: ArtifactState }[];
}

/** The run itself first. */
export function toMlflowRuns(run: RunState): readonly MlflowRun[] {
  const root = rootRun(run);
  const executed = run.tasks.filter((task) => task.start !== undefined && task.attempts.length > 0 && task.phase !== 'skip');
  return [root, ...executed.map((task) => taskRun(run, task, root.id))];
}

function rootRun(run: RunState): MlflowRun {
  const { resource } = run;
  const text = (name: string): readonly (readonly [string, string])[] => (typeof resource[name] === 'string' ? [[name, resource[name]]] : []);
  const params = namedTexts(run.params);
  return {
    id: runId(run.traceId, run.runId),
    name: run.runId,
    status: run.end === undefined ? 'RUNNING' : statusOf(run.outcome),
    start: milliseconds(run.start),
    ...(run.end !== undefined && { end: milliseconds(run.end) }),
    params: params.values,
    tags: [
      ['mlflow.runName', run.runId],
      ['mlflow.source.name', run.pipeline.file],
      ['mlflow.source.type', 'PROJECT'],
      ...text(vcsRefHeadRevision).map(([, commit]) => ['mlflow.source.git.commit', commit] as const),
      ...text(vcsRefHeadName).map(([, branch]) => ['mlflow.source.git.branch', branch] as const),
      ['runweave.run_id', run.runId],
      ['runweave.pipeline', run.pipeline.name],
      ['runweave.result', run.outcome ?? 'running'],
      ['runweave.times', JSON.stringify([run.start, ...(run.end === undefined ? [] : [run.end])])],
      ['runweave.resource', JSON.stringify(resource)],
      ...params.tags,
    ],
    metrics: [],
    artifacts: [],
  };
}

function taskRun(run: RunState, task: TaskState, parent: string): MlflowRun {
  const { node, failure } = task;
  const start = task.start ?? run.start;
  const paths = distinctPaths();
  const params = namedTexts({ ...task.params, ...task.loggedParams });
  const facts = {
    id: node.id,
    name: node.name,
    kind: node.kind,
    matrix: node.matrix,
    dependencies: node.dependencies,
    tags: node.tags,
    result: task.phase,
    times: [start, ...(task.end === undefined ? [] : [task.end])],
    ...(node.owner !== undefined && { owner: node.owner }),
    ...(Object.keys(task.returns).length > 0 && { returns: { ...task.returns } }),
    ...(Object.keys(task.loggedParams).length > 0 && { logged: Object.keys(task.loggedParams) }),
    ...(task.outputs.length > 0 && { outputs: task.outputs.map(({ path, digest, size }): Json => ({ path, digest, size })) }),
    ...(failure !== undefined && { failure: { type: failure.type, message: failure.message, ...(failure.stacktrace !== undefined && { stacktrace: failure.stacktrace }) } }),
  } satisfies Readonly<Record<string, Json>>;
  return {
    id: runId(run.traceId, run.runId, node.id),
    parent,
    name: node.id,
    status: statusOf(task.phase),
    start: milliseconds(start),
    ...(task.end !== undefined && { end: milliseconds(task.end) }),
    params: params.values,
    tags: [
      ...uniqueNames(Object.entries(task.tags)),
      ['mlflow.runName', node.id],
      ['mlflow.parentRunId', parent],
      ['mlflow.source.name', node.source],
      ['mlflow.source.type', 'PROJECT'],
      ...(node.description === undefined ? [] : [['mlflow.note.content', node.description] as const]),
      ...Object.entries(facts).map(([name, value]) => [`runweave.task.${name}`, typeof value === 'string' ? value : JSON.stringify(value)] as const),
      ...params.tags,
    ],
    metrics: seriesOf(task),
    artifacts: task.artifacts.map((artifact) => ({ path: paths(artifactPath(artifact.name)), artifact })),
  };
}

/** Parameters as texts, under names that MLflow takes, and the tags that say which of them are JSON and what they were called. */
function namedTexts(values: Readonly<Record<string, Json>>): { readonly values: MlflowRun['params']; readonly tags: MlflowRun['tags'] } {
  const entries = Object.entries(values);
  const named = uniqueNames(entries.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
  const asJson = entries.flatMap(([, value], index) => (typeof value === 'string' ? [] : [named[index]?.[0] ?? '']));
  const renamed = entries.flatMap(([name], index) => (named[index]?.[0] === name ? [] : [[named[index]?.[0] ?? '', name] as const]));
  return { values: named, tags: [...(asJson.length === 0 ? [] : [['runweave.json_params', JSON.stringify(asJson)] as const]), ...(renamed.length === 0 ? [] : [['runweave.param_names', JSON.stringify(Object.fromEntries(renamed))] as const])] };
}

/**
 * Names that MLflow takes: letters, digits, `_`, `-`, `.`, space and `/`, at most 250 of them, and none that would be
 * another path when it is taken for one. In a file store they are paths, so none can be the folder of another.
 */
export function uniqueNames<T>(entries: readonly (readonly [name: string, value: T])[]): readonly (readonly [name: string, value: T])[] {
  const plain = entries.map(([name]) => mlflowName(name));
  const names = new Set(plain.map((name) => name.toLowerCase()));
  const taken = new Set<string>();
  return entries.map(([, value], index) => {
    const name = plain[index] ?? '';
    const parts = name.split('/');
    const isInside = parts.some((_, end) => end > 0 && names.has(parts.slice(0, end).join('/').toLowerCase()));
    const base = isInside ? name.replaceAll('/', '_') : name;
    let free = base;
    for (let number = 2; taken.has(free.toLowerCase()); number += 1) free = `${base}_${number}`;
    taken.add(free.toLowerCase());
    return [free, value];
  });
}

function mlflowName(name: string): string {
  const safe = name
    .replaceAll(/[^\p{L}\p{N}_\-. /]/gu, '_')
    .split('/')
    .map((part) => (part === '' || /^\.+$/.test(part) ? '_' : part.replace(/^ | $/g, '_')))
    .join('/');
  return safe.length <= 240 ? safe : `${safe.slice(0, 200)}_${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

/** A task's metrics with all their points. MLflow has whole steps, and times in milliseconds. */
function seriesOf(task: TaskState): MlflowRun['metrics'] {
  return uniqueNames(Object.entries(task.metrics)).map(([name, { start, times, values, steps }]) => ({
    name,
    *points(): Generator<MlflowPoint> {
      const base = BigInt(start);
      for (const [index, value] of values.entries()) {
        const step = steps?.[index];
        yield { timestamp: Number((base + BigInt(times[index] ?? 0)) / 1_000_000n), value: Number(value), ...(typeof step === 'number' && { step: Math.trunc(step) }) };
      }
    },
  }));
}

function statusOf(phase: TaskState['phase'] | undefined): MlflowStatus {
  switch (phase) {
    case 'success':
    case 'skip':
      return 'FINISHED';
    case 'cancellation':
      return 'KILLED';
    case 'failure':
    case 'error':
    case 'timeout':
    case undefined:
      return 'FAILED';
    case 'running':
    case 'pending':
    case 'stale':
      return 'RUNNING';
    default:
      return phase satisfies never;
  }
}

function runId(...parts: readonly string[]): string {
  return createHash('sha256').update(canonicalJson(parts)).digest('hex').slice(0, 32);
}

function milliseconds(time: UnixNano): number {
  return Number(BigInt(time) / 1_000_000n);
}
