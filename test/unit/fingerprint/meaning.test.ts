import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { meaningOf, viewOf, type Meaning, type SourceKind, type View } from '../../../src/fingerprint/meaning.ts';

const meaning = (text: string, kind: SourceKind = 'python', isIpynb = false): Meaning | undefined => meaningOf(Buffer.from(text), kind, isIpynb);
const known = (text: string): Meaning => meaning(text) ?? assert.fail(text);

describe('how closely sources are compared', () => {
  const views: readonly (readonly [view: View, source: string])[] = [
    ['code', 'import numpy as np, os.path\nfrom sklearn import svm\nprint(np.zeros(3))\n'],
    ['code', 'from . import near\n'],
    ['code', 'import re\nx = re.compile("a")\nmodel.eval()\n'],
    ['code', 'getattr(x.y, "name", None)\n'],
    ['code', 'from pathlib import Path\nhere = Path(__file__).resolve().parent\n'],
    ['code', 'import os\nhere = os.path.dirname(os.path.abspath(__file__))\n'],
    ['code', '# reads __doc__ with inspect.getsource\n'],
    ['code', 'def f():\n    """Not eval."""\n'],
    ['docstrings', 'print(__doc__)\n'],
    ['docstrings', 'getattr(x, name)\n'],
    ['docstrings', 'getattr(x, "__doc__")\n'],
    ['docstrings', 'e = eval\n'],
    ['docstrings', 'vars(x)\n'],
    ['docstrings', 'import click\n'],
    ['docstrings', 'import os, click\n'],
    ['docstrings', 'if x: import typer as t\n'],
    ['docstrings', 'def f():\n    from fire.core import Fire\n'],
    ['docstrings', 'a = 1; import docopt\n'],
    ['docstrings', 'import doctest\n'],
    ['bytes', 'import inspect\ninspect.getsource(f)\n'],
    ['bytes', 'from linecache import getlines\n'],
    ['bytes', 'open(__file__)\n'],
    ['bytes', 'open("train.py")\n'],
    ['bytes', 'import sys\nsys._getframe().f_lineno\n'],
    ['bytes', 'logging.basicConfig(format="%(lineno)d")\n'],
  ];
  for (const [view, source] of views) it(`${JSON.stringify(source)}: ${view}`, () => assert.equal(viewOf({ 'a.py': known(source) }), view));

  it('is decided for all sources of a task together', () => {
    assert.equal(viewOf({ 'a.py': known('x = 1\n'), 'lib/b.py': known('print(x.__doc__)\n') }), 'docstrings');
    assert.equal(viewOf({ 'a.py': known('from lib import b\n') }), 'docstrings', 'it may be a package');
    assert.equal(viewOf({ 'a.py': known('from lib import b\n'), 'lib/b.py': known('x = 1\n') }), 'code');
    assert.equal(viewOf({ 'a.py': known('x = 1\n'), 'b.so': undefined }), 'bytes');
  });
});

describe('a source that is not understood', () => {
  it('has no meaning', () => {
    assert.equal(meaning('x = (\n'), undefined);
    assert.equal(meaning('# -*- coding: latin-1 -*-\n'), undefined);
    assert.equal(meaning('#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n'), undefined);
    assert.notEqual(meaning('# -*- coding: utf-8 -*-\n'), undefined);
    assert.equal(meaningOf(Uint8Array.of(0x22, 0xe9, 0x22), 'python', false), undefined);
    assert.equal(meaning('{"nbformat": 3}', 'notebook', true), undefined);
    assert.equal(meaning('{', 'notebook', true), undefined);
  });
});

interface CellSketch {
  readonly cell_type?: string;
  readonly source?: string | readonly string[];
  readonly [key: string]: unknown;
}
const ipynb = (cells: readonly CellSketch[], metadata: object = { kernelspec: { name: 'python3', display_name: 'Python' } }): string =>
  JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells: cells.map((cell) => ({ cell_type: 'code', metadata: {}, outputs: [], execution_count: null, ...cell })) });

describe('a notebook', () => {
  const code = (text: string): string => meaning(text, 'notebook', true)?.code ?? assert.fail(text);
  const base = ipynb([{ source: 'x = 1\n' }, { source: 'print(x)' }]);
  const same: Readonly<Record<string, string>> = {
    'outputs and execution counts': ipynb([{ source: 'x = 1\n', execution_count: 3 }, { source: 'print(x)', outputs: [{ output_type: 'stream' }] }]),
    'a markdown cell': ipynb([{ cell_type: 'markdown', source: '# Title' }, { source: 'x = 1\n' }, { source: 'print(x)' }]),
    'a raw cell': ipynb([{ cell_type: 'raw', source: 'x' }, { source: 'x = 1\n' }, { source: 'print(x)' }]),
    'metadata': ipynb([{ source: 'x = 1\n', metadata: { tags: ['hide'], collapsed: true }, id: 'abc' }, { source: 'print(x)' }], { kernelspec: { name: 'python3', display_name: 'Other' }, language_info: { name: 'python', version: '3.13' } }),
    'formatting': ipynb([{ source: ['# first\n', 'x=1\n'] }, { source: 'print(\n  x,\n)' }]),
    'an empty cell': ipynb([{ source: 'x = 1\n' }, { source: '# nothing' }, { source: 'print(x)' }]),
  };
  for (const [name, text] of Object.entries(same)) it(`is the same after a change of ${name}`, () => assert.equal(code(text), code(base)));
  const different: Readonly<Record<string, string>> = {
    'code': ipynb([{ source: 'x = 2\n' }, { source: 'print(x)' }]),
    'the order of cells': ipynb([{ source: 'print(x)' }, { source: 'x = 1\n' }]),
    'where a cell ends': ipynb([{ source: 'x = 1\nprint(x)' }]),
    'the parameters tag': ipynb([{ source: 'x = 1\n', metadata: { tags: ['parameters'] } }, { source: 'print(x)' }]),
    'the kernel': ipynb([{ source: 'x = 1\n' }, { source: 'print(x)' }], { kernelspec: { name: 'ir' } }),
    'a semicolon that hides the output': ipynb([{ source: 'x = 1\n' }, { source: 'print(x);' }]),
  };
  for (const [name, text] of Object.entries(different)) it(`is another after a change of ${name}`, () => assert.notEqual(code(text), code(base)));

  const magics: readonly (readonly [string, string])[] = [
    ['%run  a', '%run a'],
    ['!ls  "a"', '!ls "a"'],
    ['x = !ls # a', 'x = !ls'],
    ['%%bash\nls # a', '%%bash\nls'],
    ['x?  # a', 'x?'],
    ['cd  a#b', 'cd a'],
    ['"text"', '"other"'],
    [',f a  b', ',f a b'],
  ];
  for (const [before, after] of magics) it(`tells ${JSON.stringify(before)} from ${JSON.stringify(after)}`, () => assert.notEqual(code(ipynb([{ source: before }])), code(ipynb([{ source: after }]))));
});

describe('a notebook in percent format', () => {
  const code = (text: string): string => meaning(text, 'notebook')?.code ?? assert.fail(text);
  const base = '# %%\nx = 1\n\n# %%\nprint(x)\n';
  it('leaves out titles, comments and markdown', () => {
    assert.equal(code('# %% first\nx=1 # c\n# %% [markdown]\n# # Title\n# text\n# %%\n\nprint(x)\n'), code(base));
  });
  it('keeps cells, parameters and magics', () => {
    const others = ['# %%\nx = 1\nprint(x)\n', '# %% tags=["parameters"]\nx = 1\n\n# %%\nprint(x)\n', '# %%\n# %matplotlib inline\nx = 1\n\n# %%\nprint(x)\n', '# %%\n# !ls\nx = 1\n# %%\nprint(x)\n', '# ---\n# kernelspec: ir\n# ---\n' + base];
    assert.equal(new Set([base, ...others].map(code)).size, others.length + 1);
  });
});
