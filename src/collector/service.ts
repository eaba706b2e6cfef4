/**
 * What stands between the collector's server and the protocols that it speaks. The server knows HTTP: who may ask (one
 * secret an attempt), how large a body may be, how it is compressed. A service knows one protocol, and turns requests
 * into reports of the attempt that sent them. Neither knows the other.
 */
import type { Json, JsonObject } from '../model/json.ts';
import type { RunId, SpanId, TraceId } from '../model/run-event.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { UnixNano } from '../model/time.ts';

/** The attempt that a request belongs to, by its secret. */
export interface CollectedAttempt {
  readonly runId: RunId;
  readonly task: TaskId;
  readonly attempt: number;
  readonly traceId: TraceId;
  /** The attempt's span: what the task reports hangs below it. */
  readonly spanId: SpanId;
  /** When the attempt was registered. */
  readonly start: UnixNano;
  /** What the names of files for this attempt begin with, absolute; what has such a name is removed with the attempt. */
  readonly scratch: string;
  readonly report: (report: Report) => void;
}

/** What a task said, in no protocol's words. Secrets are masked behind `report`. */
export type Report =
  /** NaN and infinities are values. `attributes` tell series of one name apart. */
  | { readonly type: 'metric'; readonly name: string; readonly value: number; readonly step?: number; readonly time?: UnixNano; readonly attributes?: JsonObject }
  | { readonly type: 'param'; readonly name: string; readonly value: Json }
  | { readonly type: 'tag'; readonly name: string; readonly value: string }
  /** A file below `scratch`, which now belongs to who is told. */
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
  /** The numbers of `SpanKind` in OTLP: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly start: UnixNano;
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
}

export interface ServiceRequest {
  readonly method: string;
  /** Decoded, without query: `/v1/traces`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The whole body, decompressed. Rejects with `BodyError`, which the server answers. */
  readonly body: () => Promise<Buffer>;
  /** The same as a stream, written to a new file below the attempt's `scratch`; its path. For uploads of any size. */
  readonly bodyAsFile: () => Promise<string>;
}

export interface ServiceResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | { readonly file: string; readonly size: number };
}

/**
 * One protocol for one attempt; made at the attempt's first request under one of the service's paths. A request that a
 * service throws for is answered with 500 and told as a warning: a broken invariant, never a client's mistake.
 */
export interface Service {
  readonly handle: (request: ServiceRequest) => Promise<ServiceResponse>;
  /** The attempt is over, and no request is being handled: what was not reported yet is reported now. */
  readonly close?: () => void;
}

export interface ServiceFactory {
  /** Whether a path is this service's. */
  readonly owns: (path: string) => boolean;
  readonly open: (attempt: CollectedAttempt) => Service;
  /** An error of the server's own (401, 413, 404, …) in the protocol's shape. */
  readonly error: (status: number, message: string, request: Pick<ServiceRequest, 'headers'>) => ServiceResponse;
}
