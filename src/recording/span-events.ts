/**
 * What is told within a span, as its events: output and logs, metric series in columns, artifacts, reports, what was
 * used over time, and exceptions. `store/run-of-spans.ts` is the inverse.
 */
import type { Json } from '../model/json.ts';
import type { MetricSeries } from '../model/metric-series.ts';
import type { ReportedLog } from '../model/reported.ts';
import { resourceColumns, type EventOf, type RecordedFailure, type ResourceSample } from '../model/run-event.ts';
import type { ArtifactState, OutputChunk, ResourcePoint, TaskState } from '../model/run-state.ts';
import * as semconv from '../model/semantic-conventions.ts';
import type { UnixNano } from '../model/time.ts';
import { toAttributes } from './attributes.ts';
import { packFloats, packRising, packSteps } from './packed-columns.ts';
import type { SpanDescription } from './spans.ts';

const outputLimit = 16 * 1024;
const outputSpan = 1_000_000_000n;
/** Points of a series that any reader of OTLP can read, as lists; a longer one is packed. */
const readablePoints = 1000;
const packedPoints = 16_384;

export type SpanEvent = NonNullable<SpanDescription['events']>[number];
export type Report = EventOf<'param' | 'tag' | 'return' | 'observed' | 'dataset'>;
export interface Series {
  readonly metrics: TaskState['metrics'];
  readonly artifacts: readonly ArtifactState[];
}

export function resourceEvents(points: readonly ResourcePoint[]): readonly SpanEvent[] {
  const [first] = points;
  if (first === undefined) return [];
  const base = BigInt(first.time);
  const column = (name: keyof ResourceSample): Record<string, Json> =>
    points.some((point) => point[name] !== undefined) ? { [semconv.resourcesPrefix + name]: points.map((point) => point[name] ?? null) } : {};
  const columns = [...resourceColumns].map(column);
  return [{ name: semconv.resourcesEvent, time: first.time, attributes: toAttributes(Object.assign({ [semconv.resourcesTimes]: points.map((point) => Number(BigInt(point.time) - base)) }, ...columns) as Record<string, Json>) }];
}

export function outputEvents(chunks: readonly OutputChunk[]): readonly SpanEvent[] {
  const joined: { -readonly [K in keyof OutputChunk]: OutputChunk[K] }[] = [];
  for (const chunk of chunks) {
    const last = joined.at(-1);
    const joins =
      last?.stream === chunk.stream && last.log === undefined && chunk.log === undefined && last.text.length + chunk.text.length <= outputLimit && BigInt(chunk.time) - BigInt(last.time) <= outputSpan;
    if (joins) last.text += chunk.text;
    else joined.push({ ...chunk });
  }
  return joined.map(({ time, stream, text, log }) => {
    if (log !== undefined) return logEvent(log);
    return { name: semconv.outputEvent, time, attributes: toAttributes({ [semconv.outputStream]: stream, [semconv.outputText]: text }) };
  });
}

function logEvent({ time, severityNumber, severityText, body, attributes, traceId, spanId, scope, resource }: ReportedLog): SpanEvent {
  return {
    name: semconv.logEvent,
    time,
    attributes: toAttributes({
      [semconv.logSeverityNumber]: severityNumber,
      [semconv.logSeverityText]: severityText,
      [semconv.logBody]: body,
      [semconv.logAttributes]: Object.keys(attributes).length === 0 ? undefined : attributes,
      [semconv.logTraceId]: traceId,
      [semconv.logSpanId]: spanId,
      [semconv.logScope]: scope,
      [semconv.logResource]: resource,
    }),
  };
}

export function seriesEvents({ metrics, artifacts }: Series): readonly SpanEvent[] {
  const events: SpanEvent[] = [];
  for (const [name, series] of Object.entries(metrics)) events.push(...metricEvents(name, series));
  for (const { name, mediaType, size, digest, content, time } of artifacts) {
    events.push({
      name: semconv.artifactEvent,
      time,
      attributes: toAttributes({
        [semconv.artifactFilename]: name,
        [semconv.artifactMediaType]: mediaType,
        [semconv.artifactSize]: size,
        [semconv.artifactDigest]: digest,
        [semconv.artifactContentType]: content.type,
        [semconv.artifactContent]: content.type === 'utf8' ? content.text : content.type === 'base64' ? content.data : undefined,
      }),
    });
  }
  return events;
}

function metricEvents(name: string, { start, times, values, steps, details }: MetricSeries): readonly SpanEvent[] {
  const isPacked = values.length > readablePoints;
  const length = isPacked ? packedPoints : readablePoints;
  const events: SpanEvent[] = [];
  for (let at = 0; at < values.length; at += length) {
    const base = times[at] ?? 0;
    const offsets = times.slice(at, at + length).map((time) => time - base);
    const chunk = values.slice(at, at + length);
    const ofChunk = steps?.slice(at, at + length);
    const ofChunkDetails = details?.slice(at, at + length);
    const hasSteps = ofChunk?.some((step) => step !== null) === true;
    events.push({
      name: semconv.metricsEvent,
      time: String(BigInt(start) + BigInt(base)) as UnixNano,
      attributes: toAttributes({
        [semconv.metricsName]: name,
        [semconv.metricsTimes]: isPacked ? packRising(offsets) : offsets,
        [semconv.metricsValues]: isPacked ? packFloats(chunk) : chunk,
        [semconv.metricsSteps]: hasSteps ? (isPacked ? packSteps(ofChunk) : ofChunk) : undefined,
        [semconv.metricsDetails]: ofChunkDetails?.some((detail) => detail !== null) === true ? ofChunkDetails : undefined,
      }),
    });
  }
  return events;
}

export function reportEvents(reports: readonly Report[]): readonly SpanEvent[] {
  const names = { param: semconv.paramEvent, tag: semconv.tagEvent, return: semconv.returnEvent } as const;
  return reports.map((report) => {
    if (report.type === 'dataset') {
      const { name, digest, context, sourceType, source, schema, profile } = report.dataset;
      return {
        name: semconv.datasetEvent,
        time: report.time,
        attributes: toAttributes({
          [semconv.datasetName]: name,
          [semconv.datasetDigest]: digest,
          [semconv.datasetContext]: context,
          [semconv.datasetSourceType]: sourceType,
          [semconv.datasetSource]: source,
          [semconv.datasetSchema]: schema,
          [semconv.datasetProfile]: profile,
        }),
      };
    }
    if (report.type !== 'observed') {
      return { name: names[report.type], time: report.time, attributes: toAttributes({ [semconv.eventName]: report.name, [semconv.eventValue]: report.value }) };
    }
    const { modules, read, written, packages, time } = report;
    return {
      name: semconv.observedEvent,
      time,
      attributes: toAttributes({
        [semconv.observedModules]: modules,
        [semconv.observedRead]: read,
        [semconv.observedWritten]: written,
        [semconv.observedPackages]: packages,
      }),
    };
  });
}

/** By OpenTelemetry's conventions for exceptions; where it was raised is the last frame. */
export function exceptionEvents(failure: RecordedFailure | undefined, time: UnixNano): readonly SpanEvent[] {
  if (failure === undefined) return [];
  const raisedAt = failure.frames?.at(-1);
  const attributes = toAttributes({
    [semconv.exceptionType]: failure.type,
    [semconv.exceptionMessage]: failure.message,
    [semconv.exceptionStacktrace]: failure.stacktrace,
    [semconv.exceptionFrames]: failure.frames,
    [semconv.codeFilePath]: raisedAt?.file,
    [semconv.codeLineNumber]: raisedAt?.line,
    [semconv.codeFunctionName]: raisedAt?.function,
  });
  return [{ name: semconv.exceptionEvent, time, attributes }];
}
