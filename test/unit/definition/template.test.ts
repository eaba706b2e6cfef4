import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { loadPipeline } from '../../../src/definition/load-pipeline.ts';
import { pipelineTemplate } from '../../../src/definition/template.ts';

it('a new pipeline is without mistakes, and its sources run with Python alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'template-'));
  try {
    const files = pipelineTemplate('my new project');
    for (const { path, text } of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const existing = new Set(files.map(({ path }) => join(folder, path)));
    const [first] = files;
    assert.ok(first);
    const { pipeline, graph } = loadPipeline({ file: join(folder, first.path), text: first.text, environment: {}, disk: { fileExists: (path) => existing.has(path), exists: (path) => existing.has(path) } });
    assert.deepEqual(graph.diagnostics, []);
    assert.equal(pipeline?.name, 'my-new-project');
    assert.deepEqual(pipeline.tasks.map((task) => [task.id, ...task.dependencies]), [['measure'], ['report', 'measure']]);

    const python = (...args: readonly string[]): string => execFileSync(process.platform === 'win32' ? 'python' : 'python3', args, { cwd: folder, encoding: 'utf8', env: { ...process.env, RUNWEAVE_PARAM_SAMPLES: '50' } });
    python('tasks/measure.py');
    assert.equal(readFileSync(join(folder, 'build/measurements.csv'), 'utf8').trim().split(/\r?\n/).length, 51);
    assert.match(python('-c', 'from tasks.report import summarize; print(summarize("build/measurements.csv"))'), /'rows': 50/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
