import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { folderModes, makeFolders } from '../../../src/fingerprint/restored-folders.ts';

it('folders that were private are so from the beginning, and those that are not are so from then on', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-folders-'));
  const umask = process.umask(0);
  t.after(() => {
    process.umask(umask);
    rmSync(folder, { recursive: true, force: true });
  });
  const files = ['out/private/file', 'out/open/file', 'out/locked/deep/file', 'beside/file', 'file'];
  const folders = ['beside', 'out', 'out/locked', 'out/locked/deep', 'out/open', 'out/private'];
  const set = (modes: readonly number[]): void => folders.forEach((name, at) => chmodSync(path.join(folder, name), modes[at] ?? 0));
  const modesNow = (): readonly string[] => folders.map((name) => (statSync(path.join(folder, name)).mode & 0o7777).toString(8));
  for (const name of folders) mkdirSync(path.join(folder, name), { recursive: true });
  set([0o711, 0o2755, 0o500, 0o500, 0o777, 0o700]);
  const modes = folderModes(folder, files);
  assert.deepEqual(modes, { beside: 0o711, out: 0o2755, 'out/locked': 0o500, 'out/locked/deep': 0o500, 'out/open': 0o777, 'out/private': 0o700 });

  rmSync(path.join(folder, 'out'), { recursive: true });
  rmSync(path.join(folder, 'beside'), { recursive: true });
  const settle = makeFolders(folder, files, modes);
  assert.deepEqual(modesNow().map((mode) => mode.slice(-3)), ['711', '755', '700', '700', '777', '700']);
  for (const file of files) writeFileSync(path.join(folder, file), '');
  settle();
  assert.deepEqual(modesNow(), ['711', '2755', '500', '500', '777', '700']);

  set([0o777, 0o700, 0o755, 0o755, 0o750, 0o777]);
  makeFolders(folder, files, modes)();
  assert.deepEqual(modesNow(), ['777', '700', '755', '755', '750', '777'], 'one that is there is left alone');
});
