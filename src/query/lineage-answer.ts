/**
 * What the lineage page shows, as answers to its questions: pure, over what the records' first lines and the
 * annotations say, so that any host that can read these answers it.
 */
import { describeReason } from '../model/fingerprint.ts';
import type { JsonObject } from '../model/json.ts';
import type { MetricValue } from '../model/metric-series.ts';
import { nearName } from '../model/near-name.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { RunId, SpanId } from '../model/run-event.ts';
import { elapsed, toDate } from '../model/time.ts';
import { remarkFinder, type Flag, type Remark } from './annotations.ts';
import { describeWarning, findOutputs, historyOf, lineageTree, outputNames, outsideInputs, type FoundOutput, type Lineage, type LineageNode, type StaleNow, type TaskRun } from './lineage.ts';
import { describeSuspect, flaggedTaskRuns, goodTaskRuns, review, type RankedSuspect } from './review.ts';

export type LineageQuestion =
  /** `output` as `findOutputs` takes it. */
  | { readonly type: 'trace'; readonly output: string; readonly direction: 'upstream' | 'downstream' }
  | { readonly type: 'history'; readonly task: string }
  | { readonly type: 'review' };

export type OutputKind = FoundOutput['kind'];

export interface OutputView {
  readonly kind: OutputKind;
  readonly name: string;
  readonly digest?: string;
  readonly flagged: boolean;
  /** Why it is flagged. */
  readonly why?: string;
  /** What people said of it. */
  readonly tags: readonly string[];
  readonly notes: Remark['notes'];
}

/** An execution of a task as the page shows it. */
export interface TaskRunView {
  readonly spanId: SpanId;
  readonly runId: RunId;
  readonly task: TaskId;
  readonly pipeline: string;
  readonly kind: string;
  readonly outcome: TaskRun['outcome'];
  /** Unix milliseconds. */
  readonly start: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly description?: string;
  readonly owner?: string;
  readonly tags: readonly string[];
  /** `main@1a2b3c4`, with a star when there were changes that no commit holds. */
  readonly version?: string;
  readonly commit?: string;
  readonly params: JsonObject;
  readonly metrics: Readonly<Record<string, MetricValue>>;
  /** Code: path → digest. */
  readonly sources: Readonly<Record<string, string>>;
  /** Files from outside of the pipeline: path → digest. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: readonly OutputView[];
  /** What people said of the execution itself; `tags` are of the pipeline file. */
  readonly said?: Pick<Remark, 'tags' | 'notes'>;
  /** Why it ran: sentences. */
  readonly reasons: readonly string[];
  /** Sentences, and the runs that each speaks of. */
  readonly warnings: readonly { readonly text: string; readonly exact: boolean }[];
  /** Of sources, inputs and outputs, how many are left out here. */
  readonly left: number;
}

export interface TreeView {
  /** By `spanId`, so that what is shown several times is there once. */
  readonly runs: Readonly<Record<string, TaskRunView>>;
  readonly root: TreeNodeView;
}

export interface TreeNodeView {
  readonly run: SpanId;
  readonly repeated: boolean;
  readonly left: number;
  readonly children: readonly TreeNodeView[];
}

export interface FlaggedView {
  readonly runId: RunId;
  readonly task?: TaskId;
  readonly output?: string;
  readonly why?: string;
  readonly time: string;
  /** Its record is here. */
  readonly known: boolean;
}

export interface SuspectView extends RankedSuspect {
  readonly text: string;
}

export type LineageAnswer =
  | {
      readonly type: 'trace';
      readonly output: OutputView;
      /** The run and the task that made it. */
      readonly made: { readonly runId: RunId; readonly task: TaskId };
      /** Others of that name, the one that is shown included, what a run had last first. */
      readonly versions: readonly { readonly runId: RunId; readonly task: TaskId; readonly name: string; readonly start: number; readonly shown: boolean; readonly flagged: boolean }[];
      readonly tree: TreeView;
    }
  | { readonly type: 'history'; readonly executions: readonly TaskRunView[]; readonly total: number }
  | { readonly type: 'review'; readonly flags: readonly FlaggedView[]; readonly flagged: number; readonly good: number; readonly suspects: readonly SuspectView[]; readonly total: number }
  | { readonly type: 'nothing'; readonly message: string };

export interface LineageSources {
  readonly lineage: Lineage;
  readonly flags: readonly Flag[];
  /** Tags and notes. */
  readonly remarks?: readonly Remark[];
  readonly staleNow?: StaleNow;
}

type RemarkOn = ReturnType<typeof remarkFinder>;

const mostVersions = 50;
const mostExecutions = 500;
const mostSuspects = 200;
/** Files of an execution that are named. */
const mostFiles = 100;

export function answerLineage(question: LineageQuestion, sources: LineageSources): LineageAnswer {
  switch (question.type) {
    case 'trace':
      return trace(question, sources);
    case 'history': {
      const runs = historyOf(sources.lineage, question.task);
      if (runs.length === 0) return nothing(`No recorded run executed ${question.task}`, question.task, taskNames(sources.lineage));
      const remarkOn = remarkFinder(sources.remarks ?? []);
      return { type: 'history', executions: runs.slice(0, mostExecutions).map((run) => viewOf(run, [], sources, remarkOn)), total: runs.length };
    }
    case 'review':
      return reviewed(sources);
    default:
      return question satisfies never;
  }
}

/** Names of tasks, with and without their matrix values. */
export function taskNames(lineage: Lineage): readonly string[] {
  return [...new Set(lineage.all().flatMap((run) => [run.node.name, run.task as string]))];
}

function nothing(message: string, name: string, names: readonly string[]): LineageAnswer {
  const near = nearName(name, names);
  return { type: 'nothing', message: `${message}${near === undefined ? '.' : `; did you mean ${near}?`}` };
}

function trace({ output, direction }: Extract<LineageQuestion, { readonly type: 'trace' }>, sources: LineageSources): LineageAnswer {
  const { lineage, staleNow } = sources;
  const all = findOutputs(lineage, output);
  const [found] = all;
  if (found === undefined) return nothing(`No recorded run made ${output}`, output, outputNames(lineage));
  // By a run's own name only that one is found; the others are of the same name and task.
  const versions = output.startsWith(`${found.run.runId}/`) ? findOutputs(lineage, found.kind === 'file' ? found.name : `${found.run.task}.${found.name}`) : all;
  const remarkOn = remarkFinder(sources.remarks ?? []);
  const runs: Record<string, TaskRunView> = {};
  const node = ({ run, warnings, children, repeated, left }: LineageNode): TreeNodeView => {
    if (!repeated) runs[run.spanId] = viewOf(run, warnings.map((warning) => ({ text: describeWarning(warning), exact: warning.type === 'superseded' || warning.type === 'stale-now' })), sources, remarkOn);
    return { run: run.spanId, repeated, left, children: children.map(node) };
  };
  const root = node(lineageTree(lineage, found.run, { direction, ...(staleNow !== undefined && { staleNow }) }));
  return {
    type: 'trace',
    output: outputView(found, found.run, sources.flags, remarkOn),
    made: { runId: found.run.runId, task: found.run.task },
    versions: versions.slice(0, mostVersions).map(({ run, kind, name }) => ({ runId: run.runId, task: run.task, name, start: toDate(run.start).getTime(), shown: run.spanId === found.run.spanId && name === found.name, flagged: outputView({ kind, name }, run, sources.flags, remarkOn).flagged })),
    tree: { runs, root },
  };
}

function outputView({ kind, name, digest }: { readonly kind: OutputKind; readonly name: string; readonly digest?: string }, run: TaskRun, flags: readonly Flag[], remarkOn: RemarkOn): OutputView {
  const flag = flags.find((each) => each.runId === run.runId && each.task === run.task && each.output === name);
  const { tags = [], notes = [] } = remarkOn({ runId: run.runId, task: run.task, output: name }) ?? {};
  return { kind, name, ...(digest !== undefined && { digest }), flagged: flag !== undefined, ...(flag?.why !== undefined && { why: flag.why }), tags, notes };
}

function viewOf(run: TaskRun, warnings: TaskRunView['warnings'], { lineage, flags }: LineageSources, remarkOn: RemarkOn): TaskRunView {
  const said = remarkOn({ runId: run.runId, task: run.task });
  const { node, start, end, commit, branch, dirty } = run;
  const sources = Object.entries(run.fingerprint?.sources ?? {});
  const inputs = Object.entries(outsideInputs(lineage, run));
  const outputs = [
    ...run.outputs.map(({ path, digest }) => ({ kind: 'file' as const, name: path, digest })),
    ...run.artifacts.map(({ name, digest }) => ({ kind: 'artifact' as const, name, digest })),
    ...[...Object.keys(run.returns), ...Object.keys(run.metrics)].map((name) => ({ kind: 'value' as const, name })),
  ];
  return {
    spanId: run.spanId,
    runId: run.runId,
    task: run.task,
    pipeline: run.pipeline,
    kind: node.kind,
    outcome: run.outcome,
    start: toDate(start).getTime(),
    duration: elapsed(start, end),
    ...(node.description !== undefined && { description: node.description }),
    ...(node.owner !== undefined && { owner: node.owner }),
    tags: node.tags,
    ...(commit !== undefined && { commit, version: `${branch === undefined ? '' : `${branch}@`}${commit.slice(0, 7)}${dirty === true ? '*' : ''}` }),
    params: run.params,
    metrics: run.metrics,
    sources: Object.fromEntries(sources.slice(0, mostFiles)),
    inputs: Object.fromEntries(inputs.slice(0, mostFiles)),
    outputs: outputs.slice(0, mostFiles).map((output) => outputView(output, run, flags, remarkOn)),
    ...(said !== undefined && { said: { tags: said.tags, notes: said.notes } }),
    reasons: run.reasons.map(describeReason),
    warnings,
    left: [sources, inputs, outputs].reduce((sum, files) => sum + Math.max(0, files.length - mostFiles), 0),
  };
}

function reviewed({ lineage, flags }: LineageSources): LineageAnswer {
  const flagged = flaggedTaskRuns(lineage, flags);
  const good = goodTaskRuns(lineage, flagged);
  const ranked = flagged.length === 0 ? [] : review(lineage, flagged, good);
  return {
    type: 'review',
    flags: flags.map((flag) => ({ ...flag, known: (flag.task === undefined ? lineage.ends(flag.runId) : [lineage.of(flag.runId, flag.task)]).some((run) => run !== undefined) })),
    flagged: flagged.length,
    good: good.length,
    suspects: ranked.slice(0, mostSuspects).map((each) => ({ ...each, text: describeSuspect(each.suspect) })),
    total: ranked.length,
  };
}
