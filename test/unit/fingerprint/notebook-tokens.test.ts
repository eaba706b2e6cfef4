import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { notebookTokens } from '../../../src/fingerprint/notebook-tokens.ts';

interface CellSketch {
  readonly cell_type?: string;
  readonly source?: string;
  readonly metadata?: object;
}
const ipynb = (cells: readonly CellSketch[], metadata: object = {}): string =>
  JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells: cells.map((cell) => ({ cell_type: 'code', metadata: {}, ...(cell.cell_type === undefined && { outputs: [], execution_count: null }), ...cell })) });
const code = (...of: Parameters<typeof ipynb>): string => notebookTokens(ipynb(...of), true)?.code ?? assert.fail();
const tagged = (...tags: readonly string[]): CellSketch => ({ source: 'x = 1', metadata: { tags } });

describe('cells of a notebook', () => {
  for (const tag of ['parameters', 'injected-parameters', 'skip-execution', 'raises-exception']) it(`count with the tag ${tag}`, () => assert.notEqual(code([tagged(tag)]), code([tagged()])));
  it('count without other tags', () => assert.equal(code([tagged('hide', 'remove-cell')]), code([tagged()])));

  it('count as the place of the parameters, of whatever type', () => {
    const text = (...tags: readonly string[]): CellSketch => ({ cell_type: 'markdown', source: 'text', metadata: { tags } });
    assert.notEqual(code([text('parameters'), tagged()]), code([text(), tagged()]));
    assert.notEqual(code([text('parameters'), tagged()]), code([tagged(), text('parameters')]));
    assert.equal(code([text('skip-execution'), tagged()]), code([tagged()]), 'it does not run');
    assert.equal(notebookTokens(ipynb([text('parameters'), tagged()]), true)?.cells.length, 1, 'it is no code cell');
  });

  const told: readonly (readonly [before: string, after: string])[] = [
    ['%%writefile out.txt\nhello', '%%writefile out.txt\nhello\n\n'],
    ['cat *.txt', 'cat * .txt'],
    ['rm *.x', 'rm * .x'],
    ['# all\nrm *.x', 'rm *.x'],
    ['ls -x > a.txt', 'ls -x > a. txt'],
    ['echo in  the', 'echo in the'],
    ['sx(echo a  b)', 'sx(echo a b)'],
    ['history # 3', 'history'],
    ['    x = """\n    a"""', '  x = """\n    a"""'],
    ['    # c\n    x = """\n    a"""', '# c\n    x = """\n    a"""'],
    ['if x:\n...     y = """\n...   a"""', 'if x:\n... y = """\n...   a"""'],
    ['>>> x = """\n... a"""', '>>> x = """\n...  a"""'],
    ['In [1]: x\n   ...: y', 'In [1]: x\n   ...:   y'],
  ];
  for (const [before, after] of told) it(`are told apart: ${JSON.stringify(before)}, ${JSON.stringify(after)}`, () => assert.notEqual(code([{ source: before }]), code([{ source: after }])));

  const same: readonly (readonly [before: string, after: string])[] = [
    ['print(x)', 'print( x )  # what is it?'],
    ['x=1', '# c\nx = 1'],
    ['df.head()', 'df.head( )  # c'],
    ['x, y = 1, 2', 'x,y = 1, 2'],
    ['x\ny + 1', 'x  # c\ny+1'],
    ['import os', 'import os  # c'],
    ['x == 1', 'x==1'],
  ];
  for (const [before, after] of same) it(`are the same: ${JSON.stringify(before)}, ${JSON.stringify(after)}`, () => assert.equal(code([{ source: before }]), code([{ source: after }])));

  it('are Python only if nothing says otherwise', () => {
    const [before, after] = [[{ source: 'x=1 # a' }], [{ source: 'x=1 # b' }]];
    for (const metadata of [{}, { kernelspec: { name: 'python3' } }, { kernelspec: { name: 'mine', language: 'python' } }, { kernelspec: { name: 'mine' }, language_info: { name: 'python' } }]) assert.equal(code(before, metadata), code(after, metadata));
    for (const metadata of [{ kernelspec: { name: 'bash' } }, { language_info: { name: 'R' } }, { kernelspec: { name: 'ir', language: 'R' }, language_info: { name: 'python' } }]) assert.notEqual(code(before, metadata), code(after, metadata));
  });
});
