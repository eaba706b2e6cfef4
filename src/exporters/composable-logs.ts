/**
 * A run as Composable Logs (before: pynb-dag-runner) logs it: a list of spans in the form of Python's `to_json`.
 *
 *   dag-top-span            workflow.*
 *   └─ execute-task         task.*, links to the tasks before it
 *      ├─ task-dependency   the same, as their tools read it
 *      └─ timeout-guard
 *         └─ call-python-function
 *            ├─ named-value metrics, logged parameters, returns
 *            ├─ artefact
 *            └─ spans that the task reported
 *
 * What their parser (composable_logs 0.0.12) insists on: a task's span has a parent; a name is logged as a value once;
 * `workflow.*` are the same in all spans; a task that succeeded has no event named `exception` anywhere below it; and an
 * artefact's name becomes a path unchecked.
 */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../model/json.ts';
import type { MetricSeries } from '../model/metric-series.ts';
import type { ReportedSpan } from '../model/reported.ts';
import type { ArtifactState, AttemptState, RunState, TaskState } from '../model/run-state.ts';
import { exceptionEvent, exceptionMessage, exceptionStacktrace, exceptionType, vcsRefHeadName, vcsRefHeadRevision } from '../model/semantic-conventions.ts';
import { toDate, type UnixNano } from '../model/time.ts';
import { artifactPath, distinctPaths } from './artifact-name.ts';

export interface ComposableLogsOptions {
  /** `undefined` when the bytes are gone. */
  readonly readArtifact: (artifact: ArtifactState) => Promise<Uint8Array | undefined>;
  readonly note: (message: string) => void;
}

interface PythonSpan {
  readonly name: string;
  readonly id: string;
  readonly parent?: string;
  readonly start: UnixNano;
  readonly end: UnixNano;
  readonly attributes?: JsonObject;
  readonly events?: readonly { readonly name: string; readonly time: UnixNano; readonly attributes: JsonObject }[];
  readonly links?: readonly { readonly spanId: string; readonly attributes: JsonObject }[];
  readonly kind?: number;
  readonly status?: { readonly code: 0 | 1 | 2; readonly message?: string };
}

/** The points of a metric are events of this name of its `named-value`. */
export const metricPointEvent = 'metric-point';
const theirSpans = ['dag-top-span', 'execute-task', 'timeout-guard', 'call-python-function', 'task-dependency', 'named-value', 'artefact'];

/** One JSON array, in parts. Tasks that did not run are left out: there is no span for what did not happen. */
export async function* toComposableLogs(run: RunState, options: ComposableLogsOptions): AsyncGenerator<string> {
  const resource = JSON.stringify({ attributes: run.resource, schema_url: '' });
  let separator = '[\n';
  for await (const span of spansOf(run, options)) {
    yield separator + spanJson(span, run.traceId, resource);
    separator = ',\n';
  }
  yield '\n]\n';
}

async function* spansOf(run: RunState, options: ComposableLogsOptions): AsyncGenerator<PythonSpan> {
  const executed = run.tasks.filter((task) => task.start !== undefined && task.attempts.length > 0 && task.phase !== 'skip');
  const end = run.end ?? executed.reduce((last, task) => later(last, task.end ?? task.start ?? last), run.start);
  yield { name: 'dag-top-span', id: run.spanId, start: run.start, end, attributes: workflowAttributes(run), status: { code: run.outcome === 'success' || run.outcome === undefined ? 1 : 2 } };
  const spanIds = new Map(executed.map((task) => [task.node.id, task.node.spanId]));
  for (const task of executed) {
    const needs = task.node.dependencies.flatMap((dependency) => spanIds.get(dependency) ?? []);
    yield* taskSpans(run, task, task.end ?? end, needs, options);
  }
}

function workflowAttributes(run: RunState): JsonObject {
  const { resource } = run;
  const commit = resource[vcsRefHeadRevision];
  const branch = resource[vcsRefHeadName];
  return {
    'workflow.workflow_run_id': run.runId,
    'workflow.name': run.pipeline.name,
    ...(commit !== undefined && { 'workflow.github.sha': commit }),
    ...(branch !== undefined && { 'workflow.github.ref_name': branch }),
    ...Object.fromEntries(Object.entries(run.params).map(([name, value]) => [`workflow.param.${name}`, scalar(value)])),
  };
}

async function* taskSpans(run: RunState, task: TaskState, end: UnixNano, needs: readonly string[], { readArtifact, note }: ComposableLogsOptions): AsyncGenerator<PythonSpan> {
  const { spanId } = task.node;
  const start = task.start ?? end;
  const last = task.attempts.at(-1);
  const inner = last?.spanId ?? childId(spanId, 'call');
  const guard = childId(spanId, 'timeout-guard');
  const succeeded = task.phase === 'success';
  const status = succeeded ? { code: 1 as const } : { code: 2 as const, message: task.failure?.message ?? wordOf(task.phase) };
  yield {
    name: 'execute-task',
    id: spanId,
    parent: run.spanId,
    start,
    end,
    attributes: taskAttributes(task),
    links: needs.map((need) => ({ spanId: need, attributes: {} })),
    status,
  };
  for (const need of needs) yield { name: 'task-dependency', id: childId(spanId, `after ${need}`), parent: spanId, start, end: start, attributes: { from_task_span_id: hexId(need), to_task_span_id: hexId(spanId) } };
  for (const attempt of task.attempts.slice(0, -1)) yield earlierAttempt(attempt, spanId, end);
  const began = last?.start ?? start;
  const ended = last?.end ?? end;
  yield { name: 'timeout-guard', id: guard, parent: spanId, start: began, end: ended, status: task.phase === 'timeout' ? { code: 2, message: `Timeout error: ${task.failure?.message ?? ''}` } : { code: 1 } };
  yield { name: 'call-python-function', id: inner, parent: guard, start: began, end: ended, status, ...(!succeeded && { events: [exceptionOf(task, ended)] }) };

  const values = distinctPaths();
  const value = (name: string, time: UnixNano, type: string, content: string, more: Pick<PythonSpan, 'events'> = {}): PythonSpan => {
    const own = values(name);
    return { name: 'named-value', id: childId(inner, `value ${own}`), parent: inner, start: time, end: time, attributes: { name: own, type, encoding: type === 'utf-8' ? 'utf-8' : 'json', content_encoded: content }, status: { code: 1 }, ...more };
  };
  for (const [name, series] of Object.entries(task.metrics)) yield value(name, timeAt(series, series.values.length - 1), 'float', String(series.last), { events: points(series) });
  for (const [name, logged] of [...Object.entries(task.loggedParams), ...Object.entries(task.returns)]) {
    // A number as `json`: what is logged as a number is a metric to those who read it.
    if (typeof logged === 'string') yield value(name, ended, 'utf-8', logged);
    else yield value(name, ended, typeof logged === 'boolean' ? 'bool' : 'json', JSON.stringify(logged));
  }
  const paths = distinctPaths();
  const artifact = (name: string, time: UnixNano, bytes: Uint8Array): PythonSpan => {
    // Their parser takes two dots for an attempt to leave the folder.
    const own = paths(artifactPath(name).replaceAll('..', '__'));
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    const isText = Buffer.from(text, 'utf8').equals(bytes);
    return {
      name: 'artefact',
      id: childId(inner, `artefact ${own}`),
      parent: inner,
      start: time,
      end: time,
      attributes: { name: own, type: isText ? 'utf-8' : 'bytes', encoding: isText ? 'utf-8' : 'base64', content_encoded: isText ? text : Buffer.from(bytes).toString('base64') },
      status: { code: 1 },
    };
  };
  for (const each of task.artifacts) {
    const bytes = await readArtifact(each);
    if (bytes === undefined) note(`${run.runId}/${task.node.id}: the artifact ${each.name} is not here any more, and was left out`);
    else yield artifact(each.name, each.time, bytes);
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    const text = (last?.output ?? []).filter((chunk) => chunk.stream === stream).map((chunk) => chunk.text).join('');
    if (text !== '') yield artifact(`${stream}.txt`, ended, Buffer.from(text, 'utf8'));
  }
  if (last !== undefined) yield* reportedSpans(last, inner, succeeded);
}

/** `task.*` are parameters; everything else that is known of the task stands beside them. */
function taskAttributes({ node, params, tags }: TaskState): JsonObject {
  const ofTags = Object.entries(tags).map(([name, value]) => [/^(task|workflow)\./.test(name) ? `tag.${name}` : name, value] as const);
  return {
    ...Object.fromEntries(ofTags),
    ...Object.fromEntries(Object.entries(params).map(([name, value]) => [['id', 'type', 'num_cpus', 'timeout_s'].includes(name) ? `task.param.${name}` : `task.${name}`, scalar(value)])),
    'task.id': node.name,
    'task.type': node.kind === 'notebook' ? 'jupytext' : 'python',
  };
}

function earlierAttempt(attempt: AttemptState, parent: string, end: UnixNano): PythonSpan {
  const { failure, outcome, exitCode } = attempt;
  return {
    name: `attempt ${attempt.number}`,
    id: attempt.spanId,
    parent,
    start: attempt.start,
    end: attempt.end ?? end,
    attributes: { ...(outcome !== undefined && { outcome }), ...(exitCode !== undefined && { exit_code: exitCode }), ...(failure !== undefined && { 'failure.type': failure.type, ...(failure.stacktrace !== undefined && { 'failure.stacktrace': failure.stacktrace }) }) },
    status: { code: 2, ...(failure !== undefined && { message: failure.message }) },
  };
}

function exceptionOf({ failure, phase }: TaskState, time: UnixNano): NonNullable<PythonSpan['events']>[number] {
  return { name: exceptionEvent, time, attributes: { [exceptionType]: failure?.type ?? phase, [exceptionMessage]: failure?.message ?? wordOf(phase), [exceptionStacktrace]: failure?.stacktrace ?? '', 'exception.escaped': 'False' } };
}

function wordOf(phase: TaskState['phase']): string {
  return phase === 'cancellation' ? 'cancelled' : phase === 'running' ? 'did not end' : phase;
}

function points(series: MetricSeries): NonNullable<PythonSpan['events']> {
  return series.values.map((value, index) => {
    const step = series.steps?.[index];
    const detail = series.details?.[index];
    return { name: metricPointEvent, time: timeAt(series, index), attributes: { value, ...(typeof step === 'number' && { step }), ...(detail !== undefined && detail !== null && { detail: JSON.stringify(detail) }) } };
  });
}

function timeAt({ start, times }: MetricSeries, index: number): UnixNano {
  return String(BigInt(start) + BigInt(times[index] ?? 0)) as UnixNano;
}

function* reportedSpans({ spans }: AttemptState, attempt: string, succeeded: boolean): Generator<PythonSpan> {
  const known = new Set(spans.map((span) => span.spanId as string));
  const name = (text: string): string => (theirSpans.includes(text) ? `reported ${text}` : text);
  const attributes = (of: JsonObject): JsonObject => Object.fromEntries(Object.entries(of).map(([key, value]) => [/^(task|workflow)\./.test(key) ? `reported.${key}` : key, value]));
  for (const span of spans) {
    yield {
      name: name(span.name),
      id: span.spanId,
      parent: known.has(span.parentSpanId) && span.parentSpanId !== span.spanId ? span.parentSpanId : attempt,
      start: span.start,
      end: span.end,
      attributes: attributes(span.attributes),
      events: span.events.map((event) => (succeeded && event.name === exceptionEvent ? { ...event, name: `reported ${exceptionEvent}` } : event)),
      links: span.links.map((link: ReportedSpan['links'][number]) => ({ spanId: link.spanId, attributes: { ...link.attributes } })),
      kind: span.kind,
      status: span.status,
    };
  }
}

const kinds = ['INTERNAL', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const statuses = ['UNSET', 'OK', 'ERROR'];

function spanJson(span: PythonSpan, traceId: string, resource: string): string {
  const context = (id: string): JsonObject => ({ trace_id: `0x${traceId}`, span_id: hexId(id), trace_state: '[]' });
  const { code = 0, message } = span.status ?? {};
  const fields: JsonObject = {
    name: span.name,
    context: context(span.id),
    kind: `SpanKind.${kinds[span.kind ?? 1] ?? 'INTERNAL'}`,
    parent_id: span.parent === undefined ? null : hexId(span.parent),
    start_time: iso(span.start),
    end_time: iso(span.end),
    status: { status_code: statuses[code] ?? 'UNSET', ...(code === 2 && message !== undefined && { description: message }) },
    attributes: span.attributes ?? {},
    events: (span.events ?? []).map((event) => ({ name: event.name, timestamp: iso(event.time), attributes: event.attributes })),
    links: (span.links ?? []).map((link) => ({ context: context(link.spanId), attributes: link.attributes })),
  };
  return `${JSON.stringify(fields).slice(0, -1)},"resource":${resource}}`;
}

/** As Python writes it, with microseconds; with nanoseconds where there are any. */
function iso(time: UnixNano): string {
  const fraction = String(BigInt(time) % 1_000_000_000n).padStart(9, '0');
  return `${toDate(time).toISOString().slice(0, 19)}.${fraction.endsWith('000') ? fraction.slice(0, 6) : fraction}Z`;
}

function hexId(id: string): string {
  return `0x${id}`;
}

function childId(parent: string, what: string): string {
  return createHash('sha256').update(`${parent}/${what}`).digest('hex').slice(0, 16);
}

/** Their parameters are texts, numbers and booleans. */
function scalar(value: Json): Json {
  return typeof value === 'object' ? JSON.stringify(value) : value;
}

function later(a: UnixNano, b: UnixNano): UnixNano {
  return BigInt(a) < BigInt(b) ? b : a;
}
