/** JSON as a tree to be unfolded. What is folded is not built, so that depth and size cost nothing. */
import type { Json } from '../../src/model/json.ts';
import { h } from '../dom.ts';

/** Entries of one object or array that are shown at once. */
const page = 100;
const longestText = 2000;
/** Small ones are open from the beginning. */
const openEntries = 20;

function leaf(value: null | boolean | number | string): HTMLElement {
  const kind = value === null ? 'null' : typeof value;
  const text = typeof value === 'string' ? JSON.stringify(value.length > longestText ? `${value.slice(0, longestText)}…` : value) : String(value);
  return h('span', { class: `json-${kind}` }, text);
}

function sizeOf(value: object): string {
  const count = Array.isArray(value) ? value.length : Object.keys(value).length;
  return Array.isArray(value) ? `[${count}]` : `{${count}}`;
}

function entriesOf(value: object): readonly (readonly [string, Json])[] {
  return Array.isArray(value) ? (value as readonly Json[]).map((item, index) => [String(index), item] as const) : Object.entries(value as Record<string, Json>);
}

function node(name: string | undefined, value: Json, open: boolean): HTMLElement {
  const key = name === undefined ? false : h('span', { class: 'json-key' }, `${name}: `);
  if (value === null || typeof value !== 'object') return h('div', { class: 'json-leaf' }, key, leaf(value));
  const body = h('div', { class: 'json-entries' });
  const details = h('details', { open }, h('summary', {}, key, h('span', { class: 'quiet' }, sizeOf(value))), body);
  const fillBody = (): void => {
    if (body.childElementCount > 0) return;
    const entries = entriesOf(value);
    const more = (from: number): void => {
      body.append(...entries.slice(from, from + page).map(([each, item]) => node(each, item, false)));
      const left = entries.length - from - page;
      if (left <= 0) return;
      const button = h('button', { class: 'link' }, `Show ${Math.min(page, left)} more of ${left}`);
      button.addEventListener('click', () => {
        const last = button.previousElementSibling;
        button.remove();
        more(from + page);
        // Focus goes on where the button was.
        const next = last?.nextElementSibling?.querySelector('summary') ?? body.querySelector<HTMLElement>(':scope > button');
        if (next instanceof HTMLElement) next.focus();
      });
      body.append(button);
    };
    more(0);
  };
  if (open) fillBody();
  details.addEventListener('toggle', () => details.open && fillBody());
  return details;
}

export function jsonTree(value: Json): HTMLElement {
  const children = value !== null && typeof value === 'object' ? entriesOf(value) : [];
  const tree = h('div', { class: 'json mono' }, node(undefined, value, true));
  // One level more where that is short.
  if (children.length <= openEntries) for (const details of tree.querySelectorAll<HTMLDetailsElement>(':scope > details > .json-entries > details')) details.open = Number(/\d+/.exec(details.querySelector('summary .quiet')?.textContent ?? '')?.[0] ?? 0) <= openEntries;
  return tree;
}
