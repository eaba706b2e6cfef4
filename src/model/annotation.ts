/**
 * What people say of runs afterwards. Annotations are kept beside the records, never in them, as lines of one file
 * that is only appended to: two copies of it are merged by putting their lines together, in any order.
 */
import { isJsonObject } from './json.ts';
import type { TaskId } from './pipeline.ts';
import type { RunId } from './run-event.ts';

/** A run; of it a task; of that an output, an artifact or a value, by its name. */
export interface AnnotationTarget {
  readonly runId: RunId;
  readonly task?: TaskId;
  readonly output?: string;
}

export type AnnotationChange =
  | { readonly type: 'star'; readonly on: boolean }
  | { readonly type: 'archive'; readonly on: boolean }
  | { readonly type: 'tag'; readonly tag: string; readonly on: boolean }
  | { readonly type: 'note'; readonly text: string }
  /** An empty name takes it away. */
  | { readonly type: 'name'; readonly name: string }
  /** The output is bad. */
  | { readonly type: 'flag'; readonly on: boolean; readonly why?: string }
  /** As if the annotation with that id had not been made; undone itself, it counts again. */
  | { readonly type: 'undo'; readonly id: string };

export interface Annotation {
  /** Unique without asking anybody. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly author?: string;
  readonly target: AnnotationTarget;
  readonly change: AnnotationChange;
}

/** A line of the file. `undefined` for what this version does not understand: it is passed over, and stays. */
export function parseAnnotation(line: string): Annotation | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { id, time, author, target, change } = value;
  if (typeof id !== 'string' || typeof time !== 'string' || Number.isNaN(Date.parse(time)) || !isJsonObject(target) || !isJsonObject(change)) return undefined;
  const { runId, task, output } = target;
  if (typeof runId !== 'string' || !(task === undefined || typeof task === 'string') || !(output === undefined || typeof output === 'string')) return undefined;
  const known = changeOf(change);
  if (known === undefined) return undefined;
  return {
    id,
    time,
    ...(typeof author === 'string' && { author }),
    target: { runId: runId as RunId, ...(task !== undefined && { task: task as TaskId }), ...(output !== undefined && { output }) },
    change: known,
  };
}

function changeOf(change: Readonly<Record<string, unknown>>): AnnotationChange | undefined {
  const { type, on, tag, text, name, why, id } = change;
  switch (type) {
    case 'star':
    case 'archive':
      return typeof on === 'boolean' ? { type, on } : undefined;
    case 'tag':
      return typeof on === 'boolean' && typeof tag === 'string' ? { type, tag, on } : undefined;
    case 'note':
      return typeof text === 'string' ? { type, text } : undefined;
    case 'name':
      return typeof name === 'string' ? { type, name } : undefined;
    case 'flag':
      return typeof on === 'boolean' ? { type, on, ...(typeof why === 'string' && { why }) } : undefined;
    case 'undo':
      return typeof id === 'string' ? { type, id } : undefined;
    default:
      return undefined;
  }
}
