import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { digestOf } from '../../../src/fingerprint/file-digests.ts';
import { allEntries } from '../../../src/fingerprint/kept-entries.ts';
import { keptFolder } from '../../../src/fingerprint/kept-folder.ts';
import { objectFile } from '../../../src/fingerprint/kept-objects.ts';
import { shrinkKept } from '../../../src/fingerprint/kept-results.ts';
import { unsettled } from '../../../src/model/fingerprint.ts';
import type { Task } from '../../../src/model/pipeline.ts';
import { at, later, object, runs, small, world, write } from './kept-world.ts';

describe('kept results', () => {
  it('come back with their bytes and modes, and without what was made since', async () => {
    const { keep, restore } = world();
    write('in.txt', 'one');
    write('out/a.sh', 'first', 0o755);
    write('out/deep/b', 'same');
    await keep();
    write('in.txt', 'two');
    write('out/a.sh', 'second');
    write('out/other/c', 'extra');
    await keep();
    write('in.txt', 'one');
    assert.equal(await restore(), true);
    assert.equal(readFileSync(at('out/a.sh'), 'utf8'), 'first');
    assert.equal(statSync(at('out/a.sh')).mode & 0o777, 0o755);
    assert.equal(readFileSync(at('out/deep/b'), 'utf8'), 'same');
    assert.equal(existsSync(at('out/other')), false);
  });

  it('come back with the modes of their folders, which are never open to more', async () => {
    const { keep, restore } = world();
    const modeOf = (name: string): string => (statSync(at(name)).mode & 0o7777).toString(8);
    const modes = { out: 0o2755, 'out/private': 0o700, 'out/private/read-only': 0o555, 'out/open': 0o1777 };
    write('in.txt', 'one');
    for (const name of Object.keys(modes)) write(`${name}/file`, name);
    for (const [name, mode] of Object.entries(modes)) chmodSync(at(name), mode);
    await keep();
    const all = (): readonly string[] => Object.keys(modes).map(modeOf);
    const wanted = Object.values(modes).map((mode) => mode.toString(8));
    assert.deepEqual(all(), wanted);
    rmSync(at('out'), { recursive: true });
    const umask = process.umask(0);
    try {
      assert.equal(await restore(), true);
    } finally {
      process.umask(umask);
    }
    assert.deepEqual(all(), wanted);
    // Those that are there may be as somebody wants them.
    for (const name of Object.keys(modes)) chmodSync(at(name), 0o711);
    rmSync(at('out/private/read-only/file'));
    assert.equal(await restore(), true);
    assert.deepEqual(all(), ['711', '711', '711', '711']);
  });

  it('leave the folder of an output as it is, and make it as it was', async () => {
    const { keep, restore } = world({ outputs: ['results/out'] });
    write('in.txt', 'one');
    write('results/out', 'out');
    chmodSync(at('results'), 0o700);
    await keep();
    chmodSync(at('results'), 0o750);
    rmSync(at('results/out'));
    assert.equal(await restore(), true);
    assert.equal(statSync(at('results')).mode & 0o7777, 0o750);
    rmSync(at('results'), { recursive: true });
    assert.equal(await restore(), true);
    assert.equal(statSync(at('results')).mode & 0o7777, 0o700);
  });

  it('come back where an earlier version did not note the modes of folders', async () => {
    const { keep } = world();
    write('in.txt', 'one');
    write('out/deep/a', 'a');
    await keep();
    const [{ file } = { file: '' }] = allEntries(keptFolder(at('.runweave')));
    const text = readFileSync(file, 'utf8');
    assert.match(text, /,"folders":\{"out":\d+,"out\/deep":\d+\}/);
    writeFileSync(file, text.replace(/,"folders":\{.*?\}/, ''));
    rmSync(at('out'), { recursive: true });
    const again = world();
    assert.equal((await again.find())?.entry.folders, undefined);
    assert.equal(await again.restore(), true);
    assert.equal(readFileSync(at('out/deep/a'), 'utf8'), 'a');
  });

  it('with holes take no more room than they do, kept and restored', async () => {
    const { keep, restore } = world();
    write('in.txt', 'one');
    write('out/sparse', 'head');
    truncateSync(at('out/sparse'), 64 * 1024 * 1024 + 7);
    appendFileSync(at('out/sparse'), 'end');
    const bytes = readFileSync(at('out/sparse'));
    const blocksOf = (file: string): number => statSync(file).blocks;
    // A block has 512 bytes; what is read at once is written whole.
    const most = blocksOf(at('out/sparse')) + (4 * 1024 * 1024) / 512;
    assert.equal(await keep(), undefined);
    assert.ok(blocksOf(objectFile(keptFolder(at('.runweave')), digestOf(bytes))) <= most);
    rmSync(at('out/sparse'));
    assert.equal(await restore(), true);
    assert.ok(readFileSync(at('out/sparse')).equals(bytes));
    assert.ok(blocksOf(at('out/sparse')) <= most);
  });

  it('never take more than half of what is free', async () => {
    let free = 19_999;
    const { keep, find } = world({}, 1e9, 'runweave.yaml', () => free);
    write('in.txt', 'one');
    write('out/a', 'a'.repeat(10_000));
    assert.match((await keep()) ?? '', /^those of make take \d\.\d MB, and 0\.\d MB are free, of which a result gets half at most$/);
    assert.equal(await find(), undefined);
    assert.deepEqual(readdirSync(at('.')).sort(), ['in.txt', 'out']);
    free = 20_000;
    assert.equal(await keep(), undefined);
    assert.ok(await find());
    // What is there already takes nothing.
    free = 0;
    assert.equal(await keep(), undefined);
  });

  it('are found by what the task was seen to read, and the newest wins', async () => {
    const { keep, find, ended } = world();
    write('in.txt', 'one');
    write('seen.txt', 'a');
    write('out/x', 'x');
    const { fingerprint } = await ended();
    await keep({ fingerprint: { ...fingerprint, inputs: { ...fingerprint.inputs, 'seen.txt (read)': digestOf('a') } } });
    assert.equal((await find())?.entry.result.fingerprint.inputs['seen.txt (read)'], digestOf('a'));
    write('seen.txt', 'b');
    assert.equal(await find(), undefined);
    write('seen.txt', 'a');
    await keep();
    assert.equal((await find())?.entry.result.runId, `run-${runs}`);
  });

  it('are no links to what is kept: writing in place into an output does not reach the object', async () => {
    const { keep, restore } = world();
    const large = 'x'.repeat(3_000_000);
    write('in.txt', 'one');
    write('out/small', 'small');
    write('out/large', large);
    await keep();
    rmSync(at('out'), { recursive: true });
    assert.equal(await restore(), true);
    for (const name of ['small', 'large']) appendFileSync(at(`out/${name}`), 'damage');
    assert.equal(small('small'), 'small');
    assert.equal(readFileSync(object(large), 'utf8'), large);
    rmSync(at('out'), { recursive: true });
    assert.equal(await restore(), true);
    assert.equal(readFileSync(at('out/large'), 'utf8'), large);
  });

  it('with a damaged object are none, before anything is touched', async () => {
    const { keep, restore, find } = world();
    const large = 'b'.repeat(10_000);
    write('in.txt', 'one');
    write('out/a', 'aaaa');
    write('out/b', large);
    await keep();
    chmodSync(object(large), 0o644);
    writeFileSync(object(large), large.replace('b', 'B'));
    rmSync(at('out/b'));
    assert.equal(await restore(), false);
    assert.equal(existsSync(at('out/b')), false);
    assert.equal(existsSync(object(large)), false);
    assert.equal(await find(), undefined);
    assert.deepEqual(readdirSync(path.join(keptFolder(at('.runweave')), 'staging')), []);
  });

  it('with a damaged small object are none, and the next is stored anew', async () => {
    const { keep, restore } = world();
    write('in.txt', 'one');
    write('out/a', 'aaaa');
    await keep();
    const [name = ''] = readdirSync(path.join(keptFolder(at('.runweave')), 'small'));
    const file = path.join(keptFolder(at('.runweave')), 'small', name);
    writeFileSync(file, readFileSync(file, 'utf8').replace(Buffer.from('aaaa').toString('base64'), Buffer.from('aaAa').toString('base64')));
    assert.equal(small('aaaa'), undefined);
    rmSync(at('out/a'));
    assert.equal(await restore(), false);
    assert.equal(existsSync(at('out/a')), false);
    write('out/a', 'aaaa');
    await keep();
    rmSync(at('out/a'));
    assert.equal(await restore(), true);
    assert.equal(readFileSync(at('out/a'), 'utf8'), 'aaaa');
  });

  it('of thousands of small files lie in few', async () => {
    const { keep, restore } = world();
    write('in.txt', 'one');
    for (let n = 0; n < 300; n += 1) write(`out/${n}`, String(n));
    await keep();
    assert.ok(readdirSync(path.join(keptFolder(at('.runweave')), 'small')).length <= 64);
    assert.equal(existsSync(path.join(keptFolder(at('.runweave')), 'objects')), false);
    rmSync(at('out'), { recursive: true });
    assert.equal(await restore(), true);
    assert.equal(readFileSync(at('out/299'), 'utf8'), '299');
  });

  it('never replace or remove a file that the task did not make', async () => {
    const { keep, find, restore } = world();
    write('in.txt', 'one');
    write('out/a', 'a');
    await keep();
    assert.equal(await restore(() => write('out/note.txt', 'by hand')), false);
    assert.equal(readFileSync(at('out/note.txt'), 'utf8'), 'by hand');
    assert.equal(await find(), undefined);
    rmSync(at('out/note.txt'));
    assert.equal(await restore(() => write('out/a', 'changed')), false);
    assert.equal(readFileSync(at('out/a'), 'utf8'), 'changed');
    assert.equal(await find(), undefined);
  });

  it('never write through a link', async () => {
    const { keep, find, restore } = world();
    write('in.txt', 'one');
    write('out/a', 'a');
    await keep();
    const link = (): void => {
      rmSync(at('out'), { recursive: true });
      write('elsewhere/a', 'other');
      symlinkSync(at('elsewhere'), at('out'));
    };
    assert.equal(await restore(link), false);
    assert.equal(readFileSync(at('elsewhere/a'), 'utf8'), 'other');
    assert.equal(await find(), undefined);
  });

  const notKept: readonly (readonly [string, Partial<Task>, (place: ReturnType<typeof world>) => Promise<unknown>])[] = [
    ['with `keep: false`', { keep: false }, ({ keep }) => keep()],
    ['with `cache: false`', { cache: false }, ({ keep }) => keep()],
    ['that did not succeed', {}, ({ keep }) => keep({ outcome: 'failure' })],
    ['that gave nothing that can be seen', { outputs: [] }, ({ keep }) => keep()],
    ['of which something changed while they ran, maybe by themselves', {}, async ({ keep, ended }) => keep({ fingerprint: { ...(await ended()).fingerprint, moving: ['mid.txt (read)'] } })],
    ['of which nobody knows what they read', {}, async ({ keep, ended }) => keep({ fingerprint: { ...(await ended()).fingerprint, inputs: { 'in.txt': unsettled } } })],
    ['with an output that was there before', {}, ({ keep }) => keep({}, later)],
    [
      'whose input is another now',
      { source: { kind: 'python', script: 'make.py' } },
      async ({ ended, keep }) => {
        const { fingerprint } = await ended();
        write('in.txt', 'changed meanwhile');
        await keep({ fingerprint });
      },
    ],
    [
      'with a link among the outputs',
      {},
      async ({ keep }) => {
        symlinkSync(at('in.txt'), at('out/link'));
        await keep();
      },
    ],
  ];
  for (const [what, fields, act] of notKept) {
    it(`are none of tasks ${what}`, async () => {
      write('in.txt', 'one');
      write('out/a', 'a');
      utimesSync(at('in.txt'), new Date(), new Date());
      const place = world(fields);
      await act(place);
      // That no state has the fingerprint says enough.
      const found = allEntries(keptFolder(at('.runweave'))).filter(({ entry }) => entry.result.fingerprint.definition !== unsettled);
      assert.deepEqual(found, []);
    });
  }

  it('say what the disk said, and leave no entry', async () => {
    const { keep } = world();
    write('in.txt', 'one');
    mkdirSync(path.join(keptFolder(at('.runweave'))), { recursive: true });
    for (const [what, text] of [['objects', 'a'.repeat(5000)], ['small', 'a']] as const) {
      write('out/a', text);
      writeFileSync(path.join(keptFolder(at('.runweave')), what), 'in the way');
      assert.match((await keep()) ?? '', new RegExp(what));
      assert.deepEqual(allEntries(keptFolder(at('.runweave'))), []);
    }
  });

  it('are at most 20 a task, and apart for each pipeline', async () => {
    const { keep } = world();
    const other = world({}, 1e9, 'other.yaml');
    write('out/a', 'a');
    for (let n = 0; n < 25; n += 1) {
      write('in.txt', String(n));
      await keep();
    }
    assert.equal(await other.find(), undefined);
    await other.keep();
    assert.equal(allEntries(keptFolder(at('.runweave'))).length, 21);
    assert.ok(await other.find());
  });

  it('are none where their line was torn, and the next is whole', async () => {
    const { keep, find } = world();
    write('in.txt', 'one');
    write('out/a', 'a');
    await keep();
    const [{ file } = { file: '' }] = allEntries(keptFolder(at('.runweave')));
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -20));
    assert.equal(await find(), undefined);
    await keep();
    assert.ok(await find());
  });

  it('that were of use last stay longest, and are one entry still', async () => {
    const { keep, restore, find } = world();
    write('out/a', 'a');
    for (let n = 0; n < 20; n += 1) {
      write('in.txt', String(n));
      await keep();
    }
    write('in.txt', '0');
    await new Promise((resolve) => setTimeout(resolve, 2));
    assert.equal(await restore(), true);
    write('in.txt', 'new');
    await keep();
    assert.equal(allEntries(keptFolder(at('.runweave'))).length, 20);
    write('in.txt', '0');
    assert.ok(await find());
    write('in.txt', '1');
    assert.equal(await find(), undefined);
  });

  it('make room for newer ones; objects that are shared or just written stay', async () => {
    const { keep, find, kept } = world({}, 20_000);
    for (const text of ['1', '2', '3']) {
      write('in.txt', text);
      write('out/own', text.repeat(8000));
      write('out/shared', 'shared');
      await keep();
    }
    const ahead = new Date(later);
    utimesSync(object('1'.repeat(8000)), ahead, ahead);
    kept.makeRoom();
    assert.ok(Number(readFileSync(path.join(keptFolder(at('.runweave')), 'sum'), 'utf8')) <= 20_000);
    assert.ok(await find());
    write('in.txt', '1');
    assert.equal(await find(), undefined);
    assert.equal(existsSync(object('1'.repeat(8000))), true);
    utimesSync(object('1'.repeat(8000)), new Date(1e9), new Date(1e9));
    assert.equal(small('shared'), 'shared');
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(shrinkKept(keptFolder(at('.runweave')), 20_000).objects, 1);
    assert.equal(small('shared'), 'shared');
    const old = path.join(keptFolder(at('.runweave')), 'results', 'runweave.yaml', 'of-an-earlier-layout.jsonl');
    writeFileSync(old, '{}');
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(shrinkKept(keptFolder(at('.runweave')), 0).objects > 0);
    assert.equal(small('shared'), undefined);
    assert.equal(existsSync(old), false);
  });
});
