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
  /** Also what was written afterwards, and modules that were read for what is in them. */
  readonly read: readonly string[];
  /** Of modules and files read, as each was when it was used first; empty where it was another later. */
  readonly stamps: Readonly<Record<string, string>>;
  readonly written: readonly string[];
  /** Those of them in which something may be left of what they held before the task. */
  readonly continued?: readonly string[];
  readonly packages: Readonly<Record<string, PackageVersions>>;
  readonly lookups: ImportLookups;
  /** Folder → patterns. */
  readonly listed: Readonly<Record<string, readonly string[]>>;
  /** A module that may not be what a fresh process would have imported. */
  readonly misfit?: string;
}

export interface ObservedCollector {
  readonly add: (entry: ObservedEntry) => void;
  readonly hasAny: () => boolean;
  /** One of the files that do not count, as their names are not UTF-8: Node can't open them. */
  readonly unnameable: () => string | undefined;
  readonly observed: (folder: string, digests: FileDigests) => Observed;
}

/** One that is no half of a pair. */
const surrogate = /\p{Surrogate}/u;

export function collectObserved(): ObservedCollector {
  const modules = new Set<string>();
  const read = new Set<string>();
  /** Read under another name: the task had renamed them. */
  const readBefore = new Set<string>();
  const loaded = new Set<string>();
  const stamps = new Map<string, string>();
  const written = new Set<string>();
  /** Others that it wrote: what was in them before may be read later. */
  const changed = new Set<string>();
  const renames: (readonly [from: string, to: string])[] = [];
  const imported = new Map<string, Set<string>>();
  const outside = new Map<string, Set<string>>();
  const lookups = new Map<string, Set<string>>();
  const listed = new Map<string, Set<string>>();
  let hasAny = false;
  let unnameable: string | undefined;
  let misfit = '';
  /** Python stands for bytes that are not UTF-8 by surrogates (PEP 383). */
  const nameable = (files: readonly string[]): readonly string[] =>
    files.filter((file) => {
      if (!surrogate.test(file)) return true;
      unnameable ??= file.replaceAll(new RegExp(surrogate, 'gu'), '\ufffd');
      return false;
    });

  /** A file that was written under another name was written; so was each file of a renamed folder. */
  const rename = (from: string, to: string): void => {
    for (const files of [written, changed]) for (const file of [...files]) if (isWithin(file, from)) files.add(to + file.slice(from.length));
    if (written.has(from)) return;
    changed.add(to);
    renames.push([from, to]);
  };
  const addRead = (file: string): void => {
    // What the task wrote before, in whatever process, is no input.
    if (written.has(file)) return;
    read.add(file);
    let name = file;
    for (const [from, to] of renames.toReversed()) {
      if (!isWithin(name, to)) continue;
      name = from + name.slice(to.length);
      if (!written.has(name)) readBefore.add(name);
    }
  };
  return {
    add: (entry) => {
      hasAny = true;
      for (const file of nameable(entry.modules)) modules.add(file);
      for (const file of nameable(entry.read)) addRead(file);
      for (const file of nameable(entry.loaded)) if (!written.has(file)) loaded.add(file);
      for (const [file, stamp] of Object.entries(entry.stamps)) stamps.set(file, (stamps.get(file) ?? stamp) === stamp ? stamp : '');
      for (const file of nameable(entry.written)) written.add(file);
      for (const file of nameable(entry.appended)) changed.add(file);
      for (let at = 0; at + 1 < entry.renamed.length; at += 2) {
        const pair = nameable(entry.renamed.slice(at, at + 2));
        if (pair.length === 2) rename(pair[0] ?? '', pair[1] ?? '');
      }
      misfit ||= entry.misfit;
      addAll(imported, entry.imported);
      addAll(outside, entry.outside);
      addAll(lookups, entry.lookups);
      addAll(listed, entry.listed);
    },
    hasAny: () => hasAny,
    unnameable: () => unnameable,
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
      const isThere = (file: string): boolean => digests.isFile(file);
      const continued = [...changed].filter((file) => !written.has(file)).concat([...written].filter((file) => read.has(file))).filter(isThere);
      return {
        modules: relative([...modules, ...edited]),
        read: relative(new Set([...read, ...[...readBefore].filter((file) => digests.isFile(file)), ...[...loaded].filter((file) => !modules.has(file))])),
        stamps: Object.fromEntries([...stamps].map(([file, stamp]) => [inFolder(file), stamp])),
        written: relative([...new Set([...written, ...changed])].filter(isThere)),
        ...(continued.length > 0 && { continued: relative(continued) }),
        packages,
        lookups: lookupsOf(folder, lookups),
        listed: Object.fromEntries([...listed].map(([each, patterns]) => [path.relative(folder, each).replaceAll(path.sep, '/') || '.', [...patterns].sort()])),
        ...(misfit !== '' && { misfit }),
      };
    },
  };
}

function isWithin(file: string, place: string): boolean {
  return file === place || file.startsWith(place + path.sep);
}

function addAll(tables: Map<string, Set<string>>, entry: Readonly<Record<string, readonly string[]>>): void {
  for (const [key, values] of Object.entries(entry)) {
    const known = tables.get(key) ?? new Set();
    for (const value of values) known.add(value);
    tables.set(key, known);
  }
}
