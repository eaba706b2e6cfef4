/** Which workflow files a repository gets for a pipeline. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { version } from '../../app/installation.ts';
import { loadPipeline } from '../../definition/load-pipeline.ts';
import { pipelineFileNames } from '../pipeline-file.ts';
import { userError, type UserError } from '../user-error.ts';
import { githubWorkflow } from './github.ts';
import { gitlabWorkflow } from './gitlab.ts';
import type { WorkflowSubject } from './workflow.ts';

interface Subject extends WorkflowSubject {
  /** Absolute. */
  readonly repository: string;
}

interface WorkflowFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  /** What is left to do. */
  readonly note?: string;
}

/** What there is to know of a pipeline file and its repository. */
export async function workflowSubject(file: string): Promise<Subject | UserError> {
  const folder = dirname(file);
  const repository = await git(folder, 'rev-parse', '--show-toplevel');
  if (repository === undefined) return userError('a workflow belongs to a git repository, and this folder is in none: git init makes one');
  const { pipeline } = loadPipeline({ file, text: await readFile(file, 'utf8'), environment: process.env, fileExists: existsSync });
  if (pipeline === undefined) return userError(`${basename(file)} has mistakes: runweave plan shows them`);
  const isPython = pipeline.tasks.some((task) => task.source.kind !== 'shell');
  // What a remote calls its main branch, else the one that is checked out.
  const remote = (await git(folder, 'symbolic-ref', '--short', 'refs/remotes/origin/HEAD'))?.replace(/^origin\//, '');
  return {
    repository,
    name: pipeline.name,
    folder: relative(repository, await realpath(folder)).replaceAll(sep, '/') || '.',
    file: pipelineFileNames.some((name) => name === basename(file)) ? undefined : basename(file),
    requirements: isPython ? ['requirements.txt', 'pyproject.toml'].filter((name) => existsSync(join(folder, name))).slice(0, 1) : [],
    branch: remote ?? (await git(folder, 'symbolic-ref', '--short', 'HEAD')) ?? 'main',
    version,
  };
}

/** The files, none of which is there in a repository that has no other workflow of this name. */
export function workflowFiles(subject: Subject, { github, gitlab }: { readonly github: boolean; readonly gitlab: boolean }): readonly WorkflowFile[] {
  const suffix = subject.folder === '.' && subject.file === undefined ? '' : `-${subject.name}`;
  const files: WorkflowFile[] = [];
  if (github) {
    files.push({
      path: join(subject.repository, '.github', 'workflows', `runweave${suffix}.yml`),
      text: githubWorkflow(subject),
      note: 'For the website, choose "GitHub Actions" as the source under Settings › Pages of the repository.',
    });
  }
  if (gitlab) {
    const main = join(subject.repository, '.gitlab-ci.yml');
    const own = join('.gitlab', `runweave${suffix}.gitlab-ci.yml`);
    const include = `include:\n  - local: ${own.replaceAll(sep, '/')}\n`;
    files.push({ path: join(subject.repository, own), text: gitlabWorkflow(subject), ...(existsSync(main) && { note: `Add to .gitlab-ci.yml:\n${include}` }) });
    if (!existsSync(main)) files.push({ path: main, text: include });
  }
  return files;
}

async function git(folder: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)('git', args, { cwd: folder, timeout: 10_000, windowsHide: true })).stdout.trim();
  } catch {
    return undefined;
  }
}
