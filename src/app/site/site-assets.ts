/** Scripts and styles of the website, as they were built. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Asset } from '../../exporters/site/site-page.ts';
import type { SitePanel } from '../../protocol/site.ts';

export const assetNames = ['site', 'tracker', 'run', 'graph'] as const satisfies readonly ('site' | SitePanel)[];
export type AssetName = (typeof assetNames)[number];

/** Absolute path of the built webviews: beside the bundle, or where the source tree is built to. */
function webviewFolder(): string {
  const beside = path.join(import.meta.dirname, 'webview');
  return existsSync(beside) ? beside : path.join(import.meta.dirname, '..', '..', '..', 'dist', 'webview');
}

/** Throws where they are not built. */
export async function readAssets(): Promise<Readonly<Record<AssetName, Asset>>> {
  const folder = webviewFolder();
  // A source map is beside the built file only.
  const text = async (file: string): Promise<string> => (await readFile(path.join(folder, file), 'utf8')).replace(/\n(?:\/\/# |\/\*# )sourceMappingURL=[^\n]*\n?$/, '\n');
  const [site, tracker, run, graph] = await Promise.all(assetNames.map(async (name): Promise<Asset> => ({ script: await text(`${name}.js`), style: await text(`${name}.css`) })));
  if (site === undefined || tracker === undefined || run === undefined || graph === undefined) throw new Error('unreachable');
  return { site, tracker, run, graph };
}
