import { basename, join } from 'node:path';
import { convertDvc } from '../../app/importing/convert-dvc.ts';
import { importRuns, type ImportHooks, type ImportReport } from '../../app/importing/import-runs.ts';
import { databasePath, fileStoreOf, isDatabase } from '../../app/importing/mlflow-database.ts';
import { problemText } from '../../importers/source.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { findRecords, namePath } from '../pipeline-file.ts';
import { fit, oneLine } from '../progress/task-lines.ts';
import { plural } from '../text.ts';
import { reportError, userError } from '../user-error.ts';

/** `runweave import`: other tools' runs into `.runweave`, which is made here where there is none. */
export async function importCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, file, convert } = line.options;
  if (convert) return convertCommand(line.arguments, host, json);
  const place = findRecords(host.cwd, file);
  if (place.type === 'error' && file !== undefined) return reportError(place, host, json);
  const store = place.type === 'error' ? join(host.cwd, '.runweave') : place.records;
  const stop = new AbortController();
  const ignore = host.onInterrupt(() => stop.abort());
  const { stderr } = host;
  const hooks = {
    signal: stop.signal,
    onProgress: ({ done, total, name, runs: count }: Parameters<NonNullable<ImportHooks['onProgress']>>[0]) => {
      if (stderr.interactive && !json) stderr.write(`\r\u001b[K${fit(`${total > 1 ? `${done + 1} of ${total}: ` : ''}${oneLine(name)}${count === 0 ? '' : `, ${plural(count, 'run')}`}`, host.stdout.columns())}`);
    },
  };
  const { runs, problems, cancelled } = await importAll(store, line.arguments, host, hooks);
  if (stderr.interactive && !json) stderr.write('\r\u001b[K');
  ignore();
  const code = cancelled === true ? exitCodes.interrupted : runs.length === 0 ? exitCodes.badUsage : exitCodes.success;
  if (json) {
    writeJson(host.stdout, { runs, problems });
    return code;
  }
  const { style } = host.stdout;
  for (const { runId, format, source, tasks, existed } of runs) {
    const what = existed ? style('dim', 'already there') : plural(tasks, 'task');
    host.stdout.write(`${runId}  ${format}  ${what}  ${style('dim', oneLine(namePath(source, host.cwd)))}\n`);
  }
  for (const problem of problems) host.stderr.write(`${host.stderr.style(runs.length === 0 ? 'red' : 'yellow', runs.length === 0 ? 'error:' : 'warning:')} ${oneLine(problemText(problem))}\n`);
  return code;
}

/** Files and folders, and databases, which are made file stores first. */
async function importAll(store: string, names: readonly string[], { cwd, environment }: Host, hooks: ImportHooks & { readonly signal: AbortSignal }): Promise<ImportReport> {
  const databases: string[] = [];
  for (const name of names) if (await isDatabase(databasePath(cwd, name))) databases.push(name);
  let report = await importRuns(store, names.filter((name) => !databases.includes(name)), cwd, hooks);
  for (const name of databases) {
    if (hooks.signal.aborted) return { ...report, cancelled: true };
    const file = databasePath(cwd, name);
    const made = await fileStoreOf(file, cwd, environment, hooks.signal);
    if (!made.ok) {
      if (made.cancelled) return { ...report, cancelled: true };
      report = { ...report, problems: [...report.problems, { file: name, message: made.message }] };
      continue;
    }
    const of = await importRuns(store, [basename(file)], made.parent, { ...hooks, placed: made.placed }).finally(made.remove);
    report = { ...report, ...of, runs: [...report.runs, ...of.runs], problems: [...report.problems, ...made.notes.map((message) => ({ file: name, message })), ...of.problems] };
  }
  return report;
}

async function convertCommand(names: readonly string[], host: Host, json: boolean): Promise<ExitCode> {
  for (const name of names) {
    const converted = await convertDvc(host.cwd, name);
    if (!converted.ok) return reportError(userError(`${name}: ${converted.message}`), host, json);
    if (json) writeJson(host.stdout, { file: converted.file, notes: converted.notes });
    else host.stdout.write(`${[`wrote ${namePath(converted.file, host.cwd)}. Look at it, then: runweave plan`, ...converted.notes.map((note) => `  ${oneLine(note)}`)].join('\n')}\n`);
  }
  return exitCodes.success;
}
