/** What was recorded around a task without being asked for: what it was warned of, its sources, how the checkout differed. */
import type { Digest } from '../../src/model/fingerprint.ts';
import type { TreeChanges } from '../../src/model/run-event.ts';
import type { AttemptState } from '../../src/model/run-state.ts';
import { h } from '../dom.ts';
import { plainText } from '../../src/model/plain-text.ts';
import { formatSize } from './format.ts';
import type { Context } from './panel.ts';

/** Of one list. */
const mostRows = 200;

export function warningsView({ warned }: AttemptState, fileLink: (path: string, line: number) => HTMLElement | string): HTMLElement | false {
  if (warned.length === 0) return false;
  return h('ul', {}, ...warned.slice(0, mostRows).map(({ category, message, file, line, count }) => h('li', {}, h('strong', {}, category), `: ${plainText(message)} `, fileLink(file, line), count > 1 && h('span', { class: 'quiet' }, ` ${count} times`))));
}

/** A link that opens a kept content as it was when the run used it. */
function keptContent(digest: Digest, name: string, text: string, context: Context): HTMLElement | string {
  return !context.can('open-artifact') ? text : h('button', { class: 'link', onclick: () => context.post({ type: 'open-artifact', digest, name }) }, text);
}

/** The sources that a task used, as they were. */
export function sourcesView(sources: Readonly<Record<string, Digest>>, context: Context): HTMLElement {
  return h('ul', { class: 'mono' }, ...Object.entries(sources).slice(0, mostRows).map(([path, digest]) => h('li', {}, keptContent(digest, path, path, context))));
}

/** How the checkout differed from its commit. */
export function changesView({ diff, size, truncated, untracked, untrackedCount }: TreeChanges, context: Context): HTMLElement {
  return h(
    'div',
    {},
    diff === undefined ? h('p', { class: 'quiet' }, 'No file that git tracks was changed.') : h('p', {}, keptContent(diff, 'uncommitted.diff', `Uncommitted changes (${formatSize(size)}${truncated ? ', cut' : ''})`, context)),
    untrackedCount > 0 && h('p', {}, `Files that git does not track: ${untrackedCount}`),
    untrackedCount > 0 && h('ul', { class: 'mono' }, ...untracked.slice(0, mostRows).map((path) => h('li', {}, path))),
  );
}
