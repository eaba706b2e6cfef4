/**
 * The page of a site, and a self-contained file. Their policies let no script run but those that were built, and no
 * request leave: `default-src 'none'` holds for all that is not named.
 */
import { createHash } from 'node:crypto';
import { sitePanels, styleId, type SiteIndex, type SitePanel } from '../../protocol/site.ts';
import { escapeHtml, jsonInHtml } from './data-piece.ts';

/** Text of a built script and its style sheet. */
export interface Asset {
  readonly script: string;
  readonly style: string;
}

/** Styles can't be listed beforehand: mermaid writes one into each drawing, and elements are placed by theirs. */
const styles = "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; base-uri 'none'; form-action 'none'";

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

/** `own`: paths of the page's script and style. */
export function sitePage(index: SiteIndex, own: { readonly script: string; readonly style: string }): string {
  return `${head(index.title, "'self'")}<link rel="stylesheet" href="${escapeHtml(own.style)}">
</head>
<body class="site">
${noScript}
<script type="application/json" id="index">${jsonInHtml(index)}</script>
<script src="${escapeHtml(own.script)}"></script>
</body>
</html>
`;
}

/** `data` are blocks, made one by one: there may be many artifacts. */
export function* singlePage(index: SiteIndex, own: Asset, panels: Readonly<Partial<Record<SitePanel, Asset>>>, data: Iterable<string>): Generator<string> {
  const there = sitePanels.flatMap((name) => (panels[name] === undefined ? [] : [{ name, asset: panels[name] }]));
  // Only the one that the address asks for runs; which, the page's own script says.
  const scripts = [own.script, ...there.map(({ name, asset }) => `if (globalThis.runweavePanel === "${name}") {\n${asset.script}\n}`)].map(inScript);
  yield `${head(index.title, scripts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' '))}<style>${inStyle(own.style)}</style>
</head>
<body class="site">
${noScript}
<script type="application/json" id="index">${jsonInHtml(index)}</script>
${there.map(({ name, asset }) => `<script type="text/css" id="${styleId(name)}">${inScript(asset.style)}</script>\n`).join('')}`;
  yield* data;
  for (const text of scripts) yield `<script>${text}</script>\n`;
  yield '</body>\n</html>\n';
}

/** What the HTML parser would read as the end of the element, or change before the browser hashes it. */
function inScript(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(/<(?=\/script|!--)/gi, '\\x3c');
}

function inStyle(text: string): string {
  return text.replaceAll(/<(?=\/style)/gi, '\\3c ');
}
