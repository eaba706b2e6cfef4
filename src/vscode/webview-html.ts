/** The page of a webview: nothing but what was built into dist/webview, and no script without this load's nonce. */
import { randomBytes } from 'node:crypto';

export interface WebviewPage {
  readonly title: string;
  readonly script: string;
  readonly style: string;
  /** The webview's own source for resources. */
  readonly cspSource: string;
}

export function webviewHtml({ title, script, style, cspSource }: WebviewPage): string {
  const nonce = randomBytes(16).toString('base64url');
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    // Mermaid writes a style element into each drawing, whose text is not known before.
    `style-src ${cspSource} 'unsafe-inline'`,
    `img-src ${cspSource} data: blob:`,
    // Sounds and films among the artifacts.
    `media-src data:`,
    `font-src ${cspSource}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${escapeHtml(style)}">
</head>
<body>
<script nonce="${nonce}" src="${escapeHtml(script)}"></script>
</body>
</html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
