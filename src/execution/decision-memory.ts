/**
 * Tasks that are known to be up to date, and for how long: a decision holds as long as everything that it was made
 * from is what it was. So a run over thousands of tasks of which nothing changed compares stamps of files, and a watch
 * looks only at what it was told of (docs/decisions/0016-decisions-are-remembered.md).
 *
 *   unknown ──decided up to date, all files settled──▶ held ◀──stamps are the same──┐
 *      ▲                                                │ `touch`: a file, or any     │
 *      └── stamps differ, or `resultChanged` ─────── doubted ───────────────────────┘
 *
 * A decision is made from the task's definition (the same object), from results (`resultChanged`), and from files, each
 * known by its size, times and inode. Stamps are taken before the decision looks at the files, so a change in between is
 * seen next time, and only of files that are older than the resolution of their times: what is younger could change
 * again without a trace (git's "racy" files), and such a task is decided anew.
 *
 * Only of shell tasks with plain files all that is looked at is known beforehand. Others are remembered while somebody
 * tells of changes, with what their decisions looked at (`traced-decisions.ts`), and are decided anew by the next process.
 */
import path from 'node:path';
import { isGlob } from '../definition/paths.ts';
import type { FileDigests } from '../fingerprint/file-digests.ts';
import { shellScripts } from '../fingerprint/task-fingerprint.ts';
import type { Pipeline, Task, TaskId } from '../model/pipeline.ts';
import type { SpanReference } from '../model/run-event.ts';
import { isSame, stampOf, type Stamp } from './file-stamp.ts';
import { createLinkReader } from './links.ts';
import { packDecisions, unpackDecisions, type SavedDecisions } from './saved-decisions.ts';
import type { Decision } from './decide.ts';
import { createTracedDecisions, type Tracing } from './traced-decisions.ts';

/** Milliseconds: as long as a digest counts as racy in `file-digests.ts`. */
const racyWindow = 50;

export interface DecisionMemory {
  /** The task is up to date, as it was when that was decided. */
  readonly holds: (task: Task) => boolean;
  /**
   * Before a task is decided. What is returned is called when it was found up to date, with what made what is there;
   * `undefined`: that can't be remembered.
   */
  readonly observe: (task: Task) => ((madeBy: SpanReference) => void) | undefined;
  /** Of a task that holds: the results need not be read for it. */
  readonly madeBy: (task: TaskId) => SpanReference | undefined;
  /** What was decided of a task that was not up to date, and would be decided again. */
  readonly standing: (task: Task) => Decision | undefined;
  /** As `observe`, for what that can't, while changes are told. */
  readonly trace: (task: Task, digests: FileDigests) => Tracing | undefined;
  /** Before tasks are decided with this interpreter: looks at what nobody tells of. */
  readonly lookBeyond: (interpreter: string | undefined) => void;
  /** The task has another result: so it, and what depends on it, is decided anew. */
  readonly resultChanged: (task: TaskId) => void;
  /** These files (absolute) may have changed; without files, any may. */
  readonly touch: (files?: Iterable<string>) => void;
  /** A task may have written: these files, and where nobody tells of changes, any. */
  readonly written: (files: readonly string[]) => void;
  /** Whether changes of files are told by `touch` from now on; otherwise each run asks for all of them. */
  readonly trustEvents: (on: boolean) => void;
  /** Files that are not as they were, in pieces between which other work goes on, as long as it `goesOn`; those are touched. */
  readonly verify: (goesOn?: () => boolean) => AsyncGenerator<string>;
  /** Those of these files (absolute) that are not as they were; they are touched. */
  readonly verifyOf: (files: Iterable<string>) => readonly string[];
  /** Of a task that holds, while changes are told: whether its outputs are others already. Those are touched. */
  readonly outputsChanged: (task: Task) => boolean;
  /** Tasks that may hold no longer, of those that held at that revision; `undefined`: any. */
  readonly doubtedSince: (revision: number) => Iterable<TaskId> | undefined;
  /** Another number whenever something was told that may be of consequence. */
  readonly revision: () => number;
  /** Whether anything is known that was not when it was loaded. */
  readonly isNew: () => boolean;
  readonly export: () => SavedDecisions;
}

interface Entry {
  readonly task: Task;
  readonly files: readonly string[];
  readonly stamps: readonly Stamp[];
  readonly madeBy: SpanReference;
  /** The state of the world, counted by `touch`, in which its stamps were compared. */
  seen: number;
}

/** `clock`: Unix milliseconds. */
export function createDecisionMemory(pipeline: Pipeline, saved?: SavedDecisions, clock: () => number = Date.now): DecisionMemory {
  const { folder } = pipeline;
  const entries = new Map<TaskId, Entry>();
  let now = new Map<string, Stamp | undefined>();
  let world = 0;
  let isNew = false;
  let isTold = false;
  /** How often `touch` was called: what was stamped before may be what it was about. */
  let touches = 0;
  /** What each of the latest touches was about; before `firstDoubt`, that is not known any more. */
  let doubts: { readonly touch: number; readonly task: TaskId }[] = [];
  let firstDoubt = 0;
  let byFile: Map<string, Set<Entry>> | undefined;
  /** Place → the names, of those in `byFile`, that lead to it through links, or through it. */
  const linked = new Map<string, Set<string>>();
  const links = createLinkReader(folder);
  let dependents: Map<TaskId, TaskId[]> | undefined;
  const traced = createTracedDecisions(folder, clock);
  let decidedWith: string | undefined;

  if (saved !== undefined) for (const known of unpackDecisions(saved, pipeline)) entries.set(known.task.id, { ...known, seen: -1 });

  /** Of this moment, or as it was asked for since it was touched last. `undefined`: a folder. */
  const stampNow = (file: string): Stamp | undefined => {
    let stamp = now.get(file);
    if (stamp === undefined) now.set(file, (stamp = stampOf(file)));
    return stamp;
  };

  const addTo = (index: Map<string, Set<Entry>>, entry: Entry): void => {
    for (const file of entry.files) {
      add(index, file, entry);
      for (const place of links.passedTo(file)) if (place !== file) add(linked, place, file);
    }
  };

  /** Each with the name under which it looked at this place. */
  const users = function* (place: string): Generator<readonly [file: string, entry: Entry]> {
    if (byFile === undefined) {
      byFile = new Map();
      for (const entry of entries.values()) addTo(byFile, entry);
    }
    for (const file of [place, ...(linked.get(place) ?? [])]) for (const entry of byFile.get(file) ?? []) yield [file, entry];
  };

  /** How often each task's results were told to be others. */
  const forgotten = new Map<TaskId, number>();
  const forget = (id: TaskId): void => {
    forgotten.set(id, (forgotten.get(id) ?? 0) + 1);
    traced.forget(id);
    const entry = entries.get(id);
    if (entry === undefined) return;
    entries.delete(id);
    for (const file of entry.files) byFile?.get(file)?.delete(entry);
  };

  const doubt = (task: TaskId): void => {
    // Who has not asked for so long looks at every task as fast.
    if (doubts.length >= pipeline.tasks.length) doubtAll();
    else doubts.push({ touch: touches, task });
  };

  const doubtAll = (): void => {
    doubts = [];
    firstDoubt = touches;
  };

  const observe: DecisionMemory['observe'] = (task) => {
    const files = filesLookedAt(task, folder);
    if (files === undefined) return undefined;
    const began = clock();
    const stamps: Stamp[] = [];
    for (const file of files) {
      const stamp = stampOf(file);
      if (stamp === undefined || (stamp !== null && began - Math.max(stamp[1], stamp[2]) <= racyWindow)) return undefined;
      stamps.push(stamp);
    }
    const before = { touches, forgotten: forgotten.get(task.id) };
    return ({ runId, traceId, spanId }) => {
      // It was decided with a result that is another by now.
      if (forgotten.get(task.id) !== before.forgotten) return;
      forget(task.id);
      const entry: Entry = { task, files, stamps, madeBy: { runId, traceId, spanId }, seen: touches === before.touches ? world : -1 };
      entries.set(task.id, entry);
      if (byFile !== undefined) addTo(byFile, entry);
      isNew = true;
    };
  };

  const touch: DecisionMemory['touch'] = (files) => {
    touches += 1;
    links.forget();
    if (files === undefined) {
      world += 1;
      now = new Map();
      traced.forgetAll();
      doubtAll();
      return;
    }
    for (const task of traced.touch(files)) doubt(task);
    for (const file of files) {
      now.delete(file);
      for (const [name, entry] of users(file)) {
        now.delete(name);
        entry.seen = -1;
        doubt(entry.task.id);
      }
    }
  };

  const holds: DecisionMemory['holds'] = (task) => {
    const entry = entries.get(task.id);
    if (entry?.task !== task) return traced.holds(task);
    if (entry.seen === world) return true;
    const { files, stamps } = entry;
    for (let at = 0; at < files.length; at += 1) if (!isSame(stamps[at], stampNow(files[at] ?? ''))) return false;
    entry.seen = world;
    return true;
  };

  /** Absolute. Compared with what this task was decided on: others may have been decided before or after it. */
  const changedOutputs = (task: Task): readonly string[] => {
    const entry = entries.get(task.id);
    if (entry?.task !== task) return traced.changedOutputs(task);
    const outputs = task.outputs.map((output) => path.resolve(folder, output));
    return outputs.filter((file) => !isSame(entry.stamps[entry.files.indexOf(file)], stampOf(file)));
  };

  return {
    holds,
    observe,
    madeBy: (id) => entries.get(id)?.madeBy,
    standing: traced.standing,
    trace: (task, digests) => (isTold ? traced.trace(task, digests) : undefined),
    lookBeyond: (interpreter) => {
      if (interpreter !== decidedWith) {
        decidedWith = interpreter;
        traced.forgetAll();
        touches += 1;
        doubtAll();
      }
      const doubted = traced.lookBeyond();
      if (doubted.length > 0) touches += 1;
      for (const task of doubted) doubt(task);
    },
    resultChanged: (id) => {
      touches += 1;
      if (dependents === undefined) {
        dependents = new Map(pipeline.tasks.map((task) => [task.id, []]));
        for (const task of pipeline.tasks) for (const dependency of task.dependencies) dependents.get(dependency)?.push(task.id);
      }
      for (const each of [id, ...(dependents.get(id) ?? [])]) {
        forget(each);
        doubt(each);
      }
    },
    touch,
    written: (files) => touch(isTold ? files : undefined),
    trustEvents: (on) => {
      if (on === isTold) return;
      isTold = on;
      traced.forgetAll();
      touches += 1;
      doubtAll();
    },
    async *verify(goesOn = () => true) {
      let asked = 0;
      const seen = new Set<string>();
      for (const { files, stamps } of [...entries.values()]) {
        for (const [at, file] of files.entries()) {
          if (seen.has(file)) continue;
          seen.add(file);
          asked += 1;
          if (asked % filesInOneGo === 0) await new Promise((resolve) => setImmediate(resolve));
          if (!goesOn()) return;
          if (isSame(stamps[at], stampOf(file))) continue;
          touch([file]);
          yield file;
        }
      }
      for (const place of [...traced.places()]) {
        asked += 1;
        if (asked % filesInOneGo === 0) await new Promise((resolve) => setImmediate(resolve));
        if (!goesOn()) return;
        if (!traced.isChanged(place)) continue;
        touch([place]);
        yield place;
      }
    },
    verifyOf: (files) => {
      const changed = [...files].filter((file) => {
        for (const [name, { files: own, stamps }] of users(file)) if (!isSame(stamps[own.indexOf(name)], stampOf(name))) return true;
        return traced.isChanged(file) || traced.isChanged(path.dirname(file));
      });
      touch(changed);
      return changed;
    },
    outputsChanged: (task) => {
      if (!isTold || !holds(task)) return false;
      const changed = changedOutputs(task);
      if (changed.length > 0) touch(changed);
      return changed.length > 0;
    },
    doubtedSince: (revision) => {
      if (revision < firstDoubt) return undefined;
      const tasks = new Set<TaskId>();
      for (let at = doubts.length - 1; at >= 0; at -= 1) {
        const { touch: when, task } = doubts[at] ?? { touch: 0, task: undefined };
        if (when <= revision || task === undefined) break;
        tasks.add(task);
      }
      return tasks;
    },
    revision: () => touches,
    isNew: () => isNew,
    export: () => packDecisions(entries.values()),
  };
}

/** Files between which other work goes on. */
const filesInOneGo = 200;

function add<T>(sets: Map<string, Set<T>>, key: string, item: T): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([item]));
  else set.add(item);
}

/** Absolute. `undefined`: not known before it is decided. */
function filesLookedAt(task: Task, folder: string): readonly string[] | undefined {
  if (task.source.kind !== 'shell') return undefined;
  const declared = [...task.inputs, ...task.outputs];
  if (declared.some(isGlob)) return undefined;
  return [...new Set([...declared.map((file) => path.resolve(folder, file)), ...shellScripts(task, folder)])];
}
