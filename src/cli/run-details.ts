/** A recorded run, and a task of one, in words: what `runweave show` prints. */
import { returnsGiven, runParamsGiven, taskParamsGiven } from '../model/as-given.ts';
import type { MetricSummary } from '../model/metric-series.ts';
import { describeReason } from '../model/fingerprint.ts';
import type { JsonObject } from '../model/json.ts';
import type { RunId } from '../model/run-event.ts';
import { spanTree } from '../model/reported.ts';
import type { ArtifactState, AttemptState, RunState, TaskState } from '../model/run-state.ts';
import { importFormat, importSource } from '../model/semantic-conventions.ts';
import { elapsed, formatDuration } from '../model/time.ts';
import { valueText } from '../model/whole-float.ts';
import type { Remark } from '../query/annotations.ts';
import { remarkLines, taskRemarkLines } from './remark-lines.ts';
import { absoluteTime, relativeTime } from './run-text.ts';
import { briefMetrics, briefReasons, describeFailure, failureLines, fit, oneLine, outcomeSymbol, outcomeWord, taskDuration, type LineOptions } from './progress/task-lines.ts';
import { formatBytes, formatNumber, padEnd, plural, table, type Style } from './text.ts';

/** Spans that are printed; `--json` has those that are shown elsewhere. */
const mostSpans = 50;
const deepestSpan = 12;

/** Of a task that stands for what an earlier run made of it: the task there, where its record is at hand. */
export type MakerOf = (task: TaskState) => TaskState | undefined;

/** Summary and a line a task. */
export function runDetails(state: RunState, remarks: readonly Remark[], options: LineOptions & { readonly record: string; readonly now: number; readonly madeBy?: MakerOf }): string[] {
  const { style, columns } = options;
  const rows: [string, string][] = [
    ['pipeline', `${state.pipeline.name} (${state.pipeline.file})`],
    ['started', `${absoluteTime(state.start)}, ${relativeTime(state.start, options.now)}`],
  ];
  if (state.end !== undefined) rows.push(['took', formatDuration(elapsed(state.start, state.end))]);
  const imported = state.resource[importFormat];
  const source = state.resource[importSource];
  if (typeof imported === 'string') rows.push(['imported', `from ${imported}${typeof source === 'string' ? `: ${source}` : ''}`]);
  else rows.push(['because', trigger(state)]);
  const version = versionText(state.resource);
  if (version !== undefined) rows.push(['version', version]);
  const host = state.resource['host.name'];
  if (typeof host === 'string') rows.push(['host', host]);
  if (Object.keys(state.params).length > 0) rows.push(['params', inlineObject(runParamsGiven(state))]);
  rows.push(['record', options.record]);
  const tasks = table(
    state.tasks.map((task) => [phaseSymbol(task, style), task.node.id, phaseWord(task), taskDuration(task), `${briefMetrics(options.madeBy?.(task) ?? task)}  ${style('dim', whyBrief(task))}`.trim()]),
  );
  return [
    `${style('bold', state.runId)}  ${runOutcome(state, style)}`,
    ...rows.map(([label, value]) => fit(`  ${style('dim', padEnd(label, 9))} ${oneLine(value)}`, columns)),
    ...remarks.flatMap((remark) => remarkLines(remark, style, [remark.runId === state.runId ? '' : remark.runId, remark.task ?? '', remark.output ?? ''].filter((part) => part !== '').join('/'))).map((line) => fit(`  ${line}`, columns)),
    ...state.warnings.map((warning) => `  ${style('yellow', '!')} ${oneLine(warning)}`),
    '',
    ...tasks.map((line) => fit(line, columns)),
    ...state.tasks.filter(hasFailed).flatMap((task) => ['', `${phaseSymbol(task, style)} ${style('bold', task.node.id)}  ${failureText(task, style)}`, ...failureLines(task, state.runId, options)]),
  ];
}

/** Everything that the record says about a task, but its output, and what people said of it; `made`: what it stands for. */
export function taskDetails(task: TaskState, runId: RunId, remarks: readonly Remark[], { made, ...options }: LineOptions & { readonly made?: TaskState | undefined }): string[] {
  const { style, columns } = options;
  const section = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : [style('bold', title), ...lines.map((line) => fit(`  ${line}`, columns))]);
  const pairs = (object: JsonObject): string[] => table(Object.entries(object).map(([name, value]) => [oneLine(name), oneLine(valueText(value))]));
  const { node } = task;
  const of = made ?? task;
  const versions = versionsOf(of.artifacts);
  return [
    `${phaseSymbol(task, style)} ${style('bold', node.id)}  ${[phaseWord(task), taskDuration(task), task.attempts.length > 1 ? plural(task.attempts.length, 'attempt') : ''].filter((part) => part !== '').join(', ')}`,
    `  ${style('dim', `${node.kind}: ${oneLine(node.source)}${node.owner === undefined ? '' : `, owner ${oneLine(node.owner)}`}${node.tags.length === 0 ? '' : `, tags ${node.tags.join(', ')}`}`)}`,
    ...(node.description === undefined ? [] : [`  ${oneLine(node.description)}`]),
    ...(hasFailed(task) ? [failureText(task, style), ...failureLines(task, runId, options)] : []),
    ...section('Remarks', taskRemarkLines(remarks, style)),
    ...section('Why', task.phase === 'skip' ? [whyBrief(task)] : task.reasons.map((reason) => oneLine(describeReason(reason)))),
    ...section('Needs', node.dependencies.length === 0 ? [] : [node.dependencies.join(', ')]),
    ...(made === undefined ? [] : [style('dim', `What ${task.madeBy?.runId ?? ''} recorded of it:`)]),
    ...section('Params', pairs({ ...taskParamsGiven(of), ...of.loggedParams })),
    ...section('Metrics', table(Object.entries(of.metrics).map(([name, series]) => [oneLine(name), formatNumber(series.last), series.count > 1 ? style('dim', describeSeries(series)) : '']))),
    ...section('Checks', table((of.attempts.at(-1)?.checks ?? []).map(({ type, check, outcome, found = '' }) => [outcome === 'success' ? style('green', '✓') : style('red', '✗'), oneLine(check), style('dim', oneLine([type === 'condition' ? '' : `${type} the task`, found].filter((part) => part !== '').join(', ')))]))),
    ...section('Warnings', table((of.attempts.at(-1)?.warned ?? []).map(({ category, message, file, line, count }) => [category, oneLine(message), style('dim', [file === '' ? '' : `${oneLine(file)}:${line}`, count > 1 ? `${count} times` : ''].filter((part) => part !== '').join(', '))]))),
    ...section('Tags', pairs(of.tags)),
    ...section('Returns', pairs(returnsGiven(of))),
    ...section('Inputs', table(Object.entries(of.fingerprint?.inputs ?? {}).map(([name, digest]) => [oneLine(name), ((size) => (size === undefined ? '' : formatBytes(size)))(of.inputSizes?.[name]), style('dim', digest.slice(0, 19))]))),
    ...section('Outputs', table(of.outputs.map((output) => [oneLine(output.path), formatBytes(output.size), style('dim', output.digest.slice(0, 19))]))),
    ...section('Datasets', table(of.datasets.map(({ name, digest, context = '' }) => [oneLine(name), oneLine(context), style('dim', oneLine(digest))]))),
    ...of.attempts.slice(-1).flatMap((attempt) => section('Spans', spanLines(attempt, options))),
    ...section('Artifacts', table(of.artifacts.map((artifact, index) => [oneLine(artifact.name), oneLine(artifact.mediaType), formatBytes(artifact.size), style('dim', versions[index] ?? '')]))),
    ...section(
      'Attempts',
      table(
        (task.attempts.length > 0 ? task : of).attempts.map((attempt) => [
          String(attempt.number),
          attempt.outcome === undefined ? 'running' : outcomeWord(attempt.outcome),
          attempt.end === undefined ? '' : formatDuration(elapsed(attempt.start, attempt.end)),
          attempt.failure === undefined ? style('dim', oneLine(attempt.note ?? '')) : describeFailure(attempt.failure),
        ]),
      ),
    ),
  ];
}

/** The same name again is another version: `version 2 of 3`. */
function versionsOf(artifacts: readonly ArtifactState[]): readonly string[] {
  const total = new Map<string, number>();
  const numbers = artifacts.map(({ name }) => {
    const number = (total.get(name) ?? 0) + 1;
    total.set(name, number);
    return number;
  });
  return artifacts.map(({ name }, index) => (total.get(name) === 1 ? '' : `version ${numbers[index]} of ${total.get(name)}`));
}

/** `last of 100, 0.1 to 2.3, mean 0.4`. */
function describeSeries({ count, min, max, mean }: MetricSummary): string {
  const range = min === undefined || max === undefined || mean === undefined ? '' : `, ${formatNumber(min)} to ${formatNumber(max)}, mean ${formatNumber(mean)}`;
  return `last of ${count}${range}`;
}

/** What the task reported of its own work, as a tree. */
function spanLines({ spans, spanCount }: AttemptState, { style }: LineOptions): string[] {
  const tree = spanTree(spans);
  const rows = tree.slice(0, mostSpans).map(({ span, depth }) => [
    `${'  '.repeat(Math.min(depth, deepestSpan))}${oneLine(span.name)}`,
    formatDuration(elapsed(span.start, span.end)),
    span.status.code === 2 ? style('red', oneLine(span.status.message ?? 'error')) : '',
  ]);
  return [...table(rows), ...(spanCount > rows.length ? [style('dim', `and ${spanCount - rows.length} more`)] : [])];
}

function runOutcome(state: RunState, style: Style): string {
  if (state.outcome === undefined) return `${style('cyan', '▸')} running`;
  return `${outcomeSymbol(state.outcome, style)} ${state.outcome === 'skip' ? 'nothing to do' : outcomeWord(state.outcome)}${state.interrupted ? ' (the executor was cut off)' : ''}`;
}

function hasFailed(task: TaskState): boolean {
  return task.phase === 'failure' || task.phase === 'error' || task.phase === 'timeout';
}

function failureText(task: TaskState, style: Style): string {
  return style('red', task.failure === undefined ? phaseWord(task) : describeFailure(task.failure));
}

function phaseSymbol(task: TaskState, style: Style): string {
  switch (task.phase) {
    case 'pending':
    case 'stale':
      return style('dim', '·');
    case 'running':
      return style('cyan', '▸');
    case 'skip':
      return task.skipReason === 'up-to-date' || task.skipReason === 'restored' ? style('dim', '=') : style('yellow', '-');
    default:
      return outcomeSymbol(task.phase, style);
  }
}

function phaseWord(task: TaskState): string {
  switch (task.phase) {
    case 'pending':
    case 'stale':
      return 'waiting';
    case 'running':
      return 'running';
    case 'skip':
      return task.skipReason === 'up-to-date' ? 'up to date' : task.skipReason === 'restored' ? 'restored' : 'not run';
    default:
      return outcomeWord(task.phase);
  }
}

/** Why the task ran, or did not. */
function whyBrief(task: TaskState): string {
  if (task.phase !== 'skip') return briefReasons(task.reasons);
  switch (task.skipReason) {
    case 'up-to-date':
      return task.madeBy === undefined ? 'up to date' : `made by ${task.madeBy.runId}`;
    case 'restored':
      return task.madeBy === undefined ? 'restored' : `made by ${task.madeBy.runId}`;
    case 'upstream':
      return `did not succeed: ${(task.blockedBy ?? []).join(', ')}`;
    case 'stopped':
      return 'the run was stopped before';
    case 'manual':
      return 'runs on request';
    case undefined:
      return '';
    default:
      return task.skipReason satisfies never;
  }
}

function trigger({ trigger: by }: RunState): string {
  if (by.type === 'manual') return by.tasks.length === 0 ? 'asked for all tasks' : `asked for ${by.tasks.join(', ')}`;
  const more = by.count - 3;
  return `changed: ${by.files.slice(0, 3).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** `main@1a2b3c4, with uncommitted changes` */
function versionText(resource: JsonObject): string | undefined {
  const commit = resource['vcs.ref.head.revision'];
  const branch = resource['vcs.ref.head.name'];
  if (typeof commit !== 'string') return undefined;
  return `${typeof branch === 'string' ? `${branch}@` : ''}${commit.slice(0, 12)}${resource['runweave.vcs.dirty'] === true ? ', with uncommitted changes' : ''}`;
}

function inlineObject(object: JsonObject): string {
  return Object.entries(object).map(([name, value]) => `${name}=${oneLine(valueText(value))}`).join('  ');
}

