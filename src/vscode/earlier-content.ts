/**
 * What a file contained when a task used it, found by the digest that was recorded: among the sources that are kept
 * beside the records, the other objects there, the kept outputs, and the file's commits. Knows nothing of `vscode`.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { digestOf } from '../fingerprint/file-digests.ts';
import { keptFolder } from '../fingerprint/kept-folder.ts';
import { objectFile, readKeptSmall } from '../fingerprint/kept-objects.ts';
import { hasDigest } from '../fingerprint/has-digest.ts';
import { absent, type Digest } from '../model/fingerprint.ts';
import { objectPath } from '../recording/artifacts.ts';

const run = promisify(execFile);
/** Commits of the file that are looked through, newest first. */
const mostCommits = 30;
/** Records that are looked through, newest first. */
const mostRecords = 50;
const patience = 5000;
const largest = 16 * 1024 * 1024;

export interface ContentQuestion {
  /** `.runweave`. */
  readonly store: string;
  /** The pipeline's folder. */
  readonly folder: string;
  /** Relative to the folder. */
  readonly path: string;
  /** Of the bytes, or of what a Python source means. */
  readonly digest: Digest;
  /** Git is a program, which a workspace can tell to start others: only where the workspace is trusted. */
  readonly askGit: boolean;
}

/** `undefined` when it is nowhere. Of a source that is compared by meaning, a content that means the same. */
export async function earlierContent(question: ContentQuestion): Promise<Uint8Array | undefined> {
  const { store, digest, askGit } = question;
  if (digest === absent) return new Uint8Array();
  // What is recorded may come from anybody, and the digest becomes a path.
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) return undefined;
  const files = [objectPath(store, digest), objectFile(keptFolder(store), digest)];
  for (const file of files) {
    const bytes = file === undefined ? undefined : await readFile(file).catch(() => undefined);
    if (bytes !== undefined && bytes.length <= largest && digestOf(bytes) === digest) return bytes;
  }
  const small = readKeptSmall(keptFolder(store), digest);
  if (small !== undefined) return small;
  return (await recordedSource(question)) ?? (askGit ? committed(question) : undefined);
}

/** Of the newest run that used the file in this state. Secrets are masked in it, so that its own digest is another. */
async function recordedSource({ store, path, digest }: ContentQuestion): Promise<Uint8Array | undefined> {
  const { runFiles } = await import('../store/run-files.ts');
  const { readRecordHead } = await import('../store/read-record.ts');
  const { sourceContent } = await import('../store/source-content.ts');
  const sealed = (await runFiles(store)).filter((file) => !file.live);
  for (const file of sealed.slice(0, mostRecords)) {
    const state = await readRecordHead(file.path).catch(() => undefined);
    const task = state?.tasks.find(({ fingerprint, sources }) => fingerprint?.sources[path] === digest && sources?.[path] !== undefined);
    const text = task?.sources?.[path] === undefined ? undefined : await sourceContent(store, task.sources[path]);
    if (text !== undefined) return Buffer.from(text);
  }
  return undefined;
}

async function committed({ folder, path, digest }: ContentQuestion): Promise<Uint8Array | undefined> {
  const cwd = join(folder, dirname(path));
  const name = path.split('/').at(-1) ?? path;
  const git = async (...args: readonly string[]): Promise<Buffer> =>
    (await run('git', ['-c', 'core.fsmonitor=false', '-c', 'log.showSignature=false', ...args], { cwd, encoding: 'buffer', timeout: patience, maxBuffer: largest, windowsHide: true })).stdout;
  try {
    const commits = (await git('log', '--format=%H', '-n', String(mostCommits), '--', `:(literal)${name}`)).toString().split('\n').filter((line) => line !== '');
    for (const commit of commits) {
      // A commit that removed the file has no content of it.
      const bytes = await git('cat-file', 'blob', `${commit}:./${name}`).catch(() => undefined);
      if (bytes !== undefined && hasDigest(bytes, path, digest)) return bytes;
    }
  } catch {
    // No git, no repository, or a file that was never committed.
  }
  return undefined;
}
