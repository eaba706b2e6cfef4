/** What all annotations together say of each run, task and output. */
import type { Annotation, AnnotationTarget } from '../model/annotation.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { RunId } from '../model/run-event.ts';
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

export interface AnnotationIndex {
  /** Of a run and all of its tasks and outputs. */
  readonly ofRun: (runId: string) => RunAnnotations;
  readonly notesOf: (runId: string) => readonly Note[];
  readonly flags: () => readonly Flag[];
  /** The latest change that holds, for undo. */
  readonly latest: () => Annotation | undefined;
}

/** In any order, with repetitions: the time of each decides, then its id. */
export function indexAnnotations(annotations: readonly Annotation[]): AnnotationIndex {
  const ordered = inOrder(annotations);
  const undone = undoneBy(ordered);
  const runs = new Map<string, { star: boolean; archived: boolean; tags: Set<string>; notes: Note[]; flags: Map<string, Flag>; name: string }>();
  let latest: Annotation | undefined;
  for (const annotation of ordered) {
    if (undone.has(annotation.id)) continue;
    const { id, target, change, time, author } = annotation;
    if (change.type === 'undo') continue;
    latest = annotation;
    const run = runs.get(target.runId) ?? { star: false, archived: false, tags: new Set(), notes: [], flags: new Map<string, Flag>(), name: '' };
    runs.set(target.runId, run);
    switch (change.type) {
      case 'star':
        run.star = change.on;
        break;
      case 'archive':
        run.archived = change.on;
        break;
      case 'tag':
        if (change.on) run.tags.add(change.tag);
        else run.tags.delete(change.tag);
        break;
      case 'note':
        run.notes.push({ id, text: change.text, time, target, ...(author !== undefined && { author }) });
        break;
      case 'name':
        run.name = change.name;
        break;
      case 'flag': {
        const key = JSON.stringify([target.task, target.output]);
        if (change.on) run.flags.set(key, { ...target, time, ...(change.why !== undefined && { why: change.why }) });
        else run.flags.delete(key);
        break;
      }
      default:
        change satisfies never;
    }
  }
  return {
    ofRun: (runId) => {
      const run = runs.get(runId);
      if (run === undefined) return noAnnotations;
      return {
        star: run.star,
        archived: run.archived,
        tags: [...run.tags],
        notes: run.notes.map((note) => note.text),
        flags: [...run.flags.values()].map(flagName),
        ...(run.name !== '' && { name: run.name }),
      };
    },
    notesOf: (runId) => runs.get(runId)?.notes ?? [],
    flags: () => [...runs.values()].flatMap((run) => [...run.flags.values()]),
    latest: () => latest,
  };
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
