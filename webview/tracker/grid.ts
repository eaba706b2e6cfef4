/**
 * A grid of many thousand lines, of which only those in sight are in the page. It has one place in the tab order; which
 * cell is meant is said by `aria-activedescendant`, and the line of that cell is always in the page.
 */
import { fill, h, setAttribute, type Child } from '../dom.ts';

const rowHeight = 26;
/** Lines above and below what is in sight, so that a frame that comes late shows no gap. */
const margin = 8;
/** The column of marks, before all others. */
const marksWidth = 74;

export interface GridColumn {
  readonly title: string;
  readonly width: number;
  readonly pinned: boolean;
  readonly numeric: boolean;
  readonly sort?: { readonly descending: boolean; /** Its place among several, from 1. */ readonly place?: number };
}

export interface GridLine {
  readonly level: number;
  /** Of a group. */
  readonly expanded?: boolean;
  readonly selected: boolean;
  readonly marks: readonly Child[];
  readonly cells: readonly (readonly Child[])[];
}

export interface GridContent {
  readonly columns: readonly GridColumn[];
  readonly count: number;
  readonly line: (index: number) => GridLine;
  readonly isTree: boolean;
}

export interface Modifiers {
  readonly shift: boolean;
  /** Ctrl, or Command on a Mac. */
  readonly control: boolean;
}

export interface GridHandlers {
  /** The head of a column was activated. */
  readonly onHead: (column: number, modifiers: Modifiers) => void;
  readonly onHeadMenu: (column: number, anchor: DOMRect) => void;
  readonly onResize: (column: number, width: number) => void;
  /** A head was dragged onto another. */
  readonly onMove: (from: number, to: number) => void;
  /** The active line was moved to, by arrow keys or a click. */
  readonly onSelect: (line: number, modifiers: Modifiers, by: 'key' | 'click') => void;
  readonly onToggle: (line: number) => void;
  readonly onOpen: (line: number) => void;
  readonly onExpand: (line: number, on: boolean) => void;
  /** The mouse is on this line, or on none. */
  readonly onPoint: (line: number | undefined) => void;
  /** Any other key. Returns whether it meant something. */
  readonly onKey: (event: KeyboardEvent, line: number) => boolean;
}

export interface Grid {
  readonly element: HTMLElement;
  readonly show: (content: GridContent) => void;
  /** What lines say has changed, not how many there are. */
  readonly repaint: () => void;
  readonly active: () => number;
  /** This line stands out: what is pointed at elsewhere. */
  readonly point: (line: number | undefined) => void;
  readonly focus: () => void;
}

export function createGrid(label: string, handlers: GridHandlers): Grid {
  const head = h('div', { role: 'row', class: 'grid-head', 'aria-rowindex': 1 });
  const headGroup = h('div', { role: 'rowgroup', class: 'grid-head-group' }, head);
  const body = h('div', { role: 'rowgroup', class: 'grid-body' });
  const element = h('div', { role: 'grid', class: 'grid', tabindex: 0, 'aria-label': label, 'aria-multiselectable': 'true' }, headGroup, body);
  let content: GridContent = { columns: [], count: 0, line: () => ({ level: 1, selected: false, marks: [], cells: [] }), isTree: false };
  /** −1 is the head. */
  let active = 0;
  let column = 0;
  let pointed: number | undefined;
  const painted = new Map<number, HTMLElement>();

  const leftOf = (at: number): number => content.columns.slice(0, at).reduce((left, { width }) => left + width, marksWidth);
  const pin = (cell: HTMLElement, at: number): void => {
    if (content.columns[at]?.pinned !== true) return;
    cell.classList.add('pinned');
    cell.style.setProperty('--left', `${leftOf(at)}px`);
  };
  const cellId = (line: number, at: number): string => `cell-${line}-${at}`;

  const drawHead = (): void => {
    const cells = content.columns.map(({ title, numeric, sort }, at) => {
      const cell = h(
        'div',
        { role: 'columnheader', class: `head-cell${numeric ? ' number' : ''}`, id: cellId(-1, at), 'aria-colindex': at + 2, 'aria-sort': sort === undefined ? 'none' : sort.descending ? 'descending' : 'ascending', title, 'data-column': at },
        h('span', { class: 'head-title' }, title),
        sort !== undefined && h('span', { class: 'sort', 'aria-hidden': 'true' }, `${sort.descending ? '↓' : '↑'}${sort.place ?? ''}`),
        h('span', { class: 'resize', 'data-resize': at }),
      );
      pin(cell, at);
      return cell;
    });
    fill(head, h('div', { role: 'columnheader', class: 'head-cell pinned marks', 'aria-colindex': 1 }, h('span', { class: 'visually-hidden' }, 'Marks')), ...cells);
  };

  const drawLine = (index: number): HTMLElement => {
    const { level, expanded, selected, marks, cells } = content.line(index);
    const cellElements = cells.map((children, at) => {
      const cell = h('div', { role: 'gridcell', class: content.columns[at]?.numeric === true ? 'number' : undefined, id: cellId(index, at), 'aria-colindex': at + 2 }, ...children);
      pin(cell, at);
      return cell;
    });
    const row = h(
      'div',
      { role: 'row', class: `run-line${expanded === undefined ? '' : ' group'}${index === pointed ? ' pointed' : ''}`, 'data-line': index, 'aria-rowindex': index + 2, 'aria-selected': String(selected), ...(content.isTree && { 'aria-level': level }), ...(expanded !== undefined && { 'aria-expanded': String(expanded) }) },
      h('div', { role: 'gridcell', class: 'pinned marks', 'aria-colindex': 1 }, ...marks),
      ...cellElements,
    );
    // Not by a transform: lines never move, and each transform is a node that every frame has to look at.
    row.style.top = `${index * rowHeight}px`;
    return row;
  };

  const paint = (): void => {
    const top = element.scrollTop;
    // Three sticky cells in each line cost half a frame; at the left edge they stand where they are anyway.
    element.classList.toggle('aside', element.scrollLeft > 0);
    const from = Math.max(0, Math.floor(top / rowHeight) - margin);
    const to = Math.min(content.count, Math.ceil((top + element.clientHeight) / rowHeight) + margin);
    for (const [index, row] of painted) {
      if ((index >= from && index < to) || index === active) continue;
      row.remove();
      painted.delete(index);
    }
    const fresh: HTMLElement[] = [];
    const add = (index: number): void => {
      if (index < 0 || index >= content.count || painted.has(index)) return;
      const row = drawLine(index);
      painted.set(index, row);
      fresh.push(row);
    };
    for (let index = from; index < to; index += 1) add(index);
    add(active);
    body.append(...fresh);
    showActive();
  };

  const showActive = (): void => {
    const id = cellId(active, column);
    const cell = document.getElementById(id);
    setAttribute(element, 'aria-activedescendant', cell === null ? undefined : id);
    for (const marked of element.querySelectorAll('.active')) if (marked !== cell) marked.classList.remove('active');
    cell?.classList.add('active');
  };

  const clear = (): void => {
    for (const row of painted.values()) row.remove();
    painted.clear();
  };

  const reveal = (): void => {
    if (active >= 0) {
      const headHeight = head.offsetHeight;
      const top = active * rowHeight;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top + rowHeight > element.scrollTop + element.clientHeight - headHeight) element.scrollTop = top + rowHeight - element.clientHeight + headHeight;
    }
    if (content.columns[column]?.pinned === false) {
      const left = leftOf(column);
      const right = left + (content.columns[column]?.width ?? 0);
      const covered = content.columns.filter(({ pinned }) => pinned).reduce((sum, { width }) => sum + width, marksWidth);
      if (left - covered < element.scrollLeft) element.scrollLeft = left - covered;
      else if (right > element.scrollLeft + element.clientWidth) element.scrollLeft = right - element.clientWidth;
    }
    paint();
  };

  const modifiersOf = (event: KeyboardEvent | MouseEvent): Modifiers => ({ shift: event.shiftKey, control: event.ctrlKey || event.metaKey });
  const moveTo = (line: number, modifiers: Modifiers): void => {
    const next = Math.max(-1, Math.min(content.count - 1, line));
    if (next === active) return;
    active = next;
    if (active >= 0) handlers.onSelect(active, modifiers, 'key');
    reveal();
  };

  element.addEventListener('keydown', (event) => {
    const page = Math.max(1, Math.floor(element.clientHeight / rowHeight) - 2);
    const modifiers = modifiersOf(event);
    const line = active >= 0 ? content.line(active) : undefined;
    switch (event.key) {
      case 'ArrowDown':
        if (event.altKey && active === -1) openMenu();
        else moveTo(active + 1, modifiers);
        break;
      case 'ArrowUp':
        moveTo(active - 1, modifiers);
        break;
      case 'PageDown':
        moveTo(active + page, modifiers);
        break;
      case 'PageUp':
        moveTo(Math.max(0, active - page), modifiers);
        break;
      case 'Home':
      case 'End': {
        const end = event.key === 'End';
        if (modifiers.control) moveTo(end ? content.count - 1 : 0, { ...modifiers, control: false });
        else column = end ? content.columns.length - 1 : 0;
        reveal();
        break;
      }
      case 'ArrowRight':
      case 'ArrowLeft': {
        const right = event.key === 'ArrowRight';
        if (line?.expanded !== undefined && line.expanded !== right && (right || column === 0)) handlers.onExpand(active, right);
        else column = Math.max(0, Math.min(content.columns.length - 1, column + (right ? 1 : -1)));
        reveal();
        break;
      }
      case 'Enter':
        if (active === -1) handlers.onHead(column, modifiers);
        else if (line?.expanded !== undefined) handlers.onExpand(active, !line.expanded);
        else handlers.onOpen(active);
        break;
      case ' ':
        if (active === -1) handlers.onHead(column, modifiers);
        else handlers.onToggle(active);
        break;
      case 'ContextMenu':
      case 'F10':
        if (active !== -1 || (event.key === 'F10' && !event.shiftKey)) return;
        openMenu();
        break;
      default:
        if (!handlers.onKey(event, active)) return;
    }
    event.preventDefault();
  });
  const openMenu = (): void => {
    const cell = document.getElementById(cellId(-1, column));
    if (cell !== null) handlers.onHeadMenu(column, cell.getBoundingClientRect());
  };

  const lineAt = (event: Event): number | undefined => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('.run-line') : null;
    return row === null ? undefined : Number(row.dataset['line']);
  };
  const headAt = (event: Event): HTMLElement | undefined => (event.target instanceof Element ? (event.target.closest<HTMLElement>('[data-column]') ?? undefined) : undefined);
  element.addEventListener('click', (event) => {
    const heading = headAt(event);
    if (heading !== undefined) {
      if (event.target instanceof HTMLElement && event.target.dataset['resize'] !== undefined) return;
      active = -1;
      column = Number(heading.dataset['column']);
      handlers.onHead(column, modifiersOf(event));
      showActive();
      return;
    }
    const line = lineAt(event);
    if (line === undefined) return;
    active = line;
    const cell = event.target instanceof Element ? event.target.closest('[role="gridcell"]') : null;
    column = Math.max(0, Number(cell?.getAttribute('aria-colindex') ?? 2) - 2);
    if (cell?.classList.contains('marks') === true) handlers.onToggle(line);
    else handlers.onSelect(line, modifiersOf(event), 'click');
    if (content.line(line).expanded !== undefined) handlers.onExpand(line, content.line(line).expanded !== true);
    showActive();
  });
  let under: number | undefined;
  const pointAt = (line: number | undefined): void => {
    if (line === under) return;
    under = line;
    handlers.onPoint(line);
  };
  element.addEventListener('pointerover', (event) => pointAt(lineAt(event)));
  element.addEventListener('pointerleave', () => pointAt(undefined));
  element.addEventListener('dblclick', (event) => {
    const line = lineAt(event);
    if (line !== undefined && content.line(line).expanded === undefined) handlers.onOpen(line);
  });
  element.addEventListener('contextmenu', (event) => {
    const heading = headAt(event);
    if (heading === undefined) return;
    event.preventDefault();
    active = -1;
    column = Number(heading.dataset['column']);
    showActive();
    openMenu();
  });
  /** From one head to another; a short way is a click. */
  const startDrag = (event: PointerEvent): void => {
    const heading = headAt(event);
    if (heading === undefined || event.button !== 0) return;
    const start = event.clientX;
    let over: HTMLElement | undefined;
    const mark = (next: HTMLElement | undefined): void => {
      over?.classList.remove('drop');
      over = next;
      over?.classList.add('drop');
    };
    const move = (moved: PointerEvent): void => {
      const target = Math.abs(moved.clientX - start) > 8 ? headAt(moved) : undefined;
      mark(target === heading ? undefined : target);
    };
    const stop = (): void => {
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', stop);
      const target = over;
      mark(undefined);
      if (target === undefined) return;
      // The end of a drag is no click.
      addEventListener('click', (click) => click.stopPropagation(), { capture: true, once: true });
      setTimeout(() => handlers.onMove(Number(heading.dataset['column']), Number(target.dataset['column'])));
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', stop);
  };
  element.addEventListener('pointerdown', (event) => {
    const at = event.target instanceof HTMLElement ? event.target.dataset['resize'] : undefined;
    if (at === undefined) {
      startDrag(event);
      return;
    }
    event.preventDefault();
    const from = event.clientX;
    const width = content.columns[Number(at)]?.width ?? 0;
    const move = (moved: PointerEvent): void => handlers.onResize(Number(at), Math.max(40, Math.round(width + moved.clientX - from)));
    const stop = (): void => {
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', stop);
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', stop);
  });
  let scheduled = false;
  const paintSoon = (): void => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      paint();
    });
  };
  element.addEventListener('scroll', paintSoon, { passive: true });
  new ResizeObserver(paintSoon).observe(element);

  return {
    element,
    show: (next) => {
      content = next;
      const width = leftOf(content.columns.length);
      element.style.setProperty('--columns', [marksWidth, ...content.columns.map((each) => each.width)].map((each) => `${each}px`).join(' '));
      head.style.width = `${width}px`;
      body.style.width = `${width}px`;
      body.style.height = `${content.count * rowHeight}px`;
      element.setAttribute('role', content.isTree ? 'treegrid' : 'grid');
      element.setAttribute('aria-rowcount', String(content.count + 1));
      element.setAttribute('aria-colcount', String(content.columns.length + 1));
      active = Math.min(active, content.count - 1);
      column = Math.max(0, Math.min(column, content.columns.length - 1));
      drawHead();
      clear();
      paint();
    },
    repaint: () => {
      clear();
      paint();
    },
    active: () => active,
    point: (line) => {
      pointed = line;
      for (const [index, row] of painted) row.classList.toggle('pointed', index === line);
    },
    focus: () => element.focus(),
  };
}
