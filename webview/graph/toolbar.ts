import { countStates } from '../../src/model/graph-shape.ts';
import { phaseLook } from '../../src/model/phase.ts';
import type { TaskPhase } from '../../src/model/run-state.ts';
import type { GraphTask } from '../../src/model/graph-task.ts';
import { button, checkbox, searchField } from '../controls.ts';
import { fill, h, setAttribute, setText } from '../dom.ts';
import { icon } from '../icons.ts';

export interface ToolbarActions {
  readonly run: () => void;
  readonly stop: () => void;
  readonly watch: (on: boolean) => void;
  readonly filter: (text: string) => void;
  readonly fit: () => void;
  readonly zoomBy: (factor: number) => void;
  readonly toggleList: () => void;
}

export interface Toolbar {
  readonly element: HTMLElement;
  /** Floats over the drawing. */
  readonly zoom: HTMLElement;
  show(shown: { readonly title: string; readonly watching: boolean; readonly running: boolean; readonly tasks: readonly GraphTask[]; readonly filter: string; readonly asList: boolean }): void;
}

const filterLabel = 'Filter tasks';

export function createToolbar(actions: ToolbarActions): Toolbar {
  let watching = false;
  const title = h('h1');
  const counts = h('div', { class: 'counts quiet' });
  const run = button('primary', 'Run', actions.run);
  const stop = button('secondary', 'Stop', actions.stop);
  const watch = checkbox('Watch', (checked) => {
    // A change that the host made is no wish of the user's.
    if (checked !== watching) actions.watch(checked);
  });
  let typing: ReturnType<typeof setTimeout> | undefined;
  const filter = searchField(filterLabel, (text) => {
    clearTimeout(typing);
    typing = setTimeout(() => actions.filter(text), 150);
  });
  const zoom = h('div', { class: 'zoom', role: 'group', 'aria-label': 'Zoom' }, button('icon', 'Zoom out', () => actions.zoomBy(1 / 1.25), icon('zoom-out')), button('icon', 'Zoom in', () => actions.zoomBy(1.25), icon('zoom-in')), button('icon', 'Fit to panel', actions.fit, icon('fit')));
  const list = button('icon', 'Show as list', actions.toggleList, icon('list'));
  const element = h('header', { class: 'toolbar' }, title, run, stop, watch, counts, h('span', { class: 'space' }), filter, list);
  return {
    element,
    zoom,
    show: (shown) => {
      setText(title, shown.title);
      run.disabled = shown.running || shown.tasks.length === 0;
      stop.disabled = !shown.running;
      watching = shown.watching;
      watch.checked = shown.watching;
      // The control names itself "Text field" when it is put into the page.
      setAttribute(filter, 'aria-label', filterLabel);
      if (document.activeElement !== filter) filter.value = shown.filter;
      zoom.hidden = shown.asList || shown.tasks.length === 0;
      const label = shown.asList ? 'Show as graph' : 'Show as list';
      if (list.getAttribute('aria-label') !== label) {
        setAttribute(list, 'aria-label', label);
        setAttribute(list, 'title', label);
        fill(list, icon(shown.asList ? 'graph' : 'list'));
      }
      const states = countStates(shown.tasks);
      fill(counts, ...(Object.keys(phaseLook) as TaskPhase[]).filter((phase) => states.has(phase)).map((phase) => h('span', {}, h('span', { class: `phase-${phase}` }, icon(phase)), `${states.get(phase) ?? 0} ${phaseLook[phase].label}`)));
    },
  };
}
