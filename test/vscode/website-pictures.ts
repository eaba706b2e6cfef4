/**
 * Makes the README's pictures of the website, in docs/images: a small pipeline is run three times by the real command
 * line, and its website opened from files. Run it with `node`, after a build.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launchChromium } from './harness/vscode.ts';

const root = join(import.meta.dirname, '../..');
const pipeline = 'params: {epochs: 60}\ntasks:\n  train:\n    python: train.py\n    matrix: {rate: [0.05, 0.1]}\n    params: {epochs: "${params.epochs}"}\n';
const train = `
import random
import runweave

rate, epochs = runweave.params["rate"], runweave.params["epochs"]
random.seed(epochs)
loss = 2.0
for epoch in range(epochs):
    loss *= 1 - rate * random.uniform(0.3, 1.2)
    runweave.log_metric("loss", loss + random.uniform(0, 0.05), step=epoch)
runweave.log_metric("accuracy", 1 - loss / 2)
`;

const folder = await mkdtemp(join(tmpdir(), 'rates-'));
const runweave = (...args: readonly string[]): unknown => execFileSync(process.execPath, [join(root, 'dist', 'cli.cjs'), ...args], { cwd: folder, stdio: 'inherit' });
try {
  await writeFile(join(folder, 'runweave.yaml'), `name: rates\n${pipeline}`);
  await writeFile(join(folder, 'train.py'), train);
  for (const epochs of [20, 40, 60]) runweave('run', '--set', `epochs=${epochs}`);
  runweave('site', 'site');
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 780 }, locale: 'en-US' });
    await page.goto(pathToFileURL(join(folder, 'site', 'index.html')).href);
    await page.locator('.run-line').first().waitFor();
    await page.locator('.grid').focus();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.press('v');
    await page.getByLabel('Metric').selectOption('loss');
    await page.locator('.chart-plot[aria-label^="loss of 6"] canvas').waitFor();
    for (const theme of ['light', 'dark', 'high-contrast']) {
      await page.getByLabel('Theme').selectOption(theme);
      // Lines take a moment to be drawn in other colours.
      await page.waitForTimeout(1000);
      await page.screenshot({ path: join(root, 'docs', 'images', `site-${theme}.png`) });
    }
  } finally {
    await browser.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 });
}
