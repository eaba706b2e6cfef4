/** A report of a run for a pull request or a job summary: what happened, what it came to, and what changed against a baseline. */
import { graphToMermaid } from '../model/mermaid.ts';
import { ganttOf, ganttToMermaid } from '../model/gantt.ts';
import { tasksOfRun } from '../model/graph-of-run.ts';
import { describeReason } from '../model/fingerprint.ts';
import type { RunState, TaskState } from '../model/run-state.ts';
import { vcsRefHeadName, vcsRefHeadRevision } from '../model/semantic-conventions.ts';
import { elapsed, formatDuration, toDate } from '../model/time.ts';

export interface ReportOptions {
  /** Metrics are compared with those of this run. */
  readonly baseline?: RunState;
  /** Whether higher values of a metric of that name are better. */
  readonly directionOf: (metric: string) => 'higher' | 'lower' | 'none';
}

/** GitHub cuts a job summary at 1 MiB, and draws no larger diagrams. */
const mostTasks = 200;
const outputLines = 20;

export function toMarkdown(run: RunState, { baseline, directionOf }: ReportOptions): string {
  const failed = run.tasks.filter((task) => task.failure !== undefined || task.phase === 'failure' || task.phase === 'error' || task.phase === 'timeout');
  return [
    `## ${symbol(run.outcome)} ${escape(run.pipeline.name)}: ${summary(run)}`,
    '',
    facts(run),
    '',
    ...section('Failures', failed.map((task) => failure(task))),
    ...section('Metrics', metrics(run, baseline, directionOf)),
    ...section('Tasks', [tasks(run)]),
    ...(run.tasks.length > mostTasks ? [] : [...folded('Task graph', `\`\`\`mermaid\n${graphToMermaid(tasksOfRun(run)).trimEnd()}\n\`\`\``), ...timeline(run)]),
  ].join('\n');
}

function section(title: string, parts: readonly string[]): readonly string[] {
  return parts.length === 0 ? [] : [`### ${title}`, '', ...parts.flatMap((part) => [part, ''])];
}

function folded(title: string, content: string): readonly string[] {
  return ['<details>', `<summary>${title}</summary>`, '', content, '', '</details>', ''];
}

function timeline(run: RunState): readonly string[] {
  const gantt = ganttOf(run);
  return gantt.rows.length === 0 ? [] : folded('Timeline', `\`\`\`mermaid\n${ganttToMermaid(gantt, run.runId).trimEnd()}\n\`\`\``);
}

function summary(run: RunState): string {
  const count = (phase: TaskState['phase']): number => run.tasks.filter((task) => task.phase === phase).length;
  const parts = [
    [count('success'), 'succeeded'],
    [count('failure') + count('error') + count('timeout'), 'failed'],
    [count('cancellation'), 'cancelled'],
    [count('skip'), 'not run or up to date'],
  ] as const;
  const text = parts.flatMap(([number, word]) => (number === 0 ? [] : [`${number} ${word}`])).join(', ');
  return `${text === '' ? 'no tasks' : text}${run.end === undefined ? '' : ` in ${formatDuration(elapsed(run.start, run.end))}`}`;
}

function facts(run: RunState): string {
  const commit = run.resource[vcsRefHeadRevision];
  const branch = run.resource[vcsRefHeadName];
  const params = Object.entries(run.params).map(([name, value]) => code(`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`));
  return [
    `Run ${code(run.runId)}, started ${toDate(run.start).toISOString().replace(/\.\d+Z$/, 'Z')}`,
    ...(typeof commit === 'string' ? [`${typeof branch === 'string' ? `${code(branch)} at ` : ''}${code(commit.slice(0, 10))}${run.resource['runweave.vcs.dirty'] === true ? ', with uncommitted changes' : ''}`] : []),
    ...(params.length === 0 ? [] : [`Parameters ${params.join(' ')}`]),
    ...checked(run),
    ...run.warnings.map((warning) => `⚠ ${escape(warning)}`),
  ].join('  \n');
}

/** Which of them failed is told with the task's failure. */
function checked(run: RunState): readonly string[] {
  const checks = run.tasks.flatMap((task) => task.attempts.at(-1)?.checks ?? []);
  const passed = checks.filter(({ outcome }) => outcome === 'success').length;
  return checks.length === 0 ? [] : [`${passed} of ${checks.length} checks passed`];
}

function failure(task: TaskState): string {
  const raised = task.failure?.frames?.at(-1);
  const at = raised === undefined ? '' : ` at ${code(raised.file.endsWith('.ipynb') ? `${raised.file}, ${raised.function}, line ${raised.line}` : `${raised.file}:${raised.line}`)}`;
  const output = (task.attempts.at(-1)?.output ?? []).map((chunk) => chunk.text).join('').trimEnd().split('\n').slice(-outputLines).join('\n');
  return `**${escape(task.node.id)}**: ${escape(task.failure?.message ?? task.phase)}${at}${output === '' ? '' : `\n\n${block(output)}`}`;
}

function metrics(run: RunState, baseline: RunState | undefined, directionOf: ReportOptions['directionOf']): readonly string[] {
  const rows = run.tasks.flatMap((task) =>
    Object.entries(task.metrics).map(([name, series]) => {
      const value = Number(series.last);
      const before = baseline?.tasks.find((other) => other.node.id === task.node.id)?.metrics[name];
      const difference = before === undefined ? [] : [number(Number(before.last)), change(Number(before.last), value, directionOf(name))];
      return `| ${escape(task.node.id)} | ${escape(name)} | ${number(value)} |${baseline === undefined ? '' : ` ${difference.length === 0 ? 'new | ' : difference.join(' | ')} |`}`;
    }),
  );
  if (rows.length === 0) return [];
  const header = baseline === undefined ? ['| task | metric | value |', '|---|---|--:|'] : [`| task | metric | value | ${code(baseline.runId)} | difference |`, '|---|---|--:|--:|---|'];
  return [[...header, ...rows].join('\n')];
}

function change(before: number, now: number, direction: 'higher' | 'lower' | 'none'): string {
  if (before === now || (Number.isNaN(before) && Number.isNaN(now))) return '=';
  const difference = now - before;
  const text = `${difference > 0 ? '+' : ''}${number(difference)}`;
  if (direction === 'none' || Number.isNaN(difference)) return text;
  return `${text} ${difference > 0 === (direction === 'higher') ? '✓ better' : '✗ worse'}`;
}

function tasks(run: RunState): string {
  const shown = run.tasks.slice(0, mostTasks);
  const rows = shown.map((task) => {
    const took = task.phase === 'skip' || task.start === undefined || task.end === undefined ? '' : formatDuration(elapsed(task.start, task.end));
    const why = task.phase === 'skip' ? `${(task.skipReason ?? '').replaceAll('-', ' ')}${task.madeBy === undefined ? '' : `, made by ${task.madeBy.runId}`}` : task.reasons.map(describeReason).join('; ');
    return `| ${symbol(task.phase)} | ${escape(task.node.id)} | ${took} | ${escape(why.length > 200 ? `${why.slice(0, 199)}…` : why)} |`;
  });
  return ['| | task | time | why |', '|---|---|--:|---|', ...rows, ...(run.tasks.length > shown.length ? [`\nand ${run.tasks.length - shown.length} more tasks`] : [])].join('\n');
}

function symbol(phase: TaskState['phase'] | undefined): string {
  switch (phase) {
    case 'success':
      return '✅';
    case 'failure':
    case 'error':
      return '❌';
    case 'timeout':
      return '⌛';
    case 'cancellation':
      return '⛔';
    case 'skip':
      return '⏭️';
    case 'running':
    case 'stale':
    case 'pending':
    case undefined:
      return '🔄';
    default:
      return phase satisfies never;
  }
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Recorded text as text: neither HTML nor Markdown of its own, on one line, nobody mentioned. */
function escape(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_{}[\]()#+!|<>~&-]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replaceAll('@', '@\u200b');
}

/** A code span that its content can't end. */
function code(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
  const fence = '`'.repeat(Math.max(0, ...(flat.match(/`+/g) ?? []).map((run) => run.length)) + 1);
  return fence.length === 1 ? `\`${flat}\`` : `${fence} ${flat} ${fence}`;
}

/** A code block that its content can't end, without colours. */
function block(text: string): string {
   
  const clean = text.replaceAll(/\u001b\[[\d;:]*[A-Za-z]/g, '').replaceAll(/[\u0000-\u0008\u000b-\u001f]/g, '');
  const fence = '`'.repeat(Math.max(3, ...(clean.match(/`+/g) ?? []).map((run) => run.length + 1)));
  return `${fence}text\n${clean}\n${fence}`;
}
