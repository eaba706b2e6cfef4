import assert from 'node:assert/strict';
import { it } from 'node:test';
import { outputOfFile } from '../../../src/query/output-of-file.ts';

it('finds the output that a file is, is in, or is found by', () => {
  const names = ['build/model.pkl', 'build/plots', 'data/', 'out/*.csv', 'deep/**/x?.txt', 'a+b'];
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['build/model.pkl', 'build/model.pkl'],
    ['build/plots/a/b.png', 'build/plots'],
    ['data/x.csv', 'data/'],
    ['out/a.csv', 'out/*.csv'],
    ['out/sub/a.csv', undefined],
    ['deep/x1.txt', 'deep/**/x?.txt'],
    ['deep/er/x1.txt', 'deep/**/x?.txt'],
    ['deep/er/x12.txt', undefined],
    ['a+b', 'a+b'],
    ['aab', undefined],
    ['build/plot', undefined],
  ];
  for (const [path, expected] of cases) assert.equal(outputOfFile(path, names), expected, path);
});
