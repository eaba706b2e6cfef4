import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { taskEnvironment, type EnvironmentContext } from '../../../../src/execution/task/environment.ts';
import type { RunId, SpanId, TraceId } from '../../../../src/model/run-event.ts';
import { taskOf } from '../../sketch.ts';

const context: EnvironmentContext = {
  inherited: {},
  task: taskOf({ id: 'train[n=1]', name: 'train' }),
  runId: '20261120T224011Z-digits-3f2a' as RunId,
  traceId: '0af7651916cd43dd8448eb211c80319c' as TraceId,
  spanId: 'b7ad6b7169203331' as SpanId,
  params: {},
  paramsFile: '/scratch/params.json',
  logFile: '/scratch/log.jsonl',
  workspace: '/w',
  pythonPath: '/helper',
};

function paramsIn(env: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(env).filter((name) => name.startsWith('RUNWEAVE_PARAM_'));
}

describe('the environment of a task', () => {
  it('says who it is and where it reports', () => {
    assert.deepEqual(taskEnvironment(context), {
      TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      OTEL_SERVICE_NAME: 'train',
      RUNWEAVE_RUN_ID: '20261120T224011Z-digits-3f2a',
      RUNWEAVE_TASK: 'train[n=1]',
      RUNWEAVE_PARAMS: '/scratch/params.json',
      RUNWEAVE_LOG: '/scratch/log.jsonl',
      RUNWEAVE_WORKSPACE: '/w',
      PYTHONPATH: '/helper',
      PYTHONUNBUFFERED: '1',
      PYTHONIOENCODING: 'utf-8',
    });
  });

  it('is the inherited one, over which the task has its way, except in what is ours', () => {
    const env = taskEnvironment({
      ...context,
      inherited: { HOME: '/home', MODE: 'slow', UNSET: undefined, OTEL_SERVICE_NAME: 'mine', PYTHONPATH: '/mine' },
      task: taskOf({ env: { MODE: 'fast', PYTHONUNBUFFERED: '', RUNWEAVE_TASK: 'forged', TRACEPARENT: 'forged' } }),
    });
    assert.equal(env['HOME'], '/home');
    assert.equal(env['MODE'], 'fast');
    assert.equal('UNSET' in env, false);
    assert.equal(env['OTEL_SERVICE_NAME'], 'mine');
    assert.equal(env['PYTHONPATH'], `/helper${path.delimiter}/mine`);
    assert.equal(env['PYTHONUNBUFFERED'], '');
    assert.equal(env['RUNWEAVE_TASK'], 'task');
    assert.match(env['TRACEPARENT'] ?? '', /^00-0af7/);
  });

  it("leaves out the editor's own variables, and the parameters of a task that started this executor", () => {
    const env = taskEnvironment({ ...context, inherited: { ELECTRON_RUN_AS_NODE: '1', VSCODE_IPC_HOOK: 'x', RUNWEAVE_PARAM_OUTER: '1' }, params: { inner: 1 } });
    assert.deepEqual(Object.keys(env).filter((name) => /^(ELECTRON|VSCODE|RUNWEAVE_PARAM_)/.test(name)), ['RUNWEAVE_PARAM_INNER']);
  });

  it('has each parameter: text as it is, the rest as JSON', () => {
    const env = taskEnvironment({ ...context, params: { data_dir: 'a b', 'learning-rate.x': 0.1, layers: [1, { a: null }], flag: true, nothing: null } });
    assert.deepEqual(Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('RUNWEAVE_PARAM_'))), {
      RUNWEAVE_PARAM_DATA_DIR: 'a b',
      RUNWEAVE_PARAM_LEARNING_RATE_X: '0.1',
      RUNWEAVE_PARAM_LAYERS: '[1,{"a":null}]',
      RUNWEAVE_PARAM_FLAG: 'true',
      RUNWEAVE_PARAM_NOTHING: 'null',
    });
  });

  it('leaves out what no process can be started with, also where the pipeline file sets that variable', () => {
    const env = taskEnvironment({
      ...context,
      task: taskOf({ env: { RUNWEAVE_PARAM_LONG: 'forged' } }),
      params: { long: 'x'.repeat(100 * 1024 + 1), 'umlauts': 'ü'.repeat(60 * 1024), list: Array.from({ length: 40_000 }, (_, index) => index), nul: 'a\0b', short: 1 },
    });
    assert.deepEqual(paramsIn(env), ['RUNWEAVE_PARAM_SHORT']);
  });

  it('leaves out the longest where all would be too much', () => {
    const params = Object.fromEntries([90, 50, 10, 70, 80, 60, 40, 30, 20, 95].map((size) => [`p${size}`, 'x'.repeat(size * 1024)]));
    const env = taskEnvironment({ ...context, params: { ...params, rest: 'x'.repeat(5 * 1024) } });
    assert.deepEqual(paramsIn(env), [5, 10, 20, 30, 40, 50, 60, 70, 80, 90].map((size) => `RUNWEAVE_PARAM_${size === 5 ? 'REST' : `P${size}`}`));
  });

  it('names the file with pickled objects, however many there are', () => {
    assert.equal(taskEnvironment({ ...context, picklesFile: '/scratch/pickles.json' })['RUNWEAVE_PICKLES'], '/scratch/pickles.json');
  });
});
