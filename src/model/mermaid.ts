/**
 * A task graph as mermaid flowchart text: for `runweave graph`, and for the graph panel, which has its labels measured
 * by mermaid and then fills the nodes itself. Ids in the text are ours (`n0`, `c0`), and labels are escaped, so that
 * no task name can add a node, a directive, a link or markup.
 */
import type { GraphTask } from './graph-task.ts';
import { countStates, shapeGraph, shownPhase, summaryPhase, type GraphShape, type ShapeNode, type ShapeOptions } from './graph-shape.ts';
import { phaseLook } from './phase.ts';
import type { TaskPhase } from './run-state.ts';
import { formatDuration } from './time.ts';

export interface MermaidOptions extends ShapeOptions {
  readonly direction?: 'TB' | 'LR';
  /** States as a second line and as colours: for a run. */
  readonly states?: boolean;
}

const code = (character: string): string => `#${character.codePointAt(0) ?? 32};`;

/**
 * Text for a quoted mermaid label: what could be mermaid's, HTML's, KaTeX's or markdown's syntax is written as a
 * character entity (https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters).
 */
export function escapeLabel(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .replace(/["#;&<>\\`*~%{}|@$!]/g, code)
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, code)
    // `- a`, `+ a` and `1. a` would be markdown lists.
    .replace(/^\s*[-+]/, (start) => code(start.trim()))
    .replace(/^(\d+)([.)])/, (_, digits: string, mark: string) => `${digits}${code(mark)}`)
    // A scheme and host would become a link.
    .replace(/:\/\//g, '#58;//')
    .replace(/www\./gi, (start) => `${start.slice(0, 3)}#46;`);
}

/** `train ×3`, `ingest`. */
export function nodeTitle(node: ShapeNode): string {
  return node.type === 'matrix' || node.type === 'group' ? `${node.label} ×${node.tasks.length}` : node.label;
}

/** `2 ✓ 1 ▶`, the phases in a fixed order. */
export function countsText(tasks: readonly GraphTask[]): string {
  const counts = countStates(tasks);
  return (Object.keys(phaseLook) as TaskPhase[])
    .filter((phase) => counts.has(phase))
    .map((phase) => `${counts.get(phase) ?? 0} ${phaseLook[phase].sign}`)
    .join(' ');
}

function stateLine(node: ShapeNode): string {
  const task = node.tasks[0];
  if (task === undefined) return '';
  if (node.type !== 'task') return countsText(node.tasks);
  const { label, sign } = phaseLook[shownPhase(task)];
  const { duration } = task.status;
  return `${sign} ${duration === undefined ? label : formatDuration(duration)}`;
}

/** Colours that read on mermaid's own light and dark themes, for text that is drawn outside the editor. */
const strokes: Readonly<Record<TaskPhase, string>> = {
  pending: '#8a8a8a',
  stale: '#b58900',
  running: '#1a85ff',
  success: '#388a34',
  failure: '#d1242f',
  error: '#d1242f',
  timeout: '#d1242f',
  cancellation: '#8a8a8a',
  skip: '#8a8a8a',
};

const brackets: Readonly<Record<ShapeNode['type'], readonly [string, string]>> = { task: ['(', ')'], matrix: ['[[', ']]'], group: ['[[', ']]'], more: ['(', ')'] };

/** Mermaid ids of a shape's nodes and containers, by their own ids. */
export function mermaidIds(shape: GraphShape): ReadonlyMap<string, string> {
  return new Map([...shape.nodes.map((node, index) => [node.id, `n${index}`] as const), ...shape.containers.map((container, index) => [container.id, `c${index}`] as const)]);
}

/** Flowchart text of a shape; `lines` gives the lines of a label. */
export function shapeToMermaid(shape: GraphShape, direction: 'TB' | 'LR', lines: (node: ShapeNode) => readonly string[], classOf?: (node: ShapeNode) => TaskPhase): string {
  const ids = mermaidIds(shape);
  const idOf = (id: string): string => ids.get(id) ?? 'n0';
  const label = (node: ShapeNode): string => `"${lines(node).map(escapeLabel).join('<br/>')}"`;
  const draw = (node: ShapeNode): string => {
    const [open, close] = brackets[node.type];
    return `${idOf(node.id)}${open}${label(node)}${close}${classOf === undefined ? '' : `:::${classOf(node)}`}`;
  };
  const text = [`flowchart ${direction}`];
  const inside = new Map<string, ShapeNode[]>();
  for (const node of shape.nodes) {
    if (node.container !== undefined) (inside.get(node.container) ?? inside.set(node.container, []).get(node.container))?.push(node);
    else text.push(`  ${draw(node)}`);
  }
  for (const container of shape.containers) {
    text.push(`  subgraph ${idOf(container.id)}[${label(container)}]`, ...(inside.get(container.id) ?? []).map((node) => `    ${draw(node)}`), '  end');
  }
  text.push(...shape.edges.map(([from, to]) => `  ${idOf(from)} --> ${idOf(to)}`));
  return `${text.join('\n')}\n`;
}

/** The graph of `tasks` (in topological order) as mermaid flowchart text. */
export function graphToMermaid(tasks: readonly GraphTask[], options: MermaidOptions = {}): string {
  const shape = shapeGraph(tasks, options);
  const { direction = 'TB', states = false } = options;
  const note = shape.hidden === 0 ? '' : `%% ${shape.hidden} tasks are not drawn\n`;
  if (!states) return shapeToMermaid(shape, direction, (node) => [nodeTitle(node)]) + note;
  const classOf = (node: ShapeNode): TaskPhase => summaryPhase(node.tasks);
  const opened = new Set(shape.containers.map((container) => container.id));
  const text = shapeToMermaid(shape, direction, (node) => (opened.has(node.id) ? [nodeTitle(node)] : [nodeTitle(node), stateLine(node)]), classOf);
  const used = [...new Set(shape.nodes.map(classOf))];
  return text + used.map((phase) => `  classDef ${phase} stroke:${strokes[phase]},stroke-width:2px\n`).join('') + note;
}
