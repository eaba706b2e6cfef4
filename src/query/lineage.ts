/**
 * Which task runs made an output, across runs and skips, and what was made from it.
 *
 * A record says of each task that ran what it depended on in that run; a dependency that did not run there says by a
 * link which earlier task run its outputs are of. So the way back is known exactly, and nothing is guessed from times.
 */
import { describeReason, type Digest, type Fingerprint, type Reason } from '../model/fingerprint.ts';
import { groupBy } from '../model/group-by.ts';
import type { JsonObject } from '../model/json.ts';
import type { MetricValue } from '../model/metric-series.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { Outcome, OutputFile, RunId, SpanId, TaskNode } from '../model/run-event.ts';
import type { ArtifactState, RunState, TaskState } from '../model/run-state.ts';
import { vcsDirty, vcsRefHeadName, vcsRefHeadRevision } from '../model/semantic-conventions.ts';
import { formatDuration, toDate, type UnixNano } from '../model/time.ts';

/** One execution of a task. */
export interface TaskRun {
  readonly runId: RunId;
  readonly spanId: SpanId;
  readonly task: TaskId;
  readonly node: TaskNode;
  readonly pipeline: string;
  readonly outcome: Exclude<Outcome, 'skip'>;
  readonly start: UnixNano;
  readonly end: UnixNano;
  readonly params: JsonObject;
  readonly fingerprint?: Fingerprint;
  readonly outputs: readonly OutputFile[];
  readonly returns: JsonObject;
  /** Last values. */
  readonly metrics: Readonly<Record<string, MetricValue>>;
  /** Why it ran. */
  readonly reasons: readonly Reason[];
  readonly artifacts: readonly Pick<ArtifactState, 'name' | 'digest' | 'size' | 'mediaType'>[];
  readonly commit?: string;
  readonly branch?: string;
  readonly dirty?: boolean;
}

export interface Lineage {
  /** All executions, the latest first. */
  readonly all: () => readonly TaskRun[];
  /** Those of the same task of the same pipeline, the latest first. */
  readonly ofTask: (run: TaskRun) => readonly TaskRun[];
  /** The task runs whose results this one used, in the order of its dependencies. */
  readonly upstream: (run: TaskRun) => readonly TaskRun[];
  /** The task runs that used this one's results. */
  readonly downstream: (run: TaskRun) => readonly TaskRun[];
  /** This one and all that it was made from, each once, nearest first. */
  readonly ancestors: (run: TaskRun) => readonly TaskRun[];
  /** The execution that a task of a run stands for: its own, or the earlier one whose outputs were found up to date. */
  readonly of: (runId: string, task: string) => TaskRun | undefined;
  /** Those of a run that no other task of it needed. */
  readonly ends: (runId: string) => readonly TaskRun[];
  /** When the latest run began whose outputs of that task were of this execution: its own, or one that put them back. */
  readonly lastSeen: (run: TaskRun) => UnixNano;
}

/** From heads of records (`readRecordHead`), or whole ones, in any order. */
export function lineageOf(states: readonly RunState[]): Lineage {
  const bySpan = new Map<SpanId, TaskRun>();
  const byRunAndTask = new Map<string, SpanId>();
  const seen = new Map<SpanId, UnixNano>();
  const endsOfRun = new Map<string, readonly TaskId[]>();
  for (const state of states) {
    const needed = new Set(state.tasks.flatMap((task) => task.node.dependencies));
    endsOfRun.set(state.runId, state.tasks.flatMap((task) => (needed.has(task.node.id) ? [] : [task.node.id])));
    for (const task of state.tasks) {
      const run = taskRunOf(state, task);
      if (run !== undefined) bySpan.set(run.spanId, run);
      const span = run?.spanId ?? task.madeBy?.spanId;
      if (span === undefined) continue;
      byRunAndTask.set(keyOf(state.runId, task.node.id), span);
      const before = seen.get(span);
      if (before === undefined || compareTimes(before, state.start) < 0) seen.set(span, state.start);
    }
  }
  const all = [...bySpan.values()].sort((a, b) => compareTimes(b.end, a.end) || (a.task < b.task ? -1 : 1));

  const of: Lineage['of'] = (runId, task) => bySpan.get(byRunAndTask.get(keyOf(runId, task)) ?? ('' as SpanId));
  const upstream: Lineage['upstream'] = (run) => run.node.dependencies.flatMap((id) => of(run.runId, id) ?? []);

  let byTask: ReadonlyMap<string, readonly TaskRun[]> | undefined;
  const taskKey = ({ pipeline, task }: TaskRun): string => keyOf(pipeline, task);
  const ofTask: Lineage['ofTask'] = (run) => (byTask ??= groupBy(all, taskKey)).get(taskKey(run)) ?? [];

  let consumers: Map<SpanId, TaskRun[]> | undefined;
  const downstream: Lineage['downstream'] = (run) => {
    if (consumers === undefined) {
      consumers = new Map();
      for (const consumer of all) {
        for (const { spanId } of upstream(consumer)) {
          const known = consumers.get(spanId);
          if (known === undefined) consumers.set(spanId, [consumer]);
          else known.push(consumer);
        }
      }
    }
    return consumers.get(run.spanId) ?? [];
  };

  const ancestors: Lineage['ancestors'] = (run) => {
    const found = new Map<SpanId, TaskRun>([[run.spanId, run]]);
    // The map grows while it is walked.
    for (const each of found.values()) for (const parent of upstream(each)) if (!found.has(parent.spanId)) found.set(parent.spanId, parent);
    return [...found.values()];
  };
  return { all: () => all, ofTask, upstream, downstream, ancestors, of, ends: (runId) => (endsOfRun.get(runId) ?? []).flatMap((task) => of(runId, task) ?? []), lastSeen: (run) => seen.get(run.spanId) ?? run.start };
}

function keyOf(runId: string, task: string): string {
  return `${runId}\n${task}`;
}

function compareTimes(a: UnixNano, b: UnixNano): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

function taskRunOf(state: RunState, task: TaskState): TaskRun | undefined {
  const { phase, start, end } = task;
  if (phase === 'skip' || phase === 'pending' || phase === 'stale' || phase === 'running' || start === undefined || end === undefined) return undefined;
  const commit = state.resource[vcsRefHeadRevision];
  const branch = state.resource[vcsRefHeadName];
  const dirty = state.resource[vcsDirty];
  return {
    runId: state.runId,
    spanId: task.node.spanId,
    task: task.node.id,
    node: task.node,
    pipeline: state.pipeline.name,
    outcome: phase,
    start,
    end,
    params: task.params,
    ...(task.fingerprint !== undefined && { fingerprint: task.fingerprint }),
    outputs: task.outputs,
    returns: task.returns,
    metrics: Object.fromEntries(Object.entries(task.metrics).map(([name, { last }]) => [name, last])),
    reasons: task.reasons,
    artifacts: task.artifacts,
    ...(typeof commit === 'string' && { commit }),
    ...(typeof branch === 'string' && { branch }),
    ...(typeof dirty === 'boolean' && { dirty }),
  };
}

/** An output of a task run: a file, an artifact, or a value: what it returned, or a metric. */
export interface FoundOutput {
  readonly run: TaskRun;
  readonly kind: 'file' | 'artifact' | 'value';
  readonly name: string;
  readonly digest?: Digest;
}

/**
 * Outputs that go by that name, or have that digest, of the task runs that made them: what a run had last comes first,
 * be it that it made it or put it back; what a failed task left comes last. A name is a file's path,
 * or the end of it; `TASK.NAME` is what a task returned, a metric or an artifact of it; a digest is 6 or more of its digits.
 */
export function findOutputs(lineage: Lineage, query: string): readonly FoundOutput[] {
  const digits = /^(?:sha256:)?([0-9a-f]{6,64})$/.exec(query)?.[1];
  const matches = (run: TaskRun, name: string, digest: Digest | undefined): boolean => {
    if (digits !== undefined && digest?.startsWith(`sha256:${digits}`) === true) return true;
    return name === query || name.endsWith(`/${query}`) || `${run.task}.${name}` === query || `${run.node.name}.${name}` === query || `${run.runId}/${run.task}/${name}` === query;
  };
  const found = lineage.all().flatMap((run): readonly FoundOutput[] => [
    ...run.outputs.filter((output) => matches(run, output.path, output.digest)).map((output) => ({ run, kind: 'file' as const, name: output.path, digest: output.digest })),
    ...run.artifacts.filter((artifact) => matches(run, artifact.name, artifact.digest)).map((artifact) => ({ run, kind: 'artifact' as const, name: artifact.name, digest: artifact.digest })),
    ...[...Object.keys(run.returns), ...Object.keys(run.metrics)].filter((name) => matches(run, name, undefined)).map((name) => ({ run, kind: 'value' as const, name })),
  ]);
  const failed = ({ run }: FoundOutput): number => (run.outcome === 'success' ? 0 : 1);
  return found.sort((a, b) => failed(a) - failed(b) || compareTimes(lineage.lastSeen(b.run), lineage.lastSeen(a.run)));
}

export interface LineageNode {
  readonly run: TaskRun;
  readonly warnings: readonly StaleWarning[];
  readonly children: readonly LineageNode[];
  /** Shown further up already, with its children. */
  readonly repeated: boolean;
  /** Children that are left out, as there are too many executions. */
  readonly left: number;
}

/**
 * Why what a task run made may be out of date. The first two are those of mltrace (https://github.com/loglabs/mltrace),
 * of the inputs when it ran; the others say exactly how it stands today.
 */
export type StaleWarning =
  | { readonly type: 'old-input'; readonly task: TaskId; readonly runId: RunId; /** How old it was when it was used, ms. */ readonly age: number }
  /** Another execution of the dependency had succeeded in between. */
  | { readonly type: 'fresher-run-existed'; readonly task: TaskId; readonly usedRun: RunId; readonly fresherRun: RunId }
  /** The task's outputs have been those of another execution since, which ran for these reasons. */
  | { readonly type: 'superseded'; readonly byRun: RunId; readonly reasons: readonly Reason[] }
  /** A run would execute the task now; `perhaps` only if what it needs makes other outputs. Sentences. */
  | { readonly type: 'stale-now'; readonly perhaps: boolean; readonly reasons: readonly string[] };

/** How a task stands in the workspace, where somebody knows: `undefined` when it is up to date, or when that is not known. */
export type StaleNow = (run: TaskRun) => Extract<StaleWarning, { readonly type: 'stale-now' }> | undefined;

export interface TreeOptions {
  readonly direction: 'upstream' | 'downstream';
  /** Inputs that were older than that when they were used are warned of: ms; 30 days by default, as mltrace has it. */
  readonly oldInput?: number;
  readonly staleNow?: StaleNow;
  /** Executions that are shown at most, those that are shown again not counted; 500 by default. */
  readonly limit?: number;
}

const oldInputDefault = 30 * 86_400_000;
const depthLimit = 1000;
const nodeLimit = 500;

export function lineageTree(lineage: Lineage, root: TaskRun, { direction, limit = nodeLimit, ...options }: TreeOptions): LineageNode {
  const shown = new Set<SpanId>();
  const node = (run: TaskRun, depth: number): LineageNode => {
    const repeated = shown.has(run.spanId);
    shown.add(run.spanId);
    const next = repeated || depth > depthLimit ? [] : direction === 'upstream' ? lineage.upstream(run) : lineage.downstream(run);
    const children: LineageNode[] = [];
    for (const each of next) if (shown.size < limit || shown.has(each.spanId)) children.push(node(each, depth + 1));
    return { run, warnings: staleWarnings(lineage, run, options), children, repeated, left: next.length - children.length };
  };
  return node(root, 0);
}

export function staleWarnings(lineage: Lineage, run: TaskRun, { oldInput = oldInputDefault, staleNow }: Pick<TreeOptions, 'oldInput' | 'staleNow'> = {}): readonly StaleWarning[] {
  const ofInputs = lineage.upstream(run).flatMap((used): readonly StaleWarning[] => {
    const age = toDate(run.start).getTime() - toDate(used.end).getTime();
    const fresher = lineage.ofTask(used).find((other) => other.outcome === 'success' && compareTimes(other.end, used.end) > 0 && compareTimes(other.end, run.start) < 0);
    return [
      ...(age > oldInput ? [{ type: 'old-input' as const, task: used.task, runId: used.runId, age }] : []),
      ...(fresher === undefined ? [] : [{ type: 'fresher-run-existed' as const, task: used.task, usedRun: used.runId, fresherRun: fresher.runId }]),
    ];
  });
  const superseding = supersededBy(lineage, run);
  const now = superseding === undefined ? staleNow?.(run) : undefined;
  return [...ofInputs, ...(superseding === undefined ? [] : [{ type: 'superseded' as const, byRun: superseding.runId, reasons: superseding.reasons }]), ...(now === undefined ? [] : [now])];
}

/** The execution whose outputs the latest run had, if it is another one: going back to earlier code makes an earlier one current again. */
export function supersededBy(lineage: Lineage, run: TaskRun): TaskRun | undefined {
  let [current, latest] = [run, lineage.lastSeen(run)];
  for (const other of lineage.ofTask(run)) {
    const seen = lineage.lastSeen(other);
    if (other.outcome === 'success' && compareTimes(seen, latest) > 0) [current, latest] = [other, seen];
  }
  return current === run ? undefined : current;
}

/** One sentence without a full stop, as shown to people everywhere. */
export function describeWarning(warning: StaleWarning): string {
  switch (warning.type) {
    case 'old-input':
      return `what ${warning.task} made was ${ageText(warning.age)} old when it was used`;
    case 'fresher-run-existed':
      return `used ${warning.task} of ${warning.usedRun}, though ${warning.fresherRun} had made a newer one`;
    case 'superseded':
      return `no longer the latest: made again in ${warning.byRun}${because(warning.reasons.map(describeReason))}`;
    case 'stale-now':
      return `${warning.perhaps ? 'stale now if what it needs changes' : 'stale now'}${because(warning.reasons)}`;
    default:
      return warning satisfies never;
  }
}

/** Days where hours would be many. */
function ageText(milliseconds: number): string {
  const days = Math.floor(milliseconds / 86_400_000);
  return days < 2 ? formatDuration(milliseconds) : `${days} days`;
}

function because(reasons: readonly string[]): string {
  if (reasons.length === 0) return '';
  return `: ${reasons.slice(0, 3).join('; ')}${reasons.length > 3 ? `; and ${reasons.length - 3} more` : ''}`;
}

/** Executions of a task (by its id, or by its name all of its matrix values), the latest first. */
export function historyOf(lineage: Lineage, task: string): readonly TaskRun[] {
  return lineage.all().filter((run) => run.task === task || run.node.name === task);
}

/** Files that it read and that no task of this run's dependencies made, with their digests: what came from outside. */
export function outsideInputs(lineage: Lineage, run: TaskRun): Readonly<Record<string, Digest>> {
  const made = new Set(lineage.upstream(run).flatMap((used) => used.outputs.map((output) => output.path)));
  return Object.fromEntries(Object.entries(run.fingerprint?.inputs ?? {}).filter(([path]) => !made.has(path)));
}

/** All names that `findOutputs` knows in full, those of the latest executions first. A value goes by its task's name too. */
export function outputNames(lineage: Lineage): readonly string[] {
  const names = new Set<string>();
  for (const run of lineage.all()) {
    for (const { path } of run.outputs) names.add(path);
    for (const { name } of run.artifacts) names.add(name);
    for (const name of [...Object.keys(run.returns), ...Object.keys(run.metrics)]) names.add(`${run.task}.${name}`);
  }
  return [...names];
}
