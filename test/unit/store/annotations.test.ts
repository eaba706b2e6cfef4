import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import type { RunId } from '../../../src/model/run-event.ts';
import { annotationsPath, appendAnnotations, readAnnotations } from '../../../src/store/annotations.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

const target = { runId: 'r' as RunId };
const now = new Date(0);

it('appends, and reads what is there', async (t) => {
  const folder = path.join(temporaryFolder(t), '.runweave');
  assert.deepEqual(await readAnnotations(folder), []);
  const first = await appendAnnotations(folder, [{ target, change: { type: 'star', on: true } }], now);
  const second = await appendAnnotations(folder, [{ target, change: { type: 'note', text: 'two\nlines' }, author: 'Ada' }], now);
  assert.deepEqual(await readAnnotations(folder), [...first, ...second]);
});

it('loses nothing when many write at once', async (t) => {
  const folder = temporaryFolder(t);
  await Promise.all(Array.from({ length: 50 }, (_, index) => appendAnnotations(folder, [{ target, change: { type: 'note', text: `${index}${'x'.repeat(5000)}` } }], now)));
  assert.equal((await readAnnotations(folder)).length, 50);
});

it('passes over a torn line, keeps it, and goes on after it', async (t) => {
  const folder = temporaryFolder(t);
  await appendAnnotations(folder, [{ target, change: { type: 'star', on: true } }], now);
  appendFileSync(annotationsPath(folder), '{"id":"half');
  await appendAnnotations(folder, [{ target, change: { type: 'star', on: false } }], now);
  assert.equal((await readAnnotations(folder)).length, 2);
  assert.ok(readFileSync(annotationsPath(folder), 'utf8').includes('{"id":"half\n'));
});
