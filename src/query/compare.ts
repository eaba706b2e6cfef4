/**
 * What differs between runs, most telling first: what people changed (parameters, code, definition, data,
 * environment), then what came of it (outcomes, metrics, artifacts, output, times).
 */
import { returnsGiven, runParamsGiven, taskParamsGiven } from '../model/as-given.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import { canonicalJson, type Json } from '../model/json.ts';
import type { RunId } from '../model/run-event.ts';
import type { RunState, TaskPhase, TaskState } from '../model/run-state.ts';
import { vcsRefHeadName, vcsRefHeadRevision } from '../model/semantic-conventions.ts';
import { elapsed } from '../model/time.ts';
import { jsonText, plainJson } from '../model/whole-float.ts';
import { comparePrinted } from './compare-contents.ts';
import { directionOf, type Direction } from './direction.ts';
import { printedBy, printedStreams, type PrintedStream } from './printed.ts';

/** One value for each compared run, in their order; `undefined` where a run has none. */
export type PerRun<T> = readonly (T | undefined)[];

/** Of a metric, from the first compared run to each other. */
export type Verdict = 'better' | 'worse' | 'same' | 'changed';

export type Difference =
  | { readonly type: 'param'; readonly name: string; /** Tasks that have it, where it is no parameter of the whole run. */ readonly task?: string; readonly values: PerRun<Json> }
  | { readonly type: 'source'; readonly path: string; /** Tasks that use it. */ readonly tasks: readonly string[]; readonly digests: PerRun<string>; /** Digests of the text itself, where it was kept: `digests` may be of what it means. */ readonly contents: PerRun<string> }
  | { readonly type: 'definition'; readonly task: string; readonly part: string; readonly values: PerRun<Json> }
  | { readonly type: 'tasks'; readonly task: string; /** Whether it is in each run. */ readonly there: readonly boolean[] }
  | { readonly type: 'input'; readonly path: string; readonly tasks: readonly string[]; readonly digests: PerRun<string> }
  | { readonly type: 'dataset'; readonly task: string; /** As the task named it. */ readonly name: string; readonly digests: PerRun<string> }
  | { readonly type: 'environment'; readonly name: string; /** None: of the machine that the run was started on. */ readonly tasks: readonly string[]; readonly values: PerRun<string> }
  | { readonly type: 'version'; readonly name: 'commit' | 'branch' | 'uncommitted changes'; /** Of changes, the digest of the diff. */ readonly values: PerRun<string> }
  | { readonly type: 'outcome'; readonly task: string; readonly phases: PerRun<TaskPhase>; /** Why it failed, where it did. */ readonly messages: PerRun<string> }
  | { readonly type: 'metric'; readonly task: string; readonly name: string; readonly direction: Direction; readonly values: PerRun<number>; readonly verdicts: PerRun<Verdict>; /** Largest change against the first run, relative to it. */ readonly change: number }
  | { readonly type: 'return'; readonly task: string; readonly name: string; readonly values: PerRun<Json> }
  | { readonly type: 'output'; readonly task: string; readonly path: string; readonly digests: PerRun<string>; /** Bytes. */ readonly sizes: PerRun<number> }
  | { readonly type: 'artifact'; readonly task: string; readonly name: string; readonly mediaType: string; readonly digests: PerRun<string>; /** Bytes. */ readonly sizes: PerRun<number> }
  | { readonly type: 'printed'; readonly task: string; readonly stream: PrintedStream; /** Against the first run. */ readonly changes: PerRun<LineCounts | 'uncounted'> }
  | { readonly type: 'duration'; readonly task: string; /** Milliseconds. */ readonly values: PerRun<number>; readonly change: number };

export interface LineCounts {
  readonly added: number;
  readonly removed: number;
}

/** What each kind of difference is called, wherever it is shown. */
export const differenceTitles: Readonly<Record<Difference['type'], string>> = {
  tasks: 'Tasks',
  param: 'Parameters',
  source: 'Code',
  definition: 'Definition',
  input: 'Data',
  dataset: 'Datasets',
  environment: 'Environment',
  version: 'Version',
  outcome: 'Outcome',
  metric: 'Metrics',
  return: 'Returns',
  artifact: 'Artifacts',
  output: 'Outputs',
  printed: 'Printed',
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
 * made what a skipped task's outputs are, in another record, for a run by its place: only known where that record is there.
 */
export function compareRuns(runs: readonly RunState[], madeBy: (task: TaskState, run: number) => TaskState | undefined): Comparison {
  const ids = [...new Set(runs.flatMap((run) => run.tasks.map((task) => task.node.id)))];
  const tasks = ids.map((id): ComparedTask => ({
    id,
    states: runs.map((run, at) => {
      const task = run.tasks.find((each) => each.node.id === id);
      return task?.madeBy === undefined ? task : (madeBy(task, at) ?? task);
    }),
  }));
  // What did not run in a run says nothing there but that; its outcome tells it.
  const ran = tasks.map(({ id, states }): ComparedTask => ({ id, states: states.map((state) => (state !== undefined && state.attempts.length > 0 ? state : undefined)) }));
  const made = outputs(ran);
  const isMade = new Set(made.map((each) => (each.type === 'output' ? each.path : '')));
  const sources = byPath(ran, (task) => task.fingerprint?.sources);
  const isSource = new Set(sources.map(({ path }) => path));
  return {
    runs: runs.map((run) => run.runId),
    tasks,
    differences: [
      ...presence(tasks),
      ...params(runs, ran),
      ...sources.map(({ path, states, ...rest }): Difference => ({ type: 'source', path, ...rest, contents: states.map((state) => valueOf(state?.sources, path)) })),
      ...definitions(ran),
      ...byPath(ran, (task) => task.fingerprint && { ...listed(task.fingerprint), ...task.fingerprint.inputs })
        // What another task made is told as its output, and a script that is declared as input too, as code.
        .filter(({ path }) => !isMade.has(path) && !isSource.has(path))
        .map(({ path, tasks: users, digests }): Difference => ({ type: 'input', path, tasks: users, digests })),
      ...datasets(ran),
      ...environment(ran),
      ...machines(runs),
      ...versions(runs),
      ...outcomes(runs, ids),
      ...metrics(ran),
      ...returns(ran),
      ...artifacts(ran),
      ...made,
      ...printed(ran),
      ...durations(ran),
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

/**
 * For each name in any of the records, its values where they differ. A run without a record is left out, and so is what
 * a task that did not succeed has not come to: that it has none follows from that.
 */
function* differing<T extends Json>(records: PerRun<Readonly<Record<string, T>>>, states?: PerRun<TaskState>): Generator<readonly [name: string, values: PerRun<T>]> {
  for (const name of namesOf(records)) {
    const values = records.map((record) => valueOf(record, name));
    const known = values.filter((value, at) => value !== undefined || (records[at] !== undefined && (states === undefined || states[at]?.phase === 'success')));
    if (differ(known)) yield [name, values];
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
  const ofRuns: Difference[] = [...differing(runs.map(runParamsGiven))].map(([name, values]) => ({ type: 'param', name, values: readable(values) }));
  const told = new Set(ofRuns.map((each) => (each.type === 'param' ? keyOf(each.name, each.values) : '')));
  const ofTasks = tasks.flatMap(({ id, states }): readonly Difference[] =>
    [...differing(states.map((state) => state && { ...taskParamsGiven(state), ...state.loggedParams }), states)].flatMap(([name, found]): readonly Difference[] => {
      const values = readable(found);
      if (told.has(keyOf(name, values))) return [];
      told.add(keyOf(name, values));
      return [{ type: 'param', name, task: id, values }];
    }),
  );
  return [...ofRuns, ...ofTasks];
}

/** Of 1 and 1.0 the latter as text: the numbers are the same to whoever shows them. */
function readable(values: PerRun<Json>): PerRun<Json> {
  return values.map((value) => (value === undefined || plainJson(value) === value ? value : jsonText(value)));
}

function keyOf(name: string, values: PerRun<Json>): string {
  return `${name} ${values.map((value) => (value === undefined ? '' : canonicalJson(value))).join('\n')}`;
}

interface DifferentFile {
  readonly path: string;
  readonly tasks: readonly string[];
  readonly digests: PerRun<string>;
  /** Of the first of the tasks. */
  readonly states: PerRun<TaskState>;
}

function byPath(tasks: readonly ComparedTask[], read: (task: TaskState) => Readonly<Record<string, string>> | undefined): readonly DifferentFile[] {
  const found = new Map<string, { readonly path: string; readonly tasks: string[]; digests: PerRun<string>; states: PerRun<TaskState> }[]>();
  for (const { id, states } of tasks) {
    for (const [path, digests] of differing(states.map((state) => state?.fingerprint && read(state)), states)) {
      // The same difference, but for runs in which one of the tasks did not run.
      const ofPath = found.get(path) ?? [];
      found.set(path, ofPath);
      const known = ofPath.find((each) => digests.every((digest, at) => digest === each.digests[at] || states[at] === undefined || each.states[at] === undefined));
      if (known === undefined) ofPath.push({ path, tasks: [id], digests, states });
      else {
        known.tasks.push(id);
        known.digests = known.digests.map((digest, at) => (known.states[at] === undefined ? digests[at] : digest));
        known.states = known.states.map((state, at) => state ?? states[at]);
      }
    }
  }
  // What many tasks use tells more.
  return [...found.values()].flat().sort((a, b) => b.tasks.length - a.tasks.length);
}

/** Folders that a task listed: which files are in them counts as their content does. */
function listed({ listings = {} }: Fingerprint): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(listings).flatMap(([folder, patterns]) => Object.entries(patterns).map(([pattern, { digest }]) => [`${folder}/${pattern}`, digest] as const)));
}

function datasets(tasks: readonly ComparedTask[]): readonly Difference[] {
  return tasks.flatMap(({ id, states }) => {
    const digests = states.map((state) => state && Object.fromEntries(state.datasets.map(({ name, context, digest }) => [context === undefined ? name : `${name} (${context})`, digest])));
    return [...differing(digests, states)].map(([name, values]): Difference => ({ type: 'dataset', task: id, name, digests: values }));
  });
}

function definitions(tasks: readonly ComparedTask[]): readonly Difference[] {
  return tasks.flatMap(({ id, states }) => [...differing(states.map((state) => state?.fingerprint?.definitionParts))].map(([part, values]): Difference => ({ type: 'definition', task: id, part, values })));
}

function environment(tasks: readonly ComparedTask[]): readonly Difference[] {
  const found = new Map<string, { readonly name: string; readonly tasks: string[]; readonly values: PerRun<string> }>();
  for (const { id, states } of tasks) {
    const ofTask = states.map((state): Readonly<Record<string, string>> | undefined => state?.fingerprint && { ...state.observed?.packages, ...state.fingerprint.env, interpreter: state.fingerprint.interpreter });
    for (const [name, values] of differing(ofTask, states)) {
      const key = keyOf(name, values);
      const known = found.get(key);
      if (known === undefined) found.set(key, { name, tasks: [id], values });
      else known.tasks.push(id);
    }
  }
  return [...found.values()].map((each) => ({ type: 'environment', ...each }));
}

/** Resource attributes that say what machine it was; that of a process, a run or a checkout is another in every run. */
const ofMachine = /^(host\.(name|arch|cpu|image|type)|os\.|container\.image|cloud\.|gpu\.|process\.environment_variable\.)/;

function machines(runs: readonly RunState[]): readonly Difference[] {
  const attributes = runs.map((run) => Object.fromEntries(Object.entries(run.resource).filter(([name]) => ofMachine.test(name))));
  return [...differing(attributes)].map(([name, values]): Difference => ({
    type: 'environment',
    name: name.replace(/^process\.environment_variable\./, ''),
    tasks: [],
    values: values.map((value) => (value === undefined || typeof value === 'string' ? value : JSON.stringify(value))),
  }));
}

function versions(runs: readonly RunState[]): readonly Difference[] {
  const text = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
  const read = [
    ['branch', (run: RunState) => text(run.resource[vcsRefHeadName])],
    ['commit', (run: RunState) => text(run.resource[vcsRefHeadRevision])],
    ['uncommitted changes', (run: RunState) => run.changes?.diff],
  ] as const;
  return read.flatMap(([name, valueIn]): readonly Difference[] => {
    const values = runs.map(valueIn);
    return differ(values) ? [{ type: 'version', name, values }] : [];
  });
}

/** As they were in these runs: a task that was up to date did as well as one that succeeded. */
function outcomes(runs: readonly RunState[], ids: readonly string[]): readonly Difference[] {
  return ids.flatMap((task): readonly Difference[] => {
    const states = runs.map((run) => run.tasks.find((each) => each.node.id === task));
    const phases = states.map((state): TaskPhase | undefined => (state?.madeBy === undefined ? state?.phase : 'success'));
    const messages = states.map((state) => state?.failure && `${state.failure.type}: ${state.failure.message}`);
    return states.includes(undefined) || (!differ(phases) && !differ(messages)) ? [] : [{ type: 'outcome', task, phases, messages }];
  });
}

function metrics(tasks: readonly ComparedTask[]): readonly Difference[] {
  const found = tasks.flatMap(({ id, states }) =>
    [...differing(states.map((state) => state && lastValues(state)), states)].map(([name, texts]): Extract<Difference, { readonly type: 'metric' }> => {
      const values = texts.map((text) => (text === undefined ? undefined : Number(text)));
      const direction = directionOf(name);
      const [first] = values;
      return { type: 'metric', task: id, name, direction, values, verdicts: values.map((value) => verdictOf(first, value, direction)), change: Math.max(...values.map((value) => relativeChange(first, value))) };
    }),
  );
  // A metric that says what is good tells more than a number; of these, the one that changed most.
  return found.sort((a, b) => Number(a.direction === 'none') - Number(b.direction === 'none') || Number(b.change > a.change) - Number(b.change < a.change));
}

/** As text: JSON has no word for what is no number. */
function lastValues({ metrics: series }: TaskState): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(series).map(([name, { last }]) => [name, String(Number(last))]));
}

function verdictOf(first: number | undefined, value: number | undefined, direction: Direction): Verdict | undefined {
  if (first === undefined && value === undefined) return 'same';
  if (first === undefined || value === undefined) return undefined;
  if (first === value || (Number.isNaN(first) && Number.isNaN(value))) return 'same';
  if (direction === 'none' || Number.isNaN(first) || Number.isNaN(value)) return 'changed';
  return value > first === (direction === 'higher') ? 'better' : 'worse';
}

function relativeChange(first: number | undefined, value: number | undefined): number {
  if (first === undefined || value === undefined) return 0;
  if (first === value || (Number.isNaN(first) && Number.isNaN(value))) return 0;
  const change = Math.abs(value - first) / Math.max(Math.abs(first), Math.abs(value));
  return Number.isNaN(change) ? Infinity : change;
}

function returns(tasks: readonly ComparedTask[]): readonly Difference[] {
  return tasks.flatMap(({ id, states }) => [...differing(states.map((state) => state && returnsGiven(state)), states)].map(([name, values]): Difference => ({ type: 'return', task: id, name, values: readable(values) })));
}

function outputs(tasks: readonly ComparedTask[]): readonly Difference[] {
  return tasks.flatMap(({ id, states }) => {
    const files = states.map((state) => state && Object.fromEntries(state.outputs.map((output) => [output.path, output])));
    return [...differing(files.map(digestsOf), states)].map(([path, values]): Difference => ({ type: 'output', task: id, path, digests: values, sizes: files.map((each) => valueOf(each, path)?.size) }));
  });
}

/** The latest version of each name. */
function artifacts(tasks: readonly ComparedTask[]): readonly Difference[] {
  return tasks.flatMap(({ id, states }) => {
    const latest = states.map((state) => state && Object.fromEntries(state.artifacts.map((artifact) => [artifact.name, artifact])));
    return [...differing(latest.map(digestsOf), states)].map(([name, values]): Difference => {
      const versions = latest.map((each) => valueOf(each, name));
      const mediaType = versions.find((each) => each !== undefined)?.mediaType ?? '';
      return { type: 'artifact', task: id, name, mediaType, digests: values, sizes: versions.map((each) => each?.size) };
    });
  });
}

function digestsOf(files: Readonly<Record<string, { readonly digest: string }>> | undefined): Readonly<Record<string, string>> | undefined {
  return files && Object.fromEntries(Object.entries(files).map(([name, { digest }]) => [name, digest]));
}

/** Characters that are compared line by line, of all tasks and runs together: half a second at worst. Of the rest it is told that it differs. */
const mostPrinted = 4_000_000;

function printed(tasks: readonly ComparedTask[]): readonly Difference[] {
  let left = mostPrinted;
  return tasks.flatMap(({ id, states }) => {
    const [first, ...others] = states;
    if (first === undefined) return [];
    return printedStreams.flatMap((stream): readonly Difference[] => {
      const before = printedBy(first, stream).text;
      const changes = others.map((state): LineCounts | 'uncounted' | undefined => {
        if (state === undefined) return undefined;
        const after = printedBy(state, stream).text;
        if (after === before) return { added: 0, removed: 0 };
        left -= before.length + after.length;
        if (left < 0) return 'uncounted';
        const { added, removed } = comparePrinted(before, after);
        return { added, removed };
      });
      if (changes.every((counts) => counts === undefined || (counts !== 'uncounted' && counts.added === 0 && counts.removed === 0))) return [];
      return [{ type: 'printed', task: id, stream, changes: [undefined, ...changes] }];
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
