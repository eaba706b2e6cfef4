import { nearName } from '../model/near-name.ts';
import { findOutputs, outputNames, type FoundOutput, type Lineage } from '../query/lineage.ts';
import { findRunIn } from '../store/find-run.ts';
import { splitReference } from './open-run.ts';
import { userError, type UserError } from './user-error.ts';

/**
 * The latest output that `query` means; the others of that name are its earlier versions. `RUN/TASK/NAME` is the one
 * that the task had in that run: its own, or the earlier one that was found up to date. `folders` hold the runs.
 */
export async function outputOf(lineage: Lineage, query: string, folders: readonly string[]): Promise<FoundOutput | UserError> {
  const [latest] = findOutputs(lineage, query);
  const found = latest ?? (await outputInRun(lineage, query, folders));
  if (found !== undefined) return found;
  const near = nearName(query, outputNames(lineage));
  return userError(`no recorded run made ${query}${near === undefined ? '' : ` (did you mean ${near}?)`}`);
}

/** A task id can have a slash, and so can a name. */
async function outputInRun(lineage: Lineage, query: string, folders: readonly string[]): Promise<FoundOutput | undefined> {
  const { run: reference, task: rest = '' } = splitReference(query);
  const run = rest.includes('/') ? await findRunIn(folders, reference) : undefined;
  if (run?.type !== 'found') return undefined;
  for (let slash = rest.indexOf('/'); slash !== -1; slash = rest.indexOf('/', slash + 1)) {
    const maker = lineage.of(run.runId, rest.slice(0, slash));
    const [found] = maker === undefined ? [] : findOutputs(lineage, `${maker.runId}/${maker.task}/${rest.slice(slash + 1)}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
