/**
 * MLflow's REST API for one running task, as the `mlflow` client of PyPI speaks it (2.x and 3.x). What the task logs goes
 * into the record at once; what the client reads back comes from memory, and is gone with the attempt.
 *
 * Reference: https://mlflow.org/docs/latest/api_reference/rest-api.html, the messages in `mlflow/protos/service.proto`,
 * and the client's own code where these are silent. docs/mlflow.md says what is served.
 */
import type { Json, JsonObject } from '../../model/json.ts';
import { isJsonObject } from '../../model/json.ts';
import { NestedTooDeeply, parseNested } from '../../model/nested-json.ts';
import type { CollectedAttempt, Service, ServiceFactory, ServiceRequest, ServiceResponse } from '../service.ts';
import { createArtifacts, type Artifacts } from './artifacts.ts';
import { createBudget } from './budget.ts';
import { createExperiments } from './experiments.ts';
import { fieldsOf, type Fields } from './fields.ts';
import { createLoggedModels, type LoggedModels } from './logged-models.ts';
import { metricHistoryRoutes } from './metric-history.ts';
import { modelRegistryRoutes } from './model-registry.ts';
import { errorResponse, invalid, Refusal, refusalResponse } from './refusal.ts';
import { createRouter, type Routes } from './routes.ts';
import { createRuns, type Runs } from './runs.ts';
import { createTelling } from './telling.ts';
import { traceRoutes } from './traces.ts';

/** The version of MLflow whose API this is: its client asks, and sends spans from 3.4 on only. */
const version = '3.17.2';
/** As MLflow's server has it: `MAX_BATCH_LOG_REQUEST_SIZE`. */
const maxBatchBytes = 1_000_000;
const json = { 'content-type': 'application/json' };
const plain = { 'content-type': 'text/plain; charset=utf-8' };
/** What a newer client may ask for before anything else (`mlflow/utils/server_info.py`). */
const serverInfo = { store_type: 'runweave', workspaces_enabled: false, trace_archival_enabled: false, multipart_uploads_enabled: false, multipart_downloads_enabled: false };

export const mlflow: ServiceFactory = createMlflow(Date.now);

/** `now`: milliseconds since the epoch. */
export function createMlflow(now: () => number): ServiceFactory {
  return {
    owns: (path) => /^\/(api|ajax-api)\/|^\/(version|health)$/.test(path),
    open: (attempt) => openService(attempt, now),
    error: (status, message) => errorResponse(codeOf(status), message, status),
  };
}

function openService(attempt: CollectedAttempt, now: () => number): Service {
  const budget = createBudget();
  const telling = createTelling(attempt);
  const experiments = createExperiments(now, budget);
  // These three know each other: a metric may be a model's, a model is a run's, and both have artifacts.
  const runs: Runs = createRuns({ attempt, now, budget, experiments, telling, onModelMetric: (metric) => models.addMetric(metric) });
  const models: LoggedModels = createLoggedModels({ attempt, now, budget, experiments, telling, runs: () => runs, list: (root, path) => artifacts.list(root, path) });
  const artifacts: Artifacts = createArtifacts({ attempt, runs, telling, budget, modelOwner: models.owner });
  const routes: Routes = {
    ...experiments.routes,
    ...runs.routes,
    ...metricHistoryRoutes(runs),
    ...models.routes,
    ...modelRegistryRoutes({ now, budget, telling, runOf: (runId, modelId) => runs.get(runId) ?? models.owner(modelId)?.run }),
    ...artifacts.routes,
    ...traceRoutes(budget),
    'GET v3/server-info': () => serverInfo,
    'GET v3/server-features': () => ({ features_enabled: [] }),
  };
  const route = createRouter(routes);

  const answer = async (request: ServiceRequest): Promise<ServiceResponse> => {
    if (request.path === '/version') return { status: 200, headers: plain, body: version };
    if (request.path === '/health') return { status: 200, headers: plain, body: 'OK' };
    const api = /^\/(?:api|ajax-api)\/(2\.0|3\.0)\/(mlflow|mlflow-artifacts)\/(.*)$/s.exec(request.path);
    const path = api?.[3] ?? '';
    if (api?.[2] === 'mlflow-artifacts') return artifacts.handle(request, path);
    // What version 3.0 of the API alone has is under `v3/`; everything else is served under both.
    const found = (api?.[1] === '3.0' ? route(request.method, `v3/${path}`) : undefined) ?? (api === null ? undefined : route(request.method, path));
    if (found === undefined) throw new Refusal('ENDPOINT_NOT_FOUND', `No API found for ${request.method} ${request.path.slice(0, 200)}. What there is of MLflow's API is listed in Runweave's docs/mlflow.md.`);
    const body = await readBody(request);
    if (path === 'runs/log-batch' && body.size > maxBatchBytes) throw invalid(`Batched logging API requests must be at most ${maxBatchBytes} bytes, got a request of size ${body.size}.`);
    const fields: Fields = fieldsOf({ ...queryOf(request.query), ...body.fields, ...found.params });
    return { status: 200, headers: json, body: JSON.stringify(found.handler(fields)) };
  };

  return {
    handle: async (request) => {
      try {
        return await answer(request);
      } catch (error) {
        if (error instanceof Refusal) return refusalResponse(error);
        throw error;
      }
    },
    close: () => {
      runs.close();
      artifacts.close();
    },
  };
}

async function readBody(request: ServiceRequest): Promise<{ readonly fields: JsonObject; readonly size: number }> {
  if (request.method === 'GET' || request.method === 'HEAD') return { fields: {}, size: 0 };
  const bytes = await request.body();
  if (bytes.length === 0) return { fields: {}, size: 0 };
  const text = bytes.toString('utf8');
  let fields: unknown;
  try {
    fields = parseNested(text);
  } catch (error) {
    if (error instanceof NestedTooDeeply) throw new Refusal('BAD_REQUEST', `The body is ${error.message}`);
    throw new Refusal('BAD_REQUEST', `The body is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  if (!isJsonObject(fields)) throw new Refusal('BAD_REQUEST', 'The body is not a JSON object');
  return { fields, size: bytes.length };
}

function queryOf(query: URLSearchParams): JsonObject {
  const fields: Record<string, Json> = Object.create(null) as Record<string, Json>;
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name);
    fields[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return fields;
}

/** The code that MLflow has for a status (`HTTP_STATUS_TO_ERROR_CODE`). */
function codeOf(status: number): string {
  const codes: Readonly<Record<number, string>> = { 400: 'BAD_REQUEST', 401: 'UNAUTHENTICATED', 403: 'PERMISSION_DENIED', 404: 'ENDPOINT_NOT_FOUND', 429: 'RESOURCE_EXHAUSTED', 501: 'NOT_IMPLEMENTED', 503: 'TEMPORARILY_UNAVAILABLE' };
  return codes[status] ?? (status < 500 ? 'BAD_REQUEST' : 'INTERNAL_ERROR');
}
