/**
 * The files of MLflow's file store (`mlruns/`), which versions 2 and 3 both read:
 * https://github.com/mlflow/mlflow/blob/master/mlflow/store/tracking/file_store.py
 *
 *   <experiment>/meta.yaml
 *   <experiment>/<run>/meta.yaml  params/NAME  metrics/NAME  tags/NAME  artifacts/…
 */
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { MlflowPoint, MlflowRun, MlflowStatus } from './mlflow.ts';

/** As MLflow makes them: 18 digits. The same for the same name. */
export function experimentId(name: string): string {
  const number = BigInt(`0x${createHash('sha256').update(name).digest('hex').slice(0, 15)}`);
  return String((number % 900_000_000_000_000_000n) + 100_000_000_000_000_000n);
}

/** `location`: the folder's URI. */
export function experimentMeta(experiment: { readonly id: string; readonly name: string; readonly location: string; readonly time: number }): string {
  const { id, name, location, time } = experiment;
  return stringify({ artifact_location: location, creation_time: time, experiment_id: id, last_update_time: time, lifecycle_stage: 'active', name });
}

export function runMeta(run: MlflowRun, experiment: string, artifacts: string): string {
  return stringify({
    artifact_uri: artifacts,
    end_time: run.end ?? null,
    entry_point_name: '',
    experiment_id: experiment,
    lifecycle_stage: 'active',
    run_id: run.id,
    run_name: run.name,
    run_uuid: run.id,
    source_name: '',
    source_type: 4,
    source_version: '',
    start_time: run.start,
    status: statusNumber(run.status),
    tags: [],
    user_id: '',
  });
}

/** A line without a step where the point has none. */
export function metricLine({ timestamp, value, step }: MlflowPoint): string {
  return `${timestamp} ${value}${step === undefined ? '' : ` ${step}`}\n`;
}

/** `RunStatus` of https://github.com/mlflow/mlflow/blob/master/mlflow/protos/service.proto */
function statusNumber(status: MlflowStatus): number {
  switch (status) {
    case 'RUNNING':
      return 1;
    case 'FINISHED':
      return 3;
    case 'FAILED':
      return 4;
    case 'KILLED':
      return 5;
    default:
      return status satisfies never;
  }
}
