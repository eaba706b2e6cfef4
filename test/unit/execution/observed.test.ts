import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createFileDigests } from '../../../src/fingerprint/file-digests.ts';
import { collectObserved, type Observed } from '../../../src/execution/observed.ts';
import type { ObservedEntry } from '../../../src/execution/task/task-log.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runweave-observed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);

function observed(...entries: readonly Partial<ObservedEntry>[]): Observed {
  const collector = collectObserved();
  for (const entry of entries) collector.add({ modules: [], read: [], loaded: [], appended: [], stamps: {}, written: [], renamed: [], imported: {}, outside: {}, lookups: {}, listed: {}, misfit: '', roots: [], ...entry });
  return collector.observed(folder, createFileDigests());
}

describe('what the processes of a task were seen to use', () => {
  it('has no files whose names are not UTF-8, and says so', () => {
    const collector = collectObserved();
    const entry = { modules: [], loaded: [], appended: [], stamps: {}, renamed: [at('\udcff'), at('x')], imported: {}, outside: {}, lookups: {}, listed: {}, misfit: '', roots: [] };
    collector.add({ ...entry, read: [at('caf\udce9.csv'), at('café.csv')], written: [at('\udcff')] });
    const { read, written } = collector.observed(folder, createFileDigests());
    assert.deepEqual([read, written, collector.unnameable()], [['café.csv'], [], at('caf\ufffd.csv')]);
  });

  it('is in the order of time: what was written before is no input', () => {
    for (const name of ['a', 'b', 'new/c']) {
      mkdirSync(path.dirname(at(name)), { recursive: true });
      writeFileSync(at(name), '');
    }
    const seen = observed({ written: [at('a')] }, { read: [at('a')] }, { read: [at('b')] }, { written: [at('b')] }, { written: [at('old/c')] }, { renamed: [at('old'), at('new')] }, { read: [at('new/c'), at('newer')] });
    assert.deepEqual([seen.read, seen.written], [['b', 'newer'], ['a', 'b', 'new/c']]);
  });

  it('is a module if it ran, and a file read as well if it was read for what is in it', () => {
    const seen = observed({ loaded: [at('m.py'), at('broken.py')] }, { modules: [at('m.py')] }, { loaded: [at('n.py')] }, { modules: [at('n.py')] }, { read: [at('n.py')] });
    assert.deepEqual([seen.modules, seen.read], [['m.py', 'n.py'], ['broken.py', 'n.py']]);
  });

  it('is an input also where the task has opened it to append, or renamed it', () => {
    for (const name of ['log', 'back', 'folder/x', 'left']) {
      mkdirSync(path.dirname(at(name)), { recursive: true });
      writeFileSync(at(name), '');
    }
    const there: Partial<ObservedEntry> = { renamed: [at('back'), at('other'), at('other'), at('third'), at('folder'), at('moved'), at('gone'), at('left')] };
    const back: Partial<ObservedEntry> = { renamed: [at('third'), at('back'), at('moved'), at('folder')] };
    const seen = observed({ appended: [at('log')] }, { read: [at('log')] }, there, { read: [at('third'), at('moved/x'), at('left')] }, back);
    assert.deepEqual([seen.read, seen.written], [['back', 'folder/x', 'left', 'log', 'moved/x', 'third'], ['back', 'left', 'log']]);
  });

  it('may hold what was there before where it was opened to append, renamed, or read first', () => {
    for (const name of ['made', 'log', 'both', 'moved', 'own']) writeFileSync(at(name), '');
    const seen = observed({ written: [at('made'), at('temporary')] }, { appended: [at('log'), at('made')] }, { read: [at('both')] }, { written: [at('both')] }, { renamed: [at('theirs'), at('moved'), at('temporary'), at('own')] });
    assert.deepEqual([seen.written, seen.continued], [['both', 'log', 'made', 'moved', 'own'], ['both', 'log', 'moved']]);
    assert.equal('continued' in observed({ written: [at('made')] }), false);
  });

  it('is a source outside of the workspace only where it is edited in place', () => {
    const site = at('venv/site-packages');
    mkdirSync(path.join(site, 'lib-1.dist-info'), { recursive: true });
    writeFileSync(path.join(site, 'lib-1.dist-info', 'direct_url.json'), JSON.stringify({ url: pathToFileURL(at('elsewhere')).href, dir_info: { editable: true } }));
    const seen = observed({ outside: { [at('elsewhere/lib.py')]: [site] } }, { outside: { [at('generated.py')]: [site] } });
    assert.deepEqual([seen.modules, seen.packages], [['elsewhere/lib.py'], { [site]: { lib: '1' } }]);
  });
});
