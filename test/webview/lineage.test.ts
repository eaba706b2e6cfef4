/** The lineage page as its host sees it, by keyboard alone. Answers are made by the functions that every host uses. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LineageHostMessage, LineageViewMessage } from '../../src/protocol/lineage-view.ts';
import { answerLineage, taskNames, type LineageQuestion, type LineageSources } from '../../src/query/lineage-answer.ts';
import { lineageOf, outputNames } from '../../src/query/lineage.ts';
import { sketchedRun as run } from '../unit/query/sketched-run.ts';
import { openPanels, type Panel, type Panels } from './panel-page.ts';
import type { ThemeName } from './themes.ts';

let panels: Panels;
before(async () => {
  panels = await openPanels();
});
after(() => panels.close());

const hostile = '<img src=x onerror="document.title=\'run\'">';
const changed = (path: string) => [{ type: 'source-changed' as const, path, from: 'sha256:11112222' as never, to: 'sha256:33334444' as never }];
const history = [
  run('20261101T100000Z-p-000a', 20758, { load: { did: 'ok', input: 'aaaabbbb' }, clean: { did: 'ok' }, train: { did: 'ok', metric: 0.8, param: 0.1 }, plot: { did: 'ok' }, report: { did: 'ok' } }),
  run('20261102T100000Z-p-000b', 20759, { load: { did: '=20261101T100000Z-p-000a' }, clean: { did: '=20261101T100000Z-p-000a' }, train: { did: 'ok', code: 'v2', metric: 0.9, param: 0.1, reasons: changed('train.py') }, plot: { did: '=20261101T100000Z-p-000a' }, report: { did: 'ok', reasons: changed(hostile) } }),
  run('20261103T100000Z-p-000c', 20760, { load: { did: '=20261101T100000Z-p-000a' }, clean: { did: 'ok', code: 'v2' }, train: { did: 'bad', code: 'v2' } }),
  run('20261220T100000Z-p-000d', 20807, { load: { did: '=20261101T100000Z-p-000a' }, clean: { did: '=20261101T100000Z-p-000a' }, train: { did: 'ok', code: 'v3', param: 0.5, metric: 0.7, reasons: changed('train.py') }, plot: { did: '=20261101T100000Z-p-000a' }, report: { did: 'ok' } }),
];
const lineage = lineageOf(history);
const flags = [
  { runId: '20261102T100000Z-p-000b' as never, task: 'report' as never, output: 'build/report.out', why: hostile, time: '2026-12-01T00:00:00Z' },
  { runId: 'gone' as never, task: 'report' as never, output: 'build/report.out', time: '2026-12-02T00:00:00Z' },
];
const sources: LineageSources = { lineage, flags, staleNow: (each) => (each.task === 'load' ? { type: 'stale-now', perhaps: false, reasons: ['input data.csv changed'] } : undefined) };

/** A host that answers by what it was given. */
async function open(question: LineageQuestion, options: Parameters<Panels['open']>[1] & { readonly can?: boolean; readonly given?: LineageSources } = {}): Promise<Panel & { readonly answer: () => Promise<void>; readonly tell: (message: LineageHostMessage) => Promise<void> }> {
  const { can = true, given = sources, ...rest } = options;
  const panel = await panels.open('lineage', { width: 1100, height: 700, ...rest });
  let answered = 0;
  const tell = (message: LineageHostMessage): Promise<void> => panel.send(message);
  const answer = async (): Promise<void> => {
    const asked = (await panel.posted()) as readonly LineageViewMessage[];
    for (const message of asked.slice(answered)) if (message.type === 'ask') await tell({ type: 'answer', question: message.question, answer: answerLineage(message.question, given) });
    answered = asked.length;
  };
  await tell({ type: 'start', can: { annotate: can, openRun: can, compareCode: can }, question });
  await tell({ type: 'names', outputs: outputNames(lineage), tasks: taskNames(lineage) });
  await answer();
  return { ...panel, answer, tell };
}

const trace = (output: string, direction: 'upstream' | 'downstream' = 'upstream'): LineageQuestion => ({ type: 'trace', output, direction });
const focused = (panel: Panel): Promise<string> => panel.page.evaluate('document.activeElement.textContent.trim()');
const press = async (panel: Panel, ...keys: readonly string[]): Promise<void> => {
  for (const each of keys) await panel.page.keyboard.press(each);
};
const asked = async (panel: Panel): Promise<unknown> => (await panel.posted()).at(-1);

describe('lineage page', () => {
  it('shows what an output was made from as a tree, each execution once, with its warnings', async () => {
    const panel = await open(trace('report.out'));
    const rows = panel.page.getByRole('treeitem');
    assert.deepEqual(await rows.locator('strong').allInnerTexts(), ['report', 'train', 'clean', 'load', 'plot', 'clean']);
    assert.deepEqual(await rows.evaluateAll((all) => all.map((row) => row.getAttribute('aria-level'))), ['1', '2', '3', '4', '2', '3']);
    assert.match(await rows.nth(1).innerText(), /what clean made was 48 days old when it was used \(and 1 more\)/);
    assert.match(await rows.nth(3).innerText(), /stale now: input data.csv changed/);
    assert.match(await rows.nth(5).innerText(), /see above/);
    // The first is chosen: keys go on from there.
    assert.match(await focused(panel), /^▾succeeded, report/);
    await panel.page.getByText('5 executions, 3 with warnings').first().waitFor();
    await press(panel, 'ArrowDown', 'ArrowDown');
    const card = panel.page.getByRole('complementary', { name: 'Execution' });
    await card.getByText('Drops what can not be right').waitFor();
    assert.match(await card.innerText(), /owner\s+data-team/);
    assert.match(await card.innerText(), /commit\s+commit-/);
    await press(panel, 'ArrowLeft', 'ArrowLeft', 'ArrowLeft');
    assert.match(await focused(panel), /train/);
    assert.equal(await panel.page.locator('.tree-row:visible').count(), 4);
    await press(panel, 'ArrowRight', 'End', 'Home', 'p');
    assert.match(await focused(panel), /plot/);
    await press(panel, 'Enter');
    assert.deepEqual(await asked(panel), { type: 'open-run', runId: '20261101T100000Z-p-000a' });
    assert.deepEqual(panel.complaints, []);
  });

  it('goes forwards, to another version, to the history of a task, and back', async () => {
    const panel = await open(trace('clean.out'));
    assert.deepEqual(await panel.page.locator('#version option').allInnerTexts().then((all) => all.map((text) => text.split(' of ')[1])), ['20261101T100000Z-p-000a', '20261103T100000Z-p-000c']);
    await panel.page.getByRole('button', { name: 'Went into' }).press('Enter');
    assert.deepEqual(await asked(panel), { type: 'ask', question: trace('20261101T100000Z-p-000a/clean/build/clean.out', 'downstream') });
    await panel.answer();
    assert.deepEqual(await panel.page.getByRole('treeitem').locator('strong').allInnerTexts(), ['clean', 'train', 'report', 'train', 'report', 'plot', 'report', 'report', 'report', 'train', 'report']);
    await panel.page.getByRole('button', { name: 'All executions of this task' }).press('Enter');
    await panel.answer();
    await panel.page.getByText('2 executions').first().waitFor();
    assert.deepEqual(await panel.page.locator('tbody tr').evaluateAll((all) => all.map((row) => row.querySelectorAll('td')[3]?.textContent)), ['20261103T100000Z-p-000c', '20261101T100000Z-p-000a']);
    await panel.page.getByRole('button', { name: '← Back' }).press('Enter');
    assert.deepEqual(await asked(panel), { type: 'ask', question: trace('20261101T100000Z-p-000a/clean/build/clean.out', 'downstream') });
  });

  it('asks by name, and says what was probably meant', async () => {
    const panel = await open(trace('train.out'));
    await panel.page.focus('#subject');
    await panel.page.keyboard.press('Control+a');
    await panel.page.keyboard.type('build/reprot.out');
    await press(panel, 'Enter');
    await panel.answer();
    await panel.page.getByText('No recorded run made build/reprot.out; did you mean build/report.out?').first().waitFor();
    await panel.page.getByRole('button', { name: 'History' }).press('Enter');
    assert.equal(await panel.page.evaluate('document.activeElement.id'), 'subject');
    await panel.page.keyboard.type('train');
    await press(panel, 'Enter');
    await panel.answer();
    assert.deepEqual(await panel.page.locator('thead th').allInnerTexts(), ['Outcome', 'Started', 'Took', 'Run', 'Version', 'param', 'accuracy', 'Why it ran', 'Outputs']);
    assert.match(await panel.page.locator('tbody').innerText(), /source train\.py changed/);
  });

  it('flags an output with a note, and takes it back', async () => {
    const panel = await open(trace('train.out'));
    await panel.page.getByRole('button', { name: 'Flag as bad: build/train.out' }).first().press('Enter');
    await panel.page.keyboard.type('predicts zeros');
    await press(panel, 'Enter');
    const target = { runId: '20261220T100000Z-p-000d', task: 'train', output: 'build/train.out' };
    assert.deepEqual(await asked(panel), { type: 'annotate', target, change: { type: 'flag', on: true, why: 'predicts zeros' } });
    const flagged = await open(trace('b/report/build/report.out'.replace('b/', '20261102T100000Z-p-000b/')));
    await flagged.page.getByRole('button', { name: 'Unflag: build/report.out' }).first().press('Enter');
    assert.deepEqual(await asked(flagged), { type: 'annotate', target: { ...target, runId: '20261102T100000Z-p-000b', task: 'report', output: 'build/report.out' }, change: { type: 'flag', on: false } });
  });

  it('shows tags and notes with what they are on, puts them there, and takes a tag off', async () => {
    const target = { runId: '20261220T100000Z-p-000d' as never, task: 'train' as never, output: 'build/train.out' };
    const remarks = [{ ...target, tags: ['golden', hostile], notes: [{ text: hostile, author: 'Ada', time: '2026-12-21T00:00:00Z' }] }, { runId: target.runId, task: target.task, tags: [], notes: [{ text: 'took long', time: '2026-12-21T00:00:00Z' }] }];
    const panel = await open(trace('train.out'), { given: { ...sources, remarks } });
    const heading = panel.page.locator('.heading');
    assert.deepEqual(await heading.locator('.tag').allInnerTexts().then((all) => all.map((text) => text.replace(/^tag\s/, ''))), ['golden', hostile]);
    assert.match(await panel.page.getByRole('treeitem').first().innerText(), /golden/);
    const card = panel.page.getByRole('complementary', { name: 'Execution' });
    await card.getByText('took long').waitFor();
    assert.equal(await card.locator('tr', { hasText: 'build/train.out' }).locator('.note').getAttribute('title').then((title) => title?.startsWith('Ada, ')), true);
    const answer = async (button: string, text: string): Promise<unknown> => {
      await heading.getByRole('button', { name: button }).press('Enter');
      await panel.page.keyboard.type(text);
      await press(panel, 'Enter');
      return asked(panel);
    };
    assert.deepEqual(await answer('Tag: build/train.out', 'best'), { type: 'annotate', target, change: { type: 'tag', tag: 'best', on: true } });
    assert.deepEqual(await answer('Tag: build/train.out', '-golden'), { type: 'annotate', target, change: { type: 'tag', tag: 'golden', on: false } });
    assert.deepEqual(await answer('Note: build/train.out', 'row 7'), { type: 'annotate', target, change: { type: 'note', text: 'row 7' } });
    assert.equal(await panel.page.title(), 'Runweave');
    assert.deepEqual(await panel.accessibility(), []);
  });

  it('ranks what flagged outputs have in common, and leads to the runs and the code', async () => {
    const panel = await open({ type: 'review' });
    await panel.page.getByRole('heading', { name: '1 flagged output, compared with 2 good ones' }).waitFor();
    const first = panel.page.locator('.suspects tbody tr').first();
    assert.match(await first.innerText(), /code train\.py sha256:v2.*\s+train\s+1\/1\s+0\/2/);
    await first.getByRole('button', { name: /^Runs of code train\.py/ }).press('Enter');
    const runs = panel.page.locator('.suspects tbody tr').nth(1);
    await runs.getByRole('button', { name: '20261102T100000Z-p-000b' }).press('Enter');
    assert.deepEqual(await asked(panel), { type: 'open-run', runId: '20261102T100000Z-p-000b' });
    await first.getByRole('button', { name: 'Good ↔ bad, train.py' }).press('Enter');
    assert.deepEqual(await asked(panel), { type: 'compare-code', path: 'train.py', from: 'sha256:v3', to: 'sha256:v2' });
    // What was unfolded stays so when records change.
    await panel.tell({ type: 'changed' });
    await panel.answer();
    await runs.waitFor();
    assert.match(await panel.page.locator('.flags').innerText(), /its record is not here any more/);
    assert.equal(await panel.page.title(), 'Runweave');
  });

  it('offers only what its host can do', async () => {
    const panel = await open(trace('report.out'), { can: false });
    assert.equal(await panel.page.getByRole('button', { name: /Flag|Unflag|Tag|Note/ }).count(), 0);
    await press(panel, 'Enter');
    assert.equal((await panel.posted()).filter(({ type }) => type === 'open-run').length, 0);
  });

  it('goes on after a reload where it was, and says when nothing is flagged', async () => {
    const panel = await panels.open('lineage', { state: { question: { type: 'review' }, before: [trace('train.out')] } });
    await panel.send({ type: 'start', can: { annotate: true, openRun: true, compareCode: true } } satisfies LineageHostMessage);
    assert.deepEqual(await asked(panel), { type: 'ask', question: { type: 'review' } });
    await panel.send({ type: 'answer', question: { type: 'review' }, answer: answerLineage({ type: 'review' }, { lineage, flags: [] }) } satisfies LineageHostMessage);
    await panel.page.getByText(/^No output is flagged/).first().waitFor();
    assert.equal(await panel.page.getByRole('button', { name: '← Back' }).isDisabled(), false);
  });

  for (const theme of ['dark', 'light', 'high-contrast'] satisfies readonly ThemeName[]) {
    it(`has no serious findings in ${theme}`, async () => {
      for (const [name, question] of [['trace', trace('report.out')], ['history', { type: 'history', task: 'train' }], ['review', { type: 'review' }]] as const) {
        const panel = await open(question, { theme });
        if (name === 'trace') await press(panel, 'ArrowDown', 'ArrowDown');
        if (name === 'review') await panel.page.getByRole('button', { name: /^Runs of/ }).first().press('Enter');
        assert.deepEqual(await panel.accessibility(), [], name);
        assert.deepEqual(panel.complaints, []);
      }
    });
  }
});
