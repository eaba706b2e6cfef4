/** Two saves of one length within a second, where Python would run its bytecode of the first. */
import assert from 'node:assert/strict';
import { renameSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { executedTasks, workspace, type Workspace } from './runweave.ts';

// Set where tests are run, and not where people work.
delete process.env['PYTHONDONTWRITEBYTECODE'];
const second = 1_700_000_000;

const files = {
  'runweave.yaml': `name: saves
tasks:
  script: {python: script.py, outputs: [script.txt]}
  child: {python: child.py, outputs: [child.txt]}
  function: {call: "function:write", outputs: [function.txt]}
  command: {shell: "python3 -c 'import part; print(part.VALUE)' >command.txt", inputs: [part.py], outputs: [command.txt]}
`,
  'script.py': 'import part\nopen("script.txt", "w").write(part.VALUE + "\\n")\n',
  'child.py': 'import subprocess, sys\nwith open("child.txt", "w") as out: subprocess.run([sys.executable, "-c", "import part; print(part.VALUE)"], stdout=out, check=True)\n',
  'function.py': 'import part\ndef write():\n    open("function.txt", "w").write(part.VALUE + "\\n")\n',
};
const tasks = ['child', 'command', 'function', 'script'];

/** In one step, so that it is one change. */
function save({ folder }: Workspace, value: string): void {
  const other = path.join(folder, '.part.py.swp');
  writeFileSync(other, `VALUE = "${value}"\n`);
  utimesSync(other, second, second);
  renameSync(other, path.join(folder, 'part.py'));
}

function made({ read }: Workspace): readonly string[] {
  return tasks.map((task) => read(`${task}.txt`));
}

describe('a module that is saved twice within a second', () => {
  it('is used as it was saved last, in each run', async (context) => {
    const here = workspace(context, files);
    for (const value of ['A', 'B', 'C']) {
      save(here, value);
      assert.deepEqual((await here.run()).executed, tasks);
      assert.deepEqual(made(here), tasks.map(() => `${value}\n`));
    }
    assert.deepEqual((await here.run()).executed, []);
  });

  it('is so while watching, where tasks start warm', async (context) => {
    const here = workspace(context, files);
    save(here, 'A');
    const watch = here.start('watch', '--json');
    let seen = 0;
    for (const value of ['A', 'B', 'C', 'D']) {
      if (value !== 'A') save(here, value);
      // On a busy machine this may take two runs: what is told of too late for the first one is done by another.
      const isDone = (): boolean => executedTasks(watch.lines.slice(seen)).length === tasks.length && made(here).every((text) => text === `${value}\n`);
      await watch.until((line) => line.type === 'sealed' && isDone(), seen);
      assert.deepEqual(executedTasks(watch.lines.slice(seen)), tasks);
      seen = watch.lines.length;
      assert.deepEqual(made(here), tasks.map(() => `${value}\n`));
    }
    watch.process.kill('SIGINT');
    await watch.ended;
  });
});
