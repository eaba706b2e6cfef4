/** `runweave site`: the tracker as a static website. Built again, it writes what is new and removes what is gone. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { dataScript } from '../../exporters/site/data-piece.ts';
import { siteHead } from '../../exporters/site/site-head.ts';
import { sitePage } from '../../exporters/site/site-page.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import { newestFirst } from '../../model/run-order.ts';
import type { RunState } from '../../model/run-state.ts';
import { headsName, objectName, runName, sitePanels, tableName, type SiteIndex } from '../../protocol/site.ts';
import { packRows } from '../../query/packed-rows.ts';
import { runKey, type RunRow } from '../../query/run-row.ts';
import { readNamedViews } from '../../store/named-views.ts';
import { readRecordHead } from '../../store/read-record.ts';
import { version } from '../installation.ts';
import { readRunTable } from '../run-table.ts';
import { chooseRuns, type Retention } from './choose-runs.ts';
import { isStorable, readStoredObject, readStoredRun } from './read-stored-run.ts';
import { readAssets, type Assets } from './site-assets.ts';
import { openSiteFolder, shortHash, type RunEntry, type SiteFolder } from './site-folder.ts';

/** Runs a part of the table: the newest are shown while the others come. */
const partSize = 500;
/** Runs a part of their heads: what is read again when one of them is new. */
const headsSize = 100;
/** Parts of heads, the newest: a page that asks for lineage loads all of them, some 20 kB a run before compression. */
const mostHeads = 10;

export interface SiteOptions {
  /** `.runweave`. */
  readonly store: string;
  /** Folder of the website. */
  readonly target: string;
  /** The pipeline's name when absent. */
  readonly title?: string | undefined;
  readonly retention: Retention;
  /** Bytes of the whole. */
  readonly maxSize?: number | undefined;
  /** Paths of the records to show; all when absent. */
  readonly only?: ReadonlySet<string> | undefined;
  readonly onProgress?: (done: number, total: number) => void;
  /** The built ones when absent. */
  readonly assets?: Assets | undefined;
}

export interface BuiltSite {
  readonly type: 'built';
  readonly runs: number;
  /** Runs that were not on the site before, or are another now. */
  readonly written: number;
  /** Files that were removed. */
  readonly removed: number;
  /** Runs that `maxSize` had no room for. */
  readonly leftOut: number;
  readonly bytes: number;
}

export type SiteResult = BuiltSite | { readonly type: 'refused'; readonly message: string };

/** Throws when the disk refuses. */
export async function buildSite(options: SiteOptions): Promise<SiteResult> {
  const { store, target, maxSize = Infinity, only, onProgress } = options;
  const assets = options.assets ?? (await readAssets());
  const opened = await openSiteFolder(target, version);
  if (!opened.ok) return { type: 'refused', message: opened.message };
  const { folder } = opened;
  const kept = new Set<string>();
  let bytes = 0;
  const put = async (name: string, text: () => string): Promise<void> => {
    if (kept.has(name)) return;
    kept.add(name);
    bytes += folder.sizeOf(name) ?? (await folder.write(name, text()));
  };

  const assetsFolder = `assets/${shortHash(canonicalJson(assets))}`;
  for (const [name, text] of Object.entries(assets)) await put(`${assetsFolder}/${name}`, () => text);

  const { rows, annotations } = await readRunTable(store);
  const chosen = chooseRuns(only === undefined ? rows : rows.filter(({ path }) => only.has(path)), options.retention);
  const shown: RunRow[] = [];
  const entries: Record<string, RunEntry> = {};
  let written = 0;
  for (const [at, row] of chosen.entries()) {
    if (at % 20 === 0) onProgress?.(at, chosen.length);
    const key = runKey(row.path);
    const made = await siteRun(folder, store, key, row.path);
    // Its record was removed just now.
    if (made === undefined) continue;
    const names = [`${runName(key)}.js`, ...made.entry.objects.flatMap((digest) => objectFile(digest) ?? [])];
    const added = names.filter((name) => !kept.has(name));
    const size = added.reduce((sum, name) => sum + (folder.sizeOf(name) ?? 0), 0) + JSON.stringify(packRows([row], runKey)).length;
    // Those after it are of less worth, even if they are smaller.
    if (bytes + size > maxSize) break;
    bytes += size;
    for (const name of added) kept.add(name);
    entries[key] = made.entry;
    shown.push(row);
    if (made.isNew) written += 1;
  }

  const ordered = shown.toSorted((a, b) => (runKey(a.path) < runKey(b.path) ? -1 : 1));
  const table: string[] = [];
  for (let at = 0; at < ordered.length; at += partSize) {
    const packed = packRows(ordered.slice(at, at + partSize), runKey);
    const part = shortHash(canonicalJson(packed as unknown as Json));
    await put(`${tableName(part)}.js`, () => dataScript(tableName(part), packed));
    table.push(part);
  }
  const heads: string[] = [];
  // Parts begin where they began before, so that a new run changes the last one alone.
  const lastPart = Math.floor(Math.max(0, ordered.length - 1) / headsSize);
  for (let at = Math.max(0, lastPart - mostHeads + 1) * headsSize; at < ordered.length; at += headsSize) {
    const ofPart = ordered.slice(at, at + headsSize);
    // Named by what it is made from, so that nothing is read where it is there.
    const part = shortHash(canonicalJson([version, ofPart.map(({ path }) => entries[runKey(path)]?.sha256 ?? '')]));
    const states = folder.sizeOf(`${headsName(part)}.js`) === undefined ? await readHeadsOf(ofPart) : [];
    await put(`${headsName(part)}.js`, () => dataScript(headsName(part), states));
    heads.push(part);
  }
  const views = await readNamedViews([{ store }]);
  const keys = new Set(ordered.map(({ runId }) => runId));
  const flags = annotations.flags().filter(({ runId }) => keys.has(runId));
  const index: SiteIndex = { title: options.title ?? titleOf(shown), version, table, heads, flags, remarks: annotations.remarks().filter(({ runId }) => keys.has(runId)), ...(views.length > 0 && { views }), panels: sitePanels, assets: `site/${assetsFolder}`, start: '/' };
  const removed = await folder.finish(sitePage(index, `site/${assetsFolder}`), { version, runs: entries }, kept);
  return { type: 'built', runs: shown.length, written, removed, leftOut: chosen.length - shown.length, bytes: [...kept].reduce((sum, name) => sum + (folder.sizeOf(name) ?? 0), 0) };
}

/** Of those that can be read. */
async function readHeadsOf(rows: readonly RunRow[]): Promise<readonly RunState[]> {
  const states = await Promise.all(rows.map(({ path }) => readRecordHead(path).catch(() => undefined)));
  return states.flatMap((state) => (state === undefined ? [] : [siteHead(state)]));
}

function objectFile(digest: string): string | undefined {
  const name = objectName(digest);
  return name === undefined ? undefined : `${name}.js`;
}

/** Writes a run and its objects where they are not there as they are. `undefined` when there is no record any more. */
async function siteRun(folder: SiteFolder, store: string, key: string, record: string): Promise<{ readonly entry: RunEntry; readonly isNew: boolean } | undefined> {
  const stats = await stat(record).catch(() => undefined);
  if (stats === undefined) return undefined;
  const name = `${runName(key)}.js`;
  const before = Object.hasOwn(folder.manifest.runs, key) && folder.sizeOf(name) !== undefined ? folder.manifest.runs[key] : undefined;
  const { size, mtimeMs } = stats;
  if (before?.size === size && before.objects.every((digest) => folder.sizeOf(objectFile(digest) ?? '') !== undefined)) {
    const isSame = before.mtimeMs === mtimeMs || before.sha256 === (await hashOf(record));
    // What was gone may have been brought back.
    const back = await Promise.all(before.missing.map((digest) => isStorable(store, digest)));
    if (isSame && !back.includes(true)) return { entry: { ...before, mtimeMs }, isNew: false };
  }
  const sha256 = await hashOf(record);
  const { stored, contents, referred } = await readStoredRun(record);
  const objects: string[] = [];
  const missing: string[] = [];
  for (const digest of referred) {
    const file = objectFile(digest);
    if (file !== undefined && folder.sizeOf(file) === undefined) {
      const object = await readStoredObject(store, digest, contents);
      if (object !== undefined) await folder.write(file, dataScript(objectName(digest) ?? '', object));
    }
    (file !== undefined && folder.sizeOf(file) !== undefined ? objects : missing).push(digest);
  }
  await folder.write(name, dataScript(runName(key), stored));
  return { entry: { size, mtimeMs, sha256, objects, missing }, isNew: true };
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file) as AsyncIterable<Uint8Array>) hash.update(chunk);
  return hash.digest('hex');
}

/** Of the newest run whose record can be read. */
function titleOf(rows: readonly RunRow[]): string {
  const newest = rows.reduce<RunRow | undefined>((latest, row) => (row.summary !== undefined && (latest === undefined || newestFirst(row.runId, latest.runId) < 0) ? row : latest), undefined);
  return newest?.summary === undefined ? 'Runs' : `Runs of ${newest.summary.pipeline}`;
}
