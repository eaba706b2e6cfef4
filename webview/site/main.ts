/**
 * The host of the panels on a website: an address, the site's data, and the panel that the address asks for, in a page
 * of its own. Another address is another page: the panels know of no other life.
 */
import './site.css';
import type { SiteIndex, SitePanel } from '../../src/protocol/site.ts';
import { styleId } from '../../src/protocol/site.ts';
import { h } from '../dom.ts';
import type { Host } from '../host.ts';
import { tell } from './browser-actions.ts';
import { lineageHost } from './lineage-host.ts';
import { formatRoute, parseRoute, type Route } from './route.ts';
import { readState, writeState } from './panel-state.ts';
import { revealArtifact } from './reveal-artifact.ts';
import { runHost } from './run-host.ts';
import { applyTheme, themeSwitch } from './theme.ts';
import { trackerHost } from './tracker-host.ts';

const index = JSON.parse(document.getElementById('index')?.textContent ?? '') as SiteIndex;
let route = parseRoute(location.hash === '' ? index.start : location.hash);

const isThere = (panel: SitePanel): boolean => index.panels.includes(panel);

/** In a self-contained file the panels' styles and scripts are parts of it, and the scripts follow. */
function startPanel(panel: SitePanel): void {
  const inPage = document.getElementById(styleId(panel));
  if (inPage !== null) {
    document.head.append(h('style', {}, inPage.textContent));
    (globalThis as { runweavePanel?: SitePanel }).runweavePanel = panel;
    return;
  }
  const assets = index.assets ?? '';
  const link = h('link', { rel: 'stylesheet', href: `${assets}/${panel}.css` });
  // Panels measure: the style first.
  const run = (): void => document.body.append(h('script', { src: `${assets}/${panel}.js` }));
  link.addEventListener('load', run);
  link.addEventListener('error', run);
  document.head.append(link);
}

function bar(): HTMLElement {
  const current = (shown: Route, text: string): HTMLElement => {
    const isCurrent = route.panel === shown.panel && !('compared' in route);
    return h('a', { href: formatRoute(shown), ...(isCurrent && { 'aria-current': 'page' }) }, text);
  };
  return h(
    'header',
    { class: 'site-bar' },
    h(
      'nav',
      { 'aria-label': 'Site' },
      isThere('tracker') ? current({ panel: 'tracker' }, index.title) : h('strong', {}, index.title),
      isThere('lineage') && current({ panel: 'lineage' }, 'Lineage'),
    ),
    themeSwitch(),
  );
}

function connect(): void {
  let handler: (message: never) => void = () => undefined;
  const post = (message: unknown): void => handler(message as never);
  const receive = hostOf(route, post);
  const host: Host<unknown, unknown, unknown> = {
    editor: false,
    post: (message) => {
      receive(message as never).catch((error: unknown) => tell(error instanceof Error ? error.message : String(error)));
    },
    onMessage: (next) => {
      handler = next;
    },
    state: {
      get: () => readState(route),
      set: (state) => {
        route = writeState(route, state as Readonly<Record<string, unknown>>);
      },
    },
  };
  (globalThis as { runweaveHost?: Host<unknown, unknown, unknown> }).runweaveHost = host;
}

function hostOf(shown: Route, post: (message: unknown) => void): (message: never) => Promise<void> {
  switch (shown.panel) {
    case 'tracker':
      return trackerHost(index, post);
    case 'run':
      return runHost(shown.key, index, post);
    case 'lineage':
      return lineageHost(index, post);
    default:
      return shown satisfies never;
  }
}

applyTheme();
document.title = index.title;
document.body.append(bar());
if (route.panel === 'run') {
  const panel = h('div', { id: 'panel' });
  document.body.append(panel);
  revealArtifact(panel, route, (artifact) => {
    route = artifact;
    history.replaceState(null, '', formatRoute(route));
  });
}
connect();
startPanel(route.panel);
window.addEventListener('hashchange', () => location.reload());
