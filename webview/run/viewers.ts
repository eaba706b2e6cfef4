/**
 * How artifacts are shown. Their contents are another's: text stays text, pictures and sounds are loaded as such, HTML
 * goes into a frame of its own origin that may run nothing and fetch nothing, and no model is opened by anything that
 * runs code. What is large is shown in pieces, or when it is asked for.
 */
import type { Json } from '../../src/model/json.ts';
import type { ArtifactState } from '../../src/model/run-state.ts';
import { describeModelFile, headLength, modelFormat, tailLength } from '../../src/query/model-file.ts';
import { h, type Child } from '../dom.ts';
import { loadScript } from '../lazy-script.ts';
import { ansiText } from './ansi.ts';
import { formatSize, pairs } from './format.ts';
import { jsonTree } from './json-tree.ts';
import { renderNotebook, sandboxed } from './notebook.ts';
import type { LoadBytes } from './panel.ts';
import type { parquetSource } from './parquet.ts';
import { csvSource, pagedTable } from './tables.ts';

export type Viewer = 'picture' | 'notebook' | 'table' | 'parquet' | 'json' | 'html' | 'audio' | 'video' | 'model' | 'text';

/** Bytes of text that are shown at once. */
const pieceOfText = 256 * 1024;
/** What has to be there whole is loaded up to here without being asked for. */
const loadedAtOnce = 16 * 1024 * 1024;

/** `undefined` for what is only opened elsewhere. */
export function viewerOf({ mediaType, name }: Pick<ArtifactState, 'mediaType' | 'name'>): Viewer | undefined {
  const type = mediaType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (/^image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml)$/.test(type)) return 'picture';
  if (type.startsWith('application/x-ipynb') || /\.ipynb$/i.test(name)) return 'notebook';
  if (type === 'text/csv' || type === 'text/tab-separated-values' || /\.tsv$/i.test(name)) return 'table';
  if (type.includes('parquet') || /\.parquet$/i.test(name)) return 'parquet';
  if (/^application\/(json|jsonl|x-ndjson|.*\+json)$/.test(type)) return 'json';
  if (type === 'text/html' || type === 'application/xhtml+xml') return 'html';
  if (/^audio\/[\w.+-]+$/.test(type)) return 'audio';
  if (/^video\/[\w.+-]+$/.test(type)) return 'video';
  if (/^text\/|^application\/(x-yaml|yaml|toml|xml|sql|javascript|.*\+xml)$/.test(type)) return 'text';
  return modelFormat(name) === undefined ? undefined : 'model';
}

/** Whether it is shown without a word about its size. */
export function isSmall({ size }: ArtifactState): boolean {
  return size <= loadedAtOnce;
}

function missing(): HTMLElement {
  return h('p', {}, 'The bytes of this artifact are no longer here; the record holds their name, size and digest.');
}

/** Fills `body`, at once with what is being done, then with the artifact. */
export async function showArtifact(body: HTMLElement, artifact: ArtifactState, load: LoadBytes): Promise<void> {
  const viewer = viewerOf(artifact);
  const inPieces = viewer === 'text' || viewer === 'parquet' || viewer === 'model';
  const show = async (): Promise<void> => {
    body.replaceChildren(h('p', { class: 'quiet' }, 'Loading…'));
    const shown = viewer === undefined ? null : await view(viewer, artifact, load).catch((error: unknown) => h('p', {}, `This can’t be shown: ${error instanceof Error ? error.message : String(error)}`));
    body.replaceChildren(...(shown instanceof Node ? [shown] : []));
  };
  if (inPieces || isSmall(artifact)) await show();
  else body.replaceChildren(h('p', {}, `This is ${formatSize(artifact.size)}. `, h('button', { class: 'link', onclick: () => void show() }, 'Show it all the same')));
}

async function view(viewer: Viewer, artifact: ArtifactState, load: LoadBytes): Promise<Child> {
  const { name, mediaType, digest, size } = artifact;
  if (viewer === 'parquet') return parquet(artifact, load);
  if (viewer === 'text') return pagedText(artifact, load);
  if (viewer === 'model') {
    const [head, tail] = await Promise.all([load(digest, { start: 0, end: Math.min(size, headLength) }), load(digest, { start: Math.max(0, size - tailLength), end: size })]);
    return head === null || tail === null ? missing() : model(name, head, tail);
  }
  const bytes = await load(digest);
  if (bytes === null) return missing();
  const text = (): string => new TextDecoder().decode(bytes);
  switch (viewer) {
    case 'picture':
      return h('img', { src: dataUrl(bytes, mediaType), alt: name });
    case 'audio':
      return h('audio', { controls: true, preload: 'metadata', src: dataUrl(bytes, mediaType), 'aria-label': name });
    case 'video':
      return h('video', { controls: true, preload: 'metadata', src: dataUrl(bytes, mediaType), 'aria-label': name });
    case 'notebook':
      return renderNotebook(text());
    case 'table':
      return pagedTable(csvSource(text(), mediaType.startsWith('text/csv') ? ',' : '\t'));
    case 'html':
      return sandboxed(text(), name);
    case 'json':
      return json(text());
    default:
      return viewer satisfies never;
  }
}

function dataUrl(bytes: Uint8Array, mediaType: string): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return `data:${mediaType.split(';')[0]?.trim().toLowerCase() ?? ''};base64,${btoa(binary)}`;
}

function textBlock(text: string, name: string): HTMLElement {
  return h('pre', { class: 'text', tabindex: '0', role: 'region', 'aria-label': name }, ...ansiText(text));
}

/** One document, or one a line; what is neither is text. */
function json(text: string): HTMLElement {
  try {
    return jsonTree(JSON.parse(text) as Json);
  } catch {
    // Perhaps lines.
  }
  try {
    return jsonTree(text.split('\n').filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as Json));
  } catch {
    return h('div', {}, h('p', { class: 'quiet' }, 'This is not JSON that can be read; here it is as text.'), textBlock(text.slice(0, pieceOfText), 'Text'));
  }
}

/** Text from its beginning, and more of it as long as more is wanted. */
async function pagedText({ name, digest, size }: ArtifactState, load: LoadBytes): Promise<HTMLElement> {
  const decoder = new TextDecoder();
  const box = h('div');
  let at = 0;
  const more = async (): Promise<void> => {
    const end = Math.min(size, at + pieceOfText);
    const bytes = await load(digest, { start: at, end });
    if (bytes === null) {
      box.append(missing());
      return;
    }
    box.querySelector(':scope > p')?.remove();
    at = end;
    // A character that was cut in two comes with the next piece.
    box.append(textBlock(decoder.decode(bytes, { stream: at < size }), name));
    if (at < size) box.append(h('p', { class: 'inline' }, h('span', { class: 'quiet' }, `${formatSize(at)} of ${formatSize(size)} `), h('button', { class: 'link', onclick: () => void more() }, 'Show more')));
  };
  await more();
  return box;
}

function model(name: string, head: Uint8Array, tail: Uint8Array): HTMLElement {
  const { format, facts, parts } = describeModelFile(name, head, tail);
  return h(
    'div',
    {},
    pairs([['Format', format], ...facts], ['Property', 'Value']),
    parts !== undefined && h('div', { class: 'scroll-x table-view', tabindex: '0', role: 'region', 'aria-label': 'Parts' }, h('table', {}, h('thead', {}, h('tr', {}, ...parts.heads.map((each) => h('th', { scope: 'col' }, each)))), h('tbody', {}, ...parts.rows.map((row) => h('tr', {}, ...row.map((value) => h('td', {}, value))))))),
    parts !== undefined && parts.total > parts.rows.length && h('p', { class: 'quiet' }, `The first ${parts.rows.length} of ${parts.total}.`),
    h('p', { class: 'quiet' }, 'Read from the file’s own description. Nothing in it was run.'),
  );
}

async function parquet({ digest, size }: ArtifactState, load: LoadBytes): Promise<HTMLElement> {
  await loadScript('run-parquet.js');
  const open = (globalThis as { runweaveParquet?: typeof parquetSource }).runweaveParquet;
  if (open === undefined) throw new Error('its reader could not be loaded');
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    const bytes = await load(digest, { start, end });
    if (bytes === null) throw new Error('the bytes of this artifact are no longer here');
    return bytes;
  };
  return pagedTable(await open(size, read));
}
