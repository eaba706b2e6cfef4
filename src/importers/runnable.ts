/**
 * Run logs of runnable (before: magnus). A step is a task. One with branches (parallel, map, dag) is where they come
 * together: its branches need what it needs, and it needs the last step of each. Nesting makes no difference.
 */
import type { Json, JsonObject } from '../model/json.ts';
import type { Outcome } from '../model/run-event.ts';
import type { UnixNano } from '../model/time.ts';
import { earliest, latest, timeOfIso } from './foreign-time.ts';
import { asText, listOf, metricOf, objectOf, present, textOf, without } from './json-value.ts';
import { importedRun, type AttemptDraft, type TaskDraft, type Told } from './run-draft.ts';
import type { Imported, ImportProblem } from './source.ts';

export function isRunnableLog(document: Json): boolean {
  const { run_id: id, steps } = objectOf(document);
  return typeof id === 'string' && typeof steps === 'object' && steps !== null && !Array.isArray(steps) && 'dag_hash' in objectOf(document);
}

interface Context {
  readonly file: string;
  readonly problems: ImportProblem[];
  readonly tasks: TaskDraft[];
  /** When nothing tells it better: of the run. */
  readonly fallback: UnixNano;
}

export function runOfRunnableLog(file: string, document: Json): Imported {
  const log = objectOf(document);
  const id = textOf(log['run_id']) ?? '';
  const times = timesIn(log['steps'], 0);
  const start = earliest(times);
  if (start === undefined) return { runs: [], problems: [{ file, at: '$.steps', message: `the run log ${id} has no attempt with a start_time, so that nothing tells when it ran` }] };
  const config = objectOf(log['run_config']);
  const context: Context = { file, problems: [], tasks: [], fallback: start };
  readSteps(objectOf(log['steps']), objectOf(objectOf(config['dag'])['steps']), [], {}, '$.steps', context);
  const status = textOf(log['status']);
  const outcome = outcomeOf(status);
  const commit = commitIn(log['steps']);
  const rest = without(present(log), ['run_id', 'steps', 'parameters', 'status', 'run_config']);
  const run = importedRun({
    format: 'runnable',
    source: file,
    identity: `${id}/${start}`,
    pipeline: textOf(objectOf(config['dag'])['name']) ?? pipelineName(textOf(config['pipeline_file'])) ?? 'runnable',
    start,
    ...(outcome !== undefined && { end: latest(times) ?? start, outcome }),
    params: objectOf(log['parameters']),
    resource: {
      'runnable.run_id': id,
      ...present({ 'runnable.status': status }),
      ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [`runnable.${name}`, value])),
      ...(Object.keys(config).length > 0 && { 'runnable.run_config': config }),
      ...(commit !== undefined && { 'vcs.ref.head.revision': commit }),
    },
    tasks: context.tasks,
  });
  return { runs: [run], problems: context.problems };
}

/** Adds the steps of one level; `needs` are the tasks before its first. Returns those that are its last. */
function readSteps(steps: JsonObject, dag: JsonObject, needs: readonly string[], matrix: JsonObject, at: string, context: Context): readonly string[] {
  let before = needs;
  for (const [name, value] of Object.entries(steps)) {
    const step = objectOf(value);
    const path = `${at}[${JSON.stringify(name)}]`;
    const definition = objectOf(dag[name] ?? dag[textOf(step['name'])?.split('.').at(-1) ?? '']);
    const branches = Object.entries(objectOf(step['branches']));
    const variable = textOf(definition['iterate_as']);
    const ends = branches.flatMap(([branchName, branch]) => {
      const iteration = branchName.slice((textOf(step['internal_name']) ?? name).length + 1);
      const within = step['step_type'] === 'map' ? { ...matrix, [variable ?? 'iteration']: iteration } : matrix;
      const definitions = objectOf(objectOf(definition['branch'] ?? objectOf(definition['branches'])[iteration])['steps']);
      return readSteps(objectOf(objectOf(branch)['steps']), definitions, before, within, `${path}.branches[${JSON.stringify(branchName)}].steps`, context);
    });
    const key = textOf(step['internal_name']) ?? name;
    context.tasks.push(taskOf(step, key, definition, ends.length > 0 ? ends : before, matrix, path, context));
    before = [key];
  }
  return before;
}

function taskOf(step: JsonObject, key: string, definition: JsonObject, needs: readonly string[], matrix: JsonObject, at: string, context: Context): TaskDraft {
  const values = Object.values(matrix).map(String);
  // `iterate and execute.10.execute` is the step `iterate and execute.execute` of the matrix value 10.
  const name = key.split('.').filter((part) => !values.includes(part)).join('.');
  const command = textOf(definition['command']);
  const type = textOf(definition['command_type']);
  const attempts = listOf(step['attempts']).map(objectOf).flatMap((attempt, index): readonly AttemptDraft[] => {
    const start = timeOfIso(attempt['start_time']);
    if (start === undefined) {
      context.problems.push({ file: context.file, at: `${at}.attempts[${index}].start_time`, message: `${JSON.stringify(attempt['start_time'] ?? null)} is no time; the attempt was left out` });
      return [];
    }
    const end = timeOfIso(attempt['end_time']) ?? (outcomeOf(textOf(attempt['status'])) === undefined ? undefined : start);
    return [{ start, ...(end !== undefined && { end }), ...outcome(attempt), told: attemptTold(attempt, start) }];
  });
  const times = timesIn(step['branches'], 0);
  // A step that only joins its branches has no attempt of its own.
  const joined: readonly AttemptDraft[] =
    attempts.length > 0 || times.length === 0 ? attempts : [{ start: earliest(times) ?? context.fallback, ...(outcomeOf(textOf(step['status'])) !== undefined && { end: latest(times) ?? context.fallback }), ...outcome(step), told: [] }];
  const last = joined.at(-1);
  const told = last === undefined ? [] : stepTold(step, last.end ?? last.start);
  return {
    key,
    name,
    kind: type === 'notebook' ? 'notebook' : type === 'shell' || command === undefined ? 'shell' : 'python',
    ...(Object.keys(matrix).length > 0 && { matrix }),
    ...(command !== undefined && { source: command.trim() }),
    needs,
    attempts: last === undefined ? [] : [...joined.slice(0, -1), { ...last, told: [...last.told, ...told] }],
  };
}

function outcome(holder: JsonObject): Pick<AttemptDraft, 'outcome' | 'failure'> {
  const word = outcomeOf(textOf(holder['status']));
  if (word === undefined) return {};
  return word === 'success' ? { outcome: word } : { outcome: 'failure', failure: { type: 'failure', message: textOf(holder['message']) ?? textOf(holder['status']) ?? '' } };
}

/** `undefined`: not ended, or not started. */
function outcomeOf(status: string | undefined): Outcome | undefined {
  return status === 'SUCCESS' ? 'success' : status === 'FAIL' ? 'failure' : undefined;
}

const attemptFields = ['attempt_number', 'attempt_numner', 'start_time', 'end_time', 'duration', 'status', 'message', 'parameters', 'input_parameters', 'output_parameters', 'user_defined_metrics'];

function attemptTold(attempt: JsonObject, time: UnixNano): readonly Told[] {
  const params = { ...objectOf(attempt['input_parameters']), ...objectOf(attempt['parameters']) };
  return [
    ...Object.entries(params).map(([name, value]): Told => ({ type: 'param', time, name, value })),
    ...Object.entries(objectOf(attempt['output_parameters'])).map(([name, value]): Told => ({ type: 'return', time, name, value })),
    ...metricsTold(objectOf(attempt['user_defined_metrics']), time),
    ...tagsTold(without(present(attempt), attemptFields), time),
  ];
}

const stepFields = ['name', 'internal_name', 'status', 'attempts', 'branches', 'user_defined_metrics', 'data_catalog'];

function stepTold(step: JsonObject, time: UnixNano): readonly Told[] {
  return [
    ...metricsTold(objectOf(step['user_defined_metrics']), time),
    ...listOf(step['data_catalog']).map(objectOf).map((entry): Told => ({
      type: 'dataset',
      time,
      dataset: {
        name: textOf(entry['name']) ?? '',
        digest: textOf(entry['data_hash']) ?? '',
        ...present({ context: entry['stage'] }),
        sourceType: 'runnable catalog',
        source: without(present(entry), ['name', 'data_hash', 'stage']),
      },
    })),
    ...tagsTold(without(present(step), stepFields), time),
  ];
}

function tagsTold(fields: JsonObject, time: UnixNano): readonly Told[] {
  return Object.entries(fields).filter(([, value]) => value !== false && !(Array.isArray(value) && value.length === 0)).map(([name, value]): Told => ({ type: 'tag', time, name, value: asText(value) }));
}

/** Numbers are metrics, `{step: number}` metrics with steps; what is no number is a parameter. */
function metricsTold(metrics: JsonObject, time: UnixNano): readonly Told[] {
  return Object.entries(metrics).flatMap(([name, value]): readonly Told[] => {
    const metric = metricOf(value);
    if (metric !== undefined) return [{ type: 'metric', time, name, value: metric }];
    const steps = Object.entries(objectOf(value));
    if (steps.length > 0 && steps.every(([step, of]) => /^-?\d+$/.test(step) && metricOf(of) !== undefined)) return steps.map(([step, of]): Told => ({ type: 'metric', time, name, value: metricOf(of) ?? 'NaN', step: Number(step) }));
    return [{ type: 'param', time, name, value }];
  });
}

/** Of all attempts in these steps, or branches of steps. */
function timesIn(value: unknown, depth: number): readonly UnixNano[] {
  if (depth > 64) return [];
  return Object.values(objectOf(value)).map(objectOf).flatMap((holder) => [
    ...listOf(holder['attempts']).map(objectOf).flatMap((attempt) => [timeOfIso(attempt['start_time']), timeOfIso(attempt['end_time'])]).filter((time) => time !== undefined),
    ...timesIn(holder['branches'], depth + 1),
    ...timesIn(holder['steps'], depth + 1),
  ]);
}

function commitIn(steps: unknown): string | undefined {
  for (const step of Object.values(objectOf(steps))) for (const identity of listOf(objectOf(step)['code_identities']).map(objectOf)) if (identity['code_identifier_type'] === 'git') return textOf(identity['code_identifier']);
  return undefined;
}

function pipelineName(file: string | undefined): string | undefined {
  return file?.split(/[/\\]/).at(-1)?.replace(/\.ya?ml$/, '');
}
