/** A task in a run as the scheduler holds it, and what can be said of it without the run (`scheduler.ts`). */
import { lstatSync, readdirSync, type Dirent } from 'node:fs';
import path from 'node:path';
import { isGlob, literalPrefix, reachOf } from '../definition/paths.ts';
import { isUnsettled, type Fingerprint, type Reason } from '../model/fingerprint.ts';
import type { Task } from '../model/pipeline.ts';
import type { EventOf, Outcome, RunId, SkipReason } from '../model/run-event.ts';
import { filesOf } from '../fingerprint/file-digests.ts';
import { coarseClock, fileStamp, lastChangeIn, lastWriteIn } from '../fingerprint/held-still.ts';
import { listingKey } from '../fingerprint/listings.ts';
import { statOf } from '../fingerprint/stat-of.ts';
import { isObserved, observedPath } from '../fingerprint/task-fingerprint.ts';
import type { Decision } from './decide.ts';
import { createLinkReader } from './links.ts';
import { isIgnored } from './watched-files.ts';

export type Ended = Exclude<Outcome, 'skip'>;

export interface Entry {
  task: Task;
  /** Of several tasks that could start, the one with the longest way to the end does: ms, by earlier runs. */
  path: number;
  /** Place in the pipeline: of several with equal ways, the first one starts. */
  place: number;
  phase: 'waiting' | 'deciding' | 'queued' | 'running' | 'done';
  /** Dependencies in this run that are not done. */
  open: number;
  dependents: Entry[];
  generation: number;
  attempts: number;
  decision?: Decision;
  abort?: AbortController;
  /** Its last attempt; Unix milliseconds. */
  endedAt?: number;
  /** Why `done`; a skip that is up to date, or waits with an earlier result, gives something. */
  outcome?: Ended | SkipReason;
  /** The success of this run, told again if a reset turns out to have changed nothing. */
  success?: EventOf<'task-ended'>;
  /** Ended by a change, to start again, rather than by the user. */
  restarting: boolean;
  /** When somebody cancelled it, in Unix milliseconds: what changes afterwards starts it again. */
  cancelledAt?: number;
  /** How often it started again because something was done to its outputs. */
  taken: number;
}

/** The longest way to the end first, then the order of the file. */
export function byUrgency(a: Entry, b: Entry): number {
  return b.path - a.path || a.place - b.place;
}

/** Of two outputs. Globs are compared by how they begin. */
export function mayOverlap(one: string, other: string): boolean {
  const [a, b] = [one, other].map((output) => (isGlob(output) ? literalPrefix(output) : `${output}/`)) as [string, string];
  return a.startsWith(b) || b.startsWith(a);
}

/** Attempts of a run after which a task goes on to its end whatever changes of what it was only seen to read, and of its inputs and the scripts that its command names, which people change more often. */
const mostRestarts = 3;
const mostRestartsForDeclared = 10;

/** Not executed here, and not to be: what is there is what an earlier run made. */
export function isGiven({ outcome }: Entry): boolean {
  return outcome === 'up-to-date' || outcome === 'restored';
}

/** What is of no fingerprint, and not without end: it may be the doing of a task that comes after. Where the task was executed here, somebody may write to what it made. */
export function doneToOutputs(entry: Entry, reasons: readonly Reason[]): readonly Reason[] {
  if (entry.taken === mostRestarts || !(isGiven(entry) || entry.outcome === 'success')) return [];
  return reasons.filter(({ type }) => type === 'output-missing' || (type === 'output-changed' && isGiven(entry)));
}

/** Whether the task itself may have done what differs. If it did not, that is seen when it has ended. */
export function isMoving(reason: Reason, { moving = [], own = [] }: Fingerprint, { attempts, task }: Entry): boolean {
  switch (reason.type) {
    case 'input-changed':
      return moving.includes(reason.path) || attempts > (isObserved(reason.path) ? mostRestarts : mostRestartsForDeclared);
    case 'source-changed':
      return own.includes(reason.path) || (task.source.kind === 'shell' && attempts > mostRestartsForDeclared);
    case 'listing-changed':
      return moving.includes(listingKey(reason.folder, reason.pattern)) || attempts > mostRestarts;
    default:
      return false;
  }
}

/** Of a task that has ended: whether it wrote to its input, or script, itself once more. */
export function isOwnDoing(reason: Reason, { attempts, endedAt, task }: Entry, folder: string): boolean {
  const isDeclared = (reason.type === 'input-changed' && task.inputs.includes(reason.path)) || (reason.type === 'source-changed' && task.source.kind === 'shell');
  if (endedAt === undefined || attempts <= mostRestartsForDeclared || !isDeclared || !isUnsettled(reason.from)) return false;
  const files = filesOf(folder, reason.path);
  return files.length > 0 && files.every((file) => (lastWriteIn(fileStamp(file)) ?? Infinity) <= endedAt);
}

/** Whether what differs may have come after a moment (Unix milliseconds). */
export function mayBeSince(moment: number, reason: Reason, folder: string): boolean {
  if (reason.type !== 'input-changed' && reason.type !== 'source-changed') return true;
  const name = isObserved(reason.path) ? observedPath(reason.path) : reason.path;
  const isSince = (time: number | undefined): boolean => (time ?? Infinity) > moment - coarseClock;
  const files = filesOf(folder, name);
  const reach = reachOf(name);
  const root = path.resolve(folder, reach.root);
  // That a file has gone is seen by the folder it was in.
  const places = [...files, ...foldersIn(root, reach.depth)];
  if (files.length === 0 || places.some((place) => isSince(lastChangeIn(fileStamp(place))))) return true;
  const links = createLinkReader(folder);
  return [root, ...files].some((place) => [...links.passedTo(place)].some((each) => isSince(madeAt(each))));
}

/** Of a link, when it was made to lead where it does; Unix milliseconds. */
function madeAt(link: string): number | undefined {
  try {
    return lstatSync(link, { throwIfNoEntry: false })?.ctimeMs;
  } catch {
    // Behind a folder that may not be entered.
    return undefined;
  }
}

/** It, and what is in it, to so many folders deep. */
function foldersIn(folder: string, depth: number): readonly string[] {
  if (depth <= 0 || statOf(folder)?.isDirectory() !== true) return [];
  let there: readonly Dirent[] = [];
  try {
    there = readdirSync(folder, { withFileTypes: true });
  } catch {
    // It may not be read: then nothing in it counts.
  }
  const inside = there.filter((each) => each.isDirectory() && !isIgnored(each.name));
  return [folder, ...inside.flatMap(({ name }) => foldersIn(path.join(folder, name), depth - 1))];
}

/** That an attempt of this run was ended by a change is no reason beside the change. */
export function withoutOwnAttempts(reasons: readonly Reason[], runId: RunId): readonly Reason[] {
  const others = reasons.filter((reason) => reason.type !== 'last-run-failed' || reason.runId !== runId);
  return others.length > 0 ? others : reasons;
}

export function isFailure(outcome: Ended | SkipReason | undefined): boolean {
  return outcome === 'failure' || outcome === 'error' || outcome === 'timeout';
}

export function outcomeOf(entries: readonly Entry[], cancelled: boolean): Ended {
  if (cancelled) return 'cancellation';
  const outcomes = new Set(entries.map((entry) => entry.outcome));
  if (outcomes.has('failure') || outcomes.has('timeout') || outcomes.has('error')) return 'failure';
  return outcomes.has('cancellation') || entries.some(({ cancelledAt }) => cancelledAt !== undefined) ? 'cancellation' : 'success';
}
