/** The run panel: one run, recorded or in progress, or the timeline of any other trace. */
import './run.css';
import type { Digest } from '../../src/model/fingerprint.ts';
import type { TaskId } from '../../src/model/pipeline.ts';
import { phaseLook } from '../../src/model/phase.ts';
import { createRunFold, type RunFold, type RunState } from '../../src/model/run-state.ts';
import { fromMilliseconds } from '../../src/model/time.ts';
import type { RunHostMessage, RunViewMessage, SeriesLength } from '../../src/protocol/run-view.ts';
import { createAnnouncer } from '../announcer.ts';
import { fill, h } from '../dom.ts';
import { connectHost } from '../host.ts';
import { artifactsTab } from './artifacts.ts';
import { header, runPhase } from './header.ts';
import type { Context, TabId } from './panel.ts';
import { environmentTab, metricsTab, outputTab, parametersTab, showGantt, tasksTab } from './simple-tabs.ts';
import { createTabs } from './tabs.ts';
import { createTimeline } from './timeline.ts';
import { traceView } from './trace.ts';

interface PanelState {
  readonly tab: TabId;
  readonly task?: TaskId;
  readonly span?: string;
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
const loaded = new Map<Digest, string | null>();
const asked = new Set<Digest>();

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
const timeline = createTimeline('Tasks by time', (key) => select(key as TaskId, 'tasks'));
const legend = h('p', { class: 'legend quiet' }, h('span', { class: 'swatch' }), 'on the critical path: what made the run as long as it was. Enter or a click shows the task.');
const tabs = createTabs<TabId>(
  [
    { id: 'timeline', label: 'Timeline' },
    { id: 'tasks', label: 'Tasks' },
    { id: 'parameters', label: 'Parameters' },
    { id: 'metrics', label: 'Metrics' },
    { id: 'artifacts', label: 'Artifacts' },
    { id: 'output', label: 'Output' },
    { id: 'environment', label: 'Environment' },
  ],
  'Parts of the run',
  (tab) => {
    remember({ tab });
    show();
  },
);
const runView = h('main', { class: 'run' }, head, tabs.bar, tabs.panel);

host.onMessage((message) => {
  switch (message.type) {
    case 'run':
      fold = createRunFold(message.state);
      ({ live } = message);
      cutOutput = new Set(message.cutOutput);
      lengths.clear();
      noteLengths(message.seriesLengths);
      drawn = '';
      if (!runView.isConnected) fill(page, runView, announcer.element);
      show();
      return;
    case 'trace':
      fill(page, traceView(message, saved.span, (span) => remember({ span })));
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
      loaded.set(message.digest, message.data ?? null);
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

function versionOf(run: RunState, tab: TabId): string {
  const sizes = run.tasks.map((task) => [task.phase, task.attempts.length, task.artifacts.length, task.end, Object.values(task.metrics).reduce((sum, series) => sum + series.count, 0), Object.keys(task.loggedParams).length, task.attempts.at(-1)?.output.length, task.attempts.at(-1)?.cells.length, task.attempts.at(-1)?.cells.filter((cell) => cell.end !== undefined).length, task.reasons.length, task.attempts.at(-1)?.spanCount, task.datasets.length]);
  const ofTab = { timeline: sizes, tasks: sizes, parameters: sizes.map((each) => [each[0], each[5]]), metrics: sizes.map((each) => each[4]), artifacts: sizes.map((each) => each[2]), output: sizes.map((each) => [each[1], each[6]]), environment: [] }[tab];
  return JSON.stringify([tab, saved.task, loaded.size, ofTab]);
}

function show(): void {
  const run = fold.state();
  if (run === undefined) return;
  const now = fromMilliseconds(Date.now());
  fill(head, header(run, live, now));
  tabs.select(saved.tab);
  const count = (number: number): string => (number === 0 ? '' : String(number));
  tabs.badge('tasks', count(run.tasks.length));
  tabs.badge('artifacts', count(run.tasks.reduce((sum, task) => sum + task.artifacts.length, 0)));
  tabs.badge('metrics', count(run.tasks.reduce((sum, task) => sum + Object.keys(task.metrics).length, 0)));
  document.title = `${run.pipeline.name}: ${phaseLook[runPhase(run)].label}`;
  const context: Context = { run, selected: saved.task, cutOutput, lengthOf, loaded, select, load, editor: host.editor, post: host.post };
  if (saved.tab === 'timeline') {
    if (!timeline.element.isConnected) fill(tabs.panel, timeline.element, legend);
    drawn = 'timeline';
    showGantt(timeline, context, live ? now : undefined);
    return;
  }
  const version = versionOf(run, saved.tab);
  if (version === drawn) return;
  drawn = version;
  redraw(build(saved.tab, context));
}

function build(tab: Exclude<TabId, 'timeline'>, context: Context): HTMLElement {
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

function load(digest: Digest): void {
  if (asked.has(digest)) return;
  asked.add(digest);
  host.post({ type: 'load-artifact', digest });
}

// A run in progress shows how long it has been at it.
setInterval(() => {
  if (live && !document.hidden) showSoon();
}, 1000);

fill(page, h('p', { class: 'empty quiet', role: 'status' }, 'Reading…'));
host.post({ type: 'ready' });
