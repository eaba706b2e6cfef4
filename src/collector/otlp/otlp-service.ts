/**
 * OTLP/HTTP: traces, metrics and logs of any program that is instrumented with OpenTelemetry, in protobuf and JSON.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 *
 * A request is taken whole or not at all, but for items that can't be recorded, which the answer counts (partial
 * success). It may hold 64 MiB: it is dealt with in short turns, so that the executor goes on with everything else.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JsonObject } from '../../model/json.ts';
import type { Report } from '../../model/reported.ts';
import { cicdPipelineRunId, cicdPipelineTaskRunId } from '../../model/semantic-conventions.ts';
import { fromMilliseconds, type UnixNano } from '../../model/time.ts';
import type { CollectedAttempt, Service, ServiceFactory, ServiceRequest, ServiceResponse } from '../service.ts';
import { BadData, decodeJson, decodeProtobuf } from './decode.ts';
import { reportedLog } from './logs.ts';
import { logsRequest, metricsRequest, traceRequest, type MessageType, type Resource } from './messages.ts';
import { createMetricReports, type MetricReports } from './metrics.ts';
import { encodingOf, failure, success } from './response.ts';
import { reportedSpan } from './spans.ts';
import { attributesOf } from './values.ts';

export const otlp: ServiceFactory = {
  owns: (path) => Object.hasOwn(signals, path),
  open: openService,
  error: (status, message, { headers }) => failure(encodingOf(headers['content-type']) ?? 'json', status, message),
};

/** How long one turn may take, in milliseconds. */
const turn = 8;
/** How many of the latest spans are known, to tell one that is sent again. */
const knownSpans = 100_000;

/** One span, metric or log record: what is reported of it, or why it is rejected. Throws `BadData`. */
type Item = () => readonly Report[] | { readonly rejected: string };
type Read = <T>(type: MessageType<T>) => T;

interface Signal {
  readonly rejectedField: string;
  readonly items: (read: Read, attempt: CollectedAttempt, metrics: MetricReports) => Generator<Item>;
}

const signals: Readonly<Record<string, Signal>> = {
  '/v1/traces': {
    rejectedField: 'rejectedSpans',
    *items(read, attempt) {
      for (const { resource, scopeSpans = [] } of read(traceRequest).resourceSpans ?? []) {
        const origin = { ...originOf(resource, attempt), spanId: attempt.spanId };
        for (const { scope, spans = [] } of scopeSpans) {
          for (const item of spans) {
            yield () => {
              const span = reportedSpan(item(), { ...origin, scope });
              return 'rejected' in span ? span : [{ type: 'span', span }];
            };
          }
        }
      }
    },
  },
  '/v1/metrics': {
    rejectedField: 'rejectedDataPoints',
    *items(read, attempt, metrics) {
      for (const { resource, scopeMetrics = [] } of read(metricsRequest).resourceMetrics ?? []) {
        const origin = originOf(resource, attempt);
        for (const { scope, metrics: items = [] } of scopeMetrics) {
          for (const item of items) yield () => metrics.pointsOf(item(), { ...origin, scope });
        }
      }
    },
  },
  '/v1/logs': {
    rejectedField: 'rejectedLogRecords',
    *items(read, attempt) {
      for (const { resource, scopeLogs = [] } of read(logsRequest).resourceLogs ?? []) {
        const origin = originOf(resource, attempt);
        for (const { scope, logRecords = [] } of scopeLogs) {
          for (const item of logRecords) yield () => [{ type: 'log', log: reportedLog(item(), { ...origin, scope }) }];
        }
      }
    },
  },
};

function originOf(resource: Resource | undefined, { runId, task }: CollectedAttempt): { readonly now: UnixNano; readonly resource: JsonObject } {
  // What the task was given by us says nothing in its own record.
  const ours: JsonObject = { [cicdPipelineRunId]: runId, [cicdPipelineTaskRunId]: `${runId}/${task}` };
  const attributes = Object.entries(attributesOf(resource?.attributes)).filter(([name, value]) => ours[name] !== value);
  return { now: fromMilliseconds(Date.now()), resource: Object.fromEntries(attributes) };
}

function openService(attempt: CollectedAttempt): Service {
  const metrics = createMetricReports();
  const taken = new Set<string>();

  /** A client that did not see our answer sends its spans once more. */
  const isSentAgain = (report: Report): boolean => {
    if (report.type !== 'span') return false;
    const id = report.span.traceId + report.span.spanId;
    if (taken.has(id)) return true;
    taken.add(id);
    for (const oldest of taken) {
      if (taken.size <= knownSpans) break;
      taken.delete(oldest);
    }
    return false;
  };

  const handle = async (request: ServiceRequest): Promise<ServiceResponse> => {
    const signal = signals[request.path];
    const encoding = encodingOf(request.headers['content-type']);
    if (signal === undefined) return failure(encoding ?? 'json', 404, 'no signal of OTLP');
    if (request.method !== 'POST') {
      const refused = failure(encoding ?? 'json', 405, 'OTLP is sent with POST');
      return { ...refused, headers: { ...refused.headers, allow: 'POST' } };
    }
    if (encoding === undefined) return failure('json', 415, 'the content type is neither application/x-protobuf nor application/json');
    const body = await request.body();
    const read: Read = (type) => (encoding === 'json' ? decodeJson(type, body.toString('utf8')) : decodeProtobuf(type, body));
    const inTurns = createTurns();
    const reports: Report[] = [];
    let rejected = 0;
    let why = '';
    try {
      for (const item of signal.items(read, attempt, metrics)) {
        const result = item();
        if ('rejected' in result) {
          rejected += 1;
          why = result.rejected;
        } else {
          reports.push(...result);
        }
        await inTurns();
      }
    } catch (error) {
      if (error instanceof BadData) return failure(encoding, 400, error.message);
      throw error;
    }
    for (const report of reports) {
      if (isSentAgain(report)) continue;
      attempt.report(report);
      await inTurns();
    }
    return success(encoding, rejected === 0 ? undefined : { field: signal.rejectedField, count: rejected, message: why });
  };
  return { handle };
}

/** Lets others have their turn when this one has taken its time. */
function createTurns(): () => Promise<void> {
  let begin = performance.now();
  return async () => {
    if (performance.now() - begin < turn) return;
    await nextTurn();
    begin = performance.now();
  };
}
