/** `runweave export --to html`: runs as one page that needs nothing else. */
import { dataBlock } from '../../exporters/site/data-piece.ts';
import { singlePage } from '../../exporters/site/site-page.ts';
import { objectName, runName, sitePanels, tableName, type SiteIndex } from '../../protocol/site.ts';
import { packRows } from '../../query/packed-rows.ts';
import { runKey } from '../../query/run-row.ts';
import { version } from '../installation.ts';
import { readRunTable } from '../run-table.ts';
import { readStoredObject, readStoredRun } from './read-stored-run.ts';
import { readAssets, type Assets } from './site-assets.ts';

export interface SingleFileOptions {
  /** `.runweave`. */
  readonly store: string;
  /** Paths of records in it. */
  readonly records: readonly string[];
  readonly title?: string | undefined;
  /** The built ones when absent. */
  readonly assets?: Assets | undefined;
}

/** Pieces of the page's text. One run is shown as such; several are compared, the first with the others, with the table behind them. */
export async function singleFile({ store, records, title, assets: given }: SingleFileOptions): Promise<Iterable<string>> {
  const assets = given ?? (await readAssets());
  const blocks = new Map<string, string>();
  for (const record of records) {
    const { stored, contents, referred } = await readStoredRun(record);
    const name = runName(runKey(record));
    blocks.set(name, dataBlock(name, stored));
    for (const digest of referred) {
      const objectBlock = objectName(digest);
      if (objectBlock === undefined || blocks.has(objectBlock)) continue;
      const object = await readStoredObject(store, digest, contents);
      if (object !== undefined) blocks.set(objectBlock, dataBlock(objectBlock, object));
    }
  }
  const keys = [...new Set(records.map(runKey))];
  const [only = ''] = keys;
  const isOne = keys.length === 1;
  const wanted = new Set(records);
  const table = 'all';
  if (!isOne) blocks.set(tableName(table), dataBlock(tableName(table), packRows((await readRunTable(store)).rows.filter(({ path }) => wanted.has(path)), runKey)));
  const index: SiteIndex = {
    title: title ?? (isOne ? only : `${keys.length} runs`),
    version,
    table: isOne ? [] : [table],
    heads: [],
    flags: [],
    remarks: [],
    panels: isOne ? ['run'] : ['tracker', 'run'],
    start: isOne ? `/runs/${encodeURIComponent(only)}` : `/compare/${keys.map(encodeURIComponent).join('/')}`,
  };
  const own: readonly string[] = ['site', ...sitePanels].map((name) => `${name}.js`);
  const parts = Object.keys(assets).filter((name) => name.endsWith('.js') && !own.includes(name));
  return singlePage(index, assets, parts, blocks.values());
}
