import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { testInExtensionHost } from './harness/extension-host.ts';
import { extensionPath } from './workspace.ts';

const folder = await realpath(await mkdtemp(join(tmpdir(), 'editor-')));
after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 }));
// The files that the broken pipelines of the table refer to.
const files = {
  'runweave.yaml': 'tasks:\n  a: {python: a.py}\n  b: {python: b.py, needs: [a]}\n',
  'a.py': 'print("printed by a")\n',
  'src/pkg/steps.py': '',
  'src/box/__init__.py': '',
  'b.py': 'def split():\n    pass\n',
  'nb.ipynb': '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
};
for (const [name, text] of Object.entries(files)) {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
}

testInExtensionHost('in the extension host', { folder, extensionPath, suites: [join(import.meta.dirname, 'editor.suite.ts')], timeout: 480_000 });
