/**
 * What outputs that were flagged as bad have in common that good ones have not: of everything that they were made
 * from (task runs, versions of code, parameters, input files), what is most common among the flagged and rare among
 * the others comes first.
 */
import { canonicalJson } from '../model/json.ts';
import type { TaskId } from '../model/pipeline.ts';
import type { RunId } from '../model/run-event.ts';
import { withFloatsAsWritten } from '../model/whole-float.ts';
import type { Flag } from './annotations.ts';
import type { Lineage, TaskRun } from './lineage.ts';

export type Suspect =
  /** Code of a task: `path` with that digest. */
  | { readonly type: 'source'; readonly task: TaskId; readonly path: string; readonly digest: string; readonly commit?: string }
  | { readonly type: 'input'; readonly task: TaskId; readonly path: string; readonly digest: string }
  | { readonly type: 'param'; readonly task: TaskId; readonly name: string; readonly value: string }
  | { readonly type: 'definition'; readonly task: TaskId; readonly digest: string }
  | { readonly type: 'environment'; readonly task: TaskId; readonly name: string; readonly value: string }
  | { readonly type: 'task-run'; readonly task: TaskId; readonly runId: RunId };

export interface RankedSuspect {
  readonly suspect: Suspect;
  /** Flagged outputs that it had a part in, of all flagged. */
  readonly flagged: number;
  readonly flaggedOf: number;
  readonly good: number;
  readonly goodOf: number;
  /** The runs whose outputs these are. */
  readonly flaggedRuns: readonly RunId[];
  readonly goodRuns: readonly RunId[];
  /** Of code and input files: the version that is most common among the good ones. */
  readonly goodVersion?: string;
  /** Share among the flagged less share among the good: 1 for what is in all flagged and in no good one, 0 for what tells nothing. */
  readonly score: number;
}

/** On equal scores what a person can change comes before what merely happened. */
const order: Readonly<Record<Suspect['type'], number>> = { source: 0, definition: 1, param: 2, input: 3, environment: 4, 'task-run': 5 };

interface Count {
  readonly suspect: Suspect;
  readonly flagged: TaskRun[];
  readonly good: TaskRun[];
  readonly distance: number;
}

/**
 * `flagged` and `good` are the task runs that made the outputs. Without good ones only the counts among the flagged
 * decide. Suspects that are no more common among the flagged are left out.
 */
export function review(lineage: Lineage, flagged: readonly TaskRun[], good: readonly TaskRun[]): readonly RankedSuspect[] {
  const counts = new Map<string, Count>();
  // An execution is an ancestor of many.
  const known = new Map<string, readonly (readonly [key: string, suspect: Suspect])[]>();
  const suspectsWithKeys = (run: TaskRun): readonly (readonly [string, Suspect])[] => {
    let suspects = known.get(run.spanId);
    if (suspects === undefined) known.set(run.spanId, (suspects = suspectsOf(run).map((suspect) => [canonicalJson({ ...suspect, commit: '' }), suspect])));
    return suspects;
  };
  const count = (runs: readonly TaskRun[], which: 'flagged' | 'good'): void => {
    for (const run of runs) {
      const seen = new Set<string>();
      for (const [distance, ancestor] of lineage.ancestors(run).entries()) {
        for (const [key, suspect] of suspectsWithKeys(ancestor)) {
          if (seen.has(key)) continue;
          seen.add(key);
          const counted = counts.get(key) ?? { suspect, flagged: [], good: [], distance };
          counted[which].push(run);
          counts.set(key, counted);
        }
      }
    }
  };
  count(flagged, 'flagged');
  count(good, 'good');
  const goodVersions = mostCommonGood(counts.values());
  return [...counts.values()]
    .map((each) => ({ ...each, score: each.flagged.length / Math.max(1, flagged.length) - each.good.length / Math.max(1, good.length) }))
    .filter((each) => each.flagged.length > 0 && each.score > 0)
    .sort((a, b) => b.score - a.score || b.flagged.length - a.flagged.length || order[a.suspect.type] - order[b.suspect.type] || a.distance - b.distance)
    .map(({ suspect, flagged: inFlagged, good: inGood, score }) => {
      const goodVersion = goodVersions.get(placeOf(suspect) ?? '');
      return {
        suspect,
        flagged: inFlagged.length,
        flaggedOf: flagged.length,
        good: inGood.length,
        goodOf: good.length,
        score,
        flaggedRuns: inFlagged.map((run) => run.runId),
        goodRuns: inGood.map((run) => run.runId),
        ...(goodVersion !== undefined && 'digest' in suspect && goodVersion !== suspect.digest && { goodVersion }),
      };
    });
}

/** The file that a suspect is a version of. */
function placeOf(suspect: Suspect): string | undefined {
  return suspect.type === 'source' || suspect.type === 'input' ? `${suspect.type}\n${suspect.task}\n${suspect.path}` : undefined;
}

function mostCommonGood(counts: Iterable<Count>): ReadonlyMap<string, string> {
  const best = new Map<string, { readonly digest: string; readonly times: number }>();
  for (const { suspect, good } of counts) {
    const place = placeOf(suspect);
    if (place === undefined || !('digest' in suspect) || good.length <= (best.get(place)?.times ?? 0)) continue;
    best.set(place, { digest: suspect.digest, times: good.length });
  }
  return new Map([...best].map(([place, { digest }]) => [place, digest]));
}

/** The executions that made what is flagged. Of a flagged run, these are of the tasks that no other task of the run needed. */
export function flaggedTaskRuns(lineage: Lineage, flags: readonly Flag[]): readonly TaskRun[] {
  return distinct(flags.flatMap(({ runId, task }) => (task === undefined ? lineage.ends(runId) : (lineage.of(runId, task) ?? []))));
}

/** All other successful executions of the tasks whose outputs are flagged. */
export function goodTaskRuns(lineage: Lineage, flagged: readonly TaskRun[]): readonly TaskRun[] {
  const bad = new Set(flagged.map((run) => run.spanId));
  return distinct(flagged.flatMap((run) => lineage.ofTask(run))).filter((run) => run.outcome === 'success' && !bad.has(run.spanId));
}

export function distinct(runs: readonly TaskRun[]): readonly TaskRun[] {
  return [...new Map(runs.map((run) => [run.spanId, run])).values()];
}

/** As people read it: the task is said beside it. */
export function describeSuspect(suspect: Suspect): string {
  const short = (digest: string): string => digest.slice(0, 19);
  switch (suspect.type) {
    case 'source':
      return `code ${suspect.path} ${short(suspect.digest)}${suspect.commit === undefined ? '' : `, commit ${suspect.commit.slice(0, 7)}`}`;
    case 'input':
      return `input ${suspect.path} ${short(suspect.digest)}`;
    case 'param':
      return `parameter ${suspect.name} = ${suspect.value}`;
    case 'definition':
      return `definition ${short(suspect.digest)}`;
    case 'environment':
      return `${suspect.name} ${suspect.value}`;
    case 'task-run':
      return `execution in ${suspect.runId}`;
    default:
      return suspect satisfies never;
  }
}

function suspectsOf(run: TaskRun): readonly Suspect[] {
  const { task, fingerprint, runId, commit } = run;
  const taskRun: Suspect = { type: 'task-run', task, runId };
  if (fingerprint === undefined) return [taskRun];
  return [
    ...Object.entries(fingerprint.sources).map(([path, digest]): Suspect => ({ type: 'source', task, path, digest, ...(commit !== undefined && { commit }) })),
    ...Object.entries(fingerprint.inputs).map(([path, digest]): Suspect => ({ type: 'input', task, path, digest })),
    ...Object.entries(fingerprint.params).map(([name, value]): Suspect => ({ type: 'param', task, name, value: withFloatsAsWritten(canonicalJson(value)) })),
    ...Object.entries(fingerprint.env).map(([name, value]): Suspect => ({ type: 'environment', task, name, value })),
    { type: 'environment', task, name: 'interpreter', value: fingerprint.interpreter },
    { type: 'definition', task, digest: fingerprint.definition },
    taskRun,
  ];
}
