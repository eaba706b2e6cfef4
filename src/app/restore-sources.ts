/**
 * The code of a recorded run, put into a new folder: a git worktree at the run's commit with its uncommitted changes,
 * and over that what was kept of the sources which the tasks used. Where the commit is not there, what was kept alone.
 *
 * A record may come from anybody: nothing is written outside the new folder, through no link, and no name of a
 * revision is given to git that is not a hash.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { lstat, mkdir, readFile, readdir, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { hasDigest } from '../fingerprint/has-digest.ts';
import type { RunState } from '../model/run-state.ts';
import { interpreterPath, interpreterVersion, vcsRefHeadRevision } from '../model/semantic-conventions.ts';
import { runSources } from '../query/run-sources.ts';
import { sourceContent } from '../store/source-content.ts';

const run = promisify(execFile);

export interface RestoreRequest {
  readonly state: RunState;
  /** `.runweave` of the record. */
  readonly store: string;
  /** The pipeline's folder, in the repository that is asked for the commit. */
  readonly folder: string;
  /** Absolute; is made, and must not hold anything. */
  readonly target: string;
}

export type RestoreResult =
  | {
      readonly type: 'restored';
      /** Absolute path of the pipeline file, whether it is there or not. */
      readonly file: string;
      /** The worktree's commit; absent where there is none. */
      readonly commit?: string;
      /** Files that were written from what was kept, relative to the pipeline's folder. */
      readonly written: readonly string[];
      /** What is not as it was, for people. */
      readonly notes: readonly string[];
    }
  | { readonly type: 'refused'; readonly message: string };

export async function restoreSources({ state, store, folder, target }: RestoreRequest): Promise<RestoreResult> {
  const sources = runSources(state);
  const there = await readdir(target).catch((error: unknown) => ((error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : undefined));
  if (there === undefined || there.length > 0) return { type: 'refused', message: `${target} is not empty; name a folder that is not there yet` };
  const notes: string[] = [];
  const worktree = await addWorktree(state, folder, target);
  if (worktree?.type === 'refused') return worktree;
  if (worktree === undefined && sources.length === 0) return { type: 'refused', message: `no source of ${state.runId} was kept, and its commit is not in this repository` };
  await mkdir(target, { recursive: true });
  if (worktree !== undefined) notes.push(...(await applyChanges(state, store, target)));
  else if (state.resource[vcsRefHeadRevision] !== undefined) notes.push('the commit of the run is not in this repository: only files that tasks used were restored');
  const base = path.join(target, worktree?.prefix ?? '');
  const written: string[] = [];
  for (const [name, content] of latest(sources)) {
    const text = await sourceContent(store, content.digest);
    const outcome = text === undefined ? undefined : await putBack(target, base, name, text, content.meaning);
    if (text === undefined && worktree === undefined) notes.push(`${name}: what it contained is no longer here`);
    else if (outcome === 'outside') notes.push(`${name} is outside of the folder, and was left out`);
    else if (outcome === 'masked') notes.push(`${name} holds a secret, which no record has: *** stands for it`);
    if (outcome === 'written' || outcome === 'masked') written.push(name);
  }
  const [used, version] = [state.resource[interpreterPath], state.resource[interpreterVersion]];
  if (typeof used === 'string' && used.startsWith(folder + path.sep)) notes.push(`the run used ${used}${typeof version === 'string' ? ` (${version})` : ''}, which is not in the new folder`);
  return { type: 'restored', file: path.join(base, path.posix.basename(state.pipeline.file)), ...(worktree !== undefined && { commit: worktree.commit }), written, notes };
}

/** Of a file that changed during the run, what was used last. */
function latest(sources: ReturnType<typeof runSources>): ReadonlyMap<string, { readonly digest: ReturnType<typeof runSources>[number]['content']; readonly meaning: ReturnType<typeof runSources>[number]['meaning'] }> {
  return new Map(sources.map(({ path: name, content, meaning }) => [name, { digest: content, meaning }]));
}

interface Worktree {
  readonly type: 'worktree';
  readonly commit: string;
  /** The pipeline's folder, relative to the root of the repository. */
  readonly prefix: string;
}

/** `undefined` where there is no such commit. */
async function addWorktree({ resource }: RunState, folder: string, target: string): Promise<Worktree | { readonly type: 'refused'; readonly message: string } | undefined> {
  const commit = resource[vcsRefHeadRevision];
  if (typeof commit !== 'string' || !/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(commit)) return undefined;
  const git = async (...args: readonly string[]): Promise<string> => (await run('git', ['-c', 'core.fsmonitor=false', ...args], { cwd: folder, windowsHide: true, maxBuffer: 16 * 1024 * 1024 })).stdout;
  const prefix = await git('cat-file', '-e', `${commit}^{commit}`).then(() => git('rev-parse', '--show-prefix'), () => undefined);
  if (prefix === undefined) return undefined;
  try {
    await git('worktree', 'add', '--quiet', '--detach', '--', target, commit);
  } catch (error) {
    const { stderr = '', message } = error as Error & { readonly stderr?: string };
    const said = stderr.trim().split('\n').at(-1) ?? '';
    return { type: 'refused', message: `git could not make the worktree: ${said === '' ? message : said}` };
  }
  return { type: 'worktree', commit, prefix: prefix.replace(/\r?\n$/, '') };
}

/** The uncommitted changes, as far as they were kept and can be applied. Returns what could not. */
async function applyChanges({ changes }: RunState, store: string, target: string): Promise<readonly string[]> {
  if (changes === undefined) return [];
  const notes: string[] = [];
  const text = changes.diff === undefined ? '' : await sourceContent(store, changes.diff);
  if (text === undefined) notes.push('the uncommitted changes of the run are no longer here');
  const { parts, binary } = splitDiff(text ?? '', changes.truncated);
  if (binary.length > 0) notes.push(`changes of files that are no text are not in a record: ${some(binary)}`);
  if (changes.truncated) notes.push('the uncommitted changes were too long to be kept whole');
  if (parts.length > 0 && !(await apply(target, parts.map((part) => part.text).join('')))) {
    const failed: string[] = [];
    for (const part of parts) if (!(await apply(target, part.text))) failed.push(part.name);
    if (failed.length > 0) notes.push(`uncommitted changes that could not be applied: ${some(failed)}`);
  }
  if (changes.untrackedCount > 0) notes.push(`of ${changes.untrackedCount} files that git did not track, those are here that tasks used as sources`);
  return notes;
}

function some(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ');
}

/** By files. The last part of a diff that was cut is not whole. */
export function splitDiff(diff: string, truncated: boolean): { readonly parts: readonly { readonly name: string; readonly text: string }[]; readonly binary: readonly string[] } {
  const all = diff.split(/^(?=diff --git )/m).filter((text) => text.startsWith('diff --git '));
  const named = (truncated ? all.slice(0, -1) : all).map((text) => ({ name: /^diff --git "?a\/(.*?)"? "?b\//.exec(text)?.[1] ?? 'a file', text }));
  const isBinary = ({ text }: { readonly text: string }): boolean => /^Binary files .* differ$/m.test(text) && !/^@@ /m.test(text);
  return { parts: named.filter((part) => !isBinary(part)), binary: named.filter(isBinary).map(({ name }) => name) };
}

function apply(folder: string, diff: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child: ChildProcess = spawn('git', ['-c', 'core.fsmonitor=false', 'apply', '--whitespace=nowarn', '-'], { cwd: folder, stdio: ['pipe', 'ignore', 'ignore'], windowsHide: true });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
    // Where no more files can be opened, it has none.
    child.stdin?.on('error', () => undefined).end(diff);
  });
}

type PutBack = 'there' | 'written' | 'masked' | 'outside';

async function putBack(target: string, base: string, name: string, text: string, meaning: Parameters<typeof hasDigest>[2] | undefined): Promise<PutBack> {
  const file = path.resolve(base, name);
  if (!(await isInside(target, file))) return 'outside';
  const now = await readFile(file).catch(() => undefined);
  if (now !== undefined && (now.toString('utf8') === text || (meaning !== undefined && hasDigest(now, name, meaning)) || isUnmasked(now.toString('utf8'), text))) return 'there';
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  return text.includes('***') ? 'masked' : 'written';
}

/** Whether `text` with its secrets masked is `masked`. */
function isUnmasked(text: string, masked: string): boolean {
  const parts = masked.split('***');
  if (parts.length === 1) return false;
  const [first = '', ...rest] = parts;
  const last = rest.at(-1) ?? '';
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    at = text.indexOf(part, at);
    if (at === -1) return false;
    at += part.length;
  }
  return true;
}

/** By names, and by what links on the way lead to. */
async function isInside(folder: string, file: string): Promise<boolean> {
  const within = (parent: string, child: string): boolean => {
    const way = path.relative(parent, child);
    return way !== '' && way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
  };
  if (!within(folder, file) || path.relative(folder, file).split(path.sep).some((part) => part.toLowerCase() === '.git')) return false;
  if ((await lstat(file).catch(() => undefined))?.isSymbolicLink() === true) return false;
  let above = path.dirname(file);
  while (above !== folder && (await lstat(above).catch(() => undefined)) === undefined) above = path.dirname(above);
  const [root, real] = await Promise.all([realpath(folder), realpath(above).catch(() => undefined)]);
  return real !== undefined && (real === root || within(root, real));
}
