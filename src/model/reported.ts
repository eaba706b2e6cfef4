/** What a task says about itself through the collector, in no protocol's words. */
import type { Json, JsonObject } from './json.ts';
import type { SpanId, TraceId } from './run-event.ts';
import type { UnixNano } from './time.ts';

/** One thing that a task said. Secrets are masked by whom it is told. */
export type Report =
  /** NaN and infinities are values. `attributes` tell series of one name apart; `detail` is what else is known of the point. */
  | { readonly type: 'metric'; readonly name: string; readonly value: number; readonly step?: number; readonly time?: UnixNano; readonly attributes?: JsonObject; readonly detail?: JsonObject }
  | { readonly type: 'param'; readonly name: string; readonly value: Json }
  | { readonly type: 'tag'; readonly name: string; readonly value: string }
  /** A file below the attempt's `scratch`, which now belongs to who is told. */
  | { readonly type: 'artifact'; readonly file: string; readonly name: string; readonly mediaType?: string }
  | { readonly type: 'dataset'; readonly dataset: Dataset }
  | { readonly type: 'span'; readonly span: ReportedSpan }
  | { readonly type: 'log'; readonly log: ReportedLog };

/** Data that a task said it used or made. */
export interface Dataset {
  readonly name: string;
  readonly digest: string;
  /** What it is for: `training`, `evaluation`, … */
  readonly context?: string;
  readonly sourceType?: string;
  readonly source?: Json;
  readonly schema?: Json;
  readonly profile?: Json;
}

/** A finished span, by OpenTelemetry's data model. */
export interface ReportedSpan {
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  /** The attempt's span where the task gave none. */
  readonly parentSpanId: SpanId;
  readonly name: string;
  /** The numbers of `SpanKind` in OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly start: UnixNano;
  /** Not before `start`. */
  readonly end: UnixNano;
  readonly attributes: JsonObject;
  readonly events: readonly { readonly name: string; readonly time: UnixNano; readonly attributes: JsonObject }[];
  readonly links: readonly { readonly traceId: TraceId; readonly spanId: SpanId; readonly attributes: JsonObject }[];
  /** 0 unset, 1 ok, 2 error. */
  readonly status: { readonly code: 0 | 1 | 2; readonly message?: string };
  readonly scope?: { readonly name: string; readonly version?: string };
  /** Attributes of the resource that differ from ours. */
  readonly resource?: JsonObject;
}

/** A log record, by OpenTelemetry's data model. */
export interface ReportedLog {
  readonly time: UnixNano;
  /** 1 to 24; 0 when not given. */
  readonly severityNumber: number;
  readonly severityText?: string;
  readonly body: Json;
  readonly attributes: JsonObject;
  readonly traceId?: TraceId;
  readonly spanId?: SpanId;
  readonly scope?: string;
  /** Attributes of the resource that differ from ours. */
  readonly resource?: JsonObject;
}

/**
 * Of an attempt, surfaces show this many spans, those that came first; the record has all of them. A task that reports
 * a million spans would otherwise fill the memory of everything that looks at its run.
 */
export const shownSpans = 5000;

/** `latency{path="/x",status=200}`: a series' name; the attributes in the order of their names, values as JSON. */
export function seriesName(name: string, attributes: JsonObject = {}): string {
  const keys = Object.keys(attributes).sort();
  return keys.length === 0 ? name : `${name}{${keys.map((key) => `${key}=${JSON.stringify(attributes[key])}`).join(',')}}`;
}

const severities = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** `WARN`: what the program called it, else the data model's short name for the number. */
export function severityOf({ severityText, severityNumber }: Pick<ReportedLog, 'severityText' | 'severityNumber'>): string {
  if (severityText !== undefined && severityText !== '') return severityText;
  return severities[Math.ceil(severityNumber / 4) - 1] ?? '';
}

/** A log record as it stands in a task's output; ends with a line break. */
export function logText(log: ReportedLog): string {
  const body = typeof log.body === 'string' ? log.body : JSON.stringify(log.body);
  const head = [severityOf(log), log.scope].filter((part) => part !== undefined && part !== '').join(' ');
  const trace = log.attributes['exception.stacktrace'];
  return `${head === '' ? '' : `${head}: `}${body.replace(/\n+$/, '')}\n${typeof trace === 'string' && trace !== '' ? `${trace.replace(/\n+$/, '')}\n` : ''}`;
}

/** The spans as a tree, in the order of their starts. A parent that is not among them is the attempt. */
export function spanTree(spans: readonly ReportedSpan[]): readonly { readonly span: ReportedSpan; readonly depth: number }[] {
  const key = (span: ReportedSpan, id: SpanId): string => span.traceId + id;
  const known = new Set(spans.map((span) => key(span, span.spanId)));
  const children = new Map<string, ReportedSpan[]>();
  for (const span of spans) {
    const parent = known.has(key(span, span.parentSpanId)) && span.parentSpanId !== span.spanId ? key(span, span.parentSpanId) : '';
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  const tree: { readonly span: ReportedSpan; readonly depth: number }[] = [];
  const seen = new Set<ReportedSpan>();
  const visit = (roots: readonly ReportedSpan[]): void => {
    const pending = [...roots].sort(byStart).reverse().map((span) => ({ span, depth: 0 }));
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { span, depth } = next;
      if (seen.has(span)) continue;
      seen.add(span);
      tree.push(next);
      for (const child of [...(children.get(key(span, span.spanId)) ?? [])].sort(byStart).reverse()) pending.push({ span: child, depth: depth + 1 });
    }
  };
  visit(children.get('') ?? []);
  // Spans that are each other's parents hang on no root.
  if (tree.length < spans.length) visit(spans.filter((span) => !seen.has(span)));
  return tree;
}

/** By time, and by id where times are equal, so that there is one order. */
export function byStart(a: ReportedSpan, b: ReportedSpan): number {
  if (a.start !== b.start) return a.start.length - b.start.length || (a.start < b.start ? -1 : 1);
  return a.spanId < b.spanId ? -1 : a.spanId > b.spanId ? 1 : 0;
}
