import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canOverlap, filePattern } from '../../../src/definition/overlap.ts';
import { globMatcher, isGlob } from '../../../src/definition/paths.ts';
import { randomFrom } from '../random.ts';

const overlapping: readonly (readonly [string, string])[] = [
  ['build/a', 'build/**/*.csv'],
  ['build', 'build/**/*.csv'],
  ['build/a', 'build/*/b'],
  ['build/a/v1.2', 'build/**/*.csv'],
  ['.cache', '**/*.csv'],
  ['.', 'build/*.csv'],
  ['data.csv', '*.csv'],
  ['m/*.json', 'm/best-*.json'],
  ['m/a*', 'm/*b'],
  ['m/a*/x', 'm/ab/**'],
  ['**/a/*.csv', 'data/**'],
  ['a/**/b', 'a/b'],
  ['a/**', 'a'],
  ['run-?.csv', 'run-[0-9].csv'],
  ['run-[^a].csv', 'run-b.csv'],
  ['[ab].csv', '[bc].csv'],
  ['{a,b}/*.csv', 'b/{x,y}.csv'],
  ['{a/{b,c},d}/*.csv', 'a/c/x*'],
  // Not understood, so it is not known.
  ['m/{1..3}.csv', 'm/2*'],
  ['m/(a|b)*.csv', 'm/b.csv'],
  ['m/x**.csv', 'm/a/b/c.csv'],
  [`${'{a,b}'.repeat(20)}*`, 'x'],
];

const apart: readonly (readonly [string, string])[] = [
  ['build/a', 'other/**/*.csv'],
  ['build/a.json', 'build/**/*.csv'],
  ['build/a.json', 'build/a.json/*'],
  ['build/a/b/c', 'build/*/b'],
  ['build', 'builds/*'],
  ['data/a/*.csv', 'data/b/*.csv'],
  ['data/*.csv', 'data/*.json'],
  ['data/*.csv', 'data/*/x.csv'],
  ['data/?.csv', 'data/??.csv'],
  ['run-[0-9].csv', 'run-a.csv'],
  ['run-[^a].csv', 'run-a.csv'],
  ['{a,b}/*.csv', 'c/*.csv'],
  ['**/a/b', 'x/**/c'],
  ['../*.csv', '**/*.csv'],
  ['/data/*.csv', '**'],
  ['m/{1..3}.csv', 'n/2*'],
];

const meets = (a: string, b: string): boolean => canOverlap(filePattern(a), filePattern(b));

/** As files are found: a folder stands for what is in it. */
function matcher(path: string): (file: string) => boolean {
  const matches = globMatcher(path);
  return isGlob(path) ? (file) => matches(file) : (file) => file === path || file.startsWith(`${path}/`);
}

describe('two paths of a pipeline file', () => {
  it('can stand for one file', () => {
    for (const [a, b] of overlapping) assert.deepEqual([a, b, meets(a, b), meets(b, a)], [a, b, true, true]);
  });

  it('can not', () => {
    for (const [a, b] of apart) assert.deepEqual([a, b, meets(a, b), meets(b, a)], [a, b, false, false]);
  });

  it('can wherever there is a file that both match, whatever they are', () => {
    const names = ['a', 'b', 'aa', 'ab', 'ba', 'bb', 'aab', 'a.c', '.a'];
    const files = names.flatMap((one) => [one, ...names.flatMap((two) => [`${one}/${two}`, ...names.slice(0, 5).map((three) => `${one}/${two}/${three}`)])]);
    const pieces = ['a', 'b', 'a', 'b', '*', '?', '[ab]', '[^a]', '[!a]', '{a,b}', '{a*,b}', '.', '{a,{b,ba}}', '{b/a,a}', '[a-c]', '{a..c}', '(a|b)', '+', '**'];
    const random = randomFrom(11);
    const oneOf = (items: readonly string[]): string => items[random(items.length)] ?? assert.fail();
    const path = (): string =>
      Array.from({ length: 1 + random(3) }, () => (random(5) === 0 ? '**' : Array.from({ length: 1 + random(3) }, () => oneOf(random(2) === 0 ? pieces.slice(0, 4) : pieces)).join(''))).join('/');
    const paths = Array.from({ length: 250 }, path).filter((each) => each !== '.' && !each.includes('./'));
    const found = paths.map((each) => new Set(files.filter(matcher(each))));
    const count = { overlapping: 0, apart: 0, unsure: 0 };
    for (const [n, one] of paths.entries()) {
      for (const [m, other] of paths.entries()) {
        const both = [...(found[n] ?? [])].find((file) => found[m]?.has(file) === true);
        const isSaid = meets(one, other);
        assert.ok(both === undefined || isSaid, `${one} and ${other} both match ${both ?? ''}`);
        count[both !== undefined ? 'overlapping' : isSaid ? 'unsure' : 'apart'] += 1;
      }
    }
    assert.ok(count.overlapping > 5000 && count.apart > 5000, JSON.stringify(count));
  });
});
