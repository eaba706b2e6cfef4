/**
 * Runs of Composable Logs (before: pynb-dag-runner): a list of Python's spans in which tasks are spans named
 * `execute-task`, what they logged are spans below them named `named-value` and `artefact`, and dependencies are spans
 * named `task-dependency`, or links.
 */
import type { Json, JsonObject } from '../model/json.ts';
import { deepestRecorded, parseNested } from '../model/nested-json.ts';
import type { TaskKind } from '../model/pipeline.ts';
import type { UnixNano } from '../model/time.ts';
import { failureOf, foreignNames, reported, type ForeignSpan } from './foreign-trace.ts';
import { earliest, latest } from './foreign-time.ts';
import { groupBy } from '../model/group-by.ts';
import { asText, metricOf, objectOf, textOf, without } from './json-value.ts';
import { isPythonSpan, pythonSpan } from './otel-console.ts';
import { importedRun, worstOutcome, type TaskDraft, type Told } from './run-draft.ts';
import type { ImportedRun } from './source.ts';

export function isComposableRun(values: readonly Json[]): boolean {
  return values.some((value) => isPythonSpan(value) && objectOf(value)['name'] === 'execute-task');
}

/** A run for each trace. */
export function runsOfComposableLogs(source: string, values: readonly Json[]): readonly ImportedRun[] {
  const spans = values.filter(isPythonSpan).map((value) => pythonSpan(objectOf(value)));
  return [...groupBy(spans, (span) => span.traceId)].map(([traceId, ofTrace]) => runOfTrace(source, traceId, ofTrace));
}

const valueSpans = ['named-value', 'artefact', 'artifact'];

function runOfTrace(source: string, traceId: string, spans: readonly ForeignSpan[]): ImportedRun {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const taskAbove = (span: ForeignSpan): string => {
    let at: ForeignSpan | undefined = span;
    for (let steps = 0; at !== undefined && steps < 1000; steps += 1) {
      if (at.name === 'execute-task') return at.spanId;
      at = at.parentSpanId === undefined ? undefined : byId.get(at.parentSpanId);
    }
    return '';
  };
  const taskSpans = spans.filter((span) => span.name === 'execute-task');
  const below = groupBy(spans.filter((span) => span.name !== 'execute-task'), taskAbove);
  const dependencies = spans.filter((span) => span.name === 'task-dependency').map(({ attributes }) => ({ from: idOf(attributes['from_task_span_id']), to: idOf(attributes['to_task_span_id']) }));
  const resource = taskSpans[0]?.resource ?? {};
  const workflow = Object.assign({}, ...spans.map((span) => ofPrefix(span.attributes, 'workflow.'))) as JsonObject;
  const tasks = taskSpans.map((span): TaskDraft => {
    const within = below.get(span.spanId) ?? [];
    const failed = span.status.code === 2 || within.some((each) => each.name === 'call-python-function' && each.status.code === 2);
    const failing = within.find((each) => each.status.code === 2 && each.events.some((event) => event.name === 'exception')) ?? span;
    const timedOut = failed && within.some((each) => each.name === 'timeout-guard' && each.status.code === 2 && /timeout|timed out/i.test(each.status.message ?? ''));
    const told = [
      ...within.filter((each) => valueSpans.includes(each.name)).flatMap(valueTold),
      ...(span.events.length === 0 ? [] : [reported(span, resource)]),
      ...within.filter((each) => !valueSpans.includes(each.name) && each.name !== 'task-dependency').map((each) => reported(each, resource)),
    ];
    return composableTask({
      spanId: span.spanId,
      attributes: span.attributes,
      needs: [...dependencies.filter(({ to }) => to === span.spanId).map(({ from }) => from), ...span.links.map((link) => link.spanId)],
      start: span.start,
      end: span.end,
      outcome: timedOut ? 'timeout' : failed ? 'failure' : 'success',
      ...(failed ? failureOf({ ...failing, status: { ...failing.status, code: 2 } }) : {}),
      told,
    });
  });
  const start = earliest(spans.map((span) => span.start)) ?? ('0' as UnixNano);
  const end = latest(spans.map((span) => span.end)) ?? start;
  // The run's own span tells nothing that the run does not.
  const top = spans.find((span) => span.name === 'dag-top-span' && span.events.length + span.links.length === 0);
  const loose = (below.get('') ?? []).filter((span) => span.name !== 'task-dependency' && span !== top);
  const rest: readonly TaskDraft[] = loose.length === 0 ? [] : [{ key: '', name: 'outside of tasks', needs: [], attempts: [{ start, end, outcome: 'success', told: loose.map((span) => reported(span, resource)) }] }];
  return importedRun({
    format: 'composable-logs',
    source,
    identity: textOf(workflow['workflow.workflow_run_id']) ?? `${traceId}/${start}`,
    pipeline: workflowName(workflow),
    traceId,
    ...(top !== undefined && { spanId: top.spanId }),
    start,
    end,
    outcome: worstOutcome(tasks),
    params: workflowParams(workflow),
    resource: { ...foreignNames(resource), ...workflowResource(workflow) },
    tasks: [...withMatrix(tasks), ...rest],
  });
}

export interface ComposableTask {
  readonly spanId: string;
  readonly attributes: JsonObject;
  readonly needs: readonly string[];
  readonly start: UnixNano;
  readonly end: UnixNano;
  readonly outcome: 'success' | 'failure' | 'timeout';
  readonly failure?: { readonly type: string; readonly message: string; readonly stacktrace?: string };
  readonly told: readonly Told[];
}

const taskFacts = ['task.id', 'task.type', 'task.num_cpus', 'task.timeout_s'];

/** `task.*` are a task's parameters, but for those that say what it is: tags. */
export function composableTask({ spanId, attributes, needs, start, end, outcome, failure, told }: ComposableTask): TaskDraft {
  const params = Object.fromEntries(Object.entries(ofPrefix(attributes, 'task.')).filter(([name]) => !taskFacts.includes(name)).map(([name, value]) => [name.slice('task.'.length), value]));
  const facts = Object.entries(attributes).filter(([name]) => !name.startsWith('workflow.') && (taskFacts.includes(name) || !name.startsWith('task.')));
  const tags = facts.filter(([name]) => name !== 'task.id').map(([name, value]): Told => ({ type: 'tag', time: start, name, value: asText(value) }));
  const type = textOf(attributes['task.type']);
  const kind: TaskKind = type === 'jupytext' ? 'notebook' : 'python';
  return {
    key: spanId,
    name: textOf(attributes['task.id']) ?? 'task',
    kind,
    source: kind === 'notebook' ? 'notebook.ipynb' : '',
    params,
    needs,
    attempts: [{ start, end, outcome, ...(failure !== undefined && { failure }), told: [...tags, ...told] }],
  };
}

/** Tasks of one name become the values of a matrix, if their parameters tell them apart. */
export function withMatrix(tasks: readonly TaskDraft[]): readonly TaskDraft[] {
  const byName = groupBy(tasks, (task) => task.name);
  return tasks.map((task) => {
    const group = byName.get(task.name) ?? [];
    const differing = Object.entries(task.params ?? {}).filter(([name, value]) => group.some((other) => JSON.stringify(other.params?.[name]) !== JSON.stringify(value)));
    return group.length < 2 || differing.length === 0 ? task : { ...task, matrix: Object.fromEntries(differing) };
  });
}

/** `workflow.param.*`: what our export calls the parameters of a pipeline. */
function workflowParams(attributes: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(attributes).flatMap(([name, value]) => (name.startsWith('workflow.param.') ? [[name.slice('workflow.param.'.length), value]] : [])));
}

export function workflowName(attributes: JsonObject): string {
  return textOf(attributes['workflow.name']) ?? textOf(attributes['workflow.github.repository'])?.split('/').at(-1) ?? 'composable-logs';
}

/** `workflow.*` as they are, and what of them has a name in OpenTelemetry. */
export function workflowResource(attributes: JsonObject): JsonObject {
  const commit = textOf(attributes['workflow.github.sha']);
  const branch = textOf(attributes['workflow.github.ref_name']);
  return { ...without(ofPrefix(attributes, 'workflow.'), Object.keys(attributes).filter((name) => name.startsWith('workflow.param.'))), ...(commit !== undefined && { 'vcs.ref.head.revision': commit }), ...(branch !== undefined && { 'vcs.ref.head.name': branch }) };
}

function ofPrefix(attributes: JsonObject, prefix: string): JsonObject {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => name.startsWith(prefix)));
}

function idOf(value: unknown): string {
  return (textOf(value) ?? '').replace(/^0x/, '').toLowerCase();
}

/** A value that was logged: a number is a metric, any other value a parameter, bytes and files are artifacts. */
export function namedValue(name: string, type: string, value: Json, time: UnixNano): readonly Told[] {
  const metric = type === 'int' || type === 'float' ? metricOf(value) : undefined;
  return metric === undefined ? [{ type: 'param', time, name, value }] : [{ type: 'metric', time, name, value: metric }];
}

function valueTold(span: ForeignSpan): readonly Told[] {
  const { attributes, end: time } = span;
  const name = textOf(attributes['name']) ?? span.name;
  const type = textOf(attributes['type']) ?? 'utf-8';
  const content = attributes['content_encoded'] ?? null;
  const bytes = (): Uint8Array => (attributes['encoding'] === 'base64' && typeof content === 'string' ? Buffer.from(content, 'base64') : Buffer.from(asText(content)));
  if (span.name !== 'named-value') return [{ type: 'file', time, name, content: bytes() }];
  if (type === 'bytes') return [{ type: 'file', time, name, content: bytes() }];
  const points = span.events.filter((event) => event.name === 'metric-point').flatMap((event) => pointTold(name, event));
  if (points.length > 0) return points;
  if (attributes['encoding'] !== 'json' || typeof content !== 'string') return namedValue(name, type, attributes['encoding'] === 'base64' ? Buffer.from(bytes()).toString('utf8') : content, time);
  // What Python's `json` writes for numbers that JSON has not.
  if (/^(NaN|-?Infinity)$/.test(content)) return namedValue(name, type, content, time);
  try {
    return namedValue(name, type, parseNested(content, deepestRecorded) as Json, time);
  } catch {
    return [{ type: 'param', time, name, value: content }];
  }
}

/** Composable Logs has no metrics with several points; our export keeps them as events of the value. */
function pointTold(name: string, { time, attributes }: ForeignSpan['events'][number]): readonly Told[] {
  const value = metricOf(attributes['value']);
  const { step, detail } = attributes;
  return value === undefined ? [] : [{ type: 'metric', time, name, value, ...(typeof step === 'number' && { step }), ...(typeof detail === 'string' && { detail: objectOf(parsed(detail)) }) }];
}

function parsed(text: string): Json {
  try {
    return parseNested(text, deepestRecorded) as Json;
  } catch {
    return null;
  }
}
