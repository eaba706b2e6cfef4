import { indexAnnotations } from '../../query/annotations.ts';
import { lineageOf, type Lineage, type TaskRun } from '../../query/lineage.ts';
import { describeSuspect, distinct, flaggedTaskRuns, goodTaskRuns, review } from '../../query/review.ts';
import { readAnnotationsOf } from '../../store/annotations.ts';
import { readHeadsOf } from '../../store/read-heads.ts';
import type { CommandLine } from '../arguments.ts';
import { outputOf } from '../find-output.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { findRecordFolders } from '../pipeline-file.ts';
import { fit, oneLine } from '../progress/task-lines.ts';
import { plural, table } from '../text.ts';
import { reportError, userError, type UserError } from '../user-error.ts';

const defaultLimit = 20;

/** `runweave review`: what flagged outputs have in common. */
export async function reviewCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, limit } = line.options;
  const place = findRecordFolders(host.cwd, line.options);
  if (place.type === 'error') return reportError(place, host, json);
  const [states, annotations] = await Promise.all([readHeadsOf(place.folders), readAnnotationsOf(place.folders)]);
  const lineage = lineageOf(states);
  const flags = indexAnnotations(annotations).flags();
  if (flags.length === 0) return reportError(userError('no output is flagged. Mark a bad one with: runweave flag OUTPUT'), host, json);
  const flagged = flaggedTaskRuns(lineage, flags);
  if (flagged.length === 0) return reportError(userError('the records of the flagged outputs are not here any more'), host, json);
  const good = await goodRuns(lineage, flagged, line.options.good, place.folders.map(({ store }) => store));
  if ('type' in good) return reportError(good, host, json);
  const ranked = review(lineage, flagged, good);
  const shown = ranked.slice(0, limit ?? defaultLimit);
  if (json) {
    writeJson(host.stdout, { flagged: flagged.length, good: good.length, suspects: shown, total: ranked.length });
    return exitCodes.success;
  }
  const { style } = host.stdout;
  const lines = [
    `${plural(flagged.length, 'flagged output')}, compared with ${plural(good.length, 'good one')}`,
    ...table([['FLAGGED', 'GOOD', 'TASK', 'SUSPECT'].map((title) => style('dim', title)), ...shown.map((each) => [`${each.flagged}/${each.flaggedOf}`, `${each.good}/${each.goodOf}`, each.suspect.task, oneLine(describeSuspect(each.suspect))])]),
  ];
  if (ranked.length === 0) lines.push('nothing is more common among what the flagged outputs were made from');
  if (shown.length < ranked.length) lines.push(style('dim', `and ${ranked.length - shown.length} less suspicious: --limit ${ranked.length}`));
  host.stdout.write(`${lines.map((text) => fit(text, host.stdout.columns())).join('\n')}\n`);
  return exitCodes.success;
}

/** Those named, or all other successful executions of the tasks whose outputs are flagged. */
async function goodRuns(lineage: Lineage, flagged: readonly TaskRun[], named: readonly string[], folders: readonly string[]): Promise<readonly TaskRun[] | UserError> {
  if (named.length === 0) return goodTaskRuns(lineage, flagged);
  const bad = new Set(flagged.map((run) => run.spanId));
  const runs: TaskRun[] = [];
  for (const name of named) {
    const found = await outputOf(lineage, name, folders);
    if ('type' in found) return found;
    runs.push(found.run);
  }
  return distinct(runs).filter((run) => !bad.has(run.spanId));
}
