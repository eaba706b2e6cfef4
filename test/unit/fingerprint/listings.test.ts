import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Digest, Listings } from '../../../src/model/fingerprint.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import { createFileDigests } from '../../../src/fingerprint/file-digests.ts';
import { changedNames, listingsMoved, listingsNow, listingsSeen, outputLookup, withParents, type IsOutput } from '../../../src/fingerprint/listings.ts';
import { taskOf } from '../sketch.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runweave-listings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), '');
  }
}

const unsettled = 'unsettled' as Digest;
const settle = (_now: Digest, _last: Digest | undefined, put: (digest: Digest) => void): void => put(unsettled);
const inAnHour = Date.now() + 3_600_000;

interface Seen {
  readonly before?: Listings;
  readonly own?: readonly string[];
  readonly since?: number;
  readonly isOutput?: IsOutput;
}

function seen(listed: Readonly<Record<string, readonly string[]>>, { before = {}, own = [], since = inAnHour, isOutput }: Seen = {}): Listings {
  const made = withParents(own);
  return listingsSeen(listed, { folder, isOutput, since, before, last: before, isOwn: (relative) => made.has(relative), settle }, createFileDigests()).listings;
}

/** What a pattern finds in `listed`. */
function found(listed: string, pattern: string, isOutput?: IsOutput): readonly string[] {
  const digests = createFileDigests();
  const context = { folder, isOutput, since: inAnHour, before: {}, last: {}, isOwn: () => false, settle };
  const { listings } = listingsSeen({ [listed]: [pattern] }, context, digests);
  const digest = listings[listed]?.[pattern]?.digest ?? assert.fail(`${listed} does not count`);
  return (digests.rememberedParts(digest) ?? assert.fail('not remembered')).map(([name]) => name);
}

describe('what a pattern finds', () => {
  const files = ['a.csv', 'b.csv', 'B.csv', 'notes.txt', 'x1', '[a].csv', 'sub/c.csv', 'sub/deep/d.csv', 'sub/.git/e.csv', 'other/f.txt', '.hidden.csv', 'a.csv~', '.b.csv.swp'];
  for (const [pattern, expected] of [
    ['*', ['.hidden.csv', 'B.csv', '[a].csv', 'a.csv', 'b.csv', 'notes.txt', 'other', 'sub', 'x1']],
    ['*.csv', ['.hidden.csv', 'B.csv', '[a].csv', 'a.csv', 'b.csv']],
    ['?.csv', ['B.csv', 'a.csv', 'b.csv']],
    ['[a-b].csv', ['a.csv', 'b.csv']],
    ['[!a].csv', ['B.csv', 'b.csv']],
    ['[[]a].csv', ['[a].csv']],
    ['[', []],
    ['[z-a]*', ['.hidden.csv', 'B.csv', '[a].csv', 'a.csv', 'b.csv', 'notes.txt', 'other', 'sub', 'x1']],
    ['a.csv', ['a.csv']],
    ['gone.csv', []],
    ['*/c.csv', ['sub/c.csv']],
    ['*/*.csv', ['sub/c.csv']],
    ['sub/*', ['sub/c.csv', 'sub/deep']],
    ['**/*.csv', ['.hidden.csv', 'B.csv', '[a].csv', 'a.csv', 'b.csv', 'sub/c.csv', 'sub/deep/d.csv']],
    ['sub/**/d.csv', ['sub/deep/d.csv']],
    ['sub/**', ['sub/c.csv', 'sub/deep', 'sub/deep/d.csv']],
  ] as const) {
    it(pattern, () => {
      write(...files.map((file) => `data/${file}`));
      assert.deepEqual(found('data', pattern), expected);
    });
  }

  it('lies behind links, too', () => {
    write('data/a.csv', 'other/b.csv', 'other/deep/c.csv');
    symlinkSync('../other', path.join(folder, 'data/link'));
    symlinkSync('nowhere', path.join(folder, 'data/dead'));
    assert.deepEqual(found('data', '**/*.csv'), ['a.csv', 'link/b.csv', 'link/deep/c.csv']);
  });

  it('ends where a link leads back', () => {
    write('data/a.csv');
    symlinkSync('.', path.join(folder, 'data/loop'));
    assert.deepEqual(found('data', '**/*.csv'), ['a.csv']);
    assert.deepEqual(found('data', '*/a.csv'), ['loop/a.csv']);
  });

  it('ends where folders lead to each other, and has each link in it', () => {
    const runs = Array.from({ length: 12 }, (_, run) => run);
    write(...runs.map((run) => `data/run${run}/a.csv`));
    for (const run of runs) for (const [name, step] of [['next', 1], ['previous', 11]] as const) symlinkSync(`../run${(run + step) % 12}`, path.join(folder, `data/run${run}/${name}`));
    const names = found('data', '**/*.csv');
    assert.ok(names.length < 100 && runs.every((run) => names.includes(`run${run}/a.csv`)), names.join());
    symlinkSync('run3', path.join(folder, 'data/latest'));
    assert.notDeepEqual(found('data', '**/*.csv'), names);
  });

  it('is nothing where the folder is gone, and not asked for in folders of tools', () => {
    assert.deepEqual(found('gone', '*'), []);
    write('.git/x', 'node_modules/y/z');
    assert.deepEqual(seen({ '.git': ['*'], 'node_modules/y': ['*'] }), {});
  });

  it('leaves out outputs of the task, of its matrix, and of tasks before and after it, and folders with outputs in them', () => {
    write('data/in.csv', 'data/made.csv', 'data/parts/0.csv', 'data/all/x/1.csv', 'data/globbed/1.csv', 'data/other.csv', 'data/others/a.csv');
    const task = (name: string, dependencies: readonly string[], ...outputs: readonly string[]) => taskOf({ id: name, dependencies: dependencies.map((each) => each as TaskId), outputs });
    const lister = task('lister', ['middle'], 'data/made.csv');
    const sibling = { ...task('lister[n=2]', [], 'data/parts/0.csv'), name: 'lister' };
    const lookup = outputLookup([task('first', [], 'data/all'), task('middle', ['first']), lister, sibling, task('after', ['lister'], 'data/globbed/*.csv'), task('other', [], 'data/other.csv', 'data/others/a.csv')]);
    assert.deepEqual(found('data', '*', lookup(lister)), ['in.csv', 'other.csv']);
    assert.deepEqual(found('data', '**/*.csv', lookup(lister)), ['in.csv', 'other.csv', 'others/a.csv']);
  });
});

describe('listings of a task', () => {
  it('differ when a name that matches comes or goes, and say which', () => {
    write('data/a.csv', 'data/notes.txt');
    const digests = createFileDigests();
    const { listings: before } = listingsSeen({ data: ['*.csv'] }, { folder, since: inAnHour, before: {}, last: {}, isOwn: () => false, settle }, digests);
    write('data/readme.txt');
    assert.deepEqual(listingsNow(folder, before, undefined, digests), before);
    write('data/b.csv');
    rmSync(path.join(folder, 'data/a.csv'));
    const now = listingsNow(folder, before, undefined, digests);
    const digest = (listings: Listings): Digest => listings['data']?.['*.csv']?.digest ?? assert.fail();
    assert.deepEqual(changedNames(digest(before), digest(now), digests), { added: ['b.csv'], removed: ['a.csv'] });
    assert.equal(changedNames(unsettled, digest(now), digests), undefined);
  });

  it('tell a folder that is not there from an empty one, unless tasks make it', () => {
    mkdirSync(path.join(folder, 'empty'));
    const isOutput: IsOutput = (relative) => relative === 'made';
    const digest = (listed: string, pattern = '*'): Digest => seen({ [listed]: [pattern] }, { isOutput })[listed]?.[pattern]?.digest ?? assert.fail();
    assert.notEqual(digest('gone'), digest('empty'));
    assert.equal(digest('made'), digest('empty'));
    assert.equal(digest('gone', '*.csv'), digest('empty', '*.csv'));
    const before = seen({ gone: ['*'], own: ['*'] });
    write('own/x');
    const after = seen({ own: ['*'] }, { own: ['own/x'] });
    rmSync(path.join(folder, 'own'), { recursive: true });
    assert.deepEqual(listingsNow(folder, after, undefined, createFileDigests()), after, 'only the task had something in it');
    mkdirSync(path.join(folder, 'gone'));
    assert.notDeepEqual(listingsNow(folder, before, undefined, createFileDigests()), before);
  });

  it('leave out what the task makes, also the next time', () => {
    write('data/a.csv');
    const alone = seen({ data: ['*'] });
    write('data/made.csv', 'data/folder/made.txt');
    const first = seen({ data: ['*'] }, { own: ['data/made.csv', 'data/folder/made.txt'] });
    assert.deepEqual(first, { data: { '*': { digest: alone['data']?.['*']?.digest, own: ['folder', 'made.csv'] } } });
    assert.deepEqual(listingsNow(folder, first, undefined, createFileDigests()), first);
    assert.deepEqual(seen({ data: ['*'] }, { before: first }), first, 'it did not write it anew');
  });

  it('leave out what the task makes also behind a link to it, and nothing else that comes there', () => {
    write('runs/1/made.txt');
    symlinkSync('1', path.join(folder, 'runs/latest'));
    const first = seen({ 'runs/latest': ['*'] }, { own: ['runs/1/made.txt'], since: 0 });
    assert.deepEqual(first['runs/latest']?.['*']?.own, ['made.txt']);
    assert.notEqual(first['runs/latest']['*'].digest, unsettled);
    write('runs/1/theirs.txt');
    assert.equal(seen({ 'runs/latest': ['*'] }, { own: ['runs/1/made.txt'], since: 0 })['runs/latest']?.['*']?.digest, unsettled);
    assert.notDeepEqual(listingsNow(folder, first, undefined, createFileDigests()), first);
  });

  it('that were known equal nothing if they are others now: what came meanwhile may go again', () => {
    write('data/a.csv');
    const before = seen({ data: ['*'] });
    assert.deepEqual(seen({ data: ['*'] }, { before, since: 0 }), before, 'a file that is only written anew is no other name');
    write('data/late.csv');
    assert.equal(seen({ data: ['*'] }, { before })['data']?.['*']?.digest, unsettled);
  });

  it('that were not known and changed meanwhile equal nothing', () => {
    write('data/a.csv', 'still/a.csv', 'made/a.csv', 'made/own.csv', 'tools/a.csv', 'tools/__pycache__/x');
    const [past, since] = [new Date(Date.now() - 60_000), Date.now() + 60_000];
    const later = new Date(Date.now() + 120_000);
    for (const listed of ['data', 'still', 'made', 'tools']) utimesSync(path.join(folder, listed), past, past);
    assert.equal(seen({ data: ['*'] }, { since: 0 })['data']?.['*']?.digest, unsettled, 'its files are new');
    // What went is seen by the folder's time only.
    for (const listed of ['data', 'made', 'tools', 'tools/__pycache__']) utimesSync(path.join(folder, listed), later, later);
    const now = seen({ data: ['*'], still: ['*'], made: ['*'], tools: ['*'] }, { since, own: ['made/own.csv'] });
    const isUnsettled = Object.fromEntries(Object.entries(now).map(([listed, patterns]) => [listed, patterns['*']?.digest === unsettled]));
    assert.deepEqual(isUnsettled, { data: true, still: false, made: false, tools: false });
    assert.equal(listingsMoved({ still: now['still'] ?? {} }, since, { folder }, createFileDigests()), false);
    assert.equal(listingsMoved({ data: now['data'] ?? {} }, since, { folder }, createFileDigests()), true);
  });
});
