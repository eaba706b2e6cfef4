import { findRun } from '../../store/find-run.ts';
import { moveToTrash } from '../../store/trash.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { findRecords, namePath } from '../pipeline-file.ts';
import { plural } from '../text.ts';
import { reportError, userError } from '../user-error.ts';

/** `runweave delete RUN…`: into the trash, all or none. */
export async function deleteCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json } = line.options;
  const place = findRecords(host.cwd, line.options.file);
  if (place.type === 'error') return reportError(place, host, json);
  const found = new Map<string, string>();
  for (const reference of line.arguments) {
    const run = await findRun(place.records, reference);
    if (run.type !== 'found') return reportError(userError(run.message), host, json);
    if (!/\.otlp\.jsonl?$/.test(run.path)) return reportError(userError(`${run.runId} is in progress: stop it first`), host, json);
    found.set(run.runId, run.path);
  }
  const folder = await moveToTrash(place.records, [...found.values()], new Date(host.now()));
  if (json) writeJson(host.stdout, { deleted: [...found.keys()], folder });
  else host.stdout.write(`deleted ${plural(found.size, 'run')}, kept in ${namePath(folder, host.cwd)} for 30 days. Back again with: runweave undo\n`);
  return exitCodes.success;
}
