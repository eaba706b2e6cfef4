/** Recorded runs as sketches: what each task did, and with what. */
import assert from 'node:assert/strict';
import type { Digest, Fingerprint, Reason } from '../../../src/model/fingerprint.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunEvent, RunId, SpanId, TaskNode, TraceId } from '../../../src/model/run-event.ts';
import { createRunFold, type RunState } from '../../../src/model/run-state.ts';
import { fromMilliseconds } from '../../../src/model/time.ts';

/** Task → what it did: `ok`, `bad`, or `=RUN` for up to date since that run. */
export type Sketch = Readonly<Record<string, { readonly did: string; readonly code?: string; readonly param?: number; readonly metric?: number; readonly reasons?: readonly Reason[]; readonly input?: string }>>;

const needs: Readonly<Record<string, readonly string[]>> = { load: [], clean: ['load'], train: ['clean'], plot: ['clean'], report: ['train', 'plot'] };
export const day = 86_400_000;

/** Run `id`, started on that day; of the pipeline above. */
export function sketchedRun(id: string, onDay: number, sketch: Sketch): RunState {
  let clock = onDay * day;
  const now = () => fromMilliseconds((clock += 1000));
  const spanOf = (task: string, inRun = id): SpanId => `${inRun}:${task}` as SpanId;
  const fold = createRunFold();
  const nodes = Object.keys(sketch).map(
    (task): TaskNode => ({ id: task as TaskId, name: task, kind: 'python', matrix: {}, dependencies: (needs[task] ?? []) as TaskId[], source: `${task}.py`, outputs: [`build/${task}.out`], spanId: spanOf(task), tags: [], ...(task === 'clean' && { owner: 'data-team', description: 'Drops what can not be right' }) }),
  );
  fold.apply({ type: 'run-started', time: now(), runId: id as RunId, traceId: '' as TraceId, spanId: '' as SpanId, pipeline: { name: 'p', file: 'runweave.yaml' }, params: {}, trigger: { type: 'manual', tasks: [] }, tasks: nodes, resource: { 'vcs.ref.head.revision': `commit-${id}` } });
  for (const node of nodes) {
    const { did = 'ok', code = 'v1', param, metric, reasons, input } = sketch[node.id] ?? {};
    const task = node.id;
    if (did.startsWith('=')) {
      const madeIn = did.slice(1);
      fold.apply({ type: 'task-skipped', task, time: now(), reason: 'up-to-date', madeBy: { runId: madeIn as RunId, traceId: '' as TraceId, spanId: spanOf(task, madeIn) } });
      continue;
    }
    const fingerprint = { definition: 'd' as Digest, definitionParts: {}, params: param === undefined ? {} : { param }, sources: { [`${task}.py`]: `sha256:${code}` as Digest }, inputs: input === undefined ? {} : { [`${task}.csv`]: `sha256:${input}` as Digest }, upstream: {}, env: {}, interpreter: '' } as unknown as Fingerprint;
    const events: readonly RunEvent[] = [
      ...(reasons === undefined ? [] : [{ type: 'task-stale' as const, task, time: now(), reasons }]),
      { type: 'task-started', task, time: now(), fingerprint, params: fingerprint.params },
      { type: 'attempt-started', task, attempt: 1, time: now(), spanId: `${id}:${task}:1` as SpanId, cause: 'first', command: [], cwd: '.', pid: 1 },
      ...(metric === undefined ? [] : [{ type: 'metric' as const, task, attempt: 1, time: now(), name: 'accuracy', value: metric }]),
      { type: 'attempt-ended', task, attempt: 1, time: now(), outcome: did === 'bad' ? 'failure' : 'success' },
      { type: 'task-ended', task, time: now(), outcome: did === 'bad' ? 'failure' : 'success', outputs: [{ path: `build/${task}.out`, digest: `sha256:${id}-${task}` as Digest, size: 1 }], returns: task === 'train' ? { model: id } : {}, fingerprint },
    ];
    for (const event of events) fold.apply(event);
  }
  fold.apply({ type: 'run-ended', time: now(), outcome: 'success' });
  const state = fold.state();
  assert.ok(state !== undefined);
  return state;
}
