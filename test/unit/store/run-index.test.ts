import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { plainSummary } from '../../../src/model/run-block.ts';
import type { RunListEntry, RunSummary } from '../../../src/model/record.ts';
import type { TaskId } from '../../../src/model/pipeline.ts';
import type { RunId, TraceId } from '../../../src/model/run-event.ts';
import { fromMilliseconds } from '../../../src/model/time.ts';
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

/** All that a name says: another run has other values, and sometimes other series. */
function summaryOf(id: string, record: string): RunSummary {
  const number = Number(id.slice(9, 15));
  const named = (name: string) => ({ task: 'train' as TaskId, name });
  return {
    runId: id as RunId,
    traceId: `${number}` as TraceId,
    path: record,
    pipeline: 'x',
    start: fromMilliseconds(number * 1000),
    ...(number % 7 !== 0 && { end: fromMilliseconds(number * 1000 + 500), outcome: 'success' }),
    interrupted: number % 7 === 0,
    counts: { total: 1, executed: 1, succeeded: 1, failed: 0, skipped: 0 },
    params: { lr: number / 3, ...(number % 5 === 0 && { toString: [number] }) },
    taskParams: {},
    series: [{ ...named('auc'), count: 1, last: number / 7, min: number / 7, max: number / 7, mean: number / 7 }, ...(number % 3 === 0 ? [{ ...named('loss'), count: 9, last: 'NaN' as const }] : [])],
    tags: {},
  };
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

  it('gives summaries back as they were read, also after blocks were kept and others joined', async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(path.join(folder, 'runs'));
    const nameOf = (at: number): string => `20261121T${String(at).padStart(6, '0')}Z-x-1111`;
    const fileOf = (at: number): string => path.join(folder, 'runs', `${nameOf(at)}.otlp.jsonl`);
    const listRuns = async (): Promise<{ readonly summaries: readonly RunSummary[]; readonly read: number }> => {
      let read = 0;
      const entries = await openRunIndex(folder).entries(await runFiles(folder), (file) => {
        read += 1;
        return Promise.resolve({ type: 'run', summary: summaryOf(file.id, file.path) });
      });
      return { summaries: entries.flatMap((entry) => (entry.type === 'run' ? [plainSummary(entry.summary)] : [])), read };
    };
    for (let at = 0; at < 1100; at += 1) writeFileSync(fileOf(at), '');
    const first = await listRuns();
    assert.deepEqual([first.read, first.summaries[0]], [1100, summaryOf(nameOf(1099), fileOf(1099))]);
    assert.deepEqual(await listRuns(), { ...first, read: 0 });
    // As a run after the other adds them; now and then the index is written anew.
    for (let at = 1100; at < 1180; at += 1) {
      rmSync(fileOf(at - 600));
      writeFileSync(fileOf(at), '');
      assert.equal((await listRuns()).read, 1);
    }
    const last = await listRuns();
    assert.equal(last.read, 0);
    assert.deepEqual(last.summaries, Array.from({ length: 1180 }, (_, at) => at).filter((at) => at < 500 || at >= 580).map((at) => summaryOf(nameOf(at), fileOf(at))).toReversed());
  });

  it('stops when it is told to', async (t) => {
    const folder = folderOf(t);
    const files = await runFiles(folder);
    await assert.rejects(openRunIndex(folder).entries(files, () => Promise.reject(new Error('not read')), { signal: AbortSignal.abort() }), { name: 'AbortError' });
  });
});
