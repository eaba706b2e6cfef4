import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { project, startCliOnTerminal } from './cli-process.ts';

const pipeline = {
  'runweave.yaml': 'tasks:\n  a: {python: a.py}\n  b: {shell: echo b, needs: [a]}\n',
  'a.py': 'import os, time\nprint("\\x1b[2J\\x1b]0;evil\\x07working on it", flush=True)\nwhile not os.path.exists("go"):\n    time.sleep(0.02)\n',
};

describe('runweave on a terminal', () => {
  it('draws what runs over and over, in colour, and ends with plain lines', async () => {
    const cwd = await project(pipeline);
    const run = startCliOnTerminal(['run'], { cwd });
    const start = performance.now();
    await run.until(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏][^]*[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏][^\n]*working on it/);
    await writeFile(join(cwd, 'go'), '');
    const { code, stdout } = await run.finished;
    assert.equal(code, 0, stdout);
    const frames = stdout.match(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/g)?.length ?? 0;
    const most = 10 + (performance.now() - start) / 50;
    assert.ok(frames < most, `${frames} frames, and no more than ${most} is one in 50 ms`);
    assert.match(stdout, /working on it/);
    assert.doesNotMatch(stdout, /\u001b\[2J|evil/);
    assert.match(stdout, /\u001b\[32m✓\u001b\[39m b/);
    assert.match(stdout, /Succeeded/);
  });

  it('has no live region in continuous integration, and no colour when asked', async () => {
    const run = startCliOnTerminal(['run'], { cwd: await project({ ...pipeline, go: '' }), environment: { CI: 'true', NO_COLOR: '1' } });
    const { stdout } = await run.finished;
    assert.doesNotMatch(stdout, /\u001b/);
    assert.match(stdout, /^▸ a/m);
  });

  it('ends at Ctrl+C', async () => {
    const cwd = await project({ ...pipeline, 'a.py': 'import time\nprint("working on it", flush=True)\ntime.sleep(120)\n' });
    const run = startCliOnTerminal(['run'], { cwd });
    await run.until(/working on it/);
    run.process.stdin?.write('\u0003');
    const { code, stdout } = await run.finished;
    assert.equal(code, 130, stdout);
    assert.match(stdout, /⊘/);
  });

  it('marks mistakes in their line', async () => {
    const run = startCliOnTerminal(['run', '--no-color'], { cwd: await project({ 'runweave.yaml': 'tasks:\n  a: {shell: x, need: []}\n' }) });
    const { code, stdout } = await run.finished;
    assert.equal(code, 2);
    assert.match(stdout.replaceAll('\r', ''), /^runweave\.yaml:2:17: error: .*\n {2}2 │ {3}a: \{shell: x, need: \[\]\}\n {4}│ {17}\^\^\^\^/);
  });
});
