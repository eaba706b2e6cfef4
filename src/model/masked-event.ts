/**
 * Which fields of an event hold what, so that secrets are taken out of what people and programs said, and out of nothing
 * else: a short secret occurs by chance in ids, digests and times, and a pipeline may call its output `output`.
 *
 * What is exempt is exempt by its field. By its looks nothing is: who joins a secret to a time has something like a run id.
 */
import type { Fingerprint, Listing, Reason } from './fingerprint.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { mask, type Masker } from './masker.ts';
import type { Dataset, ReportedLog, ReportedSpan } from './reported.ts';
import type { EventOf, OutputFile, RunEvent, RunEventType, SpanReference, TaskNode, TreeChanges } from './run-event.ts';
import { cicdPipelineRunId, vcsRefHeadRevision } from './semantic-conventions.ts';
import { isWholeFloat, numberOf } from './whole-float.ts';

/**
 * ours       ids, digests, times and words of ours: left as they are
 * value      what is a user's whole: texts, the keys within, and numbers
 * measured   a user's numbers, of which there may be no other thing: a secret becomes `NaN`
 * [rule]     by names of a user's: these are texts, and what is under them is as the rule says
 * { … }      an object with fields of ours, as the rule of each says
 *
 * Of a field without a rule all texts are masked, also keys within it; its numbers are counts, sizes and places of ours.
 * A list is as its items are.
 */
type Rule = 'ours' | 'value' | 'measured' | readonly [Rule] | Fields<JsonObject> | ((value: JsonObject) => Rule);
type Fields<T> = { readonly [K in keyof T]?: Rule };

const digests = ['ours'] as const;
const madeBy = { runId: 'ours', traceId: 'ours', spanId: 'ours' } as const satisfies Fields<SpanReference>;
const node = { kind: 'ours', matrix: 'value', spanId: 'ours' } as const satisfies Fields<TaskNode>;
const outputs = { digest: 'ours', made: digests } as const satisfies Fields<OutputFile>;
const failure = { frames: {} } as const satisfies Fields<NonNullable<EventOf<'attempt-ended'>['failure']>>;
const fingerprint = {
  definition: 'ours',
  definitionParts: 'value',
  params: 'value',
  sources: digests,
  inputs: digests,
  upstream: digests,
  listings: [[{ digest: 'ours' } satisfies Fields<Listing>]],
} as const satisfies Fields<Fingerprint>;

const withValues: ReadonlySet<unknown> = new Set<Reason['type']>(['param-changed', 'definition-changed']);
const withDigests: ReadonlySet<unknown> = new Set<Reason['type']>(['source-changed', 'input-changed', 'listing-changed', 'upstream-changed', 'output-changed']);
const reason = ({ type }: JsonObject): Rule => {
  const difference = withValues.has(type) ? 'value' : withDigests.has(type) ? 'ours' : undefined;
  return { type: 'ours', runId: 'ours', compared: 'ours', ...(difference !== undefined && { from: difference, to: difference }) };
};

const span = {
  traceId: 'ours',
  spanId: 'ours',
  parentSpanId: 'ours',
  start: 'ours',
  end: 'ours',
  attributes: 'value',
  events: { time: 'ours', attributes: 'value' },
  links: { traceId: 'ours', spanId: 'ours', attributes: 'value' },
  status: {},
  scope: {},
  resource: 'value',
} as const satisfies Fields<ReportedSpan>;
const log = { time: 'ours', traceId: 'ours', spanId: 'ours', body: 'value', attributes: 'value', resource: 'value' } as const satisfies Fields<ReportedLog>;
const dataset = { source: 'value', schema: 'value', profile: 'value' } as const satisfies Fields<Dataset>;

/** Besides what each event has. */
const ofTypes: { readonly [T in RunEventType]: Fields<EventOf<T>> } = {
  'run-started': { runId: 'ours', traceId: 'ours', spanId: 'ours', pipeline: {}, params: 'value', floats: 'value', trigger: { type: 'ours' }, tasks: node, resource: { [cicdPipelineRunId]: 'ours', [vcsRefHeadRevision]: 'ours' } },
  'tasks-changed': { params: 'value', floats: 'value', tasks: node },
  'run-context': { pipelineFile: 'ours', changes: { diff: 'ours' } satisfies Fields<TreeChanges> },
  'task-stale': { reasons: reason },
  'task-started': { fingerprint, params: 'value' },
  'attempt-started': { spanId: 'ours', cause: 'ours' },
  output: { stream: 'ours' },
  metric: { value: 'measured', detail: 'value' },
  metrics: { times: 'ours', values: 'measured', steps: 'ours' },
  param: { value: 'value' },
  tag: {},
  return: { value: 'value' },
  // What is in it was masked when it was stored; its digest is of that.
  artifact: { digest: 'ours', content: 'ours' },
  span: { span },
  log: { log },
  dataset: { dataset },
  cell: { status: 'ours', start: 'ours', end: 'ours', outputs: 'value' },
  resources: {},
  warned: { warnings: {} },
  checked: { checks: { type: 'ours', outcome: 'ours' } },
  observed: {},
  'attempt-ended': { outcome: 'ours', signal: 'ours', failure },
  'task-ended': { outcome: 'ours', failure, outputs, inputSizes: ['ours'], returns: 'value', floats: 'value', fingerprint },
  'task-skipped': { reason: 'ours', madeBy },
  sources: { files: digests },
  warning: {},
  'run-ended': { outcome: 'ours' },
};

const rules = new Map<RunEventType, Rule>(Object.entries(ofTypes).map(([type, fields]) => [type as RunEventType, { type: 'ours', time: 'ours', ...fields }]));

/** The same object when there is nothing to mask. */
export function maskEvent<E extends RunEvent>(event: E, masker: Masker): E {
  return masked(event as unknown as Json, rules.get(event.type), masker) as unknown as E;
}

/** A user's value: texts, keys, and numbers. The same object when there is nothing to mask. */
export function maskValue<T extends Json>(value: T, masker: Masker): T {
  return masked(value, 'value', masker) as T;
}

function masked(value: Json, rule: Rule | undefined, masker: Masker): Json {
  if (rule === 'ours') return value;
  if (typeof value === 'string') return rule === 'measured' ? value : masker.text(value);
  if (typeof value === 'number') return (rule !== 'value' && rule !== 'measured') || !masker.isSecret(value) ? value : rule === 'value' ? mask : 'NaN';
  if (isWholeFloat(value)) return masked(numberOf(value), rule, masker) === numberOf(value) ? value : mask;
  if (Array.isArray(value)) return maskItems(value as readonly Json[], rule, masker);
  return isJsonObject(value) ? maskFields(value, typeof rule === 'function' ? rule(value) : rule, masker) : value;
}

function maskItems(items: readonly Json[], rule: Rule | undefined, masker: Masker): readonly Json[] {
  let result: Json[] | undefined;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index] ?? null;
    const safe = masked(item, rule, masker);
    if (safe !== item) (result ??= [...items])[index] = safe;
  }
  return result ?? items;
}

function maskFields(value: JsonObject, rule: Rule | undefined, masker: Masker): JsonObject {
  const fields = typeof rule === 'object' && !Array.isArray(rule) ? (rule as Fields<JsonObject>) : undefined;
  const below = Array.isArray(rule) ? (rule as readonly Rule[])[0] : rule;
  let result: [string, Json][] | undefined;
  let index = 0;
  for (const key of Object.keys(value)) {
    const item = value[key] ?? null;
    const name = fields === undefined ? masker.text(key) : key;
    const safe = masked(item, fields === undefined ? below : Object.hasOwn(fields, key) ? fields[key] : undefined, masker);
    if (name !== key || safe !== item) (result ??= Object.entries(value))[index] = [name, safe];
    index += 1;
  }
  return result === undefined ? value : Object.fromEntries(result);
}
