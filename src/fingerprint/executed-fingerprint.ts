/**
 * What an execution stands for: what the task read, as far as that can be known. What may have been another while it ran
 * is `unsettled`, which nothing equals: the task runs once more, and is settled then.
 *
 * Of a file there are up to three looks: as the task starts, just before a Python process of the task uses it first
 * (`ObservedUse.stamps`), and now.
 *
 *   when it was used it was as now                 its content now
 *   when it was used it was as at the start,       its content at the start: now it is stale, or up to date again if
 *     and is another now                           the change is undone
 *   nobody saw it used; now it is as at the start  its content now
 *   the task itself wrote it                       its content now: what the task left
 *   anything else                                  unsettled
 *
 * Never for good: what is written at each execution and is afterwards as it was, or is only read without being declared, is
 * taken for the task's own doing, or that of a program that it starts, the third time in a row. Two would be somebody who
 * edits while he waits. Where there are several such things, it is the third time of all of them: else each could be
 * waited for in turn, for ever. A declared input or source of which that is known (`own`) is the task's own doing as long
 * as it is written at every execution, and is afterwards as it was.
 */
import path from 'node:path';
import { absent, isUnsettled, unsettled, unsettledAgain, withMisfit, type Digest, type Fingerprint, type ImportLookups, type PackageVersions } from '../model/fingerprint.ts';
import type { Task, TaskId } from '../model/pipeline.ts';
import type { Compiler } from './called-sources.ts';
import { filesOf, type FileDigests } from './file-digests.ts';
import { coarseClock, fileStamp, isMissing, lastChangeIn, type StartLook } from './held-still.ts';
import { filesFound, packagesFound } from './import-lookups.ts';
import { listingsSeen, withParents, type IsOutput } from './listings.ts';
import { installedAt } from './installed-packages.ts';
import { views } from './meaning.ts';
import { digestSources, isObserved, merged, observedKey, observedPath, scriptFiles, type Packages } from './task-fingerprint.ts';

/** Version of a distribution that was installed while the task ran: which one was imported is not known. */
export const unsettledVersion = 'changed while the task ran';

/** Of what changed meanwhile; `now` where it did so the last two times, too. */
export function unsettledOr(now: Digest, before: Digest | undefined): Digest {
  if (before === unsettledAgain) return now;
  return before === unsettled ? unsettledAgain : unsettled;
}

export interface ObservationContext {
  readonly task: Task;
  readonly folder: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** The task's last success. */
  readonly last: Fingerprint | undefined;
  /** An output of a task that this one depends on: it counts by `upstream`. */
  readonly isMade: (relative: string) => boolean;
  /** Declared as an input. */
  readonly isInput: (relative: string) => boolean;
  /** At what the task was known to use. */
  readonly atStart: StartLook;
  /** Tasks that this one depends on, of which an output changed while it ran. */
  readonly movedUpstream: readonly TaskId[];
  /** It was ended before it was done: what changed may be why, and is not its own doing. */
  readonly isCut: boolean;
  readonly compiler?: Compiler | undefined;
  /** What the task was seen to write. */
  readonly written: ReadonlySet<string>;
  readonly isOutput?: IsOutput | undefined;
  /** Declared by the task itself. */
  readonly isOwnOutput: (relative: string) => boolean;
}

export interface ObservedUse {
  readonly modules: readonly string[];
  /** For what is in them: also modules, of which every byte counts then. */
  readonly read: readonly string[];
  /** Of both, as each was just before it was used first, as `fileStamp` has it; empty: it changed between two uses. */
  readonly stamps: Readonly<Record<string, string>>;
  readonly packages: Packages;
  readonly lookups: ImportLookups;
  /** Folder → patterns. */
  readonly listed: Readonly<Record<string, readonly string[]>>;
  /** A module that may not be what a fresh process would have imported: such a result is made again. */
  readonly misfit?: string;
}

/** Which content of a file the task used. */
type Used = 'now' | 'at start' | 'unknown';

/** The fingerprint that an execution stands for: the one it started with, and what the task was seen to use. */
export async function withObserved(fingerprint: Fingerprint, seen: ObservedUse, options: ObservationContext, digests: FileDigests): Promise<Fingerprint> {
  const { task, folder, startedAt, last, written, isOwnOutput, compiler } = options;
  const isOwn = (file: string): boolean => written.has(file) || isOwnOutput(file);
  const used = (file: string): Used => contentUsed(file, ownOf(seen.stamps, file), isOwn(file), options);
  const ownBefore = new Set(fingerprint.own);
  const ownNow = new Set<string>();
  /** Put back what was taken for the task's own doing, unless all is. */
  const taken: (() => void)[] = [];
  const settle = (now: Digest, before: Digest | undefined, put: (digest: Digest) => void): void => {
    put(unsettledOr(now, before));
    if (before === unsettledAgain) taken.push(() => put(unsettledAgain));
  };
  /** Likewise, of a source or declared input in which these files were written. */
  const settleDeclared = (table: Record<string, Digest>, key: string, now: Digest, before: Digest | undefined, { moved, isAsBefore }: { readonly moved: readonly string[]; readonly isAsBefore: boolean }): void => {
    if (!isAsBefore) table[key] = unsettled;
    else if (moved.length > 0 && moved.every((file) => ownBefore.has(file))) table[key] = now;
    else settle(now, before, (digest) => (table[key] = digest));
    for (const file of moved) if (ownBefore.has(file) || table[key] === now) ownNow.add(file);
  };
  const upstream = { ...fingerprint.upstream };
  for (const id of options.movedUpstream) settle(fingerprint.upstream[id] ?? absent, last?.upstream[id], (digest) => (upstream[id] = digest));

  // Nothing was reported: a shell command, or a task that was killed. What was known of it stays known, so that a
  // change of what it hangs in is seen.
  const isReported = seen.modules.length > 0 || seen.read.length > 0;
  const lookups = withoutOwn(folder, seen.lookups, isOwn, digests);
  const modules = isReported ? [...new Set([...seen.modules, ...filesFound(folder, lookups, digests)])].filter((file) => !isOwn(file)) : [];
  const known = Object.keys(fingerprint.sources);
  const own = isReported ? ownSources(known, [...modules, ...scriptFiles(task, folder)]) : known;
  if (compiler !== undefined && task.source.kind === 'call') {
    for (const file of seen.modules) {
      const absolute = path.resolve(folder, file);
      const content = used(file) === 'now' ? (await digests.ofFile(absolute))?.digest : undefined;
      // It was imported, so it compiles.
      if (content !== undefined) digests.markCompiled(absolute, content, compiler.name);
    }
  }
  const { view, sources: now } = await digestSources(task, folder, [...own, ...modules], digests, { compiler, expected: 'all' });
  // What was imported may call for a closer comparison of the rest than was known when the task started.
  const before = await digestSources(task, folder, known, digests, { compiler, expected: {} });
  const isAsClose = !before.isSliced && views.indexOf(before.view) >= views.indexOf(view);
  // Without prototypes: a file may be called `__proto__`, or `constructor`.
  const sources = Object.create(null) as Record<string, Digest>;
  for (const file of [...own, ...modules]) {
    if (sources[file] !== undefined) continue;
    const content = now[file] ?? absent;
    const started = fingerprint.sources[file];
    // What was the same at a closer look is the same.
    const isUnchanged = started !== undefined && before.sources[file] === started;
    const use = used(file);
    if (use === 'unknown') settleDeclared(sources, file, content, last?.sources[file], { moved: [file], isAsBefore: isUnchanged });
    else sources[file] = use === 'now' || started === undefined || (isUnchanged && isAsClose) ? content : started;
  }

  const inputs = Object.create(null) as Record<string, Digest>;
  const moving: string[] = [];
  for (const [input, started] of Object.entries(fingerprint.inputs)) {
    if (isObserved(input) && isReported) continue;
    const file = isObserved(input) ? observedPath(input) : input;
    if (options.isMade(file)) {
      inputs[input] = started;
      continue;
    }
    const content = (await digests.ofPath(folder, file))?.digest ?? absent;
    const isAsBefore = content === started || isObserved(input);
    const use = options.atStart.knows(file) ? used(file) : undefined;
    const moved = use === undefined ? movedWithin(file, content === started, { ...options, stamps: seen.stamps, isOwn }, digests) : [file];
    // Who deleted what is not seen.
    if (use === 'unknown' || (use === undefined && (moved.length > 0 || content !== started))) {
      settleDeclared(inputs, input, content, last?.inputs[input], { moved, isAsBefore });
      if (inputs[input] === content || moved.some((each) => ownNow.has(each))) moving.push(input);
    } else inputs[input] = use === 'at start' ? started : content;
  }
  const { moving: movedBefore = [], own: _, ...rest } = fingerprint;
  const execution = (moved: readonly string[], used: Pick<Fingerprint, 'packages' | 'lookups' | 'listings'>): Fingerprint => {
    const listed = Object.values(used.listings ?? {}).flatMap((patterns) => Object.values(patterns).map(({ digest }) => digest));
    if ([sources, inputs, upstream].some((table) => Object.values(table).some(isUnsettled)) || listed.some(isUnsettled)) for (const putBack of taken) putBack();
    // An execution that was cut off says nothing of what it would have written.
    const [moves, own] = options.isCut ? [movedBefore, ownBefore] : [moved, ownNow];
    return { ...rest, ...used, ...(seen.misfit !== undefined && { interpreter: withMisfit(fingerprint.interpreter, seen.misfit) }), sources: { ...sources }, inputs: { ...inputs }, upstream, ...(moves.length > 0 && { moving: moves }), ...(own.size > 0 && { own: [...own] }) };
  };
  if (!isReported) return execution(moving, {});

  for (const file of seen.read) {
    if (isOwnOutput(file) || options.isInput(file) || options.isMade(file)) continue;
    const key = observedKey(file);
    const content = (await digests.ofFile(path.resolve(folder, file)))?.digest ?? absent;
    const use = used(file);
    if (!options.isCut && (written.has(file) || (lastChangeIn(fileStamp(path.resolve(folder, file))) ?? 0) > startedAt)) moving.push(key);
    // One that a program of the task writes each time after it was read would be another each time.
    const isAsRead = use === 'now' || (use === 'at start' && content === fingerprint.inputs[key]);
    if (isAsRead) inputs[key] = content;
    else settle(content, last?.inputs[key], (digest) => (inputs[key] = digest));
  }
  const made = withParents(written);
  const { listings, moved } = listingsSeen(seen.listed, { folder, isOutput: options.isOutput, since: startedAt - coarseClock, before: fingerprint.listings ?? {}, last: last?.listings ?? {}, isOwn: (relative) => made.has(relative), settle }, digests);
  const packages = versionsAtStart(fingerprint, merged(seen.packages, packagesFound(folder, lookups, digests)), options, digests);
  return execution([...moving, ...moved], { packages, lookups, listings });
}

function ownOf(stamps: ObservedUse['stamps'], file: string): string | undefined {
  return Object.hasOwn(stamps, file) ? stamps[file] : undefined;
}

/** `stamp`: as the file was when it was used first, if that was seen. */
function contentUsed(file: string, stamp: string | undefined, isOwn: boolean, { folder, startedAt, atStart }: Pick<ObservationContext, 'folder' | 'startedAt' | 'atStart'>): Used {
  if (isOwn) return 'now';
  if (stamp === undefined) {
    const heldStill = atStart.heldStill(file) ?? (lastChangeIn(fileStamp(path.resolve(folder, file))) ?? 0) <= startedAt - coarseClock;
    return heldStill ? 'now' : 'unknown';
  }
  const now = fileStamp(path.resolve(folder, file));
  if (stamp === now) return 'now';
  if (atStart.had(file, stamp)) return 'at start';
  // What came while the task ran, and is gone, was its own.
  return isMissing(now) && (lastChangeIn(stamp) ?? 0) > startedAt - coarseClock ? 'now' : 'unknown';
}

/** Files of a folder or glob of which another content may have been used; `isUnchanged`: it has the names and contents that the task was decided on. */
function movedWithin(
  input: string,
  isUnchanged: boolean,
  { folder, startedAt, atStart, stamps, isOwn, isMade }: Pick<ObservationContext, 'folder' | 'startedAt' | 'atStart' | 'isMade'> & Pick<ObservedUse, 'stamps'> & { readonly isOwn: (file: string) => boolean },
  digests: FileDigests,
): readonly string[] {
  if (isUnchanged && (digests.lastChangeWithin(path.resolve(folder, input)) ?? Infinity) <= startedAt - coarseClock) return [];
  return filesOf(folder, input)
    .map((absolute) => path.relative(folder, absolute).replaceAll(path.sep, '/'))
    .filter((file) => !isMade(file) && contentUsed(file, ownOf(stamps, file), isOwn(file), { folder, startedAt, atStart }) !== 'now');
}

/** A module that the task makes itself is found because it ran, and none of its sources. */
function withoutOwn(folder: string, lookups: ImportLookups, isOwn: (relative: string) => boolean, digests: FileDigests): ImportLookups {
  const kept: Record<string, string> = {};
  for (const [searched, names] of Object.entries(lookups)) {
    const isFoundAsOwn = filesFound(folder, { [searched]: names }, digests).some(isOwn);
    kept[searched] = isFoundAsOwn ? names.split(' ').filter((name) => !filesFound(folder, { [searched]: name }, digests).some(isOwn)).join(' ') : names;
  }
  return kept;
}

/** As they were decided on; of what was not known to be imported then, as they are now, unless something was installed meanwhile. */
function versionsAtStart(fingerprint: Fingerprint, packages: Packages, { last, startedAt }: ObservationContext, digests: FileDigests): Packages {
  const atStart: Record<string, PackageVersions> = {};
  for (const [site, versions] of Object.entries(packages)) {
    const settled: Record<string, string> = {};
    for (const [name, version] of Object.entries(versions)) {
      // What is new at every execution is installed by the task itself.
      const isUnsettledVersion = (installedAt(site, name, digests) ?? 0) > startedAt - coarseClock && last?.packages?.[site]?.[name] !== unsettledVersion;
      settled[name] = fingerprint.packages?.[site]?.[name] ?? (isUnsettledVersion ? unsettledVersion : version);
    }
    atStart[site] = settled;
  }
  return atStart;
}

/** Sources of the last success that this one did not use any more are dropped; what the definition names stays first. */
function ownSources([first, ...rest]: readonly string[], used: readonly string[]): readonly string[] {
  const seen = new Set(used);
  return first === undefined ? [] : [first, ...rest.filter((file) => seen.has(file))];
}
