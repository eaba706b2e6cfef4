/**
 * A run as files for people who look into folders: the tree that `pynb_log_parser` makes of Composable Logs' spans.
 *
 *   run-time-metadata.json  dag.mmd  gantt.mmd
 *   KIND-task--ID--SPAN--OK|FAILED/run-time-metadata.json  output.txt  artifacts/…
 */
import type { Json, JsonObject } from '../model/json.ts';
import { ganttOf, ganttToMermaid } from '../model/gantt.ts';
import { graphToMermaid } from '../model/mermaid.ts';
import { tasksOfRun } from '../model/graph-of-run.ts';
import type { ArtifactState, RunState, TaskState } from '../model/run-state.ts';
import { elapsed, type UnixNano } from '../model/time.ts';
import { artifactPath, distinctPaths, fileName } from './artifact-name.ts';
import { notebookToHtml } from './notebook-html.ts';

export interface TreeFile {
  /** Relative, with `/`; leads nowhere but into the folder. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** Tasks that did not run are in the metadata alone. `readArtifact`: `undefined` when the bytes are gone. */
export async function* runTree(run: RunState, readArtifact: (artifact: ArtifactState) => Promise<Uint8Array | undefined>, note: (message: string) => void): AsyncGenerator<TreeFile> {
  const folders = new Map(run.tasks.filter((task) => task.attempts.length > 0).map((task) => [task.node.id, taskFolder(task)]));
  yield { path: 'run-time-metadata.json', content: json(runMetadata(run, folders)) };
  yield { path: 'dag.mmd', content: graphToMermaid(tasksOfRun(run)) };
  yield { path: 'gantt.mmd', content: ganttToMermaid(ganttOf(run), run.runId) };
  for (const task of run.tasks) {
    const folder = folders.get(task.node.id);
    if (folder === undefined) continue;
    yield { path: `${folder}/run-time-metadata.json`, content: json(taskMetadata(task)) };
    const output = (task.attempts.at(-1)?.output ?? []).map((chunk) => chunk.text).join('');
    if (output !== '') yield { path: `${folder}/output.txt`, content: output };
    const paths = distinctPaths();
    for (const artifact of task.artifacts) {
      const bytes = await readArtifact(artifact);
      if (bytes === undefined) {
        note(`${run.runId}/${task.node.id}: the artifact ${artifact.name} is not here any more, and was left out`);
        continue;
      }
      const path = paths(artifactPath(artifact.name));
      yield { path: `${folder}/artifacts/${path}`, content: bytes };
      const page = path.endsWith('.ipynb') ? notebookPage(bytes, artifact.name) : undefined;
      if (page !== undefined) yield { path: `${folder}/artifacts/${paths(path.replace(/\.ipynb$/, '.html'))}`, content: page };
    }
  }
}

/** Told apart by the span, whatever becomes of the characters of the id. */
function taskFolder(task: TaskState): string {
  const { kind, id, spanId } = task.node;
  return `${kind}-task--${fileName(id.replaceAll(/[/.]/g, '-')).slice(0, 100)}--0x${spanId.replaceAll(/[^0-9a-f]/g, '')}--${task.phase === 'success' ? 'OK' : 'FAILED'}`;
}

function notebookPage(bytes: Uint8Array, title: string): string | undefined {
  try {
    return notebookToHtml(JSON.parse(Buffer.from(bytes).toString('utf8')) as Json, title);
  } catch {
    return undefined;
  }
}

function runMetadata(run: RunState, folders: ReadonlyMap<string, string>): JsonObject {
  return {
    run_id: run.runId,
    trace_id: run.traceId,
    span_id: `0x${run.spanId}`,
    pipeline: run.pipeline,
    outcome: run.outcome ?? 'running',
    ...timing(run.start, run.end),
    params: run.params,
    attributes: run.resource,
    task_dependencies: run.tasks.flatMap((task) => task.node.dependencies.map((from): Json => [from, task.node.id])),
    tasks: run.tasks.map((task): Json => ({ id: task.node.id, outcome: task.phase, ...(task.skipReason !== undefined && { reason: task.skipReason }), ...(task.madeBy !== undefined && { made_by: task.madeBy.runId }), ...(folders.has(task.node.id) && { folder: folders.get(task.node.id) ?? '' }) })),
    warnings: run.warnings,
  };
}

function taskMetadata(task: TaskState): JsonObject {
  const { node, failure } = task;
  return {
    span_id: `0x${node.spanId}`,
    task_id: node.id,
    kind: node.kind,
    source: node.source,
    ...(node.owner !== undefined && { owner: node.owner }),
    ...(node.description !== undefined && { description: node.description }),
    outcome: task.phase,
    is_success: task.phase === 'success',
    ...(task.start === undefined ? {} : timing(task.start, task.end)),
    attempts: task.attempts.map((attempt): Json => ({ number: attempt.number, outcome: attempt.outcome ?? 'running', ...timing(attempt.start, attempt.end), ...(attempt.exitCode !== undefined && { exit_code: attempt.exitCode }), ...(attempt.failure !== undefined && { failure: attempt.failure.message }) })),
    ...(failure !== undefined && { failure: { type: failure.type, message: failure.message, ...(failure.stacktrace !== undefined && { stacktrace: failure.stacktrace }) } }),
    params: task.params,
    logged_params: { ...task.loggedParams },
    tags: { ...task.tags },
    metrics: Object.fromEntries(Object.entries(task.metrics).map(([name, { count, last, min, max, mean, values, steps }]): [string, Json] => [name, { count, last, ...(min !== undefined && { min }), ...(max !== undefined && { max }), ...(mean !== undefined && { mean }), values, ...(steps !== undefined && { steps }) }])),
    returns: { ...task.returns },
    outputs: task.outputs.map(({ path, digest, size }): Json => ({ path, digest, size })),
    artifacts: task.artifacts.map(({ name, mediaType, size, digest }): Json => ({ name, media_type: mediaType, size, digest })),
  };
}

function timing(start: UnixNano, end: UnixNano | undefined): JsonObject {
  const iso = (time: UnixNano): string => new Date(Number(BigInt(time) / 1_000_000n)).toISOString();
  return { start_time: iso(start), ...(end !== undefined && { end_time: iso(end), duration_s: elapsed(start, end) / 1000 }) };
}

function json(value: JsonObject): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
