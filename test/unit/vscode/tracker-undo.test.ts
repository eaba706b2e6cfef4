import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { trackerFeed } from '../../../src/app/tracker-feed.ts';
import { trackerUndo } from '../../../src/vscode/tracker-undo.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

it('takes back what was said and what was deleted, and the table hears of each change alone', async (t) => {
  const folder = temporaryFolder(t);
  const store = path.join(folder, '.runweave');
  mkdirSync(path.join(store, 'runs'), { recursive: true });
  // Records that can't be read: they are listed, said things of and deleted like others.
  for (const name of ['a', 'b']) writeFileSync(path.join(store, 'runs', `${name}.otlp.jsonl`), 'no record');
  const feed = trackerFeed([{ store, name: 'here' }]);
  const undo = trackerUndo();
  const keys = async (): Promise<unknown> => {
    const { rows, removed } = await feed.changes();
    return { rows: rows.map(({ runId, annotations }) => `${runId}${annotations.star ? ' ★' : ''}`), removed };
  };
  assert.deepEqual(await keys(), { rows: ['b', 'a'], removed: [] });
  assert.deepEqual(await keys(), { rows: [], removed: [] });

  const b = feed.row('b');
  assert.ok(b);
  await undo.annotate([b], { type: 'star', on: true });
  assert.deepEqual(await keys(), { rows: ['b ★'], removed: [] });
  await undo.remove([b.path]);
  assert.equal(undo.next(), 'Delete (1 run)');
  assert.deepEqual(await keys(), { rows: [], removed: ['b'] });

  assert.equal(await undo.undo(), undefined);
  assert.deepEqual(await keys(), { rows: ['b ★'], removed: [] });
  assert.equal(undo.next(), 'Star (1 run)');
  await undo.undo();
  assert.deepEqual(await keys(), { rows: ['b'], removed: [] });
  assert.equal(undo.next(), undefined);
  assert.equal(await undo.undo(), undefined);
  assert.deepEqual(readdirSync(path.join(store, 'runs')).length, 2);
});
