/** All that a record says of one task. */
import { returnsGiven, taskParamsGiven } from '../../src/model/as-given.ts';
import { changeOf } from '../../src/model/change.ts';
import { describeReason, type Reason } from '../../src/model/fingerprint.ts';
import type { TaskId } from '../../src/model/pipeline.ts';
import type { RecordedFailure, SkipReason } from '../../src/model/run-event.ts';
import { evaluatedNotebook, type AttemptState, type TaskState } from '../../src/model/run-state.ts';
import { elapsed, formatDuration } from '../../src/model/time.ts';
import { h, type Child } from '../dom.ts';
import { plainText } from '../../src/model/plain-text.ts';
import { ansiText } from './ansi.ts';
import { checksView } from './checks.ts';
import { spanTree } from '../../src/model/reported.ts';
import { valueText } from '../../src/model/whole-float.ts';
import { remarkMarks } from '../remarks.ts';
import { formatNumber, formatSize, formatTime, pairs, phaseMark } from './format.ts';
import { renderCells } from './notebook.ts';
import type { Context } from './panel.ts';
import { resourcesView } from './resources.ts';
import { sourcesView, warningsView } from './surroundings.ts';

/** Rows of spans, and how many are shown without being asked for. */
const mostSpans = 300;
const openSpans = 30;
const deepestSpan = 12;

function section(task: TaskState, name: string, open: boolean, ...content: readonly Child[]): HTMLElement {
  return h('details', { class: 'section', open, 'data-key': `${task.node.id}/${name}` }, h('summary', {}, h('h3', {}, name)), ...content);
}

const skips: Readonly<Record<SkipReason, string>> = { 'up-to-date': 'Up to date', restored: 'Restored from an earlier run', upstream: 'Skipped: a task that it needs did not succeed', stopped: 'Skipped: the run was stopped', manual: 'Skipped: it runs only when it is asked for by name' };

/** Why a task was skipped, with the run that made what it would have made. */
export function skipText(task: TaskState, context: Context): Child {
  const { skipReason, madeBy, blockedBy = [] } = task;
  if (skipReason === undefined) return null;
  if ((skipReason === 'up-to-date' || skipReason === 'restored') && madeBy !== undefined) {
    const run = context.can('open-run') ? h('button', { class: 'link', onclick: () => context.post({ type: 'open-run', runId: madeBy.runId }) }, madeBy.runId) : madeBy.runId;
    return h('span', { class: 'inline' }, `${skipReason === 'restored' ? 'Restored' : 'Up to date'}: outputs made by run `, run);
  }
  return h('span', { class: 'inline' }, skips[skipReason], blockedBy.length > 0 && ': ', ...blockedBy.flatMap((id, index) => [index > 0 && ', ', h('button', { class: 'link', onclick: () => context.select(id, 'tasks') }, id)]));
}

/** Files of the workspace are links; of others the path stands as it is. */
const isRelative = (file: string): boolean => !/^([A-Za-z]:)?[\\/]|^</.test(file) && !file.startsWith('..');

/** A link into the workspace, where the host has one. */
function fileLink({ can, post }: Context, path: string, line?: number): HTMLElement {
  const text = line === undefined ? path : `${path}:${line}`;
  if (!can('open-file') || !isRelative(path)) return h('span', { class: 'mono' }, text);
  return h('button', { class: line === undefined ? 'link' : 'link mono', onclick: () => post({ type: 'open-file', path, ...(line !== undefined && { line }) }) }, text);
}

function failureView(failure: RecordedFailure, context: Context): HTMLElement {
  const { frames = [], stacktrace } = failure;
  const links = frames.filter((frame) => isRelative(frame.file));
  return h(
    'div',
    { class: 'failure' },
    h('p', {}, h('strong', {}, failure.type), `: ${plainText(failure.message)}`),
    links.length > 0 && h('ul', { class: 'frames' }, ...links.map(({ file, line, function: name }) => h('li', {}, fileLink(context, file, line), h('span', { class: 'quiet' }, ` in ${name}`)))),
    stacktrace !== undefined && h('pre', { class: 'text', tabindex: '0', role: 'region', 'aria-label': 'Traceback' }, ...ansiText(stacktrace)),
  );
}

/** What the task reported of its own work: a tree with durations, and a bar for where in the attempt each was. */
function spansView({ number, spans, spanCount, start, end }: AttemptState, task: TaskState): HTMLElement {
  const rows = spanTree(spans).slice(0, mostSpans);
  const length = Math.max(...rows.map(({ span }) => elapsed(start, span.end)), end === undefined ? 0 : elapsed(start, end), 0.001);
  const percent = (time: number): string => `${Math.min(100, Math.max(0, (100 * time) / length)).toFixed(2)}%`;
  const row = ({ span, depth }: (typeof rows)[number]): HTMLElement => {
    const bar = h('span', { class: `bar phase-${span.status.code === 2 ? 'failure' : 'running'}` });
    bar.style.left = percent(elapsed(start, span.start));
    bar.style.width = percent(elapsed(span.start, span.end));
    const name = h('td', {}, span.name, span.status.code === 2 && h('span', { class: 'phase-failure' }, ` ${span.status.message ?? 'error'}`));
    name.style.paddingLeft = `${8 + 14 * Math.min(depth, deepestSpan)}px`;
    return h('tr', { title: Object.entries(span.attributes).map(([key, value]) => `${key}: ${valueText(value)}`).join('\n').slice(0, 2000) }, name, h('td', { class: 'quiet' }, span.scope?.name ?? ''), h('td', { class: 'number' }, formatDuration(elapsed(span.start, span.end))), h('td', { class: 'course', 'aria-hidden': 'true' }, h('span', { class: 'track' }, bar)));
  };
  return h(
    'details',
    { class: 'section', open: spanCount <= openSpans, 'data-key': `${task.node.id}/${number}/spans` },
    h('summary', {}, h('h3', {}, `Spans (${spanCount})`)),
    h('div', { class: 'scroll-x' }, h('table', { class: 'spans' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Span'), h('th', { scope: 'col' }, 'Scope'), h('th', { scope: 'col', class: 'number' }, 'Duration'), h('th', { scope: 'col' }, 'Course'))), h('tbody', {}, ...rows.map(row)))),
    spanCount > rows.length && h('p', { class: 'quiet' }, `The first ${rows.length} of ${spanCount} spans. The record has all of them.`),
  );
}

function attemptView(task: TaskState, attempt: AttemptState, context: Context): HTMLElement {
  const { number, cause, start, end, outcome, exitCode, signal, command, pid, failure, note, checks } = attempt;
  const resources = resourcesView(task, attempt);
  const warnings = warningsView(attempt, (path, line) => fileLink(context, path, line));
  const why = { first: '', retry: 'retry', change: 'restarted after a change' }[cause];
  return h(
    'div',
    { class: 'attempt' },
    h('div', { class: 'attempt-head' }, h('strong', {}, `Attempt ${number}`), phaseMark(outcome ?? 'running'), h('span', { class: 'quiet' }, [why, end === undefined ? undefined : formatDuration(elapsed(start, end)), exitCode === undefined ? undefined : `exit code ${exitCode}`, signal, pid === 0 ? undefined : `process ${pid}`].filter(Boolean).join(' · '))),
    failure !== undefined && failureView(failure, context),
    h('code', {}, command.join(' ')),
    note !== undefined && h('p', { class: 'quiet' }, note),
    checks.length > 0 && section(task, `Checks of attempt ${number}`, true, checksView(checks)),
    warnings !== false && section(task, `Warnings of attempt ${number}`, true, warnings),
    attempt.spanCount > 0 && spansView(attempt, task),
    attempt.cells.some((cell) => cell.outputs !== undefined) && h('details', { class: 'section', open: true, 'data-key': `notebook ${number}` }, h('summary', {}, h('h3', {}, end === undefined ? 'Notebook so far' : 'Notebook as far as it came')), renderCells(attempt.cells)),
    attempt.cells.length > 0 && pairs(attempt.cells.map((cell) => [`Cell ${cell.index}: ${cell.label}`, cell.end === undefined ? 'running' : `${cell.status === 'failure' ? 'failed after ' : ''}${formatDuration(elapsed(cell.start, cell.end))}`]), ['Cell', 'Duration']),
    resources !== false && section(task, `Resources of attempt ${number}`, false, resources),
  );
}

const short = (digest: string): string => digest.slice(0, 19);

function reasonView(reason: Reason, index: number, task: TaskId, context: Context): Child {
  const change = changeOf(reason);
  if (change === undefined || (change.type !== 'upstream' && !context.can('show-change'))) return describeReason(reason);
  const show = change.type === 'upstream' ? (): void => context.select(change.task, 'tasks') : (): void => context.post({ type: 'show-change', task, reason: index });
  return h('button', { class: 'link', title: change.type === 'upstream' ? `Show ${change.task}` : 'Show what changed', onclick: show }, describeReason(reason));
}

/** What people said of the task, and of each of its outputs. */
function saidOf(task: TaskState, { remarkOn }: Context): readonly HTMLElement[] {
  const names = [...new Set([...task.outputs.map(({ path }) => path), ...task.artifacts.map(({ name }) => name), ...Object.keys(task.returns), ...Object.keys(task.metrics)])];
  return [undefined, ...names].flatMap((name) => {
    const remark = remarkOn(task, name);
    return remark === undefined ? [] : [h('li', {}, h('span', { class: 'inline' }, name !== undefined && h('span', { class: 'mono' }, `${name} `), ...remarkMarks(remark)))];
  });
}

export function taskDetail(task: TaskState, context: Context): HTMLElement {
  const { node, fingerprint, observed } = task;
  const file = (path: string): HTMLElement => fileLink(context, path);
  const metrics = Object.entries(task.metrics);
  const said = saidOf(task, context);
  return h(
    'section',
    { class: 'detail', 'aria-label': `Details of ${node.id}` },
    h('h2', { class: 'group-head' }, node.id, phaseMark(task.phase)),
    h('p', { class: 'quiet inline' }, [node.kind, task.start === undefined || task.phase === 'skip' ? undefined : formatTime(task.start), node.owner].filter((part) => part !== undefined).join(' · '), ' · ', node.kind === 'shell' ? h('code', {}, node.source) : file(node.source)),
    node.description !== undefined && h('p', {}, node.description),
    task.phase === 'skip' && h('p', {}, skipText(task, context)),
    // The task's own failure, unless it is that of its last attempt, which is told there.
    task.failure !== undefined && task.attempts.at(-1)?.failure === undefined && failureView(task.failure, context),
    said.length > 0 && section(task, 'Remarks', true, h('ul', {}, ...said)),
    task.reasons.length > 0 && section(task, 'Why it ran', true, h('ul', {}, ...task.reasons.map((reason, index) => h('li', {}, reasonView(reason, index, node.id, context))))),
    task.attempts.length > 0 && section(task, 'Attempts', true, ...task.attempts.map((attempt) => attemptView(task, attempt, context))),
    metrics.length > 0 && section(task, 'Metrics', true, pairs(metrics.map(([name, series]) => [name, formatNumber(series.last)]), ['Metric', 'Last value'])),
    Object.keys(task.params).length > 0 && section(task, 'Parameters', true, pairs(Object.entries(taskParamsGiven(task)).map(([name, value]) => [name, valueText(value)]))),
    Object.keys(task.loggedParams).length > 0 && section(task, 'Logged parameters', true, pairs(Object.entries(task.loggedParams).map(([name, value]) => [name, valueText(value)]))),
    Object.keys(task.tags).length > 0 && section(task, 'Tags', true, pairs(Object.entries(task.tags))),
    Object.keys(task.returns).length > 0 && section(task, 'Returns', true, pairs(Object.entries(returnsGiven(task)).map(([name, value]) => [name, valueText(value)]))),
    task.datasets.length > 0 && section(task, 'Datasets', true, pairs(task.datasets.map(({ name, digest, context: use }) => [use === undefined ? name : `${name} (${use})`, digest]), ['Dataset', 'Digest'])),
    task.artifacts.length > 0 && section(task, 'Artifacts', true, h('ul', {}, ...task.artifacts.map((artifact) => h('li', {}, artifact.name, h('span', { class: 'quiet' }, ` ${formatSize(artifact.size)}`)))), h('button', { class: 'link', onclick: () => context.select(node.id, 'artifacts') }, 'Show artifacts')),
    task.attempts.some((attempt) => attempt.output.length > 0) && h('p', {}, h('button', { class: 'link', onclick: () => context.select(node.id, 'output') }, 'Show output')),
    task.artifacts.some(({ name }) => name === evaluatedNotebook(node)) && h('p', {}, h('button', { class: 'link', onclick: () => context.select(node.id, 'artifacts') }, 'Show the evaluated notebook')),
    fingerprint !== undefined && Object.keys(fingerprint.inputs).length > 0 && section(task, 'Inputs', false, filesTable(Object.entries(fingerprint.inputs).map(([name, digest]) => ({ path: name.replace(/ \(read\)$/, ''), size: task.inputSizes?.[name], digest })), file)),
    task.outputs.length > 0 && section(task, 'Outputs', false, filesTable(task.outputs, file)),
    fingerprint !== undefined && section(task, 'Fingerprint', false, fingerprintView(fingerprint)),
    task.sources !== undefined && Object.keys(task.sources).length > 0 && section(task, 'Sources as they were', false, sourcesView(task.sources, context)),
    observed !== undefined && section(task, 'Observed files', false, h('ul', { class: 'mono' }, ...[...observed.modules.map((path) => ['imported', path] as const), ...observed.read.map((path) => ['read', path] as const), ...observed.written.map((path) => ['wrote', path] as const)].map(([verb, path]) => h('li', {}, `${verb} `, file(path))))),
    observed !== undefined && Object.keys(observed.packages).length > 0 && section(task, 'Packages', false, pairs(Object.entries(observed.packages), ['Package', 'Version'])),
  );
}

function filesTable(files: readonly { readonly path: string; readonly size: number | undefined; readonly digest: string }[], file: (path: string) => HTMLElement | string): HTMLElement {
  const rows = files.map(({ path, size, digest }) => h('tr', {}, h('td', {}, file(path)), h('td', { class: 'mono' }, `${size === undefined ? '' : `${formatSize(size)} · `}${short(digest)}`)));
  return h('div', { class: 'scroll-x' }, h('table', { class: 'pairs' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'File'), h('th', { scope: 'col' }, 'Size and digest'))), h('tbody', {}, ...rows)));
}

function fingerprintView(fingerprint: NonNullable<TaskState['fingerprint']>): HTMLElement {
  const digests = (kind: string, entries: Readonly<Record<string, string>>): [string, string][] => Object.entries(entries).map(([name, value]) => [`${kind} ${name}`, value.startsWith('sha256:') ? short(value) : value]);
  return pairs([['definition', short(fingerprint.definition)], ...digests('source', fingerprint.sources), ...digests('input', fingerprint.inputs), ...digests('upstream', fingerprint.upstream), ...digests('env', fingerprint.env), ...(fingerprint.interpreter === '' ? [] : [['interpreter', fingerprint.interpreter] as const])], ['Component', 'Value']);
}
