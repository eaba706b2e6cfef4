import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import type { TaskId } from '../../src/model/pipeline.ts';
import type { RunEvent } from '../../src/model/run-event.ts';
import type { RunHostMessage, TimelineSpan } from '../../src/protocol/run-view.ts';
import { eventually } from '../eventually.ts';
import { digitsEvents, fold } from './digits.ts';
import { openPanels, type Panel, type Panels } from './panel-page.ts';
import type { ThemeName } from './themes.ts';

let panels: Panels;
before(async () => (panels = await openPanels()));
after(async () => panels.close());

async function openRun(events = digitsEvents(), options: Parameters<Panels['open']>[1] = {}, live = false): Promise<Panel> {
  const panel = await panels.open('run', options);
  const message: RunHostMessage = { type: 'run', state: fold(events), live, cutOutput: [] };
  await panel.send(message);
  await panel.page.waitForSelector('.run-header');
  return panel;
}

/** The digits run, stopped while its notebook `eda` is in its sixth cell; a failed cell before it, so that all is in one picture. */
function runningNotebook(): { readonly events: readonly RunEvent[]; readonly task: TaskId } {
  const all = digitsEvents();
  const started = all.find((event) => event.type === 'run-started');
  assert.ok(started?.type === 'run-started');
  const { time } = started;
  const task = 'eda' as TaskId;
  const of = { time, task, attempt: 1 } as const;
  const cell = (index: number, source: string, outputs: readonly JsonObject[], status: 'success' | 'failure' = 'success'): RunEvent => ({ type: 'cell', ...of, index, status, label: source, start: time, end: time, source, outputs });
  const display = (data: JsonObject): JsonObject => ({ output_type: 'display_data', metadata: {}, data });
  const events: readonly RunEvent[] = [
    started,
    { type: 'attempt-started', ...of, spanId: 'a'.repeat(16) as never, cause: 'first', command: ['python'], cwd: '.', pid: 7 },
    cell(1, 'print("<b>hello</b>")', [{ output_type: 'stream', name: 'stdout', text: '<b>hello</b>\n' }]),
    cell(2, 'table', [display({ 'text/html': '<table><tr><td>1</td></tr></table><script>parent.document.title = "run"</script>', 'text/plain': '1' })]),
    cell(3, 'figure.show()', [display({ 'application/vnd.plotly.v1+json': { data: [{ type: 'bar' }, {}], layout: { title: { text: 'Bars' } } }, 'text/html': '<script></script>' })]),
    cell(4, 'for i in range(100): print("line", i)', [{ output_type: 'stream', name: 'stdout', text: Array.from({ length: 100 }, (_, line) => `line ${line}\n`).join('') }]),
    cell(5, 'raise ValueError("in the fifth")', [{ output_type: 'error', ename: 'ValueError', evalue: 'in the fifth', traceback: ['\u001b[31mValueError\u001b[39m: in the fifth'] }], 'failure'),
    { type: 'cell', ...of, index: 6, status: 'running', label: 'fit()', start: time },
  ];
  return { events, task };
}

const posted = async (panel: Panel): Promise<readonly unknown[]> => (await panel.posted()).filter(({ type }) => type !== 'ready');
const tab = (panel: Panel, id: string): Promise<void> => panel.page.click(`#tab-${id}`);

describe('run panel', () => {
  it('says what the run was', async () => {
    const panel = await openRun();
    const text = await panel.page.locator('.run-header').innerText();
    for (const part of ['digits', 'succeeded', '25.9 s', 'main@9f3c2ab0 + uncommitted changes', 'notebooks/train.py changed', '20261120T224011Z-digits-3f2a', '9 succeeded', '1 skipped']) assert.ok(text.includes(part), part);
    assert.deepEqual(panel.complaints, []);
  });

  it('draws the timeline with its critical path, and a row leads to its task', async () => {
    const panel = await openRun();
    assert.equal(await panel.page.locator('.row').count(), 9);
    assert.equal(await panel.page.locator('.bar.critical').count(), 5);
    await panel.page.getByRole('tab', { name: /^Tasks \d+$/ }).waitFor();
    await panel.page.focus('.timeline-list');
    await panel.page.keyboard.press('End');
    await panel.page.keyboard.press('Enter');
    assert.match(await panel.page.locator('.detail h2').innerText(), /^summary/);
  });

  it('shows all of a failed task, with links into the workspace, and markup as text', async () => {
    const panel = await openRun(digitsEvents({ fail: true }));
    await tab(panel, 'tasks');
    await panel.page.click('td button:has-text("train[nr_train_images=500]")');
    const detail = panel.page.locator('.detail');
    assert.match(await detail.innerText(), /least populated class has <b>only 1<\/b> member/);
    assert.equal(await detail.locator('b').count(), 0);
    await detail.locator('.frames button').click();
    assert.deepEqual(await posted(panel), [{ type: 'open-file', path: 'notebooks/train.py', line: 31 }]);
  });

  it('leads from an up-to-date task to the run that made its outputs', async () => {
    const panel = await openRun();
    await tab(panel, 'tasks');
    await panel.page.click('td button:has-text("20261119T101500Z-digits-77aa")');
    assert.deepEqual(await posted(panel), [{ type: 'open-run', runId: '20261119T101500Z-digits-77aa' }]);
  });

  it('shows parameters, metrics with their course, environment', async () => {
    const panel = await openRun();
    await tab(panel, 'parameters');
    assert.match(await panel.page.locator('.tab-panel').innerText(), /train_ratio\s+0\.7/);
    await tab(panel, 'metrics');
    assert.equal(await panel.page.locator('svg.chart').count(), 3);
    assert.match((await panel.page.locator('svg.chart').first().getAttribute('aria-label')) ?? '', /21 values from 2\.35 to 0\.1321/);
    await tab(panel, 'environment');
    assert.match(await panel.page.locator('.tab-panel').innerText(), /CPython 3\.11\.7[\s\S]*notes\.txt[\s\S]*host\.name\s+laptop/);
    await panel.page.getByRole('button', { name: 'Uncommitted changes (412 B)' }).click();
    assert.deepEqual(await posted(panel), [{ type: 'open-artifact', digest: `sha256:${'5'.repeat(64)}`, name: 'uncommitted.diff' }]);
    assert.deepEqual(await panel.accessibility(), []);
  });

  it('shows resources, warnings, sources as they were, and versions of an artifact', async () => {
    const twice = digitsEvents().flatMap((event) => (event.type === 'artifact' && event.name === 'scores.csv' ? [event, { ...event, digest: `sha256:${'6'.repeat(64)}` as typeof event.digest }] : [event]));
    const panel = await openRun(twice);
    await tab(panel, 'tasks');
    await panel.page.click('td button:has-text("train[nr_train_images=400]")');
    const detail = panel.page.locator('.detail');
    await detail.locator('summary', { hasText: 'Resources of attempt 1' }).click();
    await detail.locator('summary', { hasText: 'Sources as they were' }).click();
    assert.match(await detail.innerText(), /CPU time\s+2\.9 s[\s\S]*Memory at most\s+412\.0 MB/);
    assert.match(await detail.innerText(), /ConvergenceWarning: <b>lbfgs<\/b> failed to converge notebooks\/train\.py:40 3 times/);
    assert.deepEqual(await panel.accessibility(), []);
    await tab(panel, 'artifacts');
    assert.match(await panel.page.locator('.tab-panel').innerText(), /scores\.csv\s*text\/csv · 40 B · version 1 of 2[\s\S]*version 2 of 2/);
  });

  it('shows artifacts, and what is in a notebook can do nothing', async () => {
    const panel = await openRun();
    await tab(panel, 'artifacts');
    const picture = panel.page.locator('.preview > img').first();
    await picture.evaluate((image) => (image as HTMLImageElement).decode());
    assert.equal(await picture.evaluate((image) => (image as HTMLImageElement).naturalWidth), 240);
    await panel.page.locator('summary', { hasText: 'train.ipynb' }).first().click();
    await panel.page.locator('summary', { hasText: 'scores.csv' }).first().click();
    await panel.page.locator('.notebook').first().getByText('accuracy 0.9833').waitFor();
    assert.equal(await panel.page.locator('iframe').first().getAttribute('sandbox'), '');
    await panel.page.frameLocator('iframe').locator('td').first().waitFor();
    assert.equal(await panel.page.evaluate(() => 'hacked' in globalThis), false);
    // What is in an artifact is made when it is opened, which a browser tells a moment later.
    const headings = panel.page.locator('.preview table').first().locator('th');
    await headings.last().waitFor();
    assert.deepEqual(await headings.allInnerTexts(), ['digit', 'precision', 'recall']);
  });

  it('asks for the bytes of a large artifact when it is opened, once', async () => {
    const events = digitsEvents().map((event): RunEvent => (event.type === 'artifact' && event.name === 'scores.csv' ? { ...event, content: { type: 'reference' } } : event));
    const panel = await openRun(events);
    await tab(panel, 'artifacts');
    const first = panel.page.locator('summary', { hasText: 'scores.csv' }).first();
    await first.click();
    const digest = `sha256:${'9'.repeat(64)}`;
    await panel.page.getByText('Loading…').first().waitFor();
    assert.deepEqual(await posted(panel), [{ type: 'load-artifact', digest }]);
    await panel.send({ type: 'artifact', digest, data: btoa('a,b\n"x, y",2\n') });
    await panel.page.locator('.preview td', { hasText: 'x, y' }).first().waitFor();
    await panel.page.locator('.artifact', { hasText: 'model.onnx' }).first().locator('button', { hasText: 'Save as' }).click();
    assert.deepEqual((await posted(panel)).at(-1), { type: 'save-artifact', digest: `sha256:${'f'.repeat(64)}`, name: 'model.onnx' });
  });

  it('shows output without terminal codes, with the error stream marked', async () => {
    const panel = await openRun(digitsEvents({ fail: true }));
    await tab(panel, 'output');
    assert.equal(await panel.page.locator('.output > div').first().innerText(), 'loading notebooks/train.py');
    assert.equal(await panel.page.locator('.output .stderr').count(), 1);
    await panel.page.selectOption('#output-task', 'ingest');
    await panel.page.locator('.output', { hasText: 'loading tasks/ingest.py' }).waitFor();
  });

  it('opens what changed from a reason', async () => {
    const panel = await openRun(digitsEvents(), { state: { tab: 'tasks', task: 'train[nr_train_images=400]' } });
    await panel.page.getByRole('button', { name: /^source notebooks\/train\.py changed/ }).click();
    assert.deepEqual(await posted(panel), [{ type: 'show-change', task: 'train[nr_train_images=400]', reason: 0 }]);
  });

  for (const theme of ['dark', 'light', 'high-contrast'] satisfies ThemeName[]) {
    it(`shows a notebook cell by cell while it runs, in ${theme}`, async () => {
      const { events, task } = runningNotebook();
      const panel = await openRun(events, { theme, height: 1500, state: { tab: 'tasks', task } }, true);
      const cells = panel.page.locator('.notebook .cell');
      assert.equal(await cells.count(), 6);
      assert.match(await cells.nth(0).innerText(), /\[1\]\s+print\("<b>hello<\/b>"\)\s+<b>hello<\/b>/);
      assert.equal(await cells.nth(1).locator('iframe.sandbox[sandbox=""]').count(), 1);
      assert.match(await cells.nth(2).innerText(), /Plotly figure “Bars” \(2 traces: bar, scatter\)/);
      assert.match(await cells.nth(3).innerText(), /line 14\n…\s+All 101 lines/);
      await cells.nth(3).locator('summary').click();
      await cells.nth(3).getByText('line 99').waitFor();
      await cells.nth(3).locator('summary').click();
      assert.match(await cells.nth(4).innerText(), /This cell failed[^]*ValueError: in the fifth/);
      assert.match(await cells.nth(5).innerText(), /\[\*\]\s+fit\(\)/);
      // Its script was refused, and nothing of ours.
      await eventually(() => assert.ok(panel.complaints.some((complaint) => complaint.startsWith("Blocked script execution in 'about:srcdoc'"))));
      assert.ok(!panel.complaints.some((complaint) => /TypeError|ReferenceError/.test(complaint)));
      assert.deepEqual(await panel.accessibility(), []);
    });
  }

  it('shows the end of a long output, and stays there as it grows', async () => {
    const { events, task } = runningNotebook();
    const panel = await openRun(events, { state: { tab: 'output', task } }, true);
    const output = (text: string): RunEvent => ({ type: 'output', time: events[0]?.time ?? ('0' as never), task, attempt: 1, stream: 'stdout', text });
    await panel.send({ type: 'events', events: [output(Array.from({ length: 3000 }, (_, index) => `first ${index}\n`).join(''))] });
    await panel.page.getByText('Earlier lines are left out').waitFor();
    await panel.send({ type: 'events', events: [output('the last\n')] });
    await panel.page.getByText('the last').waitFor();
    assert.equal(await panel.page.locator('.output').evaluate((element) => element.scrollTop + element.clientHeight >= element.scrollHeight - 4), true);
  });

  it('says how many values a series has of which it was given some', async () => {
    const { events, task } = runningNotebook();
    const panel = await openRun(events, { state: { tab: 'metrics' } }, true);
    const metric = (value: number): RunEvent => ({ type: 'metric', time: events[0]?.time ?? ('0' as never), task, attempt: 1, name: 'loss', value });
    await panel.send({ type: 'events', events: [metric(1), metric(3), metric(2)], seriesLengths: [{ task, name: 'loss', length: 12_345 }] });
    await panel.page.getByRole('cell', { name: '12345', exact: true }).waitFor();
  });

  it('shows what a task reported: spans as a tree, logs in the output, datasets', async () => {
    const events = [...digitsEvents()];
    const at = events.findIndex((event) => event.type === 'attempt-ended' && event.task === 'ingest');
    const ended = events[at];
    assert.ok(ended?.type === 'attempt-ended');
    const of = { task: ended.task, attempt: ended.attempt, time: ended.time } as const;
    const span = (spanId: string, parentSpanId: string, name: string, from: number, more: object = {}): RunEvent => ({
      type: 'span',
      ...of,
      span: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId, parentSpanId, name, kind: 1, start: String(BigInt(ended.time) - BigInt(from) * 1_000_000n), end: ended.time, attributes: { 'http.route': '<b>/x</b>' }, events: [], links: [], status: { code: 0 }, scope: { name: 'shop' }, ...more } as never,
    });
    const reported: readonly RunEvent[] = [
      span('00000000000000a2', '00000000000000a1', 'query <i>', 300, { status: { code: 2, message: 'no rows' } }),
      span('00000000000000a1', '00000000000000ff', 'GET /x', 400),
      { type: 'log', ...of, log: { time: ended.time, severityNumber: 17, body: 'went <b>wrong</b>', attributes: {}, scope: 'shop' } },
      { type: 'dataset', ...of, dataset: { name: 'digits.npz', digest: '1a2b3c', context: 'training' } },
    ];
    events.splice(at, 0, ...reported);
    const panel = await openRun(events);
    await tab(panel, 'tasks');
    await panel.page.click('td button:has-text("ingest")');
    const rows = panel.page.locator('.spans tbody tr');
    assert.deepEqual((await rows.allInnerTexts()).map((row) => row.split('\t').slice(0, 3).map((cell) => cell.trim())), [['GET /x', 'shop', '400 ms'], ['query <i> no rows', 'shop', '300 ms']]);
    const [first = 0, second = 0] = await rows.locator('td:first-child').evaluateAll((cells) => cells.map((cell) => parseFloat(getComputedStyle(cell).paddingLeft)));
    assert.ok(second > first, 'a child is indented');
    assert.match(await panel.page.locator('.detail').innerText(), /digits\.npz \(training\)\s+1a2b3c/);
    assert.deepEqual(await panel.accessibility(), []);
    await tab(panel, 'output');
    await panel.page.selectOption('#output-task', 'ingest');
    assert.equal(await panel.page.locator('.output .severity-5').innerText(), 'ERROR shop: went <b>wrong</b>');
    assert.deepEqual(panel.complaints, []);
  });

  it('follows a run in progress, keeping focus', async () => {
    const events = digitsEvents();
    const cut = events.findIndex((event) => event.type === 'task-ended');
    const panel = await openRun(events.slice(0, cut), { state: { tab: 'tasks' } }, true);
    assert.match(await panel.page.locator('.pill').innerText(), /running/);
    await panel.page.focus('[data-key="task ingest"]');
    await panel.send({ type: 'events', events: events.slice(cut) });
    await panel.page.locator('.pill.phase-success').waitFor();
    await panel.page.waitForFunction(() => [...document.querySelectorAll('tbody .phase-success')].length === 9);
    assert.equal(await panel.page.evaluate(() => (document.activeElement as HTMLElement).dataset['key']), 'task ingest');
    assert.deepEqual(panel.complaints, []);
  });

  it('comes back to the same tab and task after a reload', async () => {
    const panel = await openRun();
    await tab(panel, 'tasks');
    await panel.page.click('td button:has-text("split")');
    const again = await openRun(digitsEvents(), { state: await panel.state() });
    assert.match(await again.page.locator('.detail h2').innerText(), /^split/);
    assert.equal(await again.page.locator('#tab-tasks').getAttribute('aria-selected'), 'true');
  });

  it('moves between tabs with the arrow keys', async () => {
    const panel = await openRun();
    await panel.page.focus('#tab-timeline');
    await panel.page.keyboard.press('ArrowRight');
    assert.equal(await panel.page.locator('[aria-selected="true"][role="tab"]').innerText().then((text) => text.replace(/\d+/, '').trim()), 'Graph');
    await panel.page.keyboard.press('End');
    assert.equal(await panel.page.locator('[aria-selected="true"][role="tab"]').innerText(), 'Environment');
  });

  it('shows 5000 spans of another trace, with attributes of the chosen one', async () => {
    const spans = Array.from({ length: 5000 }, (_, index): TimelineSpan => ({ spanId: `s${index}`, ...(index > 0 && { parentSpanId: `s${Math.floor((index - 1) / 5)}` }), name: `span <${index}>`, start: String(1_000_000_000n + BigInt(index) * 1000n), end: String(1_000_000_000n + BigInt(index) * 1000n + 5_000_000n), error: index === 3, attributes: { 'http.route': `/r/${index}` } }));
    const panel = await panels.open('run');
    await panel.send({ type: 'trace', title: 'trace.otlp.json', spans, total: 6000 });
    await panel.page.waitForSelector('.row');
    assert.ok((await panel.page.locator('.row').count()) < 80);
    assert.match(await panel.page.locator('.run-header').innerText(), /6000 spans .* the first 5000 are shown/);
    await panel.page.locator('.row').nth(1).click();
    assert.match(await panel.page.locator('.detail').innerText(), /\/r\/1\b/);
    assert.deepEqual(await panel.accessibility(), []);
  });

  it('says why a file can not be read', async () => {
    const panel = await panels.open('run');
    await panel.send({ type: 'unreadable', message: 'line 3 is not JSON' });
    assert.match(await panel.page.locator('main').innerText(), /line 3 is not JSON/);
  });

  for (const theme of ['dark', 'light', 'high-contrast'] satisfies ThemeName[]) {
    it(`has no serious finding of axe-core in ${theme}, on any tab`, async () => {
      const panel = await openRun(digitsEvents({ fail: true }), { theme });
      for (const id of ['timeline', 'graph', 'tasks', 'parameters', 'metrics', 'artifacts', 'output', 'sources', 'resources', 'environment']) {
        await tab(panel, id);
        if (id === 'graph') await panel.page.locator('.pane .node').first().waitFor();
        assert.deepEqual(await panel.accessibility(), [], id);
      }
    });
  }

  it('needs no sideways scrolling when narrow, as at 200 % zoom', async () => {
    const panel = await openRun(digitsEvents(), { width: 400, height: 380 });
    for (const id of ['timeline', 'tasks', 'artifacts', 'sources', 'resources', 'environment']) {
      await tab(panel, id);
      assert.ok(await panel.page.evaluate(() => document.documentElement.scrollWidth <= 400), id);
    }
  });
});
