import { nearName } from '../model/near-name.ts';
import { findOutputs, outputNames, type FoundOutput, type Lineage } from '../query/lineage.ts';
import { userError, type UserError } from './user-error.ts';

/** The latest output that `query` means; the others of that name are its earlier versions. */
export function outputOf(lineage: Lineage, query: string): FoundOutput | UserError {
  const [latest] = findOutputs(lineage, query);
  if (latest !== undefined) return latest;
  const near = nearName(query, outputNames(lineage));
  return userError(`no recorded run made ${query}${near === undefined ? '' : ` (did you mean ${near}?)`}`);
}
