/** The README's promises, on the real example: a real training, edited the way a person edits it. */
import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import type { PlanEntry } from '../../src/model/plan.ts';
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

it('runs exactly what a change affects, as the plan said', async (context) => {
  const workspace = exampleWorkspace(context, 'digits');

  const first = await workspace.run();
  assert.equal(first.code, 0);
  assert.deepEqual(first.executed, [...benchmark, 'eda', 'ingest', 'split', 'summary', ...train].sort());

  const second = await workspace.run();
  assert.deepEqual([second.code, second.executed], [0, []]);
  assert.deepEqual((await planned(workspace)).tasks, []);

  const now = new Date();
  for (const file of ['tasks/ingest.py', 'tasks/prepare.py', 'notebooks/train.py', 'notebooks/eda.ipynb', 'runweave.yaml']) utimesSync(path.join(workspace.folder, file), now, now);
  assert.deepEqual((await workspace.run()).executed, []);

  workspace.write('notebooks/train.py', workspace.read('notebooks/train.py').replace('C = 10.0', 'C = 0.5'));
  const afterConstant = [...train, ...benchmark, 'summary'].sort();
  const constantPlan = await planned(workspace);
  assert.deepEqual(constantPlan.tasks, afterConstant);
  assert.ok(constantPlan.reasons.includes('train[nr_train_images=400]: source-changed'));
  assert.ok(constantPlan.reasons.includes('summary: upstream-will-run'));
  assert.deepEqual((await workspace.run()).executed, afterConstant);

  workspace.write('runweave.yaml', workspace.read('runweave.yaml').replace('[400, 500, 600]', '[400, 500, 700]'));
  const oneBranch = ['benchmark[nr_train_images=700]', 'summary', 'train[nr_train_images=700]'];
  assert.deepEqual((await planned(workspace)).tasks, oneBranch);
  assert.deepEqual((await workspace.run()).executed, oneBranch);
});
