/**
 * Distributions in folders of installed packages (`site-packages`) and their versions, read from the names of their
 * `.dist-info` folders: no interpreter is asked, and as long as a folder has the same names, nothing is read again.
 * (https://packaging.python.org/en/latest/specifications/recording-installed-packages/; `.egg-info` is what Debian and
 * old tools write.)
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PackageVersions } from '../model/fingerprint.ts';
import { digestOf, type FileDigests } from './file-digests.ts';
import { statOf } from './stat-of.ts';

interface Info {
  readonly entry: string;
  readonly name: string;
  readonly version: string;
}

interface Site {
  readonly folder: string;
  /** By normalised name. */
  readonly infos: ReadonlyMap<string, Info>;
  /** What was asked for before. */
  readonly versions: Map<string, string>;
  /** Top-level module, or part of a package without a file of its own (`google/protobuf`) → normalised name; read when a module has another name than its distribution. */
  owners?: ReadonlyMap<string, string>;
  editable?: readonly { readonly info: Info; readonly root: string }[];
}

const sites = new WeakMap<ReadonlySet<string>, Site>();

function siteAt(folder: string, digests: FileDigests): Site | undefined {
  const names = digests.namesIn(folder);
  if (names === undefined) return undefined;
  const known = sites.get(names);
  if (known !== undefined) return known;
  const infos = new Map<string, Info>();
  for (const entry of [...names].sort()) {
    // pip renames what it is about to remove to `~…`.
    const match = /^([^~].*?)-([^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info$/.exec(entry);
    if (match?.[1] !== undefined && match[2] !== undefined) infos.set(normalised(match[1]), { entry, name: match[1], version: match[2] });
  }
  const site: Site = { folder, infos, versions: new Map() };
  sites.set(names, site);
  return site;
}

/** Whether a folder of a search path holds installed packages. */
export function isSite(folder: string): boolean {
  return ['site-packages', 'dist-packages'].includes(path.basename(folder));
}

/** PEP 503. */
function normalised(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase();
}

/** Version of a distribution that is installed in `folder`. */
export function versionIn(folder: string, name: string, digests: FileDigests): string | undefined {
  const site = siteAt(folder, digests);
  const info = site?.infos.get(normalised(name));
  return site === undefined || info === undefined ? undefined : versionOf(site, info);
}

/** Unix milliseconds. */
export function installedAt(folder: string, name: string, digests: FileDigests): number | undefined {
  const entry = siteAt(folder, digests)?.infos.get(normalised(name))?.entry;
  const stats = entry === undefined ? undefined : statOf(path.join(folder, entry));
  return stats && Math.max(stats.mtimeMs, stats.ctimeMs);
}

/** Two builds of a folder or of a git checkout have the same version: what they installed tells them apart. */
function versionOf(site: Site, info: Info): string {
  const known = site.versions.get(info.entry);
  if (known !== undefined) return known;
  const source = read(site, info, 'direct_url.json');
  const isBuilt = source !== '' && editableRoot(source) === undefined;
  const version = isBuilt ? `${info.version} (${digestOf(read(site, info, 'RECORD')).slice('sha256:'.length, 'sha256:'.length + 8)})` : info.version;
  site.versions.set(info.entry, version);
  return version;
}

/** The distributions in `folder` that the given modules (`numpy`, `six.py`, `google/protobuf`) come from: name → version. */
export function distributionsOf(folder: string, modules: readonly string[], digests: FileDigests): PackageVersions {
  const site = siteAt(folder, digests);
  const found: Record<string, string> = {};
  if (site === undefined) return found;
  for (const module of modules) {
    const info = site.infos.get(normalised(stem(module))) ?? site.infos.get(ownersIn(site).get(stem(module)) ?? '');
    if (info !== undefined) found[properName(site, info)] = versionOf(site, info);
  }
  return found;
}

/** The distribution of which a file outside of `folder` is, as its project is installed to be edited in place. */
export function editableDistribution(folder: string, file: string, digests: FileDigests): PackageVersions | undefined {
  const site = siteAt(folder, digests);
  if (site === undefined) return undefined;
  site.editable ??= [...site.infos.values()].flatMap((info) => {
    const root = editableRoot(read(site, info, 'direct_url.json'));
    return root === undefined ? [] : [{ info, root: root + path.sep }];
  });
  const owner = site.editable.find(({ root }) => file.startsWith(root));
  return owner && { [properName(site, owner.info)]: owner.info.version };
}

/** PEP 610. */
function editableRoot(directUrl: string): string | undefined {
  try {
    const { url, dir_info: folder } = JSON.parse(directUrl) as { readonly url?: string; readonly dir_info?: { readonly editable?: boolean } };
    return folder?.editable === true && url !== undefined ? path.resolve(fileURLToPath(url)) : undefined;
  } catch {
    return undefined;
  }
}

function ownersIn(site: Site): ReadonlyMap<string, string> {
  if (site.owners !== undefined) return site.owners;
  const owners = new Map<string, string>();
  for (const [name, info] of site.infos) {
    const installed = read(site, info, 'RECORD') || read(site, info, 'top_level.txt');
    for (const line of installed.split('\n')) {
      const [top = '', second] = line.trim().split(',', 1)[0]?.split('/') ?? [];
      for (const module of second === undefined ? [stem(top)] : [top, `${top}/${stem(second)}`]) if (!owners.has(module)) owners.set(module, name);
    }
  }
  site.owners = owners;
  return owners;
}

/** `six.py` → `six`, `_x.cpython-311-x86_64-linux-gnu.so` → `_x`. */
function stem(module: string): string {
  return module.replace(/\.[^/]*$/, '');
}

/** `scikit-learn`, where the folder's name says `scikit_learn`. */
function properName(site: Site, info: Info): string {
  const metadata = read(site, info, 'METADATA') || read(site, info, 'PKG-INFO');
  return /^Name: *(\S+)/m.exec(metadata)?.[1] ?? info.name;
}

/** Empty where there is none. */
function read(site: Site, info: Info, file: string): string {
  const absolute = path.join(site.folder, info.entry, file);
  try {
    return statOf(absolute)?.isFile() === true ? readFileSync(absolute, 'utf8') : '';
  } catch {
    return '';
  }
}
