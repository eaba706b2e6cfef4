/** Records for sites: one task, with what a test puts into it. */
import type { Digest } from '../../../../src/model/fingerprint.ts';
import type { TaskId } from '../../../../src/model/pipeline.ts';
import type { RunEvent, RunId, SpanId, TraceId } from '../../../../src/model/run-event.ts';
import { fromMilliseconds } from '../../../../src/model/time.ts';
import { storeArtifact } from '../../../../src/recording/artifacts.ts';
import { sealRun } from '../../../../src/recording/seal.ts';

export interface Recorded {
  readonly pipeline?: string;
  readonly task?: string;
  readonly params?: Readonly<Record<string, string | number>>;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly artifacts?: readonly { readonly name: string; readonly content: string | Uint8Array; readonly mediaType?: string }[];
  readonly output?: string;
  /** Of task `task`, made by another run. */
  readonly madeBy?: string;
  readonly sources?: Readonly<Record<string, Digest>>;
}

/** `20261101T100000Z-digits-0003` for 3: an hour after that of 2. */
export function runIdOf(index: number): RunId {
  const day = 1 + Math.floor(index / 24);
  return `202611${String(day).padStart(2, '0')}T${String(index % 24).padStart(2, '0')}0000Z-digits-${index.toString(16).padStart(4, '0')}` as RunId;
}

export function startOf(index: number): number {
  return Date.UTC(2026, 10, 1 + Math.floor(index / 24), index % 24);
}

/** Returns the record's path. `store` is `.runweave`. */
export async function recordRun(store: string, index: number, recorded: Recorded = {}): Promise<string> {
  const { pipeline = 'digits', task: name = 'train', params = {}, metrics = { accuracy: index / 100 }, artifacts = [], output = '', madeBy, sources } = recorded;
  const task = name as TaskId;
  const start = startOf(index);
  const time = (ms: number) => fromMilliseconds(start + ms);
  const span = (n: number): SpanId => (index * 100 + n).toString(16).padStart(16, '0') as SpanId;
  const of = { task, attempt: 1 } as const;
  const digest = `sha256:${'ab'.repeat(32)}` as Digest;
  const fingerprint = { definition: digest, definitionParts: {}, params, sources: {}, inputs: {}, upstream: {}, env: {}, interpreter: '' };
  const stored = await Promise.all(artifacts.map(({ name: file, content, mediaType }) => storeArtifact(store, typeof content === 'string' ? Buffer.from(content) : content, { name: file, mediaType })));
  const events: RunEvent[] = [
    {
      type: 'run-started',
      time: time(0),
      runId: runIdOf(index),
      traceId: index.toString(16).padStart(32, '1') as TraceId,
      spanId: span(1),
      pipeline: { name: pipeline, file: 'runweave.yaml' },
      params,
      trigger: { type: 'manual', tasks: [] },
      tasks: [{ id: task, name, kind: 'python', matrix: {}, dependencies: [], source: 'train.py', outputs: [], spanId: span(2), tags: [] }],
      resource: { 'vcs.ref.head.name': 'main' },
    },
    ...(madeBy === undefined
      ? [
          { type: 'task-started', task, time: time(1), fingerprint, params } as const,
          ...(sources === undefined ? [] : [{ type: 'sources', task, time: time(1), files: sources } as const]),
          { type: 'attempt-started', ...of, time: time(2), spanId: span(3), cause: 'first', command: ['python', 'train.py'], cwd: '.', pid: 1 } as const,
          ...(output === '' ? [] : [{ type: 'output', ...of, time: time(3), stream: 'stdout', text: output } as const]),
          ...Object.entries(metrics).map(([metric, value]) => ({ type: 'metric', ...of, time: time(4), name: metric, value }) as const),
          ...stored.map((artifact) => ({ type: 'artifact', ...of, time: time(5), ...artifact }) as const),
          { type: 'attempt-ended', ...of, time: time(6), outcome: 'success', exitCode: 0 } as const,
          { type: 'task-ended', task, time: time(7), outcome: 'success', outputs: [], returns: {}, fingerprint } as const,
        ]
      : [{ type: 'task-skipped', task, time: time(7), reason: 'up-to-date', madeBy: { runId: madeBy as RunId, traceId: '1'.repeat(32) as TraceId, spanId: span(2) } } as const]),
    { type: 'run-ended', time: time(8), outcome: 'success' },
  ];
  return sealRun(store, events);
}
