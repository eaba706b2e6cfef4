import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import vm from 'node:vm';
import { buildSite, type BuiltSite, type SiteOptions } from '../../../../src/app/site/build-site.ts';
import type { Digest } from '../../../../src/model/fingerprint.ts';
import { objectName, type SiteIndex, type StoredRun } from '../../../../src/protocol/site.ts';
import { objectPath } from '../../../../src/recording/artifacts.ts';
import { appendAnnotations } from '../../../../src/store/annotations.ts';
import { saveNamedViews } from '../../../../src/store/named-views.ts';
import { temporaryFolder } from '../../recording/temporary-folder.ts';
import { recordRun, runIdOf } from './recorded-run.ts';

const assets = { 'site.js': 's', 'site.css': 's', 'run.js': 'r', 'run.css': 'r' };

interface Site {
  readonly store: string;
  readonly target: string;
  readonly build: (options?: Partial<SiteOptions>) => Promise<BuiltSite>;
  /** Paths below `site/` with their times of change. */
  readonly files: () => Readonly<Record<string, number>>;
  readonly data: (name: string) => unknown;
}

function siteIn(context: TestContext): Site {
  const folder = temporaryFolder(context);
  const [store, target] = [path.join(folder, '.runweave'), path.join(folder, 'public')];
  const own = path.join(target, 'site');
  return {
    store,
    target,
    build: async (options = {}) => {
      const result = await buildSite({ store, target, retention: {}, assets, ...options });
      assert.ok(result.type === 'built');
      return result;
    },
    files: () => Object.fromEntries(readdirSync(own, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(path.join(own, name)).isFile()).map((name) => [name.split(path.sep).join('/'), statSync(path.join(own, name)).mtimeMs])),
    data: (name) => {
      const told: unknown[] = [];
      vm.runInNewContext(readFileSync(path.join(own, `${name}.js`), 'utf8'), { runweaveData: (_: string, json: string) => told.push(JSON.parse(json)) });
      return told[0];
    },
  };
}

const stateOf = (run: unknown): Extract<StoredRun, { readonly type: 'run' }>['state'] => (run as Extract<StoredRun, { readonly type: 'run' }>).state;
const large = '<script>alert(1)</script>\n'.repeat(4000);

describe('a site', () => {
  it('has the named views of the records', async (t) => {
    const site = siteIn(t);
    await recordRun(site.store, 1);
    const index = (): SiteIndex => JSON.parse(/<script[^>]* id="index"[^>]*>(.*?)<\/script>/s.exec(readFileSync(path.join(site.target, 'index.html'), 'utf8'))?.[1] ?? '') as SiteIndex;
    await site.build();
    assert.equal(index().views, undefined);
    const view = { name: 'best </script>', table: { filter: 'star', sort: [], group: [], archived: false } };
    await saveNamedViews(site.store, [], [view], new Date('2026-11-21T10:15:00Z'));
    await site.build();
    assert.deepEqual(index().views, [view]);
  });

  it('has each run in a file of its own, and each content once, by its digest', async (t) => {
    const site = siteIn(t);
    const artifacts = [{ name: '../../page.html', content: large }, { name: 'small.txt', content: 'small' }];
    await recordRun(site.store, 1, { artifacts });
    await recordRun(site.store, 2, { artifacts });
    const { runs, bytes } = await site.build();
    assert.equal(runs, 2);
    assert.equal(bytes, Object.keys(site.files()).filter((name) => name !== 'manifest.json').reduce((sum, name) => sum + statSync(path.join(site.target, 'site', name)).size, 0));
    const [page, small] = stateOf(site.data(`runs/${runIdOf(1)}`)).tasks[0]?.artifacts ?? [];
    assert.deepEqual([page?.content, small?.content], [{ type: 'reference' }, { type: 'utf8', text: 'small' }]);
    assert.deepEqual(site.data(objectName(page?.digest ?? '') ?? ''), { text: large });
    assert.deepEqual(Object.keys(site.files()).filter((name) => name.startsWith('objects/')), [`${objectName(page?.digest ?? '') ?? ''}.js`]);
    assert.ok(existsSync(path.join(site.target, '.nojekyll')) && existsSync(path.join(site.target, 'index.html')));
    assert.ok(Object.keys(site.files()).every((name) => /\.(js|css|json)$/.test(name)), 'nothing that a server would send as a page');
  });

  it('is built again by writing what is new and removing what is gone', async (t) => {
    const site = siteIn(t);
    await recordRun(site.store, 1, { artifacts: [{ name: 'a', content: large }] });
    const second = await recordRun(site.store, 2, { artifacts: [{ name: 'b', content: `${large}b` }] });
    assert.equal((await site.build()).written, 2);
    const before = site.files();
    // A checkout gives files new times.
    utimesSync(second, new Date(), new Date());
    assert.deepEqual((({ written, removed }) => ({ written, removed }))(await site.build()), { written: 0, removed: 0 });
    assert.deepEqual({ ...site.files(), 'manifest.json': 0 }, { ...before, 'manifest.json': 0 });

    await recordRun(site.store, 3);
    rmSync(second);
    const again = await site.build();
    assert.deepEqual([again.runs, again.written], [2, 1]);
    const now = site.files();
    assert.equal(now[`runs/${runIdOf(1)}.js`], before[`runs/${runIdOf(1)}.js`]);
    assert.deepEqual(Object.keys(now).filter((name) => name.startsWith('runs/')), [1, 3].map((index) => `runs/${runIdOf(index)}.js`));
    assert.equal(Object.keys(now).filter((name) => name.startsWith('objects/')).length, 1, 'the artifact of the run that is gone is gone');
  });

  it('writes anew what is missing or was cut off, and an artifact that came back', async (t) => {
    const site = siteIn(t);
    await recordRun(site.store, 1, { artifacts: [{ name: 'a', content: large }] });
    const digest = stateOfFirstArtifact(await buildAndRead(site));
    const object = objectPath(site.store, digest) ?? '';
    const bytes = readFileSync(object);
    rmSync(object);
    rmSync(path.join(site.target, 'site', 'objects'), { recursive: true });
    assert.equal((await site.build()).written, 1, 'the file is missing, so the run is looked at again');
    assert.ok(!existsSync(path.join(site.target, 'site', 'objects')));
    assert.equal((await site.build()).written, 0);
    writeFileSync(object, bytes);
    assert.equal((await site.build()).written, 1);
    assert.deepEqual(site.data(objectName(digest) ?? ''), { text: large });
    writeFileSync(object, 'not what the digest stands for');
    rmSync(path.join(site.target, 'site', 'objects'), { recursive: true });
    await site.build();
    assert.ok(!existsSync(path.join(site.target, 'site', 'objects')));
  });

  it('keeps what has a star when only the newest are asked for, and to a budget', async (t) => {
    const site = siteIn(t);
    for (const index of [1, 2, 3, 4]) await recordRun(site.store, index, { artifacts: [{ name: 'a', content: `${large}${index}` }] });
    await appendAnnotations(site.store, [{ target: { runId: runIdOf(1) }, change: { type: 'star', on: true } }], new Date());
    assert.equal((await site.build({ retention: { keep: 1 } })).runs, 2);
    const { bytes } = await site.build();
    const { runs, leftOut } = await site.build({ maxSize: bytes * 0.6 });
    assert.deepEqual([runs, leftOut], [2, 2]);
    assert.deepEqual(Object.keys(site.files()).filter((name) => name.startsWith('runs/')), [1, 4].map((index) => `runs/${runIdOf(index)}.js`));
    assert.ok((await site.build({ maxSize: bytes * 0.6 })).bytes <= bytes * 0.6);
  });

  it('lists a record that can not be read, with its error', async (t) => {
    const site = siteIn(t);
    const record = await recordRun(site.store, 1);
    writeFileSync(record, '{"resourceSpans": nonsense');
    await site.build();
    assert.equal((site.data(`runs/${runIdOf(1)}`) as StoredRun).type, 'unreadable');
  });

  it('touches no folder that holds something else', async (t) => {
    const site = siteIn(t);
    await recordRun(site.store, 1);
    mkdirSync(site.target);
    writeFileSync(path.join(site.target, 'CNAME'), 'runs.example.org');
    writeFileSync(path.join(site.target, 'index.html'), 'mine');
    const refused = await buildSite({ store: site.store, target: site.target, retention: {}, assets });
    assert.equal(refused.type, 'refused');
    assert.equal(readFileSync(path.join(site.target, 'index.html'), 'utf8'), 'mine');
    const inFile = await buildSite({ store: site.store, target: path.join(site.target, 'index.html'), retention: {}, assets });
    assert.ok(inFile.type === 'refused' && inFile.message.endsWith('index.html is a file: name a folder'));
    rmSync(path.join(site.target, 'index.html'));
    await site.build();
    appendFileSync(path.join(site.target, 'CNAME'), '\n');
    await site.build();
    assert.ok(existsSync(path.join(site.target, 'CNAME')));
  });

  it('refers to no path that a record names', async (t) => {
    const site = siteIn(t);
    await recordRun(site.store, 1, { sources: { 'train.py': 'sha256:../../../../etc/passwd' as Digest } });
    await site.build();
    assert.deepEqual(Object.keys(site.files()).filter((name) => name.startsWith('objects/')), []);
  });
});

async function buildAndRead(site: Site): Promise<unknown> {
  await site.build();
  return site.data(`runs/${runIdOf(1)}`);
}

function stateOfFirstArtifact(run: unknown): Digest {
  const digest = stateOf(run).tasks[0]?.artifacts[0]?.digest;
  assert.ok(digest !== undefined);
  return digest;
}
