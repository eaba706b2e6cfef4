import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pythonTokens } from '../../../src/fingerprint/python-tokens.ts';

type Edit = readonly [before: string, after: string];

const same: readonly Edit[] = [
  ['x = 1\n', 'x = 1 # why\n'],
  ['x = 1\n', 'x = 1\n# type: ignore\n'],
  ['x = 1\n', '\n\n# a\n\nx = 1\n\n'],
  ['x = 1\n', 'x = 1'],
  ['x = 1\n', 'x=1   \n'],
  ['x = 1\n', '\ufeffx = 1\r\n'],
  ['', '# only a comment\n\n'],
  ['if x:\n    pass\n', 'if x:\n\tpass\n'],
  ['if x:\n    pass\n', 'if x:\n  pass  # c\n'],
  ['if x: pass\n', 'if x: pass  # c\n'],
  ['if x:\n    a\n    b\n', 'if x:\n    a\n# left\n\n        # right\n    b\n'],
  ['f(a, b)\n', 'f(\n    a,\n    b,\n)\n'],
  ['f(a)\n', 'f(\n    a,  # first\n)\n'],
  ['x = [1]\n', 'x = [\n    1,\n]\n'],
  ['x = {1: 2}\n', 'x = {\n    1: 2,\n}\n'],
  ['x = (1, 2)\n', 'x = (1, 2,)\n'],
  ['def f(a, b): pass\n', 'def f(\n    a,\n    b,\n): pass\n'],
  ['from a import (b, c)\n', 'from a import (b, c,)\n'],
  ['f(lambda a, b: a)\n', 'f(lambda a, b: a,)\n'],
  ['x = 1 + 2\n', 'x = 1 + \\\n    2\n'],
  ['with a as b, c as d: pass\n', 'with a as b, \\\n  c as d: pass\n'],
  ["x = 'a'\n", 'x = "a"\n'],
  ["x = 'a'\n", "x = '''a'''\n"],
  ["x = f'{a}b'\n", 'x = f"{a}b"\n'],
  ["x = ('a' 'b')\n", "x = (\n    'a'\n    # between\n    'b'\n)\n"],
  ['@a\ndef f(): pass\n', '@a\n\n# c\ndef f(): pass\n'],
  ['match x:\n    case 1: pass\n', 'match x:\n\n  case 1: pass\n'],
  ['x = """a\nb"""\n', 'x = """a\r\nb"""\n'],
  ['type A[T] = list[T]\n', 'type A[ T ]=list[T]\n'],
  ['def f[T: int](a: T) -> T: return a\n', 'def f[T:int]( a:T )->T: return a\n'],
  ['x[a:b, ::2]\n', 'x[a : b, :: 2]\n'],
  ['a <= b\n', 'a<=b\n'],
  ['f(**{"a": 1})\n', 'f( ** {"a": 1} )\n'],
];

const different: readonly Edit[] = [
  ['x = 1\n', 'x = 2\n'],
  ["x = 'a'\n", "x = b'a'\n"],
  ["x = 'a'\n", "x = r'a'\n"],
  ["x = 'a'\n", "x = u'a'\n"],
  ["x = '{a}'\n", "x = f'{a}'\n"],
  ["x = 'a # b'\n", "x = 'a'\n"],
  ["x = 'a  b'\n", "x = 'a b'\n"],
  ["x = '''a\n'''\n", "x = '''a\n\n'''\n"],
  ["x = '''a\n  b'''\n", "x = '''a\n b'''\n"],
  ['x = "\\n"\n', 'x = r"\\n"\n'],
  ["x = 'a' 'b'\n", "x = 'a', 'b'\n"],
  ['f"{x["a"]}"\n', 'f"{x["b"]}"\n'],
  ['f"{x:>{w}}"\n', 'f"{x:>{v}}"\n'],
  ['f"{x!r}"\n', 'f"{x}"\n'],
  ['f"{x = }"\n', 'f"{x=}"\n'],
  ['f"{x}" # a\n', 'f"{x} # a"\n'],
  ['x = (a)\n', 'x = (a,)\n'],
  ['x[a]\n', 'x[a,]\n'],
  ['x = (lambda a, b: a)\n', 'x = (lambda a, b: a,)\n'],
  ['return (a)\n', 'return (a,)\n'],
  ['match (a):\n  case 1: pass\n', 'match (a,):\n  case 1: pass\n'],
  ['f(x for x in y)\n', 'f(x for x in y,)\n'],
  ['f(1for x in y)\n', 'f(1for x in y,)\n'],
  ['def f(): pass\n', 'def f(,): pass\n'],
  ['if x:\n    a\n    b\n', 'if x:\n    a\nb\n'],
  ['if x:\n    a\n', 'if x:\na\n'],
  ['if x:\n  if y:\n    a\n  else:\n    b\n', 'if x:\n  if y:\n    a\nelse:\n    b\n'],
  ['a\nb\n', 'a; b\n'],
  ['a\nb\n', 'a b\n'],
  ['x = 1\n+ 2\n', 'x = 1 + 2\n'],
  ['x = 1 \\\n + 2\n', 'x = 1\n+ 2\n'],
  ['a < = b\n', 'a <= b\n'],
  ['a - > b\n', 'a -> b\n'],
  ['x[a: =b]\n', 'x[a:=b]\n'],
  ['not a\n', 'nota\n'],
  ['x = 1 .real\n', 'x = 1.real\n'],
  ['0x1for x in y\n', '0x1 for x in y\n'],
  ['1 - -1\n', '1 --1 1\n'],
  ['@a\ndef f(): pass\n', 'def f(): pass\n'],
  ['été = 1\n', 'ete = 1\n'],
  ['assert x\n', 'pass\n'],
  ['def f():\n    x = """text"""\n', 'def f():\n    x = """other"""\n'],
  ['def f():\n    1\n    "text"\n', 'def f():\n    1\n    "other"\n'],
  ['def f():\n    b"text"\n', 'def f():\n    b"other"\n'],
  ['def f():\n    f"text"\n', 'def f():\n    f"other"\n'],
  ['if x:\n    "text"\n', 'if x:\n    "other"\n'],
  ['"a"\n"b"\n', '"a"\n"c"\n'],
  ['async def f(): pass\n', 'def f(): pass\n'],
];

const docstrings: readonly Edit[] = [
  ['"a"\nx = 1\n', '"b"\nx = 1\n'],
  ['"a"\nx = 1\n', 'x = 1\n'],
  ['def f():\n    """a"""\n    x\n', 'def f():\n    x\n'],
  ['def f():\n    """a"""\n', 'def f():\n    """b"""\n'],
  ['def f():\n    """a"""\n    # c\n', 'def f():\n    r"""a\nb"""\n'],
  ['class A(B):\n    "a"\n    x = 1\n', 'class A(B):\n    "b" \'c\'\n    x = 1\n'],
  ['async def f() -> "x":\n    "a"\n    x\n', 'async def f() -> "x":\n    x\n'],
  ['class A:\n    def f(self):\n        "a"\n', 'class A:\n    def f(self):\n        "b"\n'],
];

const notUnderstood = ['x = "a\n', 'f(\n', 'f(]\n', 'f)\n', 'if x:\n    a\n  b\n', 'if x:\n\ta\n        b\n', 'a ? b\n', '!ls\n', 'x = 1 \\', 'x = 1 \\ \n', 'f"{a"\n', 'x = """a\n', 'a\u0000\n', '`a`\n'];

const show = (text: string): string => JSON.stringify(text);

describe('Python tokens', () => {
  for (const [before, after] of same) {
    it(`${show(before)} means the same as ${show(after)}`, () => {
      const [a, b] = [pythonTokens(before), pythonTokens(after)];
      assert.ok(a !== undefined);
      assert.deepEqual(b, a);
    });
  }
  for (const [before, after] of different) {
    it(`${show(before)} means something else than ${show(after)}`, () => {
      const [a, b] = [pythonTokens(before), pythonTokens(after)];
      assert.ok(a !== undefined || b !== undefined);
      assert.notEqual(a?.code, b?.code);
      assert.notEqual(a?.withDocstrings, b?.withDocstrings);
    });
  }
  for (const [before, after] of docstrings) {
    it(`${show(before)} differs from ${show(after)} by a docstring`, () => {
      const [a, b] = [pythonTokens(before), pythonTokens(after)];
      assert.ok(a !== undefined && b !== undefined);
      assert.equal(a.code, b.code);
      assert.notEqual(a.withDocstrings, b.withDocstrings);
    });
  }
  for (const text of notUnderstood) it(`${show(text)} is not understood`, () => assert.equal(pythonTokens(text), undefined));

  it('takes a docstring alone for a body', () => {
    assert.notEqual(pythonTokens('def f():\n    "a"\nx\n')?.code, pythonTokens('def f():\nx\n')?.code);
  });
});
