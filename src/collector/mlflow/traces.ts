/**
 * Traces of `mlflow.start_span` and of autologging for language models. MLflow 3 sends their spans by OTLP to
 * `/v1/traces` of the tracking server, which is another service's; here is what it asks for around that. MLflow 2 sends
 * them as an artifact, and is told where to put it.
 */
import { randomBytes } from 'node:crypto';
import type { JsonObject } from '../../model/json.ts';
import type { Budget } from './budget.ts';
import type { Fields } from './fields.ts';
import { invalid, missing, Refusal } from './refusal.ts';
import type { Routes } from './routes.ts';

const notReadable = 'Traces can be logged, and are in the record of the run; they can\'t be read back or searched while the task runs.';

export function traceRoutes(budget: Budget): Routes {
  const traces = new Map<string, JsonObject>();
  const unsupported = (): never => {
    throw new Refusal('NOT_IMPLEMENTED', notReadable);
  };
  const find = (id: string): JsonObject => {
    const trace = traces.get(id);
    if (trace === undefined) throw missing(`Trace with ID '${id}' not found. ${notReadable}`);
    return trace;
  };
  const keep = (id: string, trace: JsonObject): JsonObject => {
    budget.text(id, JSON.stringify(trace));
    traces.set(id, trace);
    return trace;
  };
  const tagged = (fields: Fields, id: string): JsonObject => {
    const trace = find(id);
    const tags = trace['tags'];
    const key = fields.string('key');
    const value = fields.optionalString('value') ?? '';
    // The tags of version 3 are a map, those of version 2 a list.
    keep(id, { ...trace, tags: Array.isArray(tags) ? [...(tags as readonly JsonObject[]).filter((tag) => tag['key'] !== key), { key, value }] : { ...(tags as JsonObject | undefined), [key]: value } });
    return {};
  };
  return {
    'POST v3/traces': (fields) => {
      const info = fields.object('trace')?.object('trace_info');
      if (info === undefined) throw invalid("Missing value for required parameter 'trace'. See the API docs for more information about request parameters.");
      // With this tag the client knows that the spans are here, and does not upload them as a file.
      const tags = { ...info.object('tags')?.raw, 'mlflow.trace.spansLocation': 'TRACKING_STORE' };
      return { trace: { trace_info: keep(info.string('trace_id'), { ...info.raw, tags }) } };
    },
    'GET v3/traces/{trace_id}': (fields) => ({ trace: { trace_info: find(fields.string('trace_id')) } }),
    'PATCH v3/traces/{trace_id}/tags': (fields) => tagged(fields, fields.string('trace_id')),
    'GET v3/traces/get': unsupported,
    'GET v3/traces/batchGet': unsupported,
    'POST v3/traces/search': unsupported,
    'POST v3/traces/batchGetInfos': unsupported,
    'GET traces': unsupported,
    'POST traces/link-to-run': () => ({}),
    'POST traces/link-prompts': () => ({}),
    'POST traces': (fields) => {
      const id = `tr-${randomBytes(16).toString('hex')}`;
      const experiment = fields.optionalString('experiment_id') ?? '0';
      return {
        trace_info: keep(id, {
          request_id: id,
          experiment_id: experiment,
          timestamp_ms: fields.optionalInteger('timestamp_ms') ?? 0,
          status: 'IN_PROGRESS',
          request_metadata: fields.objects('request_metadata').map(({ raw }) => raw),
          tags: [...fields.objects('tags').map(({ raw }) => raw), { key: 'mlflow.artifactLocation', value: `mlflow-artifacts:/${experiment}/traces/${id}/artifacts` }],
        }),
      };
    },
    'PATCH traces/{request_id}': (fields) => {
      const id = fields.string('request_id');
      const trace = find(id);
      const started = trace['timestamp_ms'];
      const list = (name: string): readonly JsonObject[] => [...(trace[name] as readonly JsonObject[]), ...fields.objects(name).map(({ raw }) => raw)];
      return {
        trace_info: keep(id, {
          ...trace,
          execution_time_ms: Math.max(0, (fields.optionalInteger('timestamp_ms') ?? 0) - (typeof started === 'number' ? started : 0)),
          status: fields.optionalString('status') ?? 'OK',
          request_metadata: list('request_metadata'),
          tags: list('tags'),
        }),
      };
    },
    'GET traces/{request_id}/info': (fields) => ({ trace_info: find(fields.string('request_id')) }),
    'PATCH traces/{request_id}/tags': (fields) => tagged(fields, fields.string('request_id')),
  };
}
