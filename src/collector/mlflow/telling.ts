/**
 * What of an MLflow run goes into the record, and under which name.
 *
 * The first run is the task: its parameters, tags, metrics and artifacts are the task's. Every other run is a span below
 * the attempt (or below the span of its parent), told once when the run ends, with its parameters, tags and last
 * metric values as attributes; its metric series and artifacts can't wait for that, and are told at once under the
 * run's label: `fold-1/loss`.
 */
import type { Json } from '../../model/json.ts';
import { parseNested } from '../../model/nested-json.ts';
import { fromMilliseconds, type UnixNano } from '../../model/time.ts';
import type { CollectedAttempt } from '../service.ts';
import { protoDouble } from './fields.ts';
import type { MetricPoint } from './metric-series.ts';
import type { DatasetInput, Run } from './run.ts';

/** Told in parts: it holds every model's signature, and grows with each. */
const modelHistory = 'mlflow.log-model.history';

/** What 64 bits of nanoseconds hold, in milliseconds: the year 2554. */
const latestTime = 18_446_744_073_709;

/** What a point was measured for: a model, with a dataset. */
export interface MetricContext {
  readonly modelId: string | undefined;
  readonly datasetName: string | undefined;
  readonly datasetDigest: string | undefined;
}

export interface Telling {
  readonly metric: (run: Run, key: string, point: MetricPoint, about: MetricContext) => void;
  readonly param: (run: Run, key: string, value: string) => void;
  readonly tag: (run: Run, key: string, value: string) => void;
  readonly dataset: (run: Run, input: DatasetInput) => void;
  /** The run is over, or the task is. */
  readonly end: (run: Run, now: number) => void;
  /** The name of an artifact of a run in the record. */
  readonly artifactName: (run: Run, path: string) => string;
}

export function createTelling({ report, traceId }: CollectedAttempt): Telling {
  const under = (run: Run, name: string): string => (run.place.type === 'task' ? name : `${run.place.label}/${name}`);
  /** Parameters and tags of a child are in its span; what comes after the span is not lost either. */
  const goesIntoSpan = (run: Run): boolean => run.place.type === 'child' && !run.isTold;
  return {
    metric: (run, key, { value, timestamp, step }, { modelId, datasetName, datasetDigest }) => {
      const detail = {
        ...(modelId !== undefined && { 'mlflow.model_id': modelId }),
        ...(datasetName !== undefined && { 'mlflow.dataset.name': datasetName }),
        ...(datasetDigest !== undefined && { 'mlflow.dataset.digest': datasetDigest }),
      };
      report({ type: 'metric', name: under(run, key), value, step, ...timeOf(timestamp), ...(Object.keys(detail).length > 0 && { detail }) });
    },
    param: (run, key, value) => {
      if (!goesIntoSpan(run)) report({ type: 'param', name: under(run, key), value });
    },
    tag: (run, key, value) => {
      if (!goesIntoSpan(run) && key !== modelHistory) report({ type: 'tag', name: under(run, key), value });
    },
    dataset: (_run, { dataset, tags }) => {
      const text = (name: string): string => dataset[name] ?? '';
      const context = tags.find(({ key }) => key === 'mlflow.data.context')?.value;
      report({
        type: 'dataset',
        dataset: {
          name: text('name'),
          digest: text('digest'),
          ...(context !== undefined && { context }),
          ...(text('source_type') !== '' && { sourceType: text('source_type') }),
          ...(text('source') !== '' && { source: parsed(text('source')) }),
          ...(text('schema') !== '' && { schema: parsed(text('schema')) }),
          ...(text('profile') !== '' && { profile: parsed(text('profile')) }),
        },
      });
    },
    end: (run, now) => {
      if (run.place.type === 'task' || run.isTold) return;
      run.isTold = true;
      const { place, status } = run;
      const start = Math.min(run.startTime, latestTime);
      const end = Math.min(Math.max(start, run.endTime ?? now), latestTime);
      const tags = [...run.tags].filter(([key]) => key !== modelHistory);
      const last = [...run.metrics].flatMap(([key, { latest }]) => (latest === undefined ? [] : [[key, protoDouble(latest.value)] as const]));
      const datasets = [...run.datasets.values()].map(({ dataset }) => `${dataset['name'] ?? ''}@${dataset['digest'] ?? ''}`);
      report({
        type: 'span',
        span: {
          traceId,
          spanId: place.spanId,
          parentSpanId: place.parent,
          name: place.label,
          kind: 1,
          start: fromMilliseconds(start),
          end: fromMilliseconds(end),
          attributes: {
            'mlflow.run_id': run.id,
            'mlflow.status': status,
            ...(datasets.length > 0 && { 'mlflow.datasets': datasets }),
            ...withPrefix('mlflow.param.', [...run.params]),
            ...withPrefix('mlflow.tag.', tags),
            ...withPrefix('mlflow.metric.', last),
          },
          events: [],
          links: [],
          status: status === 'FINISHED' ? { code: 1 } : status === 'FAILED' || status === 'KILLED' ? { code: 2, message: status } : { code: 0 },
          scope: { name: 'mlflow' },
        },
      });
    },
    artifactName: under,
  };
}

function withPrefix(prefix: string, entries: readonly (readonly [string, Json])[]): Record<string, Json> {
  return Object.fromEntries(entries.map(([key, value]) => [`${prefix}${key}`, value]));
}

/** Seconds or nanoseconds that were taken for milliseconds are in the client's history; in the record it is when the point came. */
function timeOf(timestamp: number): { readonly time?: UnixNano } {
  return timestamp > latestTime ? {} : { time: fromMilliseconds(timestamp) };
}

function parsed(text: string): Json {
  try {
    return parseNested(text) as Json;
  } catch {
    return text;
  }
}
