/** A menu at a place, by the pattern of the ARIA Authoring Practices: arrow keys, Home, End, letters, Escape. */
import { h } from '../dom.ts';

export type MenuItem = { readonly label: string; readonly checked?: boolean; readonly run: () => void } | 'line';

export function openMenu(label: string, items: readonly MenuItem[], anchor: DOMRect, onClose: () => void): void {
  const buttons: HTMLElement[] = [];
  const close = (): void => {
    menu.remove();
    removeEventListener('pointerdown', outside, true);
    onClose();
  };
  const outside = (event: Event): void => {
    if (!(event.target instanceof Node && menu.contains(event.target))) close();
  };
  const menu = h(
    'div',
    { role: 'menu', class: 'menu', 'aria-label': label },
    ...items.map((item) => {
      if (item === 'line') return h('div', { role: 'separator' });
      const run = (): void => {
        close();
        item.run();
      };
      const button = h('div', { role: item.checked === undefined ? 'menuitem' : 'menuitemradio', tabindex: -1, class: 'menu-item', onclick: run, ...(item.checked !== undefined && { 'aria-checked': String(item.checked) }) }, h('span', { class: 'tick', 'aria-hidden': 'true' }, item.checked === true ? '✓' : ''), item.label);
      buttons.push(button);
      return button;
    }),
  );
  menu.addEventListener('keydown', (event) => {
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    const focus = (index: number): void => buttons[(index + buttons.length) % buttons.length]?.focus();
    if (event.key === 'ArrowDown') focus(at + 1);
    else if (event.key === 'ArrowUp') focus(at - 1);
    else if (event.key === 'Home') focus(0);
    else if (event.key === 'End') focus(-1);
    else if (event.key === 'Enter' || event.key === ' ') buttons[at]?.click();
    else if (event.key === 'Escape' || event.key === 'Tab') close();
    else {
      const found = [...buttons.slice(at + 1), ...buttons.slice(0, at + 1)].find((button) => button.textContent.replace('✓', '').toLowerCase().startsWith(event.key.toLowerCase()));
      if (event.key.length !== 1 || found === undefined) return;
      found.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  });
  (document.querySelector('main') ?? document.body).append(menu);
  menu.style.left = `${Math.max(0, Math.min(anchor.left, innerWidth - menu.offsetWidth - 4))}px`;
  menu.style.top = `${Math.max(0, Math.min(anchor.bottom, innerHeight - menu.offsetHeight - 4))}px`;
  addEventListener('pointerdown', outside, true);
  buttons[0]?.focus();
}
