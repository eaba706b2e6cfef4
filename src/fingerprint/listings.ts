/**
 * What a task listed itself: a folder, or a pattern of Python's `glob` in one. A name that comes or goes there counts.
 *
 * Not outputs of tasks before and after it (the former count by their digests), not what the task made itself, not
 * what belongs to tools. So a name that is a folder with outputs in it does not count either.
 */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { globMatcher, isGlob, literalPrefix } from '../definition/paths.ts';
import type { ChangedNames, Digest, Listing, Listings } from '../model/fingerprint.ts';
import type { Task, TaskId } from '../model/pipeline.ts';
import { digestOf, type FileDigests } from './file-digests.ts';
import type { LabelledParts } from './function-slice.ts';
import { statOf } from './stat-of.ts';

/** Of tools, and what editors leave while a file is open. */
const ofTools = /^(?:\.git|\.runweave|\.hg|\.svn|node_modules|__pycache__|\.venv|venv|\.ipynb_checkpoints|\.[a-z]+_cache|\.tox|\.vscode(?:-test)?|\.idea|\.DS_Store|\..*\.sw[a-z]|\.#.*|#.*#|.*~)$/;
/** No name has a `/` at its end. */
const noFolder = '/';
/** Listings with more names are compared, but what differs is not said. */
const mostNames = 1000;

/** A path relative to the pipeline's folder: whether it is an output that does not count, or a folder with outputs in it. */
export type IsOutput = (relative: string) => boolean;

/**
 * What does not count in listings of a task: its own outputs and those of its matrix, of tasks before it, and of tasks after
 * it, which are not there yet in a clean build. Outputs of others are files like any.
 */
export function outputLookup(tasks: readonly ListingTask[]): (task: ListingTask) => IsOutput {
  const exact = new Map<string, ListingTask[]>();
  const above = new Set<string>();
  const globs: { readonly matches: (relative: string) => boolean; readonly task: ListingTask }[] = [];
  for (const task of tasks) {
    for (const output of task.outputs) {
      if (isGlob(output)) globs.push({ matches: globMatcher(output), task });
      else exact.set(output, [...(exact.get(output) ?? []), task]);
      for (const parent of parentsOf(isGlob(output) ? `${literalPrefix(output)}x` : output)) above.add(parent);
    }
  }
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const known = new Map<TaskId, ReadonlySet<TaskId>>();
  const before = (task: ListingTask): ReadonlySet<TaskId> => {
    let found = known.get(task.id);
    if (found !== undefined) return found;
    const all = new Set<TaskId>();
    const next = [...task.dependencies];
    for (let id = next.pop(); id !== undefined; id = next.pop()) {
      if (all.has(id)) continue;
      all.add(id);
      next.push(...(byId.get(id)?.dependencies ?? []));
    }
    known.set(task.id, (found = all));
    return found;
  };
  return (task) => {
    const isRelated = (other: ListingTask): boolean => other.name === task.name || before(task).has(other.id) || before(other).has(task.id);
    const isOfRelated = (output: string): boolean => exact.get(output)?.some(isRelated) === true;
    return (relative) => above.has(relative) || isOfRelated(relative) || globs.some((each) => each.matches(relative) && isRelated(each.task)) || parentsOf(relative).some(isOfRelated);
  };
}
type ListingTask = Pick<Task, 'id' | 'name' | 'outputs' | 'dependencies'>;

/** Files, and the folders that they are in. */
export function withParents(files: Iterable<string>): ReadonlySet<string> {
  return new Set([...files].flatMap((file) => [file, ...parentsOf(file)]));
}

/** What was listed last, as it is now. */
export function listingsNow(folder: string, last: Listings, isOutput: IsOutput | undefined, digests: FileDigests): Listings {
  const now = (listed: string, pattern: string, { own }: Listing): Listing => ({
    digest: digestFound({ folder, isOutput }, { listed, pattern, names: namesFound({ folder, isOutput }, listed, pattern, digests), own: own ?? [] }, digests),
    ...(own !== undefined && { own }),
  });
  return Object.fromEntries(Object.entries(last).map(([listed, patterns]) => [listed, Object.fromEntries(Object.entries(patterns).map(([pattern, listing]) => [pattern, now(listed, pattern, listing)]))]));
}

interface Place {
  /** Absolute path of the pipeline's folder. */
  readonly folder: string;
  readonly isOutput?: IsOutput | undefined;
}

export interface SeenListings extends Place {
  /** Unix milliseconds; what is younger came while the task ran. */
  readonly since: number;
  /** As they were when the task was decided. */
  readonly before: Listings;
  /** Of the last success. */
  readonly last: Listings;
  /** Made by the task itself, or a folder with such files in it. */
  readonly isOwn: (relative: string) => boolean;
  /** Puts what stands for a listing of which is not known what the task saw, now or later. */
  readonly settle: (now: Digest, last: Digest | undefined, put: (digest: Digest) => void) => void;
}

/** Name of a listing among what moves. */
export function listingKey(listed: string, pattern: string): string {
  return `${listed}/ (${pattern})`;
}

/** What a success stands for: what is found now. `moved`: keys of those that changed meanwhile. */
export function listingsSeen(seen: Readonly<Record<string, readonly string[]>>, context: SeenListings, digests: FileDigests): { readonly listings: Listings; readonly moved: readonly string[] } {
  const moved: string[] = [];
  const listings: Record<string, Record<string, Listing>> = {};
  for (const [listed, patterns] of Object.entries(seen)) {
    if (listed.split('/').some((part) => ofTools.test(part))) continue;
    for (const pattern of patterns) {
      const before = context.before[listed]?.[pattern];
      const ownBefore = before?.own ?? [];
      const names = namesFound(context, listed, pattern, digests);
      const look = (isOwn: (name: string) => boolean): { readonly own: readonly string[]; readonly now: Digest; readonly hasMoved: boolean } => {
        const own = names.filter((name) => ownBefore.includes(name) || isOwn(name));
        const isKnown = before !== undefined && own.every((name) => ownBefore.includes(name));
        const now = digestFound(context, { listed, pattern, names, own }, digests);
        return { own, now, hasMoved: isKnown ? now !== before.digest : changedSince(context.since, context, listed, { names, own }, digests) };
      };
      const isMade = (name: string): boolean => context.isOwn(join(listed, name));
      const asNamed = look(isMade);
      // `runs/latest`, a link to the folder that the task has made: what is in it is known by its own name.
      const place = asNamed.hasMoved ? placeOf(context.folder, listed) : listed;
      const { own, now, hasMoved } = place === listed ? asNamed : look((name) => isMade(name) || context.isOwn(join(place, name)));
      const put = (digest: Digest): void => void ((listings[listed] ??= {})[pattern] = { digest, ...(own.length > 0 && { own }) });
      put(now);
      if (!hasMoved) continue;
      moved.push(listingKey(listed, pattern));
      context.settle(now, context.last[listed]?.[pattern]?.digest, put);
    }
  }
  return { listings, moved };
}

/** Where a folder is, behind links; relative to the pipeline's folder. */
function placeOf(folder: string, listed: string): string {
  try {
    return path.relative(realpathSync(folder), realpathSync(path.join(folder, listed))).replaceAll(path.sep, '/');
  } catch {
    return listed;
  }
}

/** Whether something came or went in a listed folder since then (Unix milliseconds) that no task made. */
export function listingsMoved(listings: Listings, since: number, place: Place, digests: FileDigests): boolean {
  return Object.entries(listings).some(([listed, patterns]) =>
    Object.entries(patterns).some(([pattern, { own = [] }]) => changedSince(since, place, listed, { names: namesFound(place, listed, pattern, digests), own }, digests)),
  );
}

/**
 * A new file has a new ctime, in whatever way it came. What went is seen by its folder's time only: so that must be old,
 * or come from what tasks and tools make there.
 */
function changedSince(since: number, { folder, isOutput }: Place, listed: string, { names, own }: { readonly names: readonly string[]; readonly own: readonly string[] }, digests: FileDigests): boolean {
  const isYoung = (relative: string): boolean => {
    const stats = statOf(path.join(folder, relative));
    return stats !== undefined && Math.max(stats.mtimeMs, stats.ctimeMs) > since;
  };
  /** The times of a folder are those of what came and went in it. */
  const isNew = (relative: string): boolean => {
    const stats = statOf(path.join(folder, relative));
    return stats !== undefined && (stats.isDirectory() ? stats.birthtimeMs : Math.max(stats.mtimeMs, stats.ctimeMs)) > since;
  };
  const made = new Set(own);
  if (names.some((name) => !made.has(name) && isNew(join(listed, name)))) return true;
  if (!isYoung(listed) || own.length > 0) return false;
  const others = [...(digests.namesIn(path.join(folder, listed)) ?? [])].filter((name) => ofTools.test(name) || isOutput?.(join(listed, name)) === true);
  return !others.some((name) => isYoung(join(listed, name)));
}

/** Sorted, relative to the folder that was listed. Links to folders are followed, but for those that lead back for `**`. */
function namesFound({ folder, isOutput }: Place, listed: string, pattern: string, digests: FileDigests): readonly string[] {
  const root = path.resolve(folder, listed);
  const parts = pattern.split('/');
  const found = new Set<string>();
  const followed = new Set<string>();
  const search = (below: string, at: number): void => {
    const part = parts[at];
    if (part === undefined) return;
    const here = path.join(root, below);
    const isLast = at === parts.length - 1;
    const take = (name: string): void => {
      const relative = join(below, name);
      if (!isLast) search(relative, at + 1);
      else if (isOutput?.(join(listed, relative)) !== true) found.add(relative);
    };
    if (part === '**') {
      search(below, at + 1);
      if (isLast) for (const name of digests.namesIn(here) ?? []) if (!ofTools.test(name)) take(name);
      for (const name of digests.foldersIn(here)) if (!ofTools.test(name)) search(join(below, name), at);
      for (const name of digests.linksIn(here)) {
        const target = ofTools.test(name) ? undefined : targetOf(path.join(here, name), digests);
        if (target === undefined) continue;
        // Folders may lead to each other in circles: into each once, and of other links that they are there.
        if (followed.has(`${at} ${target}`)) found.add(`${join(below, name)}/`);
        else {
          followed.add(`${at} ${target}`);
          search(join(below, name), at);
        }
      }
    } else if (/[*?[]/.test(part)) {
      const names = digests.namesIn(here);
      if (names !== undefined) for (const name of matching(names, part)) take(name);
    } else if (!isLast || digests.namesIn(here)?.has(part) === true) {
      take(part);
    }
  };
  search('.', 0);
  return [...found].sort();
}

/** The folder to which a link leads, if it does not lie in that itself. */
function targetOf(link: string, digests: FileDigests): string | undefined {
  if (digests.namesIn(link) === undefined) return undefined;
  try {
    const [place, target] = [realpathSync(path.dirname(link)), realpathSync(link)];
    return place === target || place.startsWith(target + path.sep) ? undefined : target;
  } catch {
    return undefined;
  }
}

const matches = new WeakMap<ReadonlySet<string>, Map<string, readonly string[]>>();

/** Many tasks of a pipeline look for the same names. */
function matching(names: ReadonlySet<string>, part: string): readonly string[] {
  let known = matches.get(names);
  if (known === undefined) matches.set(names, (known = new Map<string, readonly string[]>()));
  let found = known.get(part);
  if (found === undefined) {
    const expression = expressionOf(part);
    known.set(part, (found = [...names].filter((name) => expression.test(name) && !ofTools.test(name))));
  }
  return found;
}

/** As Python's `fnmatch` has it: `*`, `?`, `[a-z]` and `[!a-z]`; names that begin with a dot match too, as a caller may ask for them. */
function expressionOf(part: string): RegExp {
  const source = part.replace(/\[(!?)(\]?[^\]]*)\]|[*?]|[^*?[]+|\[/g, (token, not: string | undefined, set: string | undefined) => {
    if (token === '*') return '.*';
    if (token === '?') return '.';
    if (set === undefined || set === '') return token.replace(/[.+^${}()|[\]\\/-]/g, '\\$&');
    return `[${not === '!' ? '^' : ''}${set.replace(/[\\\]^[]/g, '\\$&')}]`;
  });
  try {
    return new RegExp(`^${source}$`, process.platform === 'win32' ? 'is' : 's');
  } catch {
    // A range that is none, such as `[z-a]`: all names count.
    return /^/;
  }
}

interface Found {
  readonly listed: string;
  readonly pattern: string;
  readonly names: readonly string[];
  readonly own: readonly string[];
}

/** To list a folder that is not there is a mistake, where an empty one is none; not of one that tasks make. */
function digestFound({ folder, isOutput }: Place, { listed, pattern, names, own }: Found, digests: FileDigests): Digest {
  const made = new Set(own);
  const counted = names.filter((name) => !made.has(name));
  const isMissing = pattern === '*' && own.length === 0 && isOutput?.(listed) !== true && digests.namesIn(path.resolve(folder, listed)) === undefined;
  const digest = digestOf(isMissing ? noFolder : counted.join('\0'));
  if (counted.length <= mostNames && digests.rememberedParts(digest) === undefined) digests.rememberParts(digest, counted.map((name) => [name, '']));
  return digest;
}

/** What came, went and changed, where both are known. */
export function changedNames(from: Digest, to: Digest, digests: Pick<FileDigests, 'rememberedParts'>): ChangedNames | undefined {
  const [before, after] = [from, to].map((digest) => digests.rememberedParts(digest));
  if (before === undefined || after === undefined) return undefined;
  const [had, has] = [new Map(before), new Map(after)];
  const namesOf = (parts: LabelledParts, isTold: (name: string) => boolean): readonly string[] => parts.map(([name]) => name).filter(isTold);
  const changed = namesOf(after, (name) => had.has(name) && had.get(name) !== has.get(name));
  return { added: namesOf(after, (name) => !had.has(name)), removed: namesOf(before, (name) => !has.has(name)), ...(changed.length > 0 && { changed }) };
}

function join(folder: string, name: string): string {
  return path.posix.join(folder, name);
}

/** `a/b` and `a` of `a/b/c`. */
function parentsOf(relative: string): readonly string[] {
  const parts = relative.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}
