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
const ofOtlp = remembered(/^OTEL_EXPORTER_OTLP_/);
const otlpEndpoint = /^OTEL_EXPORTER_OTLP_(?:(?:TRACES|METRICS|LOGS)_)?ENDPOINT$/;
/** Where MLflow's client reports to, and as whom; not how it works. */
const ofMlflow = remembered(/^MLFLOW_(?:TRACKING_\w+|REGISTRY_URI|EXPERIMENT_NAME|EXPERIMENT_ID|RUN_ID|WORKSPACE)$/);
const mlflowEndpoint = /^MLFLOW_TRACKING_URI$/;
const ofProxies = remembered(/^(?:https?|all)_proxy$/i);

/** How the client behaves with a collector, unless the environment says otherwise. */
const mlflowHabits = {
  // Spans to the tracking server: the exporter of OpenTelemetry, which it would take for our OTLP endpoint, need not be installed.
  MLFLOW_ENABLE_OTLP_EXPORTER: 'false',
  // Links into a user interface that isn't there.
  MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: 'true',
  // Usage statistics to a server of MLflow's: what a task does stays on the machine.
  MLFLOW_DISABLE_TELEMETRY: 'true',
};

/** `environment` with the collector's variables; `own` are those that the pipeline file sets, and are in it already. */
export function withReporting(environment: Readonly<Record<string, string>>, own: Readonly<Record<string, string>>, { url, token, runId, task, experiment }: ReportingContext): Record<string, string> {
  const names = Object.keys(own);
  let result: Readonly<Record<string, string>> = environment;
  if (!names.some((name) => otlpEndpoint.test(name))) {
    result = {
      ...without(result, ofOtlp),
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${token}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_RESOURCE_ATTRIBUTES: [environment['OTEL_RESOURCE_ATTRIBUTES'], `${cicdPipelineRunId}=${encode(runId)},${cicdPipelineTaskRunId}=${encode(`${runId}/${task}`)}`].filter((part) => part !== undefined && part !== '').join(','),
      // By default spans and log records wait for five seconds: too long to watch.
      OTEL_BSP_SCHEDULE_DELAY: environment['OTEL_BSP_SCHEDULE_DELAY'] ?? '500',
      OTEL_BLRP_SCHEDULE_DELAY: environment['OTEL_BLRP_SCHEDULE_DELAY'] ?? '500',
      ...only(own, ofOtlp),
    };
  }
  if (!names.some((name) => mlflowEndpoint.test(name))) {
    result = { ...mlflowHabits, ...without(result, ofMlflow), MLFLOW_TRACKING_URI: url, MLFLOW_TRACKING_TOKEN: token, MLFLOW_EXPERIMENT_NAME: experiment, ...only(own, ofMlflow) };
  }
  return withoutProxy(result);
}

/** A client that goes through a proxy would look for the collector on the proxy's machine. */
function withoutProxy(environment: Record<string, string>): Record<string, string> {
  if (!Object.keys(environment).some(ofProxies)) return environment;
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

/** For each attempt, so without lists of entries in between. */
function without(environment: Readonly<Record<string, string>>, isOne: (name: string) => boolean): Record<string, string> {
  const rest: Record<string, string> = {};
  for (const name in environment) if (!isOne(name)) rest[name] = environment[name] ?? '';
  return rest;
}

function only(environment: Readonly<Record<string, string>>, isOne: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => isOne(name)));
}

/** Thousands of attempts have the same variables. */
function remembered(pattern: RegExp): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    let answer = known.get(name);
    if (answer === undefined) known.set(name, (answer = pattern.test(name)));
    return answer;
  };
}
