/**
 * What our own export to MLflow (`exporters/mlflow.ts`) put into tags because MLflow has no field for it: with them the
 * run comes back as it was, but for times of metrics in milliseconds and steps that are no whole numbers.
 */
import type { Json, JsonObject } from '../model/json.ts';
import { deepestRecorded, parseNested } from '../model/nested-json.ts';
import type { TaskKind } from '../model/pipeline.ts';
import type { Outcome } from '../model/run-event.ts';
import { foreignNames } from './foreign-trace.ts';
import { listOf, objectOf, textOf } from './json-value.ts';
import type { AttemptDraft, RunDraft, TaskDraft, Told } from './run-draft.ts';
import type { UnixNano } from '../model/time.ts';

type Tags = Readonly<Record<string, string>>;

const outcomes = ['success', 'failure', 'error', 'timeout', 'cancellation', 'skip'] as const satisfies readonly Outcome[];
const kinds = ['python', 'call', 'notebook', 'shell'] as const satisfies readonly TaskKind[];

/** `draft`: the run in which the tasks' runs are nested, read as any other. */
export function exportedRun(tags: Tags, draft: TaskDraft): Partial<RunDraft> {
  const [start, end] = times(tags['runweave.times']);
  const outcome = outcomes.find((each) => each === tags['runweave.result']);
  return {
    identity: tags['runweave.run_id'] ?? draft.key,
    pipeline: tags['runweave.pipeline'] ?? draft.name,
    ...(tags['mlflow.source.name'] !== undefined && { file: tags['mlflow.source.name'] }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(outcome !== undefined && { outcome }),
    params: paramsOf(tags, draft),
    resource: foreignNames(objectOf(parsed(tags['runweave.resource']))),
  };
}

export function exportedTask(tags: Tags, draft: TaskDraft): TaskDraft {
  const of = (name: string): string | undefined => tags[`runweave.task.${name}`];
  const [start, end] = times(of('times'));
  const outcome = outcomes.find((each) => each === of('result'));
  const failure = objectOf(parsed(of('failure')));
  const type = textOf(failure['type']);
  const stacktrace = textOf(failure['stacktrace']);
  const logged = listOf(parsed(of('logged')));
  const params = paramsOf(tags, draft);
  const isLogged = (name: string): boolean => logged.includes(name);
  const kind = kinds.find((each) => each === of('kind'));
  const needs = listOf(parsed(of('dependencies'))).filter((need) => typeof need === 'string');
  const told = (attempt: AttemptDraft): readonly Told[] => {
    const time = start ?? attempt.start;
    return [
      ...attempt.told.filter((each) => each.type !== 'param' && !(each.type === 'tag' && /^(mlflow|runweave)\./.test(each.name))),
      ...Object.entries(params).filter(([name]) => isLogged(name)).map(([name, value]): Told => ({ type: 'param', time, name, value })),
      ...Object.entries(objectOf(parsed(of('returns')))).map(([name, value]): Told => ({ type: 'return', time: end ?? time, name, value })),
    ];
  };
  return {
    ...draft,
    key: of('id') ?? draft.key,
    name: of('name') ?? draft.name,
    ...(kind !== undefined && { kind }),
    matrix: objectOf(parsed(of('matrix'))),
    params: Object.fromEntries(Object.entries(params).filter(([name]) => !isLogged(name))),
    needs,
    attempts: draft.attempts.map((attempt) => ({
      ...attempt,
      ...(start !== undefined && { start }),
      ...(end !== undefined && { end }),
      ...(outcome !== undefined && outcome !== 'skip' && { outcome }),
      ...(type !== undefined && { failure: { type, message: typeof failure['message'] === 'string' ? failure['message'] : '', ...(stacktrace !== undefined && { stacktrace }) } }),
      told: told(attempt),
    })),
  };
}

/** Under the names and with the types that they had. */
function paramsOf(tags: Tags, draft: TaskDraft): JsonObject {
  const asJson = listOf(parsed(tags['runweave.json_params']));
  const names = objectOf(parsed(tags['runweave.param_names']));
  return Object.fromEntries(
    draft.attempts.flatMap(({ told }) => told).flatMap((each): readonly (readonly [string, Json])[] => {
      if (each.type !== 'param' || typeof each.value !== 'string') return [];
      return [[textOf(names[each.name]) ?? each.name, asJson.includes(each.name) ? (parsed(each.value) ?? null) : each.value]];
    }),
  );
}

function times(text: string | undefined): readonly (UnixNano | undefined)[] {
  return listOf(parsed(text)).map((time) => (typeof time === 'string' && /^\d{1,19}$/.test(time) ? (time as UnixNano) : undefined));
}

function parsed(text: string | undefined): Json | undefined {
  try {
    return text === undefined ? undefined : (parseNested(text, deepestRecorded) as Json);
  } catch {
    return undefined;
  }
}
