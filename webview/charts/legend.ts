/** What the lines of a chart are, beside it: to hide one, to find its run, and to read its value at the cursor. */
import type { Look } from '../../src/query/charts/palette.ts';
import { fill, h, s, setText } from '../dom.ts';

export interface LegendItem {
  readonly id: string;
  readonly key?: string;
  readonly title: string;
  readonly look: Look;
  readonly isHidden: boolean;
}

export interface Legend {
  readonly element: HTMLElement;
  readonly show: (items: readonly LegendItem[]) => void;
  /** Text behind each title, by id. */
  readonly values: (textOf: (id: string) => string) => void;
}

export function createLegend(hooks: { readonly onHide: (id: string) => void; readonly onPoint: (key: string | undefined) => void }): Legend {
  const element = h('ul', { class: 'chart-legend', 'aria-label': 'Series' });
  let shown = '';
  let values: readonly { readonly id: string; readonly value: HTMLElement }[] = [];
  return {
    element,
    show: (items) => {
      // The same items stay the same elements, so that what has the focus keeps it.
      const now = JSON.stringify(items);
      if (now === shown) return;
      shown = now;
      const focused = document.activeElement instanceof HTMLElement && element.contains(document.activeElement) ? document.activeElement.dataset['id'] : undefined;
      const drawn = items.map(({ id, key, title, look, isHidden }) => {
        const value = h('span', { class: 'chart-value', 'aria-hidden': 'true' });
        const button = h('button', { class: 'plain chart-series', 'data-id': id, 'aria-pressed': String(!isHidden), title: isHidden ? 'Show' : 'Hide', onclick: () => hooks.onHide(id) }, swatch(look), h('span', { class: 'letter', 'aria-hidden': 'true' }, look.letter), h('span', { class: 'chart-title' }, title));
        const item = h('li', {}, button, value);
        item.addEventListener('pointerenter', () => hooks.onPoint(key));
        item.addEventListener('pointerleave', () => hooks.onPoint(undefined));
        return { id, item, value };
      });
      values = drawn;
      fill(element, ...drawn.map(({ item }) => item));
      if (focused !== undefined) element.querySelector<HTMLElement>(`[data-id="${CSS.escape(focused)}"]`)?.focus();
    },
    values: (textOf) => {
      for (const { id, value } of values) setText(value, textOf(id));
    },
  };
}

/** The colour, the dash and the marker of a line. */
export function swatch({ color, dash, marker }: Look): SVGSVGElement {
  return s('svg', { width: 34, height: 14, viewBox: '0 0 34 14', 'aria-hidden': 'true' }, s('path', { d: 'M1 7H33', stroke: color, 'stroke-width': 1.8, fill: 'none', ...(dash.length > 0 && { 'stroke-dasharray': dash.join(' ') }) }), s('path', { d: marker, transform: 'translate(12.5 2.5) scale(0.75)', fill: color }));
}
