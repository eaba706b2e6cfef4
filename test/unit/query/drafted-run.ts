/** A run from a few words about its tasks, for tests of what is made of runs. */
import assert from 'node:assert/strict';
import type { Digest, Fingerprint } from '../../../src/model/fingerprint.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunEvent, RunId, SpanId, TraceId } from '../../../src/model/run-event.ts';
import { createRunFold, type RunState } from '../../../src/model/run-state.ts';
import { fromMilliseconds } from '../../../src/model/time.ts';

export interface TaskSketch {
  readonly needs?: readonly string[];
  /** Seconds after the start of the run; by default after what stands before. */
  readonly at?: number;
  readonly seconds?: number;
  /** `blocked`: an upstream task did not succeed. */
  readonly did?: 'ok' | 'failed' | 'blocked';
  readonly params?: JsonObject;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly sources?: Readonly<Record<string, string>>;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly packages?: Readonly<Record<string, string>>;
  readonly artifacts?: Readonly<Record<string, string>>;
  readonly dataset?: string;
  readonly stdout?: string;
}

export function sketchedRun(id: string, tasks: Readonly<Record<string, TaskSketch>>, resource: JsonObject = {}): RunState {
  const fold = createRunFold();
  const at = (seconds: number) => fromMilliseconds(1_700_000_000_000 + seconds * 1000);
  const digests = (names: Readonly<Record<string, string>> = {}) => Object.fromEntries(Object.entries(names).map(([name, text]) => [name, `sha256:${text}` as Digest]));
  const spanId = '' as SpanId;
  const nodes = Object.entries(tasks).map(([task, { needs = [] }]) => ({ id: task as TaskId, name: task, kind: 'python' as const, matrix: {}, dependencies: needs as TaskId[], source: `${task}.py`, outputs: [], spanId, tags: [] }));
  fold.apply({ type: 'run-started', time: at(0), runId: id as RunId, traceId: '' as TraceId, spanId, pipeline: { name: 'p', file: 'runweave.yaml' }, params: {}, trigger: { type: 'manual', tasks: [] }, tasks: nodes, resource });
  let clock = 0;
  for (const [name, sketch] of Object.entries(tasks)) {
    const task = name as TaskId;
    const { seconds = 1, did = 'ok', params = {}, metrics = {}, packages = {}, artifacts = {}, dataset, stdout } = sketch;
    const start = sketch.at ?? clock;
    clock = Math.max(clock, start + seconds);
    if (did === 'blocked') {
      fold.apply({ type: 'task-skipped', task, time: at(start), reason: 'upstream' });
      continue;
    }
    const outcome = did === 'ok' ? 'success' : 'failure';
    const failure = did === 'ok' ? {} : { failure: { type: 'ValueError', message: 'bad' } };
    const fingerprint: Fingerprint = { definition: 'sha256:d' as Digest, definitionParts: {}, params, sources: digests(sketch.sources), inputs: digests(sketch.inputs), upstream: {}, env: {}, interpreter: '' };
    const of = { task, attempt: 1, time: at(start) };
    const events: readonly RunEvent[] = [
      { type: 'task-started', task, time: at(start), fingerprint, params },
      { type: 'attempt-started', ...of, spanId, cause: 'first', command: [], cwd: '.', pid: 1 },
      { type: 'observed', ...of, modules: [], read: [], written: [], packages },
      ...(stdout === undefined ? [] : [{ type: 'output' as const, ...of, stream: 'stdout' as const, text: stdout }]),
      ...Object.entries(metrics).map(([metric, value]) => ({ type: 'metric' as const, ...of, name: metric, value })),
      ...Object.entries(artifacts).map(([artifact, text]) => ({ type: 'artifact' as const, ...of, name: artifact, mediaType: 'text/plain', size: text.length, digest: `sha256:${text}` as Digest, content: { type: 'utf8' as const, text } })),
      ...(dataset === undefined ? [] : [{ type: 'dataset' as const, ...of, dataset: { name: 'mnist', digest: dataset, context: 'training' } }]),
      { type: 'attempt-ended', ...of, time: at(start + seconds), outcome },
      { type: 'task-ended', task, time: at(start + seconds), outcome, outputs: Object.entries(digests(sketch.outputs)).map(([path, digest]) => ({ path, digest, size: 10 })), returns: {}, fingerprint, ...failure },
    ];
    for (const event of events) fold.apply(event);
  }
  fold.apply({ type: 'run-ended', time: at(clock), outcome: 'success' });
  const state = fold.state();
  assert.ok(state !== undefined);
  return state;
}
