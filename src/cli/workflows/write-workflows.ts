/** Which workflow files a repository gets for a pipeline. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { disk } from '../../app/disk.ts';
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

/** The git repository of a folder: what is asked before anything is written. */
export async function repositoryOf(folder: string): Promise<string | UserError> {
  return (await git(folder, 'rev-parse', '--show-toplevel')) ?? userError('a workflow belongs to a git repository, and this folder is in none: git init makes one');
}

/** What there is to know of a pipeline file in that repository. */
export async function workflowSubject(file: string, repository: string): Promise<Subject | UserError> {
  const folder = dirname(file);
  const { pipeline } = loadPipeline({ file, text: await readFile(file, 'utf8'), environment: process.env, disk });
  if (pipeline === undefined) return userError(`${basename(file)} has mistakes: runweave plan shows them`);
  const isPython = pipeline.tasks.some((task) => task.source.kind !== 'shell');
  // What a remote calls its main branch, else `main` or `master`, else the one that is checked out.
  const remote = (await git(folder, 'symbolic-ref', '--short', 'refs/remotes/origin/HEAD'))?.replace(/^origin\//, '');
  const real = await realpath(folder);
  const inRepository = relative(repository, real).replaceAll(sep, '/') || '.';
  const named = pipelineFileNames.some((name) => name === basename(file)) ? undefined : basename(file);
  return {
    repository,
    name: pipeline.name.replaceAll(/\s+/g, ' '),
    key: workflowKey(inRepository, named),
    folder: inRepository,
    file: named,
    requirements: isPython ? findRequirements(real, repository) : undefined,
    branch: remote ?? (await mainBranch(folder)),
    version,
  };
}

/** The files, none of which is there in a repository that has no other workflow of this name. */
export function workflowFiles(subject: Subject, { github, gitlab }: { readonly github: boolean; readonly gitlab: boolean }): readonly WorkflowFile[] {
  const suffix = subject.key === 'pipeline' ? '' : `-${subject.key}`;
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

/** By its place, as several pipelines of a repository may have one name. */
function workflowKey(folder: string, file: string | undefined): string {
  const place = [...(folder === '.' ? [] : [folder]), ...(file === undefined ? [] : [file.replace(/\.ya?ml$/, '')])].join('-');
  return place.replaceAll(/[^\w.-]+/g, '-').replace(/^[.-]+/, '') || 'pipeline';
}

/** In the pipeline's folder, or the nearest above it up to the repository's. */
function findRequirements(from: string, repository: string): string | undefined {
  const top = relative(from, repository).split(sep).filter((part) => part !== '').length;
  for (let up = 0; up <= top; up += 1) {
    const found = ['requirements.txt', 'pyproject.toml'].map((name) => `${'../'.repeat(up)}${name}`).find((name) => existsSync(join(from, name)));
    if (found !== undefined) return found;
  }
  return undefined;
}

async function mainBranch(folder: string): Promise<string> {
  for (const name of ['main', 'master']) if ((await git(folder, 'rev-parse', '--verify', '--quiet', `refs/heads/${name}`)) !== undefined) return name;
  return (await git(folder, 'symbolic-ref', '--short', 'HEAD')) ?? 'main';
}

async function git(folder: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)('git', args, { cwd: folder, timeout: 60_000, windowsHide: true })).stdout.trim();
  } catch {
    return undefined;
  }
}
