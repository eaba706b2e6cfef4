import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { meaningOf, viewOf, type View } from '../../../src/fingerprint/meaning.ts';

const ipynb = (...sources: readonly string[]): string =>
  JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: sources.map((source) => ({ cell_type: 'code', metadata: {}, outputs: [], execution_count: null, source })) });
const viewOfCells = (...sources: readonly string[]): View => viewOf({ 'a.ipynb': meaningOf(Buffer.from(ipynb(...sources)), 'notebook', true) });

describe('how closely a notebook is compared', () => {
  const views: readonly (readonly [view: View, source: string])[] = [
    ['code', 'x = 1'],
    ['code', 'from IPython.display import display\n%matplotlib inline\n# is it so?'],
    ['code', '%load_ext autoreload\n%autoreload 2'],
    ['code', 'from numpy import zeros\n%timeit zeros(3)'],
    ['code', 'print("In total", x, "out of", "Out of time")'],
    ['code', 'In = 1 if __name__ == "__main__" else 2'.replace('In', 'inner')],
    ['code', '!history of the world'],
    ['docstrings', 'from pydoc import render_doc\n%matplotlib inline'],
    ['docstrings', '%%time\nif x:\n    from pydoc import render_doc'],
    ['docstrings', '%%time\nimport os, \\\n  pydoc'],
    ['docstrings', '%load_ext memory_profiler'],
    ['docstrings', '%time help(f)'],
    ['bytes', 'y = 2\n%history -f out.txt'],
    ['bytes', 'history -f out.txt'],
    ['bytes', '%matplotlib inline\nW(In[1])'],
    ['bytes', 'W(In[1])'],
    ['bytes', '%time open("train.py")'],
    ['bytes', "'\\n'.join(In)"],
    ['bytes', 'for cell in In: W(cell)'],
    ['bytes', 'x = In if y else 1'],
    ['bytes', 'print(f"{In[1]} {x}")'],
    ['bytes', 'print(_i)'],
    ['bytes', 'print(_ii, 1)'],
    ['bytes', 'print(_iii)'],
    ['bytes', 'print(_i12)'],
    ['bytes', 'print(_12 + Out[3])'],
    ['bytes', 'get_ipython().run_line_magic("history", "-f out.txt")'],
    ['bytes', 'shell.history_manager.input_hist_raw[1]'],
    ['bytes', 'for name in list(globals()): print(globals()[name])'],
    ['bytes', 'import __main__\nprint(vars(__main__))'],
    ['bytes', 'x = 1\nx?'],
    ['bytes', '%run other'],
    ['bytes', '%logstart out.log'],
  ];
  for (const [view, source] of views) it(`${JSON.stringify(source)}: ${view}`, () => assert.equal(viewOfCells(source), view));

  it('is seen in comments that jupytext runs', () => {
    const view = (text: string): View => viewOf({ 'a.py': meaningOf(Buffer.from(text), 'notebook', false) });
    assert.equal(view('# %%\n# y = 1\n# %history -f out.txt\n'), 'bytes');
    assert.equal(view('# %% active="ipynb"\n# from pydoc import render_doc\n'), 'docstrings');
    assert.equal(view('# %% active="ipynb"\n# print(In[1])\n'), 'bytes');
    assert.equal(view('# %%\n# from pydoc import In\nx = 1\n'), 'code');
  });

  it('is not changed by the names in a script', () => assert.equal(viewOf({ 'a.py': meaningOf(Buffer.from('In = [1]\nprint(In)\n'), 'python', false) }), 'code'));
});
