/** Several folders of records as one: copies, what people said of them, and a folder that is nobody's store. */
import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { RunId } from '../../../src/model/run-event.ts';
import { readRunTables } from '../../../src/app/run-table.ts';
import { trackerFeed } from '../../../src/app/tracker-feed.ts';
import { appendAnnotations } from '../../../src/store/annotations.ts';
import { headReader } from '../../../src/store/head-reader.ts';
import { storeIn } from '../../../src/store/record-folder.ts';
import { latestDeletion, moveToTrash, restoreFromTrash } from '../../../src/store/trash.ts';
import { openEventLog } from '../../../src/recording/event-log.ts';
import { sealRun } from '../../../src/recording/seal.ts';
import { generateRun } from '../recording/generated-run.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

const day = new Date('2026-11-21T10:15:00.123Z');

/** A project with a record of each id. Returns its `.runweave`. */
function project(folder: string, ...ids: readonly string[]): string {
  const runs = path.join(folder, '.runweave', 'runs');
  mkdirSync(runs, { recursive: true });
  for (const id of ids) writeFileSync(path.join(runs, `${id}.otlp.jsonl`), 'no record');
  return path.join(folder, '.runweave');
}

describe('folders of records', () => {
  it('are found in a project, by themselves, and where records were copied to', (t) => {
    const folder = temporaryFolder(t);
    const store = project(path.join(folder, 'a'), 'x');
    const copies = path.join(folder, 'copies');
    mkdirSync(copies);
    assert.equal(storeIn(copies), undefined);
    assert.equal(storeIn(path.join(folder, 'nowhere')), undefined);
    copyFileSync(path.join(store, 'runs', 'x.otlp.jsonl'), path.join(copies, 'x.otlp.jsonl'));
    assert.deepEqual([path.join(folder, 'a'), store, copies].map(storeIn), [store, store, copies]);
  });

  it('are listed as one, a run of which there are copies once, with what was said of any copy', async (t) => {
    const folder = temporaryFolder(t);
    const a = project(path.join(folder, 'a'), '3', '1');
    const b = project(path.join(folder, 'b'), '2', '1');
    await appendAnnotations(b, [{ target: { runId: '1' as RunId }, change: { type: 'star', on: true } }], day);
    const folders = [{ store: a, name: 'a' }, { store: b, name: 'b' }];
    const list = async (): Promise<readonly string[]> => (await readRunTables(folders)).rows.map((row) => `${row.runId} in ${row.folder ?? 'the only one'}${row.annotations.star ? ' ★' : ''}`);
    assert.deepEqual(await list(), ['3 in a', '2 in b', '1 in a ★']);
    rmSync(path.join(a, 'runs', '1.otlp.jsonl'));
    assert.deepEqual(await list(), ['3 in a', '2 in b', '1 in b ★']);
    assert.deepEqual((await readRunTables(folders.slice(0, 1))).rows.map((row) => row.folder), [undefined]);
    assert.deepEqual((await readRunTables([])).rows, []);
  });

  it('are followed: the table hears of a copy that takes the place of another', async (t) => {
    const folder = temporaryFolder(t);
    const folders = ['a', 'b'].map((name) => ({ store: project(path.join(folder, name), '1'), name }));
    const feed = trackerFeed(folders);
    assert.equal((await feed.changes()).rows.length, 1);
    assert.deepEqual(await feed.changes(), { rows: [], removed: [] });
    rmSync(path.join(folder, 'a', '.runweave', 'runs', '1.otlp.jsonl'));
    assert.deepEqual((await feed.changes()).rows.map((row) => row.folder), ['b']);
  });

  it('are not looked through when nothing but a run in progress has something to say', async (t) => {
    const folder = temporaryFolder(t);
    const [first, ...others] = generateRun(3);
    assert.ok(first?.type === 'run-started');
    const folders = ['a', 'b'].map((name) => ({ store: project(path.join(folder, name), '1'), name }));
    const store = folders[0]?.store ?? '';
    const feed = trackerFeed(folders);
    const log = await openEventLog(store, first.runId);
    log.append(first);
    await log.close();
    assert.deepEqual((await feed.changes({}, 'live')).rows.map((row) => row.runId).sort(), ['1', first.runId].sort(), 'everything is new');
    rmSync(path.join(folder, 'b', '.runweave', 'runs', '1.otlp.jsonl'));
    appendFileSync(path.join(store, 'live', `${first.runId}.jsonl`), others.slice(0, 3).map((event) => `${JSON.stringify(event)}\n`).join(''));
    const { rows, removed } = await feed.changes({}, 'live');
    assert.deepEqual(rows.map((row) => [row.runId, row.folder]), [[first.runId, 'a']]);
    assert.deepEqual(removed, []);
    // The record wins over its log, and a copy elsewhere over both.
    writeFileSync(path.join(folder, 'a', '.runweave', 'runs', `${first.runId}.otlp.jsonl`), 'no record');
    assert.deepEqual(await feed.changes({}, 'live'), { rows: [], removed: [] });
    assert.deepEqual((await feed.changes()).rows.map((row) => row.runId), [first.runId]);
  });

  it('get nothing written into them where records were only copied, but for what a person says and deletes', async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(path.join(folder, 'x.otlp.jsonl'), 'no record');
    await readRunTables([{ store: folder, name: 'copies' }]);
    assert.deepEqual(readdirSync(folder), ['x.otlp.jsonl']);
    assert.equal(await latestDeletion(folder), undefined);
    const trash = await moveToTrash(folder, [path.join(folder, 'x.otlp.jsonl')], day);
    assert.deepEqual(await latestDeletion(folder), { folder: trash, time: day.toISOString() });
    assert.deepEqual(await restoreFromTrash(folder, trash), []);
    assert.deepEqual(readdirSync(folder).sort(), ['trash', 'x.otlp.jsonl']);
  });
});

it('first lines that were read are kept until the record is another', async (t) => {
  const folder = temporaryFolder(t);
  const [first, second] = [generateRun(1), generateRun(2)];
  const store = path.join(folder, '.runweave');
  await sealRun(store, first);
  const read = headReader([{ store }]);
  const [before] = await read();
  assert.ok(before !== undefined);
  await sealRun(store, second);
  project(folder, 'unreadable');
  const after = await read();
  assert.equal(after.length, 2);
  assert.ok(after.includes(before), 'what was read before is not read again');
  rmSync(path.join(store, 'runs', `${before.runId}.otlp.jsonl`));
  assert.equal((await read()).length, 1);
});
