/** The filter: a text field with completion, and its mistake under the place where it is (combobox with a list). */
import { fill, h, setAttribute } from '../dom.ts';
import { completeFilter, type Completion, type CompletionSource } from '../../src/query/filter/complete.ts';
import type { FilterMistake } from '../../src/query/filter/filter.ts';

const mostShown = 12;

export interface FilterBox {
  readonly element: HTMLElement;
  readonly text: () => string;
  readonly set: (text: string) => void;
  readonly showMistake: (mistake: FilterMistake | undefined) => void;
  readonly focus: () => void;
}

export function createFilterBox(source: () => CompletionSource, onInput: (text: string) => void, onLeave: () => void): FilterBox {
  const input = h('input', { id: 'filter', class: 'filter', type: 'text', spellcheck: 'false', autocomplete: 'off', placeholder: 'metrics.loss < 0.1 and tag:baseline', role: 'combobox', 'aria-label': 'Filter', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': 'completions', 'aria-describedby': 'mistake' });
  const list = h('ul', { id: 'completions', role: 'listbox', class: 'completions', 'aria-label': 'Completions', hidden: true });
  const wave = h('span', { class: 'wave', hidden: true });
  const mistakeText = h('p', { id: 'mistake', class: 'mistake' });
  let shown: readonly Completion[] = [];
  let chosen = -1;
  let mistake: FilterMistake | undefined;

  const place = (): void => {
    wave.hidden = mistake === undefined;
    if (mistake === undefined) return;
    wave.style.left = `calc(8px + ${mistake.from}ch - ${input.scrollLeft}px)`;
    wave.style.width = `${Math.max(1, mistake.to - mistake.from)}ch`;
  };
  const close = (): void => {
    shown = [];
    chosen = -1;
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    setAttribute(input, 'aria-activedescendant', undefined);
  };
  const choose = (index: number): void => {
    chosen = index;
    for (const [at, item] of [...list.children].entries()) item.setAttribute('aria-selected', String(at === index));
    list.children[index]?.scrollIntoView({ block: 'nearest' });
    setAttribute(input, 'aria-activedescendant', index < 0 ? undefined : `completion-${index}`);
  };
  const complete = (): void => {
    shown = completeFilter(input.value, input.selectionStart ?? input.value.length, source()).slice(0, mostShown);
    if (shown.length === 0) {
      close();
      return;
    }
    fill(list, ...shown.map(({ text, kind }, at) => h('li', { role: 'option', id: `completion-${at}`, 'aria-selected': 'false', onpointerdown: (event: Event) => accept(event, at) }, h('span', {}, text), h('span', { class: 'quiet' }, kind))));
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    choose(-1);
  };
  const accept = (event: Event, at: number): void => {
    event.preventDefault();
    const completion = shown[at];
    if (completion === undefined) return;
    const after = input.value.slice(completion.to);
    const text = `${completion.text}${completion.text.endsWith('(') || after.startsWith(' ') ? '' : ' '}`;
    const space = /[=<>~]$/.test(input.value.slice(0, completion.from)) ? ' ' : '';
    input.setRangeText(`${space}${text}`, completion.from, completion.to, 'end');
    onInput(input.value);
    complete();
  };
  input.addEventListener('input', () => {
    onInput(input.value);
    complete();
  });
  input.addEventListener('scroll', place);
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    const open = !list.hidden;
    if (event.key === 'ArrowDown' && open) choose((chosen + 1) % shown.length);
    else if (event.key === 'ArrowDown') onLeave();
    else if (event.key === 'ArrowUp' && open) choose((chosen + shown.length) % (shown.length + 1) - 1 < 0 ? shown.length - 1 : chosen - 1);
    else if (event.key === ' ' && event.ctrlKey) complete();
    else if (event.key === 'Enter' && open && chosen >= 0) accept(event, chosen);
    else if (event.key === 'Tab' && open && chosen >= 0) accept(event, chosen);
    else if (event.key === 'Enter') {
      close();
      onLeave();
    } else if (event.key === 'Escape' && open) close();
    else return;
    event.preventDefault();
  });

  return {
    element: h('div', { class: 'filter-box' }, input, wave, list, mistakeText),
    text: () => input.value,
    set: (text) => {
      input.value = text;
    },
    showMistake: (next) => {
      mistake = next;
      setAttribute(input, 'aria-invalid', next === undefined ? undefined : 'true');
      mistakeText.textContent = next === undefined ? '' : next.message;
      place();
    },
    focus: () => input.focus(),
  };
}
