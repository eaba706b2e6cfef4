/** `runweave export --to html`: runs as one page that needs nothing else. */
import { dataBlock } from '../../exporters/site/data-piece.ts';
import { singlePage } from '../../exporters/site/site-page.ts';
import { objectName, runName, tableName, type SiteIndex } from '../../protocol/site.ts';
import { packRows } from '../../query/packed-rows.ts';
import { runKey } from '../../query/run-row.ts';
import { version } from '../installation.ts';
import { readRunTable } from '../run-table.ts';
import { readStoredObject, readStoredRun } from './read-stored-run.ts';
import { readAssets } from './site-assets.ts';

/**
 * Pieces of the page's text. One run is shown as such; several are compared, the first with the others, with the table
 * behind them. `store` is `.runweave`, `records` are paths in it.
 */
export async function singleFile(store: string, records: readonly string[], title?: string): Promise<Iterable<string>> {
  const { site, tracker, run } = await readAssets();
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
    panels: {},
    start: isOne ? `/runs/${encodeURIComponent(only)}` : `/compare/${keys.map(encodeURIComponent).join('/')}`,
  };
  return singlePage(index, site, isOne ? { run } : { tracker, run }, blocks.values());
}
