import { statSync } from 'node:fs';
import path from 'node:path';
import { exportRuns, isUrl } from '../../app/exporting/export-runs.ts';
import { exportTargets, isExportTarget } from '../../exporters/export-target.ts';
import { findRun } from '../../store/find-run.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { findRecords, namePath } from '../pipeline-file.ts';
import { reportError, userError } from '../user-error.ts';

/** `runweave export RUN… --to FORMAT`: to stdout, or into the file or folder that `--output` names. */
export async function exportCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json, to = 'otlp', output, baseline: baselineQuery, force } = line.options;
  if (to !== 'site' && !isExportTarget(to)) return reportError(userError(`--to ${to} is not known`), host, json);
  const place = findRecords(host.cwd, line.options.file);
  if (place.type === 'error') return reportError(place, host, json);
  const paths: string[] = [];
  // A baseline may be a record that is kept elsewhere.
  const file = baselineQuery === undefined ? undefined : path.resolve(host.cwd, baselineQuery);
  const isFile = file !== undefined && statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  for (const query of [...line.arguments, ...(baselineQuery === undefined || isFile ? [] : [baselineQuery])]) {
    const found = await findRun(place.records, query);
    if (found.type !== 'found') return reportError(userError(found.message), host, json);
    paths.push(found.path);
  }
  const baseline = isFile ? file : baselineQuery === undefined ? undefined : paths.pop();
  if (to === 'site') {
    if (output === undefined) return reportError(userError('--to site writes a folder: name it with --output'), host, json);
    const { writeSite } = await import('./site.ts');
    return writeSite(output, new Set(paths), line, host);
  }
  const stdout = exportTargets[to].output === 'file' && output === undefined;
  if (exportTargets[to].output === 'folder' && output === undefined) return reportError(userError(`--to ${to} writes several files: name a folder with --output`), host, json);
  if (exportTargets[to].output === 'collector' && output !== undefined && !isUrl(output)) return reportError(userError(`--to ${to} sends to a collector: --output ${output} is no URL, as http://localhost:4318 is one`), host, json);

  const stop = new AbortController();
  const ignore = host.onInterrupt(() => stop.abort());
  const { stderr } = host;
  const end = await exportRuns(
    { target: to, runs: paths, environment: host.environment, baseline, force, selfContained: line.options['self-contained'], title: line.options.title, output: output === undefined || isUrl(output) ? output : path.resolve(host.cwd, output) },
    {
      signal: stop.signal,
      write: (text) => host.stdout.write(text),
      onProgress: ({ done, total }) => {
        if (stderr.interactive && !stdout && !json && total > 1) stderr.write(done === total ? '\r\u001b[K' : `\r\u001b[K${done + 1} of ${total}`);
      },
    },
  );
  ignore();
  if (!end.ok) {
    const code = reportError(userError(end.message), host, json);
    return end.cancelled ? exitCodes.interrupted : code;
  }
  const written = end.written.map((file) => (isUrl(file) ? file : namePath(file, host.cwd)));
  if (!json) stderr.write([...end.notes.map((note) => `${stderr.style('yellow', 'note:')} ${note}`), ...written].map((text) => `${text}\n`).join(''));
  else if (!stdout) host.stdout.write(`${JSON.stringify({ written: end.written, notes: end.notes })}\n`);
  return exitCodes.success;
}
