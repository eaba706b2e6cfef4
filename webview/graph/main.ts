/** The graph panel: tasks and their states as a drawing, patched while a run goes on. */
import './graph.css';
import { shapeGraph, shownPhase, type GraphShape, type ShapeNode } from '../../src/model/graph-shape.ts';
import { nodeTitle } from '../../src/model/mermaid.ts';
import { phaseLook } from '../../src/model/phase.ts';
import type { TaskId } from '../../src/model/pipeline.ts';
import type { GraphTask } from '../../src/model/graph-task.ts';
import type { GraphHostMessage, GraphViewMessage } from '../../src/protocol/graph-view.ts';
import { createAnnouncer } from '../announcer.ts';
import { registerControls } from '../controls.ts';
import { fill, h, setAttribute, setText } from '../dom.ts';
import { connectHost } from '../host.ts';
import { iconPath } from '../icons.ts';
import { detailOf, labelOf, phaseOf, tooltipOf } from './describe.ts';
import { drawShape, fitDetail, type DrawnNode, type Drawing } from './drawing.ts';
import { nextNode } from './keyboard.ts';
import { taskList } from './task-list.ts';
import { createToolbar } from './toolbar.ts';
import { createTooltip } from './tooltip.ts';
import { createViewport, type View } from './viewport.ts';

interface PanelState {
  readonly open: readonly string[];
  readonly filter: string;
  readonly asList: boolean;
  readonly selected?: string;
  readonly view?: View;
}

registerControls();
const host = connectHost<GraphHostMessage, GraphViewMessage, PanelState>();
let saved: PanelState = host.state.get() ?? { open: [], filter: '', asList: false };
let tasks = new Map<TaskId, GraphTask>();
let pipeline = { title: '', watching: false, running: false, errors: 0 };
let shape: GraphShape = { nodes: [], containers: [], edges: [], hidden: 0 };
let drawing: Drawing | undefined;
let drawn = '';
/** The node that Tab reaches. */
let current: string | undefined;

const remember = (change: Partial<Omit<PanelState, 'view'>> & { readonly view?: View | undefined }): void => {
  const { view, ...rest } = { ...saved, ...change };
  saved = { ...rest, ...(view !== undefined && { view }) };
  host.state.set(saved);
};

const announcer = createAnnouncer();
const tooltip = createTooltip();
const pane = h('div', { class: 'pane' });
const list = h('div', { class: 'list', tabindex: '0', role: 'region', 'aria-label': 'Tasks' });
const empty = h('div', { class: 'empty' });
const note = h('div', { class: 'note', role: 'note' });
const banner = h('div', { class: 'banner', role: 'alert' });
const workshop = h('div', { class: 'workshop', 'aria-hidden': 'true' });
const viewport = createViewport(pane, (view) => {
  tooltip.hide();
  remember({ view });
});
const toolbar = createToolbar({
  run: () => host.post({ type: 'run', tasks: [] }),
  stop: () => host.post({ type: 'stop' }),
  watch: (on) => host.post({ type: 'watch', on }),
  filter: (filter) => {
    remember({ filter, view: undefined });
    void redraw();
  },
  fit: viewport.fit,
  zoomBy: viewport.zoomBy,
  toggleList: () => {
    remember({ asList: !saved.asList });
    showParts();
    if (!saved.asList) void redraw();
  },
});
document.body.append(toolbar.element, banner, note, h('main', {}, pane, toolbar.zoom, list, empty), workshop, tooltip.element, announcer.element);

host.onMessage((message) => {
  switch (message.type) {
    case 'snapshot': {
      for (const task of message.tasks) announce(tasks.get(task.id), task);
      tasks = new Map(message.tasks.map((task) => [task.id, task]));
      pipeline = message;
      showParts();
      void redraw();
      return;
    }
    case 'statuses': {
      pipeline = { ...pipeline, watching: message.watching, running: message.running };
      for (const { id, status } of message.changes) {
        const task = tasks.get(id);
        if (task === undefined) continue;
        announce(task, { ...task, status });
        tasks.set(id, { ...task, status });
      }
      showParts();
      patchSoon();
      return;
    }
    default:
      message satisfies never;
  }
});

function announce(before: GraphTask | undefined, now: GraphTask): void {
  if (before !== undefined && shownPhase(before) !== shownPhase(now)) announcer.say(now.id, phaseLook[shownPhase(now)].label);
}

function matching(): readonly GraphTask[] {
  const wanted = saved.filter.trim().toLowerCase();
  return [...tasks.values()].filter((task) => task.id.toLowerCase().includes(wanted));
}

/** Everything around the drawing. */
function showParts(): void {
  const all = [...tasks.values()];
  toolbar.show({ ...pipeline, tasks: all, filter: saved.filter, asList: saved.asList });
  const some = tasks.size > 0;
  pane.hidden = !some || saved.asList;
  list.hidden = !some || !saved.asList;
  empty.hidden = some || pipeline.errors > 0;
  banner.hidden = pipeline.errors === 0;
  const mistakes = pipeline.errors === 1 ? '1 mistake' : `${pipeline.errors} mistakes`;
  const warning = `The pipeline file has ${mistakes}; ${some ? 'what could be understood is drawn' : 'none of its tasks could be understood'}.`;
  if (banner.dataset['text'] !== warning) {
    banner.dataset['text'] = warning;
    fill(banner, warning, ' ', h('button', { class: 'link', onclick: () => host.post({ type: 'show-problems' }) }, 'Show Problems'));
  }
  if (!some && empty.childElementCount === 0) {
    fill(empty, h('h2', {}, 'No tasks yet'), h('p', {}, 'A pipeline is described by a file named runweave.yaml. Add a task to it, and it is drawn here:'), h('pre', {}, 'name: my-pipeline\ntasks:\n  prepare:\n    python: prepare.py\n  train:\n    notebook: train.ipynb\n    needs: [prepare]'));
  }
  if (!list.hidden) fillList();
  showNote();
}

function fillList(): void {
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['task'] : undefined;
  fill(list, taskList(matching(), host.post));
  if (focused !== undefined) list.querySelector<HTMLElement>(`[data-task="${CSS.escape(focused)}"]`)?.focus();
}

function showNote(): void {
  const grouped = shape.nodes.filter((node) => node.type === 'group').length;
  const text = [
    shape.hidden > 0 && `${shape.hidden} of ${tasks.size} tasks are not drawn.`,
    grouped > 0 && `${grouped} groups stand for tasks whose names begin alike.`,
    (shape.hidden > 0 || grouped > 0) && 'Filter, open a group, or switch to the list to see all.',
  ];
  note.hidden = saved.asList || tasks.size === 0 || !text.some(Boolean);
  setText(note, text.filter(Boolean).join(' '));
}

let drawingNow: Promise<void> = Promise.resolve();
let wanted = 0;

/** Lays out if the structure changed; always patches. One layout at a time, and only the latest wish is drawn. */
function redraw(): Promise<void> {
  wanted += 1;
  const wish = wanted;
  drawingNow = drawingNow.then(async () => {
    if (wish !== wanted || saved.asList) return;
    const next = shapeGraph([...tasks.values()], { open: new Set(saved.open), filter: saved.filter });
    const structure = JSON.stringify([next.nodes.map((node) => [node.type, node.id, node.container, node.tasks.length]), next.containers.map((container) => container.id), next.edges]);
    shape = next;
    if (structure !== drawn) {
      try {
        const made = await drawShape(next, workshop);
        drawn = structure;
        place(made);
      } catch (error) {
        // The list says the same without mermaid.
        remember({ asList: true });
        showParts();
        setText(note, `The graph could not be drawn (${String(error)}); here are its tasks.`);
        note.hidden = false;
        return;
      }
    }
    showNote();
    patch();
  });
  return drawingNow;
}

function place(made: Drawing): void {
  const hadFocus = drawing?.svg.contains(document.activeElement) === true;
  tooltip.hide();
  drawing = made;
  setAttribute(made.svg, 'role', 'group');
  setAttribute(made.svg, 'aria-label', `Task graph of ${pipeline.title}`);
  for (const node of made.nodes.values()) listen(node);
  viewport.show(made.svg, made.width, made.height, saved.view);
  const first = made.nodes.keys().next().value;
  makeCurrent(current !== undefined && made.nodes.has(current) ? current : saved.selected !== undefined && made.nodes.has(saved.selected) ? saved.selected : first);
  if (hadFocus && current !== undefined) made.nodes.get(current)?.element.focus();
}

function tasksOf(node: ShapeNode): readonly GraphTask[] {
  return node.tasks.map((task) => tasks.get(task.id) ?? task);
}

let frame = 0;
function patchSoon(): void {
  if (frame === 0) frame = requestAnimationFrame(patch);
}

const failed = new Set(['failure', 'error', 'timeout']);

/** Classes and text only. */
function patch(): void {
  frame = 0;
  const now = Date.now();
  for (const drawnNode of drawing?.nodes.values() ?? []) {
    const { node, opened, element, icon, detail } = drawnNode;
    const members = tasksOf(node);
    const single = node.type === 'task';
    const phase = phaseOf(members);
    if (icon.dataset['phase'] !== phase) {
      icon.dataset['phase'] = phase;
      icon.setAttribute('class', `phase-${phase}`);
      icon.replaceChildren(iconPath(phase));
      element.classList.toggle('running', phase === 'running');
      element.classList.toggle('failed', failed.has(phase));
      element.classList.toggle('stale', phase === 'stale');
      element.dataset['phase'] = phase;
    }
    const text = detailOf(members, single, now);
    // Measured only when it changed.
    if (detail.dataset['text'] !== text) {
      detail.dataset['text'] = text;
      detail.textContent = fitDetail(text, drawnNode);
    }
    setAttribute(element, 'aria-label', labelOf(element.textContent.trim(), members, single, now));
    element.classList.toggle('selected', node.id === saved.selected);
    if (opened || node.type === 'matrix' || node.type === 'group') setAttribute(element, 'aria-expanded', String(opened));
  }
}

// Running tasks show how long they have been at it.
setInterval(() => {
  if (pipeline.running && !document.hidden) patchSoon();
}, 1000);

function toggleOpen(id: string): void {
  const open = new Set(saved.open);
  if (!open.delete(id)) open.add(id);
  current = id;
  remember({ open: [...open], view: undefined });
  void redraw().then(() => {
    const opened = open.has(id) ? drawing?.nodes.get(id) : undefined;
    if (opened !== undefined) viewport.approach(opened.box);
  });
}

function makeCurrent(id: string | undefined): void {
  current = id;
  for (const [other, { element }] of drawing?.nodes ?? []) setAttribute(element, 'tabindex', other === id ? '0' : '-1');
}

/** A first click goes to the source, a click on what is selected to its output. */
function activate({ node, opened }: DrawnNode, output: boolean): void {
  const task = tasksOf(node)[0];
  if (task === undefined || opened) return;
  if (node.type === 'more') {
    remember({ asList: true, filter: node.container?.split(':')[1] ?? '' });
    showParts();
    return;
  }
  const again = saved.selected === node.id;
  remember({ selected: node.id });
  patch();
  if (node.type === 'group') return;
  if ((output || again) && node.type === 'task' && task.hasOutput) host.post({ type: 'open-output', task: task.id });
  else host.post({ type: 'open-source', task: task.id });
}

function explain({ type, tasks: [task] }: ShapeNode): void {
  if (type === 'task' && task !== undefined) host.post({ type: 'explain', task: task.id });
}

function listen(drawnNode: DrawnNode): void {
  const { node, element, opened } = drawnNode;
  const expandable = opened || node.type === 'matrix' || node.type === 'group';
  setAttribute(element, 'role', 'button');
  element.dataset['node'] = node.id;
  const showTooltip = (): void => tooltip.show(element, tooltipOf(node.type === 'task' ? (node.tasks[0]?.id ?? node.label) : nodeTitle(node), tasksOf(node), node.type === 'task', Date.now()));
  element.addEventListener('click', (event) => {
    makeCurrent(node.id);
    if (expandable && event.target instanceof Element && event.target.closest('.expander') !== null) toggleOpen(node.id);
    else activate(drawnNode, false);
  });
  element.addEventListener('contextmenu', (event) => {
    event.preventDefault();
    if (expandable) toggleOpen(node.id);
    else explain(node);
  });
  if (!opened) element.addEventListener('pointerenter', showTooltip);
  element.addEventListener('pointerleave', () => tooltip.hide());
  element.addEventListener('focus', () => {
    makeCurrent(node.id);
    viewport.reveal(drawnNode.box);
    if (element.matches(':focus-visible')) showTooltip();
  });
  element.addEventListener('blur', () => tooltip.hide());
  element.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' || event.key === ' ') {
      if (expandable && !event.shiftKey) toggleOpen(node.id);
      else if (event.shiftKey) activate(drawnNode, true);
      else {
        remember({ selected: node.id });
        patch();
        if (node.type === 'more') activate(drawnNode, false);
        else if (node.tasks[0] !== undefined) host.post({ type: 'open-source', task: node.tasks[0].id });
      }
    } else if (event.key === 'w') explain(node);
    else if (event.key === 'r') host.post({ type: 'run', tasks: node.tasks.map((task) => task.id) });
    else if (event.key === 'Escape') tooltip.hide();
    else {
      const next = drawing === undefined ? undefined : nextNode(event.key, node.id, drawing.nodes, shape.edges);
      if (next === undefined) return;
      drawing?.nodes.get(next)?.element.focus();
    }
    event.preventDefault();
  });
}

showParts();
host.post({ type: 'ready' });
