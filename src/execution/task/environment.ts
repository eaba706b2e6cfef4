/** What a task sees in its environment, on top of the executor's own. */
import path from 'node:path';
import type { Digest } from '../../model/fingerprint.ts';
import type { JsonObject } from '../../model/json.ts';
import type { RunId, SpanId, TraceId } from '../../model/run-event.ts';
import type { Task } from '../../model/pipeline.ts';
import { valueText } from '../../model/whole-float.ts';
import { reportingOf, withCollector, type ReportingContext } from './reporting-environment.ts';

/** A pickled object that a task gets as a parameter. */
export interface PickleFile {
  /** Keys and indices from the parameters down to it. */
  readonly at: readonly (string | number)[];
  /** Absolute. */
  readonly path: string;
  readonly digest: Digest;
  /** For messages: `the DataFrame that split returned as data`. */
  readonly what: string;
  /** Absolute. Where the task that returned it looks for modules first, in which the object's class may be. */
  readonly folders: readonly string[];
}

export interface EnvironmentContext {
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly task: Task;
  readonly runId: RunId;
  readonly traceId: TraceId;
  /** The attempt's span. */
  readonly spanId: SpanId;
  readonly params: JsonObject;
  readonly paramsFile: string;
  /** JSON of a list of `PickleFile`. Absent: none. */
  readonly picklesFile?: string | undefined;
  readonly logFile: string;
  readonly workspace: string;
  readonly pythonPath: string;
  /** Where the task's programs can report to. */
  readonly reporting?: Pick<ReportingContext, 'url' | 'token' | 'experiment'> | undefined;
}

export function taskEnvironment(context: EnvironmentContext): Record<string, string> {
  const { task, reporting, runId } = context;
  const { plain, shared } = surroundings(context);
  const environment: Record<string, string> = {
    ...shared,
    TRACEPARENT: `00-${context.traceId}-${context.spanId}-01`,
    OTEL_SERVICE_NAME: plain['OTEL_SERVICE_NAME'] ?? task.name,
    RUNWEAVE_RUN_ID: runId,
    RUNWEAVE_TASK: task.id,
    RUNWEAVE_PARAMS: context.paramsFile,
    RUNWEAVE_LOG: context.logFile,
  };
  if (context.picklesFile !== undefined) environment['RUNWEAVE_PICKLES'] = context.picklesFile;
  setParams(environment, context.params);
  return reporting === undefined ? environment : Object.assign(environment, reportingOf(plain, task.env, { token: reporting.token, runId, task: task.id }));
}

export function paramVariable(name: string): string {
  return `RUNWEAVE_PARAM_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

/**
 * The shortest first, as far as a process can be started with them; the params file has all. A text without NUL, at most
 * `longestParam` each and `mostOfParams` together, in bytes: Linux takes 128 KiB of each variable with its name, and 2 MiB
 * of all with the arguments (execve(2), a stack of 8 MiB), macOS 1 MiB of all, Windows 32,767 characters of each.
 */
function setParams(environment: Record<string, string>, params: JsonObject): void {
  const texts = new Map(Object.entries(params).map(([name, value]) => [paramVariable(name), valueText(value)]));
  const variables = [...texts].map(([name, text]) => ({ name, text, size: Buffer.byteLength(text) })).sort((a, b) => a.size - b.size);
  let all = 0;
  for (const { name, text, size } of variables) {
    const fits = size <= longestParam && all + size <= mostOfParams && !text.includes('\0');
    if (fits) environment[name] = text;
    // Nor is it what the pipeline file sets under that name.
    else Reflect.deleteProperty(environment, name);
    if (fits) all += size;
  }
}
const longestParam = process.platform === 'win32' ? 30 * 1024 : 100 * 1024;
const mostOfParams = 512 * 1024;

interface Surroundings {
  /** What tasks inherit, with the variables that the pipeline file sets. */
  readonly plain: Readonly<Record<string, string>>;
  /** With everything that is the same for another attempt. */
  readonly shared: Readonly<Record<string, string>>;
}

/** The same for thousands of attempts: made once for those whose tasks set the same variables. */
function surroundings({ inherited, task, workspace, pythonPath, reporting }: EnvironmentContext): Surroundings {
  let those = known.get(inherited);
  if (those === undefined) known.set(inherited, (those = new Map<string, Surroundings>()));
  const key = JSON.stringify([task.env, workspace, pythonPath, reporting?.url, reporting?.experiment]);
  let found = those.get(key);
  if (found === undefined) {
    const plain = { ...passedOn(inherited), ...task.env };
    const python = plain['PYTHONPATH'];
    const shared = {
      ...plain,
      RUNWEAVE_WORKSPACE: workspace,
      PYTHONPATH: python === undefined || python === '' ? pythonPath : `${pythonPath}${path.delimiter}${python}`,
      // Output is shown as it is written, so it must not wait in a buffer.
      PYTHONUNBUFFERED: plain['PYTHONUNBUFFERED'] ?? '1',
      PYTHONIOENCODING: plain['PYTHONIOENCODING'] ?? 'utf-8',
    };
    found = { plain, shared: reporting === undefined ? shared : withCollector(shared, task.env, reporting) };
    // Another run has another collector, and its attempts are over when the next begins.
    if (those.size >= mostSurroundings) those.clear();
    those.set(key, found);
  }
  return found;
}
const mostSurroundings = 100;
const known = new WeakMap<EnvironmentContext['inherited'], Map<string, Surroundings>>();

/** Of the executor's own, what its tasks inherit. */
function passedOn(inherited: EnvironmentContext['inherited']): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) {
    // The editor's own switches for its Node would change how a Node of the user starts.
    // Nor is what a task that started this executor was given, or reported, that of its tasks.
    if (value !== undefined && !/^(ELECTRON_|VSCODE_|RUNWEAVE_PARAM_|RUNWEAVE_TRACK_|runnable_TRACK_|RUNWEAVE_PICKLES$)/.test(name)) environment[name] = value;
  }
  return environment;
}
