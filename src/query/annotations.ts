/** What all annotations together say of each run, task and output. */
import type { Annotation, AnnotationTarget } from '../model/annotation.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { RunId } from '../model/run-event.ts';
import type { RunState } from '../model/run-state.ts';
import { noAnnotations, type RunAnnotations } from './run-row.ts';

export interface Note {
  readonly id: string;
  readonly text: string;
  readonly time: string;
  readonly author?: string;
  readonly target: AnnotationTarget;
}

export interface Flag {
  readonly runId: RunId;
  readonly task?: TaskId;
  readonly output?: string;
  readonly why?: string;
  readonly time: string;
}

/** All that holds of a run, a task or an output itself, and not only of what is in it. */
export interface Remark extends AnnotationTarget {
  readonly tags: readonly string[];
  readonly notes: readonly Pick<Note, 'text' | 'time' | 'author'>[];
  /** It is bad. */
  readonly flag?: { readonly why?: string };
}

export interface AnnotationIndex {
  /** Of a run and all of its tasks and outputs. */
  readonly ofRun: (runId: string) => RunAnnotations;
  /** Of a run, its tasks and their outputs, each by itself. */
  readonly remarksOf: (runId: string) => readonly Remark[];
  readonly remarks: () => readonly Remark[];
  readonly flags: () => readonly Flag[];
  /** The latest change that holds, for undo. */
  readonly latest: () => Annotation | undefined;
}

interface SaidOfRun {
  star: boolean;
  archived: boolean;
  name: string;
  /** These, and flags, by what they are on. */
  readonly tags: Map<string, { readonly target: AnnotationTarget; readonly tags: Set<string> }>;
  readonly notes: Note[];
  readonly flags: Map<string, Flag>;
}

/** In any order, with repetitions: the time of each decides, then its id. */
export function indexAnnotations(annotations: readonly Annotation[]): AnnotationIndex {
  const ordered = inOrder(annotations);
  const undone = undoneBy(ordered);
  const runs = new Map<string, SaidOfRun>();
  let latest: Annotation | undefined;
  for (const annotation of ordered) {
    if (undone.has(annotation.id)) continue;
    const { id, target, change, time, author } = annotation;
    if (change.type === 'undo') continue;
    latest = annotation;
    const run: SaidOfRun = runs.get(target.runId) ?? { star: false, archived: false, name: '', tags: new Map(), notes: [], flags: new Map() };
    runs.set(target.runId, run);
    switch (change.type) {
      case 'star':
        run.star = change.on;
        break;
      case 'archive':
        run.archived = change.on;
        break;
      case 'tag':
        // Taken from a run, it is taken from all that is in it.
        if (!change.on) for (const { target: other, tags } of run.tags.values()) if (isIn(other, target)) tags.delete(change.tag);
        if (change.on) {
          const known = run.tags.get(keyOf(target)) ?? { target, tags: new Set() };
          run.tags.set(keyOf(target), known);
          known.tags.add(change.tag);
        }
        break;
      case 'note':
        run.notes.push({ id, text: change.text, time, target, ...(author !== undefined && { author }) });
        break;
      case 'name':
        run.name = change.name;
        break;
      case 'flag': {
        if (change.on) run.flags.set(keyOf(target), { ...target, time, ...(change.why !== undefined && { why: change.why }) });
        else run.flags.delete(keyOf(target));
        break;
      }
      default:
        change satisfies never;
    }
  }
  const remarksOf = (runId: string): readonly Remark[] => {
    const run = runs.get(runId);
    if (run === undefined) return [];
    const targets = new Map<string, AnnotationTarget>([...run.tags.values(), ...run.notes].map(({ target }) => [keyOf(target), target]));
    for (const { task, output } of run.flags.values()) {
      const target = { runId: runId as RunId, ...(task !== undefined && { task }), ...(output !== undefined && { output }) };
      targets.set(keyOf(target), target);
    }
    return [...targets].flatMap(([key, target]): readonly Remark[] => {
      const tags = [...(run.tags.get(key)?.tags ?? [])];
      const notes = run.notes.filter((note) => keyOf(note.target) === key).map(({ text, time, author }) => ({ text, time, ...(author !== undefined && { author }) }));
      const flag = run.flags.get(key);
      if (tags.length === 0 && notes.length === 0 && flag === undefined) return [];
      return [{ ...target, tags, notes, ...(flag !== undefined && { flag: flag.why === undefined ? {} : { why: flag.why } }) }];
    });
  };
  return {
    ofRun: (runId) => {
      const run = runs.get(runId);
      if (run === undefined) return noAnnotations;
      return {
        star: run.star,
        archived: run.archived,
        tags: [...new Set([...run.tags.values()].flatMap(({ tags }) => [...tags]))],
        notes: run.notes.map((note) => note.text),
        flags: [...run.flags.values()].map(flagName),
        ...(run.name !== '' && { name: run.name }),
      };
    },
    remarksOf,
    remarks: () => [...runs.keys()].flatMap(remarksOf),
    flags: () => [...runs.values()].flatMap((run) => [...run.flags.values()]),
    latest: () => latest,
  };
}

/** Finds what was said of one run, task or output. */
export function remarkFinder(remarks: readonly Remark[]): (target: AnnotationTarget) => Remark | undefined {
  const byTarget = new Map(remarks.map((remark) => [`${remark.runId}\n${keyOf(remark)}`, remark]));
  return (target) => byTarget.get(`${target.runId}\n${keyOf(target)}`);
}

/** Of the run itself, its tasks and their outputs, also where an earlier run made these. */
export function remarksFor(run: RunState, remarks: readonly Remark[]): readonly Remark[] {
  const runs = new Set([run.runId, ...run.tasks.flatMap(({ madeBy }) => madeBy?.runId ?? [])]);
  return remarks.filter(({ runId }) => runs.has(runId));
}

/** Within a run. */
function keyOf({ task, output }: AnnotationTarget): string {
  return JSON.stringify([task, output]);
}

function isIn(target: AnnotationTarget, whole: AnnotationTarget): boolean {
  return (whole.task === undefined || whole.task === target.task) && (whole.output === undefined || whole.output === target.output);
}

function flagName({ runId, task, output }: Flag): string {
  return output ?? task ?? runId;
}

function inOrder(annotations: readonly Annotation[]): readonly Annotation[] {
  const distinct = new Map(annotations.map((annotation) => [annotation.id, annotation]));
  return [...distinct.values()].sort((a, b) => Date.parse(a.time) - Date.parse(b.time) || (a.id < b.id ? -1 : 1));
}

/** From the last to the first: an undo that was undone itself does nothing. */
function undoneBy(ordered: readonly Annotation[]): ReadonlySet<string> {
  const undone = new Set<string>();
  for (const { id, change } of ordered.toReversed()) if (change.type === 'undo' && !undone.has(id)) undone.add(change.id);
  return undone;
}
