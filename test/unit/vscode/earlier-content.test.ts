import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { digestOf } from '../../../src/fingerprint/file-digests.ts';
import { keptFolder } from '../../../src/fingerprint/kept-folder.ts';
import { objectFile, openKeptObjects } from '../../../src/fingerprint/kept-objects.ts';
import { meaningOf } from '../../../src/fingerprint/meaning.ts';
import { absent, type Digest } from '../../../src/model/fingerprint.ts';
import { objectPath } from '../../../src/recording/artifacts.ts';
import { earlierContent } from '../../../src/vscode/earlier-content.ts';

function workspace(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'earlier-')));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function commit(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) write(join(folder, name), text);
  const git = (...args: readonly string[]): void => void execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], { cwd: folder, stdio: 'ignore' });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'a state');
}

async function textOf(folder: string, path: string, digest: Digest, askGit = true): Promise<string | undefined> {
  const bytes = await earlierContent({ folder, store: join(folder, '.runweave'), path, digest, askGit });
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

describe('earlierContent', () => {
  it('finds what was recorded, or kept, under its digest', async (t) => {
    const folder = workspace(t);
    write(objectPath(join(folder, '.runweave'), digestOf('recorded')) ?? '', 'recorded');
    const kept = keptFolder(join(folder, '.runweave'));
    const large = 'large'.repeat(1000);
    write(objectFile(kept, digestOf(large)), large);
    write(join(folder, 'small'), 'kept');
    await openKeptObjects(kept).store(join(folder, 'small'), digestOf('kept'), 4);
    assert.equal(await textOf(folder, 'a.txt', digestOf('recorded'), false), 'recorded');
    assert.equal(await textOf(folder, 'a.txt', digestOf('kept'), false), 'kept');
    assert.equal(await textOf(folder, 'a.txt', digestOf(large), false), large);
    assert.equal(await textOf(folder, 'a.txt', absent), '');
  });

  it('takes no object whose bytes are others', async (t) => {
    const folder = workspace(t);
    write(objectPath(join(folder, '.runweave'), digestOf('recorded')) ?? '', 'damaged');
    assert.equal(await textOf(folder, 'a.txt', digestOf('recorded')), undefined);
  });

  it('finds an earlier commit of a file, by its bytes or by its meaning', async (t) => {
    const folder = workspace(t);
    commit(folder, { 'lib/[a] b.py': 'x = 1  # first\n' });
    commit(folder, { 'lib/[a] b.py': 'x = 2\n' });
    assert.equal(await textOf(folder, 'lib/[a] b.py', digestOf('x = 2\n')), 'x = 2\n');
    const meaning = meaningOf(Buffer.from('x = 1\n'), 'python', false)?.code;
    assert.ok(meaning !== undefined);
    assert.equal(await textOf(folder, 'lib/[a] b.py', meaning), 'x = 1  # first\n');
    assert.equal(await textOf(folder, 'lib/[a] b.py', digestOf('x = 3\n')), undefined);
  });

  it('starts no git where it may not, and makes no path of what is no digest', async (t) => {
    const folder = workspace(t);
    commit(folder, { 'a.py': 'x = 1\n' });
    assert.equal(await textOf(folder, 'a.py', digestOf('x = 1\n'), false), undefined);
    write(join(folder, 'secret'), 'secret');
    assert.equal(await textOf(folder, 'a.py', 'sha256:/../../../../../secret' as Digest), undefined);
  });
});
