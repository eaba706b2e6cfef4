/** Event streams of runs as the executor could have emitted them: every type of event, from a seed. */
import type { Digest, Fingerprint } from '../../../src/model/fingerprint.ts';
import type { Json } from '../../../src/model/json.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { EventOf, Outcome, RecordedFailure, RunEvent, RunId, SpanId, TaskNode, TraceId } from '../../../src/model/run-event.ts';
import type { ReportedSpan } from '../../../src/model/reported.ts';
import type { UnixNano } from '../../../src/model/time.ts';

export interface GenerateOptions {
  readonly tasks?: number;
  /** The stream stops after so many events, as a crash leaves it. */
  readonly cutAfter?: number;
}

const names = ['loss', 'accuracy', '__proto__', 'constructor', 'größe/α b', 'runweave.json'];
const values: readonly Json[] = ['text', '', '[1,2]', 1, 0.5, -3, 1e300, 12345678901234567890, null, true, false, [], ['a', 'b'], [1, 'x', null], { a: { b: [1] } }, {}, 'line\nnext\u2028☃'];
const metricValues: readonly EventOf<'metric'>['value'][] = [0.1, 1, 0, -2.5, 1e300, 1e-300, 'NaN', 'Infinity', '-Infinity', 123456789];

export function generateRun(seed: number, { tasks: count = 6, cutAfter = Infinity }: GenerateOptions = {}): readonly RunEvent[] {
  let state = seed * 2654435761 + 1;
  const random = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (below: number): number => Math.floor(random() * below);
  const chance = (probability: number): boolean => random() < probability;
  const pick = <T>(items: readonly T[]): T => items[int(items.length)] as T;
  const hex = (length: number): string => Array.from({ length }, () => int(16).toString(16)).join('');
  const digest = (): Digest => `sha256:${hex(64)}` as Digest;
  let clock = 1_795_000_000_123_456_789n;
  const now = (): UnixNano => String((clock += BigInt(int(900_000_000) + 1))) as UnixNano;
  const record = (): Record<string, Json> => Object.fromEntries(Array.from({ length: int(4) }, () => [pick(names), pick(values)]));
  const digests = (): Record<string, Digest> => Object.fromEntries(Array.from({ length: int(3) }, () => [pick(['a.py', 'b/*.csv', '__proto__']), digest()]));

  const fingerprint = (): Fingerprint => ({
    definition: digest(),
    definitionParts: record(),
    params: record(),
    sources: digests(),
    inputs: digests(),
    upstream: digests(),
    env: { OMP_NUM_THREADS: '1' },
    interpreter: 'CPython 3.11.7 /usr/bin/python3',
    ...(chance(0.5) && { packages: { '/usr/lib/python3/dist-packages': { numpy: '2.1', ['__proto__']: '1' } }, lookups: { scripts: 'json lib' }, moving: ['lib'], own: ['lib/cache'] }),
  });
  const failure = (): RecordedFailure => ({
    type: pick(['ValueError', 'exit-code', 'signal']),
    message: pick(['', 'went wrong', 'two\nlines']),
    ...(chance(0.5) && { stacktrace: 'Traceback…\n  File "a.py", line 3' }),
    ...(chance(0.5) && { frames: [{ file: 'a.py', line: 3, function: 'main' }, { file: 'lib/b.py', line: 12, function: 'f' }] }),
  });
  const node = (index: number): TaskNode => ({
    id: (index % 3 === 2 ? `train[n=${index}]` : `task-${index}`) as TaskId,
    name: index % 3 === 2 ? 'train' : `task-${index}`,
    kind: pick(['python', 'call', 'notebook', 'shell']),
    matrix: index % 3 === 2 ? { n: index } : {},
    dependencies: index === 0 ? [] : [(index % 3 === 0 ? `train[n=${index - 1}]` : `task-${Math.floor((index - 1) / 3) * 3}`) as TaskId],
    source: `tasks/${index}.py`,
    outputs: chance(0.5) ? [`build/${index}.npz`] : [],
    spanId: hex(16) as SpanId,
    ...(chance(0.3) && { owner: 'data-team' }),
    ...(chance(0.3) && { description: 'What it does.' }),
    tags: chance(0.3) ? ['etl'] : [],
  });

  const traceId = hex(32) as TraceId;
  const reportedSpan = (end: UnixNano): ReportedSpan => ({
    traceId: chance(0.7) ? traceId : (hex(32) as TraceId),
    spanId: hex(16) as SpanId,
    parentSpanId: hex(16) as SpanId,
    name: pick(['GET /', '', 'RUN x', 'attempt 1']),
    kind: int(5) + 1,
    start: String(BigInt(end) - BigInt(int(1000))) as UnixNano,
    end,
    attributes: { ...record(), 'runweave.task.id': 'not-a-task', 'runweave.attempt.number': 1, ...(chance(0.1) && { 'runweave.record.version': 1 }) },
    events: chance(0.5) ? [{ name: 'exception', time: end, attributes: record() }, { name: 'runweave.output', time: end, attributes: {} }] : [],
    links: chance(0.3) ? [{ traceId: hex(32) as TraceId, spanId: hex(16) as SpanId, attributes: record() }] : [],
    status: pick([{ code: 0 }, { code: 1 }, { code: 2 }, { code: 2, message: 'went wrong' }] as const),
    ...(chance(0.7) && { scope: { name: pick(['http', 'db']), ...(chance(0.5) && { version: '1.2' }) } }),
    ...(chance(0.5) && { resource: { 'service.name': 'shop', 'process.pid': 12 } }),
  });

  const nodes = Array.from({ length: count }, (_, index) => node(index));
  const events: RunEvent[] = [
    {
      type: 'run-started',
      time: now(),
      runId: `20261120T2240${String(10 + (seed % 50))}Z-generated-${hex(4)}` as RunId,
      traceId,
      spanId: hex(16) as SpanId,
      pipeline: { name: 'generated', file: 'runweave.yaml' },
      params: record(),
      ...(seed % 2 === 0 && { floats: { rate: { 'runweave.float': 1 }, layers: [{ 'runweave.float': '-0' }, 1] } }),
      trigger: chance(0.5) ? { type: 'manual', tasks: ['train'] } : { type: 'change', files: ['a.py'], count: 1 },
      tasks: nodes,
      resource: { 'service.name': 'runweave', 'process.pid': 4711, 'vcs.ref.head.revision': hex(40), 'runweave.vcs.dirty': chance(0.5), 'x.list': ['a', 'b'], 'x.object': { a: null } },
    },
  ];

  const attempt = (task: TaskId, number: number, cause: EventOf<'attempt-started'>['cause'], outcome: Exclude<Outcome, 'skip'>, ends: boolean): void => {
    const of = { task, attempt: number } as const;
    events.push({ type: 'attempt-started', ...of, time: now(), spanId: hex(16) as SpanId, cause, command: ['python3', 'a.py', ''], cwd: '.', pid: int(30_000), ...(chance(0.2) && { note: 'numpy is not loaded ahead' }) });
    for (let left = int(40); left > 0; left -= 1) {
      const time = now();
      const size = int(10_000);
      const reports: readonly RunEvent[] = [
        { type: 'output', ...of, time, stream: pick(['stdout', 'stderr']), text: pick(['a', 'ä☃\n', 'x'.repeat(9000)]) },
        { type: 'metrics', ...of, time, name: pick(names), times: [0, 5, 1000], values: [pick(metricValues), 0.1, pick(metricValues)], ...(chance(0.5) && { steps: [1, null, 3] }) },
        { type: 'metric', ...of, time, name: pick(names), value: pick(metricValues), ...(chance(0.5) && { step: pick([0, 1, -4, 0.5]) }), ...(chance(0.2) && { detail: { unit: 'ms', buckets: { bounds: [1], counts: ['1', '2'] } } }) },
        { type: 'param', ...of, time, name: pick(names), value: pick(values) },
        { type: 'tag', ...of, time, name: pick(names), value: pick(['', 'blue', '[1]']) },
        { type: 'return', ...of, time, name: pick(names), value: pick(values) },
        {
          type: 'artifact',
          ...of,
          time,
          name: 'plot.png',
          mediaType: 'image/png',
          size,
          digest: digest(),
          content: pick([{ type: 'reference' }, { type: 'utf8', text: '' }, { type: 'utf8', text: '{"a":1}' }, { type: 'base64', data: 'AAEC' }] as const),
        },
        { type: 'cell', ...of, time, index: int(5), status: pick(['running', 'success', 'failure']), label: 'import numpy', start: time, ...(chance(0.5) && { end: time }), ...(chance(0.5) && { source: 'import numpy', outputs: [{ output_type: 'stream', name: 'stdout', text: 'Ł\n' }, { output_type: 'display_data', data: { 'text/plain': ['a', 'b'] }, metadata: {} }] }) },
        { type: 'warned', ...of, time, warnings: [{ category: 'FutureWarning', message: 'soon', file: 'a.py', line: 3, count: int(5) + 1 }] },
        { type: 'checked', ...of, time, checks: [{ type: 'condition', check: 'loss < 1', outcome: 'failure', found: 'it is 2' }, { type: 'after', check: 'true', outcome: 'success' }] },
        { type: 'resources', ...of, time, cpu: int(100) / 100, memory: int(1e9), read: int(1000), written: int(1000), ...(chance(0.5) && { received: int(1e6), sent: 0 }), ...(chance(0.5) && { gpuMemory: int(1e9), gpu: 0.5 }) },
        { type: 'span', ...of, time, span: reportedSpan(time) },
        {
          type: 'log',
          ...of,
          time,
          log: {
            // A batch of log records comes later than they were made.
            time: String(BigInt(time) - BigInt(int(2_000_000_000))) as UnixNano,
            severityNumber: int(25),
            ...(chance(0.5) && { severityText: 'NOTICE' }),
            body: pick(values),
            attributes: record(),
            ...(chance(0.5) && { traceId, spanId: hex(16) as SpanId, scope: 'app.log', resource: { 'process.pid': 1 } }),
          },
        },
        {
          type: 'dataset',
          ...of,
          time,
          dataset: { name: pick(names), digest: hex(8), ...(chance(0.5) && { context: 'training', sourceType: 'local', source: pick(values), schema: pick(values), profile: { rows: 3 } }) },
        },
        { type: 'observed', ...of, time, modules: ['lib/a.py'], read: ['data.csv'], written: [], packages: { numpy: '2.1', ['__proto__']: '1' } },
      ];
      events.push(pick(reports));
    }
    if (!ends) return;
    events.push({
      type: 'attempt-ended',
      ...of,
      time: now(),
      outcome,
      ...(chance(0.7) && { exitCode: outcome === 'success' ? 0 : 1 }),
      ...(chance(0.2) && { signal: 'SIGKILL' }),
      ...(outcome !== 'success' && chance(0.8) && { failure: failure() }),
    });
  };

  for (const [index, { id: task }] of nodes.entries()) {
    if (chance(0.15)) continue;
    if (chance(0.25)) {
      const reason = pick(['up-to-date', 'restored', 'upstream', 'stopped', 'manual'] as const);
      events.push({
        type: 'task-skipped',
        task,
        time: now(),
        reason,
        ...((reason === 'up-to-date' || reason === 'restored') && chance(0.8) && { madeBy: { runId: '20261119T101010Z-generated-0000' as RunId, traceId: hex(32) as TraceId, spanId: hex(16) as SpanId } }),
        ...(reason === 'upstream' && { blockedBy: nodes.slice(0, 1).map((other) => other.id) }),
      });
      continue;
    }
    let number = 0;
    for (let restarts = int(3); restarts >= 0; restarts -= 1) {
      events.push({ type: 'task-stale', task, time: now(), reasons: [{ type: 'never-ran' }, { type: 'param-changed', name: 'x', from: null, to: [1] }, { type: 'package-changed', name: 'numpy', from: '2.0' }, { type: 'source-changed', path: 'b.py', compared: 'with more', parts: ['function g'], because: ['a.py'] }] });
      if (chance(0.1)) continue;
      events.push({ type: 'task-started', task, time: now(), fingerprint: fingerprint(), params: record() });
      const tries = int(3) + 1;
      for (let left = tries; left > 0; left -= 1) {
        number += 1;
        attempt(task, number, number === 1 ? 'first' : left === tries ? 'change' : 'retry', left === 1 ? 'success' : pick(['failure', 'timeout', 'cancellation', 'error']), true);
      }
      if (chance(0.1)) continue;
      const outcome = pick(['success', 'success', 'failure', 'error', 'timeout', 'cancellation'] as const);
      events.push({
        type: 'task-ended',
        task,
        time: now(),
        outcome,
        outputs: [{ path: 'build/a.npz', digest: digest(), size: int(100_000) }, ...(chance(0.3) ? [{ path: 'plots', digest: digest(), size: int(100_000), made: { 'plots/ä.png': digest(), 'plots/__proto__': digest() } }] : [])],
        ...(chance(0.5) && { inputSizes: { 'data/a.csv': int(1e9), 'b.csv (read)': 0 } }),
        returns: record(),
        ...(seed % 3 === 0 && { floats: { accuracy: { 'runweave.float': 1 } } }),
        ...(outcome !== 'success' && { failure: failure() }),
        ...(outcome === 'success' && { fingerprint: fingerprint() }),
      });
    }
    // An undo: what was tried counts no more.
    if (chance(0.2)) events.push({ type: 'task-skipped', task, time: now(), reason: pick(['up-to-date', 'restored', 'manual'] as const), madeBy: { runId: '20261119T101010Z-generated-0000' as RunId, traceId: hex(32) as TraceId, spanId: hex(16) as SpanId } });
    if (chance(0.4)) events.push({ type: 'sources', task, time: now(), files: { ['__proto__']: digest(), ...digests() } });
    if (chance(0.3)) {
      const changes = { ...(chance(0.5) && { diff: digest() }), size: int(1000), truncated: chance(0.5), untracked: ['new.py'], untrackedCount: 1 };
      events.push({ type: 'run-context', time: now(), ...(chance(0.5) && { pipelineFile: digest() }), ...(chance(0.5) && { changes }) });
    }
    if (chance(0.3)) events.push({ type: 'warning', time: now(), message: 'the disk is nearly full' });
    if (index === 3 && chance(0.5)) {
      // A task goes, another comes; what has run keeps its place.
      events.push({ type: 'tasks-changed', time: now(), params: record(), ...(seed % 3 === 0 && { floats: { loss: { 'runweave.float': 2 } } }), tasks: [...nodes.filter((_, at) => at !== 1), node(count + 3)] });
    }
  }
  if (chance(0.9)) events.push({ type: 'run-ended', time: now(), outcome: pick(['success', 'failure', 'cancellation']), ...(chance(0.2) && { interrupted: true as const }) });
  return events.slice(0, cutAfter);
}
