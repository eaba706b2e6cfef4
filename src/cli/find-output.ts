import { nearName } from '../model/near-name.ts';
import { findOutputs, type FoundOutput, type Lineage } from '../query/lineage.ts';
import { userError, type UserError } from './user-error.ts';

/** The latest output that `query` means; the others of that name are its earlier versions. */
export function outputOf(lineage: Lineage, query: string): FoundOutput | UserError {
  const [latest] = findOutputs(lineage, query);
  if (latest !== undefined) return latest;
  const names = lineage.all().flatMap((run) => [...run.outputs.map((output) => output.path), ...run.artifacts.map((artifact) => artifact.name), ...[...Object.keys(run.returns), ...run.metrics].map((name) => `${run.task}.${name}`)]);
  const near = nearName(query, new Set(names));
  return userError(`no recorded run made ${query}${near === undefined ? '' : ` (did you mean ${near}?)`}`);
}
