/** The runs table as its host sees it, by keyboard alone. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Locator } from 'playwright-core';
import type { TaskId } from '../../src/model/pipeline.ts';
import type { RunId, TraceId } from '../../src/model/run-event.ts';
import { fromMilliseconds } from '../../src/model/time.ts';
import type { ComparisonData, TrackerHostMessage, TrackerViewMessage } from '../../src/protocol/tracker-view.ts';
import type { Difference } from '../../src/query/compare.ts';
import type { Timelines } from '../../src/query/compare-timelines.ts';
import { addressKey } from '../../src/query/compared-versions.ts';
import { packComparison } from '../../src/query/packed-comparison.ts';
import { packRows } from '../../src/query/packed-rows.ts';
import { noAnnotations, runKey, type RunAnnotations, type RunRow } from '../../src/query/run-row.ts';
import { openPanels, type Panel, type Panels } from './panel-page.ts';
import { watchRequests } from './sent-requests.ts';
import type { ThemeName } from './themes.ts';

let panels: Panels;
before(async () => (panels = await openPanels()));
after(async () => panels.close());

const hour = 3_600_000;
const firstStart = Date.UTC(2026, 10, 1, 9);

interface Sketch {
  readonly failed?: boolean;
  readonly lr: number;
  readonly auc: number;
  readonly loss: number;
  readonly branch?: string;
  readonly annotations?: Partial<RunAnnotations>;
}

function row(index: number, { failed = false, lr, auc, loss, branch = 'main', annotations }: Sketch): RunRow {
  const start = firstStart + index * hour;
  const runId = `2026110${1 + Math.floor(index / 15)}T${String(9 + (index % 15)).padStart(2, '0')}0000Z-digits-${index.toString(16).padStart(4, '0')}` as RunId;
  const path = `/w/.runweave/runs/${runId}.otlp.jsonl`;
  const series = (name: string, last: number) => ({ task: 'train' as TaskId, name, count: 3, last, min: last / 2, max: last, mean: last * 0.75 });
  return {
    runId,
    path,
    status: failed ? 'failure' : 'success',
    annotations: { ...noAnnotations, ...annotations },
    summary: {
      runId,
      traceId: 'f'.repeat(32) as TraceId,
      path,
      pipeline: 'digits',
      start: fromMilliseconds(start),
      end: fromMilliseconds(start + 61_000 + index * 1000),
      outcome: failed ? 'failure' : 'success',
      interrupted: false,
      counts: { total: 3, executed: 3, succeeded: failed ? 2 : 3, failed: failed ? 1 : 0, skipped: 0 },
      params: { lr, seed: 7 },
      taskParams: {},
      series: [series('roc_auc', auc), series('loss', loss)],
      tags: {},
      branch,
      commit: `9f3c2ab0${index}`,
    },
  };
}

const hostile = '<img src=x onerror="document.title=\'run\'">';
const six = [
  row(0, { lr: 0.1, auc: 0.9, loss: 0.5 }),
  row(1, { lr: 0.1, auc: 0.92, loss: 0.4, annotations: { tags: ['baseline'] } }),
  row(2, { lr: 0.2, auc: 0.97, loss: 0.2, branch: hostile, annotations: { star: true, notes: [hostile] } }),
  row(3, { lr: 0.2, auc: 0.95, loss: 0.3, failed: true }),
  row(4, { lr: 0.3, auc: 0.8, loss: 0.9, annotations: { archived: true } }),
  row(5, { lr: 0.3, auc: 0.7, loss: 0.8 }),
];
const key = (index: number): string => runKey(six[index]?.path ?? '');

async function openTracker(rows: readonly RunRow[] = six, options: Parameters<Panels['open']>[1] = {}): Promise<Panel> {
  const panel = await panels.open('tracker', options);
  const message: TrackerHostMessage = { type: 'rows', first: true, last: true, rows: packRows([...rows].reverse(), runKey) };
  await panel.send(message);
  return panel;
}

const lines = (panel: Panel) => panel.page.locator('.run-line');
const posted = async (panel: Panel): Promise<readonly unknown[]> => (await panel.posted()).filter(({ type }) => type !== 'ready');
/** Values of a column, from top to bottom. */
async function column(panel: Panel, title: string): Promise<readonly string[]> {
  const heads = await panel.page.locator('.head-cell').allInnerTexts();
  const at = heads.findIndex((text) => text.replace(/\n?[↑↓]\d?/, '').trim() === title);
  assert.ok(at >= 0, `${title} among ${heads.join(', ')}`);
  const cells = await lines(panel).evaluateAll((rows, index) => rows.sort((a, b) => Number(a.getAttribute('aria-rowindex')) - Number(b.getAttribute('aria-rowindex'))).map((each) => each.children[index]?.textContent ?? ''), at);
  return cells.map((text) => text.trim());
}
const status = (panel: Panel, text: RegExp) => panel.page.locator('.count').filter({ hasText: text }).waitFor();
const press = async (panel: Panel, ...keys: readonly string[]): Promise<void> => {
  for (const each of keys) await panel.page.keyboard.press(each);
};

describe('runs table', () => {
  it('shows runs newest first, without the archived, with what varies as columns', async () => {
    const panel = await openTracker();
    await status(panel, /^5 of 6 runs$/);
    assert.deepEqual(await column(panel, 'lr'), ['0.3', '0.2', '0.2', '0.1', '0.1']);
    assert.deepEqual(await panel.page.locator('.head-title').allInnerTexts(), ['Status', 'Started', 'Duration', 'Branch', 'Commit', 'lr', 'roc_auc', 'loss', 'Tags', 'Notes']);
    assert.deepEqual(await column(panel, 'roc_auc'), ['▽ 0.7, worst', '0.95', '▲ 0.97, best', '0.92', '0.9']);
    const grid = panel.page.getByRole('grid', { name: 'Runs' });
    assert.equal(await grid.getAttribute('aria-rowcount'), '6');
    assert.equal(await panel.page.title(), 'Runweave');
    assert.deepEqual(panel.complaints, []);
  });

  it('filters as one types, completes with the keyboard, and says where a mistake is', async () => {
    const panel = await openTracker();
    await panel.page.focus('#filter');
    await panel.page.keyboard.type('roc');
    await press(panel, 'ArrowDown', 'Enter');
    await panel.page.keyboard.type('> 0.91');
    await status(panel, /^3 of 6 runs$/);
    assert.equal(await panel.page.inputValue('#filter'), 'metrics.roc_auc > 0.91');
    await panel.page.keyboard.type(' and tga:x');
    await panel.page.locator('.mistake', { hasText: 'no run has tga; did you mean tag?' }).waitFor();
    assert.equal(await panel.page.locator('#filter').getAttribute('aria-invalid'), 'true');
    const [wave, input] = await Promise.all([panel.page.locator('.wave').boundingBox(), panel.page.locator('#filter').boundingBox()]);
    assert.ok(wave !== null && input !== null && wave.x - input.x > 150, 'the mark is under the word');
    await status(panel, /^3 of 6 runs$/);
  });

  it('sorts by several columns from the keyboard', async () => {
    const panel = await openTracker();
    await panel.page.focus('.grid');
    await press(panel, 'ArrowUp', ...Array.from({ length: 5 }, () => 'ArrowRight'), 'Enter');
    assert.deepEqual(await column(panel, 'lr'), ['0.3', '0.2', '0.2', '0.1', '0.1']);
    await press(panel, 'ArrowRight', 'Shift+Enter', 'Shift+Enter');
    assert.deepEqual((await column(panel, 'roc_auc')).map(parseText), [0.7, 0.95, 0.97, 0.9, 0.92]);
    assert.deepEqual(await panel.page.locator('[aria-sort="descending"] .head-title, [aria-sort="ascending"] .head-title').allInnerTexts(), ['lr', 'roc_auc']);
  });

  it('names a run, and says in which folder each is where there are several', async () => {
    const panel = await openTracker(six.map((each, index) => ({ ...each, folder: index < 3 ? 'here' : 'there' })));
    await panel.page.focus('.grid');
    await press(panel, 'F2');
    await panel.page.keyboard.type('the one');
    await press(panel, 'Enter');
    assert.deepEqual((await posted(panel)).at(-1), { type: 'annotate', keys: [key(5)], change: { type: 'name', name: 'the one' } });
    assert.deepEqual(await column(panel, 'Folder'), ['there', 'there', 'here', 'here', 'here']);
    await panel.page.selectOption('#group', 'folder');
    await panel.page.getByText('Folder there · 2 runs').waitFor();
  });

  it('moves a column where its head is dragged to, and sorts by a click as before', async () => {
    const panel = await openTracker();
    const heads = () => panel.page.locator('.head-title').allInnerTexts();
    const drag = async (from: string, to: string): Promise<void> => {
      const [a, b] = await Promise.all([from, to].map((title) => panel.page.locator('.head-cell', { hasText: title }).boundingBox()));
      assert.ok(a && b);
      await panel.page.mouse.move(a.x + a.width / 2, a.y + 8);
      await panel.page.mouse.down();
      await panel.page.mouse.move(b.x + b.width / 2, b.y + 8, { steps: 4 });
      await panel.page.mouse.up();
    };
    await drag('loss', 'Branch');
    await panel.page.waitForFunction(() => document.querySelectorAll('.head-title')[3]?.textContent === 'loss');
    assert.deepEqual(await heads(), ['Status', 'Started', 'Duration', 'loss', 'Branch', 'Commit', 'lr', 'roc_auc', 'Tags', 'Notes']);
    await drag('Duration', 'Commit');
    await panel.page.waitForFunction(() => document.querySelectorAll('.head-title')[2]?.textContent === 'loss');
    assert.deepEqual(await heads(), ['Status', 'Started', 'loss', 'Branch', 'Commit', 'Duration', 'lr', 'roc_auc', 'Tags', 'Notes']);
    assert.equal(await panel.page.locator('[aria-sort="ascending"], [aria-sort="descending"]').count(), 0);
    await panel.page.locator('.head-cell', { hasText: 'lr' }).click();
    assert.equal(await panel.page.locator('[aria-sort="descending"] .head-title').innerText(), 'lr');
  });

  it('selects, stars, tags, deletes and undoes from the keyboard', async () => {
    const panel = await openTracker();
    await panel.page.focus('.grid');
    await press(panel, 'ArrowDown', ' ', 'Shift+ArrowDown');
    assert.equal(await panel.page.locator('.run-line[aria-selected="true"]').count(), 2);
    await press(panel, 's', 't');
    await panel.page.keyboard.type('good');
    await press(panel, 'Enter');
    await press(panel, 'Delete');
    const keys = [key(3), key(2)];
    assert.deepEqual(await posted(panel), [
      { type: 'annotate', keys, change: { type: 'star', on: true } },
      { type: 'annotate', keys, change: { type: 'tag', tag: 'good', on: true } },
      { type: 'delete', keys },
    ]);
    const changes: TrackerHostMessage = { type: 'changes', rows: packRows([{ ...row(0, { lr: 0.1, auc: 0.9, loss: 0.5 }), annotations: { ...noAnnotations, tags: ['good'] } }], runKey), removed: keys };
    await panel.send(changes);
    await status(panel, /^3 of 4 runs$/);
    assert.ok((await column(panel, 'Tags')).includes('good'));
    await panel.send({ type: 'undoable', what: 'Delete (2 runs)' });
    await panel.page.locator('button:enabled', { hasText: 'Undo' }).waitFor();
    await press(panel, 'Control+z');
    assert.deepEqual((await posted(panel)).at(-1), { type: 'undo' });
  });

  it('marks no text when the editor selects all after the runs were selected', async () => {
    const panel = await openTracker();
    const marked = (): Promise<string> => panel.page.evaluate(() => {
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- this is what the editor calls
      document.execCommand('selectAll');
      return String(getSelection());
    });
    await panel.page.focus('.grid');
    await press(panel, 'Control+a');
    assert.equal(await marked(), '');
    assert.equal(await panel.page.locator('.run-line[aria-selected="false"]').count(), 0);
    assert.match(await marked(), /succeeded/);
    await panel.page.evaluate(() => getSelection()?.removeAllRanges());
    await press(panel, 'Control+a', 'ArrowDown');
    assert.equal(await marked(), '', 'it comes late');
    // With a caret left in the filter, it would mark what is typed there, and take the focus back.
    await panel.page.focus('#filter');
    await panel.page.keyboard.type('star');
    await status(panel, /^1 of 6 runs/);
    await panel.page.focus('.grid');
    await press(panel, 'Control+a');
    await marked();
    assert.equal(await panel.page.evaluate(() => document.activeElement?.className), 'grid');
  });

  it('keeps the filter when the editor undoes what was typed last, while the table has the focus', async () => {
    const panel = await openTracker();
    await panel.page.focus('#filter');
    await panel.page.keyboard.type('star');
    await status(panel, /^1 of 6 runs$/);
    await panel.page.focus('.grid');
    // As the editor's own command does it.
    await panel.page.evaluate(`document.execCommand('undo')`);
    assert.equal(await panel.page.inputValue('#filter'), 'star');
    await status(panel, /^1 of 6 runs$/);
  });

  it('groups with mean ± standard deviation, and opens a group', async () => {
    const panel = await openTracker();
    await panel.page.selectOption('#group', 'params.lr');
    await panel.page.getByRole('treegrid').waitFor();
    assert.deepEqual((await column(panel, 'roc_auc')), ['0.7', '0.96 ± 0.01414', '0.91 ± 0.01414']);
    await panel.page.focus('.grid');
    await press(panel, 'ArrowDown', 'ArrowRight');
    assert.equal(await panel.page.locator('.run-line').count(), 5);
    assert.equal(await panel.page.locator('.run-line[aria-expanded="true"]').count(), 1);
  });

  it('chooses columns, statistics, pins and widths, and keeps them', async () => {
    const panel = await openTracker();
    await panel.page.focus('.grid');
    await press(panel, 'ArrowUp', 'End', 'ArrowLeft', 'ArrowLeft', 'Alt+ArrowDown');
    await panel.page.getByRole('menuitemradio', { name: 'min' }).press('Enter');
    assert.deepEqual((await column(panel, 'loss.min')).map(parseText), [0.4, 0.15, 0.1, 0.2, 0.25]);
    await press(panel, 'Shift+F10', 'p', 'Enter');
    assert.deepEqual((await panel.page.locator('.head-title').allInnerTexts()).slice(0, 3), ['Status', 'Started', 'loss.min']);
    await panel.page.getByRole('button', { name: 'Columns…' }).click();
    await panel.page.getByRole('checkbox', { name: 'Branch' }).press('Space');
    await panel.page.getByPlaceholder('Search').fill('seed');
    await panel.page.getByRole('checkbox', { name: /^seed/ }).press('Space');
    await press(panel, 'Escape');
    const heads = await panel.page.locator('.head-title').allInnerTexts();
    assert.ok(!heads.includes('Branch') && heads.includes('seed'), heads.join());
    const again = await openTracker(six, { state: await panel.state() });
    assert.deepEqual(await again.page.locator('.head-title').allInnerTexts(), heads);
  });

  it('shows only what differs among the selected, copies them, and saves a view', async () => {
    const panel = await openTracker();
    await panel.page.focus('.grid');
    await press(panel, 'End', 'Control+End', ' ', 'Shift+ArrowUp');
    await panel.page.getByRole('button', { name: 'Only what differs' }).press('Enter');
    assert.deepEqual(await panel.page.locator('.head-title').allInnerTexts(), ['Status', 'Started', 'Duration', 'Commit', 'roc_auc', 'loss', 'Tags']);
    await panel.page.focus('.grid');
    await press(panel, 'Control+c');
    const copied = (await posted(panel)).at(-1) as { type: string; text: string };
    assert.equal(copied.type, 'copy');
    assert.match(copied.text, /^run\tStatus\tStarted\tDuration\tCommit\troc_auc\tloss\tTags\n\S+-0001\tsuccess\t.*\t1 min 2 s\t.*\tbaseline\n\S+-0000\t[^\n]*$/s);
    await panel.page.getByRole('button', { name: 'Views' }).press('Enter');
    await panel.page.getByRole('menuitem', { name: 'Save this view…' }).press('Enter');
    await panel.page.keyboard.type('mine');
    await press(panel, 'Enter');
    const saved = (await posted(panel)).at(-1) as { type: string; views: readonly { name: string }[] };
    assert.deepEqual([saved.type, saved.views.map(({ name }) => name)], ['save-views', ['mine']]);
  });

  it('has in the page what is in sight, of 10,000 runs', async () => {
    const many = Array.from({ length: 10_000 }, (_, index): RunRow => {
      const of = row(index % 15, { lr: index % 7, auc: index / 10_000, loss: 1 });
      const runId = `${of.runId}-${index}`;
      return { ...of, runId, path: `/w/.runweave/runs/${runId}.otlp.jsonl` };
    });
    const panel = await openTracker(many, { height: 700 });
    await status(panel, /^10000 runs$/);
    assert.ok((await lines(panel).count()) < 60);
    await panel.page.focus('.grid');
    await press(panel, 'Control+End');
    assert.equal(await panel.page.locator('.active').evaluate((cell) => cell.parentElement?.getAttribute('aria-rowindex')), '10001');
    await panel.page.locator('.active').waitFor({ state: 'visible' });
    assert.ok((await lines(panel).count()) < 60);
  });

  it('lists a record that can not be read with its error', async () => {
    const panel = await openTracker([...six, { runId: 'broken', path: '/w/.runweave/runs/broken.otlp.jsonl', status: 'unreadable', message: 'line 1 is not JSON', annotations: noAnnotations }]);
    await panel.page.locator('.status[title="line 1 is not JSON"]', { hasText: 'unreadable' }).waitFor();
  });
});

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const differences: readonly Difference[] = [
  { type: 'param', name: 'lr', values: [0.1, 0.2] },
  { type: 'param', name: 'decay', values: [null, undefined] },
  { type: 'source', path: `src/${hostile}.py`, tasks: ['train'], digests: [digest('a'), digest('b')], contents: [digest('1'), digest('2')] },
  { type: 'outcome', task: 'train', phases: ['success', 'failure'], messages: [undefined, `ValueError: ${hostile}`] },
  { type: 'metric', task: 'train', name: 'roc_auc', direction: 'higher', values: [0.92, 0.97], verdicts: ['same', 'better'], change: 0.05 },
  { type: 'metric', task: 'train', name: 'loss', direction: 'lower', values: [0.4, 0.5], verdicts: ['same', 'worse'], change: 0.2 },
  { type: 'artifact', task: 'train', name: 'confusion.svg', mediaType: 'image/svg+xml', digests: [digest('c'), digest('d')], sizes: [200, 200] },
  { type: 'artifact', task: 'train', name: 'train.ipynb', mediaType: 'application/x-ipynb+json', digests: [digest('e'), digest('f')], sizes: [2000, 2000] },
  { type: 'artifact', task: 'train', name: 'scores.csv', mediaType: 'text/csv', digests: [digest('7'), digest('8')], sizes: [100, 100] },
  { type: 'printed', task: 'train', stream: 'stdout', changes: [undefined, { added: 1, removed: 1 }] },
];
const bar = (start: number, end: number) => ({ phase: 'success' as const, start, end, critical: true });
const timelines: Timelines = {
  lengths: [30_000, 50_000],
  rows: [
    { task: 'load' as TaskId, bars: [bar(0, 10_000), undefined], changes: [0, -10_000] },
    { task: 'train' as TaskId, bars: [bar(10_000, 30_000), bar(0, 50_000)], changes: [0, 30_000] },
  ],
};
const comparison: ComparisonData = {
  runs: [{ key: key(1), runId: six[1]?.runId ?? '' }, { key: key(2), runId: six[2]?.runId ?? '' }],
  comparison: packComparison(differences, timelines),
  canOpen: true,
};

const hostileSvg = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><script>parent.document.title = "run"</script><image href="https://example.org/svg"/><rect width="60" height="40"/></svg>';
const hostileHtml = '<script>parent.document.title = "run"</script><img src="https://example.org/picture" onerror="parent.document.title = 1"><link rel="stylesheet" href="https://example.org/style"><iframe src="https://example.org/frame"></iframe><b>shown</b>';
const evaluated = (value: number): string =>
  JSON.stringify({
    nbformat: 4,
    cells: [
      { cell_type: 'markdown', source: `# Training ${hostile}` },
      { cell_type: 'code', execution_count: value, source: `alpha = ${value}\nbeta = 2\nprint(alpha)`, outputs: [{ output_type: 'stream', name: 'stdout', text: [`${value}\n`, `${hostile}\n`] }] },
      { cell_type: 'code', source: 'show(model)', outputs: [{ output_type: 'display_data', data: { 'text/html': `${hostileHtml}${value}`, 'text/plain': `<Model ${value}>` } }, { output_type: 'display_data', data: { 'image/svg+xml': hostileSvg.replace('60', String(60 + value)), 'text/plain': '<Figure>' } }] },
    ],
  });
/** What the host has, by digest or task. */
const stored: Readonly<Record<string, string>> = {
  [digest('1')]: `import a\nlr = 0.1 # ${hostile}\n`,
  [digest('2')]: 'import a\nlr = 0.2\n',
  [digest('c')]: hostileSvg,
  [digest('d')]: hostileSvg,
  [digest('e')]: evaluated(1),
  [digest('f')]: evaluated(3),
  [digest('7')]: `digit,score,${hostile}\n0,0.99,a\n1,0.97,b\n`,
  [digest('8')]: `digit,score,${hostile}\n1,0.98,b\n2,0.5,${hostile}\n0,0.990,a\n`,
  '0': '2026-11-01 09:00:00 start\nloss 0.4\n',
  '1': `2026-11-02 10:00:00 start\nloss 0.5 ${hostile}\n`,
};

/** Answers what the page has asked for and was not given yet. */
async function serve(panel: Panel, answered = new Set<string>()): Promise<void> {
  for (const message of (await panel.posted()) as readonly TrackerViewMessage[]) {
    if (message.type !== 'load-content' || answered.has(addressKey(message.address))) continue;
    const { address } = message;
    answered.add(addressKey(address));
    const text = stored[address.type === 'stored' ? address.digest : String(address.run)];
    const answer: TrackerHostMessage = { type: 'content', address, result: text === undefined ? { type: 'missing' } : { type: 'data', data: Buffer.from(text).toString('base64') } };
    await panel.send(answer);
  }
}

async function openComparison(options: Parameters<Panels['open']>[1] = {}, data = comparison): Promise<Panel> {
  const panel = await openTracker(six, { ...options, state: { table: { filter: '', sort: [], group: [], archived: false }, selected: [key(2), key(1)] } });
  await panel.page.focus('.grid');
  await press(panel, 'c');
  assert.deepEqual((await posted(panel)).at(-1), { type: 'compare', keys: [key(1), key(2)] });
  await panel.send({ type: 'comparison', keys: [key(1), key(2)], result: { type: 'compared', data } });
  await panel.page.locator('.differences').first().waitFor();
  return panel;
}

/** Opens a difference with the keyboard, and gives it what it asks for. */
async function unfold(panel: Panel, title: string): Promise<Locator> {
  const item = panel.page.locator('.content-item', { hasText: title });
  await item.locator('summary').press('Enter');
  await item.locator('.content-body > *').first().waitFor();
  await serve(panel);
  return item;
}

/** Pictures and frames from the pages of others are refused before they are asked for. */
describe('comparison of runs', () => {
  it('says what differs, causes first, and what became better and worse', async () => {
    const panel = await openComparison();
    assert.deepEqual(await panel.page.locator('.telling h3').allInnerTexts(), ['What was changed', 'What came of it']);
    assert.deepEqual(await panel.page.locator('.differences h3').allInnerTexts(), ['Parameters 2', 'Code 1', 'Outcome 1', 'Metrics 2', 'Artifacts 3', 'Printed 1', 'Timelines']);
    assert.match(await panel.page.locator('.differences', { hasText: 'Metrics' }).innerText(), /roc_auc\s+0\.92\s+0\.97 ▲ better[\s\S]*loss\s+0\.4\s+0\.5 ▽ worse/);
    assert.match(await panel.page.locator('.differences', { hasText: 'Parameters' }).innerText(), /decay\s+null\s+none/);
    assert.match(await panel.page.locator('.differences', { hasText: 'Timelines' }).innerText(), /B took 20\.0 s longer than A\. What the runs waited for: train \+30\.0 s, load −10\.0 s\./);
    assert.equal(await panel.page.title(), 'Runweave');
    await panel.page.getByRole('button', { name: /^A ↔ B/ }).press('Enter');
    assert.deepEqual((await posted(panel)).at(-1), { type: 'open-difference', difference: 2, run: 1 });
    await panel.page.locator('.telling').getByRole('button', { name: 'train: loss' }).press('Enter');
    assert.equal(await panel.page.evaluate(() => document.activeElement?.textContent), 'Metrics 2');
    assert.deepEqual(panel.complaints, []);
  });

  it('says of small contents what differs in them, without being asked', async () => {
    const panel = await openComparison();
    await serve(panel);
    await panel.page.locator('.said', { hasText: '1 cell in 1 of 2 rows, 1 row new, by digit' }).waitFor();
    await panel.page.locator('.said', { hasText: '2 of 3 cells differ: 1 with other source, 1 with other output' }).waitFor();
    const asked = (await posted(panel)).filter((message) => (message as { type: string }).type === 'load-content');
    assert.equal(asked.length, 4);
  });

  it('shows lines of sources and of what was printed, without what only the clock changed', async () => {
    const panel = await openComparison();
    const source = await unfold(panel, 'src/');
    await source.locator('.line').first().waitFor();
    assert.deepEqual(await source.locator('.line').allInnerTexts(), [' import a', `−lr = 0.1 # ${hostile}`, '+lr = 0.2']);
    const printed = await unfold(panel, 'train stdout');
    await printed.locator('.line').first().waitFor();
    assert.deepEqual(await printed.locator('.line').allInnerTexts(), [' 2026-11-02 10:00:00 start', '−loss 0.4', `+loss 0.5 ${hostile}`]);
  });

  it('shows notebooks cell by cell, and runs and fetches nothing of what is in them', async () => {
    const panel = await openComparison();
    const sent = watchRequests(panel.page, (url) => url.includes('example.org'));
    const item = await unfold(panel, 'train.ipynb');
    await item.locator('h4').first().waitFor();
    assert.deepEqual(await item.locator('h4').allInnerTexts(), ['Cell 2 other source, other output', 'Cell 3 other output']);
    assert.deepEqual(await item.getByRole('region', { name: 'Lines that differ in source of cell 2' }).locator('.line').allInnerTexts(), ['−alpha = 1', '+alpha = 3', ' beta = 2', ' print(alpha)']);
    assert.equal(await item.locator('.rich').count(), 2);
    await item.locator('.rich img').first().scrollIntoViewIfNeeded();
    await item.locator('iframe').first().contentFrame().locator('b', { hasText: 'shown' }).waitFor();
    assert.equal(await panel.page.title(), 'Runweave');
    assert.deepEqual(await sent(), []);
  });

  it('shows the cells of tables that differ, by a key that one can choose', async () => {
    const panel = await openComparison();
    const item = await unfold(panel, 'scores.csv');
    const rows = item.locator('tbody tr');
    await rows.first().waitFor();
    assert.deepEqual(await rows.evaluateAll((all) => all.map((each) => each.textContent)), ['1A: 0.97 → B: 0.98', `+ 2 new0.5${hostile}`]);
    await item.getByLabel('Rows matched by').selectOption('');
    await item.locator('tbody tr', { hasText: '3' }).first().waitFor();
    assert.equal(await rows.count(), 3);
    assert.equal(await panel.page.evaluate(() => document.activeElement?.tagName), 'SELECT');
  });

  it('lays images of the same name side by side and over each other', async () => {
    const panel = await openComparison();
    const sent = watchRequests(panel.page, (url) => url.includes('example.org'));
    const item = await unfold(panel, 'confusion.svg');
    await item.getByRole('slider').waitFor();
    assert.equal(await item.locator('img').count(), 4);
    const before = await panel.page.locator('.over').evaluate((element) => element.style.clipPath);
    await panel.page.getByRole('slider').press('ArrowRight');
    assert.notEqual(await panel.page.locator('.over').evaluate((element) => element.style.clipPath), before);
    assert.equal(await panel.page.title(), 'Runweave');
    assert.deepEqual(await sent(), []);
  });

  it('says why a content can not be shown', async () => {
    const other = differences.map((difference) => (difference.type === 'source' ? { ...difference, contents: [digest('0'), digest('2')] } : difference));
    const panel = await openComparison({}, { ...comparison, canOpen: false, comparison: packComparison(other, timelines) });
    const item = await unfold(panel, 'src/');
    await item.getByText('It was not kept, or is no longer on this machine.').waitFor();
    assert.equal(await panel.page.getByRole('button', { name: /A ↔ B/ }).count(), 0, 'a host without an editor has no button for it');
  });

  it('takes another run as the first, and has a column for each of many', async () => {
    const panel = await openComparison();
    await panel.page.getByRole('button', { name: /compare with this/ }).press('Enter');
    assert.deepEqual((await posted(panel)).at(-1), { type: 'compare', keys: [key(2), key(1)] });
    const letters = 'A B C D E F G H I J'.split(' ');
    const many: Difference[] = [
      { type: 'param', name: 'lr', values: letters.map((_, at) => (at === 4 ? undefined : at)) },
      { type: 'printed', task: 'train', stream: 'stdout', changes: letters.map((_, at) => (at === 0 || at === 4 ? undefined : { added: at, removed: 1 })) },
      { type: 'artifact', task: 'train', name: 'scores.csv', mediaType: 'text/csv', digests: letters.map((_, at) => digest(at % 2 === 0 ? '7' : '8')), sizes: letters.map(() => 100) },
    ];
    const none: Timelines = { lengths: letters.map(() => 1000), rows: [] };
    await panel.send({ type: 'comparison', keys: [key(2), key(1)], result: { type: 'compared', data: { runs: letters.map((each) => ({ key: each, runId: `run-${each}` })), comparison: packComparison(many, none), canOpen: true } } });
    await panel.page.locator('.differences', { hasText: 'Parameters' }).locator('td', { hasText: 'none' }).waitFor();
    assert.deepEqual(await panel.page.locator('.differences', { hasText: 'Parameters' }).locator('thead th').allInnerTexts(), ['What', ...letters, 'Note']);
    await serve(panel);
    const item = await unfold(panel, 'scores.csv');
    assert.match(await item.locator('summary').innerText(), /A C E G I: 77777777 · B D F H J: 88888888/);
    await item.getByLabel('A and').selectOption({ label: 'C' });
    await item.getByText('Rows matched by').waitFor();
    assert.equal(await item.locator('tbody tr').count(), 0);
    assert.deepEqual(panel.complaints, []);
  });

  it('goes back to the table with the same selection', async () => {
    const panel = await openComparison();
    await press(panel, 'Escape');
    await status(panel, /2 selected/);
    assert.equal(await panel.page.evaluate(() => document.activeElement?.className), 'grid');
  });

  it('says why it can not compare', async () => {
    const panel = await openComparison();
    await panel.send({ type: 'comparison', keys: [key(1), key(2)], result: { type: 'failed', message: 'x can not be read' } });
    await panel.page.getByRole('alert').filter({ hasText: 'x can not be read' }).waitFor();
  });
});

for (const theme of ['dark', 'light', 'high-contrast'] satisfies ThemeName[]) {
  it(`has no serious finding of axe-core in ${theme}`, async () => {
    const panel = await openTracker(six, { theme, state: { table: { filter: 'nothing = 1', sort: [{ field: 'metrics.loss', descending: true }], group: [], archived: true }, selected: [key(2)] } });
    await status(panel, /6 runs/);
    assert.deepEqual(await panel.accessibility(), []);
    await panel.page.selectOption('#group', 'params.lr');
    assert.deepEqual(await panel.accessibility(), []);
    await panel.page.getByRole('button', { name: 'Columns…' }).click();
    assert.deepEqual(await panel.accessibility(), []);
    const compared = await openComparison({ theme });
    for (const title of ['src/', 'train.ipynb', 'scores.csv', 'confusion.svg', 'train stdout']) await unfold(compared, title);
    await compared.page.getByRole('slider').waitFor();
    assert.deepEqual(await compared.accessibility(), []);
  });
}

/** Without the sign and the word beside it. */
function parseText(text: string): number {
  return parseFloat(text.replace(/^[▲▽] /, ''));
}
