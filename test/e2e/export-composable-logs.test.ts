/** What `--to composable-logs` writes is read by Composable Logs' own parser, and comes back by `import`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { ensurePython } from '../../.ci/setup/python.mjs';
import type { RunState, TaskState } from '../../src/model/run-state.ts';
import { exportWorld, importedElsewhere, metricPoints, stateOf, type ExportWorld } from './export-world.ts';

const fixture = path.resolve(import.meta.dirname, '../fixtures/composable-logs');

/** An interpreter with composable-logs, without what only running tasks with it needs. */
async function composableLogs(): Promise<string> {
  const environment = await ensurePython(path.join(fixture, 'requirements.txt'));
  if ('problem' in environment) throw new Error(environment.problem);
  const { python } = environment;
  if (spawnSync(python, ['-c', 'import otel_output_parser']).status !== 0) {
    const pip = spawnSync(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--no-deps', 'composable-logs==0.0.12'], { encoding: 'utf8' });
    assert.equal(pip.status, 0, pip.stderr);
  }
  return python;
}

interface ParsedTask {
  readonly task_id: string;
  readonly is_success: boolean;
  readonly exceptions: readonly { readonly attributes: Readonly<Record<string, string>> }[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly logged_values: Readonly<Record<string, { readonly type: string; readonly value: unknown }>>;
  readonly logged_artifacts: readonly { readonly name: string; readonly type: string; readonly length: number }[];
}

describe('export --to composable-logs', () => {
  let world: ExportWorld;
  let python = '';
  let original: RunState;
  before(async () => {
    [world, python] = await Promise.all([exportWorld(), composableLogs()]);
    original = stateOf(await world.cli('export', 'latest', '--to', 'json'));
    const written = await world.cli('export', 'latest', '--to', 'composable-logs', '-o', 'spans.json');
    assert.equal(written.code, 0, written.stderr);
  });

  it('is read by pynb_log_parser', () => {
    const parser = spawnSync(python, ['-c', 'from otel_output_parser.cli_pynb_log_parser import entry_point; entry_point()', '--input_span_file', 'spans.json', '--output_directory', path.join(world.cwd, 'tree'), '--output_filepath_mermaid_dag', 'tree/dag.mmd', '--output_filepath_mermaid_gantt', 'tree/gantt.mmd'], {
      cwd: world.cwd,
      encoding: 'utf8',
      env: { ...process.env, PYTHONPATH: path.join(fixture, 'stubs') },
    });
    assert.equal(parser.status, 0, parser.stderr);
    const tree = path.join(world.cwd, 'tree');
    // Python writes what JSON has no number for.
    const json = (...parts: readonly string[]): unknown => JSON.parse(readFileSync(path.join(tree, ...parts), 'utf8').replaceAll(/: NaN\b/g, ': "NaN"'));
    const workflow = json('run-time-metadata.json') as { readonly span_id: string; readonly task_dependencies: readonly unknown[]; readonly attributes: Readonly<Record<string, unknown>> };
    assert.equal(workflow.span_id, original.runId);
    assert.equal(workflow.task_dependencies.length, 6);
    assert.deepEqual([workflow.attributes['workflow.name'], workflow.attributes['workflow.param.rate'], workflow.attributes['workflow.param.list']], ['world', 0.5, '[1,"two"]']);

    const folders = readdirSync(tree).filter((name) => name.includes('-task--')).sort();
    assert.deepEqual(folders.map((name) => name.replace(/--0x[0-9a-f]{16}--/, ' ')), ['jupytext-task--report OK', 'python-task--bad FAILED', 'python-task--flaky OK', 'python-task--make OK', 'python-task--train OK', 'python-task--train OK']);
    const taskOf = (name: string): ParsedTask => json(folders.find((folder) => folder.includes(`-task--${name}--`)) ?? '', 'run-time-metadata.json') as ParsedTask;
    const make = taskOf('make');
    assert.deepEqual([make.attributes['task.depth'], make.attributes['task.mode']], [3, 'a/b']);
    const { loss, whole, layers, optimizer, shuffle, rows } = make.logged_values;
    assert.deepEqual({ loss, whole, layers, optimizer, shuffle, rows }, {
      loss: { type: 'float', value: 0.2 },
      whole: { type: 'float', value: 3 },
      layers: { type: 'json', value: [64, 32] },
      optimizer: { type: 'utf-8', value: 'adam' },
      shuffle: { type: 'bool', value: true },
      rows: { type: 'json', value: 42 },
    });
    assert.deepEqual(make.logged_artifacts, [
      { name: 'notes/small.txt', type: 'utf-8', length: 5 },
      { name: 'large.txt', type: 'utf-8', length: 1_200_000 },
      { name: 'large.bin', type: 'bytes', length: 1_024_000 },
      { name: 'stdout.txt', type: 'utf-8', length: 5 },
    ]);
    const bad = taskOf('bad');
    assert.deepEqual([bad.is_success, bad.exceptions.map(({ attributes }) => [attributes['exception.type'], attributes['exception.message']])], [false, [['ValueError', 'wrong <value>']]]);
    assert.deepEqual(taskOf('flaky').exceptions, []);
    const makeFolder = folders.find((folder) => folder.includes('--make--')) ?? '';
    assert.equal(readFileSync(path.join(tree, makeFolder, 'artifacts/notes/small.txt'), 'utf8'), 'smäll');
    assert.equal((readFileSync(path.join(tree, 'dag.mmd'), 'utf8').match(/-->/g) ?? []).length, 6);
    assert.equal((readFileSync(path.join(tree, 'gantt.mmd'), 'utf8').match(/section/g) ?? []).length, 6);
    assert.ok(existsSync(path.join(tree, folders.find((folder) => folder.includes('--report--')) ?? '', 'artifacts', 'report.ipynb')));
  });

  it('comes back by import', async () => {
    const back = await importedElsewhere(path.join(world.cwd, 'spans.json'));
    assert.deepEqual([back.pipeline.name, back.traceId, back.spanId, back.start, back.end], [original.pipeline.name, original.traceId, original.spanId, original.start, original.end]);
    // Lists and objects of parameters are their JSON.
    assert.deepEqual(back.params, { ...original.params, list: '[1,"two"]' });
    for (const [name, value] of Object.entries(original.resource)) if (!name.startsWith('runweave.') && !name.startsWith('cicd.')) assert.deepEqual(back.resource[name], value, name);
    const executed = original.tasks.filter((task) => task.attempts.length > 0);
    assert.deepEqual(back.tasks.map((task) => task.node.id).sort(), executed.map((task) => task.node.id).sort());
    for (const task of executed) {
      const same = back.tasks.find((other) => other.node.id === task.node.id);
      assert.ok(same !== undefined);
      assert.deepEqual(same.node.dependencies, task.node.dependencies);
      assert.deepEqual([same.start, same.end, same.phase, same.params], [task.start, task.end, task.phase, task.params]);
      assert.deepEqual(metricPoints(same), metricPoints(task));
      // What was returned comes back as what was logged.
      assert.deepEqual(same.loggedParams, { ...task.loggedParams, ...task.returns });
      for (const [name, value] of Object.entries(task.tags)) assert.equal(same.tags[name], value);
      assert.deepEqual([same.failure?.type, same.failure?.message, same.failure?.stacktrace], [task.failure?.type, task.failure?.message, task.failure?.stacktrace]);
      const artifacts = (of: TaskState): readonly unknown[] => of.artifacts.map(({ name, size, digest }) => [name, size, digest]);
      assert.deepEqual(artifacts(same).slice(0, task.artifacts.length), artifacts(task));
      const output = (stream: string): string => task.attempts.at(-1)?.output.filter((chunk) => chunk.stream === stream).map((chunk) => chunk.text).join('') ?? '';
      assert.deepEqual(same.artifacts.slice(task.artifacts.length).map(({ name, content }) => [name, content]), (['stdout', 'stderr'] as const).filter((stream) => output(stream) !== '').map((stream) => [`${stream}.txt`, { type: 'utf8', text: output(stream) }]));
    }
  });

  it('of several runs is a file each', async () => {
    assert.match((await world.cli('export', 'latest', 'latest', '--to', 'composable-logs')).stderr, /name a folder with --output/);
  });
});
