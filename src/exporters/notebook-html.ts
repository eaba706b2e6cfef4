/**
 * A notebook as a static page that needs nothing beside it. What it shows was recorded: all text is escaped, HTML of
 * outputs stands in frames without any rights, pictures are data, and the page's own policy lets no script run.
 */
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';

/** `notebook`: parsed JSON of nbformat 4. `undefined` when it is none. */
export function notebookToHtml(notebook: Json, title: string): string | undefined {
  if (!isJsonObject(notebook) || !Array.isArray(notebook['cells'])) return undefined;
  const cells = (notebook['cells'] as readonly Json[]).flatMap((cell) => (isJsonObject(cell) ? [cellHtml(cell)] : []));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
pre { font: 13px/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
section { margin: 1rem 0; }
.code { border-left: 3px solid #3b82c4; padding: 0.5rem 0.75rem; background: #8881; }
.output { padding: 0.5rem 0.75rem 0.5rem 1.1rem; }
.error { color: #c02b2b; }
img { max-width: 100%; }
iframe { width: 100%; height: 24rem; border: 1px solid #8884; background: #fff; }
table { border-collapse: collapse; }
</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
${cells.join('\n')}
</main>
</body>
</html>
`;
}

function cellHtml(cell: JsonObject): string {
  const source = textOf(cell['source']);
  if (cell['cell_type'] === 'markdown') return `<section>${markdownHtml(source)}</section>`;
  if (cell['cell_type'] !== 'code') return `<section><pre>${escape(source)}</pre></section>`;
  const outputs = Array.isArray(cell['outputs']) ? (cell['outputs'] as readonly Json[]) : [];
  const shown = outputs.flatMap((output) => (isJsonObject(output) ? [outputHtml(output)] : [])).filter((html) => html !== '');
  return `<section><div class="code"><pre><code>${escape(source)}</code></pre></div>${shown.map((html) => `<div class="output">${html}</div>`).join('')}</section>`;
}

function outputHtml(output: JsonObject): string {
  switch (output['output_type']) {
    case 'stream':
      return `<pre>${escape(withoutColours(textOf(output['text'])))}</pre>`;
    case 'error': {
      const trace = Array.isArray(output['traceback']) ? (output['traceback'] as readonly Json[]).map(textOf).join('\n') : '';
      return `<pre class="error">${escape(withoutColours(trace === '' ? `${textOf(output['ename'])}: ${textOf(output['evalue'])}` : trace))}</pre>`;
    }
    default:
      return isJsonObject(output['data']) ? dataHtml(output['data']) : '';
  }
}

const pictures = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;

/** The richest of the forms that there are. */
function dataHtml(data: JsonObject): string {
  const svg = data['image/svg+xml'];
  // As a picture, an SVG runs nothing.
  if (svg !== undefined) return `<img alt="" src="data:image/svg+xml;base64,${Buffer.from(textOf(svg)).toString('base64')}">`;
  for (const type of pictures) {
    if (data[type] !== undefined) return `<img alt="" src="data:${type};base64,${textOf(data[type]).replaceAll(/[^A-Za-z0-9+/=]/g, '')}">`;
  }
  if (data['text/html'] !== undefined) return `<iframe sandbox="" title="HTML output" srcdoc="${escape(textOf(data['text/html']))}"></iframe>`;
  if (data['text/markdown'] !== undefined) return markdownHtml(textOf(data['text/markdown']));
  const plain = data['text/plain'] ?? data['text/latex'];
  return plain === undefined ? '' : `<pre>${escape(withoutColours(textOf(plain)))}</pre>`;
}

/** Headings, paragraphs, lists, code and emphasis; anything else of Markdown stays as it is written. */
function markdownHtml(text: string): string {
  const html: string[] = [];
  let paragraph: string[] = [];
  let items: string[] = [];
  let fence: { readonly mark: string; readonly lines: string[] } | undefined;
  const flush = (): void => {
    if (paragraph.length > 0) html.push(`<p>${paragraph.map(inlineHtml).join('<br>')}</p>`);
    if (items.length > 0) html.push(`<ul>${items.map((item) => `<li>${inlineHtml(item)}</li>`).join('')}</ul>`);
    paragraph = [];
    items = [];
  };
  for (const line of text.split(/\r?\n/)) {
    if (fence !== undefined) {
      if (line.trim() === fence.mark) {
        html.push(`<pre><code>${escape(fence.lines.join('\n'))}</code></pre>`);
        fence = undefined;
      } else fence.lines.push(line);
      continue;
    }
    const opening = /^\s*(```+|~~~+)/.exec(line)?.[1];
    const [, level = '', heading] = /^(#{1,6})\s+(.*)$/.exec(line) ?? [];
    const item = /^\s*(?:[-*+]|\d+[.)])\s+(.*)$/.exec(line)?.[1];
    if (opening !== undefined || heading !== undefined || line.trim() === '') flush();
    if (opening !== undefined) fence = { mark: opening, lines: [] };
    // The page's title is its only heading of the first level.
    else if (heading !== undefined) html.push(`<h${Math.min(6, level.length + 1)}>${inlineHtml(heading)}</h${Math.min(6, level.length + 1)}>`);
    else if (item !== undefined) {
      if (paragraph.length > 0) flush();
      items.push(item);
    } else if (line.trim() !== '') {
      if (items.length > 0) flush();
      paragraph.push(line.trim());
    }
  }
  if (fence !== undefined) html.push(`<pre><code>${escape(fence.lines.join('\n'))}</code></pre>`);
  flush();
  return html.join('\n');
}

function inlineHtml(text: string): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part) => {
      if (part.length > 2 && part.startsWith('`') && part.endsWith('`')) return `<code>${escape(part.slice(1, -1))}</code>`;
      return escape(part)
        .replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
        .replaceAll(/(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])/g, '<em>$1</em>');
    })
    .join('');
}

/** Of nbformat: a text, or its lines. */
function textOf(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? (value as readonly Json[]).map((line) => (typeof line === 'string' ? line : '')).join('') : '';
}

function withoutColours(text: string): string {
  return text.replaceAll(/\u001b\[[\d;:]*[A-Za-z]/g, '');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;').replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd');
}
