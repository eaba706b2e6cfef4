/**
 * The variables by which OpenTelemetry's SDKs and MLflow's client find the collector, so that a program that is written
 * for them reports into the run as it is.
 *
 * What the executor inherited of these is about the executor's own surroundings, and is taken out. What the pipeline
 * file sets for a task wins: a task that names an endpoint of its own reports there, with the credentials that it
 * inherited or was given, and never with ours.
 */
import type { RunId } from '../../model/run-event.ts';
import type { TaskId } from '../../model/pipeline.ts';
import { cicdPipelineRunId, cicdPipelineTaskRunId } from '../../model/semantic-conventions.ts';

export interface ReportingContext {
  readonly url: string;
  readonly token: string;
  readonly runId: RunId;
  readonly task: TaskId;
  /** The pipeline's name. */
  readonly experiment: string;
}

/** https://opentelemetry.io/docs/specs/otel/protocol/exporter/; the ones for a single signal would win over ours. */
const ofOtlp = /^OTEL_EXPORTER_OTLP_/;
const otlpEndpoint = /^OTEL_EXPORTER_OTLP_(?:(?:TRACES|METRICS|LOGS)_)?ENDPOINT$/;
/** Where MLflow's client reports to, and as whom; not how it works. */
const ofMlflow = /^MLFLOW_(?:TRACKING_\w+|REGISTRY_URI|EXPERIMENT_NAME|EXPERIMENT_ID|RUN_ID|WORKSPACE)$/;
const mlflowEndpoint = /^MLFLOW_TRACKING_URI$/;
const ofProxies = /^(?:https?|all)_proxy$/i;

/** How the client behaves with a collector, unless the environment says otherwise. */
const mlflowHabits = {
  // Spans to the tracking server: the exporter of OpenTelemetry, which it would take for our OTLP endpoint, need not be installed.
  MLFLOW_ENABLE_OTLP_EXPORTER: 'false',
  // Links into a user interface that isn't there.
  MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: 'true',
  // Usage statistics to a server of MLflow's: what a task does stays on the machine.
  MLFLOW_DISABLE_TELEMETRY: 'true',
};

type Variables = Readonly<Record<string, string>>;

/**
 * `environment` with those of the collector's variables that all attempts of a run share. `own` are the variables that the
 * pipeline file sets, and are in it already.
 */
export function withCollector(environment: Variables, own: Variables, { url, experiment }: Pick<ReportingContext, 'url' | 'experiment'>): Record<string, string> {
  let result = environment;
  if (!isNamed(own, otlpEndpoint)) {
    result = {
      ...without(result, ofOtlp),
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      // By default spans and log records wait for five seconds: too long to watch.
      OTEL_BSP_SCHEDULE_DELAY: environment['OTEL_BSP_SCHEDULE_DELAY'] ?? '500',
      OTEL_BLRP_SCHEDULE_DELAY: environment['OTEL_BLRP_SCHEDULE_DELAY'] ?? '500',
      ...only(own, ofOtlp),
    };
  }
  if (!isNamed(own, mlflowEndpoint)) {
    result = { ...mlflowHabits, ...without(result, ofMlflow), MLFLOW_TRACKING_URI: url, MLFLOW_EXPERIMENT_NAME: experiment, ...only(own, ofMlflow) };
  }
  return withoutProxy(result);
}

/** The others, which are one attempt's alone; `environment` is what `withCollector` was given. */
export function reportingOf(environment: Variables, own: Variables, { token, runId, task }: Pick<ReportingContext, 'token' | 'runId' | 'task'>): Variables {
  const attempt: Record<string, string> = {};
  if (!isNamed(own, otlpEndpoint)) {
    attempt['OTEL_EXPORTER_OTLP_HEADERS'] = own['OTEL_EXPORTER_OTLP_HEADERS'] ?? `authorization=Bearer%20${token}`;
    attempt['OTEL_RESOURCE_ATTRIBUTES'] = [environment['OTEL_RESOURCE_ATTRIBUTES'], `${cicdPipelineRunId}=${encode(runId)},${cicdPipelineTaskRunId}=${encode(`${runId}/${task}`)}`].filter((part) => part !== undefined && part !== '').join(',');
  }
  if (!isNamed(own, mlflowEndpoint)) attempt['MLFLOW_TRACKING_TOKEN'] = own['MLFLOW_TRACKING_TOKEN'] ?? token;
  return attempt;
}

function isNamed(own: Variables, pattern: RegExp): boolean {
  return Object.keys(own).some((name) => pattern.test(name));
}

/** A client that goes through a proxy would look for the collector on the proxy's machine. */
function withoutProxy(environment: Variables): Record<string, string> {
  if (!Object.keys(environment).some((name) => ofProxies.test(name))) return environment;
  // Some programs read the one, some the other.
  const { NO_PROXY: upper, no_proxy: lower } = environment;
  return { ...environment, NO_PROXY: withLoopback(upper ?? lower ?? ''), no_proxy: withLoopback(lower ?? upper ?? '') };
}

function withLoopback(hosts: string): string {
  if (hosts.split(',').some((host) => host.trim() === '127.0.0.1' || host.trim() === '*')) return hosts;
  return hosts === '' ? '127.0.0.1' : `${hosts},127.0.0.1`;
}

/** As W3C Baggage has it; the SDKs decode it. */
function encode(value: string): string {
  return encodeURIComponent(value);
}

function without(environment: Variables, pattern: RegExp): Record<string, string> {
  return only(environment, { test: (name) => !pattern.test(name) });
}

function only(environment: Variables, pattern: Pick<RegExp, 'test'>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => pattern.test(name)));
}
