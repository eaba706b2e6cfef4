import { fill, h } from '../dom.ts';

export interface Tooltip {
  readonly element: HTMLElement;
  show(beside: Element, content: HTMLElement): void;
  hide(): void;
}

/** One tooltip for all nodes; what it says is also in the node's label, so that it needs no reference. */
export function createTooltip(): Tooltip {
  const element = h('div', { class: 'tooltip', role: 'tooltip', hidden: true });
  return {
    element,
    show: (beside, content) => {
      fill(element, content);
      element.hidden = false;
      // At the right edge, where it may have been, it would be narrower and higher than where it goes.
      element.style.left = '0';
      const around = beside.getBoundingClientRect();
      const own = element.getBoundingClientRect();
      const below = around.bottom + 8 + own.height <= window.innerHeight;
      element.style.left = `${Math.max(8, Math.min(around.left, window.innerWidth - own.width - 8))}px`;
      element.style.top = `${below ? around.bottom + 8 : Math.max(8, around.top - own.height - 8)}px`;
    },
    hide: () => (element.hidden = true),
  };
}
