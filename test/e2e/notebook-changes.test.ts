/** Edits of notebooks that look like comments or metadata and are not, through the executor: what runs again makes something else. */
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { repository, workspace } from './runweave.ts';

const ipynb = (tags: readonly string[]): string =>
  JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [
      { cell_type: 'code', id: 'a', metadata: {}, outputs: [], execution_count: null, source: 'open("skipped.txt", "w").write("one")' },
      { cell_type: 'code', id: 'b', metadata: { tags }, outputs: [], execution_count: null, source: 'open("skipped.txt", "w").write("two")' },
    ],
  });

const edits: Readonly<Record<string, readonly [before: string, after: string]>> = {
  'continued.py': ['# %%\n# !echo one \\\n#   two > continued.txt\n', '# %%\n# !echo one \\\n#   three > continued.txt\n'],
  'bash.py': ['# %% language="bash"\n# printf one > bash.txt\n', '# %% language="bash"\n# printf two > bash.txt\n'],
  'quoted.py': ['# %%\nx = """\n# %% one\n"""\nopen("quoted.txt", "w").write(x)\n', '# %%\nx = """\n# %% two\n"""\nopen("quoted.txt", "w").write(x)\n'],
  'history.py': ['# %%\nx = 1  # one\n# %%\nopen("history.txt", "w").write(In[1])\n', '# %%\nx = 1  # two\n# %%\nopen("history.txt", "w").write(In[1])\n'],
  'skipped.ipynb': [ipynb(['hide']), ipynb(['skip-execution'])],
};

it('an edit that changes what a notebook does runs it again, whatever it looks like; a comment and a title do not', async (context) => {
  const names = Object.keys(edits).map((file) => path.parse(file).name);
  const made = workspace(context, {
    'runweave.yaml': `tasks:\n${Object.keys(edits).map((file) => `  ${path.parse(file).name}: {notebook: ${file}, outputs: [${path.parse(file).name}.txt]}\n`).join('')}  plain: {notebook: plain.py}\n`,
    'plain.py': '# %% one\nx = 1\n',
    ...Object.fromEntries(Object.entries(edits).map(([file, [before]]) => [file, before])),
  });
  symlinkSync(path.join(repository, '.venv'), path.join(made.folder, '.venv'), 'junction');
  const contents = (): readonly string[] => names.map((name) => readFileSync(path.join(made.folder, `${name}.txt`), 'utf8'));
  assert.equal((await made.run()).code, 0);
  const before = contents();
  for (const [file, [, after]] of Object.entries(edits)) made.write(file, after);
  made.write('plain.py', '# %% two\n# a comment\nx=1\n');
  const again = await made.run();
  assert.equal(again.code, 0);
  assert.deepEqual([...again.executed].sort(), [...names].sort());
  for (const [index, text] of contents().entries()) assert.notEqual(text, before[index], names[index]);
});
