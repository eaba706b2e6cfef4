/**
 * The folder of a website. All that is ours but the page is in `site/`, and `site/manifest.json` says what was written
 * from what: a file that it does not name is written anew, and after the page was replaced, what the page does not
 * need is removed. Without a manifest nothing in the folder is ours, and nothing is touched.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isJsonObject } from '../../model/json.ts';

/** Of the layout of the folder and the form of its data. */
const layout = 1;

export interface RunEntry {
  /** Of the record. */
  readonly size: number;
  readonly mtimeMs: number;
  readonly sha256: string;
  /** Digests of what the run refers to and of what of it could not be had. */
  readonly objects: readonly string[];
  readonly missing: readonly string[];
}

export interface Manifest {
  readonly layout: number;
  /** Of Runweave: another may write the data in another form. */
  readonly version: string;
  readonly runs: Readonly<Record<string, RunEntry>>;
}

export interface SiteFolder {
  /** Of the build before; empty where it was another version. */
  readonly manifest: Manifest;
  /** Bytes of a file that is there and need not be written again, by its path in `site/`. */
  readonly sizeOf: (name: string) => number | undefined;
  /** Returns its bytes. */
  readonly write: (name: string, text: string) => Promise<number>;
  /** The page and the manifest take the place of those before; of `site/` only `kept` stays. Returns how many files were removed. */
  readonly finish: (page: string, manifest: Omit<Manifest, 'layout'>, kept: ReadonlySet<string>) => Promise<number>;
}

export type OpenedFolder = { readonly ok: true; readonly folder: SiteFolder } | { readonly ok: false; readonly message: string };

/** Throws when the disk refuses. */
export async function openSiteFolder(target: string, version: string): Promise<OpenedFolder> {
  const own = path.join(target, 'site');
  const manifestFile = path.join(own, 'manifest.json');
  const before = await readManifest(manifestFile);
  if (before === undefined) {
    const foreign = [path.join(target, 'index.html'), own].find((file) => existsSync(file));
    if ((await stat(target).catch(() => undefined))?.isDirectory() === false) return { ok: false, message: `${target} is a file: name a folder` };
    if (foreign !== undefined) return { ok: false, message: `${foreign} is there already, and is of no website that Runweave made: name another folder` };
    await mkdir(own, { recursive: true });
    await writeFile(manifestFile, JSON.stringify({ layout, version, runs: {} } satisfies Manifest));
  }
  /** Of all files; what another version wrote is only to be replaced or removed. */
  const sizes = new Map<string, number>();
  for (const entry of await readdir(own, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile()) sizes.set(path.relative(own, file).split(path.sep).join('/'), (await stat(file)).size);
  }
  const isOurs = before?.version === version && before.layout === layout;
  const usable = new Set(isOurs ? sizes.keys() : []);
  const made = new Set<string>();
  const folder: SiteFolder = {
    manifest: isOurs ? before : { layout, version, runs: {} },
    sizeOf: (name) => (usable.has(name) ? sizes.get(name) : undefined),
    write: async (name, text) => {
      const file = path.join(own, ...name.split('/'));
      const parent = path.dirname(file);
      if (!made.has(parent)) await mkdir(parent, { recursive: true });
      made.add(parent);
      const bytes = Buffer.from(text, 'utf8');
      // A file that is there is whole: a build that is cut off leaves none that the next one would take for made.
      await replace(file, bytes);
      sizes.set(name, bytes.length);
      usable.add(name);
      return bytes.length;
    },
    finish: async (page, manifest, kept) => {
      // GitHub Pages would leave out what begins with `_`, and take minutes to look for it.
      await writeFile(path.join(target, '.nojekyll'), '');
      await replace(manifestFile, JSON.stringify({ layout, ...manifest } satisfies Manifest));
      await replace(path.join(target, 'index.html'), page);
      let removed = 0;
      for (const name of sizes.keys()) {
        if (kept.has(name) || name === 'manifest.json') continue;
        await rm(path.join(own, ...name.split('/')), { force: true });
        // Fails while there is something in it.
        await rmdir(path.dirname(path.join(own, ...name.split('/')))).catch(() => undefined);
        removed += 1;
      }
      return removed;
    },
  };
  return { ok: true, folder };
}

async function readManifest(file: string): Promise<Manifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest;
    return isJsonObject(manifest) && isJsonObject(manifest.runs) ? manifest : undefined;
  } catch {
    return undefined;
  }
}

async function replace(file: string, text: string | Uint8Array): Promise<void> {
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, file);
}

/** Short, for names of files that change with their content. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
