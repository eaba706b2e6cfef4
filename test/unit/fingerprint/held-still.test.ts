import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { lookAtYoung } from '../../../src/fingerprint/held-still.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runweave-held-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a file that was saved just before a task started', () => {
  const at = (name: string): string => path.join(folder, name);
  const start = (): ((name: string) => boolean) => {
    writeFileSync(at('a'), 'one');
    return lookAtYoung(folder, ['a', 'missing', '.'], Date.now());
  };

  it('held still when nothing touched it', () => {
    assert.equal(start()('a'), true);
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
      const heldStill = start();
      edit();
      assert.equal(heldStill('a'), false, String(index));
    }
  });

  it('is not known of what was no young file then', () => {
    const heldStill = start();
    writeFileSync(at('later'), '');
    for (const name of ['missing', '.', 'later']) assert.equal(heldStill(name), false);
    const { mtimeMs, ctimeMs } = statSync(at('a'));
    assert.equal(lookAtYoung(folder, ['a'], Math.max(mtimeMs, ctimeMs) + 11)('a'), false, 'its times say enough');
  });
});
