/**
 * Runs into an MLflow tracking server, by its REST interface: https://mlflow.org/docs/latest/api_reference/rest-api.html
 *
 * A run that was exported before is known by its tag `runweave.run_id`. The run itself is marked as finished last, after
 * its tasks and artifacts.
 */
import { toMlflowRuns, type MlflowPoint, type MlflowRun } from '../../exporters/mlflow.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { ExportError } from './export-error.ts';
import type { ExportContext, Exporter, RunToExport } from './exporter.ts';
import type { HttpResponse } from './http-request.ts';
import { sendWithRetry } from './send-with-retry.ts';

/** Limits of one `log-batch`, of which all together may be 1000: https://mlflow.org/docs/latest/api_reference/rest-api.html#log-batch */
const mostMetrics = 1000;
const mostTexts = 100;
/** Characters; the server refuses or cuts longer ones. */
const longestParam = 6000;
const longestTag = 5000;

export interface MlflowServer {
  /** As `MLFLOW_TRACKING_URI` has it. */
  readonly url: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function mlflowServerExporter({ force, note, signal, written }: ExportContext, server: MlflowServer): Exporter {
  const base = server.url.replace(/\/+$/, '');
  const headers = authorization(server);
  const send = async (method: 'GET' | 'POST' | 'PUT', url: string, body?: string | Uint8Array, type = 'application/json'): Promise<HttpResponse> => {
    try {
      return await sendWithRetry({ method, url, headers: { ...headers, ...(body !== undefined && { 'content-type': type }) }, ...(body !== undefined && { body: Buffer.from(body) }), timeout: 60_000, signal });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new ExportError(`${base} could not be reached: ${(error as Error).message}`);
    }
  };
  /** `undefined`: there is no such thing. */
  const ask = async (method: 'GET' | 'POST', name: string, body?: string): Promise<JsonObject | undefined> => {
    const response = await send(method, `${base}/api/2.0/mlflow/${name}`, body);
    const text = response.body.toString('utf8');
    const answer = parsed(text);
    if (response.status === 200) return answer;
    if (answer['error_code'] === 'RESOURCE_DOES_NOT_EXIST') return undefined;
    throw new ExportError(`${base} answered ${response.status} to ${name.replace(/\?.*/, '')}: ${typeof answer['message'] === 'string' ? answer['message'].slice(0, 500) : text.slice(0, 200)}`);
  };
  const post = async (name: string, fields: JsonObject): Promise<JsonObject> => (await ask('POST', name, JSON.stringify(fields))) ?? {};
  const runIds = async (experiment: string, filter: string, most: number): Promise<readonly string[]> => {
    const { runs } = await post('runs/search', { experiment_ids: [experiment], filter, max_results: most });
    return (Array.isArray(runs) ? (runs as readonly unknown[]) : []).flatMap((each) => {
      const id = objectIn(objectOf(each), 'info')['run_id'];
      return typeof id === 'string' ? [id] : [];
    });
  };
  const experiments = new Map<string, Promise<string>>();
  const experimentOf = (name: string): Promise<string> => {
    const asked = experiments.get(name) ?? findExperiment(name);
    experiments.set(name, asked);
    return asked;
  };
  const findExperiment = async (name: string): Promise<string> => {
    const found = objectIn((await ask('GET', `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`)) ?? {}, 'experiment');
    if (found['lifecycle_stage'] === 'deleted') throw new ExportError(`the experiment ${name} is deleted in ${base}; restore it, or delete it for good`);
    const id = found['experiment_id'] ?? (await post('experiments/create', { name }))['experiment_id'];
    if (typeof id !== 'string') throw new ExportError(`${base} does not answer as an MLflow server does`);
    return id;
  };

  const create = async (run: MlflowRun, experiment: string, parent: string | undefined): Promise<{ readonly id: string; readonly artifacts: string }> => {
    const tags = run.tags.map(([key, value]) => ({ key, value: (key === 'mlflow.parentRunId' ? (parent ?? '') : value).slice(0, longestTag) }));
    const created = objectIn(objectIn(await post('runs/create', { experiment_id: experiment, run_name: run.name, start_time: run.start, tags: tags.slice(0, mostTexts) }), 'run'), 'info');
    const { run_id: id, artifact_uri: artifacts } = created;
    if (typeof id !== 'string' || typeof artifacts !== 'string') throw new ExportError(`${base} does not answer as an MLflow server does`);
    for (let at = mostTexts; at < tags.length; at += mostTexts) await post('runs/log-batch', { run_id: id, tags: tags.slice(at, at + mostTexts) });
    const params = run.params.map(([key, value]) => ({ key, value: value.slice(0, longestParam) }));
    for (let at = 0; at < params.length; at += mostTexts) await post('runs/log-batch', { run_id: id, params: params.slice(at, at + mostTexts) });
    for (const metrics of batches(run)) await post('runs/log-batch', { run_id: id, metrics });
    const cut = [...run.params.filter(([, value]) => value.length > longestParam), ...run.tags.filter(([, value]) => value.length > longestTag)];
    if (cut.length > 0) note(`${run.name}: longer than the server takes, and cut: ${cut.map(([name]) => name).join(', ')}`);
    return { id, artifacts };
  };
  const upload = async (run: MlflowRun, uri: string, { readArtifact }: RunToExport): Promise<void> => {
    if (run.artifacts.length === 0) return;
    // Any other is the server's own disk or bucket, which its clients write themselves.
    const folder = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.*)$/.exec(uri)?.[1];
    if (folder === undefined) {
      note(`${run.name}: the server keeps artifacts at ${uri}, where only MLflow's own client can put them; they were left out`);
      return;
    }
    for (const { path, artifact } of run.artifacts) {
      const bytes = await readArtifact(artifact);
      if (bytes === undefined) {
        note(`${run.name}: the artifact ${artifact.name} is not here any more, and was left out`);
        continue;
      }
      const response = await send('PUT', `${base}/api/2.0/mlflow-artifacts/artifacts/${`${folder}/${path}`.split('/').map(encodeURIComponent).join('/')}`, bytes, 'application/octet-stream');
      if (response.status !== 200) throw new ExportError(`${base} answered ${response.status} to the artifact ${path}: ${response.body.toString('utf8').slice(0, 200)}`);
    }
  };
  const finish = (id: string, run: MlflowRun): Promise<JsonObject> => post('runs/update', { run_id: id, status: run.status, ...(run.end !== undefined && { end_time: run.end }) });

  return {
    add: async (run) => {
      const { state } = run;
      const experiment = await experimentOf(state.pipeline.name);
      const earlier = await runIds(experiment, `tags."runweave.run_id" = '${state.runId.replaceAll("'", '')}'`, 10);
      if (earlier.length > 0 && !force) {
        note(`${state.runId} is there already; --force replaces it`);
        return;
      }
      const [root, ...tasks] = toMlflowRuns(state);
      if (root === undefined) return;
      const made = await create(root, experiment, undefined);
      for (const task of tasks) {
        signal.throwIfAborted();
        const { id, artifacts } = await create(task, experiment, made.id);
        await upload(task, artifacts, run);
        await finish(id, task);
      }
      await finish(made.id, root);
      for (const id of earlier) {
        const children = await runIds(experiment, `tags."mlflow.parentRunId" = '${id}'`, 50_000);
        for (const each of [...children, id]) await post('runs/delete', { run_id: each });
      }
      written(`${base}/#/experiments/${experiment}/runs/${made.id}`);
    },
  };
}

function* batches(run: MlflowRun): Generator<readonly JsonObject[]> {
  let batch: JsonObject[] = [];
  for (const { name, points } of run.metrics) {
    for (const point of points()) {
      batch.push(metricJson(name, point));
      if (batch.length < mostMetrics) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** Protobuf's JSON has names for what JSON has no number for. */
function metricJson(key: string, { value, timestamp, step }: MlflowPoint): JsonObject {
  return { key, value: Number.isFinite(value) ? value : String(value), timestamp, ...(step !== undefined && { step }) };
}

/**
 * As MLflow's client takes it from the environment; but what was meant for another server, as in a task, which has a
 * collector's, is not sent to this one.
 */
function authorization({ url, environment }: MlflowServer): Readonly<Record<string, string>> {
  const meant = environment['MLFLOW_TRACKING_URI'];
  if (meant !== undefined && meant !== '' && originOf(meant) !== originOf(url)) return {};
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password } = environment;
  if (user !== undefined && password !== undefined) return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
  return token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` };
}

function originOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return url;
  }
}

function parsed(text: string): JsonObject {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function objectIn(holder: JsonObject, field: string): JsonObject {
  return objectOf(holder[field]);
}
