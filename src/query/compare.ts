/**
 * What differs between runs, most telling first: what people changed (parameters, code, definition, data,
 * environment), then what came of it (outcomes, metrics, artifacts, times).
 */
import { canonicalJson, type Json } from '../model/json.ts';
import type { RunId } from '../model/run-event.ts';
import type { MetricSummary } from '../model/metric-series.ts';
import type { RunState, TaskPhase, TaskState } from '../model/run-state.ts';
import { vcsRefHeadName, vcsRefHeadRevision } from '../model/semantic-conventions.ts';
import { elapsed } from '../model/time.ts';
import { directionOf, type Direction } from './direction.ts';

/** One value for each compared run, in their order; `undefined` where a run has none. */
export type PerRun<T> = readonly (T | undefined)[];

/** Of a metric, from the first compared run to each other. */
export type Verdict = 'better' | 'worse' | 'same' | 'changed';

export type Difference =
  | { readonly type: 'param'; readonly name: string; /** Tasks that have it, where it is no parameter of the whole run. */ readonly task?: string; readonly values: PerRun<Json> }
  | { readonly type: 'source'; readonly path: string; /** Tasks that use it. */ readonly tasks: readonly string[]; readonly digests: PerRun<string> }
  | { readonly type: 'definition'; readonly task: string; readonly part: string; readonly values: PerRun<Json> }
  | { readonly type: 'tasks'; readonly task: string; /** Whether it is in each run. */ readonly there: readonly boolean[] }
  | { readonly type: 'input'; readonly path: string; readonly tasks: readonly string[]; readonly digests: PerRun<string> }
  | { readonly type: 'environment'; readonly name: string; readonly tasks: readonly string[]; readonly values: PerRun<string> }
  | { readonly type: 'version'; readonly name: 'commit' | 'branch'; readonly values: PerRun<string> }
  | { readonly type: 'outcome'; readonly task: string; readonly phases: PerRun<TaskPhase> }
  | { readonly type: 'metric'; readonly task: string; readonly name: string; readonly direction: Direction; readonly values: PerRun<number>; readonly verdicts: PerRun<Verdict>; /** Largest change against the first run, relative to it. */ readonly change: number }
  | { readonly type: 'return'; readonly task: string; readonly name: string; readonly values: PerRun<Json> }
  | { readonly type: 'output'; readonly task: string; readonly path: string; readonly digests: PerRun<string> }
  | { readonly type: 'artifact'; readonly task: string; readonly name: string; readonly mediaType: string; readonly digests: PerRun<string> }
  | { readonly type: 'duration'; readonly task: string; /** Milliseconds. */ readonly values: PerRun<number>; readonly change: number };

/** What each kind of difference is called, wherever it is shown. */
export const differenceTitles: Readonly<Record<Difference['type'], string>> = {
  tasks: 'Tasks',
  param: 'Parameters',
  source: 'Code',
  definition: 'Definition',
  input: 'Data',
  environment: 'Environment',
  version: 'Version',
  outcome: 'Outcome',
  metric: 'Metrics',
  return: 'Returns',
  artifact: 'Artifacts',
  output: 'Outputs',
  duration: 'Time',
};

export interface ComparedTask {
  readonly id: string;
  /** What it stands for in each run: where its outputs were found up to date, the execution that made them. */
  readonly states: PerRun<TaskState>;
}

export interface Comparison {
  readonly runs: readonly RunId[];
  readonly tasks: readonly ComparedTask[];
  /** Causes, then effects; within each the most telling first. */
  readonly differences: readonly Difference[];
}

/** Differences below that share of a duration are how machines are. */
const durationNoise = 0.2;
/** Milliseconds that nobody notices. */
const durationLeast = 200;

/**
 * Compares at least one run with others; the first is what the others are compared with. `madeBy` finds the task that
 * made what a skipped task's outputs are, in another record: only known where that record is there.
 */
export function compareRuns(runs: readonly RunState[], madeBy: (task: TaskState) => TaskState | undefined): Comparison {
  const ids = [...new Set(runs.flatMap((run) => run.tasks.map((task) => task.node.id)))];
  const tasks = ids.map((id): ComparedTask => ({
    id,
    states: runs.map((run) => {
      const task = run.tasks.find((each) => each.node.id === id);
      return task?.madeBy === undefined ? task : (madeBy(task) ?? task);
    }),
  }));
  return {
    runs: runs.map((run) => run.runId),
    tasks,
    differences: [
      ...presence(tasks),
      ...params(runs, tasks),
      ...byPath('source', tasks, (task) => task.fingerprint?.sources),
      ...definitions(tasks),
      ...byPath('input', tasks, (task) => task.fingerprint?.inputs),
      ...environment(tasks),
      ...versions(runs),
      ...outcomes(runs, ids),
      ...metrics(tasks),
      ...returns(tasks),
      ...artifacts(tasks),
      ...outputs(tasks),
      ...durations(tasks),
    ],
  };
}

function differ(values: PerRun<Json>): boolean {
  const [first, ...rest] = values.map((value) => (value === undefined ? '' : canonicalJson(value)));
  return rest.some((value) => value !== first);
}

function namesOf<T>(records: PerRun<Readonly<Record<string, T>>>): readonly string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record ?? {})))];
}

function valueOf<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** For each name in any of the records, its values where they differ. */
function* differing<T extends Json>(records: PerRun<Readonly<Record<string, T>>>): Generator<readonly [name: string, values: PerRun<T>]> {
  for (const name of namesOf(records)) {
    const values = records.map((record) => valueOf(record, name));
    if (differ(values)) yield [name, values];
  }
}

function presence(tasks: readonly ComparedTask[]): readonly Difference[] {
  return tasks.flatMap(({ id, states }): readonly Difference[] => {
    const there = states.map((state) => state !== undefined);
    return there.includes(false) ? [{ type: 'tasks', task: id, there }] : [];
  });
}

/** Those of the run, then those that only tasks have; one that differs in the same way in many tasks is told once. */
function params(runs: readonly RunState[], tasks: readonly ComparedTask[]): readonly Difference[] {
  const ofRuns: Difference[] = [...differing(runs.map((run) => run.params))].map(([name, values]) => ({ type: 'param', name, values }));
  const told = new Set(ofRuns.map((each) => (each.type === 'param' ? keyOf(each.name, each.values) : '')));
  const ofTasks = tasks.flatMap(({ id, states }): readonly Difference[] =>
    [...differing(states.map((state) => state && { ...state.params, ...state.loggedParams }))].flatMap(([name, values]): readonly Difference[] => {
      // A task that is not in every run differs in all of its parameters, which says nothing.
      if (states.includes(undefined) || told.has(keyOf(name, values))) return [];
      told.add(keyOf(name, values));
      return [{ type: 'param', name, task: id, values }];
    }),
  );
  return [...ofRuns, ...ofTasks];
}

function keyOf(name: string, values: PerRun<Json>): string {
  return `${name} ${values.map((value) => (value === undefined ? '' : canonicalJson(value))).join('\n')}`;
}

function byPath(type: 'source' | 'input', tasks: readonly ComparedTask[], read: (task: TaskState) => Readonly<Record<string, string>> | undefined): readonly Difference[] {
  const found = new Map<string, { readonly path: string; readonly tasks: string[]; readonly digests: PerRun<string> }>();
  for (const { id, states } of tasks) {
    if (states.some((state) => state?.fingerprint === undefined)) continue;
    for (const [path, digests] of differing(states.map((state) => state && read(state)))) {
      const key = keyOf(path, digests);
      const known = found.get(key);
      if (known === undefined) found.set(key, { path, tasks: [id], digests });
      else known.tasks.push(id);
    }
  }
  // What many tasks use tells more.
  return [...found.values()].sort((a, b) => b.tasks.length - a.tasks.length).map((each) => ({ type, ...each }));
}

function definitions(tasks: readonly ComparedTask[]): readonly Difference[] {
  return tasks.flatMap(({ id, states }): readonly Difference[] => {
    if (states.some((state) => state?.fingerprint === undefined)) return [];
    return [...differing(states.map((state) => state?.fingerprint?.definitionParts))].map(([part, values]): Difference => ({ type: 'definition', task: id, part, values }));
  });
}

function environment(tasks: readonly ComparedTask[]): readonly Difference[] {
  const found = new Map<string, { readonly name: string; readonly tasks: string[]; readonly values: PerRun<string> }>();
  for (const { id, states } of tasks) {
    if (states.some((state) => state?.fingerprint === undefined)) continue;
    const ofTask = states.map((state): Readonly<Record<string, string>> | undefined => state?.fingerprint && { ...state.observed?.packages, ...state.fingerprint.env, interpreter: state.fingerprint.interpreter });
    for (const [name, values] of differing(ofTask)) {
      const key = keyOf(name, values);
      const known = found.get(key);
      if (known === undefined) found.set(key, { name, tasks: [id], values });
      else known.tasks.push(id);
    }
  }
  return [...found.values()].map((each) => ({ type: 'environment', ...each }));
}

function versions(runs: readonly RunState[]): readonly Difference[] {
  const names = [['branch', vcsRefHeadName], ['commit', vcsRefHeadRevision]] as const;
  return names.flatMap(([name, attribute]): readonly Difference[] => {
    const values = runs.map((run) => {
      const value = run.resource[attribute];
      return typeof value === 'string' ? value : undefined;
    });
    return differ(values) ? [{ type: 'version', name, values }] : [];
  });
}

/** As they were in these runs: a task that was up to date did as well as one that succeeded. */
function outcomes(runs: readonly RunState[], ids: readonly string[]): readonly Difference[] {
  return ids.flatMap((task): readonly Difference[] => {
    const states = runs.map((run) => run.tasks.find((each) => each.node.id === task));
    const phases = states.map((state): TaskPhase | undefined => (state?.madeBy === undefined ? state?.phase : 'success'));
    return states.includes(undefined) || !differ(phases) ? [] : [{ type: 'outcome', task, phases }];
  });
}

function metrics(tasks: readonly ComparedTask[]): readonly Difference[] {
  const found = tasks.flatMap(({ id, states }) =>
    namesOf(states.map((state) => state?.metrics)).flatMap((name): readonly Extract<Difference, { readonly type: 'metric' }>[] => {
      const values = states.map((state) => numberOf(valueOf(state?.metrics, name)));
      const direction = directionOf(name);
      const [first] = values;
      const verdicts = values.map((value) => verdictOf(first, value, direction));
      if (verdicts.every((verdict) => verdict === 'same')) return [];
      return [{ type: 'metric', task: id, name, direction, values, verdicts, change: Math.max(...values.map((value) => relativeChange(first, value))) }];
    }),
  );
  // A metric that says what is good tells more than a number; of these, the one that changed most.
  return found.sort((a, b) => Number(a.direction === 'none') - Number(b.direction === 'none') || b.change - a.change);
}

function numberOf(series: MetricSummary | undefined): number | undefined {
  return series === undefined ? undefined : Number(series.last);
}

function verdictOf(first: number | undefined, value: number | undefined, direction: Direction): Verdict | undefined {
  if (first === undefined && value === undefined) return 'same';
  if (first === undefined || value === undefined) return undefined;
  if (first === value || (Number.isNaN(first) && Number.isNaN(value))) return 'same';
  if (direction === 'none' || Number.isNaN(first) || Number.isNaN(value)) return 'changed';
  return value > first === (direction === 'higher') ? 'better' : 'worse';
}

function relativeChange(first: number | undefined, value: number | undefined): number {
  if (first === undefined || value === undefined) return first === value ? 0 : Infinity;
  if (first === value || (Number.isNaN(first) && Number.isNaN(value))) return 0;
  const change = Math.abs(value - first) / Math.max(Math.abs(first), Math.abs(value));
  return Number.isNaN(change) ? Infinity : change;
}

function returns(tasks: readonly ComparedTask[]): readonly Difference[] {
  return tasks.flatMap(({ id, states }) => (states.includes(undefined) ? [] : [...differing(states.map((state) => state?.returns))].map(([name, values]): Difference => ({ type: 'return', task: id, name, values }))));
}

function outputs(tasks: readonly ComparedTask[]): readonly Difference[] {
  return tasks.flatMap(({ id, states }) => {
    if (states.includes(undefined)) return [];
    const digests = states.map((state) => state && Object.fromEntries(state.outputs.map((output) => [output.path, output.digest])));
    return [...differing(digests)].map(([path, values]): Difference => ({ type: 'output', task: id, path, digests: values }));
  });
}

/** The latest version of each name. */
function artifacts(tasks: readonly ComparedTask[]): readonly Difference[] {
  return tasks.flatMap(({ id, states }) => {
    if (states.includes(undefined)) return [];
    const latest = states.map((state) => Object.fromEntries((state?.artifacts ?? []).map((artifact) => [artifact.name, artifact])));
    const digests = latest.map((each) => Object.fromEntries(Object.entries(each).map(([name, { digest }]) => [name, digest])));
    return [...differing(digests)].map(([name, values]): Difference => {
      const mediaType = latest.map((each) => valueOf(each, name)?.mediaType).find((each) => each !== undefined) ?? '';
      return { type: 'artifact', task: id, name, mediaType, digests: values };
    });
  });
}

function durations(tasks: readonly ComparedTask[]): readonly Difference[] {
  const found = tasks.flatMap(({ id, states }): readonly Extract<Difference, { readonly type: 'duration' }>[] => {
    const values = states.map((state) => (state?.start === undefined || state.end === undefined ? undefined : elapsed(state.start, state.end)));
    const known = values.filter((value) => value !== undefined);
    const [longest, shortest] = [Math.max(...known), Math.min(...known)];
    if (known.length < 2 || longest - shortest < durationLeast || longest - shortest < durationNoise * longest) return [];
    return [{ type: 'duration', task: id, values, change: longest - shortest }];
  });
  return found.sort((a, b) => b.change - a.change);
}
