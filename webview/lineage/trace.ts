/** The tree of task runs, by the pattern of the ARIA Authoring Practices, beside what is known of the selected one. */
import { formatDuration } from '../../src/model/time.ts';
import type { LineageAnswer, TaskRunView, TreeNodeView } from '../../src/query/lineage-answer.ts';
import { fill, h } from '../dom.ts';
import { remarkMarks } from '../remarks.ts';
import { icon } from '../icons.ts';
import { phaseLook } from '../../src/model/phase.ts';
import type { Page, View } from './page.ts';
import { flagAction, remarkActions, taskCard, timeText } from './task-card.ts';

type Trace = Extract<LineageAnswer, { readonly type: 'trace' }>;

interface Row {
  readonly node: TreeNodeView;
  readonly run: TaskRunView;
  readonly level: number;
  readonly parent: Row | undefined;
  readonly setSize: number;
  readonly position: number;
  readonly element: HTMLElement;
}

const directions = [
  { direction: 'upstream', label: 'Comes from' },
  { direction: 'downstream', label: 'Went into' },
] as const;

export function traceView(answer: Trace, direction: 'upstream' | 'downstream', page: Page): View {
  const { output, made, tree, versions } = answer;
  const closed = new Set<TreeNodeView>();
  const rows: Row[] = [];
  const collect = (node: TreeNodeView, level: number, parent: Row | undefined, position: number, setSize: number): void => {
    const run = tree.runs[node.run];
    if (run === undefined) return;
    const row: Row = { node, run, level, parent, position, setSize, element: rowElement(node, run, level, position, setSize) };
    rows.push(row);
    for (const [at, child] of node.children.entries()) collect(child, level + 1, row, at + 1, node.children.length);
  };
  collect(tree.root, 1, undefined, 1, 1);

  const card = h('aside', { class: 'detail scroll', 'aria-label': 'Execution', tabindex: 0 });
  const treeElement = h('div', { role: 'tree', 'aria-label': direction === 'upstream' ? `Task runs that ${output.name} was made from` : `Task runs that were made from ${output.name}`, class: 'tree scroll' }, ...rows.map((row) => row.element));
  let active = rows.find((row) => row.node.run === page.chosen()) ?? rows[0];

  const isHidden = (row: Row): boolean => row.parent !== undefined && (closed.has(row.parent.node) || isHidden(row.parent));
  const visible = (): readonly Row[] => rows.filter((row) => !isHidden(row));
  const select = (row: Row | undefined, focus: boolean): void => {
    if (row === undefined) return;
    if (active !== undefined) {
      active.element.tabIndex = -1;
      active.element.setAttribute('aria-selected', 'false');
    }
    active = row;
    page.choose(row.node.run);
    row.element.tabIndex = 0;
    row.element.setAttribute('aria-selected', 'true');
    fill(card, taskCard(row.run, page));
    if (focus) row.element.focus();
  };
  const toggle = (row: Row, open: boolean): void => {
    if (open) closed.delete(row.node);
    else closed.add(row.node);
    row.element.setAttribute('aria-expanded', String(open));
    row.element.querySelector('.twist')?.replaceChildren(open ? '▾' : '▸');
    for (const each of rows) each.element.hidden = isHidden(each);
  };
  const openRun = (row: Row): void => {
    if (page.can().openRun) page.post({ type: 'open-run', runId: row.run.runId });
  };
  for (const row of rows) {
    row.element.addEventListener('click', (event) => {
      if ((event.target as HTMLElement).classList.contains('twist')) toggle(row, closed.has(row.node));
      select(row, true);
    });
    row.element.addEventListener('dblclick', () => openRun(row));
  }
  treeElement.addEventListener('keydown', (event) => {
    if (active === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const shown = visible();
    const at = shown.indexOf(active);
    const isOpen = active.node.children.length > 0 && !closed.has(active.node);
    switch (event.key) {
      case 'ArrowDown':
        select(shown[at + 1], true);
        break;
      case 'ArrowUp':
        select(shown[at - 1], true);
        break;
      case 'Home':
        select(shown[0], true);
        break;
      case 'End':
        select(shown.at(-1), true);
        break;
      case 'ArrowRight':
        if (isOpen) select(shown[at + 1], true);
        else if (active.node.children.length > 0) toggle(active, true);
        break;
      case 'ArrowLeft':
        if (isOpen) toggle(active, false);
        else select(active.parent, true);
        break;
      case 'Enter':
        openRun(active);
        break;
      default: {
        if (event.key.length !== 1) return;
        const found = [...shown.slice(at + 1), ...shown.slice(0, at + 1)].find((row) => row.run.task.toLowerCase().startsWith(event.key.toLowerCase()));
        if (found === undefined) return;
        select(found, true);
      }
    }
    event.preventDefault();
  });
  select(active, false);

  const others = h('select', { id: 'version', onchange: () => page.ask({ type: 'trace', output: others.value, direction }) }, ...versions.map((each) => h('option', { value: `${each.runId}/${each.task}/${each.name}`, selected: each.shown }, `${timeText(each.start)} · ${each.name === output.name ? '' : `${each.name} by `}${each.task} of ${each.runId}${each.flagged ? ' ⚑' : ''}`)));
  const heading = h(
    'div',
    { class: 'heading inline' },
    h('h2', {}, output.name),
    h('span', { class: 'quiet' }, `${output.kind}${output.digest === undefined ? '' : ` ${output.digest.slice(0, 19)}`}`),
    ...remarkMarks({ ...output, ...(output.flagged && { flag: { ...(output.why !== undefined && { why: output.why }) } }) }),
    flagAction({ ...made, output: output.name }, output.flagged, page),
    remarkActions({ ...made, output: output.name }, page),
    versions.length > 1 && h('label', { for: 'version' }, 'Version '),
    versions.length > 1 && others,
    h('span', { class: 'directions', role: 'group', 'aria-label': 'Direction' }, ...directions.map((each) => h('button', { class: 'action', 'aria-pressed': String(each.direction === direction), onclick: () => page.ask({ type: 'trace', output: `${made.runId}/${made.task}/${output.name}`, direction: each.direction }) }, each.label))),
  );
  const warned = rows.filter(({ node, run }) => !node.repeated && run.warnings.length > 0).length;
  const count = Object.keys(tree.runs).length;
  const summary = `${count} ${count === 1 ? 'execution' : 'executions'}${warned === 0 ? '' : `, ${warned} with warnings`}`;
  return {
    element: h('div', { class: 'trace' }, heading, h('p', { class: 'quiet summary' }, summary), h('div', { class: 'two' }, treeElement, card)),
    focus: () => active?.element.focus(),
    said: `${output.name}: ${summary}`,
  };
}

function rowElement(node: TreeNodeView, run: TaskRunView, level: number, position: number, setSize: number): HTMLElement {
  const { task, outcome, start, duration, version, warnings, outputs } = run;
  const flags = outputs.filter((output) => output.flagged).length;
  const warning = node.repeated ? undefined : warnings.find(({ exact }) => exact) ?? warnings[0];
  const element = h(
    'div',
    { role: 'treeitem', class: 'tree-row', tabindex: -1, 'aria-level': level, 'aria-posinset': position, 'aria-setsize': setSize, 'aria-selected': 'false', ...(node.children.length > 0 && { 'aria-expanded': 'true' }) },
    h('span', { class: 'twist', 'aria-hidden': 'true' }, node.children.length > 0 ? '▾' : ''),
    h('span', { class: `phase-${outcome}` }, icon(outcome)),
    h('span', { class: 'visually-hidden' }, `${phaseLook[outcome].label}, `),
    h('strong', {}, task),
    h('span', { class: 'quiet' }, ` ${timeText(start)}, ${formatDuration(duration)}${version === undefined ? '' : `, ${version}`}`),
    ...remarkMarks({ tags: [...new Set([...(run.said?.tags ?? []), ...outputs.flatMap(({ tags }) => tags)])], notes: [] }),
    flags > 0 && h('span', { class: 'flagged' }, '⚑', h('span', { class: 'visually-hidden' }, 'flagged')),
    node.repeated && h('span', { class: 'quiet' }, 'see above'),
    node.left > 0 && h('span', { class: 'quiet' }, `and ${node.left} more`),
    warning !== undefined && h('span', { class: `warn ${warning.exact ? 'exact' : 'hint'}` }, h('span', { 'aria-hidden': 'true' }, '⚠ '), warning.text, warnings.length > 1 && ` (and ${warnings.length - 1} more)`),
  );
  element.style.setProperty('--level', String(level - 1));
  return element;
}
