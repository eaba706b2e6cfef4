/** The place of the charts under the table: opened and sized by a person, filled with the first chart that is asked for. */
import type { TrackerHostMessage } from '../../src/protocol/tracker-view.ts';
import { loadCharts, type ChartsView, type RunCharts, type RunChartsHooks, type TableContent } from '../charts/api.ts';
import { fill, h } from '../dom.ts';

export interface PaneState {
  readonly open: boolean;
  /** Of the height, from 0 to 1. */
  readonly share: number;
  readonly view: ChartsView;
}

export const firstPane: PaneState = { open: false, share: 0.5, view: { kind: 'series' } };

export interface ChartsPane {
  readonly element: HTMLElement;
  readonly isOpen: () => boolean;
  readonly toggle: () => void;
  /** Drawn when it is open. */
  readonly show: (content: TableContent) => void;
  readonly point: (key: string | undefined) => void;
  readonly receive: (message: Extract<TrackerHostMessage, { readonly type: 'series' }>) => void;
}

const shares = { least: 0.2, most: 0.85, step: 0.05 };

export interface PaneHooks extends Omit<RunChartsHooks, 'onView'> {
  readonly onState: (state: PaneState) => void;
}

export function createChartsPane(first: PaneState, { onState, ...hooks }: PaneHooks): ChartsPane {
  let state = first;
  let charts: RunCharts | undefined;
  let content: TableContent | undefined;
  const place = h('div', { class: 'charts-place' });
  const separator = h('div', { class: 'charts-separator', role: 'separator', tabindex: 0, 'aria-orientation': 'horizontal', 'aria-label': 'Height of the charts', 'aria-valuemin': shares.least * 100, 'aria-valuemax': shares.most * 100 });
  const element = h('section', { class: 'charts-pane', 'aria-label': 'Charts' }, separator, place);
  const change = (next: Partial<PaneState>): void => {
    state = { ...state, ...next };
    onState(state);
    layOut();
  };
  const layOut = (): void => {
    element.hidden = !state.open;
    element.style.flexBasis = `${state.share * 100}%`;
    separator.setAttribute('aria-valuenow', String(Math.round(state.share * 100)));
  };
  const resize = (share: number): void => change({ share: Math.max(shares.least, Math.min(shares.most, share)) });
  separator.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    event.preventDefault();
    resize(state.share + (event.key === 'ArrowUp' ? shares.step : -shares.step));
  });
  separator.addEventListener('pointerdown', (event) => {
    event.preventDefault();
    separator.setPointerCapture(event.pointerId);
    const move = (moved: PointerEvent): void => {
      const { bottom = innerHeight, height = innerHeight } = element.parentElement?.getBoundingClientRect() ?? {};
      resize((bottom - moved.clientY) / height);
    };
    separator.addEventListener('pointermove', move);
    separator.addEventListener('lostpointercapture', () => separator.removeEventListener('pointermove', move), { once: true });
  });

  const draw = (): void => {
    if (!state.open || content === undefined) return;
    if (charts !== undefined) {
      charts.show(content);
      return;
    }
    if (place.childElementCount > 0) return;
    fill(place, h('p', { class: 'quiet', role: 'status' }, 'Loading the charts…'));
    loadCharts().then(
      ({ createRunCharts }) => {
        charts = createRunCharts(state.view, { ...hooks, onView: (view) => change({ view }) });
        fill(place, charts.element);
        draw();
      },
      (error: unknown) => fill(place, h('p', { class: 'banner', role: 'alert' }, `The charts can’t be shown: ${error instanceof Error ? error.message : String(error)}`)),
    );
  };
  layOut();
  return {
    element,
    isOpen: () => state.open,
    toggle: () => {
      change({ open: !state.open });
      if (state.open) draw();
      else charts?.rest();
    },
    show: (next) => {
      content = next;
      draw();
    },
    point: (key) => {
      if (state.open) charts?.point(key);
    },
    receive: (message) => charts?.receive(message),
  };
}
