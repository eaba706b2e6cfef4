import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it, type TestContext } from 'node:test';
import { deletionTime, moveToTrash, restoreFromTrash } from '../../../src/store/trash.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

const now = new Date('2026-11-21T10:15:00.123Z');

function storeWith(t: TestContext, ...names: readonly string[]): { readonly store: string; readonly records: readonly string[]; readonly inRuns: () => readonly string[] } {
  const store = path.join(temporaryFolder(t), '.runweave');
  const runs = path.join(store, 'runs');
  mkdirSync(runs, { recursive: true });
  const records = names.map((name) => path.join(runs, name));
  for (const record of records) writeFileSync(record, record);
  return { store, records, inRuns: () => readdirSync(runs).sort() };
}

it('moves records away and puts them back as they were', async (t) => {
  const { store, records, inRuns } = storeWith(t, 'a.otlp.jsonl', 'b.otlp.jsonl', 'c.otlp.jsonl');
  const times = records.map((record) => statSync(record).mtimeMs);
  const folder = await moveToTrash(store, records.slice(0, 2), now);
  assert.equal(path.relative(store, folder), path.join('trash', '20261121T101500.123Z'));
  assert.deepEqual(inRuns(), ['c.otlp.jsonl']);
  assert.deepEqual(await restoreFromTrash(store, folder), []);
  assert.deepEqual(inRuns(), ['a.otlp.jsonl', 'b.otlp.jsonl', 'c.otlp.jsonl']);
  assert.deepEqual(records.map((record) => statSync(record).mtimeMs), times);
  assert.deepEqual(readdirSync(path.join(store, 'trash')), []);
});

it('keeps two deletions of one moment apart, and passes over what is gone', async (t) => {
  const { store, records, inRuns } = storeWith(t, 'a.otlp.jsonl', 'b.otlp.jsonl');
  const folders = [];
  for (const record of records) folders.push(await moveToTrash(store, [record, `${record}.gone`], now));
  assert.equal(new Set(folders).size, 2);
  assert.deepEqual(folders.map(deletionTime), [Date.parse('2026-11-21T10:15:00Z'), Date.parse('2026-11-21T10:15:00Z')]);
  for (const folder of folders) await restoreFromTrash(store, folder);
  assert.equal(inRuns().length, 2);
});

it('overwrites nothing', async (t) => {
  const { store, records } = storeWith(t, 'a.otlp.jsonl');
  const folder = await moveToTrash(store, records, now);
  writeFileSync(records[0] ?? '', 'another');
  assert.deepEqual(await restoreFromTrash(store, folder), ['a.otlp.jsonl']);
  assert.equal(statSync(records[0] ?? '').size, 'another'.length);
  assert.deepEqual(readdirSync(folder), ['a.otlp.jsonl']);
});

it('knows no time of another folder', () => assert.equal(deletionTime('/x/trash/notes'), undefined));
