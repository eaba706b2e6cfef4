/**
 * The series of one metric, without the rest of what a record holds: a chart of fifty runs reads fifty records, and
 * what is not drawn is let go of with its line.
 */
import { createRunFold } from '../model/run-state.ts';
import type { MetricSeries } from '../model/metric-series.ts';
import { isOtlpDocument, spansOf, type OtlpSpan } from '../model/otlp-json.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { RunEvent } from '../model/run-event.ts';
import type { RunState } from '../model/run-state.ts';
import * as semconv from '../model/semantic-conventions.ts';
import { eventsOfLog } from '../recording/event-log.ts';
import { readLines } from '../recording/read-lines.ts';
import { readRecord } from './read-record.ts';
import { reportedBy, runOfSpans } from './run-of-spans.ts';

export interface TaskSeries {
  readonly task: TaskId;
  readonly series: MetricSeries;
}

export type ReadSeries = { readonly type: 'series'; readonly series: readonly TaskSeries[] } | { readonly type: 'failed'; readonly message: string };

/** Of the record, or of the event log of a run in progress. Never throws. */
export async function readSeries(file: string, metric: string): Promise<ReadSeries> {
  try {
    const state = file.endsWith('.otlp.jsonl') ? await readLinesOf(file, metric) : file.endsWith('.jsonl') ? await readLog(file, metric) : undefined;
    return state === undefined ? await readWhole(file, metric) : { type: 'series', series: seriesIn(state, metric) };
  } catch (error) {
    return { type: 'failed', message: (error as Error).message };
  }
}

/** Of each task that has it, in their order. */
export function seriesIn(state: RunState, metric: string): readonly TaskSeries[] {
  return state.tasks.flatMap(({ node, metrics }) => {
    const series = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
    return series === undefined ? [] : [{ task: node.id, series }];
  });
}

/** Whether a fold needs this event for the series of a metric. */
export function tellsOfSeries(event: RunEvent, metric: string): boolean {
  switch (event.type) {
    case 'run-started':
    case 'tasks-changed':
    case 'attempt-started':
    case 'task-skipped':
      return true;
    case 'metric':
    case 'metrics':
      return event.name === metric;
    default:
      return false;
  }
}

/** `undefined` for what is not written as our records are. */
async function readLinesOf(file: string, metric: string): Promise<RunState | undefined> {
  const spans: OtlpSpan[] = [];
  for await (const { text } of readLines(file)) {
    if (text.trim() === '') continue;
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      return undefined;
    }
    if (!isOtlpDocument(document)) return undefined;
    for (const span of spansOf(document)) {
      if (reportedBy(span) !== undefined) continue;
      spans.push({ ...span, events: span.events.filter(({ name, attributes }) => name === semconv.metricsEvent && attributes.get(semconv.metricsName) === metric) });
    }
  }
  return runOfSpans(spans);
}

async function readLog(file: string, metric: string): Promise<RunState | undefined> {
  const fold = createRunFold();
  for await (const event of eventsOfLog(file)) if (tellsOfSeries(event, metric)) fold.apply(event);
  return fold.state();
}

async function readWhole(file: string, metric: string): Promise<ReadSeries> {
  const record = await readRecord(file);
  switch (record.type) {
    case 'run':
      return { type: 'series', series: seriesIn(record.state, metric) };
    case 'trace':
      return { type: 'series', series: [] };
    case 'unreadable':
      return { type: 'failed', message: record.message };
    default:
      return record satisfies never;
  }
}
