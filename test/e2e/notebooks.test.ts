/** Notebooks as people have them: that fail, hang, print without end, show widgets and figures, or speak another language. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { it, type TestContext } from 'node:test';
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import type { EventOf, RunEvent, RunEventType } from '../../src/model/run-event.ts';
import type { AttemptState, TaskState } from '../../src/model/run-state.ts';
import { readArtifact } from '../../src/recording/artifacts.ts';
import { readRecord } from '../../src/store/read-record.ts';
import { repository, workspace, type JsonLine, type Workspace } from './runweave.ts';

/** A workspace with the environment of the tests: nbclient, ipywidgets, plotly, a kernel for bash. */
function notebookWorkspace(context: TestContext, files: Readonly<Record<string, string>>): Workspace {
  const made = workspace(context, files);
  symlinkSync(path.join(repository, '.venv'), path.join(made.folder, '.venv'), 'junction');
  return made;
}

function of<T extends RunEventType>(lines: readonly JsonLine[], type: T): readonly EventOf<T>[] {
  return lines.filter((line): line is EventOf<T> => (line as RunEvent).type === type);
}

async function recorded(made: Workspace, lines: readonly JsonLine[]): Promise<{ readonly task: TaskState; readonly attempt: AttemptState; readonly notebook: JsonObject; readonly cells: readonly JsonObject[] }> {
  const sealed = lines.find((line) => line.type === 'sealed');
  assert.ok(sealed?.type === 'sealed');
  const read = await readRecord(sealed.result.record);
  assert.ok(read.type === 'run');
  const [task] = read.state.tasks;
  const attempt = task?.attempts.at(-1);
  assert.ok(task !== undefined && attempt !== undefined);
  const artifact = task.artifacts.find((each) => each.name === 'nb.ipynb');
  assert.ok(artifact !== undefined, 'the evaluated notebook is an artifact');
  const bytes = await readArtifact(path.join(made.folder, '.runweave'), artifact.digest, artifact.content);
  const notebook = JSON.parse(Buffer.from(bytes ?? []).toString()) as JsonObject;
  return { task, attempt, notebook, cells: notebook['cells'] as unknown as readonly JsonObject[] };
}

const failedCells = (cells: readonly JsonObject[]): readonly number[] =>
  cells.flatMap((cell, index) => (isJsonObject(cell['metadata']) && Array.isArray(cell['metadata']['tags']) && (cell['metadata']['tags'] as readonly Json[]).includes('failed') ? [index] : []));

it('a notebook that fails in its fifth cell: what the four before it gave is there, the failing one is marked', async (context) => {
  const cells = ['print("one")', '2', 'x = 3', 'print("four")', 'raise ValueError("in the fifth")', 'print("never")'];
  const made = notebookWorkspace(context, { 'runweave.yaml': 'tasks:\n  nb: {notebook: nb.py}\n', 'nb.py': cells.map((cell) => `# %%\n${cell}\n`).join('\n') });
  const { code, lines } = await made.run();
  assert.equal(code, 1);

  const ended = of(lines, 'cell').filter((cell) => cell.end !== undefined);
  assert.deepEqual(ended.map(({ index, status, source }) => [index, status, source]), cells.slice(0, 5).map((source, at) => [at + 1, at === 4 ? 'failure' : 'success', source]));
  assert.deepEqual(ended[0]?.outputs, [{ output_type: 'stream', name: 'stdout', text: 'one\n' }]);
  assert.deepEqual(ended[1]?.outputs?.[0]?.['data'], { 'text/plain': '2' });
  assert.equal(ended[4]?.outputs?.[0]?.['ename'], 'ValueError');
  const third = lines.findIndex((line) => line.type === 'cell' && line.index === 3 && line.status === 'running');
  assert.ok(lines.indexOf(ended[0]) < third, 'told while the rest runs');

  const { task, attempt, cells: evaluated } = await recorded(made, lines);
  assert.deepEqual([task.phase, attempt.failure?.type, attempt.failure?.message], ['failure', 'ValueError', 'in the fifth']);
  assert.deepEqual(failedCells(evaluated), [4]);
  assert.deepEqual(attempt.cells.map((cell) => [cell.index, cell.status, cell.end !== undefined, cell.outputs]), [1, 2, 3, 4, 5].map((index) => [index, index === 5 ? 'failure' : 'success', true, undefined]));
});

it('a notebook that hangs: its time is up, and it is recorded as far as it came', async (context) => {
  const notebook = (last: string): string => `# %%\nprint("before")\n\n# %%\nimport time\n${last}\n`;
  const made = notebookWorkspace(context, { 'runweave.yaml': 'tasks:\n  nb: {notebook: nb.py}\n', 'nb.py': notebook('time.sleep(0)') });
  // Long enough to come to where it hangs, on this machine as it is now.
  const start = performance.now();
  assert.equal((await made.run()).code, 0);
  const enough = Math.ceil(4 + (3 * (performance.now() - start)) / 1000);
  made.write('runweave.yaml', `tasks:\n  nb: {notebook: nb.py, timeout: ${enough}s}\n`);
  made.write('nb.py', notebook('while True: time.sleep(0.1)'));
  const { code, lines } = await made.run();
  assert.equal(code, 1);
  const { task, attempt, cells } = await recorded(made, lines);
  assert.deepEqual([task.phase, attempt.failure?.type], ['timeout', 'timeout']);
  assert.deepEqual(failedCells(cells), [1]);
  assert.deepEqual(attempt.cells.map((cell) => cell.status), ['success', 'failure']);
  assert.deepEqual((cells[0]?.['outputs'] as unknown as readonly JsonObject[])[0]?.['text'], ['before\n']);
});

it('a notebook that prints 100 MB: bounded in artifact and panel, with a line that says what is left out', async (context) => {
  const made = notebookWorkspace(context, { 'runweave.yaml': 'tasks:\n  nb: {notebook: nb.py}\n', 'nb.py': '# %%\nfor i in range(1000):\n    print(str(i).zfill(9) * 11_111)\nprint("the end")\n' });
  const { code, lines } = await made.run();
  assert.equal(code, 0);
  const { task, notebook, cells } = await recorded(made, lines);
  assert.ok(JSON.stringify(notebook).length < 1_000_000, 'a notebook that can be opened');
  const outputs = cells[0]?.['outputs'] as unknown as readonly JsonObject[];
  const text = outputs.map((output) => (output['text'] as unknown as readonly string[]).join('')).join('');
  assert.ok(text.startsWith('000000000') && text.endsWith('the end\n'));
  assert.match(text, /\n… 99,\d{3},\d{3} characters are left out here …\n/);
  const [shown] = of(lines, 'cell').filter((cell) => cell.end !== undefined);
  assert.ok(JSON.stringify(shown).length < 100_000);
  assert.match(JSON.stringify(shown?.outputs), /characters are left out here/);
  assert.ok(task.attempts[0]?.output.some((chunk) => chunk.text.includes('the end')));
});

it('widgets and plotly figures: kept in the notebook, told to the panel without their scripts', async (context) => {
  const nb = [
    '# %%\nimport ipywidgets\nipywidgets.IntSlider(value=7)\n',
    '# %%\nimport plotly.graph_objects as go, plotly.io as pio\npio.renderers.default = "plotly_mimetype+notebook"\ngo.Figure(go.Bar(y=[1, 2]), layout={"title": "Bars"}).show()\n',
    '# %%\nimport matplotlib.pyplot as plt, runweave\nfigure, axes = plt.subplots()\naxes.plot([1, 2])\nrunweave.log_figure("line", figure)\n',
    '# %%\nplt.plot([3, 4])\nplt.show()\n',
  ];
  const made = notebookWorkspace(context, { 'runweave.yaml': 'tasks:\n  nb: {notebook: nb.py}\n', 'nb.py': nb.join('\n') });
  const { code, lines } = await made.run();
  assert.equal(code, 0);
  const { task, notebook, cells } = await recorded(made, lines);
  const widgets = (notebook['metadata'] as JsonObject)['widgets'] as JsonObject;
  assert.match(JSON.stringify(widgets['application/vnd.jupyter.widget-state+json']), /IntSliderModel/);
  const plotly = (cells[1]?.['outputs'] as unknown as readonly JsonObject[]).map((output) => output['data'] as JsonObject | undefined).find((data) => data?.['application/vnd.plotly.v1+json'] !== undefined);
  assert.ok(plotly !== undefined, 'the whole figure is in the notebook');

  const shown = of(lines, 'cell').filter((cell) => cell.end !== undefined).map((cell) => JSON.stringify(cell.outputs));
  assert.match(shown[0] ?? '', /IntSlider\(value=7\)/);
  assert.match(shown[1] ?? '', /"type":"bar"/);
  assert.doesNotMatch(shown[1] ?? '', /<script/);
  // The figure that was logged and shown is one artifact; the one that was only shown is another.
  assert.deepEqual(task.artifacts.map((artifact) => artifact.name).sort(), ['cell-04-1.png', 'line.png', 'nb.ipynb']);
});

it('a notebook in bash runs in its own kernel, with its parameters', async (context) => {
  const document = {
    cells: ['greeting=none', 'echo "$greeting, $(( n + 1 ))"', 'false || echo "status $?"'].map((source, index) => ({ cell_type: 'code', execution_count: null, metadata: index === 0 ? { tags: ['parameters'] } : {}, outputs: [], source })),
    metadata: { kernelspec: { name: 'bash', display_name: 'Bash', language: 'bash' } },
    nbformat: 4,
    nbformat_minor: 4,
  };
  const made = notebookWorkspace(context, {
    'runweave.yaml': "tasks:\n  nb:\n    notebook: nb.ipynb\n    params: {greeting: it's me, n: 41}\n    env: {JUPYTER_PATH: jupyter}\n",
    'nb.ipynb': JSON.stringify(document),
    'jupyter/kernels/bash/kernel.json': JSON.stringify({ argv: [path.join(repository, '.venv', 'bin', 'python'), '-m', 'bash_kernel', '-f', '{connection_file}'], display_name: 'Bash', language: 'bash' }),
  });
  const { code, lines } = await made.run();
  assert.equal(code, 0, of(lines, 'output').map((output) => output.text).join(''));
  const { cells } = await recorded(made, lines);
  assert.deepEqual(cells.map((cell) => ((cell['outputs'] as unknown as readonly JsonObject[])[0]?.['text'] as readonly string[] | undefined)?.join('')), [undefined, undefined, "it's me, 42\n", 'status 1\n']);
});
