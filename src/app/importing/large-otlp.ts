/**
 * OTLP that is too large to be held in memory: it is read once to find out what is in it, and again whenever its spans
 * are told. Spans of a pipeline's run are held, because they are looked at as a whole; of all others only ids.
 */
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runOfTrace, reported, runsOfSignals, type ForeignSpan } from '../../importers/foreign-trace.ts';
import { foreignSpan, signalsOfOtlp } from '../../importers/otlp.ts';
import type { Told } from '../../importers/run-draft.ts';
import type { ImportedRun, ImportProblem, SourceFile } from '../../importers/source.ts';
import { groupBy } from '../../model/group-by.ts';
import type { Json } from '../../model/json.ts';
import { isOtlpDocument, spansOf } from '../../model/otlp-json.ts';
import type { ReportedLog } from '../../model/reported.ts';
import type { RunEvent } from '../../model/run-event.ts';
import { cicdPipelineTaskName } from '../../model/semantic-conventions.ts';
import type { UnixNano } from '../../model/time.ts';
import { createSpanIds } from '../../recording/span-ids.ts';
import { piecesOf } from '../../store/read-pieces.ts';

export interface LargeImport {
  readonly runs: readonly StreamedRun[];
  readonly problems: readonly ImportProblem[];
}

/** An imported run whose events are too many to be held. */
export interface StreamedRun extends Omit<ImportedRun, 'events'> {
  readonly events: ImportedRun['events'] | (() => AsyncIterable<RunEvent>);
  readonly first: ImportedRun['events'][number] | undefined;
}

/** Bytes from which a file is not held. A packed one is about a tenth. */
const largeSize = 8 * 1024 * 1024;
/** What is held of one file at most. */
const limits = { pipelineSpans: 200_000, logs: 100_000, points: 500_000, problems: 20, /** Among the first that many is the root looked for. */ candidates: 1000 };

/** Whether this is how to read it: large, and by its beginning OTLP. */
export async function isLargeOtlp(file: SourceFile): Promise<boolean> {
  if (file.size < (file.path.toLowerCase().endsWith('.gz') ? largeSize / 10 : largeSize)) return false;
  let head = '';
  try {
    for await (const part of file.stream()) {
      head += Buffer.from(part.buffer, part.byteOffset, Math.min(part.length, 64 * 1024)).toString('latin1');
      if (head.length >= 64 * 1024) break;
    }
  } catch {
    return false;
  }
  return /^\s*\{\s*"resource(Spans|Logs|Metrics)"\s*:/.test(head);
}

/** Rejects when it is aborted, or the file can't be read at all. */
export async function readLargeOtlp(file: SourceFile, signal: AbortSignal | undefined): Promise<LargeImport> {
  // All is garbage soon, and in Node's default for what is young 100 MB of it would lie about.
  setFlagsFromString('--max-semi-space-size=4');
  setFlagsFromString('--semi-space-growth-factor=1');
  const problems: ImportProblem[] = [];
  let unread = 0;
  const problem = (message: string, line?: number): void => {
    if (problems.length < limits.problems) problems.push({ file: file.path, ...(line !== undefined && { line }), message });
    else unread += 1;
  };
  const found = await lookThrough(file, new Set(), signal, problem);
  // Once more for what is told of the spans of no pipeline, now that it is known which these are.
  const { pipelines } = found;
  const rest = pipelines.size === 0 ? found : await lookThrough(file, pipelines, signal, () => undefined);
  if (unread > 0) problems.push({ file: file.path, message: `and ${unread} more` });
  const { logs, metrics, spans } = rest;
  for (const [what, count, limit] of [['log records', rest.logCount, limits.logs], ['points of metrics', rest.pointCount, limits.points], ['spans of pipelines', rest.pipelineCount, limits.pipelineSpans]] as const) {
    if (count > limit) problems.push({ file: file.path, message: `of its ${count} ${what} the first ${limit} were taken: a file this large is not held in memory` });
  }
  const runs: StreamedRun[] = [];
  const ofPipeline = (log: ReportedLog): boolean => log.traceId !== undefined && pipelines.has(log.traceId);
  if (pipelines.size > 0) for (const run of runsOfSignals('otlp', file.path, { spans, logs: logs.filter(ofPipeline), metrics: [] })) runs.push({ ...run, first: run.events[0] });
  const others = logs.filter((log) => !ofPipeline(log));
  if (rest.count + others.length + metrics.length > 0) runs.push(streamedTrace(file, { ...rest, logs: others }, pipelines, signal));
  if (runs.length + problems.length === 0) problems.push({ file: file.path, message: 'it holds no spans, log records or metrics' });
  return { runs, problems };
}

function streamedTrace(file: SourceFile, found: Findings, pipelines: ReadonlySet<string>, signal: AbortSignal | undefined): StreamedRun {
  const { root, first, identity, start, end, logs, metrics } = found;
  const resource = first?.resource ?? {};
  const shape = logs.length + metrics.length === 0 ? 'trace' : 'task';
  const { key, events, ...run } = runOfTrace({ format: 'otlp', source: file.path, identity, root, resource, start, end, shape, told: [] });
  const begins = events.findIndex((event) => event.type === 'attempt-started') + 1;
  const attempt = events[begins - 1];
  const of = attempt?.type === 'attempt-started' ? { task: attempt.task, attempt: attempt.attempt } : undefined;
  if (of === undefined) throw new Error('a trace without an attempt');
  const told = (each: Told): RunEvent => ({ ...each, ...of }) as RunEvent;
  return {
    ...run,
    key,
    first: events[0],
    events: async function* () {
      yield* events.slice(0, begins) as readonly RunEvent[];
      for await (const document of documentsOf(file, signal)) for (const span of spansOf(document)) if (!pipelines.has(span.traceId)) yield told(reported(foreignSpan(span), resource));
      for (const log of logs) yield told({ type: 'log', time: log.time, log });
      for (const metric of metrics) yield told(metric);
      yield* events.slice(begins) as readonly RunEvent[];
    },
  };
}

interface Findings {
  /** Ids of the traces that are runs of a pipeline. */
  readonly pipelines: Set<string>;
  /** Spans of these. */
  readonly spans: ForeignSpan[];
  readonly logs: ReportedLog[];
  readonly metrics: Extract<Told, { readonly type: 'metric' }>[];
  /** Of what is held, how many there are in all. */
  pipelineCount: number;
  logCount: number;
  pointCount: number;
  /** Spans of other traces: how many, the first, the root, and from when to when. */
  count: number;
  first: ForeignSpan | undefined;
  root: ForeignSpan | undefined;
  start: UnixNano;
  end: UnixNano;
  identity: string;
}

async function lookThrough(file: SourceFile, known: ReadonlySet<string>, signal: AbortSignal | undefined, problem: (message: string, line?: number) => void): Promise<Findings> {
  const found: Findings = { pipelines: new Set(), spans: [], logs: [], metrics: [], pipelineCount: 0, logCount: 0, pointCount: 0, count: 0, first: undefined, root: undefined, start: '0' as UnixNano, end: '0' as UnixNano, identity: '' };
  const identity = createHash('sha256');
  const ids = createSpanIds();
  const candidates: ForeignSpan[] = [];
  for await (const document of documentsOf(file, signal, problem)) {
    let names = '';
    for (const span of spansOf(document)) {
      if (known.has(span.traceId)) {
        found.pipelineCount += 1;
        if (found.spans.length < limits.pipelineSpans) found.spans.push(foreignSpan(span));
        continue;
      }
      if (span.attributes.has(cicdPipelineTaskName)) found.pipelines.add(span.traceId);
      found.count += 1;
      names += `${span.traceId}/${span.spanId}/${span.start}/${span.name}\n`;
      ids.add('', span.spanId);
      if (candidates.length < limits.candidates) candidates.push(foreignSpan(span));
      if (found.root === undefined && span.parentSpanId === undefined) found.root = foreignSpan(span);
      include(found, span.start as UnixNano);
      if (span.end !== '0') include(found, span.end as UnixNano);
    }
    identity.update(names);
    if (!('resourceLogs' in document || 'resourceMetrics' in document)) continue;
    const { logs, metrics } = signalsOfOtlp([{ ...document, resourceSpans: [] }]);
    for (const log of logs) {
      found.logCount += 1;
      if (found.logs.length < limits.logs) found.logs.push(log);
      include(found, log.time);
    }
    for (const metric of metrics) {
      found.pointCount += 1;
      if (found.metrics.length < limits.points) found.metrics.push(metric);
      include(found, metric.time);
    }
    if (found.count === 0) identity.update(JSON.stringify([logs, metrics]));
  }
  // One trace after the other, as where all are held.
  const root = [...groupBy(candidates, (span) => span.traceId).values()].flat().find(({ parentSpanId }) => parentSpanId === undefined || !ids.has('', parentSpanId)) ?? found.root ?? candidates[0];
  return { ...found, first: candidates[0], root, identity: identity.digest('hex').slice(0, 32) };
}

function include(found: Findings, time: UnixNano): void {
  if (time === '0') return;
  if (found.start === '0' || isBefore(time, found.start)) found.start = time;
  if (isBefore(found.end, time)) found.end = time;
}

/** Of decimal numbers without leading zeros. */
function isBefore(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length;
}

async function* documentsOf(file: SourceFile, signal: AbortSignal | undefined, problem: (message: string, line?: number) => void = () => undefined): AsyncGenerator<Readonly<Record<string, Json>>> {
  try {
    for await (const pieces of piecesOf(file.stream())) {
      signal?.throwIfAborted();
      for (const piece of pieces) {
        if (piece.type === 'problem') problem(piece.message, piece.line);
        else {
          const document = parse(piece.text);
          if (document === undefined) problem('not OTLP/JSON', piece.line);
          else yield document;
        }
      }
    }
  } catch (error) {
    signal?.throwIfAborted();
    problem((error as Error).message);
  }
}

function parse(text: string): Readonly<Record<string, Json>> | undefined {
  try {
    const document = JSON.parse(text) as Json;
    return isOtlpDocument(document) ? (document as Readonly<Record<string, Json>>) : undefined;
  } catch {
    return undefined;
  }
}
