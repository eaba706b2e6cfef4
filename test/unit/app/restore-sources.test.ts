import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { restoreSources, splitDiff, type RestoreResult } from '../../../src/app/restore-sources.ts';
import { treeChanges } from '../../../src/app/tree-changes.ts';
import type { Digest } from '../../../src/model/fingerprint.ts';
import type { TreeChanges } from '../../../src/model/run-event.ts';
import type { RunState } from '../../../src/model/run-state.ts';
import { storeObject } from '../../../src/recording/artifacts.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

interface Place {
  readonly root: string;
  /** The pipeline's, within the repository. */
  readonly folder: string;
  readonly store: string;
  readonly target: string;
  readonly git: (...args: readonly string[]) => string;
  readonly keep: (text: string) => Promise<Digest>;
  readonly restore: (state: RunState) => Promise<RestoreResult>;
}

function place(t: Parameters<typeof temporaryFolder>[0]): Place {
  const base = temporaryFolder(t);
  const root = path.join(base, 'repo');
  const folder = path.join(root, 'pipe');
  const store = path.join(folder, '.runweave');
  const target = path.join(base, 'copy');
  mkdirSync(folder, { recursive: true });
  const git = (...args: readonly string[]): string => execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return { root, folder, store, target, git, keep: async (text) => (await storeObject(store, [Buffer.from(text)])).digest, restore: (state) => restoreSources({ state, store, folder, target }) };
}

function stateOf(sources: Readonly<Record<string, Digest>>, more: { readonly commit?: string; readonly changes?: TreeChanges | undefined; readonly pipelineFile?: Digest } = {}): RunState {
  const { commit, ...rest } = more;
  return { runId: 'r', pipeline: { name: 'p', file: 'runweave.yaml' }, resource: commit === undefined ? {} : { 'vcs.ref.head.revision': commit }, params: {}, tasks: [{ node: { id: 'a' }, sources }], ...rest } as unknown as RunState;
}
const read = (...parts: readonly string[]): string => readFileSync(path.join(...parts), 'utf8');

describe('restoring sources', () => {
  it('makes a worktree at the commit, with its uncommitted changes and what git did not track', async (t) => {
    const { root, folder, store, target, git, keep, restore } = place(t);
    git('init', '--quiet');
    for (const [name, text] of [['runweave.yaml', 'tasks: {}\n'], ['a.py', 'one\n'], ['other.txt', 'one\n']] as const) writeFileSync(path.join(folder, name), text);
    writeFileSync(path.join(root, 'picture.bin'), Buffer.from([0, 1, 2]));
    git('add', '.');
    git('commit', '--quiet', '-m', 'one');
    const commit = git('rev-parse', 'HEAD').trim();
    // A diff that this person sees otherwise is kept in the usual form.
    git('config', 'diff.noprefix', 'true');
    git('config', 'diff.relative', 'true');
    writeFileSync(path.join(folder, 'a.py'), 'changed\n');
    writeFileSync(path.join(folder, 'other.txt'), 'changed too\n');
    writeFileSync(path.join(root, 'picture.bin'), Buffer.from([0, 9, 9]));
    const changes = await treeChanges(store, folder, (text) => text);
    const state = stateOf({ 'a.py': await keep('changed\n'), 'new.py': await keep('untracked\n') }, { commit, changes });
    writeFileSync(path.join(folder, 'a.py'), 'later\n');
    git('commit', '--quiet', '-am', 'later');

    const restored = await restore(state);
    assert.ok(restored.type === 'restored');
    assert.deepEqual([restored.commit, restored.written, restored.file], [commit, ['new.py'], path.join(target, 'pipe', 'runweave.yaml')]);
    assert.deepEqual(['a.py', 'other.txt', 'new.py'].map((name) => read(target, 'pipe', name)), ['changed\n', 'changed too\n', 'untracked\n']);
    assert.match(restored.notes.join('; '), /picture\.bin/);
    assert.equal(read(folder, 'a.py'), 'later\n');
    assert.match(git('worktree', 'list'), /copy/);
  });

  it('makes a folder of what was kept where there is no such commit', async (t) => {
    const { target, keep, restore } = place(t);
    const restored = await restore(stateOf({ 'tasks/a.py': await keep('a\n'), 'gone.py': `sha256:${'0'.repeat(64)}` as Digest }, { pipelineFile: await keep('tasks: {}\n'), commit: 'f'.repeat(40) }));
    assert.ok(restored.type === 'restored');
    assert.deepEqual([restored.commit, restored.written], [undefined, ['runweave.yaml', 'tasks/a.py']]);
    assert.equal(read(target, 'tasks', 'a.py'), 'a\n');
    assert.match(restored.notes.join('; '), /not in this repository.*gone\.py/);
  });

  it('leaves a file that has its secret, and says where one is missing', async (t) => {
    const { folder, target, git, keep, restore } = place(t);
    git('init', '--quiet');
    writeFileSync(path.join(folder, 'a.py'), 'key = "hunter22"\nend\n');
    git('add', '.');
    git('commit', '--quiet', '-m', 'one');
    const masked = await keep('key = "***"\nend\n');
    const restored = await restore(stateOf({ 'a.py': masked, 'b.py': masked }, { commit: git('rev-parse', 'HEAD').trim() }));
    assert.ok(restored.type === 'restored');
    assert.equal(read(target, 'pipe', 'a.py'), 'key = "hunter22"\nend\n');
    assert.deepEqual(restored.written, ['b.py']);
    assert.match(restored.notes.join(), /b\.py holds a secret/);
  });

  it('writes nothing outside the folder, through no link, and into no repository’s own files', async (t) => {
    const { root, folder, target, git, keep, restore } = place(t);
    const outside = path.join(path.dirname(target), 'outside');
    mkdirSync(outside);
    git('init', '--quiet');
    writeFileSync(path.join(folder, 'a.py'), 'a\n');
    symlinkSync(outside, path.join(folder, 'link'));
    symlinkSync(path.join(outside, 'file.py'), path.join(folder, 'file.py'));
    git('add', '.');
    git('commit', '--quiet', '-m', 'one');
    const bad = await keep('bad\n');
    const restored = await restore(stateOf({ '../../outside/x.py': bad, 'link/sub/x.py': bad, 'file.py': bad, '/tmp/x.py': bad, '../.git/hooks/x': bad, '.GIT/x': bad }, { commit: git('rev-parse', 'HEAD').trim() }));
    assert.ok(restored.type === 'restored');
    assert.deepEqual(restored.written, []);
    assert.equal(restored.notes.filter((note) => note.includes('outside of the folder')).length, 6);
    assert.equal(existsSync(path.join(outside, 'file.py')) || existsSync(path.join(outside, 'sub')) || existsSync(path.join(outside, 'x.py')), false);
    assert.equal(existsSync(path.join(root, '.git', 'hooks', 'x')), false);
  });

  it('refuses a folder that holds something, and gives git nothing that is no hash', async (t) => {
    const { target, keep, restore } = place(t);
    mkdirSync(target);
    writeFileSync(path.join(target, 'mine.txt'), '');
    assert.match(JSON.stringify(await restore(stateOf({ 'a.py': await keep('a') }))), /is not empty/);
    const other = place(t);
    assert.match(JSON.stringify(await other.restore(stateOf({}, { commit: '--upload-pack=touch x' }))), /no source of r was kept/);
  });

  it('takes a diff apart by files, without what is no text and what was cut', () => {
    const diff = 'diff --git a/x y.py b/x y.py\n--- a/x y.py\n+++ b/x y.py\n@@ -1 +1 @@\n-a\n+b\ndiff --git a/p.png b/p.png\nBinary files a/p.png and b/p.png differ\ndiff --git a/z b/z\n@@ -1 +1 @@\n-a\n';
    assert.deepEqual([splitDiff(diff, false).parts.map(({ name }) => name), splitDiff(diff, false).binary], [['x y.py', 'z'], ['p.png']]);
    assert.deepEqual(splitDiff(diff, true).parts.map(({ name }) => name), ['x y.py']);
  });
});
