/** What a task sees in its environment, on top of the executor's own. */
import path from 'node:path';
import type { JsonObject } from '../../model/json.ts';
import type { RunId, SpanId, TraceId } from '../../model/run-event.ts';
import type { Task } from '../../model/pipeline.ts';
import { withReporting, type ReportingContext } from './reporting-environment.ts';

export interface EnvironmentContext {
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly task: Task;
  readonly runId: RunId;
  readonly traceId: TraceId;
  /** The attempt's span. */
  readonly spanId: SpanId;
  readonly params: JsonObject;
  readonly paramsFile: string;
  readonly logFile: string;
  readonly workspace: string;
  readonly pythonPath: string;
  /** Where the task's programs can report to. */
  readonly reporting?: Pick<ReportingContext, 'url' | 'token' | 'experiment'> | undefined;
}

export function taskEnvironment(context: EnvironmentContext): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(context.inherited)) {
    // The editor's own switches for its Node would change how a Node of the user starts.
    // Nor are the parameters of a task that started this executor those of its tasks.
    if (value !== undefined && !/^(ELECTRON_|VSCODE_|RUNWEAVE_PARAM_)/.test(name)) environment[name] = value;
  }
  Object.assign(environment, context.task.env);
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
  for (const [name, value] of Object.entries(context.params)) {
    environment[`RUNWEAVE_PARAM_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  if (context.reporting === undefined) return environment;
  return withReporting(environment, context.task.env, { ...context.reporting, runId: context.runId, task: context.task.id });
}
