/**
 * The `mlflow` client of PyPI, the last 2.x and the newest 3.x: the same unchanged scripts log into a run, and into a
 * database of MLflow's own. What the client reads back has to be the same, and what is in the record has to be all of it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { RunState, TaskState } from '../../src/model/run-state.ts';
import { readRecord } from '../../src/store/read-record.ts';
import { repository, workspace, type JsonLine, type Workspace } from './runweave.ts';

const run = promisify(execFile);
const fixtures = path.join(repository, 'test', 'fixtures', 'mlflow');
const scripts = ['fluent', 'client', 'autolog', 'models', 'traces'];

function environmentOf(generation: string): string {
  return path.join(fixtures, generation, '.venv');
}

function pythonOf(generation: string): string {
  return path.join(environmentOf(generation), process.platform === 'win32' ? 'Scripts\\python.exe' : 'bin/python');
}

/** A workspace with the client of a generation and these tasks, each a script. */
function mlflowWorkspace(context: TestContext, generation: string, tasks: Readonly<Record<string, string>>): Workspace {
  const yaml = ['name: pipe', 'tasks:', ...Object.keys(tasks).map((name) => `  ${name}: {python: ${name}.py}`)].join('\n');
  const made = workspace(context, { 'runweave.yaml': yaml, ...Object.fromEntries(Object.entries(tasks).map(([name, text]) => [`${name}.py`, text])) });
  writeFileSync(path.join(made.folder, 'readback.py'), readFileSync(path.join(fixtures, 'readback.py')));
  symlinkSync(environmentOf(generation), path.join(made.folder, '.venv'), 'junction');
  return made;
}

/** What a script told of what it read back. */
function resultsIn(text: string): Readonly<Record<string, unknown>> {
  const lines = text.split('\n').filter((line) => line.startsWith('RESULT '));
  return Object.fromEntries(
    lines.map((line) => {
      const { what, value } = JSON.parse(line.slice('RESULT '.length)) as { readonly what: string; readonly value: unknown };
      return [what, value];
    }),
  );
}

function outputOf(lines: readonly JsonLine[], task: string): string {
  return lines.flatMap((line) => (line.type === 'output' && (line.task as string) === task && line.stream === 'stdout' ? [line.text] : [])).join('');
}

/** The same script against MLflow itself: a database, and artifacts in a folder. */
async function againstMlflow(context: TestContext, generation: string, script: string): Promise<Readonly<Record<string, unknown>>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-mlflow-'));
  context.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  cpSync(path.join(fixtures, 'readback.py'), path.join(folder, 'readback.py'));
  cpSync(path.join(fixtures, `${script}.py`), path.join(folder, `${script}.py`));
  const { stdout } = await run(pythonOf(generation), [`${script}.py`], {
    cwd: folder,
    env: { ...process.env, MLFLOW_TRACKING_URI: `sqlite:///${path.join(folder, 'mlflow.db').replaceAll('\\', '/')}`, MLFLOW_EXPERIMENT_NAME: 'pipe', MLFLOW_DISABLE_TELEMETRY: 'true', PYTHONIOENCODING: 'utf-8' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return resultsIn(stdout);
}

async function recordOf({ folder }: Workspace): Promise<RunState> {
  const [file, ...others] = globSync(path.join(folder, '.runweave', 'runs', '*.otlp.jsonl'));
  assert.ok(file !== undefined && others.length === 0, 'one record');
  const record = await readRecord(file);
  assert.equal(record.type, 'run');
  return record.state;
}

function taskOf(state: RunState, id: string): TaskState {
  const found = state.tasks.find((task) => (task.node.id as string) === id);
  assert.ok(found !== undefined);
  return found;
}

function withoutMlflow(tags: TaskState['tags']): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([name]) => !name.startsWith('mlflow.')));
}

function points(task: TaskState, name: string): readonly (readonly [number | string, number | null | undefined])[] {
  const series = task.metrics[name];
  return series?.values.map((value, index) => [value, series.steps?.[index]] as const) ?? [];
}

for (const generation of ['2.x', '3.x']) {
  describe(`mlflow ${generation}`, { concurrency: false }, () => {
    it('reads back what it logged as from a database of its own, and all of it is in the record', async (context) => {
      const made = mlflowWorkspace(context, generation, Object.fromEntries(scripts.map((script) => [script, readFileSync(path.join(fixtures, `${script}.py`), 'utf8')])));
      const { code, lines } = await made.run();
      assert.equal(code, 0, lines.flatMap((line) => (line.type === 'output' && line.stream === 'stderr' ? [line.text] : [])).join('').slice(-3000));
      for (const script of scripts) {
        const ours = resultsIn(outputOf(lines, script));
        assert.ok(Object.keys(ours).length > 0, script);
        // Traces are what MLflow's own database reads back, and the collector does not.
        if (script !== 'traces') assert.deepEqual(ours, await againstMlflow(context, generation, script), script);
      }
      assert.deepEqual(lines.filter((line) => line.type === 'warning'), []);

      const state = await recordOf(made);
      const fluent = taskOf(state, 'fluent');
      assert.deepEqual({ ...fluent.loggedParams }, { 'learning rate': '0.01', 'model/layers': '[64, 32]', seed: '7', note: 'äöü – ok', empty: '' });
      assert.deepEqual(withoutMlflow(fluent.tags), { team: 'vision', 'release.version': '2.2.0', stage: 'prod', gone: 'soon' });
      assert.deepEqual(points(fluent, 'loss'), [[1, 0], [0.5, 1], [1 / 3, 2], [0.25, 3], [0.2, 4]]);
      assert.deepEqual(points(fluent, 'accuracy'), [[0.9, 3], [0.7, 1]]);
      assert.deepEqual([points(fluent, 'not a number'), points(fluent, 'large'), points(fluent, 'small')], [[['NaN', 0]], [['Infinity', 0]], [['-Infinity', 2]]]);
      assert.deepEqual([points(fluent, 'resumed'), points(fluent, 'again/after'), points(fluent, 'fold 1/score'), points(fluent, 'fold 1/inner/depth')], [[[2, 0]], [[1, 0]], [[0.5, 1], [0.75, 2]], [[3, 0]]]);
      const names = fluent.artifacts.map(({ name }) => name);
      assert.deepEqual(
        [...new Set(names)].sort(),
        ['config/data.json', 'config/data.yaml', 'data/deep/er/with space & ünï%.txt', 'data/deep/one.csv', 'data/empty.txt', 'data/top.bin', 'fold 1/fold.txt', 'folder/deep/er/with space & ünï%.txt', 'folder/deep/one.csv', 'images/black.png', 'notes/hello.txt', 'plots/line.png', 'tables/eval.json', 'top.bin'],
      );
      assert.equal(names.filter((name) => name === 'tables/eval.json').length, 2, 'a version each time it is logged');
      assert.equal(fluent.artifacts.find(({ name }) => name === 'plots/line.png')?.mediaType, 'image/png');
      assert.deepEqual(fluent.datasets.map(({ name, context: use, sourceType }) => [name, use, sourceType]), [['train set', 'training', 'http'], ['test set', 'testing', 'code']]);

      const attempt = fluent.attempts[0];
      assert.ok(attempt !== undefined && fluent.tags['mlflow.run_id']?.startsWith(attempt.spanId), 'the first run is the task');
      const children = Object.fromEntries(attempt.spans.map((span) => [span.name, span]));
      assert.deepEqual(Object.keys(children).sort(), ['again', 'broken', 'fold 1', 'fold 1-2', 'fold 1/inner']);
      assert.deepEqual([children['fold 1']?.parentSpanId, children['again']?.parentSpanId, children['fold 1/inner']?.parentSpanId], [attempt.spanId, attempt.spanId, children['fold 1']?.spanId]);
      assert.deepEqual([children['fold 1']?.status.code, children['broken']?.status.code], [1, 2]);
      const { attributes } = children['fold 1'] ?? {};
      assert.deepEqual([attributes?.['mlflow.param.fold'], attributes?.['mlflow.tag.kind'], attributes?.['mlflow.metric.score']], ['1', 'fold', 0.75]);
      assert.equal(children['broken']?.attributes['mlflow.param.fold'], '3');

      const autolog = taskOf(state, 'autolog');
      assert.equal(autolog.loggedParams['max_iter'], '500');
      assert.equal(points(autolog, 'training_score').length, 1);
      assert.equal(autolog.attempts[0]?.spans.filter((span) => span.attributes['mlflow.param.n_estimators'] !== undefined && span.name.includes('/')).length, 4, 'the runs of the search');

      const models = taskOf(state, 'models');
      assert.ok(models.artifacts.some(({ name }) => name === 'regressor/MLmodel'));
      assert.equal(models.tags['mlflow.registered_model.sums'], '2');
      if (generation === '3.x') {
        assert.equal(typeof models.metrics['rmse']?.details?.[0]?.['mlflow.model_id'], 'string');
        assert.match(models.tags['mlflow.model_id.regressor'] ?? '', /^m-[0-9a-f]{32}$/);
        assert.deepEqual(taskOf(state, 'traces').attempts[0]?.spans.map(({ name, status }) => [name, status.code]), [['outer', 1], ['add', 1], ['failing', 2]]);
      } else {
        assert.equal(models.tags['mlflow.model.regressor'], 'python_function, sklearn');
      }
    });
  });
}

const cutOff = `import os
import mlflow

mlflow.start_run()
mlflow.log_param("reached", "yes")
with mlflow.start_run(nested=True, run_name="fold"):
    mlflow.log_param("depth", 3)
    mlflow.log_metric("score", 0.5, step=1)
    os._exit(9)
`;

const manyPoints = `import mlflow
from mlflow.entities import Metric

client = mlflow.MlflowClient()
with mlflow.start_run() as run:
    for batch in range(60):
        client.log_batch(run.info.run_id, metrics=[Metric("loss", 1 / (step + 1), 1700000000000 + step, step) for step in range(batch * 1000, batch * 1000 + 1000)])
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [point.step for point in history] == list(range(60000))
`;

it('keeps what was logged by a process that was cut off, and sixty thousand points', async (context) => {
  const made = mlflowWorkspace(context, '3.x', { cut: cutOff, many: manyPoints });
  const { code } = await made.run();
  assert.equal(code, 1);
  const state = await recordOf(made);
  const cut = taskOf(state, 'cut');
  assert.deepEqual([cut.phase, cut.loggedParams['reached'], points(cut, 'fold/score')], ['failure', 'yes', [[0.5, 1]]]);
  assert.deepEqual(cut.attempts[0]?.spans.map(({ name, status, attributes }) => [name, status.code, attributes['mlflow.status'], attributes['mlflow.param.depth']]), [['fold', 0, 'RUNNING', '3']]);
  const many = taskOf(state, 'many');
  assert.deepEqual(points(many, 'loss'), Array.from({ length: 60_000 }, (_, step) => [1 / (step + 1), step]));
  const { start, times } = many.metrics['loss'] ?? {};
  assert.deepEqual([start, times?.at(-1)], ['1700000000000000000', 59_999_000_000]);
});
