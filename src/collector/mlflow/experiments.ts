/**
 * Experiments of one attempt. They begin as a fresh MLflow server's do, with `Default`; the client makes the one that
 * MLFLOW_EXPERIMENT_NAME names at its first run.
 */
import type { JsonObject } from '../../model/json.ts';
import type { Budget } from './budget.ts';
import type { Fields } from './fields.ts';
import type { Attributes } from './filter.ts';
import { validKey } from './names.ts';
import { paginate } from './pages.ts';
import { invalid, missing, Refusal } from './refusal.ts';
import { pairs } from './run.ts';
import { search } from './search.ts';
import type { Routes } from './routes.ts';

const maxNameLength = 500;
const maxExperiments = 10_000;
const attributes: Attributes = { strings: ['name', 'experiment_id'], numbers: ['creation_time', 'last_update_time'] };

interface Experiment {
  readonly id: string;
  readonly created: number;
  readonly tags: Map<string, string>;
  name: string;
  updated: number;
  isDeleted: boolean;
}

export interface Experiments {
  readonly routes: Routes;
  /** Refuses an unknown or deleted one. */
  readonly requireActive: (id: string) => void;
  readonly has: (id: string) => boolean;
}

export function createExperiments(now: () => number, budget: Budget): Experiments {
  const byId = new Map<string, Experiment>();
  const add = (name: string, tags: Map<string, string>): Experiment => {
    const time = now();
    const experiment: Experiment = { id: String(byId.size), name, tags, created: time, updated: time, isDeleted: false };
    byId.set(experiment.id, experiment);
    return experiment;
  };
  add('Default', new Map());

  const find = (id: string): Experiment => {
    const found = byId.get(id);
    if (found === undefined) throw missing(`No Experiment with id=${id} exists`);
    return found;
  };
  const findActive = (id: string): Experiment => {
    const found = find(id);
    if (found.isDeleted) throw invalid(`The experiment ${id} must be in the 'active' state. Current state is deleted.`);
    return found;
  };
  const validName = (fields: Fields, field: string): string => {
    const name = fields.optionalString(field) ?? '';
    if (name === '') throw invalid(`Invalid experiment name: '${name}'`);
    if (name.length > maxNameLength) throw invalid(`'${field}' exceeds the maximum length of ${maxNameLength} characters`);
    for (const other of byId.values()) {
      if (other.name === name) throw new Refusal('RESOURCE_ALREADY_EXISTS', other.isDeleted ? `Experiment(name=${name}) already exists in deleted state.` : `Experiment(name=${name}) already exists.`);
    }
    budget.text(name);
    return name;
  };

  const searchExperiments = (fields: Fields): JsonObject => {
    const wanted = fields.optionalString('view_type') ?? 'ACTIVE_ONLY';
    const inView = [...byId.values()].filter(({ isDeleted }) => wanted === 'ALL' || wanted === '3' || isDeleted === (wanted === 'DELETED_ONLY' || wanted === '2'));
    // The newest first.
    const found = search(inView.reverse(), searchable, { filter: fields.optionalString('filter'), order: fields.strings('order_by'), attributes });
    const page = paginate(found, { token: fields.optionalString('page_token'), max: fields.optionalInteger('max_results') }, { usual: 1000, most: 50_000 });
    return { experiments: page.items.map(message), ...(page.token !== undefined && { next_page_token: page.token }) };
  };

  return {
    requireActive: (id) => void findActive(id),
    has: (id) => byId.has(id),
    routes: {
      'POST experiments/create': (fields) => {
        if (byId.size >= maxExperiments) throw new Refusal('BAD_REQUEST', `A task can make ${maxExperiments} experiments at most`);
        const name = validName(fields, 'name');
        const tags = new Map(fields.objects('tags').map((tag) => [validKey(tag.string('key')), tag.optionalString('value') ?? '']));
        budget.text(...tags.keys(), ...tags.values());
        return { experiment_id: add(name, tags).id };
      },
      'GET experiments/get': (fields) => ({ experiment: message(find(fields.string('experiment_id'))) }),
      'GET experiments/get-by-name': (fields) => {
        const name = fields.string('experiment_name');
        const found = [...byId.values()].find((each) => each.name === name);
        if (found === undefined) throw missing(`Could not find experiment with name '${name}'`);
        return { experiment: message(found) };
      },
      'GET experiments/search': searchExperiments,
      'POST experiments/search': searchExperiments,
      'POST experiments/update': (fields) => {
        const experiment = findActive(fields.string('experiment_id'));
        const name = fields.optionalString('new_name');
        if (name !== undefined && name !== experiment.name) {
          experiment.name = validName(fields, 'new_name');
          experiment.updated = now();
        }
        return {};
      },
      'POST experiments/delete': (fields) => {
        const experiment = findActive(fields.string('experiment_id'));
        experiment.isDeleted = true;
        experiment.updated = now();
        return {};
      },
      'POST experiments/restore': (fields) => {
        const experiment = find(fields.string('experiment_id'));
        experiment.isDeleted = false;
        experiment.updated = now();
        return {};
      },
      'POST experiments/set-experiment-tag': (fields) => {
        const experiment = findActive(fields.string('experiment_id'));
        const key = validKey(fields.string('key'));
        const value = fields.optionalString('value') ?? '';
        budget.text(key, value);
        experiment.tags.set(key, value);
        return {};
      },
      'POST experiments/delete-experiment-tag': (fields) => {
        const experiment = findActive(fields.string('experiment_id'));
        const key = fields.string('key');
        if (!experiment.tags.delete(key)) throw missing(`No tag with name: ${key} in experiment with id ${experiment.id}`);
        return {};
      },
    },
  };
}

function message(experiment: Experiment): JsonObject {
  return {
    experiment_id: experiment.id,
    name: experiment.name,
    artifact_location: `mlflow-artifacts:/${experiment.id}`,
    lifecycle_stage: experiment.isDeleted ? 'deleted' : 'active',
    creation_time: experiment.created,
    last_update_time: experiment.updated,
    tags: pairs(experiment.tags),
  };
}

function searchable(experiment: Experiment) {
  const values: Readonly<Record<string, string | number>> = { name: experiment.name, experiment_id: experiment.id, creation_time: experiment.created, last_update_time: experiment.updated };
  return {
    metric: () => undefined,
    param: () => undefined,
    tag: (key: string) => experiment.tags.get(key),
    attribute: (key: string) => values[key],
    datasets: () => [],
  };
}
