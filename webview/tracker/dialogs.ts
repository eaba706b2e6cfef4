/** Questions in the page: one line of text, and which columns are shown. */
import type { ColumnState } from '../../src/protocol/tracker-view.ts';
import { fill, h } from '../dom.ts';
import { titleOf } from './columns.ts';

function openDialog(label: string, onClose: () => void, ...content: readonly Node[]): HTMLDialogElement {
  const dialog = h('dialog', { 'aria-label': label, class: 'dialog' }, ...content);
  dialog.addEventListener('close', () => {
    dialog.remove();
    onClose();
  });
  (document.querySelector('main') ?? document.body).append(dialog);
  dialog.showModal();
  return dialog;
}

export function askText(label: string, initial: string, onAnswer: (text: string) => void, onClose: () => void): void {
  const input = h('input', { type: 'text', class: 'text-input', 'aria-label': label, value: initial });
  const form = h('form', { method: 'dialog' }, h('label', {}, h('span', {}, label), input), h('div', { class: 'dialog-actions' }, h('button', { class: 'action primary', value: 'ok' }, 'OK'), h('button', { class: 'action', type: 'button', onclick: () => dialog.close() }, 'Cancel')));
  form.addEventListener('submit', () => onAnswer(input.value.trim()));
  const dialog = openDialog(label, onClose, form);
  input.select();
}

/** `onChange` is told at once, so that the table shows what is chosen. */
export function chooseColumns(shownFirst: readonly ColumnState[], names: readonly string[], onChange: (columns: readonly ColumnState[]) => void, onClose: () => void): void {
  let shown = shownFirst;
  const search = h('input', { type: 'text', class: 'text-input', 'aria-label': 'Search columns', placeholder: 'Search, or a field such as metrics.train.loss.min' });
  const list = h('ul', { class: 'column-list' });
  const change = (next: readonly ColumnState[], focus?: string): void => {
    shown = next;
    onChange(shown);
    draw();
    if (focus !== undefined) list.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
  };
  const move = (at: number, by: -1 | 1, focus: string): void => {
    const to = at + by;
    const [from, other] = [shown[at], shown[to]];
    if (from === undefined || other === undefined) return;
    change(shown.map((each, index) => (index === at ? other : index === to ? from : each)), focus);
  };
  const item = (field: string, at: number): HTMLElement => {
    const title = titleOf(field);
    const box = h('input', { type: 'checkbox', 'data-focus': `show ${field}`, checked: at >= 0, onchange: () => change(at >= 0 ? shown.filter((each) => each.field !== field) : [...shown, { field }], `show ${field}`) });
    const state = shown[at];
    const button = (label: string, key: string, run: () => void, text: string): HTMLElement => h('button', { class: 'plain', 'aria-label': `${label}: ${field}`, title: label, 'data-focus': `${key} ${field}`, onclick: run }, text);
    return h(
      'li',
      {},
      h('label', {}, box, h('span', {}, title), title === field ? false : h('span', { class: 'quiet' }, field)),
      state !== undefined && h('span', { class: 'column-actions' }, button('Move left', 'left', () => move(at, -1, `left ${field}`), '↑'), button('Move right', 'right', () => move(at, 1, `right ${field}`), '↓'), button(state.pinned === true ? 'Unpin' : 'Pin', 'pin', () => change(shown.map((each) => (each.field === field ? { ...each, pinned: state.pinned !== true } : each)), `pin ${field}`), state.pinned === true ? 'Unpin' : 'Pin')),
    );
  };
  const draw = (): void => {
    const wanted = search.value.trim().toLowerCase();
    const fields = new Map(shown.map(({ field }, at) => [field, at]));
    const all = [...fields.keys(), ...names.filter((name) => !fields.has(name))].filter((name) => name.toLowerCase().includes(wanted));
    fill(list, ...all.slice(0, 300).map((field) => item(field, fields.get(field) ?? -1)));
    // A statistic or a task's own metric is no name of the list.
    if (all.length === 0 && wanted !== '') fill(list, item(search.value.trim(), -1));
  };
  search.addEventListener('input', draw);
  draw();
  const dialog = openDialog('Columns', onClose, h('h2', {}, 'Columns'), search, list, h('div', { class: 'dialog-actions' }, h('button', { class: 'action primary', onclick: () => dialog.close() }, 'Done')));
}
