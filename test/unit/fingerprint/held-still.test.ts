import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createFileDigests } from '../../../src/fingerprint/file-digests.ts';
import { fileStamp, isMissing, lastChangeIn, lookAtStart, type StartLook } from '../../../src/fingerprint/held-still.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runweave-held-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const digests = createFileDigests();

/** `later`: milliseconds by which all files are older than the start. */
function start(used: readonly string[], later = 0): StartLook {
  return lookAtStart({ folder, used, startedAt: Date.now() + later, digests });
}

for (const [age, later] of [['saved just before', 0], ['saved long before', 60_000]] as const) {
  describe(`a file that was ${age} a task started`, () => {
    const startWith = (): StartLook => {
      writeFileSync(at('a'), 'one');
      return start(['a', 'missing'], later);
    };

    it('held still when nothing touched it', () => {
      const look = startWith();
      assert.deepEqual([look.heldStill('a'), look.heldStill('missing')], [true, true]);
    });

    it('did not when it was written, replaced, touched or removed', () => {
      const edits: readonly (() => void)[] = [
        () => writeFileSync(at('a'), 'two'),
        () => writeFileSync(at('a'), 'longer'),
        () => {
          writeFileSync(at('b'), 'one');
          renameSync(at('b'), at('a'));
        },
        () => utimesSync(at('a'), 1, 1),
        () => rmSync(at('a')),
      ];
      for (const [index, edit] of edits.entries()) {
        const { heldStill } = startWith();
        // Before kernel 6.13 what is as old as the last tick of the clock can be told by its content alone.
        if (later > 0 && index === 0) utimesSync(at('a'), 2, 2);
        edit();
        assert.equal(heldStill('a'), false, String(index));
      }
    });

    it('had the stamp that it has', () => {
      const look = startWith();
      const stamp = fileStamp(at('a'));
      assert.deepEqual([look.had('a', stamp), look.had('a', ''), look.had('a', fileStamp(at('missing'))), look.had('missing', fileStamp(at('missing')))], [true, false, false, true]);
      const { mtimeMs, ctimeMs } = statSync(at('a'));
      assert.ok(Math.abs((lastChangeIn(stamp) ?? 0) - Math.max(mtimeMs, ctimeMs)) < 1);
      assert.deepEqual([isMissing(stamp), isMissing(fileStamp(at('missing'))), lastChangeIn(fileStamp(at('missing')))], [false, true, undefined]);
    });
  });
}

describe('what was not looked at', () => {
  it('is not known', () => {
    writeFileSync(at('a'), '');
    const look = start(['a']);
    writeFileSync(at('later'), '');
    assert.deepEqual([look.knows('later'), look.heldStill('later'), look.had('later', fileStamp(at('later')))], [false, undefined, false]);
  });

  it('is an old file of a folder or glob; young ones are', async () => {
    mkdirSync(at('data'));
    for (const name of ['data/a.csv', 'data/b.txt']) writeFileSync(at(name), 'one');
    // All files count as young.
    const look = start(['data/*.csv'], -60_000);
    assert.deepEqual([look.heldStill('data/a.csv'), look.heldStill('data/b.txt'), look.knows('data/*.csv')], [true, undefined, false]);
    writeFileSync(at('data/a.csv'), 'two');
    assert.equal(look.heldStill('data/a.csv'), false);
    assert.equal(start(['data'], 60_000).heldStill('data/a.csv'), undefined);
    await digests.ofPath(folder, 'data');
    assert.equal(start(['data'], -60_000).heldStill('data/b.txt'), true);
  });
});
