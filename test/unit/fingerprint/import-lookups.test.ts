import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createFileDigests } from '../../../src/fingerprint/file-digests.ts';
import { filesFound, lookupsOf, packagesFound, packageVersion } from '../../../src/fingerprint/import-lookups.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runweave-lookups-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), '');
  }
}

describe('what imports would find now', () => {
  it('is the first that Python would take', () => {
    write('lib/a.py', 'lib/b/__init__.py', 'lib/b.py', 'lib/c.cpython-311-x86_64-linux-gnu.so', 'lib/c.py', 'lib/namespace/x.py', 'lib/d.txt', 'lib/e.py.bak', 'lib/unasked.py');
    assert.deepEqual(filesFound(folder, { lib: 'a b c d e namespace', gone: 'a' }, createFileDigests()), ['lib/a.py', 'lib/b/__init__.py', 'lib/c.cpython-311-x86_64-linux-gnu.so']);
  });

  it('is seen when it comes and goes', () => {
    const digests = createFileDigests();
    write('lib/x.py', 'lib/later/data.txt');
    const lookups = { lib: 'json later' };
    assert.deepEqual(filesFound(folder, lookups, digests), []);
    write('lib/json.py', 'lib/later/__init__.py');
    assert.deepEqual([...filesFound(folder, lookups, digests)].sort(), ['lib/json.py', 'lib/later/__init__.py']);
    rmSync(path.join(folder, 'lib/json.py'));
    assert.deepEqual(filesFound(folder, lookups, digests), ['lib/later/__init__.py']);
  });

  it('is a package with its version where packages are installed', () => {
    write('site-packages/gamma/__init__.py', 'site-packages/gamma-1.0.dist-info/METADATA', 'site-packages/by_hand.py');
    const lookups = { 'site-packages': 'by_hand gamma missing' };
    assert.deepEqual(packagesFound(folder, lookups, createFileDigests()), { [path.join(folder, 'site-packages')]: { gamma: '1.0' } });
    assert.deepEqual(filesFound(folder, lookups, createFileDigests()), []);
  });

  it('is a folder only for what was found nowhere, and is then a package', () => {
    const digests = createFileDigests();
    const lookups = { lib: 'data json', 'lib/': 'data file json', './': 'none' };
    const packages = { [path.join(folder, 'lib')]: { data: 'a folder' } };
    write('lib/data/a.csv', 'lib/file', 'lib/json/x.txt', 'lib/json.py');
    assert.deepEqual([packagesFound(folder, lookups, digests), filesFound(folder, lookups, digests)], [packages, ['lib/json.py']]);
    rmSync(path.join(folder, 'lib/data'), { recursive: true });
    assert.deepEqual(packagesFound(folder, lookups, digests), {});
    assert.equal(packageVersion(path.join(folder, 'lib'), 'data', digests), undefined);
  });

  it('is remembered by folder, in order', () => {
    const seen = new Map([
      [path.join(folder, 'lib'), new Set(['b', 'a'])],
      [folder, new Set(['c'])],
      [folder + path.sep, new Set(['d'])],
    ]);
    assert.deepEqual(lookupsOf(folder, seen), { '.': 'c', './': 'd', lib: 'a b' });
  });
});
