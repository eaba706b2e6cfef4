import type { ArtifactState, TaskState } from '../../src/model/run-state.ts';
import { h, type Child } from '../dom.ts';
import { formatSize, phaseMark } from './format.ts';
import { renderNotebook, sandboxed } from './notebook.ts';
import type { Context } from './panel.ts';

/** Pictures that are shown without being asked for. */
const openPictures = 12;
const longestText = 200_000;
const mostRows = 200;

const isPicture = ({ mediaType }: ArtifactState): boolean => /^image\/(png|jpeg|gif|webp|svg\+xml)\b/.test(mediaType);
const isNotebook = ({ mediaType, name }: ArtifactState): boolean => mediaType.startsWith('application/x-ipynb') || name.endsWith('.ipynb');
const isText = ({ mediaType }: ArtifactState): boolean => /^text\/|^application\/(json|.*\+json|x-yaml|yaml|toml|xml)\b/.test(mediaType);
const canShow = (artifact: ArtifactState): boolean => isPicture(artifact) || isNotebook(artifact) || isText(artifact);

/** `undefined`: not here yet; `null`: not to be found. */
function contentOf(artifact: ArtifactState, context: Context): { readonly text: () => string; readonly url: () => string } | null | undefined {
  const { content, mediaType } = artifact;
  if (content.type === 'utf8') return { text: () => content.text, url: () => `data:${mediaType},${encodeURIComponent(content.text)}` };
  const base64 = content.type === 'base64' ? content.data : context.loaded.get(artifact.digest);
  if (base64 === undefined || base64 === null) return base64;
  return { text: () => new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))), url: () => `data:${mediaType};base64,${base64}` };
}

/** Rows of comma-separated values (RFC 4180), at most `mostRows` and the head. */
export function parseCsv(text: string, separator: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  const cell = new RegExp(`("(?:[^"]|"")*"|[^${separator}"\\n\\r]*)(${separator}|\\r?\\n|$)`, 'y');
  while (cell.lastIndex < text.length && rows.length <= mostRows + 1) {
    const match = cell.exec(text);
    if (match === null) break;
    const value = match[1] ?? '';
    rows.at(-1)?.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (match[2] !== separator) rows.push([]);
  }
  return rows.filter((row) => row.length > 0).slice(0, mostRows + 1);
}

function csvTable(text: string, separator: string): HTMLElement {
  const [head = [], ...rows] = parseCsv(text, separator);
  return h('div', { class: 'scroll-x' }, h('table', {}, h('thead', {}, h('tr', {}, ...head.map((name) => h('th', { scope: 'col' }, name)))), h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((value) => h('td', {}, value)))))), rows.length === mostRows && h('p', { class: 'quiet' }, `The first ${mostRows} rows.`));
}

function textOf(artifact: ArtifactState, text: string): HTMLElement {
  if (artifact.mediaType === 'text/csv') return csvTable(text, ',');
  if (artifact.mediaType === 'text/tab-separated-values') return csvTable(text, '\t');
  if (artifact.mediaType === 'text/html') return sandboxed(text, artifact.name);
  let shown = text;
  if (artifact.mediaType.includes('json')) {
    try {
      shown = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // Shown as it is.
    }
  }
  return h('pre', { class: 'text' }, shown.slice(0, longestText), shown.length > longestText && '\n…');
}

function preview(artifact: ArtifactState, context: Context): Child {
  const content = contentOf(artifact, context);
  if (content === undefined) {
    context.load(artifact.digest);
    return h('p', { class: 'quiet' }, 'Loading…');
  }
  if (content === null) return h('p', {}, 'The bytes of this artifact are no longer on this machine; the record holds their name, size and digest.');
  if (isPicture(artifact)) return h('img', { src: content.url(), alt: artifact.name });
  return isNotebook(artifact) ? renderNotebook(content.text()) : textOf(artifact, content.text());
}

function item(task: TaskState, artifact: ArtifactState, open: boolean, context: Context): HTMLElement {
  const { name, mediaType, size, digest } = artifact;
  const body = h('div', { class: 'preview' });
  const of = h('span', { class: 'visually-hidden' }, ` ${name} of ${task.node.id}`);
  const versions = task.artifacts.filter((other) => other.name === name);
  const version = versions.indexOf(artifact) + 1;
  const head = [h('strong', {}, name), h('span', { class: 'quiet' }, `${mediaType} · ${formatSize(size)}${versions.length > 1 ? ` · version ${version} of ${versions.length}` : ''}`)];
  const actions = h(
    'span',
    { class: 'actions inline' },
    h('button', { class: 'link', onclick: () => context.post({ type: 'open-artifact', digest, name }) }, 'Open', of),
    h('button', { class: 'link', onclick: () => context.post({ type: 'save-artifact', digest, name }) }, 'Save as…', of.cloneNode(true)),
    h('button', { class: 'link', onclick: () => context.post({ type: 'trace', task: task.node.id, output: name }) }, 'Trace', of.cloneNode(true)),
  );
  if (!canShow(artifact)) return h('div', { class: 'artifact' }, h('div', { class: 'artifact-head' }, ...head, actions));
  const details = h('details', { open, 'data-key': `${task.node.id}/${name}/${version}` }, h('summary', {}, ...head), body);
  const fillBody = (): void => {
    const shown = preview(artifact, context);
    if (details.open && body.childElementCount === 0 && shown instanceof Node) body.append(shown);
  };
  details.addEventListener('toggle', fillBody);
  if (open) fillBody();
  return h('div', { class: 'artifact' }, details, actions);
}

export function artifactsTab(context: Context): HTMLElement {
  const withArtifacts = context.run.tasks.filter((task) => task.artifacts.length > 0);
  if (withArtifacts.length === 0) return h('p', { class: 'quiet pad' }, 'No task of this run logged an artifact. In Python: runweave.log_artifact(path), log_figure(name, figure), log_table(name, rows).');
  let pictures = 0;
  return h(
    'div',
    { class: 'pad' },
    ...withArtifacts.map((task) =>
      h('section', {}, h('h2', { class: 'group-head' }, task.node.id, phaseMark(task.phase)), ...task.artifacts.map((artifact) => item(task, artifact, isPicture(artifact) && (pictures += 1) <= openPictures, context))),
    ),
  );
}
