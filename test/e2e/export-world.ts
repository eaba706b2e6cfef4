/** A run with something of everything, for what others read of it, and what comes back. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { RunState } from '../../src/model/run-state.ts';
import { project, runCli, type Finished } from './cli-process.ts';

const root = path.resolve(import.meta.dirname, '../..');

export interface ExportWorld {
  readonly cwd: string;
  readonly cli: (...args: readonly string[]) => Promise<Finished>;
}

export async function exportWorld(): Promise<ExportWorld> {
  const cwd = await project({
    'runweave.yaml': `name: world
params: {rate: 0.5, text: "=1+1", list: [1, two]}
tasks:
  make: {python: make.py, outputs: [build/out.txt], owner: data-team, description: "makes | things", params: {depth: 3, mode: "a/b"}}
  train: {python: train.py, needs: [make], matrix: {n: [1, 2]}}
  flaky: {shell: "if [ -e build/tried ]; then echo now it works; else touch build/tried; echo not yet >&2; exit 1; fi", needs: [make], retries: 1}
  report: {notebook: report.py, needs: [train]}
  bad: {python: bad.py, needs: [make]}
  after: {shell: "echo never", needs: [bad]}
`,
    'make.py': `import os, runweave
os.makedirs("build", exist_ok=True)
open("build/out.txt", "w").write("out")
for step in range(5):
    runweave.log_metric("loss", 1 / (step + 1), step)
runweave.log_metric("not a number", float("nan"))
runweave.log_metric("whole", 3)
runweave.log_metric("sub/part.x", 0.25)
runweave.log_param("optimizer", "adam")
runweave.log_param("layers", [64, 32])
runweave.log_param("rounds", 12)
runweave.log_param("shuffle", True)
runweave.set_tag("model", "cnn")
runweave.log_text("notes/small.txt", "sm\\u00e4ll")
runweave.log_artifact(b"large " * 200_000, "large.txt")
runweave.log_artifact(bytes(range(256)) * 4000, "large.bin")
runweave.returns(rows=42)
print("made", flush=True)
`,
    'train.py': `import runweave
runweave.log_metric("accuracy", 0.5 + runweave.params["n"] / 10)
`,
    'report.py': `# %% [markdown]
# # Report & <b>more</b>
# A *list*:
# - one <script>alert(1)</script>
# - [link](javascript:alert(2))
# %%
print("hello <there>")
from IPython.display import HTML, display
display(HTML("<script>alert(3)</script><b>bold</b>"))
6 * 7
`,
    'bad.py': 'def fail():\n    raise ValueError("wrong <value>")\n\nprint("before")\nfail()\n',
  });
  const cli = (...args: readonly string[]): Promise<Finished> => runCli(args, { cwd, environment: { VIRTUAL_ENV: path.join(root, '.venv') } });
  const run = await cli('run', '--on-failure', 'continue');
  assert.equal(run.code, 1, run.stderr + run.stdout);
  return { cwd, cli };
}

/** Where the records of `world` are imported into, and the run that comes back. */
export async function importedElsewhere(...sources: readonly string[]): Promise<RunState> {
  const elsewhere = await project({ 'runweave.yaml': 'name: elsewhere\ntasks:\n  a: {shell: "true"}\n' });
  const imported = await runCli(['import', ...sources, '--json'], { cwd: elsewhere });
  assert.equal(imported.code, 0, imported.stderr + imported.stdout);
  assert.deepEqual((JSON.parse(imported.stdout) as { readonly problems: unknown }).problems, []);
  return stateOf(await runCli(['export', 'latest', '--to', 'json'], { cwd: elsewhere }));
}

export function stateOf({ stdout, stderr }: Finished): RunState {
  const [state] = JSON.parse(stdout === '' ? '[]' : stdout) as readonly RunState[];
  assert.ok(state !== undefined, stderr);
  return state;
}

/** The points of a task's metrics, by name: time (rounded down to `unit` nanoseconds), value, step. */
export function metricPoints(task: RunState['tasks'][number] | undefined, unit = 1n): Readonly<Record<string, readonly unknown[]>> {
  return Object.fromEntries(
    Object.entries(task?.metrics ?? {}).map(([name, { start, times, values, steps }]) => [name, values.map((value, index) => [String((BigInt(start) + BigInt(times[index] ?? 0)) / unit), value, steps?.[index] ?? null])]),
  );
}
