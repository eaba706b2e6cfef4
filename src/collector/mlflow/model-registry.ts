/**
 * The model registry of one attempt, so that `registered_model_name=` and loading by `models:/name/1` work within the
 * task. A registry that outlives a run is a service of its own: what is registered is a tag of the task, and that is all
 * that stays.
 */
import type { JsonObject } from '../../model/json.ts';
import type { Budget } from './budget.ts';
import type { Fields } from './fields.ts';
import type { Attributes } from './filter.ts';
import { paginate } from './pages.ts';
import { invalid, missing, Refusal } from './refusal.ts';
import type { Routes } from './routes.ts';
import { pairs, type Run } from './run.ts';
import { readTags } from './runs.ts';
import { search, type Searchable } from './search.ts';
import type { Telling } from './telling.ts';

const maxEntries = 10_000;
const modelAttributes: Attributes = { strings: ['name'], numbers: ['creation_timestamp', 'timestamp', 'last_updated_timestamp'] };
const versionAttributes: Attributes = { strings: ['name', 'run_id', 'source_path'], numbers: ['version_number', 'creation_timestamp', 'last_updated_timestamp'] };
const stages = ['None', 'Staging', 'Production', 'Archived'];

interface ModelVersion {
  readonly name: string;
  readonly version: number;
  readonly created: number;
  readonly source: string;
  readonly runId: string;
  readonly modelId: string;
  readonly tags: Map<string, string>;
  updated: number;
  stage: string;
  description: string;
}

interface RegisteredModel {
  readonly created: number;
  readonly tags: Map<string, string>;
  readonly aliases: Map<string, number>;
  readonly versions: Map<number, ModelVersion>;
  name: string;
  last: number;
  updated: number;
  description: string;
}

export interface RegistryContext {
  readonly now: () => number;
  readonly budget: Budget;
  readonly telling: Telling;
  /** The run that made what is registered: a model of MLflow 3 says only which model it is. */
  readonly runOf: (runId: string, modelId: string) => Run | undefined;
}

export function modelRegistryRoutes({ now, budget, telling, runOf }: RegistryContext): Routes {
  const models = new Map<string, RegisteredModel>();
  let entries = 0;
  const count = (): void => {
    entries += 1;
    if (entries > maxEntries) throw new Refusal('BAD_REQUEST', `A task can register ${maxEntries} models and versions at most`);
  };

  const find = (fields: Fields): RegisteredModel => {
    const name = fields.string('name');
    const model = models.get(name);
    if (model === undefined) throw missing(`Registered Model with name=${name} not found. A task sees the models that it has registered itself; the registry of a run ends with it.`);
    return model;
  };
  const versionOf = (model: RegisteredModel, number: number): ModelVersion => {
    const version = model.versions.get(number);
    if (version === undefined) throw missing(`Model Version (name=${model.name}, version=${number}) not found`);
    return version;
  };
  const findVersion = (fields: Fields): { readonly model: RegisteredModel; readonly version: ModelVersion } => {
    const model = find(fields);
    return { model, version: versionOf(model, fields.integer('version')) };
  };
  const versionMessage = (model: RegisteredModel, version: ModelVersion): JsonObject => ({
    name: model.name,
    version: String(version.version),
    creation_timestamp: version.created,
    last_updated_timestamp: version.updated,
    current_stage: version.stage,
    description: version.description,
    source: version.source,
    run_id: version.runId,
    status: 'READY',
    tags: pairs(version.tags),
    aliases: [...model.aliases].filter(([, number]) => number === version.version).map(([alias]) => alias),
    ...(version.modelId !== '' && { model_id: version.modelId }),
  });
  /** The newest version of each stage. */
  const latest = (model: RegisteredModel, wanted: readonly string[] = []): readonly ModelVersion[] => {
    const byStage = new Map([...model.versions.values()].map((version) => [version.stage, version]));
    return [...byStage.values()].filter(({ stage }) => wanted.length === 0 || wanted.some((each) => each.toLowerCase() === stage.toLowerCase()));
  };
  const modelMessage = (model: RegisteredModel): JsonObject => ({
    name: model.name,
    creation_timestamp: model.created,
    last_updated_timestamp: model.updated,
    description: model.description,
    latest_versions: latest(model).map((version) => versionMessage(model, version)),
    tags: pairs(model.tags),
    aliases: [...model.aliases].map(([alias, version]) => ({ alias, version: String(version) })),
  });
  const setTag = (tags: Map<string, string>, fields: Fields): void => {
    const key = fields.string('key');
    const value = fields.optionalString('value') ?? '';
    budget.text(key, value);
    tags.set(key, value);
  };
  const latestVersions = (fields: Fields): JsonObject => {
    const model = find(fields);
    return { model_versions: latest(model, fields.strings('stages')).map((version) => versionMessage(model, version)) };
  };
  const page = (fields: Fields) => ({ token: fields.optionalString('page_token'), max: fields.optionalInteger('max_results') });

  return {
    'POST registered-models/create': (fields) => {
      const name = fields.string('name');
      if (models.has(name)) throw new Refusal('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${name}) already exists.`);
      const tags = readTags(fields.objects('tags'));
      const description = fields.optionalString('description') ?? '';
      count();
      budget.text(name, description, ...tags.keys(), ...tags.values());
      const time = now();
      const model: RegisteredModel = { name, created: time, updated: time, description, tags, aliases: new Map(), versions: new Map(), last: 0 };
      models.set(name, model);
      return { registered_model: modelMessage(model) };
    },
    'GET registered-models/get': (fields) => ({ registered_model: modelMessage(find(fields)) }),
    'POST registered-models/rename': (fields) => {
      const model = find(fields);
      const name = fields.string('new_name');
      if (models.has(name)) throw new Refusal('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${name}) already exists.`);
      budget.text(name);
      models.delete(model.name);
      model.name = name;
      model.updated = now();
      models.set(name, model);
      return { registered_model: modelMessage(model) };
    },
    'PATCH registered-models/update': (fields) => {
      const model = find(fields);
      model.description = fields.optionalString('description') ?? '';
      budget.text(model.description);
      model.updated = now();
      return { registered_model: modelMessage(model) };
    },
    'DELETE registered-models/delete': (fields) => {
      models.delete(find(fields).name);
      return {};
    },
    'GET registered-models/search': (fields) => {
      const found = search([...models.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), searchableModel, { filter: fields.optionalString('filter'), order: fields.strings('order_by'), attributes: modelAttributes });
      const { items, token } = paginate(found, page(fields), { usual: 100, most: 1000 });
      return { registered_models: items.map(modelMessage), ...(token !== undefined && { next_page_token: token }) };
    },
    'GET registered-models/get-latest-versions': latestVersions,
    'POST registered-models/get-latest-versions': latestVersions,
    'POST registered-models/set-tag': (fields) => {
      setTag(find(fields).tags, fields);
      return {};
    },
    'DELETE registered-models/delete-tag': (fields) => {
      find(fields).tags.delete(fields.string('key'));
      return {};
    },
    'POST registered-models/alias': (fields) => {
      const { model, version } = findVersion(fields);
      const alias = fields.string('alias');
      if (!/^[\w-]{1,255}$/.test(alias) || /^v\d+$/i.test(alias) || alias.toLowerCase() === 'latest') throw invalid(`Invalid alias name: '${alias.slice(0, 255)}'`);
      budget.text(alias);
      model.aliases.set(alias, version.version);
      return {};
    },
    'DELETE registered-models/alias': (fields) => {
      find(fields).aliases.delete(fields.string('alias'));
      return {};
    },
    'GET registered-models/alias': (fields) => {
      const model = find(fields);
      const alias = fields.string('alias');
      const number = model.aliases.get(alias);
      if (number === undefined) throw invalid(`Registered model alias ${alias} not found.`);
      return { model_version: versionMessage(model, versionOf(model, number)) };
    },
    'POST model-versions/create': (fields) => {
      const model = find(fields);
      const tags = readTags(fields.objects('tags'));
      const time = now();
      const version: ModelVersion = {
        name: model.name,
        version: model.last + 1,
        created: time,
        updated: time,
        source: fields.string('source'),
        runId: fields.optionalString('run_id') ?? '',
        modelId: fields.optionalString('model_id') ?? '',
        tags,
        stage: 'None',
        description: fields.optionalString('description') ?? '',
      };
      count();
      budget.text(version.source, version.description, ...tags.keys(), ...tags.values());
      model.last = version.version;
      model.updated = time;
      model.versions.set(version.version, version);
      const run = runOf(version.runId, version.modelId);
      if (run !== undefined) telling.tag(run, `mlflow.registered_model.${model.name}`, String(version.version));
      return { model_version: versionMessage(model, version) };
    },
    'GET model-versions/get': (fields) => {
      const { model, version } = findVersion(fields);
      return { model_version: versionMessage(model, version) };
    },
    'GET model-versions/get-download-uri': (fields) => ({ artifact_uri: findVersion(fields).version.source }),
    'PATCH model-versions/update': (fields) => {
      const { model, version } = findVersion(fields);
      version.description = fields.optionalString('description') ?? '';
      budget.text(version.description);
      version.updated = now();
      return { model_version: versionMessage(model, version) };
    },
    'POST model-versions/transition-stage': (fields) => {
      const { model, version } = findVersion(fields);
      const given = fields.string('stage');
      const stage = stages.find((each) => each.toLowerCase() === given.toLowerCase());
      if (stage === undefined) throw invalid(`Invalid Model Version stage: ${given}. Value must be one of ${stages.join(', ')}.`);
      if (fields.boolean('archive_existing_versions')) for (const other of model.versions.values()) if (other.stage === stage) other.stage = 'Archived';
      version.stage = stage;
      version.updated = now();
      return { model_version: versionMessage(model, version) };
    },
    'DELETE model-versions/delete': (fields) => {
      const { model, version } = findVersion(fields);
      model.versions.delete(version.version);
      for (const [alias, number] of model.aliases) if (number === version.version) model.aliases.delete(alias);
      return {};
    },
    'GET model-versions/search': (fields) => {
      const all = [...models.values()].flatMap((model) => [...model.versions.values()].map((version) => ({ model, version })));
      const found = search(all.reverse(), ({ model, version }) => searchableVersion(model, version), { filter: fields.optionalString('filter'), order: fields.strings('order_by'), attributes: versionAttributes });
      const { items, token } = paginate(found, page(fields), { usual: 10_000, most: 200_000 });
      return { model_versions: items.map(({ model, version }) => versionMessage(model, version)), ...(token !== undefined && { next_page_token: token }) };
    },
    'POST model-versions/set-tag': (fields) => {
      setTag(findVersion(fields).version.tags, fields);
      return {};
    },
    'DELETE model-versions/delete-tag': (fields) => {
      findVersion(fields).version.tags.delete(fields.string('key'));
      return {};
    },
  };
}

function searchableModel(model: RegisteredModel): Searchable {
  return searchable(model.tags, { name: model.name, creation_timestamp: model.created, timestamp: model.updated, last_updated_timestamp: model.updated });
}

function searchableVersion(model: RegisteredModel, version: ModelVersion): Searchable {
  return searchable(version.tags, {
    name: model.name,
    run_id: version.runId,
    source_path: version.source,
    version_number: version.version,
    creation_timestamp: version.created,
    last_updated_timestamp: version.updated,
  });
}

function searchable(tags: ReadonlyMap<string, string>, values: Readonly<Record<string, string | number>>): Searchable {
  // The client asks for all but prompts, by a tag that models do not have.
  const isPrompt = 'mlflow.prompt.is_prompt';
  return { metric: () => undefined, param: () => undefined, tag: (key) => tags.get(key) ?? (key === isPrompt ? 'false' : undefined), attribute: (key) => values[key], datasets: () => [] };
}
