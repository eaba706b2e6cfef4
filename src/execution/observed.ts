/** What the Python processes of an attempt were seen to use, put together from the lines that they wrote. */
import path from 'node:path';
import type { ImportLookups, PackageVersions } from '../model/fingerprint.ts';
import type { FileDigests } from '../fingerprint/file-digests.ts';
import { lookupsOf } from '../fingerprint/import-lookups.ts';
import { distributionsOf, editableDistribution } from '../fingerprint/installed-packages.ts';
import type { ObservedEntry } from './task/task-log.ts';

/** Files relative to the pipeline's folder, sorted. */
export interface Observed {
  readonly modules: readonly string[];
  /** Also what was written afterwards. */
  readonly read: readonly string[];
  /** Of modules and files read, as each was when it was used first; empty where it was another later. */
  readonly stamps: Readonly<Record<string, string>>;
  readonly written: readonly string[];
  readonly packages: Readonly<Record<string, PackageVersions>>;
  readonly lookups: ImportLookups;
  /** Folder → patterns. */
  readonly listed: Readonly<Record<string, readonly string[]>>;
}

export interface ObservedCollector {
  readonly add: (entry: ObservedEntry) => void;
  readonly hasAny: () => boolean;
  readonly observed: (folder: string, digests: FileDigests) => Observed;
}

export function collectObserved(): ObservedCollector {
  const modules = new Set<string>();
  const read = new Set<string>();
  const stamps = new Map<string, string>();
  const written = new Set<string>();
  const imported = new Map<string, Set<string>>();
  const outside = new Map<string, Set<string>>();
  const lookups = new Map<string, Set<string>>();
  const listed = new Map<string, Set<string>>();
  let hasAny = false;

  /** A file that was written under another name was written; so was each file of a renamed folder. */
  const rename = (from: string, to: string): void => {
    for (const file of [...written]) if (file === from || file.startsWith(from + path.sep)) written.add(to + file.slice(from.length));
  };
  return {
    add: (entry) => {
      hasAny = true;
      for (const file of entry.modules) modules.add(file);
      // What the task wrote before, in whatever process, is no input.
      for (const file of entry.read) if (!written.has(file)) read.add(file);
      for (const [file, stamp] of Object.entries(entry.stamps)) stamps.set(file, (stamps.get(file) ?? stamp) === stamp ? stamp : '');
      for (const file of entry.written) written.add(file);
      for (let at = 0; at + 1 < entry.renamed.length; at += 2) rename(entry.renamed[at] ?? '', entry.renamed[at + 1] ?? '');
      addAll(imported, entry.imported);
      addAll(outside, entry.outside);
      addAll(lookups, entry.lookups);
      addAll(listed, entry.listed);
    },
    hasAny: () => hasAny,
    observed: (folder, digests) => {
      const packages: Record<string, Record<string, string>> = {};
      const addPackages = (site: string, found: PackageVersions): void => {
        if (Object.keys(found).length > 0) packages[site] = { ...packages[site], ...found };
      };
      for (const [site, names] of imported) addPackages(site, distributionsOf(site, [...names], digests));
      const edited: string[] = [];
      for (const [file, folders] of outside) {
        for (const site of folders) {
          const found = editableDistribution(site, file, digests);
          if (found === undefined) continue;
          addPackages(site, found);
          edited.push(file);
          break;
        }
      }
      const inFolder = (file: string): string => path.relative(folder, path.resolve(folder, file)).replaceAll(path.sep, '/');
      const relative = (files: Iterable<string>): readonly string[] => [...files].map(inFolder).sort();
      return {
        modules: relative([...modules, ...edited]),
        read: relative([...read].filter((file) => !modules.has(file))),
        stamps: Object.fromEntries([...stamps].map(([file, stamp]) => [inFolder(file), stamp])),
        written: relative([...written].filter((file) => digests.isFile(file))),
        packages,
        lookups: lookupsOf(folder, lookups),
        listed: Object.fromEntries([...listed].map(([each, patterns]) => [path.relative(folder, each).replaceAll(path.sep, '/') || '.', [...patterns].sort()])),
      };
    },
  };
}

function addAll(tables: Map<string, Set<string>>, entry: Readonly<Record<string, readonly string[]>>): void {
  for (const [key, values] of Object.entries(entry)) {
    const known = tables.get(key) ?? new Set();
    for (const value of values) known.add(value);
    tables.set(key, known);
  }
}
