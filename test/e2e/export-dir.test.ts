/** The folder of a run, and its notebooks as pages in which nothing runs. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { exportWorld, type ExportWorld } from './export-world.ts';

describe('export --to dir', () => {
  let world: ExportWorld;
  let run = '';
  const read = (...parts: readonly string[]): string => readFileSync(path.join(run, ...parts), 'utf8');
  before(async () => {
    world = await exportWorld();
    const { code, stderr } = await world.cli('export', 'latest', '--to', 'dir', '-o', 'tree');
    assert.equal(code, 0, stderr);
    run = path.join(world.cwd, stderr.trim());
  });

  it('has a folder for each task that ran', () => {
    const metadata = JSON.parse(read('run-time-metadata.json')) as { readonly outcome: string; readonly tasks: readonly { readonly id: string; readonly folder?: string; readonly reason?: string }[] };
    assert.equal(metadata.outcome, 'failure');
    assert.deepEqual(metadata.tasks.map(({ id, folder, reason }) => `${id}: ${folder?.replace(/--0x[0-9a-f]{16}--/, ' ') ?? reason ?? ''}`).sort(), [
      'after: upstream',
      'bad: python-task--bad FAILED',
      'flaky: shell-task--flaky OK',
      'make: python-task--make OK',
      'report: notebook-task--report OK',
      'train[n=1]: python-task--train[n=1] OK',
      'train[n=2]: python-task--train[n=2] OK',
    ]);
    const make = metadata.tasks.find(({ id }) => id === 'make')?.folder ?? '';
    assert.deepEqual(readdirSync(path.join(run, make, 'artifacts'), { recursive: true }).map(String).sort(), ['large.bin', 'large.txt', 'notes', path.join('notes', 'small.txt')]);
    assert.equal(read(make, 'output.txt'), 'made\n');
    const task = JSON.parse(read(make, 'run-time-metadata.json')) as { readonly metrics: Readonly<Record<string, { readonly values: readonly unknown[]; readonly steps?: readonly unknown[] }>>; readonly returns: unknown };
    assert.deepEqual([task.metrics['loss']?.values.length, task.metrics['loss']?.steps, task.metrics['not a number']?.values, task.returns], [5, [0, 1, 2, 3, 4], ['NaN'], { rows: 42 }]);
    assert.match(read('dag.mmd'), /^flowchart/m);
    assert.match(read('gantt.mmd'), /^gantt/m);
  });

  it('has notebooks as pages, in which nothing recorded can run', () => {
    const folder = readdirSync(run).find((name) => name.startsWith('notebook-task--')) ?? '';
    assert.deepEqual(readdirSync(path.join(run, folder, 'artifacts')).sort(), ['report.html', 'report.ipynb']);
    const page = read(folder, 'artifacts', 'report.html');
    assert.match(page, /<h2>Report &amp; &lt;b&gt;more&lt;\/b&gt;<\/h2>/);
    assert.match(page, /<li>one &lt;script&gt;alert\(1\)&lt;\/script&gt;<\/li>/);
    assert.match(page, /hello &lt;there&gt;/);
    assert.match(page, /<iframe sandbox="" title="HTML output" srcdoc="&lt;script&gt;alert\(3\)/);
    assert.match(page, /content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"/);
    assert.ok(!/<script|<a |\son\w+=/i.test(page));
  });
});
