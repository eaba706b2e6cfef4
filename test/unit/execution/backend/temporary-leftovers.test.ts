import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { removeTemporaryLeftovers } from '../../../../src/execution/backend/temporary-leftovers.ts';

it('folders of processes that are gone are removed once they are old, and no others', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-leftovers-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const names = ['runweave-11-abc', 'rw11-abc', 'runweave-22-abc', 'rw22-x', 'runweave-abc', 'rwabc', 'runweave-bench-11-x', 'other-11-a', 'runweave-aB34Ef', 'runweave-open-aB34Ef'];
  for (const name of names) {
    mkdirSync(path.join(folder, name));
    writeFileSync(path.join(folder, name, 'warm'), '');
  }
  const isAlive = (pid: number): boolean => pid === 22;
  removeTemporaryLeftovers(folder, isAlive);
  assert.deepEqual(readdirSync(folder).sort(), [...names].sort(), 'all are young');
  const later = Date.now() + 2 * 60 * 60 * 1000;
  removeTemporaryLeftovers(folder, isAlive, later);
  assert.deepEqual(readdirSync(folder).sort(), names.slice(2).sort());
  writeFileSync(path.join(folder, 'runweave-aB34Ef', 'mine'), '');
  const muchLater = Date.now() + 8 * 24 * 60 * 60 * 1000;
  removeTemporaryLeftovers(folder, isAlive, muchLater);
  assert.deepEqual(readdirSync(folder).sort(), names.slice(2, -1).sort(), 'under an old name, with nothing but ours in it');
  rmSync(path.join(folder, 'runweave-aB34Ef', 'mine'));
  removeTemporaryLeftovers(folder, isAlive, muchLater);
  assert.deepEqual(readdirSync(folder).sort(), names.slice(2, -2).sort());
  removeTemporaryLeftovers(path.join(folder, 'nowhere'), isAlive, later);
});
