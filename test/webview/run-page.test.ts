/** The run panel's graph, search, viewers, sources and actions, by keyboard, and what hostile content can do in it: nothing. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Digest } from '../../src/model/fingerprint.ts';
import type { RunEvent } from '../../src/model/run-event.ts';
import type { RunHostMessage, RunViewMessage } from '../../src/protocol/run-view.ts';
import { eventually } from '../eventually.ts';
import { digitsEvents, fold } from './digits.ts';
import { openPanels, type Panel, type Panels } from './panel-page.ts';
import { watchRequests } from './sent-requests.ts';
import type { ThemeName } from './themes.ts';

let panels: Panels;
before(async () => (panels = await openPanels()));
after(async () => panels.close());

async function openRun(events: readonly RunEvent[], options: Parameters<Panels['open']>[1] = {}, can?: readonly RunViewMessage['type'][]): Promise<Panel> {
  const panel = await panels.open('run', options);
  const message: RunHostMessage = { type: 'run', state: fold(events), live: false, cutOutput: [], ...(can !== undefined && { can }) };
  await panel.send(message);
  await panel.page.waitForSelector('.run-header');
  return panel;
}
const posted = async (panel: Panel): Promise<readonly { readonly type: string }[]> => (await panel.posted()).filter(({ type }) => type !== 'ready');
const tab = (panel: Panel, id: string): Promise<void> => panel.page.click(`#tab-${id}`);
/** Tab, until what has the focus matches. */
async function tabTo({ page }: Panel, selector: string): Promise<void> {
  for (let step = 0; step < 80; step += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector)) return;
  }
  assert.fail(`no way to ${selector} by Tab`);
}

interface Given {
  readonly name: string;
  readonly mediaType: string;
  readonly text?: string;
  readonly bytes?: Uint8Array;
  readonly size?: number;
}

const digestOf = (index: number): Digest => `sha256:${index.toString(16).padStart(64, '0')}` as Digest;

/** The digits run with these artifacts of `ingest`, and no others. */
function withArtifacts(given: readonly Given[]): readonly RunEvent[] {
  const events = digitsEvents().filter((event) => event.type !== 'artifact');
  const at = events.findIndex((event) => event.type === 'attempt-ended' && event.task === 'ingest');
  const ended = events[at];
  assert.ok(ended?.type === 'attempt-ended');
  const artifacts = given.map(({ name, mediaType, text, bytes, size }, index): RunEvent => {
    const content = text !== undefined ? { type: 'utf8' as const, text } : bytes !== undefined ? { type: 'base64' as const, data: Buffer.from(bytes).toString('base64') } : { type: 'reference' as const };
    return { type: 'artifact', time: ended.time, task: ended.task, attempt: ended.attempt, name, mediaType, size: size ?? bytes?.length ?? Buffer.byteLength(text ?? ''), digest: digestOf(index + 1), content };
  });
  return [...events.slice(0, at), ...artifacts, ...events.slice(at)];
}

/** Half a second of a tone. */
function wav(): Uint8Array {
  const samples = Buffer.alloc(4000);
  for (let index = 0; index < samples.length; index += 1) samples[index] = 128 + Math.round(60 * Math.sin(index / 5));
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(8000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

const many: readonly Given[] = [
  { name: 'report.html', mediaType: 'text/html', text: '<h1>Report</h1><p>of the run</p>' },
  { name: 'settings.json', mediaType: 'application/json', text: JSON.stringify({ model: { depth: 3, names: ['a', 'b'] }, rows: Array.from({ length: 250 }, (_, index) => index), '__proto__x': null }) },
  { name: 'events.jsonl', mediaType: 'application/jsonl', text: '{"step": 1}\n{"step": 2}\n' },
  { name: 'train.log', mediaType: 'text/plain', text: 'epoch 1 \u001b[32mok\u001b[0m\nepoch 2 \u001b[1;31mfailed\u001b[0m\n' },
  { name: 'table.tsv', mediaType: 'text/tab-separated-values', text: `a\tb\n${Array.from({ length: 450 }, (_, index) => `${index}\tx`).join('\n')}\n` },
  { name: 'tone.wav', mediaType: 'audio/wav', bytes: wav() },
  { name: 'frame.parquet', mediaType: 'application/vnd.apache.parquet', bytes: new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'digit', data: [0, 1, 2], type: 'INT32' }, { name: 'name', data: ['zero', '<b>one</b>', 'two'], type: 'STRING' }] })) },
  { name: 'weights.npy', mediaType: 'application/octet-stream', bytes: Buffer.concat([Buffer.from([0x93]), Buffer.from('NUMPY'), Buffer.from([1, 0, 58, 0]), Buffer.from("{'descr': '<f8', 'fortran_order': False, 'shape': (64, 10)}")]) },
  { name: 'notes.md', mediaType: 'text/markdown', text: '# Notes\n<img src=x onerror="hacked = 1">\n' },
];

async function openArtifact(panel: Panel, name: string, loads = true): Promise<ReturnType<Panel['page']['locator']>> {
  const item = panel.page.locator('.artifact').filter({ has: panel.page.locator('strong', { hasText: name }) });
  await item.locator('summary').first().press('Enter');
  const shown = item.locator('.preview');
  if (loads) await shown.locator(':scope > *', { hasNotText: /^Loading…$/ }).first().waitFor();
  return shown;
}

describe('the page of a run', () => {
  it('draws its graph with outcomes; the arrow keys walk it, and Enter leads to the task', async () => {
    const panel = await openRun(digitsEvents({ fail: true }));
    await panel.page.focus('#tab-timeline');
    await panel.page.keyboard.press('ArrowRight');
    await panel.page.locator('.pane .node').first().waitFor();
    assert.equal(await panel.page.locator('.pane .node').count(), 10);
    assert.equal(await panel.page.locator('[data-node="train[nr_train_images=500]"]').getAttribute('data-phase'), 'failure');
    await tabTo(panel, '.pane [data-node]');
    assert.equal(await panel.page.evaluate(() => (document.activeElement as SVGElement).dataset['node']), 'ingest');
    await panel.page.keyboard.press('ArrowDown');
    const below = await panel.page.evaluate(() => (document.activeElement as SVGElement).dataset['node'] ?? '');
    assert.ok(['eda', 'split'].includes(below), below);
    await panel.page.keyboard.press('Enter');
    assert.ok((await panel.page.locator('.detail h2').innerText()).startsWith(below));
    assert.deepEqual(panel.complaints, []);
  });

  it('opens and closes a matrix of the graph by keyboard', async () => {
    const panel = await openRun(digitsEvents());
    await tab(panel, 'graph');
    const frame = panel.page.locator('[data-node="matrix:train"]');
    await frame.press('Enter');
    await panel.page.locator('[data-node="matrix:train"][aria-expanded="false"]').waitFor();
    assert.equal(await panel.page.locator('.pane .node').count(), 8);
    await panel.page.keyboard.press('Enter');
    await panel.page.locator('[data-node="train[nr_train_images=600]"]').waitFor();
  });

  it('searches spans by name and attribute, and shows the attributes of a found one', async () => {
    const events = [...digitsEvents()];
    const at = events.findIndex((event) => event.type === 'attempt-ended' && event.task === 'ingest');
    const ended = events[at];
    assert.ok(ended?.type === 'attempt-ended');
    events.splice(at, 0, { type: 'span', time: ended.time, task: ended.task, attempt: 1, span: { traceId: '1'.repeat(32), spanId: '1'.repeat(16), parentSpanId: '2'.repeat(16), name: 'GET <b>/x</b>', kind: 3, start: ended.time, end: ended.time, attributes: { 'http.route': '/x' }, events: [], links: [], status: { code: 0 } } as never });
    const panel = await openRun(events);
    await tabTo(panel, 'input[type=search]');
    await panel.page.keyboard.type('http.route=/x');
    await panel.page.getByText('1 found').waitFor();
    assert.deepEqual(await panel.page.locator('.row').evaluateAll((rows) => rows.map((row) => row.classList.contains('faint'))), [true, false]);
    await panel.page.keyboard.press('Enter');
    await panel.page.keyboard.press('End');
    await panel.page.keyboard.press('Enter');
    assert.match(await panel.page.locator('.detail').innerText(), /GET <b>\/x<\/b>\s+reported span of ingest, attempt 1[\s\S]*http\.route\s+\/x/);
    assert.deepEqual(await panel.accessibility(), []);
    // What was searched for is there again after a reload.
    const again = await openRun(events, { state: await panel.state() });
    assert.equal(await again.page.locator('.row').count(), 2);
    await again.page.focus('input[type=search]');
    await again.page.keyboard.press('Escape');
    assert.equal(await again.page.locator('.row').count(), 9);
    await again.page.locator('input[type=checkbox]').press(' ');
    await again.page.getByText(/^\d\d spans$/).waitFor();
  });

  for (const theme of ['dark', 'light', 'high-contrast'] satisfies ThemeName[]) {
    it(`shows every kind of artifact, in ${theme}`, async () => {
      const panel = await openRun(withArtifacts(many), { theme, state: { tab: 'artifacts' }, height: 1600 });
      const html = await openArtifact(panel, 'report.html');
      assert.equal(await html.locator('iframe').getAttribute('sandbox'), '');
      const tree = await openArtifact(panel, 'settings.json');
      await eventually(async () => assert.match(await tree.innerText(), /model:\s+\{2\}\s+depth: 3\s+names:\s+\[2\]\s+rows:\s+\[250\]\s+__proto__x: null/));
      await tree.locator('summary', { hasText: 'rows' }).press('Enter');
      await tree.getByRole('button', { name: 'Show 100 more of 150' }).press('Enter');
      await tree.getByRole('button', { name: 'Show 50 more of 50' }).waitFor();
      assert.equal(await panel.page.evaluate(() => document.activeElement !== document.body), true, 'focus is kept');
      const lines = await openArtifact(panel, 'events.jsonl');
      await eventually(async () => assert.match(await lines.innerText(), /\[2\]\s+0:\s+\{1\}\s+step: 1\s+1:\s+\{1\}\s+step: 2/));
      const log = await openArtifact(panel, 'train.log');
      assert.deepEqual(await log.locator('pre span').evaluateAll((spans) => spans.map((span): string[] => [span.textContent, span.getAttribute('class') ?? ''])), [['ok', 'ansi-fg-2'], ['failed', 'ansi-fg-1 ansi-bold']]);
      const table = await openArtifact(panel, 'table.tsv');
      await table.getByText('The first 200 rows').waitFor();
      await table.getByRole('button', { name: 'Show 200 more' }).press('Enter');
      await table.getByText('The first 400 rows').waitFor();
      const sound = await openArtifact(panel, 'tone.wav');
      await sound.locator('audio').evaluate((audio: HTMLAudioElement) => {
        if (audio.readyState >= 1) return undefined;
        return new Promise<void>((resolve, reject) => {
          audio.addEventListener('loadedmetadata', () => resolve());
          audio.addEventListener('error', () => reject(new Error('not playable')));
        });
      });
      const parquet = await openArtifact(panel, 'frame.parquet');
      await parquet.getByText('3 rows').waitFor();
      assert.deepEqual(await parquet.locator('td').allInnerTexts(), ['0', 'zero', '1', '<b>one</b>', '2', 'two']);
      assert.match(await (await openArtifact(panel, 'weights.npy')).innerText(), /NumPy array[\s\S]*<f8[\s\S]*64 × 10[\s\S]*Nothing in it was run/);
      assert.match(await (await openArtifact(panel, 'notes.md')).innerText(), /# Notes\n<img src=x onerror/);
      assert.deepEqual(await panel.accessibility(), []);
      assert.deepEqual(panel.complaints, []);
      if (process.env['RUNWEAVE_SCREENSHOTS'] !== undefined) await panel.page.screenshot({ path: `${process.env['RUNWEAVE_SCREENSHOTS']}/artifacts-${theme}.png`, fullPage: true });
    });
  }

  it('opens what is large in pieces, and asks before it loads what has to be whole', async () => {
    const panel = await openRun(withArtifacts([{ name: 'long.log', mediaType: 'text/plain', size: 600_000 }, { name: 'huge.png', mediaType: 'image/png', size: 90_000_000 }]), { state: { tab: 'artifacts' } });
    const text = await openArtifact(panel, 'long.log', false);
    await panel.page.waitForFunction(() => (globalThis as unknown as { vscodeMock: { posted: { type: string }[] } }).vscodeMock.posted.some(({ type }) => type === 'load-artifact'));
    assert.deepEqual(await posted(panel), [{ type: 'load-artifact', digest: digestOf(1), range: { start: 0, end: 262_144 } }]);
    await panel.send({ type: 'artifact', digest: digestOf(1), range: { start: 0, end: 262_144 }, data: Buffer.from('first piece').toString('base64') } satisfies RunHostMessage);
    await text.getByText('262.1 kB of 600.0 kB').waitFor();
    await text.getByRole('button', { name: 'Show more' }).press('Enter');
    await panel.send({ type: 'artifact', digest: digestOf(1), range: { start: 262_144, end: 524_288 } } satisfies RunHostMessage);
    await text.getByText('no longer here').waitFor();
    const picture = await openArtifact(panel, 'huge.png');
    assert.match(await picture.innerText(), /This is 90\.0 MB/);
    assert.equal((await posted(panel)).length, 2);
    await picture.getByRole('button').press('Enter');
    await eventually(async () => assert.deepEqual((await posted(panel)).at(-1), { type: 'load-artifact', digest: digestOf(2) }));
  });

  it('opens, saves and copies an artifact, runs again, and restores, by keyboard', async () => {
    const panel = await openRun(withArtifacts(many.slice(0, 1)));
    for (const name of ['Run again', 'Restore parameters…', 'Restore sources…']) await panel.page.getByRole('button', { name }).press('Enter');
    await tab(panel, 'artifacts');
    for (const name of ['Open', 'Save as…', 'Copy path']) await panel.page.getByRole('button', { name: new RegExp(`^${name} `) }).press('Enter');
    const of = { digest: digestOf(1), name: 'report.html' };
    assert.deepEqual(await posted(panel), [{ type: 'run-again' }, { type: 'restore-parameters' }, { type: 'restore-sources' }, { type: 'open-artifact', ...of }, { type: 'save-artifact', ...of }, { type: 'copy-artifact-path', ...of }]);
  });

  it('lists its sources with how the workspace differs', async () => {
    const panel = await openRun(digitsEvents());
    await tab(panel, 'sources');
    assert.deepEqual(await posted(panel), [{ type: 'look-at-workspace' }]);
    const digest = `sha256:${'b'.repeat(64)}`;
    await panel.send({ type: 'workspace', files: { [`notebooks/train.py ${digest}`]: 'changed', [`tasks/ingest.py ${digest}`]: 'same', [`tasks/prepare.py ${digest}`]: 'gone' } } satisfies RunHostMessage);
    const row = panel.page.locator('tr', { hasText: 'notebooks/train.py' });
    await row.getByText('changed since').waitFor();
    await row.getByRole('button', { name: 'Compare' }).press('Enter');
    await row.getByRole('button', { name: 'notebooks/train.py', exact: true }).press('Enter');
    assert.equal(await panel.page.locator('tr', { hasText: 'tasks/ingest.py' }).getByRole('button', { name: 'Compare' }).count(), 0);
    assert.deepEqual((await posted(panel)).slice(1), [{ type: 'compare-source', path: 'notebooks/train.py', digest }, { type: 'open-artifact', digest, name: 'notebooks/train.py' }]);
    assert.deepEqual(await panel.accessibility(), []);
  });

  it('shows resources over time, with the samples as a table', async () => {
    const events = digitsEvents().flatMap((event): readonly RunEvent[] => (event.type === 'resources' && event.task === 'ingest' ? [1, 2, 3].map((step) => ({ ...event, time: String(BigInt(event.time) - BigInt(4 - step) * 500_000_000n) as typeof event.time, cpu: step * 0.4, memory: step * 100_000_000 })) : [event]));
    const panel = await openRun(events);
    await tab(panel, 'resources');
    const row = panel.page.locator('tr', { hasText: 'ingest' });
    assert.match((await row.locator('svg.spark').nth(1).getAttribute('aria-label')) ?? '', /^Memory of ingest: 3 samples in 2\.\d s, at most 300\.0 MB/);
    await row.getByRole('button').press('Enter');
    const detail = panel.page.locator('.detail');
    await detail.locator('summary', { hasText: 'Resources of attempt 1' }).press('Enter');
    await detail.locator('summary', { hasText: 'As a table' }).press('Enter');
    await detail.getByRole('cell', { name: '200.0 MB', exact: true }).waitFor();
    assert.deepEqual(await panel.accessibility(), []);
  });

  it('puts the environment in order', async () => {
    const panel = await openRun(digitsEvents(), { state: { tab: 'environment' } });
    const text = await panel.page.locator('.tab-panel').innerText();
    assert.match(text, /Interpreter[\s\S]*Packages that tasks imported[\s\S]*numpy\s+2\.3\.4[\s\S]*Git[\s\S]*vcs\.ref\.head\.name\s+main[\s\S]*Machine[\s\S]*host\.name\s+laptop/);
  });

  it('says at the attempt, and nowhere else, how it was started', async () => {
    const events = digitsEvents().map((event): RunEvent => (event.type === 'attempt-started' && event.task === 'ingest' ? { ...event, note: 'numpy is not loaded ahead' } : event));
    const panel = await openRun(events, { state: { tab: 'tasks', task: 'ingest' } });
    assert.equal(await panel.page.locator('.banner').count(), 0);
    assert.match(await panel.page.locator('.attempt').innerText(), /numpy is not loaded ahead/);
  });

  it('lists the checks of an attempt with what was found instead', async () => {
    const events = digitsEvents().flatMap((event): readonly RunEvent[] => (event.type === 'attempt-ended' && event.task === 'ingest' ? [{ type: 'checked', time: event.time, task: event.task, attempt: event.attempt, checks: [{ type: 'before', check: 'test -s <b>a</b>', outcome: 'success' }, { type: 'condition', check: 'rows >= 2000', outcome: 'failure', found: 'it is 1797' }] }, event] : [event]));
    const panel = await openRun(events, { state: { tab: 'tasks', task: 'ingest' } });
    const lines = await panel.page.locator('.checks > li').allInnerTexts();
    assert.deepEqual(lines.map((line) => line.replace(/\s+/g, ' ')), ['succeeded test -s <b>a</b> · before the task', 'failed rows >= 2000 · it is 1797']);
    assert.deepEqual(await panel.page.locator('.checks .mark > span').evaluateAll((marks) => marks.map((mark) => mark.classList.contains('phase-failure'))), [false, true]);
    assert.deepEqual(await panel.accessibility(), []);
    assert.deepEqual(panel.complaints, []);
  });

  it('shows what people said of the run, of a task and of its outputs', async () => {
    const panel = await openRun(withArtifacts(many.slice(0, 1)), { state: { tab: 'tasks', task: 'ingest' } });
    const { runId } = fold(digitsEvents());
    const name = many[0]?.name ?? '';
    const note = (text: string) => [{ text, time: '2026-12-21T00:00:00Z' }];
    await panel.send({
      type: 'remarks',
      remarks: [
        { runId, tags: ['baseline'], notes: note('<b>first</b>') },
        { runId, task: 'ingest' as never, tags: [], notes: note('slow today') },
        { runId, task: 'ingest' as never, output: name, tags: ['golden'], notes: [], flag: { why: 'row 7' } },
      ],
    } satisfies RunHostMessage);
    const remarks = panel.page.locator('details.section', { hasText: 'Remarks' }).locator('li');
    await remarks.nth(1).waitFor();
    assert.match(await remarks.nth(0).innerText(), /slow today$/);
    assert.equal((await remarks.nth(1).innerText()).replaceAll(/\s+/g, ' '), `${name} ⚑ flagged: row 7 tag golden`);
    assert.match(await panel.page.locator('.run-header').innerText(), /baseline[^]*<b>first<\/b>/);
    await tab(panel, 'artifacts');
    await panel.page.locator('.artifact', { hasText: name }).getByText('⚑ flagged: row 7').waitFor();
    assert.deepEqual(await panel.accessibility(), []);
  });

  it('offers only what its host can do', async () => {
    const panel = await openRun(withArtifacts(many), {}, ['ready', 'load-artifact', 'save-artifact']);
    assert.equal(await panel.page.locator('.run-actions button').count(), 0);
    await tab(panel, 'artifacts');
    assert.equal(await panel.page.getByRole('button', { name: /^(Open|Copy path) / }).count(), 0);
    assert.ok((await panel.page.getByRole('button', { name: /^Save as/ }).count()) > 0);
    await tab(panel, 'sources');
    assert.equal(await panel.page.locator('.tab-panel button').count(), 0);
    await tab(panel, 'tasks');
    await panel.page.click('td button:has-text("train[nr_train_images=400]")');
    assert.equal(await panel.page.locator('.detail').getByRole('button', { name: 'notebooks/train.py' }).count(), 0);
    assert.deepEqual((await posted(panel)).filter(({ type }) => type !== 'load-artifact'), []);
  });
});

describe('hostile content', () => {
  const script = '<script>globalThis.hacked = 1; fetch("http://evil.invalid/s")</script><img src=x onerror="globalThis.hacked = 1"><img src="http://evil.invalid/i"><link rel=stylesheet href="http://evil.invalid/c"><iframe src="http://evil.invalid/f"></iframe><a href="javascript:hacked = 1">x</a><meta http-equiv="refresh" content="0;url=http://evil.invalid/m"><form action="http://evil.invalid/p"><button>x</button></form>';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="parent.hacked = 1"><script>parent.hacked = 1; fetch("http://evil.invalid/v")</script><image href="http://evil.invalid/im"/><foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><img src="http://evil.invalid/fo"/></body></foreignObject><rect width="40" height="40"/></svg>`;
  const notebook = JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [
    { cell_type: 'markdown', metadata: {}, source: `# x\n${script}\n![i](http://evil.invalid/md)` },
    { cell_type: 'code', metadata: { tags: [script] }, execution_count: script, source: script, outputs: [
      { output_type: 'display_data', metadata: {}, data: { 'text/html': script } },
      { output_type: 'display_data', metadata: {}, data: { 'image/svg+xml': svg } },
      { output_type: 'display_data', metadata: {}, data: { 'application/javascript': 'hacked = 1', 'text/plain': script } },
      { output_type: 'stream', name: 'stdout', text: `\u001b]8;;javascript:hacked=1\u0007${script}` },
      { output_type: 'error', ename: script, evalue: script, traceback: [script] },
      null, 7, { output_type: {} },
    ] },
    null, [], { cell_type: 'code', source: 5, outputs: 'x' },
  ] });
  const artifacts: readonly Given[] = [
    { name: `${script}.html`, mediaType: 'text/html', text: script },
    { name: 'a.svg', mediaType: 'image/svg+xml', text: svg },
    { name: 'n.ipynb', mediaType: 'application/x-ipynb+json', text: notebook },
    { name: 'm.md', mediaType: 'text/markdown', text: script },
    { name: 'x.xhtml', mediaType: 'application/xhtml+xml', text: `<html xmlns="http://www.w3.org/1999/xhtml">${svg}</html>` },
    { name: 'x.xml', mediaType: 'application/xml', text: `<?xml-stylesheet href="http://evil.invalid/x"?>${svg}` },
    { name: 't.csv', mediaType: 'text/csv', text: `"${script.replaceAll('"', '""')}",=cmd()\n${script.replaceAll(',', ' ').replaceAll('"', "'")},2\n` },
    { name: 'j.json', mediaType: 'application/json', text: JSON.stringify({ [script]: script, __proto__: null, constructor: [script] }) },
    { name: 'l.log', mediaType: 'text/plain', text: `\u001b[31m${script}\u001b[0m` },
    { name: 'p.png', mediaType: 'image/png"><script>hacked=1</script>', text: 'x' },
    { name: 'j.js', mediaType: 'text/javascript', text: 'globalThis.hacked = 1' },
    { name: 'm.safetensors', mediaType: 'application/octet-stream', bytes: Buffer.concat([Buffer.from([2, 1, 0, 0, 0, 0, 0, 0]), Buffer.from(JSON.stringify({ __metadata__: { [script.slice(0, 60)]: script.slice(0, 60) } }).padEnd(258))]) },
    { name: 'broken.parquet', mediaType: 'application/vnd.apache.parquet', text: 'PAR1 nothing PAR1' },
    { name: 'broken.json', mediaType: 'application/json', text: `{${script}` },
    { name: 'a.wav', mediaType: 'audio/wav', text: script },
  ];

  function hostileRun(): readonly RunEvent[] {
    return withArtifacts(artifacts).flatMap((event): readonly RunEvent[] => {
      if (event.type === 'run-started') return [{ ...event, pipeline: { name: script, file: script }, params: { [script]: script, __proto__: script }, trigger: { type: 'change', files: [script], count: 2 }, resource: { ...event.resource, [script]: script, 'vcs.ref.head.name': script } }];
      if (event.type === 'task-started') return [{ ...event, params: { [script]: script } }];
      if (event.type === 'task-stale') return [{ ...event, reasons: [{ type: 'source-changed', path: script, from: digestOf(1), to: digestOf(2) }] }];
      if (event.type === 'sources') return [{ ...event, files: { [script]: digestOf(3), '../../etc/passwd': digestOf(3) } }];
      if (event.type === 'attempt-ended' && event.task === 'ingest') {
        const of = { time: event.time, task: event.task, attempt: event.attempt } as const;
        const failure = { type: script, message: script, stacktrace: `\u001b[31m${script}`, frames: [{ file: script, line: 1, function: script }, { file: 'javascript:hacked=1', line: 1, function: 'x' }] };
        return [
          { type: 'metric', ...of, name: script, value: 1 }, { type: 'metric', ...of, name: script, value: 2 }, { type: 'metric', ...of, name: '__proto__', value: 2 },
          { type: 'tag', ...of, name: script, value: script },
          { type: 'output', ...of, stream: 'stdout', text: `${script}\n\u001b]0;${script}\u0007` },
          { type: 'checked', ...of, checks: [{ type: 'after', check: script, outcome: 'failure', found: script }] },
          { type: 'warned', ...of, warnings: [{ category: script, message: script, file: script, line: 1, count: 1 }] },
          { type: 'span', ...of, span: { traceId: '1'.repeat(32), spanId: '1'.repeat(16), parentSpanId: '2'.repeat(16), name: script, kind: 1, start: event.time, end: event.time, attributes: { [script]: script }, events: [], links: [], status: { code: 2, message: script }, scope: { name: script } } as never },
          { ...event, outcome: 'failure', failure },
        ];
      }
      if (event.type === 'task-ended' && event.task === 'ingest') return [{ ...event, outcome: 'failure', failure: { type: script, message: script }, returns: { [script]: script } }];
      return [event];
    });
  }

  it('runs no script and asks for nothing, whatever is opened', async () => {
    const panel = await openRun(hostileRun(), { height: 2000 });
    const ours = /^(data:|http:\/\/127\.0\.0\.1:\d+\/(run-parquet|mermaid)\.js$|about:)/;
    const sent = watchRequests(panel.page, (url) => !ours.test(url));
    await tab(panel, 'artifacts');
    const closed = panel.page.locator('.artifact > details:not([open]) > summary');
    for (let left = await closed.count(); left > 0; left -= 1) await closed.first().press('Enter');
    await panel.page.waitForFunction(() => ![...document.querySelectorAll('.artifact details[open] .preview')].some((body) => body.childElementCount === 0 || body.textContent === 'Loading…'));
    const body = panel.page.locator('.tab-panel');
    // A frame loads when it comes into sight.
    for (const frame of await body.locator('iframe').all()) {
      await frame.scrollIntoViewIfNeeded();
      await frame.contentFrame().locator('body > *').first().waitFor({ state: 'attached' });
    }
    assert.equal(await body.locator('script, link, meta, form, object, embed, iframe:not([sandbox=""]), [onerror], [onload], a').count(), 0);
    assert.match(await body.innerText(), /This can’t be shown/);
    for (const id of ['timeline', 'graph', 'tasks', 'parameters', 'metrics', 'output', 'sources', 'resources', 'environment']) {
      await tab(panel, id);
      if (id === 'graph') await panel.page.locator('.pane .node').first().waitFor();
      if (id === 'tasks') await panel.page.locator('[data-key="task ingest"]').press('Enter');
      if (id === 'timeline') {
        await panel.page.fill('input[type=search]', 'evil');
        await panel.page.locator('.timeline-list').press('End');
        await panel.page.locator('.timeline-list').press('Enter');
      }
      assert.equal(await panel.page.locator('main script, main link, main meta, main form, main object, main iframe:not([sandbox=""]), main [onerror], main [onload], main a').count(), 0, id);
    }
    // Time for what would have been asked for: an image of ours is loaded after all of it.
    await panel.page.evaluate(() => new Promise((resolve) => {
      const image = new Image();
      image.addEventListener('load', resolve);
      image.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=';
    }));
    assert.deepEqual(await sent(), []);
    assert.equal(await panel.page.evaluate(() => 'hacked' in globalThis), false);
    for (const frame of panel.page.frames()) assert.ok(['about:srcdoc', ''].includes(frame.url()) || frame === panel.page.mainFrame(), frame.url());
    assert.ok(!panel.complaints.some((complaint) => /TypeError|ReferenceError|RangeError/.test(complaint)), panel.complaints.join('\n'));
  });

  it('opens no link of a record by itself: a path is the host’s to judge', async () => {
    const panel = await openRun(hostileRun(), { state: { tab: 'tasks', task: 'ingest' } });
    await panel.page.locator('.frames button').last().press('Enter');
    assert.deepEqual((await posted(panel)).at(-1), { type: 'open-file', path: 'javascript:hacked=1', line: 1 });
    assert.equal(await panel.page.evaluate(() => 'hacked' in globalThis), false);
  });
});
