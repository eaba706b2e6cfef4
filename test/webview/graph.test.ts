import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TaskId } from '../../src/model/pipeline.ts';
import type { GraphTask, TaskStatus } from '../../src/model/graph-task.ts';
import type { GraphHostMessage } from '../../src/protocol/graph-view.ts';
import { digitsGraph } from './digits.ts';
import { openPanels, type Panel, type Panels } from './panel-page.ts';
import type { ThemeName } from './themes.ts';

let panels: Panels;
before(async () => (panels = await openPanels()));
after(async () => panels.close());

function snapshot(tasks: readonly GraphTask[], more: Partial<Extract<GraphHostMessage, { type: 'snapshot' }>> = {}): GraphHostMessage {
  return { type: 'snapshot', title: 'digits', watching: false, running: false, errors: 0, tasks, ...more };
}

function statuses(changes: Readonly<Record<string, Partial<TaskStatus>>>): GraphHostMessage {
  return { type: 'statuses', watching: false, running: true, changes: Object.entries(changes).map(([id, status]) => ({ id: id as TaskId, status: { phase: 'pending', reasons: [], ...status } })) };
}

async function openDigits(options: Parameters<Panels['open']>[1] = {}, tasks = digitsGraph()): Promise<Panel> {
  const panel = await panels.open('graph', options);
  await panel.send(snapshot(tasks));
  await panel.page.waitForSelector('.node .card');
  return panel;
}

const posted = async (panel: Panel): Promise<readonly unknown[]> => (await panel.posted()).filter(({ type }) => type !== 'ready');

describe('graph panel', () => {
  it('draws a matrix as one node with counts, and says that it is ready once', async () => {
    const panel = await openDigits();
    assert.deepEqual(await panel.posted(), [{ type: 'ready' }]);
    assert.equal(await panel.page.locator('.node').count(), 6);
    assert.equal(await panel.page.locator('[data-node="matrix:train"] .title').textContent(), 'train ×3 ');
    assert.equal(await panel.page.locator('.flowchart-link').count(), 5);
    assert.deepEqual(panel.complaints, []);
  });

  it('changes states in place: same elements, same places', async () => {
    const panel = await openDigits();
    const node = panel.page.locator('[data-node="ingest"]');
    const before = await node.evaluate((element) => {
      (globalThis as unknown as { kept: Element }).kept = element;
      return element.getAttribute('transform');
    });
    await panel.send(statuses({ ingest: { phase: 'success', duration: 3200 }, 'train[nr_train_images=400]': { phase: 'success' }, 'train[nr_train_images=500]': { phase: 'running' } }));
    await panel.page.waitForSelector('[data-node="ingest"][data-phase="success"]');
    assert.equal(await node.locator('.detail').textContent(), '3.2 s');
    assert.match((await node.getAttribute('aria-label')) ?? '', /^ingest 3\.2 s, succeeded/);
    assert.equal(await panel.page.locator('[data-node="matrix:train"] .detail').textContent(), '1 ○ 1 ▶ 1 ✓');
    assert.equal(await node.evaluate((element) => (globalThis as unknown as { kept: Element }).kept === element), true);
    assert.equal(await node.getAttribute('transform'), before);
  });

  it('goes to the source with a click and to the output with a second', async () => {
    const panel = await openDigits();
    await panel.page.click('[data-node="split"]');
    assert.deepEqual(await posted(panel), [{ type: 'open-source', task: 'split' }]);
    await panel.page.click('[data-node="split"]');
    assert.deepEqual(await posted(panel), [{ type: 'open-source', task: 'split' }, { type: 'open-output', task: 'split' }]);
    await panel.page.click('[data-node="eda"]');
    assert.deepEqual((await posted(panel)).at(-1), { type: 'open-source', task: 'eda' });
  });

  it('opens a matrix, remembers that it is open, and closes it', async () => {
    const panel = await openDigits();
    await panel.page.click('[data-node="matrix:train"] .expander');
    await panel.page.waitForSelector('[data-node="train[nr_train_images=600]"]');
    assert.equal(await panel.page.locator('.cluster[aria-expanded="true"]').count(), 1);
    const state = await panel.state();
    const again = await openDigits({ state });
    await again.page.waitForSelector('[data-node="train[nr_train_images=600]"]');
    await again.page.click('.cluster .expander');
    await again.page.waitForSelector('[data-node="matrix:train"].node');
  });

  it('shows an opened matrix large enough to be read, from its top', async () => {
    const make = (id: string, name: string): GraphTask => ({ id: id as TaskId, name, kind: 'python', dependencies: [], source: 'a.py', hasOutput: false, status: { phase: 'pending', reasons: [] } });
    const panel = await panels.open('graph');
    await panel.send(snapshot(Array.from({ length: 3000 }, (_, index) => make(`fit[seed=${index}]`, 'fit'))));
    await panel.page.click('[data-node="matrix:fit"] .expander');
    const title = panel.page.locator('.cluster .title');
    await title.waitFor();
    const first = panel.page.locator('[data-node="fit[seed=0]"]');
    for (const shown of [title, first]) {
      const box = await shown.boundingBox();
      const height = await panel.page.evaluate(() => innerHeight);
      assert.ok(box !== null && box.y > 0 && box.y + box.height < height, JSON.stringify(box));
    }
    assert.ok(((await first.boundingBox())?.height ?? 0) > 30);
  });

  it('names its controls and nodes, and says nothing twice', async () => {
    const panel = await openDigits({}, digitsGraph(() => ({ phase: 'stale', reasons: ['no earlier result'] })));
    await panel.page.getByRole('textbox', { name: 'Filter tasks' }).waitFor();
    assert.equal(await panel.page.locator('[data-node="ingest"]').getAttribute('aria-label'), 'ingest no earlier result, stale');
  });

  it('is walked with the keyboard along the edges', async () => {
    const panel = await openDigits();
    const { keyboard } = panel.page;
    const focused = (): Promise<string | undefined> => panel.page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset['node']);
    await panel.page.focus('[data-node="ingest"]');
    assert.equal(await panel.page.locator('.node[tabindex="0"]').count(), 1);
    await keyboard.press('ArrowDown');
    assert.ok(['eda', 'split'].includes((await focused()) ?? ''));
    await panel.page.focus('[data-node="split"]');
    await keyboard.press('ArrowDown');
    assert.equal(await focused(), 'matrix:train');
    await keyboard.press('Enter');
    await panel.page.waitForSelector('.cluster');
    await panel.page.focus('[data-node="train[nr_train_images=400]"]');
    await keyboard.press('Enter');
    await keyboard.press('Shift+Enter');
    await keyboard.press('r');
    const task = 'train[nr_train_images=400]';
    assert.deepEqual(await posted(panel), [{ type: 'open-source', task }, { type: 'open-output', task }, { type: 'run', tasks: [task] }]);
    await keyboard.press('w');
    assert.deepEqual((await posted(panel)).at(-1), { type: 'explain', task });
    await panel.page.focus('[data-node="matrix:train"]');
    await keyboard.press('r');
    assert.deepEqual((await posted(panel)).at(-1), { type: 'run', tasks: ['train[nr_train_images=400]', 'train[nr_train_images=500]', 'train[nr_train_images=600]'] });
  });

  it('shows reasons and metrics beside a node that is pointed at', async () => {
    const panel = await openDigits({}, digitsGraph((id) => (id === 'summary' ? { phase: 'stale', reasons: ['benchmark will run'], metrics: { roc_auc: 0.98123456 } } : {})));
    await panel.page.hover('[data-node="summary"]');
    const text = await panel.page.locator('.tooltip').innerText();
    assert.match(text, /benchmark will run/);
    assert.match(text, /roc_auc\s+0\.98123/);
  });

  it('says what went wrong: in the node, beside it, and to a screen reader', async () => {
    const failure = 'ValueError: no such digit';
    const panel = await openDigits({}, digitsGraph((id) => (id === 'summary' ? { phase: 'failure', failure, reasons: ['did not succeed in 20261122T121039Z-digits-c005'] } : {})));
    const node = panel.page.locator('[data-node="summary"]');
    assert.match((await node.locator('.detail').textContent()) ?? '', /^ValueError: no such/);
    assert.ok((await node.getAttribute('aria-label'))?.includes(failure));
    await node.hover();
    assert.ok((await panel.page.locator('.tooltip').innerText()).includes(failure));
  });

  it('has a tooltip of the same size after a narrow one at the edge', async () => {
    const reason = 'definition: shell changed, "echo one > build/command.txt" → "echo two > build/command.txt"';
    const make = (id: string, isLong: boolean): GraphTask => ({ id: id as TaskId, name: id, kind: 'shell', dependencies: [], source: id, hasOutput: false, status: { phase: 'stale', reasons: [isLong ? reason : 'forced'] } });
    const panel = await openDigits({}, ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => make(id, id !== 'f')));
    const boxAt = async (id: string): Promise<{ readonly x: number; readonly width: number; readonly height: number }> => {
      await panel.page.hover(`[data-node="${id}"]`);
      await panel.page.locator('.tooltip strong').getByText(id, { exact: true }).waitFor();
      const box = await panel.page.locator('.tooltip').boundingBox();
      assert.ok(box !== null);
      return box;
    };
    const first = await boxAt('a');
    await boxAt('f');
    const { x, width, height } = await boxAt('e');
    assert.deepEqual([width, height], [first.width, first.height]);
    assert.ok(x + width <= (panel.page.viewportSize()?.width ?? 0) - 7);
  });

  it('runs, stops and watches', async () => {
    const panel = await openDigits();
    await panel.page.click('vscode-button:has-text("Run")');
    await panel.page.click('vscode-checkbox');
    assert.deepEqual(await posted(panel), [{ type: 'run', tasks: [] }, { type: 'watch', on: true }]);
    await panel.send({ ...statuses({}), watching: true });
    await panel.page.click('vscode-button:has-text("Stop")');
    assert.deepEqual((await posted(panel)).slice(2), [{ type: 'stop' }]);
    await panel.send({ ...statuses({}), watching: false });
    assert.equal((await posted(panel)).length, 3, 'what the host switches is not posted back');
  });

  it('tells a screen reader what changed, and only that', async () => {
    const panel = await openDigits();
    await panel.send(statuses({ ingest: { phase: 'failure' } }));
    await panel.page.waitForFunction(() => document.querySelector('[role="status"]')?.textContent === 'ingest failed');
  });

  it('points to Problems when the file has mistakes', async () => {
    const panel = await panels.open('graph');
    await panel.send(snapshot(digitsGraph(), { errors: 2 }));
    await panel.page.click('.banner button');
    assert.deepEqual(await posted(panel), [{ type: 'show-problems' }]);
  });

  it('does not ask for tasks when there are mistakes alone', async () => {
    const panel = await panels.open('graph');
    await panel.send(snapshot([], { errors: 1 }));
    await panel.page.getByText('The pipeline file has 1 mistake; none of its tasks could be understood.').waitFor();
    assert.equal(await panel.page.getByText('No tasks yet').isVisible(), false);
  });

  it('says what to do when there is no task', async () => {
    const panel = await panels.open('graph');
    await panel.send(snapshot([]));
    assert.match(await panel.page.locator('.empty').innerText(), /runweave\.yaml/);
    assert.deepEqual(await panel.accessibility(), []);
  });

  it('has a table that says the same', async () => {
    const panel = await openDigits();
    await panel.page.click('vscode-button[aria-label="Show as list"]');
    assert.equal(await panel.page.locator('tbody tr').count(), 10);
    await panel.page.click('tbody button:has-text("summary")');
    assert.deepEqual(await posted(panel), [{ type: 'open-source', task: 'summary' }]);
    assert.deepEqual(await panel.accessibility(), []);
  });

  it('filters to the matches and their neighbours', async () => {
    const panel = await openDigits();
    await panel.page.locator('vscode-text-field input').fill('split');
    await panel.page.waitForSelector('[data-node="summary"]', { state: 'detached' });
    assert.equal(await panel.page.locator('.node').count(), 3);
  });

  it('lets no task name do anything', async () => {
    const names = ['<img src=x onerror="globalThis.hacked=1">', '"]; click n0 call alert(1)', '%%{init: {"securityLevel": "loose"}}%%', 'a\nend\nstyle n0 fill:#f00', '[x](javascript:alert(1))', '`**bold**`', '1. one'];
    const tasks = names.map((name): GraphTask => ({ id: name as TaskId, name, kind: 'shell', dependencies: [], source: name, hasOutput: false, status: { phase: 'stale', reasons: [name] } }));
    const panel = await openDigits({}, tasks);
    assert.equal(await panel.page.locator('.node').count(), names.length);
    assert.equal(await panel.page.locator('main img, main a, main script, main foreignObject').count(), 0);
    assert.equal(await panel.page.evaluate(() => 'hacked' in globalThis), false);
    await panel.page.hover('.node');
    assert.equal(await panel.page.locator('.tooltip img').count(), 0);
    assert.deepEqual(panel.complaints, []);
  });

  it('gives mermaid at most 150 nodes, however many tasks there are, and says what is left out', async () => {
    const make = (id: string, name: string): GraphTask => ({ id: id as TaskId, name, kind: 'python', dependencies: [], source: 'a.py', hasOutput: false, status: { phase: 'pending', reasons: [] } });
    const panel = await panels.open('graph');
    const tasks = [...Array.from({ length: 5000 }, (_, index) => make(`fit[seed=${index}]`, 'fit')), ...Array.from({ length: 600 }, (_, index) => make(`t${index}z`, `t${index}z`))];
    await panel.send(snapshot(tasks));
    await panel.page.waitForSelector('.node .card');
    assert.ok((await panel.page.locator('.node').count()) <= 150);
    assert.match(await panel.page.locator('.note').innerText(), /\d+ of 5600 tasks are not drawn/);
  });

  for (const theme of ['dark', 'light', 'high-contrast'] satisfies ThemeName[]) {
    it(`has no serious finding of axe-core in ${theme}`, async () => {
      const panel = await openDigits({ theme }, digitsGraph((id) => ({ phase: id.startsWith('train') ? 'running' : id === 'ingest' ? 'success' : id === 'eda' ? 'failure' : 'stale', reasons: ['forced'] })));
      await panel.page.click('[data-node="matrix:train"] .expander');
      await panel.page.waitForSelector('.cluster');
      assert.deepEqual(await panel.accessibility(), []);
      assert.deepEqual(panel.complaints, []);
    });
  }

  it('needs no sideways scrolling when narrow', async () => {
    const panel = await openDigits({ width: 320, height: 600 });
    assert.ok(await panel.page.evaluate(() => document.documentElement.scrollWidth <= 320));
  });
});
