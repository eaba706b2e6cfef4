import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { startWatcher, type Watcher } from '../../../src/execution/watcher.ts';

let root = '';
let folder = '';
let batches: (readonly string[])[] = [];
let wake: () => void = () => undefined;
let watcher: Watcher | undefined;

beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-watcher-')));
  folder = path.join(root, 'pipeline');
  mkdirSync(folder);
  batches = [];
});
afterEach(async () => {
  await watcher?.close();
  watcher = undefined;
  rmSync(root, { recursive: true, force: true });
});

const at = (name: string): string => path.join(folder, name);

function write(name: string, content = name): void {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), content);
}

async function watch(): Promise<Watcher> {
  watcher = startWatcher({
    folder,
    onChange: (files) => {
      batches.push(files);
      wake();
    },
    onError: (message) => assert.fail(message),
  });
  await watcher.ready;
  return watcher;
}

/** Resolves once all these were told of, in any batch. */
async function told(...files: readonly string[]): Promise<void> {
  while (!files.every((file) => batches.flat().includes(file))) await new Promise<void>((resolve) => (wake = resolve));
}

describe('the watcher', { timeout: 300_000 }, () => {
  it('goes on when a file becomes a link to itself', async () => {
    write('looped');
    await watch();
    rmSync(at('looped'));
    symlinkSync('looped', at('looped'));
    await told(at('looped'));
    write('other');
    await told(at('other'));
  });

  it('tells of changed, new and deleted files, and not of those that were there', async () => {
    write('changed.py');
    write('deleted.py');
    write('untouched.py');
    await watch();
    write('changed.py', 'other');
    write('sub/new.py');
    rmSync(at('deleted.py'));
    await told(at('changed.py'), at('sub/new.py'), at('deleted.py'));
    assert.ok(!batches.flat().includes(at('untouched.py')));
  });

  it('tells of each file once a batch', async () => {
    write('a.py');
    await watch();
    for (const content of ['1', '2', '3']) write('a.py', content);
    await told(at('a.py'));
    for (const batch of batches) assert.equal(new Set(batch).size, batch.length);
  });

  it('tells of an atomic save as of a change of the one file', async () => {
    write('a.py');
    await watch();
    writeFileSync(at('.a.py.tmp'), 'new');
    renameSync(at('.a.py.tmp'), at('a.py'));
    await told(at('a.py'));
  });

  it('does not tell of what tools keep for themselves', async () => {
    mkdirSync(at('.runweave'));
    await watch();
    for (const name of ['.runweave/live/x.jsonl', '.git/HEAD', '__pycache__/a.pyc', '.venv/bin/x', 'sub/node_modules/x/index.js']) write(name);
    write('last.py');
    await told(at('last.py'));
    assert.deepEqual(
      batches.flat().filter((file) => ![at('last.py'), at('sub')].includes(file)),
      [],
    );
  });

  it('tells of files and folders that were added in folders of tools, and of nothing else there', async () => {
    for (const name of ['.venv/in.csv', '.venv/other.csv', 'node_modules/data/a.csv']) write(name);
    const { add } = await watch();
    add(at('.venv/in.csv'));
    add(at('node_modules/data'), 1);
    // chokidar does not say when it watches what was added.
    for (let times = 0; !['.venv/in.csv', 'node_modules/data/a.csv'].every((name) => batches.flat().includes(at(name))); times += 1) {
      for (const name of ['.venv/other.csv', '.venv/in.csv', 'node_modules/data/a.csv', 'node_modules/data/__pycache__/a.pyc', 'node_modules/data/deep/other.csv']) write(name, String(times));
      await laterThan(60);
    }
    assert.deepEqual(batches.flat().filter((file) => file.includes('other') || file.includes('__pycache__')), []);
  });

  it('tells of what was added in a folder of a tool when that is made anew', async () => {
    for (const name of ['a/.venv/share/in.csv', 'a/.venv/share/other.csv', 'a/.venv/lib/other.csv']) write(name);
    const { add } = await watch();
    add(at('a/.venv/share/in.csv'));
    add(at('node_modules/data/a.csv'));
    for (let times = 0; !batches.flat().includes(at('a/.venv/share/in.csv')); times += 1) {
      write('a/.venv/share/in.csv', String(times));
      await laterThan(60);
    }
    for (const way of ['removed', 'renamed']) {
      batches = [];
      if (way === 'removed') rmSync(at('a/.venv'), { recursive: true });
      else renameSync(at('a/.venv'), path.join(root, 'away'));
      while (batches.length === 0) await laterThan(20);
      // All that is told of it.
      await laterThan(300);
      batches = [];
      if (way === 'removed') for (const name of ['a/.venv/share/in.csv', 'a/.venv/share/other.csv', 'a/.venv/lib/other.csv']) write(name);
      else renameSync(path.join(root, 'away'), at('a/.venv'));
      await told(at('a/.venv/share/in.csv'));
      assert.deepEqual(batches.flat().filter((file) => file.includes('other') || file.includes('lib')), []);
    }
    // What was not there at all.
    for (const name of ['node_modules/data/a.csv', 'node_modules/data/other.csv']) write(name);
    await told(at('node_modules/data/a.csv'));
    assert.deepEqual(batches.flat().filter((file) => file.includes('other')), []);
  });

  it('watches a pipeline that lies in a folder with such a name', async () => {
    folder = path.join(root, 'venv', 'pipeline');
    mkdirSync(folder, { recursive: true });
    await watch();
    write('a.py');
    await told(at('a.py'));
  });

  it('gathers what comes while git holds its lock', async () => {
    write('.git/HEAD', 'ref: refs/heads/main\n');
    write('.git/index.lock', '');
    await watch();
    for (let index = 0; index < 200; index += 1) write(`src/${index}.py`);
    await lookedAt();
    assert.deepEqual(batches, [], 'nothing while the lock is held');
    rmSync(at('.git/index.lock'));
    await told(...Array.from({ length: 200 }, (_, index) => at(`src/${index}.py`)));
    assert.equal(batches.length, 1);
  });

  it('says while git works, and when it is done', async () => {
    write('.git/HEAD', 'ref: refs/heads/main\n');
    const { gitDone } = await watch();
    assert.equal(gitDone(), undefined);
    write('.git/index.lock', '');
    let isDone = false;
    const done = gitDone()?.then(() => (isDone = true));
    await laterThan(60);
    assert.equal(isDone, false);
    rmSync(at('.git/index.lock'));
    assert.equal(await done, true);
  });

  it("knows where a worktree's lock is", async () => {
    const git = (...args: readonly string[]): string => execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    git('init', '--quiet');
    git('commit', '--quiet', '--allow-empty', '-m', 'one');
    git('worktree', 'add', '--quiet', path.join(root, 'tree'));
    folder = path.join(root, 'tree');
    const lock = path.join(git('rev-parse', '--absolute-git-dir').trim(), 'index.lock');
    writeFileSync(lock, '');
    await watch();
    write('a.py');
    await laterThan(150);
    assert.deepEqual(batches, []);
    rmSync(lock);
    await told(at('a.py'));
  });

  it('watches files and folders outside the folder when told to', async () => {
    for (const name of ['../file.csv', '../lib/a.py', '../data/a.csv']) write(name);
    const { add } = await watch();
    for (const name of ['../file.csv', '../lib', '../data', 'inside.py']) add(at(name));
    // They are watched from some moment on: written until they are told of.
    for (let content = 0; !['../file.csv', '../lib/a.py', '../data/new.csv'].every((name) => batches.flat().includes(at(name))); content += 1) {
      for (const name of ['../file.csv', '../lib/a.py', '../data/new.csv']) write(name, String(content));
      await laterThan(20);
    }
  });

  it('is silent after it was closed', async () => {
    const { close } = await watch();
    write('a.py');
    await close();
    await laterThan(60);
    assert.deepEqual(batches, []);
  });

  it('watches nothing more after it was closed', async () => {
    write('../late/a.csv');
    const { add, close } = await watch();
    await close();
    await lookedAt();
    const open = process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap').length;
    add(at('../late'));
    await lookedAt();
    assert.equal(process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap').length, open);
  });
});

/** Resolves when the watcher has no more to ask the file system, for longer than a batch waits for more. */
async function lookedAt(): Promise<void> {
  for (let idle = 0; idle < 20; idle = process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq')) ? 0 : idle + 1) await laterThan(10);
}

/** For what must not happen: nothing can be waited for but time. */
function laterThan(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
