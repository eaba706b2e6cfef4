/** A run as MLflow has it, in memory while its task runs, and as the client gets it. */
import type { Json, JsonObject } from '../../model/json.ts';
import type { SpanId } from '../../model/run-event.ts';
import { protoDouble } from './fields.ts';
import { createMetricSeries, type MetricPoint, type MetricSeries } from './metric-series.ts';

export type RunStatus = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';
/** By their numbers in `service.proto`. */
export const runStatuses: Readonly<Record<number, RunStatus>> = { 1: 'RUNNING', 2: 'SCHEDULED', 3: 'FINISHED', 4: 'FAILED', 5: 'KILLED' };

/**
 * Where a run is in the record: the first one is the task itself; every other is a span below the attempt, and its
 * metrics and artifacts go under its label.
 */
export type RunPlace = { readonly type: 'task' } | { readonly type: 'child'; readonly label: string; readonly spanId: SpanId; readonly parent: SpanId };

export interface DatasetInput {
  /** `name`, `digest`, `source_type`, `source`, `schema`, `profile`. */
  readonly dataset: Readonly<Record<string, string>>;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}

export interface Run {
  readonly id: string;
  readonly experimentId: string;
  readonly userId: string;
  readonly place: RunPlace;
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly metrics: Map<string, MetricSeries>;
  /** By name, digest and context. */
  readonly datasets: Map<string, DatasetInput>;
  readonly modelInputs: Set<string>;
  readonly modelOutputs: Map<string, number>;
  name: string;
  status: RunStatus;
  endTime: number | undefined;
  isDeleted: boolean;
  /** The span of a child is in the record; what comes later can't be added to it. */
  isTold: boolean;
}

export function isOver(run: Run): boolean {
  return run.status === 'FINISHED' || run.status === 'FAILED' || run.status === 'KILLED';
}

export function seriesOf(run: Run, key: string): MetricSeries {
  const known = run.metrics.get(key) ?? createMetricSeries();
  run.metrics.set(key, known);
  return known;
}

/** The artifact root below `mlflow-artifacts:/`. */
export function artifactRoot(run: Run): string {
  return `${run.experimentId}/${run.id}/artifacts`;
}

export function runInfo(run: Run): JsonObject {
  return {
    run_id: run.id,
    run_uuid: run.id,
    run_name: run.name,
    experiment_id: run.experimentId,
    user_id: run.userId,
    status: run.status,
    start_time: run.startTime,
    ...(run.endTime !== undefined && { end_time: run.endTime }),
    artifact_uri: `mlflow-artifacts:/${artifactRoot(run)}`,
    lifecycle_stage: run.isDeleted ? 'deleted' : 'active',
  };
}

export function runMessage(run: Run): JsonObject {
  return {
    info: runInfo(run),
    data: {
      metrics: [...run.metrics].flatMap(([key, { latest }]) => (latest === undefined ? [] : [metricMessage(key, latest)])),
      params: pairs(run.params),
      tags: pairs(run.tags),
    },
    inputs: {
      dataset_inputs: [...run.datasets.values()].map(({ dataset, tags }) => ({ dataset, tags })),
      model_inputs: [...run.modelInputs].map((id) => ({ model_id: id })),
    },
    outputs: { model_outputs: [...run.modelOutputs].map(([id, step]) => ({ model_id: id, step })) },
  };
}

export function metricMessage(key: string, { value, timestamp, step }: MetricPoint): JsonObject {
  return { key, value: protoDouble(value), timestamp, step };
}

export function pairs(entries: ReadonlyMap<string, Json>): readonly JsonObject[] {
  return [...entries].map(([key, value]) => ({ key, value }));
}
