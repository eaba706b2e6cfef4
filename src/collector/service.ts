/**
 * What stands between the collector's server and the protocols that it speaks. The server knows HTTP: who may ask (one
 * secret an attempt), how large a body may be, how it is compressed. A service knows one protocol, and turns requests
 * into reports of the attempt that sent them. Neither knows the other.
 */
import type { TaskId } from '../model/pipeline.ts';
import type { Report } from '../model/reported.ts';
import type { RunId, SpanId, TraceId } from '../model/run-event.ts';
import type { UnixNano } from '../model/time.ts';

export type { Dataset, Report, ReportedLog, ReportedSpan } from '../model/reported.ts';

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
