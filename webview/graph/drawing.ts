/**
 * Mermaid lays a shape out and draws its frames, edges and node outlines; what stands in a node is ours, in room that
 * the label given to mermaid reserved. So a change of state changes classes and text and never the layout.
 */
import type mermaid from 'mermaid';
import { mermaidIds, nodeTitle, shapeToMermaid } from '../../src/model/mermaid.ts';
import { type GraphShape, type ShapeNode } from '../../src/model/graph-shape.ts';
import { s } from '../dom.ts';
import { loadScript } from '../lazy-script.ts';
import { iconPath } from '../icons.ts';

export interface DrawnNode {
  readonly node: ShapeNode;
  readonly opened: boolean;
  readonly element: SVGGElement;
  readonly icon: SVGGElement;
  readonly detail: SVGTextElement;
  /** Centre and size in the drawing's coordinates. */
  readonly box: DOMRect;
}

export interface Drawing {
  readonly svg: SVGSVGElement;
  readonly width: number;
  readonly height: number;
  /** By the shape's ids, in topological order; opened containers stand before what is in them. */
  readonly nodes: ReadonlyMap<string, DrawnNode>;
}

/** Room for the second line: `12 min 34 s · parameter nr_train…`. */
const reserved = 'n'.repeat(24);
const titleLength = 34;

/** A name keeps both ends: the values of a matrix differ at the end. */
function title(node: ShapeNode): string {
  const text = nodeTitle(node);
  return text.length <= titleLength ? text : `${text.slice(0, 20)}…${text.slice(-13)}`;
}

const canvas = document.createElement('canvas').getContext('2d');

/** The start of `text` that fits into a drawn node's second line. */
export function fitDetail(text: string, { box, opened }: DrawnNode): string {
  if (canvas === null || opened) return text;
  const room = box.width - 48;
  canvas.font = `11.5px ${getComputedStyle(document.body).fontFamily}`;
  const { width } = canvas.measureText(text);
  return width <= room ? text : `${text.slice(0, Math.max(1, Math.floor((text.length * room) / width) - 1)).trimEnd()}…`;
}

let drawings = 0;

async function loadMermaid(): Promise<typeof mermaid> {
  await loadScript('mermaid.js');
  const loaded = (globalThis as { runweaveMermaid?: typeof mermaid }).runweaveMermaid;
  if (loaded === undefined) throw new Error('mermaid.js is not the script that it should be');
  return loaded;
}

/** Draws off screen and returns the result; the caller puts it in place. Rejects when mermaid can't. */
export async function drawShape(shape: GraphShape, workshop: HTMLElement): Promise<Drawing> {
  const { initialize, render } = await loadMermaid();
  const font = getComputedStyle(document.body);
  initialize({
    startOnLoad: false,
    securityLevel: 'strict',
    suppressErrorRendering: true,
    theme: 'base',
    look: 'classic',
    layout: 'dagre',
    htmlLabels: false,
    maxTextSize: 2_000_000,
    maxEdges: 20_000,
    fontFamily: font.fontFamily,
    themeVariables: { fontFamily: font.fontFamily, fontSize: '13px' },
    flowchart: { curve: 'basis', padding: 12, subGraphTitleMargin: { top: 0, bottom: 14 }, nodeSpacing: 28, rankSpacing: 44, wrappingWidth: 2000 },
  });
  const opened = new Set(shape.containers.map((container) => container.id));
  // All outlines are mermaid's plain rectangle; the name's line also holds icon and expander.
  const text = shapeToMermaid({ ...shape, nodes: shape.nodes.map((node) => ({ ...node, type: 'more' })) }, 'TB', (node) => (opened.has(node.id) ? [nodeLabel(node, shape)] : [`nnnnn${nodeLabel(node, shape)}`, reserved]));
  drawings += 1;
  const { svg: markup } = await render(`drawing${drawings}`, text, workshop);
  workshop.replaceChildren();
  const parsed = new DOMParser().parseFromString(markup, 'text/html').querySelector('svg');
  if (parsed === null) throw new Error('mermaid made no drawing');
  const svg = document.importNode(parsed, true);
  for (const element of svg.querySelectorAll('style, script, foreignObject, a')) element.remove();
  for (const element of svg.querySelectorAll('[style]')) element.removeAttribute('style');
  for (const element of svg.querySelectorAll('.edgeLabels')) element.remove();
  const [, , width = 0, height = 0] = (svg.getAttribute('viewBox') ?? '').split(/\s+/).map(Number);
  for (const name of ['width', 'style', 'viewBox', 'role', 'aria-roledescription']) svg.removeAttribute(name);
  return { svg, width, height, nodes: fillNodes(svg, shape, opened) };
}

/** The node's own label: a node was given another type for mermaid, so the shape's is looked up. */
function nodeLabel(node: ShapeNode, shape: GraphShape): string {
  return title(shape.containers.find((other) => other.id === node.id) ?? shape.nodes.find((other) => other.id === node.id) ?? node);
}

function fillNodes(svg: SVGSVGElement, shape: GraphShape, opened: ReadonlySet<string>): Map<string, DrawnNode> {
  const groups = new Map<string, SVGGElement>();
  for (const element of svg.querySelectorAll<SVGGElement>('g.node, g.cluster')) {
    const id = element.classList.contains('cluster') ? /(c\d+)$/.exec(element.id)?.[1] : /flowchart-(n\d+)-\d+$/.exec(element.id)?.[1];
    if (id !== undefined) groups.set(id, element);
  }
  const ids = mermaidIds(shape);
  const nodes = new Map<string, DrawnNode>();
  const add = (node: ShapeNode): void => {
    const element = groups.get(ids.get(node.id) ?? '');
    if (element === undefined) return;
    const drawn = opened.has(node.id) ? fillContainer(element, node) : fillNode(element, node);
    nodes.set(node.id, drawn);
  };
  const seen = new Set<string>();
  for (const node of shape.nodes) {
    if (node.container !== undefined && !seen.has(node.container)) {
      seen.add(node.container);
      shape.containers.filter((container) => container.id === node.container).forEach(add);
    }
    add(node);
  }
  return nodes;
}

function sizes(rect: Element | null): { x: number; y: number; width: number; height: number } {
  const number = (name: string): number => Number(rect?.getAttribute(name) ?? 0);
  return { x: number('x'), y: number('y'), width: number('width'), height: number('height') };
}

/** Sum of the `translate`s around an element: dagre nests a frame that no edge enters. */
function offset(element: Element | null): { x: number; y: number } {
  const sum = { x: 0, y: 0 };
  for (let at = element; at !== null && at.localName !== 'svg'; at = at.parentElement) {
    const match = /translate\(\s*([-\d.e]+)[\s,]+([-\d.e]+)/.exec(at.getAttribute('transform') ?? '');
    sum.x += Number(match?.[1] ?? 0);
    sum.y += Number(match?.[2] ?? 0);
  }
  return sum;
}

function fillNode(element: SVGGElement, node: ShapeNode): DrawnNode {
  const outline = element.querySelector('rect.label-container, rect.basic');
  const { x, y, width, height } = sizes(outline);
  const at = offset(element);
  const expandable = node.type === 'matrix' || node.type === 'group';
  const icon = s('g', { transform: `translate(${x + 10} ${y + 8})` });
  const detail = s('text', { class: 'detail', x: x + 32, y: y + height - 11 });
  const children: SVGElement[] = [s('rect', { class: 'card', x, y, width, height, rx: 4 }), icon, s('text', { class: 'title', x: x + 32, y: y + 21 }, `${title(node)} `), detail];
  // Sheets behind the card: there is more than one task in it.
  if (expandable) {
    children.unshift(s('rect', { class: 'sheet', x: x + 5, y: y + 5, width, height, rx: 4 }));
    children.push(s('g', { class: 'expander', transform: `translate(${x + width - 26} ${y + 6})` }, s('rect', { class: 'hit', x: -4, y: -4, width: 24, height: 24, rx: 3 }), iconPath('expand')));
  }
  element.replaceChildren(...children);
  element.setAttribute('class', `node ${node.type}`);
  return { node, opened: false, element, icon, detail, box: new DOMRect(at.x + x, at.y + y, width, height) };
}

function fillContainer(element: SVGGElement, node: ShapeNode): DrawnNode {
  const { x, y, width, height } = sizes(element.querySelector('rect'));
  const at = offset(element);
  const icon = s('g', { transform: `translate(${x + 30} ${y + 6})` });
  const detail = s('text', { class: 'detail at-end', x: x + width - 10, y: y + 19 });
  element.replaceChildren(
    s('rect', { class: 'frame', x, y, width, height, rx: 6 }),
    s('g', { class: 'expander', transform: `translate(${x + 8} ${y + 6})` }, s('rect', { class: 'hit', x: -4, y: -4, width: 24, height: 24, rx: 3 }), iconPath('collapse')),
    icon,
    s('text', { class: 'title', x: x + 52, y: y + 19 }, `${title(node)} `),
    detail,
  );
  element.setAttribute('class', 'cluster');
  return { node, opened: true, element, icon, detail, box: new DOMRect(at.x + x, at.y + y, width, height) };
}
