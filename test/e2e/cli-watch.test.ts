import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { project, startCli } from './cli-process.ts';

describe('runweave watch', () => {
  it('runs again what a change affects, outlives mistakes, and ends with 130', async () => {
    const file = 'tasks:\n  a: {python: a.py}\n  b: {shell: echo b}\n';
    const cwd = await project({ 'runweave.yaml': file, 'a.py': 'print("one")\n' });
    const watch = startCli(['watch', '-v'], { cwd });
    await watch.until(/^Succeeded: 2 succeeded[^]*^waiting for changes$/m);
    assert.match(watch.stdout(), /^watching; Ctrl\+C ends it$/m);

    await writeFile(join(cwd, 'a.py'), 'print("two")\n');
    await watch.until(/^↻ changed: a\.py$[^]*^a │ two$[^]*^Succeeded: 1 succeeded, 1 up to date[^]*^waiting for changes$/m);

    await writeFile(join(cwd, 'runweave.yaml'), file.replace('shell', 'shel'));
    await watch.until(/^the pipeline file has errors; waiting for them to be corrected$/m);
    assert.match(watch.stderr(), /^runweave\.yaml:3:\d+: error: /m);

    await writeFile(join(cwd, 'runweave.yaml'), file.replace('echo b', 'echo new'));
    await watch.until(/^runweave\.yaml is in order again$[^]*^b │ new$[^]*^waiting for changes$/m);

    watch.process.kill('SIGINT');
    assert.equal((await watch.finished).code, 130);
  });

  it('does not say that it waits where it does not', async () => {
    const cwd = await project({ 'runweave.yaml': 'params: {rate: 1}\ntasks:\n  a: {shell: echo a}\n' });
    const { code, stdout, stderr } = await startCli(['watch', '--set', 'rat=2'], { cwd }).finished;
    assert.deepEqual([code, stdout, stderr], [2, '', 'error: --set rat: the pipeline has no such param (did you mean "rate"?)\n']);
  });

  it('prints events with --json', async () => {
    const cwd = await project({ 'runweave.yaml': 'tasks:\n  a: {shell: echo a}\n' });
    const watch = startCli(['watch', '--json'], { cwd });
    await watch.until(/"type":"sealed"/);
    watch.process.kill('SIGTERM');
    const { code, stdout, stderr } = await watch.finished;
    assert.deepEqual([code, stderr], [130, '']);
    const types = stdout.trimEnd().split('\n').map((line) => (JSON.parse(line) as { type: string }).type);
    assert.deepEqual([types[0], types.at(-1)], ['run-started', 'sealed']);
  });
});
