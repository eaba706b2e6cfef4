import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createFileDigests, digestOf, filesOf, type FileDigests } from '../../../src/fingerprint/file-digests.ts';
import { isGlob } from '../../../src/definition/paths.ts';
import type { Digest } from '../../../src/model/fingerprint.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runweave-digests-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);

function write(name: string, content: string): string {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), content);
  return at(name);
}

async function digest(name: string, digests: FileDigests = createFileDigests()): Promise<string | undefined> {
  return (await digests.ofPath(folder, name))?.digest;
}

/** A cache that believes what it says of `file`: read out, so that a test sees whether the file was read again. */
function believing(file: string, digests: FileDigests): FileDigests {
  const entry = digests.export()[file];
  assert.ok(entry, `${file} is not cached`);
  const [size, mtime, ctime, inode] = entry as unknown as readonly [string, string, string, string];
  return createFileDigests(() => ({ [file]: [size, mtime, ctime, inode, digestOf('believed')] }));
}

/** Resolves when `file` is older than the racy window. */
async function settled(file: string): Promise<FileDigests> {
  for (;;) {
    const digests = createFileDigests();
    await digests.ofFile(file);
    if (file in digests.export()) return digests;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('one file', () => {
  it('is what its bytes are', async () => {
    assert.deepEqual(await createFileDigests().ofFile(write('a.txt', 'abc')), { digest: 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', size: 3 });
  });

  it('is nothing when it is missing, a folder, or lies below a file', async () => {
    write('a', '');
    mkdirSync(at('folder'));
    const digests = createFileDigests();
    for (const name of ['missing', 'folder', 'a/b']) assert.equal(await digests.ofFile(at(name)), undefined, name);
  });

  it('is the same when it is touched', async () => {
    const file = write('a.txt', 'same');
    const before = await digest('a.txt');
    utimesSync(file, 1, 1);
    assert.equal(await digest('a.txt'), before);
  });

  it('is read in pieces when it is large, to the same digest', async () => {
    const bytes = Buffer.alloc(9 * 1024 * 1024, 'large');
    writeFileSync(at('large.bin'), bytes);
    assert.deepEqual(await createFileDigests().ofFile(at('large.bin')), { digest: digestOf(bytes), size: bytes.length });
  });

  it('follows links, and is nothing when they lead nowhere', async () => {
    write('real', 'content');
    symlinkSync('real', at('link'));
    symlinkSync('nowhere', at('dangling'));
    symlinkSync('loop', at('loop'));
    assert.equal(await digest('link'), digestOf('content'));
    assert.equal(await digest('dangling'), undefined);
    assert.equal(await digest('loop'), undefined);
  });

  it('counts when it may not be read, so that the task can say so', async () => {
    chmodSync(write('secret', 'x'), 0);
    chmodSync(folder, 0o755);
    // Root may read everything.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      assert.equal(await digest('secret'), digestOf('unreadable'));
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});

describe('the cache', () => {
  it('answers for a file that is as it was', async () => {
    const file = write('a', '1');
    const cached = believing(file, await settled(file));
    assert.equal((await cached.ofFile(file))?.digest, digestOf('believed'));
  });

  it('does not answer for a file younger than the racy window', async () => {
    const file = write('a', '1');
    // As young as a file can be.
    utimesSync(file, new Date(Date.now() + 60_000), new Date(Date.now() + 60_000));
    const digests = createFileDigests(undefined, () => false);
    assert.equal((await digests.ofFile(file))?.digest, digestOf('1'));
    assert.deepEqual(digests.export(), {});
    // Somebody may be writing it, and the time of a write is that of its beginning.
    const fine = createFileDigests(undefined, () => true);
    await fine.ofFile(file);
    assert.deepEqual(fine.export(), {});
    await fine.ofPath(path.dirname(file), path.basename(file), true);
    assert.deepEqual(Object.keys(fine.export()), [file]);
  });

  it('sees a change within one tick of the clock', async () => {
    const file = write('a', '1');
    const digests = createFileDigests();
    for (const content of ['2', '3', '4', '5']) {
      writeFileSync(file, content);
      assert.equal((await digests.ofFile(file))?.digest, digestOf(content));
    }
  });

  it('sees another size', async () => {
    const file = write('a', '12');
    const cached = believing(file, await settled(file));
    truncateSync(file, 1);
    assert.equal((await cached.ofFile(file))?.digest, digestOf('1'));
  });

  it('sees another file of the same size and time put in its place', async () => {
    const file = write('a', '1');
    utimesSync(file, 1000, 1000);
    const cached = believing(file, await settled(file));
    utimesSync(write('b', '2'), 1000, 1000);
    renameSync(at('b'), file);
    assert.equal((await cached.ofFile(file))?.digest, digestOf('2'));
  });

  it('sees a content that was written in place with the time set back, as `cp -p` does', async () => {
    const file = write('a', '1');
    utimesSync(file, 1000, 1000);
    const cached = believing(file, await settled(file));
    copyFileSync(write('b', '2'), file);
    utimesSync(file, 1000, 1000);
    assert.equal((await cached.ofFile(file))?.digest, digestOf('2'));
  });

  it('forgets a file that is gone', async () => {
    const file = write('a', '1');
    const digests = await settled(file);
    rmSync(file);
    assert.equal(await digests.ofFile(file), undefined);
    assert.deepEqual(digests.export(), {});
  });

  it('survives being written to a file and read again', async () => {
    const file = write('a', '1');
    const digests = await settled(file);
    const again = createFileDigests(() => JSON.parse(JSON.stringify(digests.export())) as ReturnType<FileDigests['export']>);
    assert.deepEqual(await again.ofFile(file), await digests.ofFile(file));
    assert.deepEqual(again.export(), digests.export());
  });

  it('reads again what an older version cached in another form', async () => {
    const file = write('a', '1');
    const { size, mtime, inode } = ((entry) => ({ size: entry[0], mtime: entry[1], inode: entry[3] }))((await settled(file)).export()[file] ?? assert.fail());
    const older = createFileDigests(() => ({ [file]: [size, mtime, inode, digestOf('older')] }) as never);
    assert.equal((await older.ofFile(file))?.digest, digestOf('1'));
  });
});

describe('folders', () => {
  it('change with a file that is added, renamed, changed or removed, and with nothing else', async () => {
    write('data/a', '1');
    write('data/sub/b', '2');
    const before = await createFileDigests().ofPath(folder, 'data');
    assert.equal(before?.size, 2);
    const seen = new Set([before.digest]);
    const isNew = async (what: string): Promise<void> => {
      const now = await digest('data');
      assert.ok(now !== undefined && !seen.has(now as typeof before.digest), what);
      seen.add(now as typeof before.digest);
    };
    write('data/.hidden', '3');
    await isNew('added');
    renameSync(at('data/.hidden'), at('data/c'));
    await isNew('renamed');
    write('data/c', '4');
    await isNew('changed');
    rmSync(at('data/c'));
    assert.equal(await digest('data'), before.digest);
    utimesSync(at('data/a'), 5, 5);
    assert.equal(await digest('data/'), before.digest, 'a slash at the end, and a touched file');
  });

  it('that are empty differ from folders that are missing', async () => {
    mkdirSync(at('empty'));
    assert.equal(await digest('empty'), digestOf(''));
    assert.equal(await digest('missing'), undefined);
  });

  it('hold the files that links in them lead to', async () => {
    write('store/1', 'one');
    write('real/x', 'deep');
    mkdirSync(at('data'));
    symlinkSync('../store/1', at('data/file'));
    symlinkSync('../real', at('data/folder'));
    const before = await digest('data');
    write('store/1', 'two');
    const after = await digest('data');
    assert.notEqual(after, before);
    write('real/x', 'deeper');
    assert.notEqual(await digest('data'), after);
  });

  it('that link to themselves have an end', async () => {
    write('data/a', '1');
    symlinkSync('.', at('data/again'));
    assert.notEqual(await digest('data'), undefined);
  });

  it('leave out what tools put there', async () => {
    write('src/a.py', '1');
    const before = await digest('src');
    write('src/__pycache__/a.cpython-312.pyc', 'x');
    write('src/.ipynb_checkpoints/a.ipynb', 'x');
    write('src/.runweave/live/x', 'x');
    assert.equal(await digest('src'), before);
  });

  it('let other work go on while many files are read', async () => {
    for (let index = 0; index < 450; index += 1) write(`many/${index}`, String(index));
    let turns = 0;
    const count = (): void => {
      turns += 1;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    await digest('many');
    clearImmediate(immediate);
    assert.ok(turns >= 2, `${turns} turns of the event loop`);
  });

  it('have the same digest wherever they lie', async () => {
    write('one/data/a', '1');
    cpSync(at('one'), at('two'), { recursive: true });
    const [one, two] = await Promise.all(['one', 'two'].map((name) => createFileDigests().ofPath(at(name), 'data')));
    assert.deepEqual(one, two);
  });
});

describe('globs', () => {
  it('are the sorted files that they match', () => {
    for (const name of ['b.csv', 'a.csv', 'a.txt', 'sub/c.csv']) write(name, name);
    assert.deepEqual(filesOf(folder, '*.csv'), [at('a.csv'), at('b.csv')]);
    assert.deepEqual(filesOf(folder, '**/*.csv'), [at('a.csv'), at('b.csv'), at('sub/c.csv')]);
    assert.deepEqual(filesOf(at('sub'), '../*.{csv,txt}'), [at('a.csv'), at('a.txt'), at('b.csv')]);
  });

  it('without a match are the empty set', async () => {
    assert.deepEqual(await createFileDigests().ofPath(folder, 'no/*.csv'), { digest: digestOf(''), size: 0 });
  });

  it('change with a new match', async () => {
    write('a.csv', '1');
    const before = await digest('*.csv');
    write('b.txt', '1');
    assert.equal(await digest('*.csv'), before);
    write('b.csv', '1');
    assert.notEqual(await digest('*.csv'), before);
  });

  it('are remembered with their files, in the last of many states', async () => {
    write('a.csv', '0');
    const digests = createFileDigests();
    const states: string[] = [];
    for (let state = 1; state <= 20; state += 1) {
      write(`${state}.csv`, 'x');
      states.push((await digest('*.csv', digests)) ?? '');
    }
    const remembered = states.filter((each) => digests.rememberedParts(each as Digest) !== undefined);
    assert.deepEqual(remembered, states.slice(-8));
    assert.equal(Object.keys(digests.export()).filter((key) => key.startsWith('parts:')).length, 8);
  });

  it('are files first, when a file has the name of a glob', async () => {
    write('train[n=400].txt', 'literal');
    assert.equal(await digest('train[n=400].txt'), digestOf('literal'));
  });

  it('are told by the characters that make one', () => {
    for (const glob of ['*.csv', 'a?', '[ab]', '{a,b}']) assert.ok(isGlob(glob), glob);
    for (const plain of ['a.csv', 'wow!.txt', 'a (1).txt']) assert.ok(!isGlob(plain), plain);
  });

  it('are a list of names and digests, as folders are', async () => {
    write('only.csv', 'x');
    assert.equal(await digest('*.csv'), digestOf(`only.csv\0${digestOf(readFileSync(at('only.csv')))}\n`));
  });
});
