/**
 * The messages of OTLP that are received, as data: one table from which both encodings are read, protobuf by the fields'
 * numbers and JSON by their names. From the definitions of https://github.com/open-telemetry/opentelemetry-proto
 * (Apache-2.0); a test compares every field with them. What is not here is passed over.
 *
 * Numbers of 64 bits are decimal strings, ids are lower-case hex, other bytes are base64.
 */

/** How the values of a field are written. `id`: bytes in protobuf, hex in JSON. */
export type Scalar = 'string' | 'bytes' | 'id' | 'bool' | 'int32' | 'sint32' | 'uint32' | 'fixed32' | 'int64' | 'uint64' | 'fixed64' | 'sfixed64' | 'double';

interface Enum {
  /** Names by number. */
  readonly names: readonly string[];
}

/** A message as a thunk, since they name each other; `lazy`: decoded when it is asked for. */
interface Nested<T> {
  readonly message: () => MessageType<T>;
  readonly lazy?: true;
}

type KindOf<V> = V extends string
  ? Exclude<Scalar, 'bool' | 'int32' | 'sint32' | 'uint32' | 'fixed32' | 'double'>
  : V extends number
    ? 'int32' | 'sint32' | 'uint32' | 'fixed32' | 'double' | Enum
    : V extends boolean
      ? 'bool'
      : V extends () => infer T
        ? Nested<T> & { readonly lazy: true }
        : Nested<V>;

export interface Field<K = Scalar | Enum | Nested<unknown>> {
  readonly number: number;
  readonly kind: K;
  readonly repeated?: true;
}

type FieldOf<V> = V extends readonly (infer I)[] ? Field<KindOf<I>> & { readonly repeated: true } : Field<KindOf<V>>;

export interface MessageType<T> {
  readonly name: string;
  readonly fields: { readonly [K in keyof T]-?: FieldOf<NonNullable<T[K]>> };
}

export interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
  readonly bytesValue?: string;
}
export interface KeyValue {
  readonly key?: string;
  readonly value?: AnyValue;
}
export interface Resource {
  readonly attributes?: readonly KeyValue[];
}
export interface Scope {
  readonly name?: string;
  readonly version?: string;
  readonly attributes?: readonly KeyValue[];
}

export const keyValue: MessageType<KeyValue> = {
  name: 'common.v1.KeyValue',
  fields: { key: { number: 1, kind: 'string' }, value: { number: 2, kind: { message: () => anyValue } } },
};
export const anyValue: MessageType<AnyValue> = {
  name: 'common.v1.AnyValue',
  fields: {
    stringValue: { number: 1, kind: 'string' },
    boolValue: { number: 2, kind: 'bool' },
    intValue: { number: 3, kind: 'int64' },
    doubleValue: { number: 4, kind: 'double' },
    arrayValue: { number: 5, kind: { message: () => arrayValue } },
    kvlistValue: { number: 6, kind: { message: () => keyValueList } },
    bytesValue: { number: 7, kind: 'bytes' },
  },
};
const arrayValue: MessageType<NonNullable<AnyValue['arrayValue']>> = {
  name: 'common.v1.ArrayValue',
  fields: { values: { number: 1, kind: { message: () => anyValue }, repeated: true } },
};
const attributes = (number: number): FieldOf<readonly KeyValue[]> => ({ number, kind: { message: () => keyValue }, repeated: true });
const keyValueList: MessageType<NonNullable<AnyValue['kvlistValue']>> = { name: 'common.v1.KeyValueList', fields: { values: attributes(1) } };
const resource: MessageType<Resource> = { name: 'resource.v1.Resource', fields: { attributes: attributes(1) } };
const scope: MessageType<Scope> = {
  name: 'common.v1.InstrumentationScope',
  fields: { name: { number: 1, kind: 'string' }, version: { number: 2, kind: 'string' }, attributes: attributes(3) },
};

// Traces.

export interface Span {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly events?: readonly SpanEvent[];
  readonly droppedEventsCount?: number;
  readonly links?: readonly SpanLink[];
  readonly droppedLinksCount?: number;
  readonly status?: SpanStatus;
}
export interface SpanEvent {
  readonly timeUnixNano?: string;
  readonly name?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
}
export interface SpanLink {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
}
export interface SpanStatus {
  readonly message?: string;
  readonly code?: number;
}

export const span: MessageType<Span> = {
  name: 'trace.v1.Span',
  fields: {
    traceId: { number: 1, kind: 'id' },
    spanId: { number: 2, kind: 'id' },
    traceState: { number: 3, kind: 'string' },
    parentSpanId: { number: 4, kind: 'id' },
    name: { number: 5, kind: 'string' },
    kind: { number: 6, kind: { names: ['SPAN_KIND_UNSPECIFIED', 'SPAN_KIND_INTERNAL', 'SPAN_KIND_SERVER', 'SPAN_KIND_CLIENT', 'SPAN_KIND_PRODUCER', 'SPAN_KIND_CONSUMER'] } },
    startTimeUnixNano: { number: 7, kind: 'fixed64' },
    endTimeUnixNano: { number: 8, kind: 'fixed64' },
    attributes: attributes(9),
    droppedAttributesCount: { number: 10, kind: 'uint32' },
    events: { number: 11, kind: { message: () => spanEvent }, repeated: true },
    droppedEventsCount: { number: 12, kind: 'uint32' },
    links: { number: 13, kind: { message: () => spanLink }, repeated: true },
    droppedLinksCount: { number: 14, kind: 'uint32' },
    status: { number: 15, kind: { message: () => spanStatus } },
  },
};
const spanEvent: MessageType<SpanEvent> = {
  name: 'trace.v1.Span.Event',
  fields: { timeUnixNano: { number: 1, kind: 'fixed64' }, name: { number: 2, kind: 'string' }, attributes: attributes(3), droppedAttributesCount: { number: 4, kind: 'uint32' } },
};
const spanLink: MessageType<SpanLink> = {
  name: 'trace.v1.Span.Link',
  fields: {
    traceId: { number: 1, kind: 'id' },
    spanId: { number: 2, kind: 'id' },
    traceState: { number: 3, kind: 'string' },
    attributes: attributes(4),
    droppedAttributesCount: { number: 5, kind: 'uint32' },
  },
};
const spanStatus: MessageType<SpanStatus> = {
  name: 'trace.v1.Status',
  fields: { message: { number: 2, kind: 'string' }, code: { number: 3, kind: { names: ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'] } } },
};

// Metrics.

export interface Metric {
  readonly name?: string;
  readonly description?: string;
  readonly unit?: string;
  readonly gauge?: { readonly dataPoints?: readonly NumberDataPoint[] };
  readonly sum?: { readonly dataPoints?: readonly NumberDataPoint[]; readonly aggregationTemporality?: number; readonly isMonotonic?: boolean };
  readonly histogram?: { readonly dataPoints?: readonly HistogramDataPoint[]; readonly aggregationTemporality?: number };
  readonly exponentialHistogram?: { readonly dataPoints?: readonly ExponentialHistogramDataPoint[]; readonly aggregationTemporality?: number };
  readonly summary?: { readonly dataPoints?: readonly SummaryDataPoint[] };
  readonly metadata?: readonly KeyValue[];
}
export interface DataPoint {
  readonly attributes?: readonly KeyValue[];
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano?: string;
  readonly flags?: number;
}
export interface NumberDataPoint extends DataPoint {
  readonly asDouble?: number;
  readonly asInt?: string;
  readonly exemplars?: readonly Exemplar[];
}
export interface HistogramDataPoint extends DataPoint {
  readonly count?: string;
  readonly sum?: number;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
  readonly exemplars?: readonly Exemplar[];
  readonly min?: number;
  readonly max?: number;
}
export interface ExponentialHistogramDataPoint extends DataPoint {
  readonly count?: string;
  readonly sum?: number;
  readonly scale?: number;
  readonly zeroCount?: string;
  readonly positive?: Buckets;
  readonly negative?: Buckets;
  readonly exemplars?: readonly Exemplar[];
  readonly min?: number;
  readonly max?: number;
  readonly zeroThreshold?: number;
}
export interface Buckets {
  readonly offset?: number;
  readonly bucketCounts?: readonly string[];
}
export interface SummaryDataPoint extends DataPoint {
  readonly count?: string;
  readonly sum?: number;
  readonly quantileValues?: readonly { readonly quantile?: number; readonly value?: number }[];
}
export interface Exemplar {
  readonly filteredAttributes?: readonly KeyValue[];
  readonly timeUnixNano?: string;
  readonly asDouble?: number;
  readonly asInt?: string;
  readonly spanId?: string;
  readonly traceId?: string;
}

const temporality = { number: 2, kind: { names: ['AGGREGATION_TEMPORALITY_UNSPECIFIED', 'AGGREGATION_TEMPORALITY_DELTA', 'AGGREGATION_TEMPORALITY_CUMULATIVE'] } } as const;
const times = { startTimeUnixNano: { number: 2, kind: 'fixed64' }, timeUnixNano: { number: 3, kind: 'fixed64' } } as const;

export const metric: MessageType<Metric> = {
  name: 'metrics.v1.Metric',
  fields: {
    name: { number: 1, kind: 'string' },
    description: { number: 2, kind: 'string' },
    unit: { number: 3, kind: 'string' },
    gauge: { number: 5, kind: { message: () => gauge } },
    sum: { number: 7, kind: { message: () => sum } },
    histogram: { number: 9, kind: { message: () => histogram } },
    exponentialHistogram: { number: 10, kind: { message: () => exponentialHistogram } },
    summary: { number: 11, kind: { message: () => summary } },
    metadata: attributes(12),
  },
};
const gauge: MessageType<NonNullable<Metric['gauge']>> = { name: 'metrics.v1.Gauge', fields: { dataPoints: { number: 1, kind: { message: () => numberDataPoint }, repeated: true } } };
const sum: MessageType<NonNullable<Metric['sum']>> = {
  name: 'metrics.v1.Sum',
  fields: { dataPoints: { number: 1, kind: { message: () => numberDataPoint }, repeated: true }, aggregationTemporality: temporality, isMonotonic: { number: 3, kind: 'bool' } },
};
const histogram: MessageType<NonNullable<Metric['histogram']>> = {
  name: 'metrics.v1.Histogram',
  fields: { dataPoints: { number: 1, kind: { message: () => histogramDataPoint }, repeated: true }, aggregationTemporality: temporality },
};
const exponentialHistogram: MessageType<NonNullable<Metric['exponentialHistogram']>> = {
  name: 'metrics.v1.ExponentialHistogram',
  fields: { dataPoints: { number: 1, kind: { message: () => exponentialHistogramDataPoint }, repeated: true }, aggregationTemporality: temporality },
};
const summary: MessageType<NonNullable<Metric['summary']>> = { name: 'metrics.v1.Summary', fields: { dataPoints: { number: 1, kind: { message: () => summaryDataPoint }, repeated: true } } };
const exemplars = (number: number): FieldOf<readonly Exemplar[]> => ({ number, kind: { message: () => exemplar }, repeated: true });
const numberDataPoint: MessageType<NumberDataPoint> = {
  name: 'metrics.v1.NumberDataPoint',
  fields: { ...times, asDouble: { number: 4, kind: 'double' }, exemplars: exemplars(5), asInt: { number: 6, kind: 'sfixed64' }, attributes: attributes(7), flags: { number: 8, kind: 'uint32' } },
};
const histogramDataPoint: MessageType<HistogramDataPoint> = {
  name: 'metrics.v1.HistogramDataPoint',
  fields: {
    ...times,
    count: { number: 4, kind: 'fixed64' },
    sum: { number: 5, kind: 'double' },
    bucketCounts: { number: 6, kind: 'fixed64', repeated: true },
    explicitBounds: { number: 7, kind: 'double', repeated: true },
    exemplars: exemplars(8),
    attributes: attributes(9),
    flags: { number: 10, kind: 'uint32' },
    min: { number: 11, kind: 'double' },
    max: { number: 12, kind: 'double' },
  },
};
const exponentialHistogramDataPoint: MessageType<ExponentialHistogramDataPoint> = {
  name: 'metrics.v1.ExponentialHistogramDataPoint',
  fields: {
    attributes: attributes(1),
    ...times,
    count: { number: 4, kind: 'fixed64' },
    sum: { number: 5, kind: 'double' },
    scale: { number: 6, kind: 'sint32' },
    zeroCount: { number: 7, kind: 'fixed64' },
    positive: { number: 8, kind: { message: () => buckets } },
    negative: { number: 9, kind: { message: () => buckets } },
    flags: { number: 10, kind: 'uint32' },
    exemplars: exemplars(11),
    min: { number: 12, kind: 'double' },
    max: { number: 13, kind: 'double' },
    zeroThreshold: { number: 14, kind: 'double' },
  },
};
const buckets: MessageType<Buckets> = {
  name: 'metrics.v1.ExponentialHistogramDataPoint.Buckets',
  fields: { offset: { number: 1, kind: 'sint32' }, bucketCounts: { number: 2, kind: 'uint64', repeated: true } },
};
const summaryDataPoint: MessageType<SummaryDataPoint> = {
  name: 'metrics.v1.SummaryDataPoint',
  fields: {
    ...times,
    count: { number: 4, kind: 'fixed64' },
    sum: { number: 5, kind: 'double' },
    quantileValues: { number: 6, kind: { message: () => quantile }, repeated: true },
    attributes: attributes(7),
    flags: { number: 8, kind: 'uint32' },
  },
};
const quantile: MessageType<{ readonly quantile?: number; readonly value?: number }> = {
  name: 'metrics.v1.SummaryDataPoint.ValueAtQuantile',
  fields: { quantile: { number: 1, kind: 'double' }, value: { number: 2, kind: 'double' } },
};
const exemplar: MessageType<Exemplar> = {
  name: 'metrics.v1.Exemplar',
  fields: {
    timeUnixNano: { number: 2, kind: 'fixed64' },
    asDouble: { number: 3, kind: 'double' },
    spanId: { number: 4, kind: 'id' },
    traceId: { number: 5, kind: 'id' },
    asInt: { number: 6, kind: 'sfixed64' },
    filteredAttributes: attributes(7),
  },
};

// Logs.

export interface LogRecord {
  readonly timeUnixNano?: string;
  readonly observedTimeUnixNano?: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: AnyValue;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly eventName?: string;
}

const severities = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((name) => ['', '2', '3', '4'].map((step) => `SEVERITY_NUMBER_${name}${step}`));

export const logRecord: MessageType<LogRecord> = {
  name: 'logs.v1.LogRecord',
  fields: {
    timeUnixNano: { number: 1, kind: 'fixed64' },
    severityNumber: { number: 2, kind: { names: ['SEVERITY_NUMBER_UNSPECIFIED', ...severities] } },
    severityText: { number: 3, kind: 'string' },
    body: { number: 5, kind: { message: () => anyValue } },
    attributes: attributes(6),
    droppedAttributesCount: { number: 7, kind: 'uint32' },
    traceId: { number: 9, kind: 'id' },
    spanId: { number: 10, kind: 'id' },
    observedTimeUnixNano: { number: 11, kind: 'fixed64' },
    eventName: { number: 12, kind: 'string' },
  },
};

// Requests: the same for the three, but for the names. What may come in thousands is decoded one by one.

export interface TraceRequest {
  readonly resourceSpans?: readonly { readonly resource?: Resource; readonly scopeSpans?: readonly { readonly scope?: Scope; readonly spans?: readonly (() => Span)[] }[] }[];
}
export interface MetricsRequest {
  readonly resourceMetrics?: readonly { readonly resource?: Resource; readonly scopeMetrics?: readonly { readonly scope?: Scope; readonly metrics?: readonly (() => Metric)[] }[] }[];
}
export interface LogsRequest {
  readonly resourceLogs?: readonly { readonly resource?: Resource; readonly scopeLogs?: readonly { readonly scope?: Scope; readonly logRecords?: readonly (() => LogRecord)[] }[] }[];
}

type Element<A> = A extends readonly (infer I)[] ? I : never;
type ResourceSpans = Element<NonNullable<TraceRequest['resourceSpans']>>;
type ScopeSpans = Element<NonNullable<ResourceSpans['scopeSpans']>>;
type ResourceMetrics = Element<NonNullable<MetricsRequest['resourceMetrics']>>;
type ScopeMetrics = Element<NonNullable<ResourceMetrics['scopeMetrics']>>;
type ResourceLogs = Element<NonNullable<LogsRequest['resourceLogs']>>;
type ScopeLogs = Element<NonNullable<ResourceLogs['scopeLogs']>>;

const ofResource = { number: 1, kind: { message: () => resource } } as const;
const ofScope = { number: 1, kind: { message: () => scope } } as const;

const scopeSpans: MessageType<ScopeSpans> = { name: 'trace.v1.ScopeSpans', fields: { scope: ofScope, spans: { number: 2, kind: { message: () => span, lazy: true }, repeated: true } } };
const resourceSpans: MessageType<ResourceSpans> = {
  name: 'trace.v1.ResourceSpans',
  fields: { resource: ofResource, scopeSpans: { number: 2, kind: { message: () => scopeSpans }, repeated: true } },
};
export const traceRequest: MessageType<TraceRequest> = {
  name: 'collector.trace.v1.ExportTraceServiceRequest',
  fields: { resourceSpans: { number: 1, kind: { message: () => resourceSpans }, repeated: true } },
};

const scopeMetrics: MessageType<ScopeMetrics> = { name: 'metrics.v1.ScopeMetrics', fields: { scope: ofScope, metrics: { number: 2, kind: { message: () => metric, lazy: true }, repeated: true } } };
const resourceMetrics: MessageType<ResourceMetrics> = {
  name: 'metrics.v1.ResourceMetrics',
  fields: { resource: ofResource, scopeMetrics: { number: 2, kind: { message: () => scopeMetrics }, repeated: true } },
};
export const metricsRequest: MessageType<MetricsRequest> = {
  name: 'collector.metrics.v1.ExportMetricsServiceRequest',
  fields: { resourceMetrics: { number: 1, kind: { message: () => resourceMetrics }, repeated: true } },
};

const scopeLogs: MessageType<ScopeLogs> = { name: 'logs.v1.ScopeLogs', fields: { scope: ofScope, logRecords: { number: 2, kind: { message: () => logRecord, lazy: true }, repeated: true } } };
const resourceLogs: MessageType<ResourceLogs> = {
  name: 'logs.v1.ResourceLogs',
  fields: { resource: ofResource, scopeLogs: { number: 2, kind: { message: () => scopeLogs }, repeated: true } },
};
export const logsRequest: MessageType<LogsRequest> = {
  name: 'collector.logs.v1.ExportLogsServiceRequest',
  fields: { resourceLogs: { number: 1, kind: { message: () => resourceLogs }, repeated: true } },
};
