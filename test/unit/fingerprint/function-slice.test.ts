import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sliceModules } from '../../../src/fingerprint/function-slice.ts';
import { moduleParts, type ModuleParts } from '../../../src/fingerprint/module-parts.ts';
import { pythonTokens } from '../../../src/fingerprint/python-tokens.ts';

function modulesOf(sources: Readonly<Record<string, string>>): Record<string, ModuleParts> {
  return Object.fromEntries(
    Object.entries(sources).map(([file, source]) => {
      const { tokens, code } = pythonTokens(source) ?? assert.fail(source);
      return [file, moduleParts(tokens, code)];
    }),
  );
}

/** What counts for the function `f` of `a.py`: by file, in order, without what always does; `whole` where all of them count as a whole. */
function counted(sources: Readonly<Record<string, string>>): unknown {
  const slices = sliceModules({ module: 'a', function: 'f' }, modulesOf(sources));
  return slices === undefined ? 'whole' : Object.fromEntries(Object.entries(slices).map(([file, slice]) => [file, slice.counted.map(([label]) => label).filter((label) => label !== '').join(', ')]));
}

const f = 'def f():\n    return g()\n';
const g = 'def g():\n    return 1\n';
const unused = 'def unused():\n    return 2\n';

describe('what a function can use', () => {
  const cases: readonly (readonly [why: string, sources: Readonly<Record<string, string>>, counted: unknown])[] = [
    ['what it mentions, and what that does', { 'a.py': `${f}${g}${unused}` }, { 'a.py': 'function f, function g' }],
    ['in other modules', { 'a.py': `from b import g, unused\n${f}`, 'b.py': `${g}${unused}` }, { 'a.py': 'function f', 'b.py': 'function g' }],
    ['under another name', { 'a.py': `from b import unused as g\n${f}`, 'b.py': unused }, { 'a.py': 'function f', 'b.py': 'function unused' }],
    ['in a string', { 'a.py': `def f():\n    return "\\nunused"\n${unused}` }, { 'a.py': 'function f, function unused' }],
    ['what runs when a module is imported', { 'a.py': `${f}${g}x = [unused]\n${unused}` }, { 'a.py': 'function f, function g, function unused' }],
    ['decorated functions', { 'a.py': `@unused\nasync def h(): pass\ndef f(): pass\n${unused}` }, { 'a.py': 'function h, function f, function unused' }],
    ['what defaults and annotations call, without the body', { 'a.py': `def f(): pass\ndef h(x=unused()):\n    g()\n${g}${unused}` }, { 'a.py': 'function f, function unused' }],
    ['not what a script runs', { 'a.py': `def f(): pass\nif __name__ == '__main__':\n    unused()\n${unused}` }, { 'a.py': 'function f' }],
    ['but its other branch', { 'a.py': `def f(): pass\nif __name__ == '__main__':\n    pass\nelse:\n    unused()\n${unused}` }, { 'a.py': 'function f, function unused' }],
    ['a plain class as a whole', { 'a.py': 'class A:\n    x = 1\n    @property\n    def y(self): return unused()\nclass B(ValueError):\n    pass\ndef f(): return A()\n' + unused }, { 'a.py': 'class A, function f, function unused' }],
    ['a class whose base may do something, always', { 'a.py': `import b\nclass A(b.Base):\n    def m(self): unused()\ndef f(): pass\n${unused}` }, { 'a.py': 'class A, function f, function unused' }],
    ['a class whose base is not what it was, always', { 'a.py': `ValueError = g\nclass A(ValueError):\n    def m(self): unused()\ndef f(): pass\n${g}${unused}` }, { 'a.py': 'class A, function f, function g, function unused' }],
    ['names that Python looks for or writes otherwise', { 'a.py': 'def f(): pass\ndef __getattr__(name): pass\ndef _A__g(): unused()\n' + unused }, { 'a.py': 'function f, function __getattr__, function _A__g, function unused' }],
    ['names as Python compares them', { 'a.py': 'def f(): ｇ()\ndef ＿_getattr__(name): unused()\n' + g + unused }, { 'a.py': 'function f, function __getattr__, function g, function unused' }],
    ['in a package that is called modules', { 'a.py': `from modules import g, unused\n${f}`, 'modules/__init__.py': `${g}${unused}` }, { 'a.py': 'function f', 'modules/__init__.py': 'function g' }],
    ['all where the modules of sys are imported', { 'a.py': `from sys import modules\n${f}${unused}` }, 'whole'],
    ['all where names are computed', { 'a.py': `def f(): return sys.modules["a"]\n${unused}` }, 'whole'],
    ...[
      "__name__: str = '__main__'", "for __name__ in ['__main__']: pass", 'from c import MAIN as __name__', 'from c import (x, __name__)', "(__name__, x) = '__main__', 1", "x, __name__ = 1, '__main__'", "if x: x, __name__ = 1, 2", "for x in y: x, __name__ = 1, 2", "(__name__ := '__main__')", "__name__ += ''", 'del __name__', 'def __name__(): pass', 'match x:\n    case A(__name__): pass', "__ｎame__ = '__main__'",
    ].map((line) => [`all where \`${line}\` makes a module a script`, { 'a.py': `${line}\n${f}${unused}` }, 'whole'] as const),
    ...['tools.property, x = a, b', '(tools.staticmethod), x = a, b', '[tools.ValueError, x] = a', 'for tools.property in a: pass', 'with a as tools.object: pass', 'tools.property: int = 3', 'if x: tools.property: int = 3', 'del tools.property', 'for x in y: tools.property, z = x'].map(
      (line) => [`all where \`${line}\` replaces what is built in`, { 'a.py': `${line}\n${f}${unused}` }, 'whole'] as const,
    ),
    ...[
      'np.load("o.npy", None, True)', 'np.load(p(x, (1, q(2))), None, True)', 'np.load("a)", None, True)', 'np.load(*a)', 'l = np.load', 'from numpy import load', 'import numpy as n', 'from joblib import load', 'import joblib as jl', 'from b import joblib\njoblib.load(x)', 'j = joblib', 'pd.read_hdf(x)', 'yaml.load(x)', 'import yaml as y', 'typing.get_type_hints(x)', 'ForwardRef(x)',
    ].map((line) => [`all where \`${line}\` may find by name`, { 'a.py': `${line}\n${f}${unused}` }, 'whole'] as const),
    [
      'not more for what is ordinary',
      { 'a.py': `import json, logging, os, joblib\nimport jax.numpy as jnp\nlog = logging.getLogger(__name__)\nhere = __name__ == "x"\ndef f(a=__name__):\n    log.info(f"{__name__}", f.__name__, extra=a)\n    name = f.__name__\n    x = np.load(os.path.join(a, f"{b}.npy", c(1, 2)), mmap_mode="r")\n    joblib.dump(x, "model.joblib")\n    try: tables.load(a, b, c); yaml.safe_load(f)\n    except (json.JSONDecodeError, asyncio.TimeoutError) as e: raise\n    except x.KeyError: b = 1\n    return {a.__name__: b for a in b if isinstance(a, x.ValueError)}\n${unused}` },
      { 'a.py': 'function f' },
    ],
    ...['class A:\n    import b', 'class A:\n    if x:\n        from c import b', 'class A:\n    class B:\n        import b', 'class A: import b', 'if x:\n    class A:\n        import b', 'def h():\n    class A:\n        import b\n    return A'].map((line) => [`all where \`${line}\` makes a module an attribute`, { 'a.py': `${line}\n${f}${unused}` }, 'whole'] as const),
    ['not where a method imports', { 'a.py': 'class A:\n    @property\n    def m(self):\n        import b\ndef f(): return A()\n' + unused }, { 'a.py': 'class A, function f' }],
    ...['b.__getstate__()[x]', 'b.__dir__()', 'd = b.__dir__', 'b.__setattr__("x", y)', 'b.__delattr__("x")', 'pl.LazyFrame.deserialize(x)', 'print(__name__ := x)'].map((line) => [`all where \`${line}\` may reach any name`, { 'a.py': `${line}\n${f}${unused}` }, 'whole'] as const),
    ['not for what objects do so', { 'a.py': `def f(self):\n    object.__setattr__(self, "x", 1)\n    super().__setattr__("y", 2)\n${unused}` }, { 'a.py': 'function f' }],
    ['all where a plotting backend is found by its name', { 'a.py': `pd.options.plotting.backend = x\n${f}${unused}` }, 'whole'],
    ['all where a module is used as a value', { 'a.py': 'import b\ndef f(): return show(b)\n', 'b.py': unused }, 'whole'],
    ['all where it is, under another name', { 'a.py': 'import b as c\ndef f(): return [c]\n', 'b.py': unused }, 'whole'],
    ['all where it is, in a formatted string', { 'a.py': 'import b\ndef f(): return f"a {b} c"\n', 'b.py': unused }, 'whole'],
    ['all where its attribute is, in a formatted string', { 'a.py': 'import b\ndef f(): return f"{g()}, {x. b !r}"\n', 'b.py': unused }, 'whole'],
    ['what is called in a formatted string', { 'a.py': `import b\ndef f(): return f"b: {b.unused ()} and {b . x()}"\n${g}`, 'b.py': `${g}${unused}` }, { 'a.py': 'function f', 'b.py': 'function unused' }],
    ['not the text of a formatted string', { 'a.py': `import b\ndef f(): return f"{{b/a-{1}-{2}.b" + f"a"\n${unused}`, 'b.py': unused }, { 'a.py': 'function f', 'b.py': '' }],
    ['a module as a whole that was imported in another way', { 'a.py': f, 'b.py': `${unused}def h(): g()\n`, 'c.py': g }, { 'a.py': 'function f' }],
  ];
  for (const [why, sources, expected] of cases) it(why, () => assert.deepEqual(counted(sources), expected));
});

describe('annotations with brackets', () => {
  const unusedTyped = 'def unused(a: list[int], *b: dict[str, tuple["A", ...]], c: set[float] = None) -> frozenset[list[None]]:\n    pass\n';
  const doesNothing = (line: string): boolean => {
    const { parts, isDynamic } = modulesOf({ 'a.py': `${line}\n${unusedTyped}` })['a.py'] ?? assert.fail();
    return !isDynamic && parts.find(({ label }) => label === 'function unused')?.header === undefined;
  };
  const harmless = [
    '', 'x: int = 1', 'try: g()\nexcept E as e: print(str(e))', 'def g(list): return list(1)', 'x = list(a) + [int]', 'self.list = 1\nself.dict, x = 1, 2', 'for a in list: pass', 'dict(int=1)', 'with open(p) as f: x = str(f)', 'def g() -> tuple[str, int]: return list', 'lambda: list', 'x[list] = 1', 'if list == int: pass', 'class A:\n    x: list[int] = []\n    def y(self) -> list[str]: ...',
  ];
  for (const line of harmless) it(`do nothing beside ${JSON.stringify(line)}`, () => assert.ok(doesNothing(line)));
  const binding = [
    'list = 1', 'x = list = 1', 'a, list = 1, 2', '[a, (list)] = b', 'list += 1', 'if x: list = 1', 'for x in y: list, z = x', 'for list in a: pass', '[1 for list in a]', 'import list', 'from b import x as int', 'from b import (list)', 'def list(): pass', 'class list: pass', 'class A:\n    def list(self): pass', 'class A:\n    list = 1', 'class A: int = 1', 'try: a\nexcept E as int: b', 'try: a\nexcept E: int = 1', 'with a as list: pass', '(list := 1)', 'g(list := 1)', 'x: (list := 1) = 2', 'x: int = (int := 1)', 'def g() -> (list := 1): pass', 'def g(x: (list := 1)): pass', 'del list', 'def g():\n    global list\n    list = 1', 'match x:\n    case list: pass', 'match x:\n    case {1: list}: pass', 'match x:\n    case A(list): pass', 'match x:\n    case [1, *list]: pass', 'match x:\n    case y: int = 1', 'type list = int', 'ｌist = 1',
    'import tools\ntools.list = 1', 'import tools\ntools.b.dict: int = 1', 'tools().list = 1', 'import b as t\nfor t.tuple in a: pass', 'import b\ndel b.set', 'import b\nprint([0 for b.set in a])',
  ];
  for (const line of binding) it(`may do something beside ${JSON.stringify(line)}`, () => assert.ok(!doesNothing(line)));
  for (const annotation of ['list[g()]', 'list[x]', 'x[int]', 'int[str]', 'type[int]', 'list[int][g()]', 'list[int] | None', 'list[f"{g()}"]', 'list[int:str]', 'list[*a]', 'list[int, (g())]', 'dict.get[int]']) {
    it(`count with their function's header where they may do something by themselves: ${annotation}`, () => {
      const { parts } = modulesOf({ 'a.py': `def unused(a: ${annotation}): pass\n` })['a.py'] ?? assert.fail();
      assert.ok(parts[0]?.header !== undefined);
    });
  }
});

describe('the digest of what counts', () => {
  const digestOf = (sources: Readonly<Record<string, string>>): string | undefined => sliceModules({ module: 'a', function: 'f' }, modulesOf(sources))?.['a.py']?.digest;
  const base = `import os\n${f}${g}${unused}def h(x=os.name):\n    return 1\n`;
  const is = (change: (source: string) => string): boolean => digestOf({ 'a.py': change(base) }) === digestOf({ 'a.py': base });

  it('stays when what does not count is edited, added, renamed, moved or removed', () => {
    assert.ok(is((source) => source.replace('return 2', 'return 3')));
    assert.ok(is((source) => `def more(n: int = 3): pass\n${source}`));
    assert.ok(is((source) => source.replace('unused', 'other')));
    assert.ok(is((source) => `${unused}${source.replace(unused, '')}`));
    assert.ok(is((source) => source.replace(unused, '')));
    assert.ok(is((source) => source.replace(/return 1\n$/, 'return 4\n')), 'the body of a function whose header counts');
  });

  it('changes with what counts, its order, a header that does something, and a name that an import needs', () => {
    assert.ok(!is((source) => source.replace('return 1', 'return 3')));
    assert.ok(!is((source) => source.replace('import os\n', '').replace(g, `${g}import os\n`)));
    assert.ok(!is((source) => source.replace('x=os.name', 'x=os.sep')));
    const importing = (source: string): string | undefined => sliceModules({ module: 'a', function: 'f' }, modulesOf({ 'a.py': 'from b import unused\ndef f(): pass\n', 'b.py': source }))?.['b.py']?.digest;
    assert.equal(importing(unused), importing(unused.replace('2', '3')));
    assert.notEqual(importing(unused), importing(g));
  });

  it('is that of a part only, and never that of a module', () => {
    const slice = sliceModules({ module: 'a', function: 'f' }, modulesOf({ 'a.py': f }))?.['a.py'];
    assert.equal(slice?.isPart, false);
    assert.equal(sliceModules({ module: 'a', function: 'f' }, modulesOf({ 'a.py': f + unused }))?.['a.py']?.isPart, true);
    assert.equal(sliceModules({ module: 'a', function: 'f' }, modulesOf({ 'a.py': `${f}if __name__ == '__main__':\n    print f()\n` }))?.['a.py']?.isPart, true, 'what a script runs is compiled too');
  });
});
