import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import type { NamedView } from '../../../src/protocol/tracker-view.ts';
import { readNamedViews, saveNamedViews } from '../../../src/store/named-views.ts';
import { temporaryFolder } from '../recording/temporary-folder.ts';

const view = (name: string, filter = ''): NamedView => ({ name, table: { filter, sort: [{ field: 'metrics.loss', descending: true }], group: ['branch'], archived: false, columns: [{ field: 'params.lr', title: 'rate', width: 80, pinned: true }] } });
const at = (second: number): Date => new Date(second * 1000);

it('views are saved, changed and removed line by line', async (t) => {
  const store = path.join(temporaryFolder(t), '.runweave');
  const read = (): Promise<readonly NamedView[]> => readNamedViews([{ store }]);
  assert.deepEqual(await read(), []);
  await saveNamedViews(store, [], [view('b'), view('a')], at(1));
  assert.deepEqual(await read(), [view('a'), view('b')]);
  await saveNamedViews(store, await read(), [view('a', 'star')], at(2));
  assert.deepEqual(await read(), [view('a', 'star')]);
  await saveNamedViews(store, await read(), await read(), at(3));
  assert.equal(readFileSync(path.join(store, 'views.jsonl'), 'utf8').split('\n').length, 5, 'what is the same is not written again');
});

it('of several folders the latest line of a name counts, in any order', async (t) => {
  const folder = temporaryFolder(t);
  const [one, two] = [path.join(folder, 'one'), path.join(folder, 'two')];
  await saveNamedViews(one, [], [view('a', 'new'), view('b')], at(5));
  await saveNamedViews(two, [], [view('a', 'old')], at(1));
  await saveNamedViews(two, [view('b')], [], at(6));
  for (const stores of [[one, two], [two, one]]) assert.deepEqual(await readNamedViews(stores.map((store) => ({ store }))), [view('a', 'new')]);
});

it('what is torn or not understood is passed over, and stays', async (t) => {
  const store = temporaryFolder(t);
  const lines = ['{', 'null', '{"name":"x"}', JSON.stringify({ name: 'x', time: 'soon', table: view('x').table }), JSON.stringify({ name: 'x', time: at(1).toISOString(), table: { ...view('x').table, sort: [{ field: 1 }] } }), JSON.stringify({ name: 'x', time: at(1).toISOString(), table: { ...view('x').table, columns: ['lr'] } })];
  writeFileSync(path.join(store, 'views.jsonl'), lines.join('\n'));
  appendFileSync(path.join(store, 'views.jsonl'), '\n{"name":"half');
  await saveNamedViews(store, [], [view('a')], at(2));
  assert.deepEqual(await readNamedViews([{ store }]), [view('a')]);
});
