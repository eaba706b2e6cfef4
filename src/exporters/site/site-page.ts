/**
 * The page of a site, and a self-contained file. Their policies let no script run but those that were built, and no
 * request leave: `default-src 'none'` holds for all that is not named.
 */
import { createHash } from 'node:crypto';
import { partsName, styleId, type SiteIndex } from '../../protocol/site.ts';
import { escapeHtml, jsonInHtml } from './data-piece.ts';

/** Styles can't be listed beforehand: mermaid writes one into each drawing, and elements are placed by theirs. */
const styles = "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src data: blob:; font-src 'self'; base-uri 'none'; form-action 'none'";

function head(title: string, scripts: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src ${scripts}; ${styles}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
`;
}

const noScript = '<noscript><p>This page shows recorded runs with JavaScript, which is switched off here.</p></noscript>';

/** `assets`: path of the folder of scripts and styles. */
export function sitePage(index: SiteIndex, assets: string): string {
  return `${head(index.title, "'self'")}<link rel="stylesheet" href="${escapeHtml(assets)}/site.css">
</head>
<body class="site">
${noScript}
<script type="application/json" id="index">${jsonInHtml(index)}</script>
<script src="${escapeHtml(assets)}/site.js"></script>
</body>
</html>
`;
}

/**
 * `assets` are texts of scripts and styles by the names of their files; `parts` are names of scripts that a panel asks
 * for; `data` are blocks, made one by one.
 */
export function* singlePage(index: SiteIndex, assets: Readonly<Record<string, string>>, parts: readonly string[], data: Iterable<string>): Generator<string> {
  const text = (name: string): string => assets[name] ?? '';
  const scripts = [
    text('site.js'),
    ...parts.map((name) => `(globalThis.${partsName} ??= {})[${JSON.stringify(name)}] = () => {\n${withStyle(text(name.replace(/\.js$/, '.css')))}${text(name)}\n};`),
    // Only the one that the address asks for runs; which, the page's own script says.
    ...index.panels.map((panel) => `if (globalThis.runweavePanel === "${panel}") {\n${text(`${panel}.js`)}\n}`),
  ].map(inScript);
  yield `${head(index.title, scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`).join(' '))}<style>${inStyle(text('site.css'))}</style>
</head>
<body class="site">
${noScript}
<script type="application/json" id="index">${jsonInHtml(index)}</script>
${index.panels.map((panel) => `<script type="text/css" id="${styleId(panel)}">${inScript(text(`${panel}.css`))}</script>\n`).join('')}`;
  yield* data;
  for (const script of scripts) yield `<script>${script}</script>\n`;
  yield '</body>\n</html>\n';
}

/** A part's own style comes with it. */
function withStyle(style: string): string {
  return style === '' ? '' : `document.head.append(Object.assign(document.createElement('style'), { textContent: ${JSON.stringify(style)} }));\n`;
}

/** What the HTML parser would read as the end of the element, or change before the browser hashes it. */
function inScript(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(/<(?=\/script|!--)/gi, '\\x3c');
}

function inStyle(text: string): string {
  return text.replaceAll(/<(?=\/style)/gi, '\\3c ');
}
