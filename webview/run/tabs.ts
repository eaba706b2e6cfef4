/** Tabs as https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ describes them, with automatic activation. */
import { h, setAttribute, setText } from '../dom.ts';

export interface Tab<Id extends string> {
  readonly id: Id;
  readonly label: string;
}

export interface Tabs<Id extends string> {
  readonly bar: HTMLElement;
  readonly panel: HTMLElement;
  select(id: Id): void;
  /** A number behind a tab's name. */
  badge(id: Id, text: string): void;
}

export function createTabs<Id extends string>(tabs: readonly Tab<Id>[], label: string, onSelect: (id: Id) => void): Tabs<Id> {
  const panel = h('div', { class: 'tab-panel', role: 'tabpanel', id: 'panel', tabindex: '0' });
  const badges = new Map<Id, HTMLElement>();
  const buttons = tabs.map((tab) => {
    const badge = h('span', { class: 'count' });
    badges.set(tab.id, badge);
    return h('button', { class: 'tab', role: 'tab', id: `tab-${tab.id}`, 'aria-controls': 'panel', onclick: () => onSelect(tab.id) }, tab.label, ' ', badge);
  });
  const bar = h('div', { class: 'tabs', role: 'tablist', 'aria-label': label }, ...buttons);
  bar.addEventListener('keydown', (event) => {
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowRight: (at + 1) % buttons.length, ArrowLeft: (at - 1 + buttons.length) % buttons.length, Home: 0, End: buttons.length - 1 }[event.key];
    const tab = next === undefined ? undefined : tabs[next];
    if (tab === undefined || next === undefined) return;
    event.preventDefault();
    buttons[next]?.focus();
    onSelect(tab.id);
  });
  return {
    bar,
    panel,
    select: (id) => {
      tabs.forEach((tab, index) => {
        const selected = tab.id === id;
        const element = buttons[index];
        if (element === undefined) return;
        setAttribute(element, 'aria-selected', String(selected));
        setAttribute(element, 'tabindex', selected ? '0' : '-1');
      });
      setAttribute(panel, 'aria-labelledby', `tab-${id}`);
    },
    badge: (id, text) => {
      const element = badges.get(id);
      if (element !== undefined) setText(element, text);
    },
  };
}
