/**
 * The data of the tracker as a website, between what writes it (`app/site/`) and the page that reads it
 * (`webview/site/`). A browser fetches no file from a file share, but it does run scripts from there: every piece of
 * data is a script that hands one JSON text to a function of the page, and the same for a web server. In a
 * self-contained file the pieces are blocks of the page itself.
 *
 *   index.html               the page, with the `SiteIndex` in it
 *   site/table/<digest>.js   `PackedRows`, so many runs a part
 *   site/heads/<digest>.js   `RunState[]` without what only a run's own page shows: what lineage is made of
 *   site/runs/<key>.js       `StoredRun`
 *   site/objects/ab/cd….js   `StoredObject`, by the digest of its bytes: whatever an artifact is, it is never a page here
 *   site/assets/<digest>/    scripts and styles of the panels
 *   site/manifest.json       what was written from what, for the next build
 */
import type { Flag, Remark } from '../query/annotations.ts';
import type { RunHostMessage } from './run-view.ts';
import type { NamedView } from './tracker-view.ts';

export const sitePanels = ['tracker', 'run', 'lineage'] as const;
export type SitePanel = (typeof sitePanels)[number];

export interface SiteIndex {
  readonly title: string;
  /** Of Runweave. */
  readonly version: string;
  /** Names of the parts of the table; the oldest runs are in the first. */
  readonly table: readonly string[];
  /** Names of the parts of the runs' heads. */
  readonly heads: readonly string[];
  /** What people flagged as bad. */
  readonly flags: readonly Flag[];
  /** What else people said of runs, tasks and outputs. */
  readonly remarks: readonly Remark[];
  /** Named views of the table; absent where nobody has named one, and where there is no table. */
  readonly views?: readonly NamedView[];
  readonly panels: readonly SitePanel[];
  /** Folder of the panels' scripts and styles, relative to the page; absent where they are in the page. */
  readonly assets?: string;
  /** What is shown where the address says nothing: a route, as the address has it. */
  readonly start: string;
}

/** What the run panel is sent, as it is. */
export type StoredRun = Extract<RunHostMessage, { readonly type: 'run' | 'trace' | 'unreadable' }>;

export type StoredObject = { readonly text: string } | { readonly base64: string };

/** Name of the function that the scripts call with the name of a piece and its JSON. */
export const dataFunction = 'runweaveData';

export function tableName(part: string): string {
  return `table/${part}`;
}

export function headsName(part: string): string {
  return `heads/${part}`;
}

export function runName(key: string): string {
  return `runs/${key}`;
}

/** `undefined` for what is no digest: a record from elsewhere may hold anything, and this becomes a path. */
export function objectName(digest: string): string | undefined {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  return hex === undefined ? undefined : `objects/${hex.slice(0, 2)}/${hex.slice(2)}`;
}

/** Id of the element that holds a piece in a self-contained file. */
export function blockId(name: string): string {
  return `data:${name}`;
}

/** In a self-contained file: functions by the names of scripts that a panel may ask for. */
export const partsName = 'runweaveParts';

/** Id of the element that holds a panel's style in a self-contained file. */
export function styleId(panel: SitePanel): string {
  return `style:${panel}`;
}
