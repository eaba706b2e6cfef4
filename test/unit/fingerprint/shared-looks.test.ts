import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createFileDigests } from '../../../src/fingerprint/file-digests.ts';
import { shareLooks } from '../../../src/fingerprint/shared-looks.ts';

/** Looks that end when they are told to, and give their number. */
function looks(): { readonly look: () => Promise<number>; readonly count: () => number; readonly end: (error?: Error) => void } {
  let count = 0;
  const ends: ((error?: Error) => void)[] = [];
  return {
    look: () => {
      count += 1;
      const number = count;
      return new Promise((resolve, reject) => ends.push((error) => (error === undefined ? resolve(number) : reject(error))));
    },
    count: () => count,
    end: (error) => ends.shift()?.(error),
  };
}

describe('a shared look', () => {
  it('begins after everybody who gets it has asked', async () => {
    const { look, count, end } = looks();
    const share = shareLooks<number>();
    const first = share('a', look);
    const others = [share('a', look), share('a', look)];
    assert.equal(count(), 1);
    end();
    assert.equal(await first, 1);
    const last = share('a', look);
    end();
    assert.deepEqual(await Promise.all(others), [2, 2]);
    end();
    assert.equal(await last, 3);
    const later = share('a', look);
    end();
    assert.deepEqual([await later, count()], [4, 4]);
  });

  it('is one a place, and goes on after one that failed', async () => {
    const { look, count, end } = looks();
    const share = shareLooks<number>();
    const first = share('a', look);
    const other = share('b', look);
    const next = share('a', look);
    assert.equal(count(), 2);
    end(new Error('EIO'));
    await assert.rejects(first, /EIO/);
    end();
    end();
    assert.deepEqual(await Promise.all([other, next]), [2, 3]);
  });

  it('at a folder sees what changed while the one before went on', async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'runweave-looks-'));
    t.after(() => rmSync(folder, { recursive: true }));
    mkdirSync(path.join(folder, 'big'));
    for (let file = 0; file < 300; file += 1) writeFileSync(path.join(folder, 'big', String(file)), 'A');
    const digests = createFileDigests();
    const before = digests.ofPath(folder, 'big');
    // It is in the midst of its files by then: between two hundred and the next it lets others work.
    await nextTurn();
    writeFileSync(path.join(folder, 'big', '0'), 'B');
    const [after, shared] = [digests.ofPath(folder, 'big'), digests.ofPath(folder, 'big')];
    assert.notEqual((await before)?.digest, (await after)?.digest);
    assert.deepEqual(await shared, await createFileDigests().ofPath(folder, 'big'));
    assert.deepEqual(await after, await shared);
  });
});
