/** Where an output comes from, what was made from it, when a task ran, and what bad outputs have in common. */
import './lineage.css';
import type { LineageAbilities, LineageHostMessage, LineageViewMessage } from '../../src/protocol/lineage-view.ts';
import type { LineageAnswer, LineageQuestion } from '../../src/query/lineage-answer.ts';
import { createAnnouncer } from '../announcer.ts';
import { fill, h } from '../dom.ts';
import { connectHost } from '../host.ts';
import { historyView } from './history.ts';
import type { Page } from './page.ts';
import { reviewView } from './review.ts';
import { traceView } from './trace.ts';

interface PanelState {
  readonly question: LineageQuestion;
  /** Where `Back` leads, the last one last. */
  readonly before: readonly LineageQuestion[];
}

const mostBefore = 50;
const mostNames = 1000;

const host = connectHost<LineageHostMessage, LineageViewMessage, PanelState>();
const saved = host.state.get();
let question: LineageQuestion | undefined = saved?.question;
let before: readonly LineageQuestion[] = saved?.before ?? [];
let can: LineageAbilities = { annotate: false, openRun: false, compareCode: false };
/** Of each question, what was chosen in its answer; while the page is there. */
const chosen = new Map<string, string>();
/** The question whose answer is shown. */
let shown: string | undefined;

const keyOf = (of: LineageQuestion): string => JSON.stringify(of);
const announcer = createAnnouncer(400);

const outputs = h('datalist', { id: 'outputs' });
const tasks = h('datalist', { id: 'tasks' });
const input = h('input', { id: 'subject', type: 'text', class: 'subject', autocomplete: 'off', spellcheck: 'false' });
const label = h('label', { for: 'subject' });
const form = h('form', { class: 'ask' }, label, input, h('button', { class: 'action primary' }, 'Show'));
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (text === '' || question === undefined) return;
  ask(question.type === 'history' ? { type: 'history', task: text } : { type: 'trace', output: text, direction: question.type === 'trace' ? question.direction : 'upstream' });
});

const back = h('button', { class: 'action', onclick: () => goBack() }, '← Back');
const places: readonly { readonly type: LineageQuestion['type']; readonly title: string }[] = [
  { type: 'trace', title: 'Trace' },
  { type: 'history', title: 'History' },
  { type: 'review', title: 'Review' },
];
const placeButtons = places.map(({ type, title }) => h('button', { class: 'place', onclick: () => go(type) }, title));
const part = h('div', { class: 'part' });
const banner = h('div', { class: 'banner', hidden: true, role: 'alert' });
document.body.append(h('main', { class: 'lineage' }, h('h1', { class: 'visually-hidden' }, 'Lineage'), h('div', { class: 'top' }, back, h('nav', { 'aria-label': 'Lineage' }, ...placeButtons), form), outputs, tasks, banner, part, announcer.element));

const page: Page = {
  ask: (next) => ask(next),
  post: (message) => host.post(message),
  can: () => can,
  chosen: () => (question === undefined ? undefined : chosen.get(keyOf(question))),
  choose: (what) => {
    if (question !== undefined) chosen.set(keyOf(question), what);
  },
};

function ask(next: LineageQuestion): void {
  if (question !== undefined && keyOf(question) !== keyOf(next) && isAsked(question)) before = [...before, question].slice(-mostBefore);
  show(next);
}

function goBack(): void {
  const last = before.at(-1);
  if (last === undefined) return;
  before = before.slice(0, -1);
  show(last);
}

function go(type: LineageQuestion['type']): void {
  if (question?.type === type) return;
  ask(type === 'review' ? { type } : type === 'history' ? { type, task: '' } : { type, output: '', direction: 'upstream' });
}

/** An empty name asks nothing. */
function isAsked(of: LineageQuestion): boolean {
  return of.type === 'review' || (of.type === 'history' ? of.task : of.output) !== '';
}

function show(next: LineageQuestion): void {
  question = next;
  host.state.set({ question, before });
  draw();
  if (isAsked(next)) host.post({ type: 'ask', question: next });
  else {
    shown = undefined;
    fill(part, h('p', { class: 'quiet pad' }, next.type === 'history' ? 'The name of a task, or of one of its matrix values, shows when it ran, why, and what came out.' : 'A file, an artifact, or a value (TASK.NAME: what a task returned, or a metric), by its name or by 6 or more digits of its digest.'));
    input.focus();
  }
}

function draw(): void {
  if (question === undefined) return;
  const { type } = question;
  for (const [at, button] of placeButtons.entries()) {
    if (places[at]?.type === type) button.setAttribute('aria-current', 'page');
    else button.removeAttribute('aria-current');
  }
  back.disabled = before.length === 0;
  form.hidden = type === 'review';
  label.textContent = type === 'history' ? 'Task' : 'Output';
  input.setAttribute('list', type === 'history' ? 'tasks' : 'outputs');
  input.placeholder = type === 'history' ? 'train' : 'build/model.pkl';
  if (document.activeElement !== input) input.value = question.type === 'history' ? question.task : question.type === 'trace' ? question.output : '';
}

function showAnswer(of: LineageQuestion, answer: LineageAnswer): void {
  banner.hidden = true;
  const isSame = shown === keyOf(of);
  const hadFocus = isSame && part.contains(document.activeElement);
  const scroll = isSame ? part.querySelector('.scroll')?.scrollTop : undefined;
  shown = keyOf(of);
  const view = viewOf(of, answer);
  fill(part, view.element);
  if (scroll !== undefined) part.querySelector('.scroll')?.scrollTo({ top: scroll });
  // A page that is drawn anew keeps the focus where it was; one that was asked for gets it.
  if (hadFocus || !isSame) view.focus();
  announcer.say('', view.said);
}

function viewOf(of: LineageQuestion, answer: LineageAnswer): { readonly element: HTMLElement; readonly focus: () => void; readonly said: string } {
  switch (answer.type) {
    case 'trace':
      return of.type === 'trace' ? traceView(answer, of.direction, page) : viewOf(of, { type: 'nothing', message: '' });
    case 'history':
      return historyView(answer, page);
    case 'review':
      return reviewView(answer, page);
    case 'nothing':
      return { element: h('p', { class: 'quiet pad', role: 'status' }, answer.message), focus: () => input.focus(), said: answer.message };
    default:
      return answer satisfies never;
  }
}

host.onMessage((message) => {
  switch (message.type) {
    case 'start':
      ({ can } = message);
      if (message.question !== undefined) ask(message.question);
      else show(question ?? { type: 'trace', output: '', direction: 'upstream' });
      return;
    case 'names':
      fill(outputs, ...message.outputs.slice(0, mostNames).map((value) => h('option', { value })));
      fill(tasks, ...message.tasks.slice(0, mostNames).map((value) => h('option', { value })));
      return;
    case 'answer':
      if (question !== undefined && keyOf(message.question) === keyOf(question)) showAnswer(message.question, message.answer);
      return;
    case 'changed':
      if (question !== undefined && isAsked(question)) host.post({ type: 'ask', question });
      return;
    case 'failed':
      banner.hidden = false;
      banner.textContent = message.message;
      return;
    default:
      message satisfies never;
  }
});
host.post({ type: 'ready' });
