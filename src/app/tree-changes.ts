/** How a git checkout differs from its commit: the diff, bounded, and the names of files that git does not know. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { TreeChanges } from '../model/run-event.ts';
import { storeObject } from '../recording/artifacts.ts';

/** In bytes. */
const longestDiff = 1024 * 1024;
const longestList = 256 * 1024;
const namedFiles = 200;
/** In a huge checkout on a slow disk git may take long; a run is not held up at its end for more than this, in milliseconds. */
const patience = 5000;

/** Whatever the user's own diffs look like, this one is to be applied again. */
const plainDiff = ['-c', 'diff.noprefix=false', '-c', 'diff.mnemonicPrefix=false', '-c', 'diff.relative=false'];

/** `undefined` outside a checkout, without git, and where nothing differs. `store` is `.runweave`. */
export async function treeChanges(store: string, folder: string, masked: (text: string) => string): Promise<TreeChanges | undefined> {
  const [diff, others] = await Promise.all([
    git(folder, longestDiff, [...plainDiff, 'diff', 'HEAD', '--no-color', '--no-ext-diff', '--no-textconv']),
    git(folder, longestList, ['ls-files', '--others', '--exclude-standard', '-z']),
  ]);
  const untracked = others === undefined ? [] : others.text.split('\0').slice(0, -1).filter((name) => !name.startsWith('.runweave/'));
  if ((diff === undefined || diff.text === '') && untracked.length === 0) return undefined;
  // A diff that was cut ends with a whole line: half a secret would not be found.
  const text = diff === undefined ? '' : masked(diff.isCut ? diff.text.slice(0, diff.text.lastIndexOf('\n') + 1) : diff.text);
  const stored = text === '' ? undefined : await storeObject(store, [Buffer.from(text)]);
  return {
    ...(stored !== undefined && { diff: stored.digest }),
    size: stored?.size ?? 0,
    truncated: diff?.isCut === true,
    untracked: untracked.slice(0, namedFiles),
    untrackedCount: untracked.length,
  };
}

/** Up to `limit` bytes of what git says; git is ended when it says more. */
function git(folder: string, limit: number, args: readonly string[]): Promise<{ readonly text: string; readonly isCut: boolean } | undefined> {
  return new Promise((resolve) => {
    // --no-optional-locks: never in the way of the user's own git.
    const child: ChildProcess = spawn('git', ['--no-optional-locks', ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true, timeout: patience });
    child.on('error', () => resolve(undefined));
    const chunks: Buffer[] = [];
    let length = 0;
    // Where no more files can be opened, it has none.
    child.stdout?.on('data', (chunk: Buffer) => {
      if (length > limit) return;
      chunks.push(chunk.subarray(0, limit - length));
      length += chunk.length;
      if (length > limit) child.kill();
    });
    child.on('close', (code) => {
      const isCut = length > limit;
      resolve(code === 0 || isCut ? { text: Buffer.concat(chunks).toString('utf8'), isCut } : undefined);
    });
  });
}
