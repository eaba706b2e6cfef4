/** What a task sees in its environment, on top of the executor's own. */
import path from 'node:path';
import type { Digest } from '../../model/fingerprint.ts';
import type { JsonObject } from '../../model/json.ts';
import type { RunId, SpanId, TraceId } from '../../model/run-event.ts';
import type { Task } from '../../model/pipeline.ts';
import { withReporting, type ReportingContext } from './reporting-environment.ts';

/** A pickled object that a task gets as a parameter. */
export interface PickleFile {
  /** Keys and indices from the parameters down to it. */
  readonly at: readonly (string | number)[];
  /** Absolute. */
  readonly path: string;
  readonly digest: Digest;
  /** For messages: `the DataFrame that split returned as data`. */
  readonly what: string;
}

export interface EnvironmentContext {
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly task: Task;
  readonly runId: RunId;
  readonly traceId: TraceId;
  /** The attempt's span. */
  readonly spanId: SpanId;
  readonly params: JsonObject;
  /** Absent: none. */
  readonly pickles?: readonly PickleFile[];
  readonly paramsFile: string;
  readonly logFile: string;
  readonly workspace: string;
  readonly pythonPath: string;
  /** Where the task's programs can report to. */
  readonly reporting?: Pick<ReportingContext, 'url' | 'token' | 'experiment'> | undefined;
}

/** Of the executor's own, what its tasks inherit: the same for thousands of them. */
function passedOn(inherited: EnvironmentContext['inherited']): Readonly<Record<string, string>> {
  let environment = known.get(inherited);
  if (environment === undefined) {
    environment = {};
    for (const [name, value] of Object.entries(inherited)) {
      // The editor's own switches for its Node would change how a Node of the user starts.
      // Nor is what a task that started this executor was given, or reported, that of its tasks.
      if (value !== undefined && !/^(ELECTRON_|VSCODE_|RUNWEAVE_PARAM_|RUNWEAVE_TRACK_|runnable_TRACK_|RUNWEAVE_PICKLES$)/.test(name)) environment[name] = value;
    }
    known.set(inherited, environment);
  }
  return environment;
}
const known = new WeakMap<EnvironmentContext['inherited'], Record<string, string>>();

export function taskEnvironment(context: EnvironmentContext): Record<string, string> {
  const environment = { ...passedOn(context.inherited), ...context.task.env };
  const python = environment['PYTHONPATH'];
  Object.assign(environment, {
    TRACEPARENT: `00-${context.traceId}-${context.spanId}-01`,
    OTEL_SERVICE_NAME: environment['OTEL_SERVICE_NAME'] ?? context.task.name,
    RUNWEAVE_RUN_ID: context.runId,
    RUNWEAVE_TASK: context.task.id,
    RUNWEAVE_PARAMS: context.paramsFile,
    RUNWEAVE_LOG: context.logFile,
    RUNWEAVE_WORKSPACE: context.workspace,
    PYTHONPATH: python === undefined || python === '' ? context.pythonPath : `${context.pythonPath}${path.delimiter}${python}`,
    // Output is shown as it is written, so it must not wait in a buffer.
    PYTHONUNBUFFERED: environment['PYTHONUNBUFFERED'] ?? '1',
    PYTHONIOENCODING: environment['PYTHONIOENCODING'] ?? 'utf-8',
  });
  if (context.pickles !== undefined && context.pickles.length > 0) environment['RUNWEAVE_PICKLES'] = JSON.stringify(context.pickles);
  for (const [name, value] of Object.entries(context.params)) {
    environment[`RUNWEAVE_PARAM_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  if (context.reporting === undefined) return environment;
  return withReporting(environment, context.task.env, { ...context.reporting, runId: context.runId, task: context.task.id });
}
