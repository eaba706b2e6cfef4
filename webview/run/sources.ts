/** The sources that a run used, as they were, and how the workspace differs from them. */
import type { WorkspaceFile } from '../../src/protocol/run-view.ts';
import { runSources, type RunSource } from '../../src/query/run-sources.ts';
import { h, type Child } from '../dom.ts';
import type { Context } from './panel.ts';
import { changesView } from './surroundings.ts';

const mostTasks = 4;

const words: Readonly<Record<WorkspaceFile, string>> = { same: 'as it was', changed: 'changed since', gone: 'no longer there' };

export function sourcesTab(context: Context): HTMLElement {
  const { run, workspace, can, post } = context;
  const sources = runSources(run);
  const row = (source: RunSource): HTMLElement => {
    const { path, content, tasks } = source;
    const now = workspace?.[`${path} ${content}`];
    return h(
      'tr',
      {},
      h('td', { class: 'mono' }, can('open-artifact') ? h('button', { class: 'link', title: 'Open as it was', 'data-key': `source ${path} ${content}`, onclick: () => post({ type: 'open-artifact', digest: content, name: path }) }, path) : path),
      h('td', {}, tasks.length === 0 ? 'the pipeline file' : tasks.length > mostTasks ? `${tasks.slice(0, mostTasks - 1).join(', ')} and ${tasks.length - mostTasks + 1} more` : tasks.join(', ')),
      can('look-at-workspace') && h('td', { class: now === 'same' ? 'quiet' : undefined }, now === undefined ? '' : words[now]),
      can('compare-source') && h('td', { class: 'inline' }, now === 'same' ? '' : h('button', { class: 'link', 'data-key': `compare ${path} ${content}`, onclick: () => post({ type: 'compare-source', path, digest: content }) }, 'Compare', h('span', { class: 'visually-hidden' }, ` ${path} with the workspace`))),
    );
  };
  const heads: Child[] = ['File', 'Used by', ...(can('look-at-workspace') ? ['In the workspace'] : []), ...(can('compare-source') ? ['Compare'] : [])].map((name) => h('th', { scope: 'col' }, name === 'Compare' ? h('span', { class: 'visually-hidden' }, name) : name));
  return h(
    'div',
    { class: 'pad' },
    sources.length === 0
      ? h('p', { class: 'quiet' }, 'No source was kept: nothing ran in this run, or its sources are larger than 1 MiB.')
      : h('div', { class: 'scroll-x' }, h('table', {}, h('thead', {}, h('tr', {}, ...heads)), h('tbody', {}, ...sources.map(row)))),
    ...(run.changes === undefined ? [] : [h('h2', {}, 'Changes since the commit'), changesView(run.changes, context)]),
    can('restore-sources') && sources.length > 0 && h('p', { class: 'inline' }, h('button', { class: 'action', 'data-key': 'restore-sources tab', onclick: () => post({ type: 'restore-sources' }) }, 'Restore sources into a new folder…')),
  );
}
