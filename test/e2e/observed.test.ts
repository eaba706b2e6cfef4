/** Each way in which a Python task uses something without declaring it, and an edit that makes another result of it. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { workspace } from './runweave.ts';

interface Case {
  readonly files?: Readonly<Record<string, string>>;
  /** Makes `s`, which is written into the task's output. In a folder of its own, with its files. */
  readonly script: string;
  /** Before the first run. */
  readonly prepare?: (folder: string) => void;
  readonly edit: Readonly<Record<string, string>> | ((folder: string) => void);
}

const folders = (name: string) => (folder: string): void => void mkdirSync(path.join(folder, name), { recursive: true });
const without = (name: string) => (folder: string): void => rmSync(path.join(folder, name), { recursive: true });
const pathFirst = 'import os, sys\nsys.path.insert(0, os.getcwd())\n';
const linked = (folder: string): void => {
  mkdirSync(path.join(folder, 'deep/sub'), { recursive: true });
  symlinkSync('deep/sub', path.join(folder, 'link'));
};

function renameTo(folder: string, from: string, to: string, files: Readonly<Record<string, string>>): void {
  renameSync(path.join(folder, from), path.join(folder, to));
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, to, file), text);
}

const cases: Readonly<Record<string, Case>> = {
  'module-copied': { files: { 'lib/a.py': 'x = 1 # one\n' }, script: `${pathFirst}import lib.a, shutil, tempfile\nfrom pathlib import Path\nto = tempfile.mkdtemp()\nshutil.copytree('lib', to + '/lib')\ns = [file.read_text() for file in Path(to, 'lib').iterdir() if file.is_file()]`, edit: { 'lib/a.py': 'x = 1 # two\n' } },
  'module-read-before': { files: { 'lib/a.py': 'x = 1 # one\n' }, script: `${pathFirst}s = ''.join([open('lib/' + name).read() for name in sorted(os.listdir('lib')) if name.startswith('a.')])\nimport lib.a`, edit: { 'lib/a.py': 'x = 1 # two\n' } },
  'opened-to-make': { files: { 'cfg.json': '1' }, script: "try:\n    open('cfg.json', 'x').close()\nexcept FileExistsError: pass\ns = open('cfg.json').read()", edit: { 'cfg.json': '2' } },
  'opened-to-append': { files: { 'd.txt': '1' }, script: "open('d.txt', 'a').close()\ns = open('d.txt').read()", edit: { 'd.txt': '2' } },
  'folder-comes': { script: "import os\ntry: s = str(os.listdir('d'))\nexcept FileNotFoundError: s = 'no'", edit: folders('d') },
  'folder-goes': { prepare: folders('d'), script: "import os\ntry: s = str(os.listdir('d'))\nexcept FileNotFoundError: s = 'no'", edit: without('d') },
  'asked-twice': { files: { 'vendor/helper.py': 'x = 1\n' }, script: "import sys\ntry: import helper\nexcept ImportError:\n    sys.path.insert(0, 'vendor')\n    import helper\ns = helper.x", edit: { 'vendor/helper/__init__.py': 'x = 2\n' } },
  'namespace-hidden': { files: { 'lib/ns/mod.py': 'x = 1\n' }, script: "import sys\nsys.path.append('lib')\nimport ns.mod\ns = ns.mod.x", edit: { 'ns/mod.py': 'x = 2\n' } },
  'namespace-comes': { script: "try:\n    import plugs\n    s = 'yes'\nexcept ImportError: s = 'no'", edit: folders('plugs') },
  'namespace-goes': { prepare: folders('plugs'), script: "try:\n    import plugs\n    s = 'yes'\nexcept ImportError: s = 'no'", edit: without('plugs') },
  'namespace-extended': { files: { 'lib/ns/mod.py': 'x = 1\n' }, script: "import sys\nsys.path.append('lib')\nimport ns.mod\ntry:\n    import ns.extra\n    s = 'yes'\nexcept ImportError: s = 'no'", edit: { 'ns/extra.py': '' } },
  'above-a-link': { files: { 'deep/x.txt': '1', 'x.txt': '0' }, prepare: linked, script: "s = open('link/../x.txt').read()", edit: { 'deep/x.txt': '2' } },
  'renamed-and-back': { files: { 'd.txt': '1' }, script: "import os\nos.rename('d.txt', 'w.txt')\ns = open('w.txt').read()\nos.rename('w.txt', 'd.txt')", edit: { 'd.txt': '2' } },
  'linked-to': { files: { 'in.txt': '1' }, script: "import os\nos.link('in.txt', 'copy.txt')\ns = open('copy.txt').read()\nos.remove('copy.txt')", edit: { 'in.txt': '2' } },
  'glob-through-a-link': { files: { 'other/a.csv': '', 'data/b.csv': '' }, prepare: (folder) => symlinkSync('../other', path.join(folder, 'data/link')), script: "import glob\ns = str(sorted(glob.glob('data/**/*.csv', recursive=True)))", edit: { 'other/c.csv': '' } },
  'own-glob': { files: { 'tools/glob.py': "import os\ndef names():\n    return sorted(os.listdir('data'))\n", 'data/a.csv': '' }, script: "import glob\nglob.glob('none/*')\nfrom tools import glob as own\ns = str(own.names())", edit: { 'data/b.csv': '' } },
  'finder-asked': { files: { 'plugins/a.txt': '' }, script: "from importlib.machinery import PathFinder\ns = PathFinder.find_spec('plug', ['plugins']) is not None", edit: { 'plugins/plug.py': '' } },
  'version-asked': { files: { 'site-packages/foo-1.0.dist-info/METADATA': 'Name: foo\nVersion: 1.0\n' }, script: "import importlib.metadata, sys\nsys.path.append('site-packages')\ns = importlib.metadata.version('foo')", edit: (folder) => renameTo(folder, 'site-packages/foo-1.0.dist-info', 'site-packages/foo-2.0.dist-info', { METADATA: 'Name: foo\nVersion: 2.0\n' }) },
  'in-importlib': { files: { 'importlib/__init__.py': '', 'tools/importlib/lister.py': "import os\ndef names():\n    return sorted(os.listdir('data'))\n", 'data/a.csv': '' }, script: "import sys\nsys.path.insert(0, 'tools/importlib')\nimport lister\ns = str(lister.names())", edit: { 'data/b.csv': '' } },
};

describe('what a Python task was seen to use', { timeout: 600_000 }, () => {
  it('makes it run when it is another, and only then', async (context) => {
    const names = Object.keys(cases);
    const task = (name: string): string => `  ${name}: {python: ${name}/main.py, cwd: ${name}, outputs: [out/${name}.txt]}\n`;
    const place = workspace(context, { 'runweave.yaml': `tasks:\n${names.map(task).join('')}` });
    for (const [name, { files = {}, script, prepare }] of Object.entries(cases)) {
      const finish = `import os\nfrom pathlib import Path\nout = Path(__file__).parent.parent / 'out'\nout.mkdir(exist_ok=True)\n(out / '${name}.txt').write_text(str(s))\n`;
      place.write(`${name}/main.py`, `${script}\n${finish}`);
      for (const [file, text] of Object.entries(files)) place.write(`${name}/${file}`, text);
      prepare?.(path.join(place.folder, name));
    }
    assert.deepEqual((await place.run()).executed, [...names].sort());
    assert.deepEqual((await place.run()).executed, [], 'nothing was changed');
    const made = (name: string): string => place.read(`out/${name}.txt`);
    const before = names.map(made);
    for (const [name, { edit }] of Object.entries(cases)) {
      if (typeof edit === 'function') edit(path.join(place.folder, name));
      else for (const [file, text] of Object.entries(edit)) place.write(`${name}/${file}`, text);
    }
    const { executed } = await place.run();
    assert.deepEqual(names.filter((name) => !executed.includes(name)), [], 'each was edited');
    assert.deepEqual(names.filter((name, index) => made(name) === before[index]), [], 'each made something else');
    assert.deepEqual((await place.run()).executed, []);
  });
});
