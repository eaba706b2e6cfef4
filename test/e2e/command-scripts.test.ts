import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { workspace } from './runweave.ts';

it('an edit of a script in any folder that a command may go to, of a module, and of what eval gets makes its task run', async (context) => {
  const { folder, write, run } = workspace(context, {
    'runweave.yaml': `name: scripts
tasks:
  braces: {shell: "{ cd tools && ./gen.sh > ../braces.txt; }", outputs: [braces.txt]}
  branch: {shell: "if [ -d tools ]; then cd tools; fi; python3 gen.py ../branch.txt", outputs: [branch.txt]}
  set: {shell: "A=1 cd tools; python3 set.py ../set.txt", outputs: [set.txt]}
  not: {shell: "! cd none && sh not.sh", outputs: [not.txt]}
  module: {shell: "python3 -u -m pkg.train module.txt", outputs: [module.txt]}
  path: {shell: "PYTHONPATH=lib python3 -m there path.txt", outputs: [path.txt]}
  env: {shell: "python3 -m far env.txt", env: {PYTHONPATH: other}, outputs: [env.txt]}
  installed: {shell: "python3 -m json.tool a.json > installed.txt", outputs: [installed.txt]}
  eval: {shell: 'eval "python3 tools/evaluated.py eval.txt"', outputs: [eval.txt]}
  chdir: {shell: "env -C tools ./chdir > chdir.txt", outputs: [chdir.txt]}
  document: {shell: "cat > document.txt <<EOF\\ndon't cd tools\\nEOF\\nsh after.sh", outputs: [document.txt]}
`,
    'a.json': '{}',
  });
  const save = (file: string, text: string): void => {
    const python = `import sys\nif len(sys.argv) > 1: open(sys.argv[1], "w").write("${text}")\n`;
    write(file, file.endsWith('.py') ? python : `#!/bin/sh\necho ${text}${file === 'not.sh' ? ' >not.txt' : ''}\n`);
    chmodSync(path.join(folder, file), 0o755);
  };
  const edits = [['tools/gen.sh', 'braces'], ['tools/gen.py', 'branch'], ['tools/set.py', 'set'], ['not.sh', 'not'], ['pkg/__init__.py', 'module'], ['pkg/train.py', 'module'], ['lib/there/__main__.py', 'path'], ['other/far.py', 'env'], ['tools/evaluated.py', 'eval'], ['tools/chdir', 'chdir'], ['after.sh', 'document']] as const;
  for (const [file] of edits) save(file, '1');
  assert.equal((await run()).executed.length, 11);
  assert.deepEqual((await run()).executed, []);
  for (const [file, task] of edits) {
    save(file, '2');
    assert.deepEqual((await run()).executed, [task], file);
    assert.deepEqual((await run()).executed, [], file);
  }
});

it('an edit of any script that a command names makes its task run', async (context) => {
  const scripts = ['one', 'two', 'three', 'tools/gen', 'constructor'];
  const { folder, write, run } = workspace(context, {
    'runweave.yaml': `name: scripts
tasks:
  lines:
    shell: |
      ./one
      ./two
    outputs: [one.txt, two.txt]
  folder: {shell: "cd tools && sh gen", outputs: [tools/gen.txt]}
  set: {shell: "MODE=1 ./three", outputs: [three.txt]}
  named: {shell: "sh constructor", outputs: [constructor.txt]}
`,
  });
  const save = (script: string, text: string): void => {
    write(script, `#!/bin/sh\necho ${text} >$(basename $0).txt\n`);
    chmodSync(path.join(folder, script), 0o755);
  };
  for (const script of scripts) save(script, '1');
  assert.equal((await run()).executed.length, 4);
  assert.deepEqual((await run()).executed, []);
  for (const [script, executed] of [['one', ['lines']], ['two', ['lines']], ['three', ['set']], ['tools/gen', ['folder']], ['constructor', ['named']]] as const) {
    save(script, '2');
    assert.deepEqual((await run()).executed, executed, script);
    assert.deepEqual((await run()).executed, [], script);
  }
});
