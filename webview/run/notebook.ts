/**
 * A recorded notebook (nbformat 4) for reading. Its contents are another's: text stays text, pictures are loaded as
 * pictures, and HTML goes into a frame of its own origin that may run nothing and fetch nothing.
 */
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import type { CellState } from '../../src/model/run-state.ts';
import { h, type Child } from '../dom.ts';
import { icon } from '../icons.ts';
import { ansiText } from './ansi.ts';
import {  } from './format.ts';

/** What a text output shows before it is unfolded, and when it is. */
const longestOutput = { lines: 40, characters: 8000, shownLines: 15, shownCharacters: 3000, unfolded: 200_000 };
const pictures = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

function joined(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? (value as readonly Json[]).map((part) => (typeof part === 'string' ? part : '')).join('') : '';
}

export function sandboxed(html: string, title: string): HTMLElement {
  const frame = h('iframe', { class: 'sandbox', sandbox: '', title, loading: 'lazy' });
  frame.srcdoc = `<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"><style>body { font: 13px sans-serif }</style>${html}`;
  return frame;
}

export function renderOutput(entry: Json, index: number): Child {
  if (!isJsonObject(entry)) return null;
  switch (entry['output_type']) {
    case 'stream':
      return longText(joined(entry['text']), entry['name'] === 'stderr');
    case 'error':
      return longText(joined((Array.isArray(entry['traceback']) ? (entry['traceback'] as readonly Json[]) : []).map((line) => `${joined(line)}\n`)) || `${joined(entry['ename'])}: ${joined(entry['evalue'])}`, true);
    case 'execute_result':
    case 'display_data':
      return isJsonObject(entry['data']) ? richOutput(entry['data'], index) : null;
    default:
      return null;
  }
}

function richOutput(data: JsonObject, index: number): Child {
  const picture = pictures.find((type) => data[type] !== undefined);
  if (picture !== undefined) return h('img', { src: `data:${picture};base64,${joined(data[picture]).replace(/\s/g, '')}`, alt: joined(data['text/plain']) || 'Picture that the cell made' });
  if (data['image/svg+xml'] !== undefined) return h('img', { src: `data:image/svg+xml,${encodeURIComponent(joined(data['image/svg+xml']))}`, alt: 'Drawing that the cell made' });
  const plotly = data['application/vnd.plotly.v1+json'];
  if (isJsonObject(plotly)) return h('p', { class: 'quiet' }, describePlotly(plotly));
  if (data['text/html'] !== undefined) return sandboxed(joined(data['text/html']), `HTML output ${index + 1}`);
  return longText(joined(data['text/plain']), false);
}

/** Drawing it would take its library, which runs code that comes with the figure. */
function describePlotly({ data, layout }: JsonObject): string {
  const title = isJsonObject(layout) ? layout['title'] : undefined;
  const name = typeof title === 'string' ? title : isJsonObject(title) ? joined(title['text']) : '';
  const traces = (Array.isArray(data) ? (data as readonly Json[]) : []).map((trace) => (isJsonObject(trace) && typeof trace['type'] === 'string' ? trace['type'] : 'scatter'));
  const kinds = [...new Set(traces)].join(', ');
  return `Plotly figure${name === '' ? '' : ` “${name}”`} (${traces.length} ${traces.length === 1 ? 'trace' : 'traces'}${kinds === '' ? '' : `: ${kinds}`}). It is drawn where the notebook is opened.`;
}

/** The beginning; the rest is folded away. */
function longText(text: string, isError: boolean): HTMLElement {
  const look = { class: isError ? 'stderr' : undefined };
  const lines = text.split('\n');
  if (lines.length <= longestOutput.lines && text.length <= longestOutput.characters) return h('pre', look, ...ansiText(text));
  const start = lines.slice(0, longestOutput.shownLines).join('\n').slice(0, longestOutput.shownCharacters);
  const body = h('div');
  const details = h('details', {}, h('summary', { class: 'quiet' }, `All ${lines.length} lines`), body);
  details.addEventListener('toggle', () => {
    if (body.childElementCount === 0) body.append(h('pre', look, ...ansiText(text.slice(0, longestOutput.unfolded)), text.length > longestOutput.unfolded && '\n… the rest is in the notebook itself'));
  });
  return h('div', {}, h('pre', look, ...ansiText(start), '\n…'), details);
}

/** Cells of a notebook that still runs, or of which no evaluated notebook was recorded. */
export function renderCells(cells: readonly CellState[]): HTMLElement {
  return h(
    'div',
    { class: 'notebook' },
    ...cells.map(({ index, status, label, source, outputs }) => cellView({ prompt: status === 'running' ? '*' : String(index), source: source ?? label, outputs: outputs ?? [], failed: status === 'failure' })),
  );
}

function cellView({ prompt, source, outputs, failed }: { readonly prompt: string; readonly source: string; readonly outputs: readonly Json[]; readonly failed: boolean }): HTMLElement {
  return h(
    'div',
    { class: failed ? 'cell failed' : 'cell' },
    h('span', { class: 'prompt quiet mono' }, `[${prompt}]`),
    failed && h('p', { class: 'mark' }, h('span', { class: 'phase-failure' }, icon('failure')), 'This cell failed'),
    h('pre', { class: 'source' }, source),
    outputs.length > 0 && h('div', { class: 'outputs' }, ...outputs.map(renderOutput)),
  );
}

export function renderNotebook(text: string): HTMLElement {
  let parsed: Json;
  try {
    parsed = JSON.parse(text) as Json;
  } catch (error) {
    return h('p', {}, `This is not a notebook that can be read: ${String(error)}`);
  }
  const cells = isJsonObject(parsed) && Array.isArray(parsed['cells']) ? (parsed['cells'] as readonly Json[]) : [];
  return h(
    'div',
    { class: 'notebook' },
    ...cells.filter(isJsonObject).map((cell) => {
      const source = joined(cell['source']);
      if (cell['cell_type'] !== 'code') return h('div', { class: 'cell prose' }, h('pre', {}, source));
      const outputs = Array.isArray(cell['outputs']) ? (cell['outputs'] as readonly Json[]) : [];
      const count = typeof cell['execution_count'] === 'number' ? String(cell['execution_count']) : ' ';
      const tags = isJsonObject(cell['metadata']) ? cell['metadata']['tags'] : undefined;
      return cellView({ prompt: count, source, outputs, failed: Array.isArray(tags) && (tags as readonly Json[]).includes('failed') });
    }),
  );
}
