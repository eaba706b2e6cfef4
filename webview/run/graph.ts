/**
 * The task graph of a run, each task with what became of it: a script of its own, as mermaid is larger than all else
 * of the panel, loaded when the graph is looked at. Drawing, keys and words are those of the graph panel.
 */
import { shapeGraph, type GraphShape, type ShapeNode } from '../../src/model/graph-shape.ts';
import type { GraphTask } from '../../src/model/graph-task.ts';
import { nodeTitle } from '../../src/model/mermaid.ts';
import type { TaskId } from '../../src/model/pipeline.ts';
import { h, setAttribute } from '../dom.ts';
import { detailOf, labelOf, phaseOf, tooltipOf } from '../graph/describe.ts';
import { drawShape, fitDetail, type DrawnNode, type Drawing } from '../graph/drawing.ts';
import { nextNode } from '../graph/keyboard.ts';
import { createTooltip } from '../graph/tooltip.ts';
import { createViewport } from '../graph/viewport.ts';
import { icon, iconPath } from '../icons.ts';

export interface RunGraph {
  readonly element: HTMLElement;
  /** Lays out when the tasks are others; else only their states change. */
  readonly show: (tasks: readonly GraphTask[], selected: TaskId | undefined) => void;
}

/** In a small graph all values of a matrix are seen. */
const smallGraph = 40;
const failed = new Set(['failure', 'error', 'timeout']);

export function createRunGraph(title: string, onChoose: (task: TaskId) => void): RunGraph {
  const pane = h('div', { class: 'pane' });
  const workshop = h('div', { class: 'workshop', 'aria-hidden': 'true' });
  const note = h('p', { class: 'legend quiet', role: 'status' });
  const tooltip = createTooltip();
  const viewport = createViewport(pane, () => tooltip.hide());
  const zoom = h('div', { class: 'zoom' }, ...([['Zoom in', 'zoom-in', () => viewport.zoomBy(1.25)], ['Zoom out', 'zoom-out', () => viewport.zoomBy(0.8)], ['Fit into view', 'fit', viewport.fit]] as const).map(([label, name, onclick]) => h('button', { class: 'plain', 'aria-label': label, title: label, onclick }, icon(name))));
  const element = h('div', { class: 'run-graph' }, h('div', { class: 'graph-area' }, pane, zoom), note, workshop, tooltip.element);

  let tasks = new Map<TaskId, GraphTask>();
  let selected: TaskId | undefined;
  let shape: GraphShape = { nodes: [], containers: [], edges: [], hidden: 0 };
  let drawing: Drawing | undefined;
  let drawn = '';
  let current: string | undefined;
  /** Ids of matrices and groups that a person opened or closed. */
  const toggled = new Map<string, boolean>();
  let drawingNow: Promise<void> = Promise.resolve();

  const membersOf = (node: ShapeNode): readonly GraphTask[] => node.tasks.map((task) => tasks.get(task.id) ?? task);
  const patch = (): void => {
    const now = Date.now();
    for (const drawnNode of drawing?.nodes.values() ?? []) {
      const { node, opened, element: box, icon: mark, detail } = drawnNode;
      const members = membersOf(node);
      const phase = phaseOf(members);
      mark.setAttribute('class', `phase-${phase}`);
      mark.replaceChildren(iconPath(phase));
      box.classList.toggle('running', phase === 'running');
      box.classList.toggle('failed', failed.has(phase));
      box.dataset['phase'] = phase;
      detail.textContent = fitDetail(detailOf(members, node.type === 'task', now), drawnNode);
      setAttribute(box, 'aria-label', labelOf(box.textContent.trim(), members, node.type === 'task', now));
      box.classList.toggle('selected', node.type === 'task' && node.tasks[0]?.id === selected);
      if (opened || node.type === 'matrix' || node.type === 'group') setAttribute(box, 'aria-expanded', String(opened));
    }
  };
  const makeCurrent = (id: string | undefined): void => {
    current = id;
    for (const [other, { element: box }] of drawing?.nodes ?? []) setAttribute(box, 'tabindex', other === id ? '0' : '-1');
  };
  const activate = ({ node, opened }: DrawnNode): void => {
    const task = node.tasks[0];
    if (opened || node.type === 'matrix' || node.type === 'group') {
      toggled.set(node.id, !opened);
      current = node.id;
      redraw();
    } else if (node.type === 'task' && task !== undefined) onChoose(task.id);
  };
  const listen = (drawnNode: DrawnNode): void => {
    const { node, element: box, opened } = drawnNode;
    setAttribute(box, 'role', 'button');
    box.dataset['node'] = node.id;
    const showTooltip = (): void => tooltip.show(box, tooltipOf(node.type === 'task' ? (node.tasks[0]?.id ?? node.label) : nodeTitle(node), membersOf(node), node.type === 'task', Date.now(), false));
    box.addEventListener('click', () => activate(drawnNode));
    if (!opened) box.addEventListener('pointerenter', showTooltip);
    box.addEventListener('pointerleave', () => tooltip.hide());
    box.addEventListener('blur', () => tooltip.hide());
    box.addEventListener('focus', () => {
      makeCurrent(node.id);
      viewport.reveal(drawnNode.box);
      if (box.matches(':focus-visible')) showTooltip();
    });
    box.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === 'Enter' || event.key === ' ') activate(drawnNode);
      else if (event.key === 'Escape') tooltip.hide();
      else {
        const next = drawing === undefined ? undefined : nextNode(event.key, node.id, drawing.nodes, shape.edges);
        if (next === undefined) return;
        drawing?.nodes.get(next)?.element.focus();
      }
      event.preventDefault();
    });
  };
  const redraw = (): void => {
    drawingNow = drawingNow.then(async () => {
      const all = [...tasks.values()];
      const groups = new Set(shapeGraph(all).nodes.filter((node) => node.type === 'matrix').map((node) => node.id));
      const open = new Set([...(all.length <= smallGraph ? groups : []), ...toggled.keys()].filter((id) => toggled.get(id) !== false));
      shape = shapeGraph(all, { open });
      const structure = JSON.stringify([shape.nodes.map((node) => [node.type, node.id, node.container, node.tasks.length]), shape.containers.map((container) => container.id), shape.edges]);
      if (structure !== drawn) {
        const hadFocus = drawing?.svg.contains(document.activeElement) === true;
        drawing = await drawShape(shape, workshop);
        drawn = structure;
        tooltip.hide();
        setAttribute(drawing.svg, 'role', 'group');
        setAttribute(drawing.svg, 'aria-label', `Task graph of ${title}`);
        for (const node of drawing.nodes.values()) listen(node);
        viewport.show(drawing.svg, drawing.width, drawing.height);
        makeCurrent(current !== undefined && drawing.nodes.has(current) ? current : drawing.nodes.keys().next().value);
        if (hadFocus && current !== undefined) drawing.nodes.get(current)?.element.focus();
        note.textContent = shape.hidden > 0 ? `${shape.hidden} of ${all.length} tasks are not drawn; the tab Tasks lists all of them.` : 'Enter or a click shows the task, or opens and closes a matrix.';
      }
      patch();
    }).catch((error: unknown) => {
      note.textContent = `The graph could not be drawn (${error instanceof Error ? error.message : String(error)}); the tab Tasks lists its tasks.`;
    });
  };
  return {
    element,
    show: (next, chosen) => {
      tasks = new Map(next.map((task) => [task.id, task]));
      selected = chosen;
      redraw();
    },
  };
}

(globalThis as { runweaveRunGraph?: typeof createRunGraph }).runweaveRunGraph = createRunGraph;
