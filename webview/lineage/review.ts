/** What flagged outputs have in common that good ones have not, each with the runs that it is counted from. */
import type { FlaggedView, LineageAnswer, SuspectView } from '../../src/query/lineage-answer.ts';
import { h, type Child } from '../dom.ts';
import type { Page, View } from './page.ts';
import { flagAction, runButton, traceButton } from './task-card.ts';

type Review = Extract<LineageAnswer, { readonly type: 'review' }>;

/** Runs that are named before the rest is counted. */
const mostRuns = 30;

export function reviewView(answer: Review, page: Page): View {
  const { flags, flagged, good, suspects, total } = answer;
  if (flags.length === 0) {
    const message = 'No output is flagged. Flag a bad one where it is traced, in the run panel’s menu, or with runweave flag OUTPUT; review then says what the flagged ones have in common that the others have not.';
    return { element: h('p', { class: 'quiet pad', tabindex: -1 }, message), focus: () => undefined, said: message };
  }
  const said = `${flagged} flagged ${flagged === 1 ? 'output' : 'outputs'}, compared with ${good} good ${good === 1 ? 'one' : 'ones'}`;
  const body = h('tbody', {});
  for (const [at, suspect] of suspects.entries()) body.append(...suspectRows(suspect, at, page));
  const table = h(
    'table',
    { class: 'suspects' },
    h('thead', {}, h('tr', {}, ...['Suspect', 'Task', 'Flagged', 'Good', 'Actions'].map((head) => h('th', { scope: 'col' }, head)))),
    body,
  );
  const element = h(
    'div',
    { class: 'review scroll', tabindex: 0, role: 'region', 'aria-label': 'Review' },
    h('h2', {}, said),
    suspects.length === 0 ? h('p', {}, 'Nothing is more common among what the flagged outputs were made from.') : h('div', { class: 'scroll-x' }, table),
    total > suspects.length && h('p', { class: 'quiet' }, `and ${total - suspects.length} less suspicious`),
    h('h2', {}, 'Flagged'),
    h('ul', { class: 'flags' }, ...flags.map((flag) => flagItem(flag, page))),
  );
  return { element, focus: () => element.focus(), said };
}

function suspectRows(each: SuspectView, at: number, page: Page): readonly HTMLElement[] {
  const { suspect, text, goodVersion } = each;
  const key = `${suspect.type} ${suspect.task} ${text}`;
  const detail = h('tr', { id: `runs-${at}`, hidden: page.chosen() !== key }, h('td', { colspan: 5 }, runList('Flagged', each.flaggedRuns, page), runList('Good', each.goodRuns, page)));
  const button = h('button', { class: 'link', 'aria-expanded': String(!detail.hidden), 'aria-controls': `runs-${at}` }, 'Runs', h('span', { class: 'visually-hidden' }, ` of ${text}`));
  button.addEventListener('click', () => {
    detail.hidden = !detail.hidden;
    button.setAttribute('aria-expanded', String(!detail.hidden));
    page.choose(detail.hidden ? '' : key);
  });
  const compare: Child = goodVersion !== undefined && 'digest' in suspect && 'path' in suspect && page.can().compareCode && h('button', { class: 'link', 'aria-label': `Good ↔ bad, ${suspect.path}`, onclick: () => page.post({ type: 'compare-code', path: suspect.path, from: goodVersion, to: suspect.digest }) }, 'Good ↔ bad');
  const share = (count: number, of: number): HTMLElement => h('td', { class: 'share' }, `${count}/${of}`, h('meter', { min: 0, max: Math.max(1, of), value: count, 'aria-hidden': 'true' }));
  return [h('tr', {}, h('td', {}, text), h('td', {}, h('button', { class: 'link', onclick: () => page.ask({ type: 'history', task: suspect.task }) }, suspect.task)), share(each.flagged, each.flaggedOf), share(each.good, each.goodOf), h('td', {}, h('span', { class: 'inline' }, button, ' ', compare))), detail];
}

function runList(title: string, runs: readonly string[], page: Page): Child {
  if (runs.length === 0) return h('p', {}, `${title}: none`);
  return h('p', { class: 'inline' }, `${title}: `, ...runs.slice(0, mostRuns).flatMap((runId, at): readonly Child[] => [at > 0 && ', ', runButton(runId, page)]), runs.length > mostRuns && ` and ${runs.length - mostRuns} more`);
}

function flagItem(flag: FlaggedView, page: Page): HTMLElement {
  const { runId, task, output, why, known } = flag;
  const what = output ?? task ?? 'the run';
  return h(
    'li',
    { class: 'inline' },
    h('strong', {}, '⚑ ', what),
    task !== undefined && output !== undefined && ` of ${task}`,
    ' in ',
    runButton(runId, page),
    why !== undefined && `: ${why}`,
    !known && h('span', { class: 'quiet' }, ' (its record is not here any more)'),
    ' ',
    known && task !== undefined && output !== undefined && traceButton(runId, task, output, page, h('span', {}, 'Trace', h('span', { class: 'visually-hidden' }, ` ${output}`))),
    ' ',
    task !== undefined && output !== undefined ? flagAction({ runId, task, output }, true, page) : page.can().annotate && h('button', { class: 'link', 'aria-label': `Unflag: ${what}`, onclick: () => page.post({ type: 'annotate', target: { runId, ...(task !== undefined && { task }) }, change: { type: 'flag', on: false } }) }, 'Unflag'),
  );
}
