import { canonicalJson } from '../model/json.ts';
import type { Json } from '../model/json.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { RunSummary, SeriesSummary } from '../model/record.ts';
import { countPhases } from '../model/run-state.ts';
import type { MetricSummary } from '../model/metric-series.ts';
import type { RunState } from '../model/run-state.ts';
import { importFormat, vcsDirty, vcsRefHeadName, vcsRefHeadRevision } from '../model/semantic-conventions.ts';

/** What a list shows of a run. */
export function summarize(state: RunState, path: string): RunSummary {
  const phases = countPhases(state);
  const total = state.tasks.length;
  const text = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
  const branch = text(state.resource[vcsRefHeadName]);
  const commit = text(state.resource[vcsRefHeadRevision]);
  const imported = text(state.resource[importFormat]);
  const dirty = state.resource[vcsDirty];
  return {
    runId: state.runId,
    traceId: state.traceId,
    path,
    pipeline: state.pipeline.name,
    start: state.start,
    ...(state.end !== undefined && { end: state.end }),
    ...(state.outcome !== undefined && { outcome: state.outcome }),
    interrupted: state.interrupted,
    counts: {
      total,
      executed: total - phases.skip - phases.pending - phases.stale,
      succeeded: phases.success,
      failed: phases.failure + phases.error + phases.timeout,
      skipped: phases.skip,
    },
    params: state.params,
    taskParams: taskParams(state),
    series: state.tasks.flatMap((task) => Object.entries(task.metrics).map(([name, series]) => seriesSummary(task.node.id, name, series))),
    tags: taskTags(state),
    ...(branch !== undefined && { branch }),
    ...(commit !== undefined && { commit }),
    ...(typeof dirty === 'boolean' && { dirty }),
    ...(imported !== undefined && { imported }),
  };
}

/** Of the finite values; what has none has only a last one. */
function seriesSummary(task: TaskId, name: string, { count, last, min, max, mean }: MetricSummary): SeriesSummary {
  return { task, name, count, last, ...(min !== undefined && { min }), ...(max !== undefined && { max }), ...(mean !== undefined && { mean }) };
}

/** A parameter of thousands of matrix values is not listed in full. */
const valuesLimit = 50;

function taskParams(state: RunState): Record<string, readonly Json[]> {
  const values = collectDistinct<Json>();
  for (const task of state.tasks) {
    for (const [name, value] of Object.entries({ ...task.node.matrix, ...task.params, ...task.loggedParams })) {
      const ofRun = state.params[name];
      if (ofRun === undefined || canonicalJson(ofRun) !== canonicalJson(value)) values.add(name, canonicalJson(value), value);
    }
  }
  return values.all();
}

function taskTags(state: RunState): Record<string, readonly string[]> {
  const values = collectDistinct<string>();
  for (const task of state.tasks) for (const [name, value] of Object.entries(task.tags)) values.add(name, value, value);
  return values.all();
}

/** By name, values that differ in their `key`. */
function collectDistinct<T>(): { readonly add: (name: string, key: string, value: T) => void; readonly all: () => Record<string, readonly T[]> } {
  const known = new Map<string, Map<string, T>>();
  return {
    add: (name, key, value) => {
      const values = known.get(name) ?? new Map<string, T>();
      known.set(name, values);
      if (values.size < valuesLimit && !values.has(key)) values.set(key, value);
    },
    all: () => Object.fromEntries([...known].map(([name, values]) => [name, [...values.values()]])),
  };
}
