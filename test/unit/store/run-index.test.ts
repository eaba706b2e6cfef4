import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { RunListEntry } from '../../../src/model/record.ts';
import { runFiles } from '../../../src/store/run-files.ts';
import { openRunIndex } from '../../../src/store/run-index.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

const names = ['20261121T100000Z-x-1111', '20261121T110000Z-x-2222', '20261121T120000Z-x-3333'];

function folderOf(t: TestContext): string {
  const folder = temporaryFolder(t);
  mkdirSync(path.join(folder, 'runs'));
  for (const name of names) writeFileSync(path.join(folder, 'runs', `${name}.otlp.jsonl`), name);
  return folder;
}

/** Lists with a new index, as a new process does; entries say the file's text, which stands for a record's first line. */
async function list(folder: string): Promise<{ readonly entries: readonly RunListEntry[]; readonly read: readonly string[] }> {
  const read: string[] = [];
  const entries = await openRunIndex(folder).entries(await runFiles(folder), (file) => {
    read.push(file.id);
    return Promise.resolve({ type: 'unreadable', path: file.path, message: readFileSync(file.path, 'utf8') });
  });
  return { entries, read };
}

describe('the run index', () => {
  it('reads every record once', async (t) => {
    const folder = folderOf(t);
    const first = await list(folder);
    assert.deepEqual(first.entries.map((entry) => entry.type === 'unreadable' && entry.message), names.toReversed());
    assert.equal(first.read.length, 3);
    const second = await list(folder);
    assert.deepEqual(second, { entries: first.entries, read: [] });
  });

  it('follows what is added, removed and copied over', async (t) => {
    const folder = folderOf(t);
    await list(folder);
    const file = (name: string): string => path.join(folder, 'runs', `${name}.otlp.jsonl`);
    writeFileSync(file('20261121T130000Z-x-4444'), 'new');
    rmSync(file(names[0] ?? ''));
    writeFileSync(file(names[1] ?? ''), 'of the same size, later'.slice(0, (names[1] ?? '').length));
    utimesSync(file(names[1] ?? ''), 1, 1);
    const { entries, read } = await list(folder);
    assert.deepEqual([...read].sort(), [names[1], '20261121T130000Z-x-4444']);
    assert.equal(entries.length, 3);
  });

  it('goes with the folder', async (t) => {
    const folder = folderOf(t);
    await list(folder);
    const elsewhere = temporaryFolder(t);
    cpSync(folder, elsewhere, { recursive: true });
    // What a copy keeps of a time: milliseconds at best.
    for (const name of names) {
      const [from, to] = [folder, elsewhere].map((where) => path.join(where, 'runs', `${name}.otlp.jsonl`)) as [string, string];
      utimesSync(to, new Date(), new Date(Math.floor(statSync(from).mtimeMs)));
    }
    const { entries, read } = await list(elsewhere);
    assert.deepEqual(read, []);
    assert.ok(entries.every((entry) => entry.type === 'unreadable' && entry.path.startsWith(elsewhere)));
  });

  const damage: readonly (readonly [name: string, change: (bytes: Buffer) => Buffer, read: number])[] = [
    ['gone', () => Buffer.alloc(0), 4],
    ['of another version', (bytes) => Buffer.concat([Buffer.from('runweave run index 99'), bytes.subarray(21)]), 4],
    ['no index at all', () => Buffer.from('\u0000\u0001\n\n{}'), 4],
    ['torn in its last chunk', (bytes) => bytes.subarray(0, -10), 1],
    ['torn, and appended to', (bytes) => Buffer.concat([bytes.subarray(0, -10), bytes.subarray(-10 - 300)]), 1],
    ['with a number that is another', (bytes) => (bytes.fill(0x42, bytes.length - 12, bytes.length - 8), bytes), 1],
    ['with a text that is another', (bytes) => Buffer.from(bytes.toString('latin1').replace('"message":"2026', '"message":"2027'), 'latin1'), 4],
  ];
  for (const [name, change, expected] of damage) {
    it(`is made again where it is ${name}`, async (t) => {
      const folder = folderOf(t);
      await list(folder);
      // A chunk of its own.
      writeFileSync(path.join(folder, 'runs', '20261121T130000Z-x-4444.otlp.jsonl'), 'later');
      const { entries } = await list(folder);
      const file = path.join(folder, 'cache', 'runs.index');
      const before = readFileSync(file);
      const damaged = change(Buffer.from(before));
      assert.notDeepEqual(damaged, before);
      writeFileSync(file, damaged);
      const again = await list(folder);
      assert.deepEqual([again.read.length, again.entries], [expected, entries]);
      assert.equal((await list(folder)).read.length, 0);
    });
  }

  it('takes the place of the index of an earlier version', async (t) => {
    const folder = folderOf(t);
    mkdirSync(path.join(folder, 'cache'));
    writeFileSync(path.join(folder, 'cache', 'runs.jsonl'), '{"runweave":"run index","version":2}\n');
    await list(folder);
    assert.deepEqual(readdirSync(path.join(folder, 'cache')), ['runs.index']);
  });

  it('is written anew when most of it is out of date, or in small chunks', async (t) => {
    const folder = folderOf(t);
    await list(folder);
    const file = path.join(folder, 'cache', 'runs.index');
    const whole = readFileSync(file);
    const chunks = whole.subarray(whole.indexOf('\n') + 1);
    appendFileSync(file, Buffer.concat(Array.from({ length: 70 }, () => chunks)));
    writeFileSync(path.join(folder, 'runs', '20261121T130000Z-x-4444.otlp.jsonl'), 'new');
    await list(folder);
    assert.ok(readFileSync(file).length < 2 * whole.length);
    assert.equal((await list(folder)).read.length, 0);
  });

  it('stops when it is told to', async (t) => {
    const folder = folderOf(t);
    const files = await runFiles(folder);
    await assert.rejects(openRunIndex(folder).entries(files, () => Promise.reject(new Error('not read')), { signal: AbortSignal.abort() }), { name: 'AbortError' });
  });
});
