import { authorOf } from '../../app/author.ts';
import type { AnnotationChange } from '../../model/annotation.ts';
import { indexAnnotations } from '../../query/annotations.ts';
import { lineageOf } from '../../query/lineage.ts';
import { appendAnnotations, readAnnotations } from '../../store/annotations.ts';
import { readHeads } from '../../store/read-heads.ts';
import type { CommandLine } from '../arguments.ts';
import { outputOf } from '../find-output.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { findRecords } from '../pipeline-file.ts';
import { reportError, userError } from '../user-error.ts';
import { describeChange } from './annotate.ts';

/** `runweave flag OUTPUT`: this output is bad. */
export function flagCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { why } = line.options;
  return flag(line, host, { type: 'flag', on: true, ...(why !== undefined && { why }) });
}

/** `runweave unflag OUTPUT` */
export function unflagCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  return flag(line, host, { type: 'flag', on: false });
}

async function flag(line: CommandLine, host: Host, change: Extract<AnnotationChange, { readonly type: 'flag' }>): Promise<ExitCode> {
  const { json } = line.options;
  const place = findRecords(host.cwd, line.options.file);
  if (place.type === 'error') return reportError(place, host, json);
  const found = await outputOf(lineageOf(await readHeads(place.records)), line.arguments[0] ?? '', [place.records]);
  if ('type' in found) return reportError(found, host, json);
  const target = { runId: found.run.runId, task: found.run.task, output: found.name };
  const flags = indexAnnotations(await readAnnotations(place.records)).flags();
  const isFlagged = flags.some((each) => each.runId === target.runId && each.task === target.task && each.output === target.output);
  if (!change.on && !isFlagged) return reportError(userError(`${found.name} of ${target.runId} is not flagged`), host, json);
  const author = await authorOf(host.cwd);
  const made = await appendAnnotations(place.records, [{ target, change, ...(author !== undefined && { author }) }], new Date(host.now()));
  if (json) writeJson(host.stdout, { annotations: made });
  else host.stdout.write(`${found.name} of ${target.runId}/${target.task}: ${describeChange(change)}\n`);
  return exitCodes.success;
}
