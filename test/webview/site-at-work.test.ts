/** `runweave site` as it ships: of the digits example, run for real, and of a thousand generated runs. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { writeRecords } from '../../bench/records.ts';
import { exampleWorkspace, workspace } from '../e2e/runweave.ts';
import { launchBrowser } from './panel-page.ts';
import { fileUrl, serveBelow, visit } from './static-site.ts';

let browser: Browser;
before(async () => (browser = await launchBrowser()));
after(async () => browser.close());

it('shows the digits example, from a sub-path and from files', async (context) => {
  const { folder, runweave } = exampleWorkspace(context, 'digits');
  assert.equal((await runweave('run')).code, 0);
  // One that had nothing to do.
  assert.equal((await runweave('run')).code, 0);
  const { code, stdout, stderr } = await runweave('site', 'public');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /public\/index\.html: 2 runs, [\d.]+ MB; 2 written/);
  const site = path.join(folder, 'public');
  const server = await serveBelow(site);
  context.after(() => server.close());
  for (const [address, within] of [[server.url, server.url], [fileUrl(site), pathToFileURL(site).href]] as const) {
    const { page, complaints, strays, close } = await visit(browser, address, within);
    await page.locator('.run-line').nth(1).waitFor();
    await page.locator('.grid').focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    await page.locator('main.run').waitFor();
    await page.getByRole('tab', { name: /Artifacts/ }).focus();
    await page.getByRole('tab', { name: /Artifacts/ }).press('Enter');
    await page.getByRole('tabpanel').getByRole('img').first().waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll<HTMLImageElement>('[role=tabpanel] img')].every((image) => image.complete && image.naturalWidth > 0));
    // An evaluated notebook is there with its cells.
    await page.getByText('train.ipynb').first().click();
    await page.locator('.notebook .cell').first().waitFor();
    assert.deepEqual([complaints, strays], [[], []]);
    await close();
  }
});

it('shows the newest of a thousand runs before the others, and loads none of them', async (context) => {
  const { folder, runweave } = workspace(context, {});
  mkdirSync(folder, { recursive: true });
  await writeRecords(path.join(folder, '.runweave'), 1000);
  assert.equal((await runweave('site', 'public')).code, 0);
  assert.match((await runweave('site', 'public')).stdout, /1000 runs, [\d.]+ MB; 0 written$/m);
  const site = path.join(folder, 'public');
  assert.equal(readdirSync(path.join(site, 'site', 'runs')).length, 1000);
  const server = await serveBelow(site);
  context.after(() => server.close());
  const { page, complaints, bytes, close } = await visit(browser, server.url, server.url);
  await page.getByText('1000 runs').waitFor();
  const whole = (await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name))).filter((name) => name.includes('/site/runs/'));
  assert.deepEqual([whole, complaints], [[], []]);
  context.diagnostic(`${Math.round((await bytes()) / 1000)} kB until all rows are there, before compression`);
  await close();
});
