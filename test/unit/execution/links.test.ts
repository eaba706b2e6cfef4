import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLinkReader } from '../../../src/execution/links.ts';

let base = '';
beforeEach(() => {
  base = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-links-')));
  mkdirSync(path.join(base, 'real', 'data'), { recursive: true });
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const passed = (folder: string, name: string): readonly string[] => [...createLinkReader(path.join(base, folder)).passedTo(path.join(base, folder, name))].map((place) => path.relative(path.join(base, folder), place));

describe('links in the watched folder', () => {
  it('are all those on the way, and where they lead', () => {
    symlinkSync('data', path.join(base, 'real', 'now'));
    symlinkSync('../first', path.join(base, 'real', 'data', 'last'));
    symlinkSync('nothing', path.join(base, 'real', 'first'));
    assert.deepEqual(passed('real', 'now/last'), ['now', 'data/last', 'first', 'nothing']);
    assert.deepEqual(passed('real', 'now/x.csv'), ['now', 'data/x.csv']);
    assert.deepEqual(passed('real', 'data/x.csv'), []);
  });

  it('may lead out of it, in circles, or to its other name', () => {
    symlinkSync('real', path.join(base, 'other'));
    symlinkSync('../outside.txt', path.join(base, 'real', 'out'));
    symlinkSync('two', path.join(base, 'real', 'one'));
    symlinkSync('one', path.join(base, 'real', 'two'));
    symlinkSync(path.join(base, 'real', 'data', 'x.csv'), path.join(base, 'real', 'absolute'));
    assert.deepEqual(passed('real', 'out'), ['out', '../outside.txt']);
    assert.deepEqual(passed('real', 'one').slice(0, 2), ['one', 'two']);
    assert.deepEqual(passed('other', 'absolute'), ['absolute', 'data/x.csv']);
    assert.deepEqual(passed('real', '../other/absolute'), ['../other', 'absolute', 'data/x.csv']);
    mkdirSync(path.join(base, 'v1'));
    symlinkSync('v1', path.join(base, 'latest'));
    symlinkSync('../latest', path.join(base, 'real', 'chain'));
    assert.deepEqual(passed('real', 'chain/x.csv'), ['chain', '../latest', '../v1/x.csv']);
  });
});
