import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createFileDigests } from '../../../src/fingerprint/file-digests.ts';
import { distributionsOf, editableDistribution, installedAt, versionIn } from '../../../src/fingerprint/installed-packages.ts';

let root = '';
let site = '';
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'runweave-packages-'));
  site = path.join(root, 'site-packages');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function install(info: string, files: Readonly<Record<string, string>> = {}): void {
  mkdirSync(path.join(site, info), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(site, info, name), text);
}

describe('installed packages', () => {
  it('have the name and version that they are installed by', () => {
    install('alpha-1.2.dist-info', { METADATA: 'Metadata-Version: 2.1\nName: alpha\n' });
    install('scikit_learn-1.8.0.dist-info', { METADATA: 'Name: scikit-learn\n', RECORD: 'sklearn/__init__.py,,\n' });
    install('py_beta-3.dist-info', { METADATA: 'Name: Py-Beta\n', RECORD: 'beta.py,,\npy_beta-3.dist-info/RECORD,,\n' });
    install('protobuf-7.dist-info', { RECORD: 'google/protobuf/__init__.py,,\n' });
    install('google_auth-2.dist-info', { RECORD: 'google/auth/__init__.py,,\n' });
    install('PyYAML-6.0-py3.11.egg-info', { 'PKG-INFO': 'Name: PyYAML\n', 'top_level.txt': '_yaml\nyaml\n' });
    install('~lpha-1.1.dist-info');
    install('unused-1.dist-info', { RECORD: 'unused.py,,\n' });
    assert.deepEqual(distributionsOf(site, ['alpha', 'sklearn', 'beta.py', 'google/protobuf', '_yaml.cpython-311-x86_64-linux-gnu.so', 'by_hand.py'], createFileDigests()), {
      alpha: '1.2',
      'scikit-learn': '1.8.0',
      'Py-Beta': '3',
      protobuf: '7',
      PyYAML: '6.0',
    });
  });

  it('are seen when they come, change and go', () => {
    const digests = createFileDigests();
    assert.equal(versionIn(site, 'alpha', digests), undefined);
    install('alpha-1.2.dist-info');
    assert.equal(versionIn(site, 'Alpha', digests), '1.2');
    renameSync(path.join(site, 'alpha-1.2.dist-info'), path.join(site, 'alpha-1.3.dist-info'));
    assert.equal(versionIn(site, 'alpha', digests), '1.3');
    assert.ok((installedAt(site, 'alpha', digests) ?? 0) > Date.now() - 60_000);
    rmSync(path.join(site, 'alpha-1.3.dist-info'), { recursive: true });
    assert.equal(versionIn(site, 'alpha', digests), undefined);
  });

  it('that were built from a folder or checkout differ by what was installed', () => {
    const source = { 'direct_url.json': JSON.stringify({ url: 'file:///src/alpha', dir_info: {} }) };
    install('alpha-0.1.dist-info', { ...source, RECORD: 'alpha.py,sha256=a,1\n' });
    const first = versionIn(site, 'alpha', createFileDigests());
    install('alpha-0.1.dist-info', { ...source, RECORD: 'alpha.py,sha256=b,1\n' });
    const second = versionIn(site, 'alpha', createFileDigests());
    assert.match(first ?? '', /^0\.1 \([0-9a-f]{8}\)$/);
    assert.notEqual(first, second);
  });

  it('that are edited in place are known by where their files are', () => {
    const project = path.join(root, 'project');
    install('my_lib-0.1.dist-info', { METADATA: 'Name: my-lib\n', 'direct_url.json': JSON.stringify({ url: pathToFileURL(project).href, dir_info: { editable: true } }) });
    const digests = createFileDigests();
    assert.deepEqual(editableDistribution(site, path.join(project, 'src', 'my_lib.py'), digests), { 'my-lib': '0.1' });
    assert.equal(editableDistribution(site, `${project}-other/x.py`, digests), undefined);
    assert.equal(editableDistribution(path.join(root, 'nowhere'), path.join(project, 'x.py'), digests), undefined);
  });
});
