import assert from 'node:assert/strict';
import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
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

  it('takes its lock also on a full disk: what the cache makes again by itself gives way', async (t) => {
    const store = mkdtempSync(path.join(tmpdir(), 'runweave-gc-'));
    const cache = path.join(store, 'cache');
    mkdirSync(path.join(cache, 'kept', 'staging'), { recursive: true });
    for (const name of ['digests.json', 'misfits-a.yaml.json', 'pipeline-a.yaml.json', 'results-a.yaml.jsonl', 'runs.index', 'kept/staging/torn']) writeFileSync(path.join(cache, name), 'text');
    let full = (): boolean => existsSync(path.join(cache, 'pipeline-a.yaml.json'));
    const write = fs.writeFileSync;
    t.mock.method(fs, 'writeFileSync', (...args: Parameters<typeof write>) => {
      if (full()) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      write(...args);
    });
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
      rmSync(store, { recursive: true, force: true });
    });
    const all = readdirSync(cache);
    const wouldBe = await collectGarbage({ store, limit: 1e9, dryRun: true });
    assert.deepEqual([wouldBe.type, readdirSync(cache)], ['collected', all]);
    const result = await collectGarbage({ store, limit: 1e9, dryRun: false });
    assert.ok(result.type === 'collected');
    assert.deepEqual([result.leftovers, readdirSync(cache), readdirSync(path.join(store, 'live'))], [{ count: 1, bytes: 4 }, ['digests.json', 'kept', 'misfits-a.yaml.json', 'results-a.yaml.jsonl'], []]);
    full = () => true;
    assert.deepEqual(await collectGarbage({ store, limit: 1e9, dryRun: false }), { type: 'refused', message: `${store} cannot be written: ENOSPC: no space left on device, write. All of ${cache} may be deleted: it is made again when it is needed` });
    assert.deepEqual(readdirSync(cache), ['kept', 'misfits-a.yaml.json', 'results-a.yaml.jsonl']);
  });
});
