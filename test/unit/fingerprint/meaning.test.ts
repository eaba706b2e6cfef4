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
    ['code', 'from pathlib import Path\nname = Path(__file__).stem\n'],
    ['code', 'from pathlib import Path\nhere = Path(os.path.abspath(__file__)).parent\n'],
    ['code', 'from pathlib import Path\nout = Path(__file__).with_suffix(".json"), Path(__file__).resolve().with_name("data.csv")\n'],
    ['code', 'import os\nhere = os.path.split(os.path.realpath(__file__))[0]\nname = os.path.splitext(os.path.basename(__file__))[0]\n'],
    ['code', 'import os\nhere = os.path.join(__file__, "..", "data"), os.path.join(__file__, os.pardir)\n'],
    ['code', 'import argparse, atexit, codecs, configparser, contextvars, graphlib\n'],
    ['code', 'getattr(f(x, *y)[1, 2], "name")\ngetattr(getattr(x, "a"), "b", None)\n'],
    ['code', 'import sys\nif sys.stderr == x: print(file=sys.stderr)\n'],
    ['code', 'print(f"{x.y} {x.z:.2f} {{a.b}}", "{0.name}".format(x), "%s" % y)\n'],
    ['code', 'from IPython.display import display\nfrom IPython import display\n'],
    ['code', '# reads __doc__ with inspect.getsource\n'],
    ['code', 'def f():\n    """Not eval."""\n'],
    ['code', 'from abc import ABCMeta\nclass A(B, metaclass=ABCMeta): pass\nclass C(List[type]): pass\n'],
    ['code', 'import traceback\ntry: f()\nexcept E: traceback.print_exc()\ntraceback.print_exc(file=sys.stderr)\n'],
    ['code', 'import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter("ignore")\n'],
    ['code', 'import logging, numpy as np\nlogging.info(g)\nlogger.info(np.stack(x).trace())\ndf.info()\n'],
    ['code', 'dis = inspect(x)\n'],
    ['docstrings', 'print(__doc__)\n'],
    ['docstrings', 'print(__ｄoc__)\n'],
    ['docstrings', 'import numpy as np\nnp.info(g, output=o)\n'],
    ['docstrings', 'from numpy import info\ninfo(g)\n'],
    ['docstrings', 'import numpy as n\nn.info(g)\n'],
    ['docstrings', 'print(f.__code__.co_names)\n'],
    ['docstrings', 'getattr(x, name)\n'],
    ['docstrings', 'getattr(x, "__doc__")\n'],
    ['docstrings', 'getattr(f(x), "__doc__")\n'],
    ['docstrings', 'getattr(getattr(x, name), "a")\n'],
    ['docstrings', 'getattr(*x, "a")\n'],
    ['docstrings', 'getattr({a: b, "c": d}[e], name, "f")\n'],
    ['docstrings', 'getattr({x, "b", c}.pop(), name)\n'],
    ['docstrings', 'getattr(\'\'\'a"b , "name" , c\'\'\', name)\n'],
    ['docstrings', 'getattr(x, "a" "b")\n'],
    ['docstrings', 'import gc\ngc.get_referents(f)\n'],
    ['docstrings', 'from IPython.core import oinspect\n'],
    ['docstrings', 'import IPython\n'],
    ['docstrings', 'import ctypes\n'],
    ['docstrings', 'import optparse\n'],
    ['docstrings', '("{0.%s}" % name).format(f)\n'],
    ['docstrings', '("{0." + name + "}").format(f)\n'],
    ['docstrings', 'f"{{0.{name}}}".format(f)\n'],
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
    ['bytes', 'class M(type): pass\n'],
    ['bytes', 'class M(Mixin, abc.ABCMeta): pass\n'],
    ['bytes', 'class A(B, metaclass=M): pass\n'],
    ['bytes', 'print(A.__firstlineno__)\n'],
    ['bytes', 'import inspect\ninspect.stack()[1]\n'],
    ['bytes', 'import inspect as i\ni.stack()[1]\n'],
    ['bytes', 'from inspect import currentframe, trace\n'],
    ['bytes', '_, _, n, *_ = inspect.getouterframes(frame)[1]\n'],
    ['bytes', 'out.write(traceback.format_exc())\n'],
    ['bytes', 'traceback.print_exc(None, out)\n'],
    ['bytes', 'traceback.print_stack(file=out)\n'],
    ['bytes', 'import os, dis\ndis.dis(g, file=out)\n'],
    ['bytes', 'import marshal\n'],
    ['bytes', 'print(hash(g.__code__))\n'],
    ['bytes', 'with warnings.catch_warnings(record=True) as w:\n    out.write(str(w[0]))\n'],
    ['bytes', 'f_ｌineno\n'],
    ...[
      'Path(__file__)', 'Path(__file__).name', 'Path(__file__).read_text()', 'Path(__file__).with_suffix(suffix)', 'Path(__file__).with_suffix(".py")', 'Path(__file__).with_name("b.py")', 'Path(__file__).with_name("b." "py")', 'Path(__file__).with_name(f"b.{x}")', 'Path(__file__).with_stem("b")', 'os.path.basename(__file__)', 'os.path.abspath(__file__)', 'os.path.split(__file__)', 'os.path.split(__file__)[1]', 'os.path.splitext(__file__)[0]', 'os.path.join(__file__, name)',
    ].map((line) => ['bytes', `use(${line})\n`] as const),
    ...[
      'json.dumps(record.__dict__)', 'str(vars(record))', 'sys.settrace(t)', 'sys.monitoring.use_tool_id(1, "x")', 'frame.f_lasti', 'tb.tb_lasti', 'contextlib.redirect_stderr(out)', 'os.dup2(fd, 2)', 'sys.stderr = out', 'traceback.print_tb(tb, None, out)', 'traceback.print_exception(t, v, tb, None, out)', 'traceback.print_exception(*sys.exc_info(), None, out)', 'functools.partial(warnings.catch_warnings, record=True)',
    ].map((line) => ['bytes', `${line}\n`] as const),
    ...['import cProfile', 'import os, tracemalloc', 'from coverage import Coverage', 'import pytest as p', 'from unittest import TestCase', 'from icecream import ic'].map((line) => ['bytes', `${line}\n`] as const),
  ];
  for (const [view, source] of views) it(`${JSON.stringify(source)}: ${view}`, () => assert.equal(viewOf({ 'a.py': known(source) }), view));

  it('is decided for all sources of a task together', () => {
    assert.equal(viewOf({ 'a.py': known('x = 1\n'), 'lib/b.py': known('print(x.__doc__)\n') }), 'docstrings');
    assert.equal(viewOf({ 'a.py': known('from lib import b\n') }), 'docstrings', 'it may be a package');
    assert.equal(viewOf({ 'a.py': known('from lib import b\n'), 'lib/b.py': known('x = 1\n') }), 'code');
    assert.equal(viewOf({ 'a.py': known('x = 1\n'), 'b.so': undefined }), 'bytes');
  });

  const own: readonly (readonly [view: View, files: Readonly<Record<string, string>>, isCall?: boolean])[] = [
    ['code', { 'run/a.py': 'import text\nimport util.names\nfrom util import names\nfrom util.names import x\n', 'run/text.py': '', 'run/util/names.py': '' }],
    ['code', { 'a.py': 'import src.text, lib\n', 'src/text.py': '', 'src/lib/__init__.py': '', 'src/lib/deep.py': '' }],
    ['code', { 'tasks/a.py': 'from tasks import b\n', 'tasks/__init__.py': '', 'tasks/b.py': '' }, true],
    ['code', { 'tasks/__init__.py': 'from . import click\n', 'tasks/click.py': '' }, true],
    ['docstrings', { 'pydoc/a.py': 'import pydoc\n' }],
    ['docstrings', { 'click/a.py': 'from click import command\nfrom click.core import (Option)\n' }],
    ['docstrings', { 'a.py': 'import lib.click, click\n', 'lib/__init__.py': '', 'lib/click.py': '' }],
    ['docstrings', { 'a.py': 'import lib.click, click\n', 'lib/click.py': '' }],
    ['docstrings', { 'tasks/click.py': 'import click\n' }, true],
    ['bytes', { 'a.py': 'from b import x\n', 'b.py': 'import trace\n' }],
    ['code', { 'a.py': 'import trace\nfrom lib import profile\n', 'trace.py': '', 'lib/__init__.py': '', 'lib/profile.py': '' }],
  ];
  for (const [view, files, isCall] of own) {
    it(`an import means what it can find: ${JSON.stringify(files)}${isCall === true ? ', called' : ''}: ${view}`, () => {
      assert.equal(viewOf(Object.fromEntries(Object.entries(files).map(([file, text]) => [file, known(text)])), isCall), view);
    });
  }
});

it('names are looked for as Python compares them, in parts of modules too', () => {
  assert.equal(meaning('sys.ｍodules[x]\n', 'module')?.module?.isDynamic, true);
});

describe('a source that is not understood', () => {
  it('has no meaning', () => {
    assert.equal(meaning('x = (\n'), undefined);
    assert.equal(meaning('x = 1 # \0\n'), undefined);
    assert.equal(meaning('# -*- coding: latin-1 -*-\n'), undefined);
    assert.equal(meaning('#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n'), undefined);
    assert.equal(meaning('#!x\r# coding: utf-16\rx = 1\r'), undefined, 'lines may end so');
    assert.equal(meaning('# a\u2028b coding: cp1252\n'), undefined, 'and nowhere else');
    assert.notEqual(meaning('# a\r# b\r# coding: cp1252\r'), undefined);
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
