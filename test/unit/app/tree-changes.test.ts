import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { treeChanges } from '../../../src/app/tree-changes.ts';
import { sourceContent } from '../../../src/store/source-content.ts';
import { withoutFiles } from '../execution/processes.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

function checkout(t: Parameters<typeof temporaryFolder>[0]): string {
  const folder = temporaryFolder(t);
  const git = (...args: readonly string[]): unknown => execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], { cwd: folder, stdio: 'ignore' });
  git('init', '--quiet');
  writeFileSync(path.join(folder, 'a.py'), 'one\n');
  git('add', '.');
  git('commit', '--quiet', '-m', 'one');
  return folder;
}
const same = (text: string): string => text;

describe('changes of a checkout', () => {
  it('are none where nothing differs, nor outside a checkout', async (t) => {
    const folder = checkout(t);
    assert.equal(await treeChanges(path.join(folder, '.runweave'), folder, same), undefined);
    assert.equal(await treeChanges('/nowhere', '/', same), undefined);
  });

  it('are none where git can not be started', { skip: process.platform === 'win32' }, (t) => {
    const folder = checkout(t);
    const places = `${JSON.stringify(path.join(folder, '.runweave'))}, ${JSON.stringify(folder)}`;
    assert.equal(withoutFiles({ 'app/tree-changes.ts': 'treeChanges' }, `console.log(await treeChanges(${places}, String))`), 'undefined\n');
  });

  it('are the diff with secrets masked, and the names of what git does not know', async (t) => {
    const folder = checkout(t);
    writeFileSync(path.join(folder, 'a.py'), 'one\nhunter22\n');
    writeFileSync(path.join(folder, 'new ä.py'), '');
    const changes = await treeChanges(path.join(folder, '.runweave'), folder, (text) => text.replaceAll('hunter22', '***'));
    assert.ok(changes?.diff !== undefined);
    assert.deepEqual([changes.truncated, changes.untracked, changes.untrackedCount], [false, ['new ä.py'], 1]);
    const diff = (await sourceContent(path.join(folder, '.runweave'), changes.diff)) ?? '';
    assert.match(diff, /^diff --git a\/a\.py b\/a\.py\n[\s\S]*\n\+\*\*\*\n$/);
    assert.equal(Buffer.byteLength(diff), changes.size);
  });

  it('are cut after 1 MiB, at the end of a line', async (t) => {
    const folder = checkout(t);
    writeFileSync(path.join(folder, 'a.py'), 'another line\n'.repeat(200_000));
    const changes = await treeChanges(path.join(folder, '.runweave'), folder, same);
    assert.equal(changes?.truncated, true);
    assert.ok(changes.size <= 1024 * 1024 && changes.size > 1024 * 1024 - 20);
  });
});
