/** Scripts and styles of the website, as they were built. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** Texts by the names of their files: `run.js`. Not those of the panel of a pipeline that is worked on. */
export type Assets = Readonly<Record<string, string>>;

/** Absolute path of the built webviews: beside the bundle, or where the source tree is built to. */
function webviewFolder(): string {
  const beside = path.join(import.meta.dirname, 'webview');
  return existsSync(beside) ? beside : path.join(import.meta.dirname, '..', '..', '..', 'dist', 'webview');
}

/** Throws where they are not built. */
export async function readAssets(folder = webviewFolder()): Promise<Assets> {
  const names = (await readdir(folder)).filter((name) => /\.(js|css)$/.test(name) && !name.startsWith('graph.')).sort();
  // A source map is beside the built file only.
  const texts = await Promise.all(names.map(async (name) => (await readFile(path.join(folder, name), 'utf8')).replace(/\n(?:\/\/# |\/\*# )sourceMappingURL=[^\n]*\n?$/, '\n')));
  return Object.fromEntries(names.map((name, at) => [name, texts[at] ?? '']));
}
