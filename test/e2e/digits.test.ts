/** The README's promises, on the real example: a real training, edited the way a person edits it. */
import assert from 'node:assert/strict';
import { readdirSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import type { PlanEntry } from '../../src/model/plan.ts';
import type { RunState } from '../../src/model/run-state.ts';
import { readRecord } from '../../src/store/read-record.ts';
import { exampleWorkspace, type Workspace } from './runweave.ts';

const sizes = [400, 500, 600];
const train = sizes.map((size) => `train[nr_train_images=${size}]`);
const benchmark = sizes.map((size) => `benchmark[nr_train_images=${size}]`);

async function planned(workspace: Workspace): Promise<{ readonly tasks: readonly string[]; readonly reasons: readonly string[] }> {
  const { code, stdout } = await workspace.runweave('plan', '--json');
  assert.equal(code, 0);
  const { entries } = JSON.parse(stdout) as { readonly entries: readonly PlanEntry[] };
  const stale = entries.filter((entry) => entry.action === 'run' || entry.action === 'maybe');
  return { tasks: stale.map((entry) => entry.task as string).sort(), reasons: stale.flatMap((entry) => entry.reasons.map((reason) => `${entry.task}: ${reason.type}`)) };
}

async function recordIn({ folder }: Workspace): Promise<RunState> {
  const runs = path.join(folder, '.runweave', 'runs');
  const read = await readRecord(path.join(runs, readdirSync(runs)[0] ?? ''));
  if (read.type !== 'run') assert.fail(read.type);
  return read.state;
}

it('runs exactly what a change affects, as the plan said', async (context) => {
  const workspace = exampleWorkspace(context, 'digits');

  const first = await workspace.run();
  assert.equal(first.code, 0);
  assert.deepEqual(first.executed, [...benchmark, 'eda', 'ingest', 'publish', 'split', 'summary', ...train].sort());

  // Four ways to report, each as it is documented by its makers, in one record.
  const state = await recordIn(workspace);
  const { ingest, publish, 'benchmark[nr_train_images=600]': measured, 'train[nr_train_images=600]': trained } = Object.fromEntries(state.tasks.map((task) => [task.node.id, task]));
  assert.deepEqual(ingest?.attempts[0]?.spans.map(({ name }) => name), ['load', 'write']);
  assert.deepEqual(ingest.attempts[0].output.flatMap(({ log }) => log?.body ?? []), ['1797 images of 64 pixels']);
  assert.deepEqual([ingest.metrics['nr_images']?.last, ingest.metrics['nr_pixels']?.last], [1797, 64]);
  assert.equal(trained?.metrics['cross_validation_accuracy']?.values.length, 5);
  assert.ok(trained.artifacts.some(({ name }) => name === 'support-vectors.png'));
  assert.deepEqual(measured?.metrics['roc_auc_of_digit']?.steps, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(measured.artifacts.map(({ name }) => name), ['roc-curves.png', 'confusion-matrix.png', 'mistakes.png', 'benchmark.ipynb']);
  assert.equal(measured.tags['mlflow.source.type'], 'NOTEBOOK');
  const rounded = (value: unknown): string => Number(value).toFixed(5);
  assert.equal(rounded(publish?.metrics['roc_auc_macro']?.last), rounded(measured.metrics['roc_auc_macro']?.last));
  assert.deepEqual({ ...publish?.loggedParams }, { model: { nr_train_images: 600 } });

  const second = await workspace.run();
  assert.deepEqual([second.code, second.executed], [0, []]);
  assert.deepEqual((await planned(workspace)).tasks, []);

  const now = new Date();
  for (const file of ['tasks/ingest.py', 'tasks/prepare.py', 'notebooks/train.py', 'notebooks/eda.ipynb', 'tasks/publish.sh', 'runweave.yaml']) utimesSync(path.join(workspace.folder, file), now, now);
  assert.deepEqual((await workspace.run()).executed, []);

  workspace.write('notebooks/train.py', workspace.read('notebooks/train.py').replace('C = 10.0', 'C = 0.5'));
  const afterConstant = [...train, ...benchmark, 'publish', 'summary'].sort();
  const constantPlan = await planned(workspace);
  assert.deepEqual(constantPlan.tasks, afterConstant);
  assert.ok(constantPlan.reasons.includes('train[nr_train_images=400]: source-changed'));
  assert.ok(constantPlan.reasons.includes('benchmark[nr_train_images=400]: upstream-will-run'));
  assert.ok(constantPlan.reasons.includes('summary: upstream-may-run'));
  assert.deepEqual((await workspace.run()).executed, afterConstant);

  workspace.write('runweave.yaml', workspace.read('runweave.yaml').replace('[400, 500, 600]', '[400, 500, 700]'));
  const oneBranch = ['benchmark[nr_train_images=700]', 'publish', 'summary', 'train[nr_train_images=700]'];
  assert.deepEqual((await planned(workspace)).tasks, oneBranch);
  assert.deepEqual((await workspace.run()).executed, oneBranch);
});
