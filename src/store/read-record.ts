/**
 * Opens a file as what it is: a record of ours, the event log of a run in progress, or a trace of any other program in
 * OTLP/JSON (JSON Lines, one document, or several written one after the other). Whatever the file holds, the result is
 * a value.
 */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { createRunFold } from '../model/run-state.ts';
import { shownSpans } from '../model/reported.ts';
import type { RunState } from '../model/run-state.ts';
import { cicdPipelineTaskName, importShape, reportedAttempt, reportedParentSpanId, reportedResource, reportedTraceId, serviceName } from '../model/semantic-conventions.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import type { TimelineSpan } from '../protocol/run-view.ts';
import type { UnixNano } from '../model/time.ts';
import { eventsOfLog } from '../recording/event-log.ts';
import { interruption } from '../recording/interruption.ts';
import { readLines } from '../recording/read-lines.ts';
import { writerIsAlive } from '../recording/writer.ts';
import { isOtlpDocument, rawAttribute, spansOf } from '../model/otlp-json.ts';
import type { OtlpSpan, RawSpan } from '../model/otlp-json.ts';
import { readPieces, type Reading } from './read-pieces.ts';
import { isRunSpan, reportedBy, runOfSpans } from './run-of-spans.ts';

export type ReadRecord =
  | { readonly type: 'run'; readonly state: RunState }
  /** `spans` are the first 5000 of `total`; fewer where they are very large. */
  | { readonly type: 'trace'; readonly title: string; readonly spans: readonly TimelineSpan[]; readonly total: number; /** Some say that they are tasks of a pipeline: importing makes a run of them. */ readonly hasTasks?: true; /** Of one that was imported: the run that its record is. */ readonly state?: RunState }
  /** One sentence: what, and in which line. */
  | { readonly type: 'unreadable'; readonly message: string };

const timelineLimit = 5000;
/** Characters of JSON that they are made of: spans may be of any size. */
const keptLimit = 64 * 1024 * 1024;
/** An attribute of a foreign trace is shown up to here. */
const attributeLimit = 10_000;

/** Throws only when it is aborted. */
export async function readRecord(file: string, reading: Reading = {}): Promise<ReadRecord> {
  try {
    return (await isEventLog(file)) ? await readLiveRun(file) : await readTraces(file, reading);
  } catch (error) {
    reading.signal?.throwIfAborted();
    return { type: 'unreadable', message: (error as Error).message };
  }
}

/**
 * The run with its tasks and without their attempts, from the first line of a record alone; the whole of an event log.
 * Throws, with what is wrong.
 */
export async function readRecordHead(file: string): Promise<RunState> {
  for await (const { number, text } of readLines(file)) {
    if (text.trim() === '') continue;
    if (startsEventLog(text)) {
      const live = await readLiveRun(file);
      if (live.type === 'run') return live.state;
      throw new Error(live.type === 'unreadable' ? live.message : 'not a run');
    }
    const state = runOfSpans(spansOf(parse(text, number)));
    if (state === undefined) throw new Error('not a run that Runweave recorded');
    return state;
  }
  throw new Error('the file is empty');
}

/** Of a log that nobody writes any more it is the run that whoever holds the pipeline next will seal: what was running was interrupted. */
async function readLiveRun(file: string): Promise<ReadRecord> {
  // Asked first: who is gone only afterwards may have ended the run after what was read.
  const isCutOff = !writerIsAlive(file);
  const fold = createRunFold();
  let last: UnixNano | undefined;
  for await (const event of eventsOfLog(file)) {
    fold.apply(event);
    last = event.time;
  }
  const state = fold.state();
  if (state === undefined || last === undefined) return { type: 'unreadable', message: 'the event log has no run-started' };
  if (isCutOff) for (const event of interruption(state, last)) fold.apply(event);
  return { type: 'run', state: fold.state() ?? state };
}

/** By its first line, whatever the file's name. */
async function isEventLog(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    return startsEventLog(buffer.toString('latin1', 0, bytesRead));
  } finally {
    await handle.close();
  }
}

function startsEventLog(line: string): boolean {
  return /^\{"(type":"writer"|(time":"\d+",")?type":"run-started")/.test(line);
}

async function readTraces(file: string, reading: Reading): Promise<ReadRecord> {
  const reader = createTraceReader(file);
  let damage: string | undefined;
  try {
    for await (const found of readPieces(file, reading)) {
      for (const piece of found) {
        if (piece.type === 'problem') damage ??= `line ${piece.line}: ${piece.message}`;
        else {
          try {
            reader.add(parse(piece.text, piece.line), piece.text.length);
          } catch (error) {
            damage ??= (error as Error).message;
          }
        }
      }
    }
  } catch (error) {
    reading.signal?.throwIfAborted();
    damage ??= (error as Error).message;
  }
  return reader.result(damage);
}

function parse(text: string, line: number): unknown {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Error(`line ${line} is not JSON: ${withoutExcerpt((error as Error).message)}`, { cause: error });
  }
  if (!isOtlpDocument(document)) throw new Error(`line ${line} is JSON, but not OTLP`);
  return document;
}

/** V8 quotes the text around the mistake, which may be long and is seldom the mistake's place. */
function withoutExcerpt(message: string): string {
  return message.replace(/, (\.\.\.)?".*$/s, '').replace(/ in JSON at position/, ' at character');
}

interface TraceReader {
  /** `size`: characters of its text. */
  readonly add: (document: unknown, size: number) => void;
  readonly result: (damage: string | undefined) => ReadRecord;
}

/** Of a record of ours, all spans but what tasks reported beyond what is shown; of any other trace, those that are shown. */
function createTraceReader(file: string): TraceReader {
  let documents = 0;
  let ours = false;
  let total = 0;
  /** Characters that spans of a foreign trace were made of. */
  let kept = 0;
  const spans: OtlpSpan[] = [];
  const reported = new Map<string, number>();
  const isShown = (span: RawSpan): boolean => {
    total += 1;
    if (!ours) return spans.length < timelineLimit && kept < keptLimit;
    const attempt = rawAttribute(span, reportedAttempt);
    if (attempt === undefined) return true;
    const count = (reported.get(attempt) ?? 0) + 1;
    reported.set(attempt, count);
    return count <= shownSpans;
  };
  return {
    add: (document, size) => {
      documents += 1;
      const before = spans.length;
      for (const span of spansOf(document, isShown)) {
        spans.push(span);
        ours ||= isRunSpan(span);
      }
      if (spans.length > before) kept += size;
    },
    result: (damage) => {
      const state = ours ? runOfSpans(spans) : undefined;
      if (state?.resource[importShape] === 'trace' && reported.size > 0) {
        const ofTrace = spans.filter((span) => reportedBy(span) !== undefined);
        return { type: 'trace', state, title: state.pipeline.name, spans: ofTrace.map(importedSpan), total: [...reported.values()].reduce((sum, count) => sum + count, 0) };
      }
      if (state !== undefined) {
        return { type: 'run', state: damage === undefined ? state : { ...state, warnings: [...state.warnings, `The record is damaged, and shows what could be read: ${damage}`] } };
      }
      if (total === 0) return { type: 'unreadable', message: damage ?? (documents === 0 ? 'the file is empty' : 'the file holds no spans') };
      const title = titleOf(spans, file);
      const hasTasks = spans.some((span) => span.attributes.has(cicdPipelineTaskName));
      return { type: 'trace', ...(hasTasks && { hasTasks }), title: damage === undefined ? title : `${title} (damaged: ${damage})`, spans: spans.map(timelineSpan), total };
    },
  };
}

function titleOf(spans: readonly OtlpSpan[], file: string): string {
  const root = spans.find((span) => span.parentSpanId === undefined) ?? spans[0];
  const service = root?.resource.get(serviceName);
  const name = root === undefined || root.name === '' ? path.basename(file) : root.name;
  return typeof service === 'string' ? `${service}: ${name}` : name;
}

/** As it was in the trace that was imported, without what the record needs of it. */
function importedSpan(span: OtlpSpan, index: number): TimelineSpan {
  const { attributes } = span;
  const resource = attributes.get(reportedResource);
  const parent = attributes.get(reportedParentSpanId);
  const own = new Map<string, Json>([...attributes].filter(([name]) => ![reportedAttempt, reportedParentSpanId, reportedResource, reportedTraceId].includes(name)));
  const parentSpanId = typeof parent === 'string' ? parent : span.parentSpanId;
  const hasParent = parentSpanId !== undefined && parentSpanId !== span.spanId && parentSpanId !== reportedBy(span);
  const { parentSpanId: _, ...shown } = timelineSpan({ ...span, attributes: own, resource: new Map([...span.resource, ...(isJsonObject(resource) ? Object.entries(resource) : [])]) }, index);
  return { ...shown, ...(hasParent && { parentSpanId }) };
}

function timelineSpan(span: OtlpSpan, index: number): TimelineSpan {
  const service = span.resource.get(serviceName);
  return {
    // The specification's own example has empty ids.
    spanId: span.spanId === '' ? `#${index + 1}` : span.spanId,
    ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
    name: span.name,
    ...(typeof service === 'string' && { service }),
    start: span.start,
    end: span.end,
    error: span.error,
    attributes: Object.fromEntries(
      [...span.attributes].map(([name, value]) => [name, (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, attributeLimit)]),
    ),
  };
}
