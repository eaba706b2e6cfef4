/** The runs table: filter, order, groups, columns, what people say of runs, and the way into a comparison. */
import './tracker.css';
import type { ColumnState, NamedView, TableState, TrackerHostMessage, TrackerViewMessage } from '../../src/protocol/tracker-view.ts';
import { newestFirst } from '../../src/model/run-order.ts';
import { csvText } from '../../src/query/csv.ts';
import { unpackRows } from '../../src/query/packed-rows.ts';
import type { RunRow } from '../../src/query/run-row.ts';
import { createAnnouncer } from '../announcer.ts';
import { fill, h } from '../dom.ts';
import { connectHost } from '../host.ts';
import { lineCells } from './cells.ts';
import { createChartsPane, firstPane, type PaneState } from './charts-pane.ts';
import { cellText, columnOf, defaultColumns, metricFields, titleOf, type Column } from './columns.ts';
import { createColumnActions } from './column-actions.ts';
import { createComparison } from './comparison.ts';
import { askText } from './dialogs.ts';
import { createFilterBox } from './filter-box.ts';
import { createGrid, type Modifiers } from './grid.ts';
import { openMenu, type MenuItem } from './menu.ts';
import { createRunActions } from './run-actions.ts';
import { buildTable, cachedFields, compile, type TableModel } from './table-model.ts';

interface PanelState {
  readonly table: TableState;
  readonly selected: readonly string[];
  /** Keys of the runs that are compared, while they are. */
  readonly compared?: readonly string[];
  readonly charts?: PaneState;
}

const emptyTable: TableState = { filter: '', sort: [], group: [], archived: false };
const host = connectHost<TrackerHostMessage, TrackerViewMessage, PanelState>();
const saved = host.state.get();
let table = saved?.table ?? emptyTable;
const selected = new Set(saved?.selected);
let compared = saved?.compared;
let chartsState = saved?.charts ?? firstPane;
let views: readonly NamedView[] = [];
let undoable: string | undefined;
let onlyDiffering = false;
const expanded = new Set<string>();
/** Where a range of lines begins. */
let anchor = 0;

const byKey = new Map<string, RunRow>();
let rows: readonly RunRow[] = [];
let fields = cachedFields([], Date.now());
let metricNames: readonly string[] = [];
let defaults: readonly ColumnState[] = [];
let test: (row: number) => boolean = () => true;
let model: TableModel = buildTable([], fields, test, { table: { ...table, columns: [] }, expanded });
let complete = false;
/** Rows that are to come in all, while they come. */
let expected: number | undefined;

const remember = (): void => host.state.set({ table, selected: [...selected], charts: chartsState, ...(compared !== undefined && { compared }) });
const change = (next: Partial<TableState>): void => {
  table = { ...table, ...next };
  remember();
  refresh();
};

const announcer = createAnnouncer(600);
const filter = createFilterBox(
  () => fields,
  (text) => {
    const compiled = compile(text, fields);
    if (compiled.ok) change({ filter: text });
    else {
      // What was found last stays while a filter is being typed.
      table = { ...table, filter: text };
      remember();
      filter.showMistake(compiled.mistake);
    }
  },
  () => grid.focus(),
);
filter.set(table.filter);

const grid = createGrid('Runs', {
  onHead: (at, modifiers) => sortBy(model.columns[at], modifiers.shift),
  onHeadMenu: (at, rect) => openHeadMenu(model.columns[at], rect),
  onResize: (at, width) => changeColumn(model.columns[at]?.field, { width }),
  onMove: (from, to) => placeColumn(model.columns[from]?.field, model.columns[to]?.field),
  onSelect: select,
  onToggle: (line) => {
    anchor = line;
    for (const key of keysOfLine(line)) if (!selected.delete(key)) selected.add(key);
    selectionChanged();
  },
  onOpen: (line) => {
    const [key] = keysOfLine(line);
    if (key !== undefined) host.post({ type: 'open', key });
  },
  onExpand: (line, on) => {
    const group = model.lines[line];
    if (group?.type !== 'group') return;
    if (on) expanded.add(group.key);
    else expanded.delete(group.key);
    refresh();
  },
  onPoint: (line) => charts.point(line === undefined || model.lines[line]?.type !== 'run' ? undefined : keysOfLine(line)[0]),
  onKey: gridKey,
});

const charts = createChartsPane(chartsState, {
  post: host.post,
  onState: (state) => {
    chartsState = state;
    remember();
  },
  onPoint: (key) => grid.point(key === undefined ? undefined : model.lines.findIndex((line) => line.type === 'run' && rows[line.row]?.path === key)),
  onOpen: (key) => host.post({ type: 'open', key }),
  onToggle: (key) => {
    if (!selected.delete(key)) selected.add(key);
    selectionChanged();
  },
  onSelect: (keys, add) => {
    if (!add) selected.clear();
    for (const key of keys) selected.add(key);
    selectionChanged();
  },
});
function showCharts(): void {
  if (!charts.isOpen()) return;
  const shown = new Set(model.lines.flatMap((line) => (line.type === 'run' ? [line.row] : line.rows)));
  charts.show({ runs: rows, fields, shown: [...shown], selected: new Set(selected), metrics: metricNames });
}

function keysOfLine(at: number): readonly string[] {
  const line = model.lines[at];
  if (line === undefined) return [];
  return (line.type === 'run' ? [line.row] : line.rows).flatMap((row) => rows[row]?.path ?? []);
}

function select(line: number, { shift, control }: Modifiers, by: 'key' | 'click'): void {
  if (shift) {
    selected.clear();
    for (let at = Math.min(anchor, line); at <= Math.max(anchor, line); at += 1) if (model.lines[at]?.type === 'run') for (const key of keysOfLine(at)) selected.add(key);
  } else {
    anchor = line;
    if (by === 'key') return;
    const keys = model.lines[line]?.type === 'run' ? keysOfLine(line) : [];
    if (!control) selected.clear();
    for (const key of keys) if (!control || !selected.delete(key)) selected.add(key);
  }
  selectionChanged();
}

function selectionChanged(): void {
  remember();
  if (onlyDiffering) refresh();
  else {
    grid.repaint();
    drawActions();
    showCharts();
  }
}

/** What an action is done to: what is selected, or the run at the cursor. */
function targets(): readonly string[] {
  const there = [...selected].filter((key) => byKey.has(key));
  return there.length > 0 ? there : keysOfLine(grid.active());
}

const { star, flag, archive, tag, note, name } = createRunActions({
  targets,
  row: (key) => byKey.get(key),
  annotate: (keys, said) => host.post({ type: 'annotate', keys, change: said }),
  focus: () => grid.focus(),
});
const remove = (): void => {
  const keys = targets();
  if (keys.length > 0) host.post({ type: 'delete', keys });
  selected.clear();
  remember();
};
const exportRuns = (): void => {
  const keys = targets();
  if (keys.length > 0) host.post({ type: 'export', keys });
};
const undo = (): void => {
  if (undoable !== undefined) host.post({ type: 'undo' });
};
const compare = (): void => {
  const keys = comparable();
  if (keys.length < 2) return;
  compared = keys;
  remember();
  askComparison();
};

/** The oldest first: what changed since is what is asked. */
function comparable(): readonly string[] {
  return [...selected].filter((key) => byKey.has(key)).sort();
}

function askComparison(): void {
  if (compared === undefined) return;
  comparison.wait();
  showPart();
  host.post({ type: 'compare', keys: compared });
}

function tableText(separate: (cells: readonly (readonly string[])[]) => string, raw: boolean): string {
  const wanted = new Set(targets());
  const chosen = model.lines.flatMap((line) => (line.type === 'run' && wanted.has(rows[line.row]?.path ?? '') ? [line.row] : []));
  const text = (column: Column, row: number): string => (raw ? column.values(row).map((value) => (column.kind === 'time' && typeof value === 'number' ? new Date(value).toISOString() : String(value))).join(' | ') : cellText(column, row));
  return separate([['run', ...model.columns.map((column) => (raw ? column.field : column.title))], ...chosen.map((row) => [rows[row]?.runId ?? '', ...model.columns.map((column) => text(column, row))])]);
}
/** A tab or a new line in a name must not make another cell. */
const copy = (): void => host.post({ type: 'copy', text: tableText((cells) => cells.map((line) => line.map((cell) => cell.replaceAll(/[\t\r\n]+/g, ' ')).join('\t')).join('\n'), false) });
const saveCsv = (): void => host.post({ type: 'save-csv', text: tableText(csvText, true) });

/** What an editor does: what changes something, and dialogs of its own. */
const editorActions: ReadonlySet<unknown> = new Set([star, tag, note, name, flag, archive, remove, undo, exportRuns]);

function gridKey(event: KeyboardEvent): boolean {
  const control = event.ctrlKey || event.metaKey;
  const action = control ? { a: selectAll, c: copy, z: undo }[event.key.toLowerCase()] : { s: star, t: tag, n: note, f: flag, c: compare, v: toggleCharts, F2: name, Delete: remove, '/': filter.focus, Escape: clearSelection }[event.key];
  if (action === undefined || event.altKey) return false;
  if (!host.editor && editorActions.has(action)) return false;
  action();
  return true;
}

/** The editor's own Ctrl+A comes after ours, on a busy machine after more keys, and would mark all the text of the view. */
let selectsRuns = false;
document.addEventListener('selectstart', (event) => {
  if (selectsRuns) event.preventDefault();
  selectsRuns = false;
});
document.addEventListener('pointerdown', () => (selectsRuns = false), true);
document.addEventListener('focusin', (event) => {
  if (event.target instanceof HTMLInputElement) selectsRuns = false;
});

function selectAll(): void {
  selectsRuns = true;
  for (const line of model.lines) if (line.type === 'run') selected.add(rows[line.row]?.path ?? '');
  selectionChanged();
}

function clearSelection(): void {
  selected.clear();
  selectionChanged();
}

const chosenColumns = (): readonly ColumnState[] => table.columns ?? defaults;
const { sortBy, changeColumn, placeColumn, openHeadMenu, openColumns } = createColumnActions({
  table: () => table,
  change,
  chosen: chosenColumns,
  fieldNames: () => [...new Set([...fields.names(), ...metricNames])],
  isKnown: (state) => columnOf(state, fields, rows.length) !== undefined,
  focus: () => grid.focus(),
});

function openViews(event: Event): void {
  const rect = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const save = (next: readonly NamedView[]): void => {
    views = next;
    host.post({ type: 'save-views', views });
  };
  const show = (next: TableState): void => {
    table = next;
    filter.set(table.filter);
    change({});
  };
  openMenu(
    'Views',
    [
      { label: 'All runs', run: () => show(emptyTable) },
      ...views.map((view): MenuItem => ({ label: view.name, run: () => show(view.table) })),
      'line',
      { label: 'Save this view…', run: () => askText('Name of the view', '', (name) => name !== '' && save([...views.filter((view) => view.name !== name), { name, table: { ...table, columns: chosenColumns() } }]), grid.focus) },
      ...views.map((view): MenuItem => ({ label: `Remove ${view.name}`, run: () => save(views.filter((each) => each !== view)) })),
    ],
    rect,
    grid.focus,
  );
}

const actions = h('div', { class: 'actions-bar', role: 'toolbar', 'aria-label': 'Actions' });
const count = h('p', { class: 'count', role: 'status' });
const banner = h('div', { class: 'banner', hidden: true, role: 'alert' });
const tablePart = h('section', { class: 'table-part', 'aria-label': 'Runs' }, h('div', { class: 'top' }, filter.element, count), actions, banner, grid.element, charts.element);
const comparison = createComparison(host.post, {
  onBack: () => {
    const keys = compared;
    compared = undefined;
    remember();
    showPart();
    refresh();
    if (keys !== undefined) grid.focus();
  },
  onFirst: (key) => {
    compared = [key, ...(compared ?? []).filter((other) => other !== key)];
    remember();
    askComparison();
  },
});
document.body.append(h('main', { class: 'tracker' }, h('h1', { class: 'visually-hidden' }, 'Runs'), tablePart, comparison.element, announcer.element));

function showPart(): void {
  tablePart.hidden = compared !== undefined;
  comparison.element.hidden = compared === undefined;
  if (compared !== undefined) comparison.focus();
}

interface Control {
  readonly label: string;
  readonly run: (event: Event) => void;
  readonly keys?: string;
  /** So many runs must be selected. */
  readonly needs?: number;
  readonly title?: string;
  readonly pressed?: boolean;
  readonly off?: boolean;
}
const buttons = new Map<string, HTMLButtonElement>();
const groupSelect = h('select', { id: 'group', onchange: () => change({ group: groupSelect.value === '' ? [] : [groupSelect.value] }) });

/** Buttons stay the same elements, so that what has the focus keeps it. */
function drawActions(): void {
  const chosen = [...selected].filter((key) => byKey.has(key)).length;
  const controls: readonly Control[] = [
    { label: 'Compare', run: compare, keys: 'c', needs: 2, title: 'Compare the selected runs (C)' },
    { label: 'Star', run: star, keys: 's', needs: 1, title: 'Star, or take the star off (S)' },
    { label: 'Tag…', run: tag, keys: 't', needs: 1, title: 'Tag (T)' },
    { label: 'Name…', run: name, keys: 'F2', needs: 1, title: 'What a person calls the run (F2)' },
    { label: 'Note…', run: note, keys: 'n', needs: 1, title: 'Note (N)' },
    { label: 'Flag', run: flag, keys: 'f', needs: 1, title: 'Flag as bad, or take the flag off (F)' },
    { label: 'Archive', run: archive, needs: 1 },
    { label: 'Export…', run: exportRuns, needs: 1, title: 'Write for other tools: OTLP, MLflow, Markdown, CSV and more' },
    { label: 'Delete', run: remove, keys: 'Delete', needs: 1, title: 'Move into .runweave/trash (Delete); Undo puts it back' },
    { label: 'Undo', run: undo, keys: 'Control+Z', off: undoable === undefined, title: undoable === undefined ? 'Nothing to undo' : `Undo: ${undoable}` },
    { label: 'Copy', run: copy, keys: 'Control+C', needs: 1, title: 'Copy the selected runs as text' },
    { label: 'CSV…', run: saveCsv, needs: 1, title: 'Save the selected runs for a spreadsheet' },
    { label: 'Columns…', run: openColumns },
    { label: 'Charts', run: toggleCharts, keys: 'v', pressed: charts.isOpen(), title: 'Charts of the selected runs (V)' },
    { label: 'Views', run: openViews },
    { label: 'Only what differs', run: toggleDiffering, needs: 2, pressed: onlyDiffering, title: 'Only columns in which the selected runs differ' },
    { label: 'Archived', run: () => change({ archived: !table.archived }), pressed: table.archived, title: 'Show archived runs too' },
  ];
  for (const { label, run, keys, needs = 0, title, pressed, off } of controls) {
    if (!host.editor && editorActions.has(run)) continue;
    let button = buttons.get(label);
    if (button === undefined) {
      button = h('button', { class: 'action', onclick: run, ...(keys !== undefined && { 'aria-keyshortcuts': keys }) }, label);
      buttons.set(label, button);
      actions.append(button);
    }
    button.disabled = off ?? (chosen < needs && pressed !== true);
    if (title !== undefined) button.title = title;
    if (pressed !== undefined) button.setAttribute('aria-pressed', String(pressed));
  }
  if (groupSelect.parentElement === null) actions.append(h('label', { class: 'group-by' }, 'Group by ', groupSelect));
  const [current = ''] = table.group;
  const candidates = ['status', 'pipeline', ...(rows.some(({ folder }) => folder !== undefined) ? ['folder'] : []), 'branch', 'commit', 'tag', ...fields.names().filter((name) => name.startsWith('params.')), ...(table.group.length > 1 ? table.group : [])];
  const wanted = ['', ...new Set([...candidates, ...(current === '' ? [] : [current])])];
  if (wanted.join('\n') !== [...groupSelect.options].map((option) => option.value).join('\n')) fill(groupSelect, ...wanted.map((field) => h('option', { value: field }, field === '' ? 'nothing' : titleOf(field))));
  groupSelect.value = current;
  const of = model.passing === rows.length ? `${rows.length} ${rows.length === 1 ? 'run' : 'runs'}` : `${model.passing} of ${rows.length} runs`;
  const text = `${complete ? of : `Reading… ${rows.length}${expected === undefined ? '' : ` of ${expected}`} runs`}${chosen > 0 ? `, ${chosen} selected` : ''}`;
  if (count.textContent !== text) count.textContent = text;
}

function toggleCharts(): void {
  charts.toggle();
  drawActions();
  showCharts();
}

function toggleDiffering(): void {
  onlyDiffering = !onlyDiffering;
  refresh();
}

function refresh(): void {
  if (compared !== undefined) return;
  const compiled = compile(table.filter, fields);
  if (compiled.ok) ({ test } = compiled);
  filter.showMistake(compiled.ok ? undefined : compiled.mistake);
  const indexes = onlyDiffering ? rows.flatMap((row, index) => (selected.has(row.path) ? [index] : [])) : [];
  model = buildTable(rows, fields, test, { table: { ...table, columns: chosenColumns() }, expanded, ...(indexes.length > 1 && { onlyDiffering: indexes }) });
  const places = new Map(table.sort.map(({ field, descending }, at) => [field, { descending, ...(table.sort.length > 1 && { place: at + 1 }) }]));
  grid.show({
    columns: model.columns.map(({ field, title, width, pinned, numeric }) => {
      const sort = places.get(field);
      return { title, width, pinned, numeric, ...(sort !== undefined && { sort }) };
    }),
    count: model.lines.length,
    line: (index) => {
      const line = model.lines[index];
      return line === undefined ? { level: 1, selected: false, marks: [], cells: [] } : lineCells(line, model, selected);
    },
    isTree: model.lines.some(({ type }) => type === 'group'),
  });
  drawActions();
  showCharts();
}

function rowsChanged(): void {
  rows = [...byKey].sort(([a], [b]) => newestFirst(a, b)).map(([, row]) => row);
  fields = cachedFields(rows, Date.now());
  metricNames = metricFields(fields);
  defaults = defaultColumns(fields, rows.length, metricNames);
  // Its columns are of the rows before.
  test = () => true;
  refresh();
}

host.onMessage((message) => {
  switch (message.type) {
    case 'rows':
      if (message.first) {
        byKey.clear();
        charts.restart();
      }
      for (const row of unpackRows(message.rows)) byKey.set(row.path, row);
      complete = message.last;
      expected = message.total;
      if (message.first || message.last) rowsChanged();
      if (message.last && compared !== undefined) askComparison();
      return;
    case 'changes':
      for (const key of message.removed) byKey.delete(key);
      for (const row of unpackRows(message.rows)) byKey.set(row.path, row);
      rowsChanged();
      return;
    case 'reading':
      count.textContent = `Reading records: ${message.read} of ${message.total}`;
      return;
    case 'views':
      views = message.views;
      return;
    case 'undoable':
      undoable = message.what;
      drawActions();
      return;
    case 'comparison':
      if (compared?.join('\n') === message.keys.join('\n')) comparison.show(message.result);
      return;
    case 'series':
      charts.receive(message);
      return;
    case 'content':
      comparison.receive(message);
      return;
    case 'failed':
      banner.hidden = false;
      banner.textContent = message.message;
      return;
    default:
      message satisfies never;
  }
});
showPart();
drawActions();
host.post({ type: 'ready' });
