import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { workspace } from './runweave.ts';

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
