/** The charts of the runs table and of the run panel as their hosts see them, by keyboard alone. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ChartFile } from '../../src/protocol/chart-file.ts';
import { packSeries } from '../../src/query/charts/packed-series.ts';
import { packRows } from '../../src/query/packed-rows.ts';
import { runKey, type RunRow } from '../../src/query/run-row.ts';
import type { TaskId } from '../../src/model/pipeline.ts';
import { addPoint, newSeries } from '../../src/model/metric-series.ts';
import type { RunEvent } from '../../src/model/run-event.ts';
import { createRunFold } from '../../src/model/run-state.ts';
import { fromMilliseconds } from '../../src/model/time.ts';
import type { ChartKind } from '../../webview/charts/api.ts';
import { digitsEvents } from './digits.ts';
import { chartRun, hostileName, lossOf, seriesMessage } from './chart-runs.ts';
import { openPanels, type Panel, type Panels } from './panel-page.ts';
import { themes, type ThemeName } from './themes.ts';

let panels: Panels;
before(async () => (panels = await openPanels()));
after(async () => panels.close());

const eight = Array.from({ length: 8 }, (_, index) => chartRun(index));
const keyOf = (index: number): string => runKey(eight[index]?.path ?? '');
const press = async (panel: Panel, ...keys: readonly string[]): Promise<void> => {
  for (const each of keys) await panel.page.keyboard.press(each);
  await panel.drawn();
};
const readout = async (panel: Panel): Promise<string> => panel.page.locator('.chart-readout').innerText();
const plot = (panel: Panel) => panel.page.locator('.chart-plot');
const selectedRuns = async (panel: Panel): Promise<number> => panel.page.locator('.run-line[aria-selected="true"]').count();
const lastPosted = async <T>(panel: Panel): Promise<T> => (await panel.posted()).at(-1) as T;

interface Opened {
  readonly kind?: ChartKind;
  readonly selected?: readonly number[];
  readonly rows?: readonly RunRow[];
  readonly theme?: ThemeName;
  readonly view?: object;
  readonly open?: boolean;
  readonly metric?: string;
  /** Series are sent. */
  readonly points?: number;
}

async function openCharts({ kind = 'series', selected = [0, 1, 2], rows = eight, theme = 'dark', view = {}, open = true, metric = 'loss', points = 500 }: Opened = {}): Promise<Panel> {
  const keys = selected.map((index) => runKey(rows[index]?.path ?? ''));
  const panel = await panels.open('tracker', { theme, width: 1100, height: 900, state: { table: { filter: '', sort: [], group: [], archived: false }, selected: keys, charts: { open, share: 0.6, view: { kind, ...view } } } });
  await panel.send({ type: 'rows', first: true, last: true, rows: packRows([...rows].reverse(), runKey) });
  if (!open) return panel;
  await panel.page.locator('.run-charts').waitFor();
  await panel.drawn();
  if (kind !== 'series') return panel;
  await panel.page.waitForFunction(() => (globalThis as unknown as { vscodeMock: { posted: { type: string }[] } }).vscodeMock.posted.some(({ type }) => type === 'load-series'));
  for (const index of selected) await panel.send(seriesMessage(rows[index] ?? chartRun(index), index, { points, metric }));
  await panel.page.locator('.chart-legend li').nth(selected.length - 1).waitFor();
  await panel.drawn();
  return panel;
}

async function save(panel: Panel, format: ChartFile['format']): Promise<string> {
  await panel.drawn();
  await panel.page.getByRole('button', { name: `${format.toUpperCase()}…`, exact: true }).and(panel.page.locator('.chart-files button')).press('Enter');
  const { type, file } = await lastPosted<{ type: string; file: ChartFile }>(panel);
  assert.deepEqual([type, file.format], ['save-chart', format]);
  return file.format === 'png' ? file.base64 : file.text;
}

describe('charts of runs', () => {
  it('are a script that is loaded with the first chart, for the selected runs', async () => {
    const panel = await openCharts({ open: false });
    const scripts = async (): Promise<readonly string[]> => panel.page.evaluate(() => [...document.scripts].map(({ src }) => src.replace(/^.*\//, '')).filter((name) => name !== ''));
    assert.deepEqual(await scripts(), ['tracker.js']);
    await panel.page.focus('.grid');
    await press(panel, 'v');
    await panel.page.locator('.run-charts').waitFor();
    assert.deepEqual(await scripts(), ['charts.js', 'tracker.js']);
    await panel.page.locator('.chart-empty', { hasText: 'Reading the records…' }).waitFor();
    assert.deepEqual(await lastPosted(panel), { type: 'load-series', metric: 'loss', keys: [keyOf(2), keyOf(1), keyOf(0)], known: [] });
    await press(panel, 'v');
    assert.deepEqual(await lastPosted(panel), { type: 'load-series', metric: 'loss', keys: [], known: [] });
    assert.deepEqual(panel.complaints, []);
  });

  it('read the series of what is selected then, and keep what they have', async () => {
    const panel = await openCharts({ selected: [0, 1] });
    await panel.page.focus('.grid');
    await press(panel, 'ArrowDown', 'ArrowDown', ' ');
    await panel.page.waitForFunction(() => (globalThis as unknown as { vscodeMock: { posted: unknown[] } }).vscodeMock.posted.length > 2);
    assert.deepEqual(await lastPosted(panel), { type: 'load-series', metric: 'loss', keys: [keyOf(5)], known: [keyOf(1), keyOf(0)] });
    await panel.page.locator('.chart-notes', { hasText: 'Reading 1 of 3 records…' }).waitFor();
    assert.equal(await panel.page.locator('.chart-legend li').count(), 2);
    await panel.send({ type: 'series', metric: 'loss', key: keyOf(5), series: [], message: 'line 3 is not JSON' });
    await panel.page.locator('.chart-notes', { hasText: '20261101T140000Z-digits-0005 can’t be read: line 3 is not JSON.' }).waitFor();
  });

  it('are walked through point by point and line by line', async () => {
    const panel = await openCharts();
    await plot(panel).focus();
    await press(panel, 'ArrowRight');
    const { values } = lossOf(2, 500);
    const text = (index: number): string => String(Number(Number(values[index]).toPrecision(6)));
    assert.equal(await readout(panel), `20261101T110000Z-digits-0002: ${text(0)} at step 0`);
    await press(panel, 'ArrowRight', 'PageDown');
    assert.equal(await readout(panel), `20261101T110000Z-digits-0002: ${text(21)} at step 21`);
    await press(panel, 'ArrowDown');
    assert.match(await readout(panel), /^20261101T100000Z-digits-0001: \S+ at step 21$/);
    assert.equal(await panel.page.locator('.chart-readout').getAttribute('aria-live'), 'polite');
    assert.equal(await panel.page.locator('.run-line.pointed').innerText().then((line) => line.includes('10:00')), true, 'the run stands out in the table');
    assert.deepEqual(await panel.page.locator('.chart-value').allInnerTexts().then((all) => all.map((each) => each !== '')), [true, true, true]);
    await press(panel, 'End', 'Enter');
    assert.deepEqual(await lastPosted(panel), { type: 'open', key: keyOf(1) });
    await press(panel, ' ');
    assert.equal(await selectedRuns(panel), 2);
    await panel.page.locator('.chart-readout:empty').waitFor({ state: 'attached' });
  });

  it('are zoomed into, and out of again', async () => {
    const panel = await openCharts({ points: 20_000 });
    await plot(panel).focus();
    await press(panel, 'ArrowRight', 'PageDown', 'PageDown');
    const at = async (): Promise<number> => Number(/step (\d+)$/.exec(await readout(panel))?.[1]);
    const far = await at();
    await press(panel, '+', '+', '+', '+', '+', '+', '+', '+', '+', '+');
    await panel.page.locator('.chart-zoom button:enabled', { hasText: 'All' }).waitFor();
    await press(panel, 'Home', 'ArrowRight');
    const near = await at();
    await press(panel, 'ArrowRight');
    assert.equal(await at(), near + 1, 'every point is there');
    assert.ok(Math.abs(near - far) < 40, `${near} is near ${far}`);
    await press(panel, '0');
    await panel.page.locator('.chart-zoom button:disabled', { hasText: 'All' }).waitFor();
    // With the mouse: a stretch.
    const box = await plot(panel).boundingBox();
    assert.ok(box !== null);
    await panel.page.mouse.move(box.x + 300, box.y + 50);
    await panel.page.mouse.down();
    await panel.page.mouse.move(box.x + 400, box.y + 60, { steps: 3 });
    await panel.page.mouse.up();
    await panel.page.locator('.chart-zoom button:enabled', { hasText: 'All' }).waitFor();
    assert.match(await save(panel, 'csv'), /^series,run,task,metric,step,time,seconds,value\r\n[^\r]*-0002,train,loss,[1-9]\d{3},/);
  });

  it('have axes, logarithms and smoothing, which are kept', async () => {
    const panel = await openCharts();
    await panel.page.getByLabel('Axis below').selectOption('relative');
    await panel.page.locator('.chart-plot[aria-label$="by time since its beginning"]').waitFor();
    await plot(panel).focus();
    await press(panel, 'ArrowRight', 'PageDown', 'PageDown', 'PageDown', 'PageDown');
    assert.match(await readout(panel), / at 1 min 20 s$/);
    await panel.page.getByLabel('Axis below').selectOption('wall');
    await panel.page.getByRole('checkbox', { name: 'Log y' }).press('Space');
    await panel.page.getByLabel('Smoothing').focus();
    await press(panel, 'End');
    await panel.page.locator('.chart-number', { hasText: '0.99' }).waitFor();
    const { charts } = (await panel.state()) as { charts: { view: { series: object } } };
    assert.deepEqual(charts.view.series, { axis: 'wall', logX: false, logY: true, smoothing: 0.99 });
    assert.match(await save(panel, 'csv'), /^series,run,task,metric,step,time,seconds,value,smoothed\r\n/);
    await panel.page.getByLabel('Axis below').selectOption('step');
    await panel.page.getByRole('checkbox', { name: 'Log x' }).press('Space');
    await panel.page.locator('.chart-notes', { hasText: '3 values are not drawn: not finite, or not above 0 on a logarithmic axis.' }).waitFor();
  });

  it('go on while a run does', async () => {
    const running = eight.map((row, index): RunRow => (index === 2 ? { ...row, status: 'running' } : row));
    const panel = await openCharts({ rows: running, selected: [2], points: 100 });
    const more = { ...seriesMessage(eight[2] ?? chartRun(2), 2), series: [packSeries('train' as TaskId, 'loss', lossOf(2, 160), { from: 100 })] };
    await panel.send(more);
    await panel.drawn();
    await plot(panel).focus();
    await press(panel, 'End');
    await panel.page.waitForFunction(() => document.querySelector('.chart-tables table') === null);
    await panel.page.getByRole('button', { name: 'Table' }).press('Enter');
    assert.deepEqual((await panel.page.locator('.chart-tables').first().locator('tbody tr').first().locator('td').allInnerTexts()).slice(0, 1), ['160']);
  });

  it('hide a line, and say which run is which', async () => {
    const panel = await openCharts();
    const first = panel.page.locator('.chart-series').first();
    await first.press('Enter');
    await panel.drawn();
    assert.equal(await first.getAttribute('aria-pressed'), 'false');
    assert.equal(await first.evaluate((element) => element === document.activeElement), true, 'the focus stays');
    assert.equal(await plot(panel).getAttribute('aria-label'), 'loss of 2 series by step');
  });

  it('show any field against any other, and select in the table', async () => {
    const panel = await openCharts({ kind: 'scatter' });
    await panel.page.getByLabel('X', { exact: true }).selectOption('params.images');
    await panel.page.getByLabel('Y', { exact: true }).selectOption('metrics.roc_auc');
    await panel.page.locator('.chart-plot[aria-label="roc_auc against images: 24 points of runs"]').waitFor();
    await plot(panel).focus();
    await press(panel, 'ArrowRight');
    assert.equal(await readout(panel), '20261101T150000Z-digits-0006, benchmark[images=400]: images 400, roc_auc 0.84');
    await press(panel, ' ');
    assert.equal(await selectedRuns(panel), 4);
    await press(panel, 'ArrowUp', 'ArrowUp');
    assert.match(await readout(panel), /images 500, roc_auc 0\.85, selected$/);
    const box = await plot(panel).boundingBox();
    assert.ok(box !== null);
    await panel.page.mouse.move(box.x + 60, box.y + 4);
    await panel.page.mouse.down();
    await panel.page.mouse.move(box.x + box.width - 20, box.y + box.height - 20, { steps: 4 });
    await panel.page.mouse.up();
    await panel.drawn();
    assert.equal(await selectedRuns(panel), 8);
    await panel.page.getByLabel('X', { exact: true }).selectOption('params.optimizer');
    await panel.page.getByRole('checkbox', { name: 'Log x' }).press('Space');
    await panel.page.locator('.chart-plot[aria-label^="roc_auc against optimizer"]').waitFor();
    assert.match(await save(panel, 'csv'), /^run,task,params\.optimizer,metrics\.roc_auc\r\n20261101T\d+Z-digits-000\d,benchmark\[images=400\],adam,/);
  });

  it('show bars over the values of a matrix', async () => {
    const panel = await openCharts({ kind: 'bars' });
    assert.equal(await plot(panel).getAttribute('aria-label'), 'roc_auc of 3 runs by images, 3 values');
    await plot(panel).focus();
    await press(panel, 'ArrowRight', 'ArrowRight', 'ArrowDown');
    assert.equal(await readout(panel), '20261101T100000Z-digits-0001, images 500: 0.87');
    await panel.page.getByLabel('Value', { exact: true }).selectOption('max');
    await panel.page.getByLabel('By', { exact: true }).selectOption('task');
    const lines = (await save(panel, 'csv')).trim().split('\r\n').map((line) => line.split(','));
    assert.deepEqual(lines[0], ['run', 'task=benchmark[images=400]', 'task=benchmark[images=500]', 'task=benchmark[images=600]']);
    assert.deepEqual(lines.slice(1).map(([run, ...values]) => [run?.slice(-4), ...values.map((value) => Number(Number(value).toFixed(6)))]), [['0002', 1.76, 1.78, 1.8], ['0001', 1.72, 1.74, 1.76], ['0000', 1.68, 1.7, 1.72]]);
  });

  it('show runs across several fields, and select by a limit on one', async () => {
    const panel = await openCharts({ kind: 'parallel', selected: [] });
    await plot(panel).focus();
    // The first run is the newest: its rate is 0.0001, that of the fourth 0.1.
    await press(panel, 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowDown');
    assert.equal(await readout(panel), '20261101T130000Z-digits-0004: lr 0.1');
    await press(panel, '[');
    assert.equal(await selectedRuns(panel), 2);
    assert.equal(await panel.page.locator('.parallel-limit').getAttribute('title'), 'lr from 0.1 to 0.1');
    await press(panel, 'Backspace');
    assert.equal(await selectedRuns(panel), 0);
    await panel.page.locator('.chart-axes summary').press('Enter');
    await panel.page.getByRole('checkbox', { name: 'duration' }).press('Space');
    await panel.page.locator('.chart-plot[aria-label$="roc_auc, Duration"]').waitFor();
    await press(panel, 'Escape');
    assert.equal(await panel.page.locator('.chart-axes').getAttribute('open'), null);
    const box = await plot(panel).boundingBox();
    assert.ok(box !== null);
    await panel.page.mouse.move(box.x + 66, box.y + 20);
    await panel.page.mouse.down();
    await panel.page.mouse.move(box.x + 74, box.y + 80, { steps: 4 });
    await panel.page.mouse.up();
    await panel.drawn();
    assert.equal(await selectedRuns(panel), 2);
  });

  it('stand out where the mouse is on their run in the table', async () => {
    const panel = await openCharts({ kind: 'parallel', selected: [] });
    await plot(panel).focus();
    await press(panel, 'ArrowRight');
    const image = async (): Promise<string> => panel.page.locator('.chart-canvas canvas').evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const before = await image();
    await panel.page.locator('.run-line').nth(3).hover();
    await panel.page.waitForFunction((was) => document.querySelector<HTMLCanvasElement>('.chart-canvas canvas')?.toDataURL() !== was, before);
  });

  it('have their size set by keyboard', async () => {
    const panel = await openCharts();
    const separator = panel.page.getByRole('separator', { name: 'Height of the charts' });
    await separator.press('ArrowDown');
    await panel.drawn();
    assert.equal(await separator.getAttribute('aria-valuenow'), '55');
  });
});

describe('charts as files and tables', () => {
  const hostile = Array.from({ length: 3 }, (_, index): RunRow => ({ ...chartRun(index, hostileName), annotations: { ...chartRun(index).annotations, name: `${hostileName} ${index}` } }));

  it('are images, with the names of the lines', async () => {
    const panel = await openCharts();
    const png = await save(panel, 'png');
    const size = await panel.page.evaluate(async (data) => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      return [image.naturalWidth, image.naturalHeight];
    }, png);
    assert.deepEqual(size, [1920, 1120]);
  });

  for (const kind of ['series', 'scatter', 'bars', 'parallel'] as const) {
    it(`are drawings without a script, whatever the names: ${kind}`, async () => {
      const panel = await openCharts({ kind, rows: hostile, metric: hostileName, view: { scatter: { x: `metrics.\`${hostileName}\``, y: 'metrics.roc_auc', logX: false, logY: false }, bars: { statistic: 'last', metric: hostileName }, axes: ['params.lr', `metrics.\`${hostileName}\``] } });
      await panel.page.locator('.chart-plot[aria-label*="</script>"]').waitFor();
      const svg = await save(panel, 'svg');
      const csv = await save(panel, 'csv');
      await panel.page.getByRole('button', { name: 'Table' }).press('Enter');
      assert.ok((await panel.page.locator('.chart-tables').innerText()).includes(hostileName));
      assert.equal(await panel.page.title(), 'Runweave');
      assert.equal(await panel.page.locator('img').count(), 0);
      // Before the drawing is read: its style attributes are not for this page.
      assert.deepEqual(panel.complaints, []);
      if (kind !== 'bars') assert.match(csv, /<\/script>/);
      const found = await panel.page.evaluate((text) => {
        const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
        const all = [...parsed.querySelectorAll('*')];
        return { root: parsed.documentElement.nodeName, names: [...new Set(all.map(({ nodeName }) => nodeName.toLowerCase()))], handlers: all.flatMap((element) => [...element.attributes]).filter(({ name, value }) => /^on/i.test(name) || /javascript:/i.test(value)).length, text: parsed.documentElement.textContent };
      }, svg);
      assert.equal(found.root, 'svg', found.text.slice(0, 400));
      assert.deepEqual(found.names.filter((name) => ['script', 'img', 'image', 'foreignobject', 'iframe', 'parsererror'].includes(name)), []);
      assert.equal(found.handlers, 0);
      assert.ok(found.text.includes('</script>'), 'the name is there, as text');
    });
  }

  it('are data as they were logged, also what is not finite', async () => {
    const panel = await openCharts({ selected: [0], points: 3 });
    const odd = newSeries(fromMilliseconds(0));
    addPoint(odd, 0, 1.5, 10);
    addPoint(odd, 1.5e9, 'NaN', 20);
    addPoint(odd, 2e9, '-Infinity', null);
    await panel.send({ type: 'series', metric: 'loss', key: keyOf(0), series: [packSeries('=train' as TaskId, 'loss', odd), packSeries('train' as TaskId, 'loss', newSeries(fromMilliseconds(0)))] });
    await panel.page.locator('.chart-notes', { hasText: '2 values are not drawn: not finite.' }).waitFor();
    const rows = (await save(panel, 'csv')).trim().split('\r\n').slice(1).map((line) => line.split(',').slice(2));
    assert.deepEqual(rows, [["'=train", 'loss', '10', '1970-01-01T00:00:00.000Z', '0', '1.5'], ["'=train", 'loss', '20', '1970-01-01T00:00:01.500Z', '1.5', 'NaN'], ["'=train", 'loss', '', '1970-01-01T00:00:02.000Z', '2', '-Infinity']]);
  });

  it('are tables with the same numbers', async () => {
    const panel = await openCharts({ kind: 'bars' });
    await panel.page.getByRole('button', { name: 'Table' }).press('Enter');
    assert.deepEqual(await panel.page.locator('.chart-tables tr').allInnerTexts().then((all) => all.map((line) => line.split('\t'))), [
      ['Run', '400', '500', '600'],
      ['20261101T110000Z-digits-0002', '0.88', '0.89', '0.9'],
      ['20261101T100000Z-digits-0001', '0.86', '0.87', '0.88'],
      ['20261101T090000Z-digits-0000', '0.84', '0.85', '0.86'],
    ]);
    assert.equal(await plot(panel).isVisible(), false);
  });
});

describe('chart of a metric in the run panel', () => {
  async function openRun(state: object, theme: ThemeName = 'dark', extra: readonly RunEvent[] = []): Promise<Panel> {
    const panel = await panels.open('run', { state, theme });
    const { apply, state: folded } = createRunFold();
    for (const event of [...digitsEvents(), ...extra]) apply(event);
    await panel.send({ type: 'run', state: folded(), live: true, cutOutput: [] });
    await panel.page.locator('.run-header').waitFor();
    return panel;
  }

  it('has a line for each task, goes on with the run, and is saved', async () => {
    const panel = await openRun({ tab: 'metrics' });
    await panel.page.getByRole('button', { name: 'Chart of loss' }).first().press('Enter');
    await plot(panel).waitFor();
    assert.deepEqual(await panel.page.locator('.chart-title').allInnerTexts(), ['train[nr_train_images=400]', 'train[nr_train_images=500]', 'train[nr_train_images=600]']);
    const train = 'train[nr_train_images=400]' as TaskId;
    const metric = (step: number): RunEvent => ({ type: 'metric', time: fromMilliseconds(Date.UTC(2026, 10, 21)), task: train, attempt: 1, name: 'loss', value: 0.01, step });
    await plot(panel).focus();
    await press(panel, 'ArrowRight');
    await panel.send({ type: 'events', events: [metric(21), metric(22)] });
    await panel.page.getByRole('cell', { name: '23', exact: true }).waitFor();
    await panel.drawn();
    await press(panel, 'End');
    assert.equal(await readout(panel), 'train[nr_train_images=400]: 0.01 at step 22');
    assert.equal(await plot(panel).evaluate((element) => element === document.activeElement), true, 'the focus stays while values come');
    assert.equal((await save(panel, 'csv')).trim().split('\r\n').length, 1 + 23 + 21 + 21);
    const again = await openRun((await panel.state()) as object);
    await plot(again).waitFor();
    await again.page.getByRole('button', { name: 'Hide chart of loss' }).first().press('Enter');
    assert.equal(await again.page.locator('.metric-chart').isVisible(), false);
    assert.deepEqual(again.complaints, []);
  });

  it('stands beside those of other metrics, which are kept and closed one by one', async () => {
    const train = 'train[nr_train_images=400]' as TaskId;
    const extra = [1, 2].map((step): RunEvent => ({ type: 'metric', time: fromMilliseconds(Date.UTC(2026, 10, 21)), task: train, attempt: 1, name: 'rate', value: 1 / step, step }));
    // As it was saved when there was one chart.
    const panel = await openRun({ tab: 'metrics', charted: 'loss' }, 'dark', extra);
    await panel.page.getByRole('button', { name: 'Chart of rate' }).press('Enter');
    const chart = (of: Panel, name: string) => of.page.getByRole('region', { name: `Chart of ${name}` });
    await chart(panel, 'rate').locator('.chart-plot').waitFor();
    assert.equal(await plot(panel).count(), 2);
    await chart(panel, 'rate').getByRole('checkbox', { name: 'Log y' }).press('Space');
    const again = await openRun((await panel.state()) as object, 'dark', extra);
    await chart(again, 'rate').locator('.chart-plot').waitFor();
    await chart(again, 'loss').locator('.chart-plot').waitFor();
    assert.deepEqual([await chart(again, 'loss').getByRole('checkbox', { name: 'Log y' }).isChecked(), await chart(again, 'rate').getByRole('checkbox', { name: 'Log y' }).isChecked()], [false, true]);
    await again.page.getByRole('button', { name: 'Close chart of loss' }).press('Enter');
    assert.deepEqual([await chart(again, 'loss').count(), await chart(again, 'rate').count()], [0, 1]);
    assert.match(await again.page.evaluate<string>('document.activeElement.textContent'), /Chart of loss/);
    assert.deepEqual(again.complaints, []);
  });

  for (const theme of Object.keys(themes) as readonly ThemeName[]) {
    it(`has no serious finding of axe-core: ${theme}`, async () => {
      const panel = await openRun({ tab: 'metrics', charted: ['loss', 'accuracy'] }, theme);
      await plot(panel).first().waitFor();
      assert.deepEqual(await panel.accessibility(), []);
    });
  }
});

describe('charts, accessibly', () => {
  for (const theme of Object.keys(themes) as readonly ThemeName[]) {
    it(`have no serious finding of axe-core: ${theme}`, async () => {
      const panel = await openCharts({ theme });
      assert.deepEqual(await panel.accessibility(), []);
      for (const name of ['Scatter', 'Bars', 'Parallel coordinates']) {
        await panel.page.getByRole('tab', { name }).press('Enter');
        await plot(panel).waitFor();
        assert.deepEqual(await panel.accessibility(), [], name);
        const table = panel.page.getByRole('button', { name: 'Table' });
        await table.press('Enter');
        assert.deepEqual(await panel.accessibility(), [], `${name} as a table`);
        await table.press('Enter');
      }
      await panel.page.locator('.chart-axes summary').press('Enter');
      assert.deepEqual(await panel.accessibility(), [], 'the list of axes');
      assert.deepEqual(panel.complaints, []);
    });
  }
});
