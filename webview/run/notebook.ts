/**
 * A recorded notebook (nbformat 4) for reading. Its contents are another's: text stays text, pictures are loaded as
 * pictures, and HTML goes into a frame of its own origin that may run nothing and fetch nothing.
 */
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import { h, type Child } from '../dom.ts';
import { plainText } from './format.ts';

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

function output(entry: Json, index: number): Child {
  if (!isJsonObject(entry)) return null;
  switch (entry['output_type']) {
    case 'stream':
      return h('pre', { class: entry['name'] === 'stderr' ? 'stderr' : undefined }, plainText(joined(entry['text'])));
    case 'error':
      return h('pre', { class: 'stderr' }, plainText(joined((Array.isArray(entry['traceback']) ? (entry['traceback'] as readonly Json[]) : []).map((line) => `${joined(line)}\n`)) || `${joined(entry['ename'])}: ${joined(entry['evalue'])}`));
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
  if (data['text/html'] !== undefined) return sandboxed(joined(data['text/html']), `HTML output ${index + 1}`);
  return h('pre', {}, plainText(joined(data['text/plain'])));
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
      return h('div', { class: 'cell' }, h('span', { class: 'prompt quiet mono' }, `[${count}]`), h('pre', { class: 'source' }, source), outputs.length > 0 && h('div', { class: 'outputs' }, ...outputs.map(output)));
    }),
  );
}
