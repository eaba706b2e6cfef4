/** The run panel: one run, recorded or in progress, or the timeline of any other trace. */
import './run.css';
import type { Digest } from '../../src/model/fingerprint.ts';
import type { TaskId } from '../../src/model/pipeline.ts';
import { remarkFinder, type Remark } from '../../src/query/annotations.ts';
import { tasksOfRun } from '../../src/model/graph-of-run.ts';
import { phaseLook } from '../../src/model/phase.ts';
import { createRunFold, type RunFold, type RunState } from '../../src/model/run-state.ts';
import { fromMilliseconds } from '../../src/model/time.ts';
import type { RunHostMessage, RunViewMessage, SeriesLength, WorkspaceFile } from '../../src/protocol/run-view.ts';
import { createAnnouncer } from '../announcer.ts';
import { fill, h } from '../dom.ts';
import { connectHost } from '../host.ts';
import { artifactsTab } from './artifacts.ts';
import { environmentTab } from './environment.ts';
import { header, headerActions, runPhase } from './header.ts';
import { createMetricCharts, type ChartViews } from './metric-chart.ts';
import type { Context, TabId } from './panel.ts';
import { createRunGraph, type RunGraph } from './graph.ts';
import { createBytesLoader } from './load-bytes.ts';
import { resourcesTab } from './resources.ts';
import { metricsTab, outputTab, parametersTab, tasksTab } from './simple-tabs.ts';
import { sourcesTab } from './sources.ts';
import { createTabs } from './tabs.ts';
import { createTimelineTab, type TimelineSearch } from './timeline-tab.ts';
import { traceView } from './trace.ts';

interface PanelState {
  readonly tab: TabId;
  readonly task?: TaskId;
  readonly span?: string;
  readonly search?: TimelineSearch;
  /** The metrics whose charts are shown; one alone in what was saved earlier. */
  readonly charted?: string | readonly string[];
  readonly charts?: ChartViews;
}

const host = connectHost<RunHostMessage, RunViewMessage, PanelState>();
/** The page, or the part of a website's page that is for the panel. */
const page = document.getElementById('panel') ?? document.body;
let saved: PanelState = host.state.get() ?? { tab: 'timeline' };
let fold: RunFold = createRunFold();
let live = false;
let cutOutput: ReadonlySet<TaskId> = new Set();
/** By task and name, of series of which not every point is here. */
const lengths = new Map<string, number>();
let answered: ReadonlySet<RunViewMessage['type']> | undefined;
const can = (type: RunViewMessage['type']): boolean => answered?.has(type) ?? true;
const bytes = createBytesLoader(host.post, (digest: Digest) => {
  for (const task of fold.state()?.tasks ?? []) {
    const found = task.artifacts.find((artifact) => artifact.digest === digest);
    if (found !== undefined) return found.content;
  }
  return undefined;
});
/** Of the sources: as the host saw them last. */
let workspace: Readonly<Record<string, WorkspaceFile>> | undefined;
let lookedAt = '';
let remarks: readonly Remark[] = [];
let remarkOn = remarkFinder(remarks);

const remember = (change: Partial<PanelState>): void => {
  saved = { ...saved, ...change };
  host.state.set(saved);
};

const announcer = createAnnouncer();
const head = h('div');
const select = (task: TaskId, tab?: TabId): void => {
  remember({ task, ...(tab !== undefined && { tab }) });
  show();
};
const timeline = createTimelineTab(saved.search ?? { query: '', all: false }, (search) => remember({ search }));
let graph: RunGraph | undefined;
const buttons = h('div', { class: 'run-actions' });
const tabs = createTabs<TabId>(
  [
    { id: 'timeline', label: 'Timeline' },
    { id: 'graph', label: 'Graph' },
    { id: 'tasks', label: 'Tasks' },
    { id: 'parameters', label: 'Parameters' },
    { id: 'metrics', label: 'Metrics' },
    { id: 'artifacts', label: 'Artifacts' },
    { id: 'output', label: 'Output' },
    { id: 'sources', label: 'Sources' },
    { id: 'resources', label: 'Resources' },
    { id: 'environment', label: 'Environment' },
  ],
  'Parts of the run',
  (tab) => {
    if (tab !== saved.tab) lookedAt = '';
    remember({ tab });
    show();
  },
);
const charted = (): readonly string[] => (typeof saved.charted === 'string' ? [saved.charted] : (saved.charted ?? []));
const showChart = (metric: string, on: boolean): void => {
  const others = charted().filter((each) => each !== metric);
  remember({ charted: on ? [...others, metric] : others });
  show();
};
const metricCharts = createMetricCharts(saved.charts ?? {}, {
  onViews: (charts) => remember({ charts }),
  onClose: (metric) => {
    showChart(metric, false);
    // To where it is opened again.
    [...tabs.panel.querySelectorAll<HTMLElement>('[data-key^="chart "]')].find(({ dataset }) => dataset['key']?.endsWith(` ${metric}`))?.focus();
  },
  post: host.post,
});
const runView = h('main', { class: 'run' }, h('div', { class: 'run-top' }, head, buttons), tabs.bar, metricCharts.element, tabs.panel);

host.onMessage((message) => {
  switch (message.type) {
    case 'run':
      fold = createRunFold(message.state);
      ({ live } = message);
      cutOutput = new Set(message.cutOutput);
      answered = message.can === undefined ? undefined : new Set(message.can);
      fill(buttons, ...headerActions(can, host.post));
      lengths.clear();
      noteLengths(message.seriesLengths);
      drawn = '';
      if (!runView.isConnected) fill(page, runView, announcer.element);
      show();
      return;
    case 'remarks':
      ({ remarks } = message);
      remarkOn = remarkFinder(remarks);
      drawn = '';
      if (fold.state() !== undefined && runView.isConnected) show();
      return;
    case 'trace':
      fill(page, traceView(message, { span: saved.span, query: saved.search?.query ?? '' }, (span) => remember({ span }), (query) => remember({ search: { query, all: false } })));
      return;
    case 'unreadable':
      fill(page, h('main', { class: 'empty' }, h('h2', {}, 'This file can’t be read as a run'), h('p', {}, message.message), h('p', { class: 'quiet' }, 'A record is OpenTelemetry’s OTLP as JSON: one TracesData document, or one on each line. Was the file cut while it was copied? A run that is still going on, or whose process died, is under Runs in the Runweave view.')));
      return;
    case 'events': {
      const before = phases();
      for (const event of message.events) fold.apply(event);
      for (const [task, phase] of phases()) if (before.get(task) !== phase) announcer.say(task, phaseLook[phase].label);
      noteLengths(message.seriesLengths);
      const run = fold.state();
      if (run?.outcome !== undefined) live = false;
      showSoon();
      return;
    }
    case 'artifact':
      bytes.receive(message);
      return;
    case 'workspace':
      workspace = message.files;
      drawn = '';
      showSoon();
      return;
    default:
      message satisfies never;
  }
});

function noteLengths(known: readonly SeriesLength[] = []): void {
  for (const { task, name, length } of known) lengths.set(JSON.stringify([task, name]), length);
}

const lengthOf = (task: TaskId, name: string): number => lengths.get(JSON.stringify([task, name])) ?? fold.state()?.tasks.find((each) => each.node.id === task)?.metrics[name]?.count ?? 0;

const phases = (): Map<TaskId, RunState['tasks'][number]['phase']> => new Map(fold.state()?.tasks.map((task) => [task.node.id, task.phase]) ?? []);

let frame = 0;
let last = 0;
let pause = 0;
/** With the next frame, and with a pause after each in which five times as much could be drawn: typing and scrolling go first. */
function showSoon(): void {
  if (frame !== 0) return;
  frame = requestAnimationFrame((time) => {
    frame = 0;
    const wait = pause - (time - last);
    if (wait > 0) {
      frame = -1;
      setTimeout(() => {
        frame = 0;
        showSoon();
      }, wait);
      return;
    }
    const start = performance.now();
    show();
    last = performance.now();
    pause = Math.max(16, 5 * (last - start));
  });
}

/** What the open tab was drawn from: it is drawn again only when that has changed. */
let drawn = '';

function versionOf(run: RunState, tab: BuiltTab): string {
  const sizes = run.tasks.map((task) => [task.phase, task.attempts.length, task.artifacts.length, task.end, Object.values(task.metrics).reduce((sum, series) => sum + series.count, 0), Object.keys(task.loggedParams).length, task.attempts.at(-1)?.output.length, task.attempts.at(-1)?.cells.length, task.attempts.at(-1)?.cells.filter((cell) => cell.end !== undefined).length, task.reasons.length, task.attempts.at(-1)?.spanCount, task.datasets.length, task.attempts.at(-1)?.resources.length]);
  const ofTab = { tasks: sizes, parameters: sizes.map((each) => [each[0], each[5]]), metrics: sizes.map((each) => each[4]), artifacts: sizes.map((each) => each[2]), output: sizes.map((each) => [each[1], each[6]]), sources: run.tasks.map((task) => Object.keys(task.sources ?? {}).length), resources: sizes.map((each) => [each[1], each[3], each[12]]), environment: run.tasks.map((task) => Object.keys(task.observed?.packages ?? {}).length) }[tab];
  return JSON.stringify([tab, saved.task, saved.charted, ofTab]);
}

function show(): void {
  const run = fold.state();
  if (run === undefined) return;
  const now = fromMilliseconds(Date.now());
  fill(head, header(run, live, now, remarkOn({ runId: run.runId })));
  tabs.select(saved.tab);
  const count = (number: number): string => (number === 0 ? '' : String(number));
  tabs.badge('tasks', count(run.tasks.length));
  tabs.badge('artifacts', count(run.tasks.reduce((sum, task) => sum + task.artifacts.length, 0)));
  tabs.badge('metrics', count(run.tasks.reduce((sum, task) => sum + Object.keys(task.metrics).length, 0)));
  document.title = `${run.pipeline.name}: ${phaseLook[runPhase(run)].label}`;
  const context: Context = { run, selected: saved.task, cutOutput, lengthOf, workspace, select, remarkOn: (task, output) => remarkOn({ runId: task.madeBy?.runId ?? run.runId, task: task.node.id, ...(output !== undefined && { output }) }), load: bytes.load, can, post: host.post, charted: charted(), chart: showChart };
  metricCharts.show(saved.tab === 'metrics' ? charted() : [], context);
  switch (saved.tab) {
    case 'timeline':
      if (drawn !== 'timeline') fill(tabs.panel, ...timeline.parts);
      drawn = 'timeline';
      timeline.show(context, live ? now : undefined);
      return;
    case 'graph':
      graph ??= createRunGraph(run.pipeline.name, (task) => select(task, 'tasks'));
      if (drawn !== 'graph') fill(tabs.panel, graph.element);
      drawn = 'graph';
      graph.show(tasksOfRun(run), saved.task);
      return;
    default: {
      const version = versionOf(run, saved.tab);
      if (version === drawn) return;
      drawn = version;
      redraw(build(saved.tab, context));
      if (saved.tab === 'sources') lookAtWorkspace(version);
    }
  }
}

/** Each time that the tab is opened, and when there are other sources. */
function lookAtWorkspace(version: string): void {
  if (lookedAt === version || !can('look-at-workspace')) return;
  lookedAt = version;
  host.post({ type: 'look-at-workspace' });
}

type BuiltTab = Exclude<TabId, 'timeline' | 'graph'>;

function build(tab: BuiltTab, context: Context): HTMLElement {
  switch (tab) {
    case 'tasks':
      return tasksTab(context);
    case 'parameters':
      return parametersTab(context);
    case 'metrics':
      return metricsTab(context);
    case 'artifacts':
      return artifactsTab(context);
    case 'output':
      return outputTab(context);
    case 'sources':
      return sourcesTab(context);
    case 'resources':
      return resourcesTab(context);
    case 'environment':
      return environmentTab(context);
    default:
      return tab satisfies never;
  }
}

/** Keeps focus, scroll and what was folded open, by the elements' keys. */
function redraw(content: HTMLElement): void {
  const { panel } = tabs;
  const focused = document.activeElement instanceof HTMLElement && panel.contains(document.activeElement) ? document.activeElement.dataset['key'] : undefined;
  const folds = new Map([...panel.querySelectorAll<HTMLDetailsElement>('details[data-key]')].map((details) => [details.dataset['key'], details.open]));
  const { scrollTop } = panel;
  const scrolled = new Map([...panel.querySelectorAll<HTMLElement>('.output[data-key]')].map((element) => [element.dataset['key'], isAtEnd(element) ? Infinity : element.scrollTop]));
  fill(panel, content);
  // Who reads the end goes on reading the end.
  for (const element of panel.querySelectorAll<HTMLElement>('.output[data-key]')) element.scrollTop = Math.min(scrolled.get(element.dataset['key']) ?? (element.dataset['running'] === 'true' ? Infinity : 0), element.scrollHeight);
  for (const details of panel.querySelectorAll<HTMLDetailsElement>('details[data-key]')) {
    const open = folds.get(details.dataset['key']);
    if (open !== undefined) details.open = open;
  }
  panel.scrollTop = scrollTop;
  if (focused !== undefined) panel.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function isAtEnd({ scrollTop, clientHeight, scrollHeight }: HTMLElement): boolean {
  return scrollTop + clientHeight >= scrollHeight - 4;
}

// A run in progress shows how long it has been at it.
setInterval(() => {
  if (live && !document.hidden) showSoon();
}, 1000);

fill(page, h('p', { class: 'empty quiet', role: 'status' }, 'Reading…'));
host.post({ type: 'ready' });
