/** The tracker as a website and as one file: the same panels without an editor, opened over HTTP and from files. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { buildSite } from '../../src/app/site/build-site.ts';
import { singleFile } from '../../src/app/site/single-file.ts';
import { readAssets, type Assets } from '../../src/app/site/site-assets.ts';
import type { Digest } from '../../src/model/fingerprint.ts';
import { storeObject } from '../../src/recording/artifacts.ts';
import { appendAnnotations } from '../../src/store/annotations.ts';
import { webviewOptions } from '../../webview/bundle.mjs';
import { eventually } from '../eventually.ts';
import { recordRun, runIdOf } from '../unit/app/site/recorded-run.ts';
import { png } from './digits.ts';
import { findings, launchBrowser } from './panel-page.ts';
import { fileUrl, serveBelow, serveElsewhere, visit, type StaticServer, type Visit } from './static-site.ts';

let folder: string;
let store: string;
let site: string;
let assets: Assets;
let browser: Browser;
let server: StaticServer;
let elsewhere: Awaited<ReturnType<typeof serveElsewhere>>;
const records: string[] = [];

/** Whatever of it were run would show: it names itself to the page, and asks for something elsewhere. */
const evil = (where: string): string => `<img src="${elsewhere.url}${where}" onerror="globalThis.ran='${where}'"><script>globalThis.ran='${where}';top.ran='${where}';fetch('${elsewhere.url}${where}')</script>`;
const evilSvg = (): string => `<svg xmlns="http://www.w3.org/2000/svg" onload="globalThis.ran='svg'"><script>globalThis.ran='svg'</script><image href="${elsewhere.url}svg"/><circle r="9"/></svg>`;
const evilTask = (): string => `train[x=${evil('task')}]`;
const notebook = (): string => JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [{ cell_type: 'markdown', metadata: {}, source: evil('markdown') }, { cell_type: 'code', execution_count: 1, metadata: {}, source: '1', outputs: [{ output_type: 'display_data', metadata: {}, data: { 'text/html': evil('html output') } }, { output_type: 'display_data', metadata: {}, data: { 'image/svg+xml': evilSvg() } }, { output_type: 'stream', name: 'stdout', text: evil('stream') }] }] });
const padding = ' '.repeat(5000);

before(async () => {
  elsewhere = await serveElsewhere();
  folder = await mkdtemp(path.join(tmpdir(), 'runweave-site-'));
  [store, site] = [path.join(folder, '.runweave'), path.join(folder, 'public')];
  await build({ ...webviewOptions, absWorkingDir: path.join(import.meta.dirname, '../..'), outdir: path.join(folder, 'webview'), minify: true, logLevel: 'error' });
  assets = await readAssets(path.join(folder, 'webview'));
  const source = await storeObject(store, [Buffer.from('print("as it was")\n')]);
  for (const index of [1, 2, 3]) {
    records.push(
      await recordRun(store, index, {
        params: { lr: index / 10 },
        metrics: { accuracy: index / 10, loss: 1 / index },
        output: `epoch ${index}\n`,
        artifacts: [{ name: 'figures/curve.png', content: Buffer.concat([Buffer.from(png, 'base64'), Buffer.alloc(5000, index)]) }, { name: 'notes.txt', content: `run ${index}${padding}` }],
        sources: { 'train.py': source.digest },
      }),
    );
  }
  records.push(await recordRun(store, 4, { madeBy: runIdOf(3) }));
  records.push(
    await recordRun(store, 5, {
      pipeline: evil('pipeline'),
      task: evilTask(),
      params: { [evil('param name')]: evil('param') },
      metrics: { [evil('metric')]: 1, __proto__: 2 },
      output: evil('output'),
      artifacts: [
        { name: `../../../${evil('name')}.html`, content: `<!doctype html><html>${evil('artifact')}${padding}`, mediaType: 'text/html' },
        { name: 'drawing.svg', content: `${evilSvg()}${padding}`, mediaType: 'image/svg+xml' },
        { name: 'out.ipynb', content: notebook() + padding, mediaType: 'application/x-ipynb+json' },
        { name: 'notes.md', content: `[x](javascript:alert(1)) ${evil('prose')}${padding}`, mediaType: 'text/markdown' },
        { name: 'table.csv', content: `${evil('head')},b\n${evil('cell')},2\n${padding}`, mediaType: 'text/csv' },
      ],
      sources: { [evil('source')]: `sha256:${'0'.repeat(64)}` as Digest },
    }),
  );
  await appendAnnotations(store, [{ target: { runId: runIdOf(2) }, change: { type: 'star', on: true } }, { target: { runId: runIdOf(2) }, change: { type: 'tag', tag: 'baseline', on: true } }, { target: { runId: runIdOf(5) }, change: { type: 'note', text: evil('note') } }], new Date());
  const result = await buildSite({ store, target: site, retention: {}, assets, title: `Runs ${evil('title')}` });
  assert.equal(result.type, 'built');
  server = await serveBelow(site);
  browser = await launchBrowser();
});
after(async () => {
  await browser.close();
  await server.close();
  await elsewhere.close();
  await rm(folder, { recursive: true, force: true });
});

/** Over HTTP below a path, and from the files themselves. */
const hosts = [
  ['below a path of a server', () => ({ address: server.url, within: server.url })],
  ['from files', () => ({ address: fileUrl(site), within: pathToFileURL(site).href })],
] as const;

async function open(fragment = '', host: (typeof hosts)[number][1] = hosts[0][1], options: Parameters<typeof visit>[3] = {}): Promise<Visit> {
  const { address, within } = host();
  return visit(browser, address + fragment, within, options);
}

/** Nothing was refused, nothing left, nothing recorded ran. */
async function assertQuiet({ page, complaints, strays }: Visit): Promise<void> {
  assert.deepEqual([complaints, strays, elsewhere.asked, await page.evaluate(() => (globalThis as { ran?: string }).ran)], [[], [], [], undefined]);
}

const lines = (visited: Visit) => visited.page.locator('.run-line');
const fragmentOf = ({ page }: Visit): string => decodeURIComponent(new URL(page.url()).hash);

for (const [name, host] of hosts) {
  describe(`a site ${name}`, () => {
    it('is gone through by keyboard: table, run, back, forward', async () => {
      const visited = await open('', host);
      const { page } = visited;
      await lines(visited).nth(4).waitFor();
      assert.match(await page.title(), /^Runs </);
      await page.locator('.grid').focus();
      for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
      await page.locator('main.run').waitFor();
      await eventually(() => assert.match(fragmentOf(visited), /^#\/runs\/2026.*000[34]/));
      assert.match(await page.title(), /^digits: /);
      await page.goBack();
      await lines(visited).nth(4).waitFor();
      await page.goForward();
      await page.locator('main.run').waitFor();
      await page.getByRole('navigation', { name: 'Site' }).getByRole('link').first().focus();
      await page.keyboard.press('Enter');
      await lines(visited).nth(4).waitFor();
      await assertQuiet(visited);
      await visited.close();
    });

    it('shows what a link names: a filter, a task, an artifact with its content, a run that is not there', async () => {
      const filtered = await open('#/?filter=params.lr%20%3E%200.15&sort=params.lr', host);
      await filtered.page.getByText('2 of 5 runs').waitFor();
      await filtered.close();
      const task = await open(`#/runs/${runIdOf(2)}/tasks/train`, host);
      await task.page.getByRole('region', { name: 'Details of train' }).waitFor();
      await task.close();
      const artifact = await open(`#/runs/${runIdOf(2)}/artifacts/train/${encodeURIComponent('notes.txt')}`, host);
      await artifact.page.getByText(/^run 2 /).waitFor();
      await artifact.page.getByRole('img', { name: 'figures/curve.png' }).waitFor();
      await assertQuiet(artifact);
      await artifact.close();
      const missing = await open('#/runs/20200101T000000Z-gone-0000', host);
      await missing.page.getByText('is not on this site').waitFor();
      await missing.close();
    });

    it('compares runs, with what made the outputs of one that had nothing to do', async () => {
      const visited = await open('', host);
      const { page } = visited;
      await lines(visited).nth(4).waitFor();
      await page.locator('.grid').focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Space');
      for (let line = 0; line < 3; line += 1) await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Space');
      await page.keyboard.press('c');
      await page.getByRole('heading', { name: 'Parameters' }).waitFor();
      await eventually(() => assert.equal(fragmentOf(visited), `#/compare/${runIdOf(1)}/${runIdOf(4)}`));
      await page.locator('.comparison').getByText('accuracy').first().waitFor();
      await page.goBack();
      await lines(visited).nth(4).waitFor();
      await page.goForward();
      await page.getByRole('heading', { name: 'Parameters' }).waitFor();
      await assertQuiet(visited);
      await visited.close();
    });

    it('runs nothing that was recorded, and asks nobody for anything', async () => {
      const visited = await open('', host);
      const { page } = visited;
      await lines(visited).nth(4).waitFor();
      await assertQuiet(visited);
      await page.goto('about:blank');
      await page.goto(`${host().address}#/runs/${runIdOf(5)}`);
      const tabs = page.getByRole('tab');
      await tabs.first().waitFor();
      // What is unfolded may have more to unfold.
      const unfold = () => page.evaluate(() => [...document.querySelectorAll<HTMLDetailsElement>('[role=tabpanel] details:not([open])')].map((details) => (details.open = true)).length);
      for (let at = 0; at < (await tabs.count()); at += 1) {
        await tabs.nth(at).click();
        while ((await unfold()) > 0);
        if ((await tabs.nth(at).textContent())?.startsWith('Artifacts') !== true) continue;
        await page.waitForFunction(() => document.querySelector('[role=tabpanel]')?.textContent.includes('Loading…') === false);
        while ((await unfold()) > 0);
        const frames = page.locator('iframe.sandbox');
        await frames.nth(1).scrollIntoViewIfNeeded();
        await frames.nth(1).contentFrame().locator('img').waitFor();
        for (const frame of await frames.all()) assert.equal(await frame.getAttribute('sandbox'), '');
      }
      await page.goto('about:blank');
      await page.goto(`${host().address}#/compare/${runIdOf(1)}/${runIdOf(5)}`);
      await page.getByRole('heading', { name: 'Parameters' }).waitFor();
      // A sandboxed frame tells what it refused.
      const isRefusal = (text: string): boolean => text.startsWith("Blocked script execution in 'about:srcdoc'") || ['artifact', 'html%20output'].some((where) => text.startsWith(`Loading the image '${elsewhere.url}${where}' violates`));
      await eventually(() => assert.ok(visited.complaints.some(isRefusal)));
      await assertQuiet({ ...visited, complaints: visited.complaints.filter((text) => !isRefusal(text)) });
      await visited.close();
    });
  });
}

describe('a site', () => {
  it('offers nothing that needs an editor, and shows what people said of runs', async () => {
    const visited = await open();
    const { page } = visited;
    await lines(visited).nth(4).waitFor();
    const offered = await page.getByRole('toolbar', { name: 'Actions' }).getByRole('button').allTextContents();
    for (const action of ['Star', 'Tag…', 'Note…', 'Flag', 'Archive', 'Delete', 'Undo']) assert.ok(!offered.includes(action), action);
    assert.ok(offered.includes('Compare') && offered.includes('CSV…'));
    await page.getByText('baseline').first().waitFor();
    await page.locator('.grid').focus();
    for (const key of ['ArrowDown', 'Delete', 't', 's', 'f']) await page.keyboard.press(key);
    assert.equal(await page.getByRole('dialog').count(), 0);
    assert.match((await page.locator('.count').textContent()) ?? '', /5 runs/);
    await page.goto(`${server.url}#/runs/${runIdOf(1)}/tasks/train`);
    await page.getByRole('region', { name: 'Details of train' }).waitFor();
    assert.equal(await page.getByRole('button', { name: /^train\.py$/ }).and(page.locator('[title="Open in the editor"]')).count(), 0);
    await visited.close();
  });

  it('saves an artifact and a table under their names', async () => {
    const visited = await open(`#/runs/${runIdOf(5)}/artifacts`);
    const { page } = visited;
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: /^Save as/ }).first().click();
    const name = (await saved).suggestedFilename();
    assert.ok(name.endsWith('.html') && !name.includes('..'), name);
    await visited.close();
  });

  it('remembers the theme that a person chose; else it is the system’s', async () => {
    const visited = await open('', hosts[0][1], { colorScheme: 'dark' });
    const { page } = visited;
    await lines(visited).nth(4).waitFor();
    assert.match((await page.locator('body').getAttribute('class')) ?? '', /vscode-dark/);
    await page.getByLabel('Theme').selectOption('High contrast');
    await page.reload();
    await lines(visited).nth(4).waitFor();
    assert.match((await page.locator('body').getAttribute('class')) ?? '', /vscode-high-contrast/);
    await page.getByLabel('Theme').selectOption('As the system');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.locator('body.vscode-light').waitFor();
    await visited.close();
  });

  const views = ['', `#/runs/${runIdOf(2)}`, `#/runs/${runIdOf(2)}/tasks/train`, `#/runs/${runIdOf(2)}/artifacts`, `#/runs/${runIdOf(2)}/graph`, '#/lineage/history/train', `#/compare/${runIdOf(1)}/${runIdOf(2)}`];
  for (const theme of ['Light', 'Dark', 'High contrast']) {
    it(`is accessible: ${theme}`, async () => {
      const visited = await open();
      const { page } = visited;
      await page.getByLabel('Theme').selectOption(theme);
      for (const view of views) {
        await page.goto('about:blank');
        await page.goto(`${server.url}${view}`);
        await page.locator('.run-line, [role=tab], .compared-runs, main.lineage table').first().waitFor();
        assert.deepEqual(await findings(page), [], `${theme} ${view}`);
      }
      await visited.close();
    });
  }
});

describe('a self-contained file', () => {
  const written = async (name: string, of: readonly string[]): Promise<{ readonly address: string }> => {
    const file = path.join(folder, name);
    await writeFile(file, [...(await singleFile({ store, records: of, assets }))].join(''));
    return { address: pathToFileURL(file).href };
  };

  it('shows one run with all that belongs to it, and asks for nothing', async () => {
    const { address } = await written('one.html', records.slice(1, 2));
    const visited = await visit(browser, address, address);
    const { page } = visited;
    await page.getByRole('tab', { name: /Artifacts/ }).click();
    await page.getByRole('img', { name: 'figures/curve.png' }).waitFor();
    await page.getByText('notes.txt').first().click();
    await page.getByText(/^run 2 /).waitFor();
    await eventually(() => assert.match(fragmentOf(visited), /\/artifacts/));
    await page.reload();
    await page.getByText(/^run 2 /).waitFor();
    await assertQuiet(visited);
    await visited.close();
  });

  it('compares several, with the table and each run behind', async () => {
    const { address } = await written('several.html', [...records.slice(0, 2), ...records.slice(4)]);
    const visited = await visit(browser, address, address);
    const { page } = visited;
    await page.getByRole('heading', { name: 'Parameters' }).waitFor();
    await page.getByRole('button', { name: '← Back to the table' }).click();
    await lines(visited).nth(2).waitFor();
    await page.locator('.grid').focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    await page.locator('main.run').waitFor();
    await page.goBack();
    await lines(visited).nth(2).waitFor();
    await assertQuiet(visited);
    await visited.close();
  });
});
