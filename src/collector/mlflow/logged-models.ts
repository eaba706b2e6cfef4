/** Models of MLflow 3: a model is made, its files are uploaded, it is finished; parameters, tags and metrics are its own. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../model/json.ts';
import { artifactPath } from './artifact-path.ts';
import type { Budget } from './budget.ts';
import type { CollectedAttempt } from '../service.ts';
import type { Experiments } from './experiments.ts';
import { protoDouble, type Fields } from './fields.ts';
import type { Attributes } from './filter.ts';
import { validKey } from './names.ts';
import { paginate } from './pages.ts';
import { invalid, missing, Refusal } from './refusal.ts';
import type { Routes } from './routes.ts';
import { pairs, type Run } from './run.ts';
import { readTags, type ModelMetric, type Runs } from './runs.ts';
import { search, type Searchable } from './search.ts';
import type { Telling } from './telling.ts';

const maxModels = 10_000;
/** By their numbers in `service.proto`. */
const statuses = ['LOGGED_MODEL_STATUS_UNSPECIFIED', 'LOGGED_MODEL_PENDING', 'LOGGED_MODEL_READY', 'LOGGED_MODEL_UPLOAD_FAILED'];
const attributes: Attributes = {
  strings: ['name', 'model_id', 'model_type', 'status', 'source_run_id', 'experiment_id', 'artifact_location'],
  numbers: ['creation_timestamp', 'creation_time', 'last_updated_timestamp', 'last_updated_time'],
};

interface LoggedModel {
  readonly id: string;
  readonly experimentId: string;
  readonly name: string;
  readonly type: string;
  readonly sourceRunId: string;
  readonly created: number;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  /** The latest by key and dataset. */
  readonly metrics: Map<string, ModelMetric>;
  status: string;
  updated: number;
  isDeleted: boolean;
}

export interface LoggedModels {
  readonly routes: Routes;
  readonly addMetric: (metric: ModelMetric) => void;
  readonly owner: (modelId: string) => { readonly name: string; readonly run: Run | undefined } | undefined;
}

export interface LoggedModelsContext {
  readonly attempt: CollectedAttempt;
  readonly now: () => number;
  readonly budget: Budget;
  readonly experiments: Experiments;
  readonly runs: () => Runs;
  readonly telling: Telling;
  readonly list: (root: string, path: string) => readonly JsonObject[];
}

export function createLoggedModels({ attempt, now, budget, experiments, runs, telling, list }: LoggedModelsContext): LoggedModels {
  const models = new Map<string, LoggedModel>();

  const find = (fields: Fields): LoggedModel => {
    const id = fields.string('model_id');
    const model = models.get(id);
    if (model === undefined || (model.isDeleted && !fields.boolean('allow_deleted'))) throw missing(`Logged model with ID '${id}' not found. A task sees the models that it has logged itself.`);
    return model;
  };
  const addParams = (model: LoggedModel, params: readonly Fields[]): void => {
    for (const param of params) {
      const key = validKey(param.string('key'));
      const value = param.optionalString('value') ?? '';
      budget.text(key, value);
      model.params.set(key, value);
    }
  };
  const addTags = (model: LoggedModel, tags: ReadonlyMap<string, string>): void => {
    for (const [key, value] of tags) {
      budget.text(key, value);
      model.tags.set(key, value);
    }
  };

  return {
    addMetric: (metric) => {
      const model = models.get(metric.modelId);
      if (model === undefined) return;
      const key = JSON.stringify([metric.key, metric.datasetName, metric.datasetDigest]);
      const known = model.metrics.get(key);
      if (known !== undefined && (known.step > metric.step || (known.step === metric.step && known.timestamp > metric.timestamp))) return;
      if (known === undefined) budget.text(key);
      model.metrics.set(key, metric);
    },
    owner: (id) => {
      const model = models.get(id);
      return model === undefined ? undefined : { name: model.name, run: runs().get(model.sourceRunId) };
    },
    routes: {
      'POST logged-models': (fields) => {
        if (models.size >= maxModels) throw new Refusal('BAD_REQUEST', `A task can log ${maxModels} models at most`);
        const experimentId = fields.string('experiment_id');
        experiments.requireActive(experimentId);
        const number = models.size + 1;
        const name = fields.optionalString('name') ?? '';
        // The name becomes a folder in the record.
        if (name !== '' && (/[/:.%"'\\]/.test(name) || artifactPath(name) === '')) throw invalid(`Invalid model name (${JSON.stringify(name.slice(0, 200))}) provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '"', "'")`);
        const tags = readTags(fields.objects('tags'));
        const time = now();
        const model: LoggedModel = {
          id: `m-${createHash('sha256').update(`${attempt.traceId}/${attempt.spanId}/mlflow-model/${number}`).digest('hex').slice(0, 32)}`,
          experimentId,
          name: name === '' ? `model-${number}` : name,
          type: fields.optionalString('model_type') ?? '',
          sourceRunId: fields.optionalString('source_run_id') ?? '',
          created: time,
          params: new Map(),
          tags: new Map(),
          metrics: new Map(),
          status: 'LOGGED_MODEL_PENDING',
          updated: time,
          isDeleted: false,
        };
        addParams(model, fields.objects('params'));
        addTags(model, tags);
        budget.text(model.name);
        models.set(model.id, model);
        return { model: message(model) };
      },
      'GET logged-models/{model_id}': (fields) => ({ model: message(find(fields)) }),
      'PATCH logged-models/{model_id}': (fields) => {
        const model = find(fields);
        const given = fields.string('status');
        const status = statuses.find((each) => each === given) ?? statuses[Number(given)];
        if (status === undefined) throw invalid(`Invalid model status: ${given}`);
        model.status = status;
        model.updated = now();
        const run = runs().get(model.sourceRunId);
        if (run !== undefined && status === 'LOGGED_MODEL_READY') telling.tag(run, `mlflow.model_id.${model.name}`, model.id);
        return { model: message(model) };
      },
      'DELETE logged-models/{model_id}': (fields) => {
        find(fields).isDeleted = true;
        return {};
      },
      'POST logged-models/{model_id}/params': (fields) => {
        const model = find(fields);
        addParams(model, fields.objects('params'));
        return {};
      },
      'PATCH logged-models/{model_id}/tags': (fields) => {
        const model = find(fields);
        addTags(model, readTags(fields.objects('tags')));
        return { model: message(model) };
      },
      'DELETE logged-models/{model_id}/tags/{tag_key}': (fields) => {
        const model = find(fields);
        const key = fields.string('tag_key');
        if (!model.tags.delete(key)) throw missing(`No tag with key '${key}' found for model with ID '${model.id}'.`);
        return {};
      },
      'GET logged-models/{model_id}/artifacts/directories': (fields) => {
        const model = find(fields);
        return { root_uri: location(model), files: list(folderOf(model), artifactPath(fields.optionalString('artifact_directory_path') ?? '')) };
      },
      'POST logged-models/search': (fields) => {
        const ids = new Set(fields.strings('experiment_ids'));
        const order = fields.objects('order_by').map((each) => `${each.string('field_name')} ${each.has('ascending') && !each.boolean('ascending') ? 'DESC' : 'ASC'}`);
        const candidates = [...models.values()].filter((model) => ids.has(model.experimentId) && !model.isDeleted).reverse();
        const found = search(candidates, searchable, { filter: fields.optionalString('filter'), order, attributes });
        const page = paginate(found, { token: fields.optionalString('page_token'), max: fields.optionalInteger('max_results') }, { usual: 100, most: 1000 });
        return { models: page.items.map(message), ...(page.token !== undefined && { next_page_token: page.token }) };
      },
    },
  };
}

function folderOf(model: LoggedModel): string {
  return `${model.experimentId}/models/${model.id}/artifacts`;
}

function location(model: LoggedModel): string {
  return `mlflow-artifacts:/${folderOf(model)}`;
}

function message(model: LoggedModel): JsonObject {
  return {
    info: {
      model_id: model.id,
      experiment_id: model.experimentId,
      name: model.name,
      creation_timestamp_ms: model.created,
      last_updated_timestamp_ms: model.updated,
      artifact_uri: location(model),
      status: model.status,
      ...(model.type !== '' && { model_type: model.type }),
      source_run_id: model.sourceRunId,
      tags: pairs(model.tags),
    },
    data: {
      params: pairs(model.params),
      metrics: [...model.metrics.values()].map((metric) => ({
        key: metric.key,
        value: protoDouble(metric.value),
        timestamp: metric.timestamp,
        step: metric.step,
        model_id: model.id,
        run_id: metric.runId,
        ...(metric.datasetName !== undefined && { dataset_name: metric.datasetName }),
        ...(metric.datasetDigest !== undefined && { dataset_digest: metric.datasetDigest }),
      })),
    },
  };
}

function searchable(model: LoggedModel): Searchable {
  const values: Readonly<Record<string, string | number>> = {
    name: model.name,
    model_id: model.id,
    model_type: model.type,
    status: model.status.replace('LOGGED_MODEL_', ''),
    source_run_id: model.sourceRunId,
    experiment_id: model.experimentId,
    artifact_location: location(model),
    creation_timestamp: model.created,
    creation_time: model.created,
    last_updated_timestamp: model.updated,
    last_updated_time: model.updated,
  };
  return {
    metric: (key) => [...model.metrics.values()].findLast((metric) => metric.key === key)?.value,
    param: (key) => model.params.get(key),
    tag: (key) => model.tags.get(key),
    attribute: (key) => values[key],
    datasets: () => [],
  };
}
