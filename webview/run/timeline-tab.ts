/** The timeline of a run: its tasks with the critical path, or, searched, all spans in which the words are. */
import { ganttOf, type Gantt } from '../../src/model/gantt.ts';
import { phaseLook } from '../../src/model/phase.ts';
import { formatDuration } from '../../src/model/time.ts';
import { findSpans, type SpanRow } from '../../src/query/find-spans.ts';
import { fill, h, setText } from '../dom.ts';
import { icon } from '../icons.ts';
import { pairs } from './format.ts';
import type { Context } from './panel.ts';
import { createTimeline, type TimelineRow } from './timeline.ts';

export interface TimelineSearch {
  readonly query: string;
  /** Attempts, cells and reported spans too, where nothing is searched for. */
  readonly all: boolean;
}

export interface TimelineTab {
  readonly parts: readonly HTMLElement[];
  readonly show: (context: Context, now: string | undefined) => void;
}

export interface SearchBox {
  readonly element: HTMLElement;
  readonly say: (text: string) => void;
}

/** `list` is where Enter and the arrow down lead. */
export function searchBox(label: string, query: string, onInput: (query: string) => void, list: () => HTMLElement | null): SearchBox {
  const field = h('input', { type: 'search', class: 'search', placeholder: label, 'aria-label': label, value: query, spellcheck: 'false' });
  const count = h('span', { class: 'quiet', role: 'status' });
  field.addEventListener('input', () => onInput(field.value));
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && field.value !== '') {
      field.value = '';
      onInput('');
    } else if (event.key === 'Enter' || event.key === 'ArrowDown') list()?.focus();
    else return;
    event.preventDefault();
  });
  return { element: h('div', { class: 'search-bar' }, field, count), say: (text) => setText(count, text) };
}

export const searchHelp = 'Search spans: name, or attribute as name=value';

export function createTimelineTab(search: TimelineSearch, onSearch: (search: TimelineSearch) => void): TimelineTab {
  let { query, all } = search;
  let context: Context | undefined;
  let now: string | undefined;
  let rows: ReadonlyMap<string, SpanRow> = new Map();
  /** A span that is no task. */
  let chosen: string | undefined;

  const detail = h('section', { class: 'detail', 'aria-label': 'Selected span', 'aria-live': 'polite' });
  const legend = h('p', { class: 'legend quiet' }, h('span', { class: 'swatch' }), 'on the critical path: what made the run as long as it was. Enter or a click shows the task.');
  const timeline = createTimeline('Tasks by time', (key) => {
    const row = rows.get(key);
    if (row === undefined || row.type === 'task') {
      context?.select((row?.task ?? key) as SpanRow['task'], 'tasks');
      return;
    }
    chosen = key;
    showDetail();
  });
  const change = (next: Partial<TimelineSearch>): void => {
    ({ query, all } = { query, all, ...next });
    onSearch({ query, all });
    draw();
  };
  const box = searchBox(searchHelp, query, (text) => change({ query: text }), () => timeline.element.querySelector<HTMLElement>('.timeline-list'));
  const everything = h('input', { type: 'checkbox', checked: all });
  everything.addEventListener('change', () => change({ all: everything.checked }));
  box.element.append(h('label', { class: 'check' }, everything, 'Attempts, cells and spans'));

  const showDetail = (): void => {
    const row = chosen === undefined ? undefined : rows.get(chosen);
    detail.hidden = row === undefined;
    legend.hidden = row !== undefined;
    if (row === undefined || context === undefined) return;
    const { select } = context;
    fill(
      detail,
      h('h2', {}, row.name),
      h('p', { class: 'quiet inline' }, `${row.type === 'span' ? 'reported span' : row.type} of `, h('button', { class: 'link', onclick: () => select(row.task, 'tasks') }, row.task), `${row.attempt === undefined || row.type === 'attempt' ? '' : `, attempt ${row.attempt}`} · ${phaseLook[row.phase].label} · after ${formatDuration(row.start)} · took ${formatDuration(row.end - row.start)}`),
      pairs(row.attributes, ['Attribute', 'Value']),
    );
  };

  const draw = (): void => {
    if (context === undefined) return;
    const { run, selected } = context;
    const gantt = ganttOf(run, now as never);
    if (query.trim() === '' && !all) {
      rows = new Map();
      timeline.show(gantt.rows.map(taskRow), gantt.length);
      box.say('');
    } else {
      const { rows: found, total } = findSpans(run, query, now as never);
      rows = new Map(found.map((row) => [row.key, row]));
      const critical = new Set(gantt.rows.filter((row) => row.critical).map((row) => row.task));
      timeline.show(found.map((row) => spanRow(row, row.type === 'task' && critical.has(row.task))), gantt.length);
      const shown = found.filter((row) => row.found).length;
      box.say(`${total} ${query.trim() === '' ? 'spans' : 'found'}${shown < total ? `, the first ${shown} are shown` : ''}`);
    }
    if (chosen !== undefined && !rows.has(chosen)) chosen = undefined;
    timeline.choose(chosen ?? selected);
    showDetail();
  };

  return {
    parts: [box.element, timeline.element, detail, legend],
    show: (next, time) => {
      context = next;
      now = time;
      draw();
    },
  };
}

function taskRow(row: Gantt['rows'][number]): TimelineRow {
  return {
    key: row.task,
    label: row.label,
    depth: 0,
    start: row.start,
    end: row.end,
    look: row.phase,
    critical: row.critical,
    says: phaseLook[row.phase].label,
    mark: () => h('span', { class: `phase-${row.phase}` }, icon(row.phase)),
    parts: row.attempts.flatMap((attempt) => [...(row.attempts.length > 1 ? [{ start: attempt.start, end: attempt.end, look: attempt.phase }] : []), ...attempt.cells.map((cell) => ({ start: cell.start, end: cell.end, look: cell.phase }))]),
  };
}

const deepest = 12;

function spanRow({ key, type, name, depth, start, end, phase, where, found }: SpanRow, critical: boolean): TimelineRow {
  return {
    key,
    label: name,
    // Below the name of its task, not below the mark before it.
    depth: type === 'task' ? 0 : Math.min(depth, deepest) + 1,
    start,
    end,
    look: phase,
    critical,
    faint: !found,
    ...(where !== undefined && { note: `${where[0]}=${where[1]}` }),
    says: `${type}, ${phaseLook[phase].label}`,
    ...(type === 'task' && { mark: () => h('span', { class: `phase-${phase}` }, icon(phase)) }),
  };
}
