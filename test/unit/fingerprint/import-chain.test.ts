import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { importedModules, importersOf } from '../../../src/fingerprint/import-chain.ts';

describe('importedModules', () => {
  it('reads every form of import statement', () => {
    const text = [
      'import a, b.c as d  # comment',
      'from e import f, g as h',
      'from . import i',
      'from ..j import (',
      '    k,',
      '    l,  # comment',
      ')',
      'def lazily():',
      '    import m; n = 1',
      'important = "import nothing"',
      'from e import *',
    ].join('\n');
    assert.deepEqual(importedModules(text), ['a', 'b.c', 'e', 'e.f', 'e.g', '.', '.i', '..j', '..j.k', '..j.l', 'm', 'e']);
  });
});

/**
 *   tasks/train.py ─▶ lib/a.py ─▶ lib/sub/b.py ─▶ (relative) lib/c.py
 */
describe('importersOf', () => {
  const imports: Readonly<Record<string, readonly string[]>> = { 'tasks/train.py': ['numpy', 'lib.a'], 'lib/a.py': ['.sub', '.sub.b'], 'lib/sub/b.py': ['..c'], 'lib/c.py': ['.a'] };
  const sources = ['tasks/train.py', 'lib/__init__.py', 'lib/a.py', 'lib/sub/b.py', 'lib/c.py', 'lib/dynamic.py'];
  const of = (target: string) => importersOf(target, 'tasks/train.py', sources, (file) => imports[file] ?? []);

  it('names the way from the task to the module', () => {
    assert.deepEqual(of('lib/a.py'), ['tasks/train.py']);
    assert.deepEqual(of('lib/sub/b.py'), ['tasks/train.py', 'lib/a.py']);
    assert.deepEqual(of('lib/c.py'), ['tasks/train.py', 'lib/a.py', 'lib/sub/b.py']);
  });

  it('counts the package that a module lies in', () => {
    assert.deepEqual(of('lib/__init__.py'), ['tasks/train.py']);
  });

  it('says nothing where no way is seen', () => {
    assert.equal(of('lib/dynamic.py'), undefined);
  });
});
