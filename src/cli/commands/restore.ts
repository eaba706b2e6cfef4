import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { restoreParams } from '../../app/restore-params.ts';
import { restoreSources } from '../../app/restore-sources.ts';
import { applyEdits, type ParamChange } from '../../definition/edit-params.ts';
import type { RunState } from '../../model/run-state.ts';
import { jsonText } from '../../model/whole-float.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { openRun } from '../open-run.ts';
import { findPipelineFile, findRecords, namePath } from '../pipeline-file.ts';
import { oneLine } from '../progress/task-lines.ts';
import { plural } from '../text.ts';
import { reportError, userError, type UserError } from '../user-error.ts';

/** `runweave restore RUN`: its parameters into the pipeline file, its code into a new folder. */
export async function restoreCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, file, params, sources, 'dry-run': dryRun } = line.options;
  const fail = (message: string): ExitCode => reportError(userError(message), host, json);
  if (!params && sources === undefined) return fail('say what to restore: --params, --sources DIR, or both');
  if (dryRun && sources !== undefined) return fail('--dry-run says what --params would change; --sources only writes into a new folder');
  const run = await openRun(line.arguments[0] ?? '', line, host);
  if (run.type === 'error') return reportError(run, host, json);
  const { state } = run;
  const lines: string[] = [];
  const told: Record<string, unknown> = { run: state.runId };

  let pipelineFile: string | undefined;
  if (sources !== undefined) {
    const records = findRecords(host.cwd, file);
    if (records.type === 'error') return reportError(records, host, json);
    const restored = await restoreSources({ state, store: records.records, folder: path.dirname(records.records), target: path.resolve(host.cwd, sources) });
    if (restored.type === 'refused') return fail(restored.message);
    const { commit, written, notes } = restored;
    pipelineFile = restored.file;
    told['sources'] = { folder: path.dirname(pipelineFile), commit, written, notes };
    const origin = commit === undefined ? `${plural(written.length, 'file')} that ${written.length === 1 ? 'was' : 'were'} kept` : `a worktree at ${commit.slice(0, 8)}${written.length === 0 ? '' : `, and ${plural(written.length, 'file')} as kept`}`;
    lines.push(`${namePath(path.resolve(host.cwd, sources), host.cwd)}: ${origin}`, ...notes.map((note) => `  ${host.stdout.style('yellow', '!')} ${oneLine(note)}`));
  }

  if (params) {
    const written = writeParams(state, pipelineFile, line, host);
    if ('type' in written) return reportError(written, host, json);
    told['params'] = { file: written.file, changed: written.changes, masked: written.masked };
    const name = namePath(written.file, host.cwd);
    lines.push(written.changes.length === 0 ? `${name} has these parameters already` : `${name}: ${plural(written.changes.length, 'parameter')}${dryRun ? ' would change' : ''}`);
    lines.push(...written.changes.map(({ name: param, from, to }) => `  ${param}: ${from === undefined ? 'not there' : oneLine(jsonText(from))} → ${oneLine(jsonText(to))}`));
    if (written.masked.length > 0) lines.push(`  ${host.stdout.style('yellow', '!')} left as they are, as they hold secrets: ${written.masked.join(', ')}`);
  }
  if (pipelineFile !== undefined) lines.push(`run it: cd ${namePath(path.dirname(pipelineFile), host.cwd)} && runweave run`);
  if (json) writeJson(host.stdout, told);
  else host.stdout.write(`${lines.join('\n')}\n`);
  return exitCodes.success;
}

interface WrittenParams {
  readonly file: string;
  readonly changes: readonly ParamChange[];
  readonly masked: readonly string[];
}

/** Into `restored`, or into the pipeline file that the command is about. */
function writeParams(state: RunState, restored: string | undefined, line: CommandLine, host: Host): WrittenParams | UserError {
  const recorded = path.posix.basename(state.pipeline.file);
  let file = restored;
  if (file === undefined) {
    const place = findPipelineFile(host.cwd, line.options.file);
    if (place.type === 'error') return place;
    if (path.basename(place.file) !== recorded) return userError(`${state.runId} is a run of ${recorded}, not of ${path.basename(place.file)}: add --file ${recorded}`);
    ({ file } = place);
  }
  if (!existsSync(file)) return userError(`${recorded} of this run was not kept, so there is no file to write its parameters into`);
  const bytes = readFileSync(file, 'utf8');
  const mark = bytes.startsWith('\ufeff') ? '\ufeff' : '';
  const text = bytes.slice(mark.length);
  const edits = restoreParams(state, file, text, host.environment);
  if (edits.type === 'refused') return userError(`${namePath(file, host.cwd)}: ${edits.message}`);
  if (edits.edits.length > 0 && !line.options['dry-run']) writeFileSync(file, mark + applyEdits(text, edits.edits));
  return { file, changes: edits.changes, masked: edits.masked };
}
