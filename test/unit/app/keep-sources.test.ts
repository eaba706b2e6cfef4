import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { createSourceKeeper } from '../../../src/app/keep-sources.ts';
import { sourceContent } from '../../../src/store/source-content.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

function fail(): never {
  assert.fail('it was not kept');
}

describe('kept sources', () => {
  it('are there by their digest, once per content, with secrets masked', async (t) => {
    const folder = temporaryFolder(t);
    const store = path.join(folder, '.runweave');
    mkdirSync(path.join(folder, 'lib'));
    writeFileSync(path.join(folder, 'a.py'), 'key = "hunter22"\n# ä\n');
    writeFileSync(path.join(folder, 'lib/b.py'), 'key = "hunter22"\n# ä\n');
    const kept = await createSourceKeeper(store, folder, (text) => text.replaceAll('hunter22', '***')).keep(['a.py', 'lib/b.py', 'gone.py', 'lib']);
    assert.deepEqual(Object.keys(kept), ['a.py', 'lib/b.py']);
    assert.equal(kept['a.py'], kept['lib/b.py']);
    assert.equal(await sourceContent(store, kept['a.py'] ?? fail()), 'key = "***"\n# ä\n');
    assert.equal(readdirSync(path.join(store, 'objects/sha256'), { recursive: true }).filter((name) => statSync(path.join(store, 'objects/sha256', String(name))).isFile()).length, 1);
  });

  it('are no binary and no very large files, and none that changed after they were used', async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(path.join(folder, 'data.py'), Buffer.from([0, 1, 2]));
    writeFileSync(path.join(folder, 'large.py'), 'x'.repeat(1024 * 1024 + 1));
    writeFileSync(path.join(folder, 'new.py'), 'x');
    utimesSync(path.join(folder, 'new.py'), 0, Date.now() / 1000 + 60);
    const keeper = createSourceKeeper(path.join(folder, '.runweave'), folder, (text) => text);
    assert.deepEqual(await keeper.keep(['data.py', 'large.py']), {});
    assert.deepEqual(await keeper.keep(['new.py'], Date.now() + 1000), {});
    assert.deepEqual(Object.keys(await keeper.keep(['new.py'])), ['new.py']);
  });

  it('are files: nothing is waited for that a pipe or a device might give', { timeout: 120_000 }, async (t) => {
    const folder = temporaryFolder(t);
    execFileSync('mkfifo', [path.join(folder, 'pipe.py')]);
    const keeper = createSourceKeeper(path.join(folder, '.runweave'), folder, (text) => text);
    assert.deepEqual(await keeper.keep(['pipe.py', path.relative(folder, '/dev/zero')]), {});
  });

  it('of another version are read again', async (t) => {
    const folder = temporaryFolder(t);
    const store = path.join(folder, '.runweave');
    const keeper = createSourceKeeper(store, folder, (text) => text);
    writeFileSync(path.join(folder, 'a.py'), 'one');
    const one = (await keeper.keep(['a.py']))['a.py'];
    writeFileSync(path.join(folder, 'a.py'), 'three');
    const three = (await keeper.keep(['a.py']))['a.py'];
    assert.equal(await sourceContent(store, one ?? fail()), 'one');
    assert.equal(await sourceContent(store, three ?? fail()), 'three');
  });
});
