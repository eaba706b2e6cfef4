import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { meaningOf } from '../../../src/fingerprint/meaning.ts';

/** Digest of what a `.py` notebook does. */
const code = (text: string): string => meaningOf(Buffer.from(text), 'notebook', false)?.code ?? assert.fail(text);
const show = (text: string): string => JSON.stringify(text);

describe('a notebook in percent format is another', () => {
  const header = '# ---\n# jupyter:\n#   kernelspec:\n#     display_name: Python 3\n#     language: python\n#     name: python3\n# ---\n';
  const changes: Readonly<Record<string, readonly (readonly [before: string, after: string])[]>> = {
    'where the display name of the kernel is no plain text': ['true', 'Null', 'on', '.inf', '1.5', '~', '', "''", "'a' # b", "', name: bash, b: '", '[a]', '{a: b}', 'a: b', '&a b', '>', "'a", '"a"']
      .map((name) => [header, header.replace('Python 3', name)] as const),
    'where the kernel is': [[header, header.replace('name: python3', 'name: bash')], [header.replace('Python 3', "'a'"), header.replace('Python 3', "'a'\n#       b")]],
    'where jupytext runs comments': [
      ['# %%\n# !echo one \\\n#   two > out.txt\n', '# %%\n# !echo one \\\n#   three > out.txt\n'],
      ['# %%\n# %ls a\n', '# %%\n# %ls b\n'],
      ['# %%\n# x?\n', '# %%\n# y?\n'],
      ['# %%\n# y = !ls\n', '# %%\n# y = !pwd\n'],
      ['# %%\n# ls  a\n', '# %%\n# ls a\n'],
      ['# %%\ncat + \\\n# a\n', '# %%\ncat + \\\n# b\n'],
      ['# !ls\n', '# !pwd\n'],
    ],
    'where all of a cell is in comments': [
      ['# %% language="bash"\n# printf one > out.txt\n', '# %% language="bash"\n# printf two > out.txt\n'],
      ['# %% {"language": "bash"}\n# printf one > out.txt\n', '# %% {"language": "bash"}\n# printf two > out.txt\n'],
      ['# %% active="ipynb"\n# f("one")\n', '# %% active="ipynb"\n# f("two")\n'],
      ['# %% tags=["active-ipynb"]\n# f("one")\n', '# %% tags=["active-ipynb"]\n# f("two")\n'],
      ['# %% name="a"\n# c\nx = 1\n', '# %% name="b"\n# c\nx = 1\n'],
    ],
    'where a comment is no marker': [
      ['# %%\n# %%capture\nf("two")\n', '# %%\n# %%javascript\nf("two")\n'],
      ['# %%time one\nx\n', '# %%time two\nx\n'],
      ['# %%\nx = """\n# %% one\n"""\n', '# %%\nx = """\n# %% two\n"""\n'],
      ["# %%\nx = '''a'''; y = \"\"\"\n# %% one\n\"\"\"\n", "# %%\nx = '''a'''; y = \"\"\"\n# %% two\n\"\"\"\n"],
    ],
    'where a comment is a marker': [
      ['x = 1\n# In[2]:\ny = 2\n', 'x = 1\n# Inx[2]:\ny = 2\n'],
      ['x = 1\n# <codecell>\ny = 2\n', 'x = 1\n# <code>\ny = 2\n'],
      ['if x:\n    y\n  # %%\nz = 1\n', 'if x:\n    y\n  # %\nz = 1\n'],
    ],
    'by what a marker says': [
      ['# %% {"active": "ipynb"}\nx = 1\n', '# %% {"active": "py"}\nx = 1\n'],
      ['# %% tags=["parameters"]\nx = 1\n', '# %% tags=["parameter"]\nx = 1\n'],
      ['# %% tags=["skip-execution"]\nx = 1\n', '# %%\nx = 1\n'],
      ['# %% tags=["raises-exception"]\nx = 1\n', '# %%\nx = 1\n'],
      ['# %% [markdown] tags=["parameters"]\n# text\n# %%\nx = 1\n', '# %% [markdown]\n# text\n# %%\nx = 1\n'],
      ['# %% a=1 [markdown]\n# !ls\n', '# %% a=1 [markdown]\n# !pwd\n'],
      ['# %%\nx = 1\n', '# %% [markdown]\nx = 1\n'],
    ],
    'by its header': [
      [`#!/usr/bin/python\n${header}x = 1\n`, `#!/usr/bin/python\n${header.replace('name: python3', 'name: other')}x = 1\n`],
      [`# -*- coding: utf-8 -*-\n${header}x = 1\n`, `# -*- coding: utf-8 -*-\n${header.replace('name: python3', 'name: other')}x = 1\n`],
      [`#\n${header}x = 1\n`, `#\n${header.replace('name: python3', 'name: other')}x = 1\n`],
      [`${header.replace('# ---\n', '#---\n')}x = 1\n`, `${header.replace('# ---\n', '#---\n').replace('name: python3', 'name: other')}x = 1\n`],
      ['# ---\n# jupyter:\n#   kernelspec:\n#     name: bash\n# ---\necho # a\n', '# ---\n# jupyter:\n#   kernelspec:\n#     name: bash\n# ---\necho # b\n'],
      ['# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       extension: .py\n#       format_name: light\n# ---\nx = 1\n\n\ny = 1\n', '# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       extension: .py\n#       format_name: light\n# ---\nx = 1\ny = 1\n'],
    ],
    'where text has a fence that is open': [['# %% [markdown]\n# ```\n# %%\nx = 1\n# ```\n', '# %% [markdown]\n# ```\n# %%\nx = 1\n# text\n']],
    'where blank lines end a cell of one line': [['# %%\nls *.x\n  \n\n# %%\n', '# %%\nls *.x\n  \n']],
    'where Python splits lines and we do not': [['# %%\nx = 1 # a\u2028# %%\ny = 1\n', '# %%\nx = 1 # a\u2028# %\ny = 1\n']],
    'where a comment ends a line in brackets': [['# %%\nx = (1 # 50% sure\n + 2)\n', '# %%\nx = (1 # 50% sure + 2\n )\n']],
  };
  for (const [name, pairs] of Object.entries(changes)) {
    for (const [before, after] of pairs) it(`${name}: ${show(before)}, ${show(after)}`, () => assert.notEqual(code(before), code(after)));
  }
});

describe('a notebook in percent format is the same', () => {
  const header = (version: string, kernel: string): string =>
    `# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       extension: .py\n#       format_name: percent\n#       format_version: '1.3'\n#       jupytext_version: ${version}\n#   kernelspec:\n#     display_name: ${kernel}\n#     language: python\n#     name: python3\n# ---\n`;
  const harmless: readonly (readonly [before: string, after: string])[] = [
    ['# %% one\nx = 1\n', '# %% other words\nx = 1\n'],
    ['# %% 1. one (a, b)\nx = 1\n', '#%%\nx=1\n'],
    ['# In[1]:\nx = 1\n', '# In[ ]:\nx = 1\n'],
    ['# %%\nx = (1 # 50% sure\n  + 2)\n', '# %%\nx = (1\n  + 2) # why not?\n'],
    ['# %%\n# a comment, is it?\nx = 1\n', '# %%\n# less of it\nx = 1\n'],
    ['# %% tags=["parameters"]\nrate = 7  # c\n', '# %% title tags=["parameters"]\nrate=7\n'],
    ['# %% tags=["hide"]\nx = 1\n', '# %% {"tags": ["show"]}\nx = 1\n'],
    ['# %% slideshow={"slide_type": "slide"}\nx = 1\n', '# %% slideshow={"slide_type": "-"}\nx = 1  # c\n'],
    ['# %% [markdown]\n# text\n# ```\n# a\n# ```\n# %%\nx = 1\n', '# %% Title [md]\n# !ls\n# %%\nx = 1\n'],
    ['# %% [markdown]\n"""\ntext\n"""\n# %%\nx = 1\n', '# %% [markdown]\n"""\nother\n# %%\n"""\n# %%\nx = 1\n'],
    ['#!/usr/bin/python\n# %%\nx = 1\n', '#!/usr/bin/python\n# %% a\n\nx = 1 # c\n'],
    [`${header('1.16.1', 'Python 3')}\n# %%\nx = 1\n`, `${header('1.19.6', 'Python 3 (ipykernel)')}\n# %% a\nx = 1  # c\n`],
    ...['env', '.venv', "'.venv'", "'3.12'", "'true'", '.venv (3.12.3)', 'py3.12-ml', 'nullable'].map((kernel): readonly [string, string] => [header('1.16.1', 'Python 3'), header('1.16.1', kernel)]),
    ['# %%\nx = 1\n\n\n# %%\ndef f():\n    return x\n', '# %%\nx = 1\n# %%\n\ndef f(): # c\n  return (\n    x)\n'.replace('(\n    x)', 'x')],
  ];
  for (const [before, after] of harmless) it(`${show(before)}, ${show(after)}`, () => assert.equal(code(before), code(after)));
});

// Patterns that try a line of this length again from each of its places take minutes.
describe('a notebook with a very long line', () => {
  const long = (part: string): string => part.repeat(300_000 / part.length);
  const lines = ['#', ' ', '# ', 'from '].flatMap((part) => [long(part), `${long(part)}!`, `# %% ${long(part)}x=1`, `# ---\n# jupyter:\n#   kernelspec:\n#     display_name: P${long(part)}!\n# ---`]);
  it('is read as any', () => {
    for (const line of lines) for (const text of [`# %%\n${line}\n`, `${line}\n# %%\nx = 1\n`, `# %%\n!ls\n${line}\n`]) assert.notEqual(code(text), code(`${text}y = 2\n`));
  });
});
