/**
 * Names that a task's imports looked for in folders of the search path, and the files that would be found for them now:
 * a new `json.py` beside a script, a package in the place of a module, an optional package that was not installed, a
 * folder that is a package without `__init__.py`, as Python has it where nothing else is found
 * (https://peps.python.org/pep-0420/#specification).
 */
import path from 'node:path';
import type { ImportLookups, PackageVersions } from '../model/fingerprint.ts';
import type { FileDigests } from './file-digests.ts';
import { distributionsOf, isSite, versionIn } from './installed-packages.ts';

/** Importable name → entries of a folder that it may stand for. */
type Stems = ReadonlyMap<string, readonly string[]>;

interface Known {
  readonly stems: Stems;
  /** Names as a task has them → those of them that are there. Many tasks of a pipeline have the same names. */
  readonly hits: Map<string, readonly string[]>;
}

const listed = new WeakMap<ReadonlySet<string>, Known>();

function knownIn(names: ReadonlySet<string>): Known {
  let known = listed.get(names);
  if (known === undefined) {
    const stems = new Map<string, string[]>();
    for (const name of names) {
      const stem = /^([^.]+)(?:\.pyc?|\..*\.?(?:so|pyd))?$/.exec(name)?.[1];
      if (stem !== undefined) stems.set(stem, [...(stems.get(stem) ?? []), name]);
    }
    known = { stems, hits: new Map() };
    listed.set(names, known);
  }
  return known;
}

/** Ends the key of a folder with the names in it that were found nowhere. */
const asFolder = '/';
/** Stands for the version of a package without `__init__.py`. */
const folderVersion = 'a folder';

interface Hit {
  /** Absolute. */
  readonly searched: string;
  readonly name: string;
  readonly entries: readonly string[];
  readonly isAsFolder: boolean;
}

function* hitsOf(folder: string, lookups: ImportLookups, digests: FileDigests): Generator<Hit> {
  for (const [key, looked] of Object.entries(lookups)) {
    const searched = path.resolve(folder, key);
    const names = digests.namesIn(searched);
    if (names === undefined) continue;
    const known = knownIn(names);
    let hits = known.hits.get(looked);
    if (hits === undefined) {
      hits = looked.split(' ').filter((name) => known.stems.has(name));
      known.hits.set(looked, hits);
    }
    for (const name of hits) yield { searched, name, entries: known.stems.get(name) ?? [], isAsFolder: key.endsWith(asFolder) };
  }
}

/** Files of the workspace that these lookups would find now, relative to `folder`. */
export function filesFound(folder: string, lookups: ImportLookups, digests: FileDigests): readonly string[] {
  const found: string[] = [];
  for (const { searched, name, entries, isAsFolder } of hitsOf(folder, lookups, digests)) {
    const file = isAsFolder || isSite(searched) ? undefined : fileOf(searched, name, entries, digests);
    if (file !== undefined) found.push(path.relative(folder, path.join(searched, file)).replaceAll(path.sep, '/'));
  }
  return found;
}

/** Distributions that these lookups would find now, where none was installed: folder of installed packages → name → version. Of folders of the workspace, what is a package without `__init__.py`. */
export function packagesFound(folder: string, lookups: ImportLookups, digests: FileDigests): Readonly<Record<string, PackageVersions>> {
  const found: Record<string, PackageVersions> = {};
  for (const { searched, name, entries, isAsFolder } of hitsOf(folder, lookups, digests)) {
    if (isSite(searched)) found[searched] = { ...found[searched], ...distributionsOf(searched, [name], digests) };
    else if (isAsFolder && fileOf(searched, name, entries, digests) === undefined) {
      const version = packageVersion(searched, name, digests);
      if (version !== undefined) found[searched] = { ...found[searched], [name]: version };
    }
  }
  return found;
}

/** Version of a distribution, or that there is a folder that is a package; `undefined`: neither is there. */
export function packageVersion(searched: string, name: string, digests: FileDigests): string | undefined {
  if (isSite(searched)) return versionIn(searched, name, digests);
  return digests.namesIn(path.join(searched, name)) === undefined ? undefined : folderVersion;
}

/** A package comes before a module, and of modules one in C before its source and that before its bytecode. */
function fileOf(folder: string, name: string, entries: readonly string[], digests: FileDigests): string | undefined {
  const init = `${name}/__init__.py`;
  if (entries.includes(name) && digests.isFile(path.join(folder, init))) return init;
  return entries.find((entry) => /\.(so|pyd)$/.test(entry)) ?? entries.find((entry) => entry.endsWith('.py')) ?? entries.find((entry) => entry.endsWith('.pyc'));
}

/** Lookups as a fingerprint has them: relative to `folder`, names in order. */
export function lookupsOf(folder: string, seen: ReadonlyMap<string, ReadonlySet<string>>): ImportLookups {
  return Object.fromEntries([...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([searched, names]) => [`${path.relative(folder, searched).replaceAll(path.sep, '/') || '.'}${searched.endsWith(path.sep) ? asFolder : ''}`, [...names].sort().join(' ')]));
}
