/** Bars over a time axis, only those in sight: for the tasks of a run and for the spans of any trace. */
import { ticksOf } from '../../src/model/gantt.ts';
import { formatDuration } from '../../src/model/time.ts';
import { fill, h, setAttribute } from '../dom.ts';

export interface TimelineBar {
  readonly start: number;
  readonly end: number;
  /** Class that gives the colour: a phase. */
  readonly look: string;
  readonly parts?: readonly TimelineBar[];
}

export interface TimelineRow extends TimelineBar {
  readonly key: string;
  readonly label: string;
  readonly depth: number;
  readonly mark?: () => HTMLElement;
  readonly critical?: boolean;
  /** Stands here only for what is below it. */
  readonly faint?: boolean;
  /** Behind the label, in the tooltip and for a screen reader: why it is here. */
  readonly note?: string;
  /** For a screen reader, after label and times. */
  readonly says: string;
}

export interface Timeline {
  readonly element: HTMLElement;
  show(rows: readonly TimelineRow[], length: number): void;
  choose(key: string | undefined): void;
}

const rowHeight = 28;
const longestNote = 300;

/** A long name is cut in its middle: the values of a matrix differ at the end. */
function nameParts(label: string): readonly HTMLElement[] {
  const tail = label.length > 18 ? 5 : 0;
  return [h('span', { class: 'head' }, label.slice(0, label.length - tail)), h('span', {}, label.slice(label.length - tail))];
}

export function createTimeline(label: string, onChoose: (key: string) => void): Timeline {
  const axis = h('div', { class: 'axis', 'aria-hidden': 'true' });
  const rowsBox = h('div', { class: 'rows' });
  const listBox = h('div', { class: 'timeline-list', role: 'listbox', 'aria-label': label, tabindex: '0' }, rowsBox);
  const element = h('div', { class: 'timeline' }, axis, listBox);
  let rows: readonly TimelineRow[] = [];
  let length = 1;
  let chosen: string | undefined;
  let active = 0;

  const percent = (time: number): string => `${((100 * time) / length).toFixed(3)}%`;
  const bar = (of: TimelineBar, className: string): HTMLElement => {
    const box = h('span', { class: `${className} phase-${of.look}` });
    box.style.left = percent(of.start);
    box.style.width = percent(Math.max(0, of.end - of.start));
    return box;
  };
  const draw = (row: TimelineRow, index: number): HTMLElement => {
    const text = formatDuration(row.end - row.start);
    const track = h('span', { class: 'track' }, bar(row, `bar${row.critical === true ? ' critical' : ''}`), ...(row.parts ?? []).map((part) => bar(part, 'part')));
    const time = h('span', { class: 'time' }, text);
    // Behind the bar, or before it where there is no room.
    if (row.end / length < 0.86) time.style.left = `calc(${percent(row.end)} + 6px)`;
    else time.style.right = `calc(${percent(length - row.start)} + 6px)`;
    track.append(time);
    const name = h('span', { class: 'name', title: row.note === undefined ? row.label : `${row.label}\n${row.note.slice(0, longestNote)}` }, row.mark?.(), ...nameParts(row.label), row.note !== undefined && h('span', { class: 'found-in quiet' }, row.note.slice(0, longestNote)), h('span', { class: 'visually-hidden' }, `, ${row.says}${row.critical === true ? ', on the critical path' : ''}, after ${formatDuration(row.start)}, took `));
    name.style.paddingLeft = `${20 + 14 * row.depth}px`;
    const option = h('div', { class: 'row', role: 'option', id: `row-${index}`, 'aria-selected': String(row.key === chosen), 'aria-setsize': rows.length, 'aria-posinset': index + 1, 'data-key': row.key }, name, track);
    option.style.top = `${index * rowHeight}px`;
    option.classList.toggle('active', index === active);
    option.classList.toggle('faint', row.faint === true);
    return option;
  };
  const paint = (): void => {
    const first = Math.max(0, Math.floor(listBox.scrollTop / rowHeight) - 8);
    const last = Math.min(rows.length, Math.ceil((listBox.scrollTop + listBox.clientHeight) / rowHeight) + 8);
    fill(rowsBox, ...rows.slice(first, last).map((row, index) => draw(row, first + index)));
    setAttribute(listBox, 'aria-activedescendant', active >= first && active < last ? `row-${active}` : undefined);
  };
  const drawAxis = (): void => {
    const ticks = ticksOf(length, 8);
    fill(
      axis,
      ...ticks.map((tick) => {
        const mark = h('span', { class: 'tick' }, h('span', {}, tick === 0 ? '0' : formatDuration(tick)));
        mark.style.left = `calc(var(--names) + (100% - var(--names) - var(--end)) * ${tick / length})`;
        return mark;
      }),
    );
  };
  const moveTo = (index: number): void => {
    active = Math.min(rows.length - 1, Math.max(0, index));
    const top = active * rowHeight;
    if (top < listBox.scrollTop) listBox.scrollTop = top;
    else if (top + rowHeight > listBox.scrollTop + listBox.clientHeight) listBox.scrollTop = top + rowHeight - listBox.clientHeight;
    paint();
  };
  const choose = (index: number): void => {
    const row = rows[index];
    if (row === undefined) return;
    active = index;
    chosen = row.key;
    paint();
    onChoose(row.key);
  };
  listBox.addEventListener('scroll', paint, { passive: true });
  listBox.addEventListener('click', (event) => {
    const key = event.target instanceof Element ? event.target.closest<HTMLElement>('.row')?.dataset['key'] : undefined;
    if (key !== undefined) choose(rows.findIndex((row) => row.key === key));
  });
  listBox.addEventListener('keydown', (event) => {
    const page = Math.max(1, Math.floor(listBox.clientHeight / rowHeight) - 1);
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) moveTo(to);
    else if (event.key === 'Enter' || event.key === ' ') choose(active);
    else return;
    event.preventDefault();
  });
  new ResizeObserver(paint).observe(listBox);

  return {
    element,
    show: (next, nextLength) => {
      rows = next;
      length = Math.max(1e-6, nextLength);
      active = Math.min(active, Math.max(0, rows.length - 1));
      rowsBox.style.height = `${rows.length * rowHeight}px`;
      drawAxis();
      paint();
    },
    choose: (key) => {
      chosen = key;
      const index = rows.findIndex((row) => row.key === key);
      if (index >= 0) active = index;
      paint();
    },
  };
}
