import { adviceFor } from '../../app/lock.ts';
import { keptLimit } from '../../app/kept-limit.ts';
import { collectGarbage, type Garbage, type Removed } from '../../app/collect-garbage.ts';
import { parseAge } from '../age.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { findRecords } from '../pipeline-file.ts';
import { formatBytes, plural } from '../text.ts';
import { fromProblem, reportError, userError } from '../user-error.ts';

/** `runweave gc`: frees disk space, or says how much could be. */
export async function gcCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, 'keep-runs': keepRuns, 'older-than': olderThan, 'dry-run': dryRun } = line.options;
  const age = olderThan === undefined ? undefined : parseAge(olderThan, '--older-than');
  if (typeof age === 'object') return reportError(age, host, json);
  const place = findRecords(host.cwd, line.options.file);
  if (place.type === 'error') return reportError(place, host, json);
  const { limit, mistake } = keptLimit(host.environment);
  if (mistake !== undefined) return reportError(userError(mistake), host, json);
  const result = await collectGarbage({ store: place.records, limit, keepRuns, olderThan: age === undefined ? undefined : host.now() - age, dryRun });
  if (result.type === 'held') {
    const { pid, host: machine, purpose } = result.holder;
    return reportError(fromProblem({ code: 'locked', message: `a ${purpose} with process id ${pid} on ${machine} is at work here. ${adviceFor(result)}` }), host, json);
  }
  if (result.type === 'refused') return reportError(fromProblem({ code: 'storage', message: result.message }), host, json);
  if (json) writeJson(host.stdout, result);
  else host.stdout.write(`${garbageLines(result).join('\n')}\n`);
  return exitCodes.success;
}

/** A line for each kind that there is any of, and the sum. */
export function garbageLines({ records, spared, artifacts, kept, left, leftovers, bytes, dryRun }: Garbage): readonly string[] {
  const of = ({ count, bytes: size }: Removed, what: string): readonly string[] => (count === 0 && size === 0 ? [] : [`${plural(count, what)}, ${formatBytes(size)}`]);
  return [
    ...of(records, 'record'),
    ...(spared === 0 ? [] : [`${plural(spared, 'old record')} kept: with a star or a tag, or of what tasks have now`]),
    ...of(artifacts, 'artifact'),
    ...of(kept, 'kept result'),
    ...of(leftovers, 'leftover'),
    `${formatBytes(bytes)} ${dryRun ? 'would be freed' : 'freed'}`,
    ...(bytes === 0 && left > 0 ? [`${formatBytes(left)} are kept to be restored, within the limit; to free them: RUNWEAVE_CACHE_LIMIT=0 runweave gc`] : []),
  ];
}
