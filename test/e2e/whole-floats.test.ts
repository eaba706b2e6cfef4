/** What is written or returned as a float is a float for every task, also when it is whole. */
import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { repository, workspace } from './runweave.ts';

const pipeline = `
params: {max_samples: 1.0, weights: [1.0, 2, -0.0, 1e3]}
tasks:
  fit: {call: "m:fit", params: {max_samples: "\${params.max_samples}", weights: "\${params.weights}", own: 3.0, text: "at \${params.max_samples}"}, checks: ["returns.n == 1", "returns.n >= \${params.max_samples}"]}
  seen: {call: "m:seen", params: {n: "\${tasks.fit.returns.n}", p: "\${tasks.fit.returns.p}", i: "\${tasks.fit.returns.i}", nested: {x: ["\${tasks.fit.returns.l}"]}, text: "n=\${tasks.fit.returns.n}"}}
  script: {python: s.py, params: {x: "\${params.max_samples}"}, outputs: [script.txt]}
  shell: {shell: 'echo \${params.max_samples} "$RUNWEAVE_PARAM_W" > shell.txt; echo "return n=2.0" >> "$RUNWEAVE_LOG"', params: {w: "\${params.weights}"}, outputs: [shell.txt]}
  after: {python: s.py, params: {x: "\${tasks.shell.returns.n}"}}
  mt: {shell: 'cp "$RUNWEAVE_PARAMS" mt-\${matrix.rate}.json', matrix: {rate: [0.5, 1.0]}, outputs: ["mt-\${matrix.rate}.json"]}
`;
const files = {
  'runweave.yaml': pipeline,
  'm.py': `
def fit(max_samples, weights, own, text):
    with open("fit.txt", "w") as out:
        print(repr((max_samples, weights, own, text)), file=out)
    return {"n": 1.0, "p": 2.0**60, "i": 1, "l": [1.0, 2], "acc": 1.0}


def seen(**given):
    with open("seen.txt", "w") as out:
        print(repr(given), file=out)
    return given
`,
  's.py': `
import os
import runweave
with open("script.txt" if os.environ["RUNWEAVE_TASK"] == "script" else "after.txt", "w") as out:
    print(repr(runweave.params["x"]), os.environ["RUNWEAVE_PARAM_X"], file=out)
`,
};
const seen = "{'i': 1, 'n': 1.0, 'nested': {'x': [[1.0, 2]]}, 'p': 1.152921504606847e+18, 'text': 'n=1.0'}\n";

describe('floats that are whole', () => {
  it('reach every kind of task, and the tasks after it, and are told from whole numbers by what comes then', async (context) => {
    const { write, read, run, runweave, folder } = workspace(context, files);
    assert.equal((await run()).code, 0);
    assert.equal(read('fit.txt'), "(1.0, [1.0, 2, -0.0, 1000.0], 3.0, 'at 1.0')\n");
    assert.equal(read('seen.txt'), seen);
    assert.equal(read('script.txt'), '1.0 1.0\n');
    assert.equal(read('after.txt'), '2.0 2.0\n');
    assert.equal(read('shell.txt'), '1.0 [1.0,2,-0.0,1000.0]\n');
    assert.equal(read('mt-1.0.json'), '{"rate":1.0}');
    const shown = (await runweave('show', 'latest/fit')).stdout;
    assert.match(shown, /max_samples +1\.0\n/);
    assert.match(shown, /\n +acc +1\.0\n/);
    assert.deepEqual((await run()).executed, []);

    // The caches are made again from the records, which know it too.
    rmSync(path.join(folder, '.runweave', 'cache'), { recursive: true });
    assert.deepEqual((await run()).executed, []);

    write('runweave.yaml', pipeline.replace('max_samples: 1.0', 'max_samples: 1'));
    const plan = (await runweave('plan')).stdout;
    assert.match(plan, /▸ script\n +parameter x: 1\.0 → 1\n/);
    assert.match((await runweave('plan', '--json')).stdout, /"name":"x","from":1\.0,"to":1[,}]/);
    assert.deepEqual((await run()).executed, ['after', 'fit', 'script', 'shell']);
    assert.equal(read('script.txt'), '1 1\n');
    assert.match((await runweave('compare', '-2', 'latest')).stdout, /Parameters\n +max_samples +1\.0 → 1\n +fit: text/);

    // A run is tried again, and its parameters come back, as they were.
    assert.equal((await runweave('retry', '-2', '--force')).code, 0);
    assert.equal(read('script.txt'), '1.0 1.0\n');
    const restored = await runweave('restore', 'latest', '--params');
    assert.match(restored.stdout, /max_samples: 1 → 1\.0\n/);
    assert.ok(read('runweave.yaml').includes('max_samples: 1.0, weights: [1.0, 2, -0.0, 1e3]'));
    assert.deepEqual((await run('--set', 'max_samples=2.0', 'script')).executed, ['script']);
    assert.equal(read('script.txt'), '2.0 2.0\n');
  });

  it('are no maps that only look like what stands for them', async (context) => {
    const { write, read, run, runweave, folder } = workspace(context, {
      'runweave.yaml': `params: {d: {runweave.float: 1}}
tasks:
  make: {call: "m:make"}
  named: {call: "m:named"}
  use: {call: "m:use", params: {got: "\${tasks.make.returns.d}", own: "\${params.d}", n: {runweave.float: "\${tasks.make.returns.n}"}, object: {runweave.float: "\${tasks.make.returns.object}"}}}
  after: {call: "m:use", params: {got: "\${tasks.use.returns.got}"}}
  many: {shell: 'cp "$RUNWEAVE_PARAMS" many.json', matrix: {x: [1]}, params: {l: [{runweave.float: -1}, {runweave.float: 1.0}]}, outputs: [many.json]}
`,
      'm.py': `
def make():
    return {"d": {"runweave.float": 1}, "n": 1, "object": {2}}
def named():
    return {"runweave.float": 1}
def use(**given):
    with open(f"{len(given)}.txt", "w") as out:
        print(repr(given), file=out)
    return given
`,
    });
    assert.equal((await run()).code, 0);
    const used = "{'got': {'runweave.float': 1}, 'n': {'runweave.float': 1}, 'object': {'runweave.float': {2}}, 'own': {'runweave.float': 1}}\n";
    assert.deepEqual([read('4.txt'), read('1.txt'), read('many.json')], [used, "{'got': {'runweave.float': 1}}\n", '{"l":[{"runweave.float":-1},{"runweave.float":1.0}],"x":1}']);
    assert.match((await runweave('show', 'latest/use')).stdout, /\n +own +\{"runweave\.float":1\}\n/);
    assert.deepEqual((await run()).executed, []);
    rmSync(path.join(folder, '.runweave', 'cache'), { recursive: true });
    assert.deepEqual((await run('after', 'named', 'many')).executed, ['make', 'use'], 'what returns objects');
    write('runweave.yaml', read('runweave.yaml').replace('d: {runweave.float: 1}', 'd: {runweave.float: 2}'));
    assert.equal((await runweave('restore', 'latest', '--params')).code, 0);
    assert.match(read('runweave.yaml'), /^params: \{d: \{"runweave\.float":1\}\}\n/);
  });

  it('reach the cell with parameters of a notebook', async (context) => {
    const { read, run, folder } = workspace(context, {
      'runweave.yaml': 'tasks: {nb: {notebook: nb.py, params: {x: 1.0, l: [2.0, 2]}}}\n',
      'nb.py': '# %% tags=["parameters"]\nx = l = None\n\n# %%\nopen("nb.txt", "w").write(repr((x, l)))\n',
    });
    symlinkSync(path.join(repository, '.venv'), path.join(folder, '.venv'), 'junction');
    assert.equal((await run()).code, 0);
    assert.equal(read('nb.txt'), '(1.0, [2.0, 2])');
  });
});
