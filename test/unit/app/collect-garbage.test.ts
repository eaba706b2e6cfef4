import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { collectGarbage } from '../../../src/app/collect-garbage.ts';

describe('gc', () => {
  it('removes what was replaced 30 days ago, however old the file was then', async (t) => {
    const store = mkdtempSync(path.join(tmpdir(), 'runweave-gc-'));
    t.after(() => rmSync(store, { recursive: true, force: true }));
    const file = path.join(store, 'set-aside/replaced/out/deep/notes.txt');
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, 'mine');
    const now = Date.now();
    for (const [days, isThere] of [[29, true], [31, false]] as const) {
      t.mock.method(Date, 'now', () => now + days * 86_400_000);
      const result = await collectGarbage({ store, limit: 1e9, dryRun: false });
      assert.ok(result.type === 'collected');
      assert.deepEqual([existsSync(file), result.leftovers], [isThere, isThere ? { count: 0, bytes: 0 } : { count: 1, bytes: 4 }]);
    }
  });
});
