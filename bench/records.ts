/**
 * A folder with many records of realistic size: 12 tasks, 20 metrics of which 5 are series, parameters that vary.
 * `node bench/records.ts FOLDER COUNT`. 95 kB each, the first line 37 kB. A few records are sealed for real; the others are these with other ids, times,
 * parameters and values, as sealing 100,000 runs takes minutes.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Digest } from '../src/model/fingerprint.ts';
import type { TaskId } from '../src/model/pipeline.ts';
import type { RunEvent, RunId, SpanId, TaskNode, TraceId } from '../src/model/run-event.ts';
import { fromMilliseconds, type UnixNano } from '../src/model/time.ts';
import { sealRun } from '../src/recording/seal.ts';

const tasksCount = 12;
const first = Date.UTC(2026, 0, 1);

/** Deterministic: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Varying {
  readonly id: string;
  readonly start: number;
  readonly learningRate: number;
  readonly depth: number;
  readonly quality: number;
  readonly failed: boolean;
}

function varying(index: number): Varying {
  const random = randomOf(index + 1);
  // One run every 40 minutes.
  const start = first + index * 2_400_000 + Math.floor(random() * 600_000);
  const stamp = new Date(start).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return {
    id: `${stamp}-digits-${index.toString(16).padStart(4, '0').slice(-4)}`,
    start,
    learningRate: [0.1, 0.03, 0.01, 0.003, 0.001][Math.floor(random() * 5)] ?? 0.1,
    depth: 2 + Math.floor(random() * 6),
    quality: random(),
    failed: random() < 0.05,
  };
}

/** The events of one run; all that differs between runs comes from `run`. */
export function eventsOfRun(run: Varying): readonly RunEvent[] {
  const random = randomOf(Math.floor(run.quality * 1e9));
  const hex = (length: number): string => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
  const digest = (): Digest => `sha256:${hex(64)}` as Digest;
  let clock = run.start;
  const at = (ms: number): UnixNano => fromMilliseconds((clock += ms));
  const nodes: TaskNode[] = Array.from({ length: tasksCount }, (_, index) => ({
    id: (index >= 3 && index < 9 ? `train[fold=${index - 3}]` : `task_${index}`) as TaskId,
    name: index >= 3 && index < 9 ? 'train' : `task_${index}`,
    kind: index % 4 === 0 ? 'notebook' : 'python',
    matrix: index >= 3 && index < 9 ? { fold: index - 3 } : {},
    dependencies: (index === 0 ? [] : [index > 3 && index < 9 ? 'task_2' : index === 9 ? 'train[fold=0]' : index === 3 ? 'task_2' : `task_${index - 1}`]) as TaskId[],
    source: `tasks/task_${index}.py`,
    outputs: [`build/task_${index}.npz`],
    spanId: hex(16) as SpanId,
    tags: [],
  }));
  const events: RunEvent[] = [
    {
      type: 'run-started',
      time: at(0),
      runId: run.id as RunId,
      traceId: hex(32) as TraceId,
      spanId: hex(16) as SpanId,
      pipeline: { name: 'digits', file: 'runweave.yaml' },
      params: { data_dir: 'build/data', learning_rate: run.learningRate, depth: run.depth, seed: 1 },
      trigger: { type: 'manual', tasks: [] },
      tasks: nodes,
      resource: { 'service.name': 'runweave', 'vcs.ref.head.name': run.depth > 4 ? 'deeper' : 'main', 'vcs.ref.head.revision': hex(40), 'host.name': 'host' },
    },
  ];
  for (const [index, node] of nodes.entries()) {
    const of = { task: node.id, attempt: 1 } as const;
    const fingerprint = {
      definition: digest(),
      definitionParts: { kind: node.kind },
      params: { learning_rate: run.learningRate, ...node.matrix },
      sources: { [node.source]: digest(), 'tasks/common.py': digest() },
      inputs: { 'data/raw.csv': digest() },
      upstream: Object.fromEntries(node.dependencies.map((id) => [id, digest()])),
      env: {},
      interpreter: 'CPython 3.11.7 /usr/bin/python3',
    };
    events.push({ type: 'task-stale', task: node.id, time: at(1), reasons: [{ type: 'param-changed', name: 'learning_rate', from: 0.1, to: run.learningRate }] });
    events.push({ type: 'task-started', task: node.id, time: at(1), fingerprint, params: { learning_rate: run.learningRate, ...node.matrix } });
    events.push({ type: 'attempt-started', ...of, time: at(1), spanId: hex(16) as SpanId, cause: 'first', command: ['python', node.source], cwd: '.', pid: 1000 + index });
    events.push({ type: 'output', ...of, time: at(5), stream: 'stdout', text: `${node.id} reads data\n` });
    if (node.name === 'train' && index < 8) {
      for (let step = 0; step < 100; step += 1) events.push({ type: 'metric', ...of, time: at(20), name: 'loss', value: run.quality + 1 / (step + 1), step });
    }
    events.push({ type: 'metric', ...of, time: at(1), name: 'accuracy', value: 1 - run.quality / (index + 1) });
    if (index < 3) events.push({ type: 'metric', ...of, time: at(1), name: 'rows', value: 1000 + index });
    const failed = run.failed && index === tasksCount - 1;
    events.push({ type: 'attempt-ended', ...of, time: at(300), outcome: failed ? 'failure' : 'success', exitCode: failed ? 1 : 0 });
    events.push({ type: 'task-ended', task: node.id, time: at(1), outcome: failed ? 'failure' : 'success', outputs: [{ path: `build/task_${index}.npz`, digest: digest(), size: 123456 }], returns: {}, fingerprint });
  }
  events.push({ type: 'run-ended', time: at(1), outcome: run.failed ? 'failure' : 'success' });
  return events;
}

/** Up to so many records are whole; of more, the first line alone, which is all that a list reads: 3.7 GB instead of 9.6. */
const mostWhole = 20_000;

/** Writes `count` records into `folder`, a new `.runweave`. */
export async function writeRecords(folder: string, count: number): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'runs'), { recursive: true });
  const sealed = Math.min(count, 50);
  const templates: { readonly run: Varying; readonly text: string }[] = [];
  for (let index = 0; index < sealed; index += 1) {
    const run = varying(index);
    const text = readFileSync(await sealRun(folder, eventsOfRun(run)), 'utf8');
    templates.push({ run, text: count > mostWhole ? text.slice(0, text.indexOf('\n') + 1) : text });
  }
  for (let index = sealed; index < count; index += 1) {
    const template = templates[index % sealed];
    if (template === undefined) break;
    const run = varying(index);
    const shift = BigInt(run.start - template.run.start) * 1_000_000n;
    const trace = index.toString(16).padStart(8, '0');
    const text = template.text
      .replaceAll(template.run.id, run.id)
      .replaceAll(/"(traceId)":"[0-9a-f]{8}/g, `"$1":"${trace}`)
      .replaceAll(/"((?:start|end)?[tT]imeUnixNano)":"(\d+)"/g, (_, name: string, time: string) => `"${name}":"${String(BigInt(time) + shift)}"`)
      .replaceAll(`"doubleValue":${template.run.learningRate}}`, `"doubleValue":${run.learningRate}}`);
    writeFileSync(path.join(folder, 'runs', `${run.id}.otlp.jsonl`), text);
  }
}

const [folder, count] = process.argv.slice(2);
if (import.meta.filename === process.argv[1] && folder !== undefined && count !== undefined) {
  await writeRecords(path.resolve(folder), Number(count));
}
