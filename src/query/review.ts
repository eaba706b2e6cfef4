/**
 * What outputs that were flagged as bad have in common that good ones have not: of everything that they were made
 * from (task runs, versions of code, parameters, input files), what is most common among the flagged and rare among
 * the others comes first.
 */
import { canonicalJson } from '../model/json.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { Lineage, TaskRun } from './lineage.ts';

export type Suspect =
  /** Code of a task: `path` with that digest. */
  | { readonly type: 'source'; readonly task: TaskId; readonly path: string; readonly digest: string; readonly commit?: string }
  | { readonly type: 'input'; readonly task: TaskId; readonly path: string; readonly digest: string }
  | { readonly type: 'param'; readonly task: TaskId; readonly name: string; readonly value: string }
  | { readonly type: 'definition'; readonly task: TaskId; readonly digest: string }
  | { readonly type: 'environment'; readonly task: TaskId; readonly name: string; readonly value: string }
  | { readonly type: 'task-run'; readonly task: TaskId; readonly runId: string };

export interface RankedSuspect {
  readonly suspect: Suspect;
  /** Flagged outputs that it had a part in, of all flagged. */
  readonly flagged: number;
  readonly flaggedOf: number;
  readonly good: number;
  readonly goodOf: number;
  /** Share among the flagged less share among the good: 1 for what is in all flagged and in no good one, 0 for what tells nothing. */
  readonly score: number;
}

/** On equal scores what a person can change comes before what merely happened. */
const order: Readonly<Record<Suspect['type'], number>> = { source: 0, definition: 1, param: 2, input: 3, environment: 4, 'task-run': 5 };

/**
 * `flagged` and `good` are the task runs that made the outputs. Without good ones only the counts among the flagged
 * decide. Suspects that are no more common among the flagged are left out.
 */
export function review(lineage: Lineage, flagged: readonly TaskRun[], good: readonly TaskRun[]): readonly RankedSuspect[] {
  const counts = new Map<string, { readonly suspect: Suspect; flagged: number; good: number; distance: number }>();
  const count = (runs: readonly TaskRun[], which: 'flagged' | 'good'): void => {
    for (const run of runs) {
      const seen = new Set<string>();
      for (const [distance, ancestor] of lineage.ancestors(run).entries()) {
        for (const suspect of suspectsOf(ancestor)) {
          const key = canonicalJson({ ...suspect, commit: '' });
          if (seen.has(key)) continue;
          seen.add(key);
          const known = counts.get(key) ?? { suspect, flagged: 0, good: 0, distance };
          known[which] += 1;
          counts.set(key, known);
        }
      }
    }
  };
  count(flagged, 'flagged');
  count(good, 'good');
  const ranked = [...counts.values()].map((each) => ({
    ...each,
    score: each.flagged / Math.max(1, flagged.length) - each.good / Math.max(1, good.length),
  }));
  return ranked
    .filter((each) => each.flagged > 0 && each.score > 0)
    .sort((a, b) => b.score - a.score || b.flagged - a.flagged || order[a.suspect.type] - order[b.suspect.type] || a.distance - b.distance)
    .map(({ suspect, flagged: inFlagged, good: inGood, score }) => ({ suspect, flagged: inFlagged, flaggedOf: flagged.length, good: inGood, goodOf: good.length, score }));
}

function suspectsOf(run: TaskRun): readonly Suspect[] {
  const { task, fingerprint, runId, commit } = run;
  const taskRun: Suspect = { type: 'task-run', task, runId };
  if (fingerprint === undefined) return [taskRun];
  return [
    ...Object.entries(fingerprint.sources).map(([path, digest]): Suspect => ({ type: 'source', task, path, digest, ...(commit !== undefined && { commit }) })),
    ...Object.entries(fingerprint.inputs).map(([path, digest]): Suspect => ({ type: 'input', task, path, digest })),
    ...Object.entries(fingerprint.params).map(([name, value]): Suspect => ({ type: 'param', task, name, value: canonicalJson(value) })),
    ...Object.entries(fingerprint.env).map(([name, value]): Suspect => ({ type: 'environment', task, name, value })),
    { type: 'environment', task, name: 'interpreter', value: fingerprint.interpreter },
    { type: 'definition', task, digest: fingerprint.definition },
    taskRun,
  ];
}
