/**
 * The runs of one attempt. The first run that has no parent is the task itself; the client can't tell. Every other one is a
 * child: nested ones, and further ones on top level.
 *
 * Ids are derived from the attempt, so that they are the same however often a record is looked at: the first 16 digits
 * of a run's id are its span's id in the record.
 */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../model/json.ts';
import { isJsonObject } from '../../model/json.ts';
import { deepestRecorded, NestedTooDeeply, parseNested } from '../../model/nested-json.ts';
import type { SpanId } from '../../model/run-event.ts';
import type { CollectedAttempt } from '../service.ts';
import type { Budget } from './budget.ts';
import type { Experiments } from './experiments.ts';
import { fieldsOf, type Fields } from './fields.ts';
import type { MetricPoint } from './metric-series.ts';
import { validKey } from './names.ts';
import { paginate } from './pages.ts';
import { invalid, missing, Refusal } from './refusal.ts';
import type { Routes } from './routes.ts';
import { isOver, runInfo, runMessage, runStatuses, seriesOf, type DatasetInput, type Run, type RunStatus } from './run.ts';
import { runAttributes, searchableRun } from './search-runs.ts';
import { search } from './search.ts';
import type { Telling } from './telling.ts';

const maxRuns = 100_000;
/** As in `mlflow/utils/validation.py`. */
const batchLimits = { metrics: 1000, params: 100, tags: 100 };
const maxEntities = 1000;
const parentTag = 'mlflow.parentRunId';
const nameTag = 'mlflow.runName';
const historyTag = 'mlflow.log-model.history';

export interface ModelMetric {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
  readonly runId: string;
  readonly modelId: string;
  readonly datasetName: string | undefined;
  readonly datasetDigest: string | undefined;
}

export interface Runs {
  readonly routes: Routes;
  /** Refuses an unknown one. */
  readonly find: (id: string) => Run;
  readonly get: (id: string) => Run | undefined;
  /** The task is over: what no client ended is told. */
  readonly close: () => void;
}

export interface RunsContext {
  readonly attempt: CollectedAttempt;
  readonly now: () => number;
  readonly budget: Budget;
  readonly experiments: Experiments;
  readonly telling: Telling;
  /** A metric that was logged for a model, too. */
  readonly onModelMetric: (metric: ModelMetric) => void;
}

export function createRuns({ attempt, now, budget, experiments, telling, onModelMetric }: RunsContext): Runs {
  const runs = new Map<string, Run>();
  const labels = new Set<string>();
  /** By the label without a number. */
  const lastNumbers = new Map<string, number>();
  let taskRun: Run | undefined;

  const find = (id: string): Run => {
    const run = runs.get(id);
    if (run === undefined) throw missing(`Run with id=${id} not found. A task sees the runs that it has logged itself.`);
    return run;
  };
  const of = (fields: Fields): Run => find(fields.optionalString('run_id') ?? fields.string('run_uuid'));
  const activeOf = (fields: Fields): Run => {
    const run = of(fields);
    if (run.isDeleted) throw invalid(`The run ${run.id} must be in the 'active' state. Current state is deleted.`);
    return run;
  };

  /** Unique below its parent; without a name of its own, a number, which is the same each time the task runs. */
  const labelOf = (parent: Run | undefined, name: string | undefined): string => {
    const prefix = parent?.place.type === 'child' ? `${parent.place.label}/` : '';
    const base = `${prefix}${name ?? (parent === undefined ? 'run' : 'child')}`;
    // A further run on top level is the task's second.
    let number = lastNumbers.get(base) ?? (name === undefined && parent === undefined ? 1 : 0);
    let label: string;
    do {
      number += 1;
      label = number === 1 && name !== undefined ? base : `${base}-${number}`;
    } while (labels.has(label));
    lastNumbers.set(base, number);
    return label;
  };

  const create = (fields: Fields): JsonObject => {
    if (runs.size >= maxRuns) throw new Refusal('BAD_REQUEST', `A task can make ${maxRuns} runs at most`);
    const experimentId = fields.optionalString('experiment_id') ?? '0';
    experiments.requireActive(experimentId);
    const tags = readTags(fields.objects('tags'));
    const asked = given(fields, 'run_name');
    const tagged = tags.get(nameTag);
    if (asked !== undefined && tagged !== undefined && asked !== tagged) {
      throw invalid(`Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${asked}', mlflow.runName='${tagged}').`);
    }
    const name = asked ?? tagged;
    const userId = fields.optionalString('user_id') ?? '';
    budget.text(name, userId, ...tags.keys(), ...tags.values());

    const parentId = tags.get(parentTag);
    const parent = parentId === undefined ? undefined : runs.get(parentId);
    const isTask = taskRun === undefined && parentId === undefined;
    const id = createHash('sha256').update(`${attempt.traceId}/${attempt.spanId}/mlflow/${runs.size}`).digest('hex').slice(0, 32);
    const label = isTask ? attempt.task : labelOf(parent, name);
    const run: Run = {
      id: isTask ? `${attempt.spanId}${id.slice(16)}` : id,
      experimentId,
      userId,
      place: isTask ? { type: 'task' } : { type: 'child', label, spanId: id.slice(0, 16) as SpanId, parent: parent?.place.type === 'child' ? parent.place.spanId : attempt.spanId },
      startTime: Math.max(0, fields.optionalInteger('start_time') ?? now()),
      params: new Map(),
      tags,
      metrics: new Map(),
      datasets: new Map(),
      modelInputs: new Set(),
      modelOutputs: new Map(),
      name: name ?? label,
      status: 'RUNNING',
      endTime: undefined,
      isDeleted: false,
      isTold: false,
    };
    tags.set(nameTag, run.name);
    runs.set(run.id, run);
    if (isTask) taskRun = run;
    else labels.add(label);
    if (isTask) telling.tag(run, 'mlflow.run_id', run.id);
    for (const [key, value] of tags) telling.tag(run, key, value);
    return { run: runMessage(run) };
  };

  const update = (fields: Fields): JsonObject => {
    const run = activeOf(fields);
    const status = readStatus(fields);
    const endTime = fields.optionalInteger('end_time');
    const name = given(fields, 'run_name');
    if (name !== undefined) setTag(run, nameTag, name);
    if (endTime !== undefined) run.endTime = endTime;
    if (status !== undefined) {
      run.status = status;
      // What the task itself came to is what its process says; that its code said otherwise is kept.
      if (run.place.type === 'task' && (status === 'FAILED' || status === 'KILLED')) telling.tag(run, 'mlflow.status', status);
    }
    if (isOver(run)) telling.end(run, now());
    return { run_info: runInfo(run) };
  };

  const setTag = (run: Run, key: string, value: string): void => {
    const before = run.tags.get(key);
    budget.text(key, value);
    if (before !== undefined) budget.forget(key, before);
    run.tags.set(key, value);
    if (key === nameTag) run.name = value;
    telling.tag(run, key, value);
  };

  /** Refuses another value of a parameter that is set. `true`: it is new. */
  const checkParam = (run: Run, key: string, value: string): boolean => {
    const known = run.params.get(key);
    if (known === undefined) return true;
    if (known === value) return false;
    throw invalid(
      `Changing param values is not allowed. Param with key='${key}' was already logged with value='${short(known)}' for run ID='${run.id}'. Attempted logging new value '${short(value)}'.`,
    );
  };
  const setParam = (run: Run, key: string, value: string): void => {
    if (!checkParam(run, key, value)) return;
    budget.text(key, value);
    run.params.set(key, value);
    telling.param(run, key, value);
  };

  const addMetric = (run: Run, metric: Fields, key: string): void => {
    const point = readPoint(metric);
    if (!run.metrics.has(key)) budget.text(key);
    seriesOf(run, key).add(point, budget.point());
    const about = { modelId: given(metric, 'model_id'), datasetName: given(metric, 'dataset_name'), datasetDigest: given(metric, 'dataset_digest') };
    telling.metric(run, key, point, about);
    if (about.modelId !== undefined) onModelMetric({ key, ...point, ...about, modelId: about.modelId, runId: run.id });
  };

  const logBatch = (fields: Fields): JsonObject => {
    const run = activeOf(fields);
    const metrics = fields.objects('metrics');
    const params = fields.objects('params');
    const tags = fields.objects('tags');
    checkBatch({ metrics: metrics.length, params: params.length, tags: tags.length });
    // All is read before any of it is logged, so that a batch that is refused leaves nothing behind.
    const readMetrics = metrics.map((metric, index) => {
      readPoint(metric);
      return { metric, key: validKey(metric.string('key'), `metrics[${index}].name`) };
    });
    const readParams = new Map<string, string>();
    for (const [index, param] of params.entries()) {
      const key = validKey(param.string('key'), `params[${index}].key`);
      const value = param.optionalString('value') ?? '';
      if (readParams.has(key) && readParams.get(key) !== value) throw invalid(`Duplicate parameter keys have been submitted: ['${key}']. Please ensure the request contains only one param value per param key.`);
      checkParam(run, key, value);
      readParams.set(key, value);
    }
    const readAll = readTags(tags);
    for (const [key, value] of readParams) setParam(run, key, value);
    for (const { metric, key } of readMetrics) addMetric(run, metric, key);
    for (const [key, value] of readAll) setTag(run, key, value);
    return {};
  };

  const logInputs = (fields: Fields): JsonObject => {
    const run = activeOf(fields);
    const inputs = fields.objects('datasets').map(readDataset);
    const models = fields.objects('models').map((model) => model.string('model_id'));
    for (const input of inputs) {
      const context = input.tags.find(({ key }) => key === 'mlflow.data.context')?.value ?? '';
      const key = JSON.stringify([input.dataset['name'], input.dataset['digest'], context]);
      if (run.datasets.has(key)) continue;
      budget.text(JSON.stringify(input));
      run.datasets.set(key, input);
      telling.dataset(run, input);
    }
    for (const model of models) {
      budget.text(model);
      run.modelInputs.add(model);
    }
    return {};
  };

  return {
    find,
    get: (id) => runs.get(id),
    close: () => {
      // Children before their parents, as spans end.
      for (const run of [...runs.values()].reverse()) telling.end(run, now());
    },
    routes: {
      'POST runs/create': create,
      'POST runs/update': update,
      'GET runs/get': (fields) => ({ run: runMessage(of(fields)) }),
      'POST runs/delete': (fields) => {
        of(fields).isDeleted = true;
        return {};
      },
      'POST runs/restore': (fields) => {
        of(fields).isDeleted = false;
        return {};
      },
      'POST runs/log-metric': (fields) => {
        const key = validKey(fields.string('key'), 'name');
        addMetric(activeOf(fields), fields, key);
        return {};
      },
      'POST runs/log-parameter': (fields) => {
        const key = validKey(fields.string('key'));
        setParam(activeOf(fields), key, fields.optionalString('value') ?? '');
        return {};
      },
      'POST runs/set-tag': (fields) => {
        const key = validKey(fields.string('key'));
        setTag(activeOf(fields), key, fields.optionalString('value') ?? '');
        return {};
      },
      'POST runs/delete-tag': (fields) => {
        const run = activeOf(fields);
        const key = fields.string('key');
        if (!run.tags.delete(key)) throw missing(`No tag with name: ${key} in run with id ${run.id}`);
        return {};
      },
      'POST runs/log-batch': logBatch,
      'POST runs/log-inputs': logInputs,
      'POST runs/outputs': (fields) => {
        const run = activeOf(fields);
        const models = fields.objects('models').map((model) => [model.string('model_id'), model.optionalInteger('step') ?? 0] as const);
        for (const [model, step] of models) {
          budget.text(model);
          run.modelOutputs.set(model, step);
        }
        return {};
      },
      'POST runs/log-model': (fields) => {
        const run = activeOf(fields);
        const model = readModel(fields.string('model_json'));
        setTag(run, historyTag, withModel(run.tags.get(historyTag), model.json));
        telling.tag(run, `mlflow.model.${model.path}`, model.flavors.join(', '));
        return {};
      },
      'POST runs/search': (fields) => {
        const wanted = fields.optionalString('run_view_type') ?? 'ACTIVE_ONLY';
        const ids = new Set(fields.strings('experiment_ids'));
        const inView = [...runs.values()].filter((run) => ids.has(run.experimentId) && (wanted === 'ALL' || wanted === '3' || run.isDeleted === (wanted === 'DELETED_ONLY' || wanted === '2')));
        // MLflow's own order: the latest first, then by id.
        inView.sort((a, b) => b.startTime - a.startTime || (a.id < b.id ? -1 : 1));
        const found = search(inView, searchableRun, { filter: fields.optionalString('filter'), order: fields.strings('order_by'), attributes: runAttributes });
        const page = paginate(found, { token: fields.optionalString('page_token'), max: fields.optionalInteger('max_results') }, { usual: 1000, most: 50_000 });
        return { runs: page.items.map(runMessage), ...(page.token !== undefined && { next_page_token: page.token }) };
      },
    },
  };
}

export function readTags(tags: readonly Fields[]): Map<string, string> {
  return new Map(tags.map((tag) => [validKey(tag.string('key')), tag.optionalString('value') ?? '']));
}

function readPoint(metric: Fields): MetricPoint {
  const timestamp = metric.integer('timestamp');
  if (timestamp < 0) throw invalid(`Invalid value ${timestamp} for parameter 'timestamp' supplied: Timestamp must be a nonnegative long (64-bit integer)`);
  return { value: metric.double('value'), timestamp, step: metric.optionalInteger('step') ?? 0 };
}

function given(fields: Fields, name: string): string | undefined {
  const value = fields.optionalString(name);
  return value === '' ? undefined : value;
}

function readStatus(fields: Fields): RunStatus | undefined {
  const asked = given(fields, 'status');
  if (asked === undefined) return undefined;
  const status = Object.values(runStatuses).find((each) => each === asked) ?? runStatuses[Number(asked)];
  if (status === undefined) throw invalid(`Invalid value "${asked}" for parameter 'status' supplied. Valid statuses are ${Object.values(runStatuses).join(', ')}`);
  return status;
}

function checkBatch(counts: Readonly<Record<keyof typeof batchLimits, number>>): void {
  const check = (name: string, limit: number, count: number): void => {
    if (count > limit) throw invalid(`A batch logging request can contain at most ${limit} ${name}. Got ${count} ${name}. Please split up ${name} across multiple requests and try again.`);
  };
  check('metrics', batchLimits.metrics, counts.metrics);
  check('params', batchLimits.params, counts.params);
  check('tags', batchLimits.tags, counts.tags);
  check('metrics, params, and tags', maxEntities, counts.metrics + counts.params + counts.tags);
}

function readDataset(fields: Fields): DatasetInput {
  const dataset = fields.object('dataset');
  if (dataset === undefined) throw invalid("Missing value for required parameter 'dataset'. See the API docs for more information about request parameters.");
  const optional = ['source_type', 'source', 'schema', 'profile'].flatMap((name) => {
    const value = dataset.optionalString(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    dataset: { name: dataset.string('name'), digest: dataset.string('digest'), ...Object.fromEntries(optional) },
    tags: fields.objects('tags').map((tag) => ({ key: tag.string('key'), value: tag.optionalString('value') ?? '' })),
  };
}

function readModel(text: string): { readonly json: JsonObject; readonly path: string; readonly flavors: readonly string[] } {
  let json: unknown;
  try {
    json = parseNested(text);
  } catch (error) {
    throw invalid(`Malformed model info. \n ${short(text)} \n is ${error instanceof NestedTooDeeply ? error.message : 'not a valid JSON'}.`);
  }
  if (!isJsonObject(json)) throw invalid(`Malformed model info. \n ${short(text)} \n is not an object.`);
  const fields = fieldsOf(json, 'model_json');
  return { json, path: fields.optionalString('artifact_path') ?? 'model', flavors: Object.keys(fields.object('flavors')?.raw ?? {}) };
}

/** The client may have set the tag to anything. */
function withModel(history: string | undefined, model: JsonObject): string {
  let known: unknown;
  try {
    // Of a list of models, each of which may be as deep as is taken.
    known = parseNested(history ?? '[]', deepestRecorded);
  } catch {
    known = [];
  }
  return JSON.stringify([...(Array.isArray(known) ? (known as unknown[]) : []), model]);
}

function short(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
