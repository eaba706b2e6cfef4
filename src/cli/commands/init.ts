import { execFile } from 'node:child_process';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { pipelineTemplate } from '../../definition/template.ts';
import type { CommandLine } from '../arguments.ts';
import { exitCodes, type ExitCode, type Host } from '../host.ts';
import { writeJson } from '../json-output.ts';
import { repositoryOf, workflowFiles, workflowSubject } from '../workflows/write-workflows.ts';
import { namePath, pipelineFileNames } from '../pipeline-file.ts';
import { reportError, userError } from '../user-error.ts';

/** What is made anew by every run, or only of use on this machine. Records are worth keeping, also in git. */
const ignored = ['.runweave/cache/', '.runweave/live/', '.runweave/trash/', '.runweave/set-aside/'];

/** `runweave init`: writes a pipeline file to start from. Never overwrites one. */
export async function initCommand(line: CommandLine, host: Host): Promise<ExitCode> {
  const { json } = line.options;
  const file = resolve(host.cwd, line.options.file ?? pipelineFileNames[0]);
  const folder = dirname(file);
  if (!existsSync(folder)) return reportError(userError(`${namePath(folder, host.cwd)}: there is no such folder`), host, json);
  const other = pipelineFileNames.map((name) => join(folder, name)).find((path) => existsSync(path));
  const { github, gitlab } = line.options;
  const existing = existsSync(file) ? file : line.options.file === undefined ? other : undefined;
  if (existing !== undefined && !github && !gitlab) return reportError(userError(`${namePath(existing, host.cwd)} is there already; nothing was changed`), host, json);

  const repository = github || gitlab ? await repositoryOf(folder) : undefined;
  if (typeof repository === 'object') return reportError(repository, host, json);

  const made: string[] = [];
  const kept: string[] = [];
  const [pipeline, ...sources] = existing !== undefined ? [] : pipelineTemplate(basename(folder)).map(({ path, text }) => ({ path: join(folder, path), text }));
  for (const { path, text } of [...(pipeline === undefined ? [] : [{ ...pipeline, path: file }]), ...sources]) {
    ((await writeNew(path, text)) ? made : kept).push(path);
  }
  if (await isInGit(folder)) {
    const gitignore = join(folder, '.gitignore');
    if (await addIgnored(gitignore)) made.push(gitignore);
  }
  const notes: string[] = [];
  if (repository !== undefined) {
    const ready = await workflowSubject(existing ?? file, repository);
    if ('message' in ready) return reportError(ready, host, json);
    for (const { path, text, note } of workflowFiles(ready, { github, gitlab })) {
      const isNew = await writeNew(path, text);
      (isNew ? made : kept).push(path);
      if (isNew && note !== undefined) notes.push(note);
    }
  }
  if (json) {
    writeJson(host.stdout, { made, kept, notes });
    return exitCodes.success;
  }
  const { style } = host.stdout;
  host.stdout.write(
    `${[
      ...made.map((path) => `${style('green', '✓')} ${namePath(path, host.cwd)}`),
      ...kept.map((path) => `${style('yellow', '-')} ${namePath(path, host.cwd)} was there already, and was kept`),
      ...notes,
      '',
      'What to do next:',
      ...(github || gitlab ? ['  commit what was written, and push it'] : []),
      `  ${style('bold', 'runweave run')}      run the pipeline`,
      `  ${style('bold', 'runweave watch')}    run it again after every change`,
      `  ${style('bold', 'runweave doctor')}   check this machine`,
      style('dim', 'Runs are recorded in .runweave/runs: plain files, worth keeping and committing.'),
    ].join('\n')}\n`,
  );
  return exitCodes.success;
}

/** Whether the file was written; one that is there already is left as it is, also one that appears at this moment. */
async function writeNew(path: string, text: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isInGit(folder: string): Promise<boolean> {
  try {
    await promisify(execFile)('git', ['rev-parse', '--is-inside-work-tree'], { cwd: folder, timeout: 60_000, windowsHide: true });
    return true;
  } catch {
    return false;
  }
}

/** Whether something had to be added. */
async function addIgnored(file: string): Promise<boolean> {
  const text = existsSync(file) ? await readFile(file, 'utf8') : '';
  const lines = new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/^\//, '')));
  if (lines.has('.runweave/') || lines.has('.runweave')) return false;
  const missing = ignored.filter((entry) => !lines.has(entry) && !lines.has(entry.slice(0, -1)));
  if (missing.length === 0) return false;
  await appendFile(file, `${text === '' || text.endsWith('\n') ? '' : '\n'}${missing.join('\n')}\n`);
  return true;
}
