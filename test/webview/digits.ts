/** The digits pipeline as the panels get it: a graph, and a run of it as events. */
import assert from 'node:assert/strict';
import { crc32, deflateSync } from 'node:zlib';
import type { Digest, Fingerprint } from '../../src/model/fingerprint.ts';
import type { TaskId, TaskKind } from '../../src/model/pipeline.ts';
import type { RunEvent, RunId, SpanId, TaskNode, TraceId } from '../../src/model/run-event.ts';
import { createRunFold, type RunState } from '../../src/model/run-state.ts';
import type { UnixNano } from '../../src/model/time.ts';
import type { GraphTask, TaskStatus } from '../../src/model/graph-task.ts';

const sizes = [400, 500, 600];

interface Declared {
  readonly name: string;
  readonly kind: TaskKind;
  readonly source: string;
  readonly needs: readonly string[];
  readonly matrix: boolean;
}

const declared: readonly Declared[] = [
  { name: 'ingest', kind: 'python', source: 'tasks/ingest.py', needs: [], matrix: false },
  { name: 'eda', kind: 'notebook', source: 'notebooks/eda.py', needs: ['ingest'], matrix: false },
  { name: 'split', kind: 'call', source: 'tasks/prepare.py', needs: ['ingest'], matrix: false },
  { name: 'train', kind: 'notebook', source: 'notebooks/train.py', needs: ['split'], matrix: true },
  { name: 'benchmark', kind: 'notebook', source: 'notebooks/benchmark.py', needs: ['train'], matrix: true },
  { name: 'summary', kind: 'notebook', source: 'notebooks/summary.py', needs: ['benchmark'], matrix: false },
];

const valueId = (name: string, size: number): TaskId => `${name}[nr_train_images=${size}]` as TaskId;

function expand(task: Declared): readonly { readonly id: TaskId; readonly dependencies: readonly TaskId[]; readonly size?: number }[] {
  const upstream = (size?: number): TaskId[] => task.needs.flatMap((need) => (declared.find((other) => other.name === need)?.matrix === true ? (size === undefined ? sizes : [size]).map((each) => valueId(need, each)) : [need as TaskId]));
  return task.matrix ? sizes.map((size) => ({ id: valueId(task.name, size), dependencies: upstream(size), size })) : [{ id: task.name as TaskId, dependencies: upstream() }];
}

/** In topological order; `statusOf` gives each its state. */
export function digitsGraph(statusOf: (id: string) => Partial<TaskStatus> = () => ({})): readonly GraphTask[] {
  return declared.flatMap((task) => expand(task).map(({ id, dependencies }) => ({ id, name: task.name, kind: task.kind, dependencies, source: task.source, hasOutput: true, status: { phase: 'pending', reasons: [], ...statusOf(id) } })));
}

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;
const start = 1_795_214_411_000;
const at = (ms: number): UnixNano => `${BigInt(Math.round((start + ms) * 1000)) * 1000n}` as UnixNano;
export const runId = '20261120T224011Z-digits-3f2a' as RunId;

const fingerprint: Fingerprint = { definition: digest('a'), definitionParts: { kind: 'notebook' }, params: { nr_train_images: 600 }, sources: { 'notebooks/train.py': digest('b'), 'tasks/common.py': digest('c') }, inputs: { 'build/data/train.npz': digest('d') }, upstream: { split: digest('e') }, env: { OMP_NUM_THREADS: '1' }, interpreter: 'CPython 3.11.7 .venv/bin/python3' };

/** A confusion matrix in shades of blue: 10 × 10 squares of 24 pixels. */
function confusionPicture(): string {
  const side = 240;
  const rows = Buffer.alloc((side * 3 + 1) * side);
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const [row, column] = [Math.floor(y / 24), Math.floor(x / 24)];
      const shade = row === column ? 90 + ((row * 37) % 50) : 235 - ((row * 7 + column * 13) % 11 === 0 ? 60 : 0);
      rows.set([shade - 40, shade, 255 - Math.floor((255 - shade) / 3)], y * (side * 3 + 1) + 1 + x * 3);
    }
  }
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2], 8);
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]).toString('base64');
}

/** Base64. */
export const png = confusionPicture();

export const notebook = JSON.stringify({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { language_info: { name: 'python' } },
  cells: [
    { cell_type: 'markdown', metadata: {}, source: ['# Train a classifier\n', 'A support-vector machine on `nr_train_images` images.'] },
    { cell_type: 'code', metadata: { tags: ['parameters'] }, execution_count: 1, source: 'nr_train_images = 600', outputs: [] },
    { cell_type: 'code', metadata: {}, execution_count: 2, source: 'model.fit(x, y)\nprint("accuracy", model.score(x, y))', outputs: [{ output_type: 'stream', name: 'stdout', text: 'accuracy 0.9833\n' }] },
    { cell_type: 'code', metadata: {}, execution_count: 3, source: 'frame', outputs: [{ output_type: 'execute_result', metadata: {}, data: { 'text/html': '<table><tr><td>1</td></tr></table><script>parent.hacked = 1</script><img src=x onerror="parent.hacked = 1">', 'text/plain': '   a\n0  1' } }] },
    { cell_type: 'code', metadata: {}, execution_count: 4, source: 'plot()', outputs: [{ output_type: 'display_data', metadata: {}, data: { 'image/png': png } }] },
  ],
});

const durations: Readonly<Record<string, readonly [from: number, to: number]>> = {
  ingest: [100, 2350], split: [2400, 3100], 'train[nr_train_images=400]': [3150, 8900], 'train[nr_train_images=500]': [3160, 10_400], 'train[nr_train_images=600]': [8950, 18_700],
  'benchmark[nr_train_images=400]': [10_450, 13_900], 'benchmark[nr_train_images=500]': [13_950, 17_600], 'benchmark[nr_train_images=600]': [18_750, 22_900], summary: [22_950, 25_800],
};

/** All events of one run; `eda` is up to date, `train[…=500]` fails once and is tried again, with `fail` for good. */
export function digitsEvents(options: { readonly fail?: boolean } = {}): readonly RunEvent[] {
  let span = 0;
  const spanId = (): SpanId => (span += 1).toString(16).padStart(16, '0') as SpanId;
  const nodes = declared.flatMap((task) => expand(task).map(({ id, dependencies, size }): TaskNode => ({ id, name: task.name, kind: task.kind, matrix: size === undefined ? {} : { nr_train_images: size }, dependencies, source: task.source, outputs: [`build/${task.name}`], spanId: spanId(), tags: [], owner: 'data-team' })));
  const events: RunEvent[] = [
    {
      type: 'run-started', time: at(0), runId, traceId: 'c'.repeat(32) as TraceId, spanId: spanId(), pipeline: { name: 'digits', file: 'runweave.yaml' }, params: { data_dir: 'build/data', train_ratio: 0.7 }, trigger: { type: 'change', files: ['notebooks/train.py'], count: 1 }, tasks: nodes,
      resource: { 'vcs.ref.head.name': 'main', 'vcs.ref.head.revision': '9f3c2ab07e5d4c1f8b6a0e2d9c7b5a3f1e0d8c6b', 'runweave.vcs.dirty': true, 'host.name': 'laptop', 'host.arch': 'amd64', 'os.type': 'linux', 'process.pid': 4711, 'service.name': 'runweave', 'cicd.pipeline.name': 'digits' },
    },
  ];
  events.push({ type: 'run-context', time: at(60), changes: { diff: digest('5'), size: 412, truncated: false, untracked: ['notes.txt'], untrackedCount: 1 } });
  for (const node of nodes) {
    const { id } = node;
    const range = durations[id];
    if (range === undefined) {
      events.push({ type: 'task-skipped', time: at(90), task: id, reason: 'up-to-date', madeBy: { runId: '20261119T101500Z-digits-77aa' as RunId, traceId: 'd'.repeat(32) as TraceId, spanId: 'e'.repeat(16) as SpanId } });
      continue;
    }
    const [from, to] = range;
    const trouble = id === valueId('train', 500);
    if (options.fail === true && (id === valueId('benchmark', 500) || id === 'summary')) {
      events.push({ type: 'task-skipped', time: at(10_500), task: id, reason: 'upstream', blockedBy: [trouble ? id : valueId('train', 500)] });
      continue;
    }
    events.push({ type: 'task-stale', time: at(80), task: id, reasons: node.name === 'train' ? [{ type: 'source-changed', path: 'notebooks/train.py', from: digest('1'), to: digest('b') }] : [{ type: 'upstream-changed', task: (node.dependencies[0] ?? 'ingest') as TaskId, from: digest('2'), to: digest('3') }] });
    events.push({ type: 'task-started', time: at(from), task: id, fingerprint, params: { ...node.matrix, train_ratio: 0.7 } });
    const begin = (attempt: number, time: number): void => void events.push({ type: 'attempt-started', time: at(time), task: id, attempt, spanId: spanId(), cause: attempt === 1 ? 'first' : 'retry', command: ['.venv/bin/python3', '-m', 'runweave_task', node.source], cwd: '.', pid: 5000 + span });
    begin(1, from);
    events.push({ type: 'output', time: at(from + 20), task: id, attempt: 1, stream: 'stdout', text: `\u001b[32mloading\u001b[0m ${node.source}\n` });
    const failure = { type: 'ValueError', message: 'least populated class has <b>only 1</b> member', stacktrace: 'Traceback (most recent call last):\n  File "notebooks/train.py", line 31\nValueError: least populated class has only 1 member', frames: [{ file: 'notebooks/train.py', line: 31, function: '<module>' }] };
    let attempt = 1;
    if (trouble) {
      events.push({ type: 'output', time: at(from + 2000), task: id, attempt: 1, stream: 'stderr', text: 'ValueError: least populated class\n' });
      events.push({ type: 'attempt-ended', time: at(from + 2100), task: id, attempt: 1, outcome: 'failure', exitCode: 1, failure });
      if (options.fail === true) {
        events.push({ type: 'task-ended', time: at(from + 2110), task: id, outcome: 'failure', failure, outputs: [], returns: {} });
        continue;
      }
      attempt = 2;
      begin(2, from + 3000);
    }
    const first = trouble ? from + 3000 : from;
    if (node.kind === 'notebook') for (let index = 0; index < 3; index += 1) events.push({ type: 'cell', time: at(to), task: id, attempt, index: index + 1, status: 'success', label: ['imports', 'fit', 'plot'][index] ?? '', start: at(first + ((to - first) * index) / 3), end: at(first + ((to - first) * (index + 1)) / 3) });
    if (node.name === 'train') for (let step = 0; step <= 20; step += 1) events.push({ type: 'metric', time: at(first + ((to - first) * step) / 21), task: id, attempt, name: 'loss', value: Number((2.3 * Math.exp(-step / 6) + 0.05).toFixed(4)), step });
    if (node.name === 'benchmark') events.push({ type: 'metric', time: at(to - 10), task: id, attempt, name: 'roc_auc', value: 0.9 + Number(node.matrix['nr_train_images'] ?? 0) / 7000 });
    if (node.kind === 'notebook') {
      events.push({ type: 'param', time: at(first + 10), task: id, attempt, name: 'solver', value: 'lbfgs' });
      events.push({ type: 'artifact', time: at(to - 5), task: id, attempt, name: `${node.name}.ipynb`, mediaType: 'application/x-ipynb+json', size: notebook.length, digest: digest('7'), content: { type: 'utf8', text: notebook } });
      events.push({ type: 'artifact', time: at(to - 5), task: id, attempt, name: 'confusion.png', mediaType: 'image/png', size: 240, digest: digest('8'), content: { type: 'base64', data: png } });
      events.push({ type: 'artifact', time: at(to - 5), task: id, attempt, name: 'scores.csv', mediaType: 'text/csv', size: 40, digest: digest('9'), content: { type: 'utf8', text: 'digit,precision,recall\n0,0.99,1.0\n1,0.97,0.98\n' } });
      events.push({ type: 'artifact', time: at(to - 5), task: id, attempt, name: 'model.onnx', mediaType: 'application/octet-stream', size: 184_320, digest: digest('f'), content: { type: 'reference' } });
    }
    events.push({ type: 'observed', time: at(to - 2), task: id, attempt, modules: ['tasks/common.py'], read: ['build/data/train.npz'], written: ['build/models/model.onnx'], packages: { 'scikit-learn': '1.7.2', numpy: '2.3.4' } });
    events.push({ type: 'output', time: at(to - 1), task: id, attempt, stream: 'stdout', text: 'done\n' });
    events.push({ type: 'resources', time: at(to - 3), task: id, attempt, cpu: (to - from) / 2000, memory: 412_000_000, read: 1_200_000, written: 84_000 });
    if (node.name === 'train') events.push({ type: 'warned', time: at(to - 1), task: id, attempt, warnings: [{ category: 'ConvergenceWarning', message: '<b>lbfgs</b> failed to converge', file: 'notebooks/train.py', line: 40, count: 3 }] });
    events.push({ type: 'attempt-ended', time: at(to), task: id, attempt, outcome: 'success', exitCode: 0 });
    events.push({ type: 'sources', time: at(to), task: id, files: { [node.source]: digest('b') } });
    events.push({ type: 'task-ended', time: at(to), task: id, outcome: 'success', outputs: [{ path: `build/${node.name}`, digest: digest('4'), size: 18_432 }], returns: {}, fingerprint });
  }
  events.push({ type: 'run-ended', time: at(options.fail === true ? 23_000 : 25_850), outcome: options.fail === true ? 'failure' : 'success' });
  return events;
}

/** The state that events come to. */
export function fold(events: readonly RunEvent[]): RunState {
  const { apply, state } = createRunFold();
  events.forEach(apply);
  const run = state();
  assert.ok(run);
  return run;
}
