/**
 * Decisions of which is known only afterwards what they were made from: those of Python tasks (their modules, what their
 * imports looked for, what they listed), of tasks with folders and globs, and of all that are not up to date. While a
 * watch is told of changes, such a decision stands as long as nothing that was looked at then is another now (docs/decisions/0040-what-a-decision-looked-at-is-remembered.md).
 *
 *   unknown ──decided, all places settled──▶ known ──a place is another: told (`touch`), or beyond what is told and
 *      ▲                                       │     looked at (`lookBeyond`); or `forget`──┐
 *      └───────────────────────────────────────┴────────────────────────────────────────────┘
 *
 * A place is a file, known by its size, times and inode, or a folder, known by its names (one of installed packages by its
 * times, too). It is looked at before the
 * decision looks at it, so what changes in between is another at the next event; and a file only counts as known if it
 * is older than the resolution of its times. So a decision stands if every event that concerns a place came after the
 * place was looked at and found it the same.
 */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { reachOf } from '../definition/paths.ts';
import type { FileDigests } from '../fingerprint/file-digests.ts';
import { isSite } from '../fingerprint/installed-packages.ts';
import { filesAskedFor } from '../fingerprint/task-fingerprint.ts';
import { tracedDigests } from '../fingerprint/traced-digests.ts';
import type { Task, TaskId } from '../model/pipeline.ts';
import type { Decision } from './decide.ts';
import { isIgnored, isOutside } from './watched-files.ts';

/** Milliseconds: as long as a digest counts as racy in `file-digests.ts`. */
const racyWindow = 50;
/** Of one task: with more, to decide it is not what takes long. */
const mostPlaces = 5000;

/** Of a file size, mtime and ctime in milliseconds (with fractions) and inode; of a folder its names; `null`: nothing is there. */
type Look = readonly [size: number, mtime: number, ctime: number, inode: number] | string | null;

export interface Tracing {
  /** To decide with. */
  readonly digests: FileDigests;
  /** What was decided; `undefined`: it is up to date. */
  readonly remember: (decision?: Decision) => void;
}

export interface TracedDecisions {
  /** The task is up to date. */
  readonly holds: (task: Task) => boolean;
  /** What was decided of a task that was not up to date, and would be decided again. */
  readonly standing: (task: Task) => Decision | undefined;
  /** Before a task is decided. */
  readonly trace: (task: Task, digests: FileDigests) => Tracing;
  readonly forget: (task: TaskId) => void;
  readonly forgetAll: () => void;
  /** These places (absolute), or what is in them, may have changed: the tasks for which one has, which hold no longer. */
  readonly touch: (places: Iterable<string>) => readonly TaskId[];
  /** Likewise of all places that nobody tells of. */
  readonly lookBeyond: () => readonly TaskId[];
  readonly places: () => Iterable<string>;
  readonly isChanged: (place: string) => boolean;
  /** Of a task that is up to date: its outputs that are others now, and the folders in them in which something came or went. */
  readonly changedOutputs: (task: Task) => readonly string[];
}

interface Entry {
  readonly task: Task;
  readonly decision: Decision | undefined;
  readonly places: readonly string[];
}

/** `clock`: Unix milliseconds. */
export function createTracedDecisions(folder: string, clock: () => number = Date.now): TracedDecisions {
  const entries = new Map<TaskId, Entry>();
  /** Place → who was decided with it, and how it was then. */
  const users = new Map<string, Map<Entry, Look>>();
  /** Places of `users` that nobody tells of. */
  const beyond = new Set<string>();
  const folders = createFolderReader();
  let touches = 0;
  /** How often each task's results, and all at once, were told to be others. */
  const forgotten = new Map<TaskId, number>();
  let forgottenAll = 0;
  const realFolder = realPath(folder);

  const lookAt = (place: string): Look | undefined => {
    try {
      const stats = statSync(place, { throwIfNoEntry: false });
      if (stats === undefined) return null;
      if (stats.isDirectory()) {
        const names = folders.namesOf(place, stats);
        if (!isSite(place) || names === undefined) return names;
        // Another build of a package has the same names, and is put there by a rename.
        const changed = Math.max(stats.mtimeMs, stats.ctimeMs);
        return clock() - changed <= racyWindow ? undefined : `${changed} ${stats.ino}\0${names}`;
      }
      return stats.isFile() ? [stats.size, stats.mtimeMs, stats.ctimeMs, stats.ino] : undefined;
    } catch {
      // Behind a folder that may not be entered.
      return undefined;
    }
  };

  /** Whether a watch of the folder tells of changes of this place: not what a link leads to. */
  const isTold = (place: string): boolean => {
    const relative = path.relative(folder, place);
    if (isOutside(relative) || isIgnored(relative)) return false;
    // Of what is not there, the folder says it in which it would be.
    for (let there = place; there.length > folder.length; there = path.dirname(there)) {
      const real = realPath(there);
      if (real !== undefined) return realFolder !== undefined && real === path.join(realFolder, path.relative(folder, there));
    }
    return true;
  };

  const forget = (id: TaskId): void => {
    const entry = entries.get(id);
    if (entry === undefined) return;
    entries.delete(id);
    for (const place of entry.places) {
      const known = users.get(place);
      known?.delete(entry);
      if (known?.size !== 0) continue;
      users.delete(place);
      beyond.delete(place);
    }
  };

  const forgetAll = (): void => {
    forgottenAll += 1;
    entries.clear();
    users.clear();
    beyond.clear();
  };

  /** Tasks that were decided when it was another. */
  const changedFor = (place: string): readonly TaskId[] => {
    const known = users.get(place);
    if (known === undefined) return [];
    const now = lookAt(place);
    return [...known].flatMap(([entry, look]) => (isSame(look, now) ? [] : [entry.task.id]));
  };

  const doubt = (places: Iterable<string>): readonly TaskId[] => {
    const doubted = new Set<TaskId>();
    for (const place of places) for (const id of changedFor(place)) doubted.add(id);
    for (const id of doubted) forget(id);
    return [...doubted];
  };

  const trace: TracedDecisions['trace'] = (task, digests) => {
    const seen = new Map<string, Look>();
    let isUntraceable = false;
    const see = (place: string): void => {
      if (isUntraceable || seen.has(place)) return;
      const look = seen.size === mostPlaces ? undefined : lookAt(place);
      if (look === undefined || isYoung(look, clock())) isUntraceable = true;
      else seen.set(place, look);
    };
    const before = { touches, forgotten: forgotten.get(task.id), forgottenAll };
    for (const file of filesAskedFor(task, folder)) see(file);
    return {
      digests: tracedDigests(digests, { onLook: see, onUntraceable: () => (isUntraceable = true) }),
      remember: (decision) => {
        // What was told meanwhile may be about what was seen before.
        if (isUntraceable || before.forgotten !== forgotten.get(task.id) || before.forgottenAll !== forgottenAll) return;
        if (touches !== before.touches && ![...seen].every(([place, look]) => isSame(look, lookAt(place)))) return;
        forget(task.id);
        const entry: Entry = { task, decision, places: [...seen.keys()] };
        entries.set(task.id, entry);
        for (const [place, look] of seen) {
          const known = users.get(place);
          if (known !== undefined) known.set(entry, look);
          else {
            users.set(place, new Map([[entry, look]]));
            if (!isTold(place)) beyond.add(place);
          }
        }
      },
    };
  };

  const changedOutputs: TracedDecisions['changedOutputs'] = (task) => {
    const entry = entries.get(task.id);
    if (entry?.task !== task || entry.decision !== undefined) return [];
    const lookOf = (place: string): Look | undefined => users.get(place)?.get(entry);
    const seen = task.outputs.flatMap((output) => {
      const absolute = path.resolve(folder, reachOf(output).root);
      // Of what is in folders, the system tells at once what was written.
      return Array.isArray(lookOf(absolute)) ? [absolute] : entry.places.filter((place) => typeof lookOf(place) === 'string' && (place === absolute || place.startsWith(absolute + path.sep)));
    });
    return seen.filter((place) => !isSame(lookOf(place) ?? null, lookAt(place)));
  };

  return {
    changedOutputs,
    holds: (task) => {
      const entry = entries.get(task.id);
      return entry?.task === task && entry.decision === undefined;
    },
    standing: (task) => {
      const entry = entries.get(task.id);
      return entry?.task === task ? entry.decision : undefined;
    },
    trace,
    forget: (id) => {
      forgotten.set(id, (forgotten.get(id) ?? 0) + 1);
      forget(id);
    },
    forgetAll,
    touch: (places) => {
      touches += 1;
      return doubt(new Set([...places].flatMap((place) => [place, path.dirname(place)])));
    },
    lookBeyond: () => doubt(beyond),
    places: () => users.keys(),
    isChanged: (place) => changedFor(place).length > 0,
  };
}

/** Names in folders, read again only where their times allow that something came or went. */
function createFolderReader(): { readonly namesOf: (folder: string, stats: { readonly mtimeMs: number; readonly ctimeMs: number; readonly ino: number }) => string | undefined } {
  const known = new Map<string, { readonly stamp: string; readonly names: string }>();
  return {
    namesOf: (folder, { mtimeMs, ctimeMs, ino }) => {
      const stamp = `${mtimeMs} ${ctimeMs} ${ino}`;
      const before = known.get(folder);
      if (before?.stamp === stamp) return before.names;
      const isSettled = Date.now() - Math.max(mtimeMs, ctimeMs) > racyWindow;
      let names: string;
      try {
        names = readdirSync(folder, { withFileTypes: true }).map((each) => `${each.name}${each.isDirectory() ? '/' : each.isSymbolicLink() ? '@' : ''}`).sort().join('\0');
      } catch {
        return undefined;
      }
      // One text for all who looked: it may be a long one.
      if (before?.names === names) ({ names } = before);
      if (isSettled) known.set(folder, { stamp, names });
      else known.set(folder, { stamp: '', names });
      return names;
    },
  };
}

function isSame(a: Look, b: Look | undefined): boolean {
  if (a === null || b === null || typeof a === 'string' || typeof b === 'string' || b === undefined) return a === b;
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}

function isYoung(look: Look, now: number): boolean {
  return look !== null && typeof look !== 'string' && now - Math.max(look[1], look[2]) <= racyWindow;
}

function realPath(place: string): string | undefined {
  try {
    return realpathSync.native(place);
  } catch {
    return undefined;
  }
}
