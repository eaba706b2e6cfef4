/** Functions as tasks: what of their modules counts, and objects that they hand to each other. */
import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { repository, workspace, type Workspace } from './runweave.ts';

const sliced = {
  'runweave.yaml': 'name: calls\ntasks:\n  clean: {call: "tasks.prepare:clean"}\n  count: {call: "tasks.prepare:count"}\n',
  'tasks/prepare.py': 'from tasks.text import lower, upper\n\nLIMIT = 3\n\ndef clean():\n    return lower("A")\n\ndef count(n=LIMIT):\n    return len(upper("abc")) + n\n',
  'tasks/text.py': 'def lower(text):\n    return text.lower()\n\ndef upper(text):\n    return text.upper()\n',
};

describe('a function', () => {
  it('is stale by what it uses of its modules, and says which function changed', async (context) => {
    const place = workspace(context, sliced);
    assert.deepEqual((await place.run()).executed, ['clean', 'count']);
    const edit = (file: keyof typeof sliced, from: string, to: string): void => place.write(file, place.read(file).replace(from, to));
    edit('tasks/text.py', 'text.lower()', 'text.lower() + "!"');
    assert.match((await place.runweave('plan')).stdout, /▸ clean\n {4}source tasks\/text\.py changed in function lower \(/);
    assert.deepEqual((await place.run()).executed, ['clean']);
    edit('tasks/prepare.py', 'return len(', 'return 1 + len(');
    edit('tasks/prepare.py', 'LIMIT\n\n', 'LIMIT\n\ndef unused():\n    return LIMIT\n\n');
    assert.deepEqual((await place.run()).executed, ['count']);
    edit('tasks/prepare.py', 'LIMIT = 3', 'LIMIT = 4');
    assert.deepEqual((await place.run()).executed, ['clean', 'count'], 'what runs when the module is imported counts for all');
    assert.deepEqual((await place.run()).executed, []);
  });

  it('is looked for from the folder of the pipeline, wherever it runs', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': 'name: calls\ntasks:\n  a: {call: "steps:here", cwd: data}\n  b: {call: "steps:here", cwd: data, env: {OTHER: "1"}}\n',
      'steps.py': 'import os\n\ndef here():\n    return {"folder": os.path.basename(os.getcwd())}\n',
      'data/steps.py': 'raise SystemExit("not this one")\n',
    });
    const { code, lines } = await place.run();
    assert.equal(code, 0);
    assert.deepEqual(lines.flatMap((line) => (line.type === 'task-ended' ? [line.returns] : [])), [{ folder: 'data' }, { folder: 'data' }]);
    place.write('steps.py', place.read('steps.py').replace('basename', 'abspath'));
    assert.deepEqual((await place.run()).executed, ['a', 'b']);
  });

  it('is stale by a mistake in what it does not use, as that keeps its module from being imported', async (context) => {
    const place = workspace(context, sliced);
    await place.run();
    const text = place.read('tasks/text.py');
    place.write('tasks/text.py', `${text}\ndef broken():\n    return = 1\n`);
    const failed = await place.run();
    assert.deepEqual([failed.code, failed.executed], [1, ['clean', 'count']]);
    place.write('tasks/text.py', `${text}\ndef broken():\n    return 1\n`);
    assert.deepEqual([(await place.run()).code, (await place.run()).executed], [0, []]);
  });

  it('is stale by all of its modules where a function may be found otherwise, and with `compare: bytes`', async (context) => {
    const place = workspace(context, { ...sliced, 'tasks/prepare.py': sliced['tasks/prepare.py'].replace('lower("A")', 'globals()["low" + "er"]("A")') });
    await place.run();
    place.write('tasks/text.py', place.read('tasks/text.py').replace('text.upper()', 'text.title()'));
    assert.deepEqual((await place.run()).executed, ['clean', 'count']);

    const bytes = workspace(context, { ...sliced, 'runweave.yaml': `${sliced['runweave.yaml']}defaults: {compare: bytes}\n` });
    await bytes.run();
    bytes.write('tasks/text.py', `${bytes.read('tasks/text.py')}# new\n`);
    assert.deepEqual((await bytes.run()).executed, ['clean', 'count']);
  });
});

const objects = {
  'runweave.yaml': `
name: objects
params: {n: 4}
tasks:
  make: {call: "steps:make", params: {n: "\${params.n}"}}
  use: {call: "steps:use", params: {table: "\${tasks.make.returns.table}", nested: ["\${tasks.make.returns.array}", "\${tasks.make.returns.n}"], model: "\${tasks.make.returns.model}"}}
  script: {python: scripts/script.py, params: {array: "\${tasks.make.returns.array}", model: "\${tasks.make.returns.model}"}}
  shell: {shell: 'head -c 2 "$RUNWEAVE_PARAM_ARRAY" | od -An -tx1 > pickle.txt', outputs: [pickle.txt], params: {array: "\${tasks.make.returns.array}"}}
`,
  'steps.py': `
import numpy
from model import Model

def make(n):
    return {"table": {"a": numpy.arange(n), "ids": {n}}, "array": numpy.arange(n), "model": Model(n), "n": n}

def use(table, nested, model):
    array, n = nested
    return {"sum": int(table["a"].sum()) + max(table["ids"]) - n, "array": str(array.dtype), "n": n, "model": model.double()}
`,
  'model.py': 'class Model:\n    def __init__(self, n):\n        self.n = n\n    def double(self):\n        return self.n * 2\n',
  // Its own folder has no `model`.
  'scripts/script.py': 'import runweave\nrunweave.returns(total=int(runweave.params["array"].sum()) + runweave.params["model"].double())\n',
};

function withPackages(place: Workspace): Workspace {
  symlinkSync(path.join(repository, 'examples/digits/.venv'), path.join(place.folder, '.venv'), 'junction');
  return place;
}

function pickles(place: Workspace): readonly string[] {
  const folder = path.join(place.folder, '.runweave/objects/sha256');
  return existsSync(folder) ? readdirSync(folder).flatMap((name) => readdirSync(path.join(folder, name)).map((file) => path.join(folder, name, file))) : [];
}

describe('objects that a function returns', () => {
  it('reach the tasks that ask for them, are shown by type, size and digest, and come back with an earlier state', async (context) => {
    const place = withPackages(workspace(context, objects));
    const first = await place.run();
    assert.deepEqual([first.code, first.executed], [0, ['make', 'script', 'shell', 'use']], JSON.stringify(first.lines.filter((line) => line.type === 'output')));
    const returns = Object.fromEntries(first.lines.flatMap((line) => (line.type === 'task-ended' ? [[line.task, line.returns]] : [])));
    assert.deepEqual([returns['use'], returns['script']], [{ sum: 6, array: 'int64', n: 4, model: 8 }, { total: 14 }]);
    assert.equal(place.read('pickle.txt').trim(), '80 05');
    assert.match((await place.runweave('show', 'latest/make')).stdout, /array +ndarray \(pickle, \d+ B, sha256:[0-9a-f]{16}\)/);
    assert.deepEqual((await place.run()).executed, []);

    const other = await place.run('--set', 'n=5');
    assert.deepEqual(other.executed, ['make', 'script', 'shell', 'use']);
    assert.match((await place.runweave('plan')).stdout, /= make {2}restored from/);
    assert.equal((await place.runweave('gc')).code, 0);
    assert.deepEqual((await place.run()).executed, []);
    // Its own class counts as a whole: the object may use any of it.
    place.write('model.py', objects['model.py'].replace('* 2', '* 3'));
    assert.deepEqual((await place.run()).executed, ['make', 'script', 'use']);
  });

  it('are made again when they are gone, and are never taken from a record', async (context) => {
    const place = withPackages(workspace(context, objects));
    await place.run();
    for (const file of pickles(place)) rmSync(file);
    assert.match((await place.runweave('plan')).stdout, /▸ make\n {4}output returns\.\w+ is missing/);
    assert.deepEqual((await place.run()).executed, ['make']);
    rmSync(path.join(place.folder, '.runweave/cache'), { recursive: true });
    assert.deepEqual((await place.run()).executed, ['make']);
    // With its time put back, so that only who reads it can see it.
    for (const file of pickles(place)) {
      const { mtimeMs } = statSync(file);
      writeFileSync(file, 'cos\nsystem\n(S"touch hacked"\ntR.');
      utimesSync(file, mtimeMs / 1000, mtimeMs / 1000);
    }
    const changed = await place.run('--force', 'use');
    assert.equal(changed.code, 1);
    assert.ok(changed.lines.some((line) => line.type === 'task-ended' && line.failure?.message.includes('was changed on disk')));
    assert.equal(existsSync(path.join(place.folder, 'hacked')), false);
  });

  it('are made again when somebody has written to them, with the reason', async (context) => {
    const place = withPackages(workspace(context, objects));
    await place.run();
    // Sources are there, too.
    const sound = new Map(pickles(place).map((file) => [file, readFileSync(file)] as const).filter(([, bytes]) => bytes[0] === 0x80));
    assert.equal(sound.size, 3);
    for (const file of sound.keys()) {
      const handle = openSync(file, 'r+');
      writeSync(handle, 'x', 40);
      closeSync(handle);
    }
    assert.match((await place.runweave('plan')).stdout, /▸ make\n {4}output returns\.\w+ was changed on disk/);
    const again = await place.run();
    assert.deepEqual([again.code, again.executed], [0, ['make']]);
    for (const [file, bytes] of sound) assert.ok(readFileSync(file).equals(bytes), file);
    const used = await place.run('--force', 'use');
    assert.equal(used.code, 0);
  });

  it('are not known while the task that returns them has failed, and neither is whether the next one runs', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': 'name: o\ntasks:\n  make: {call: "m:make", inputs: [in.txt], keep: false}\n  use: {call: "m:use", params: {box: "${tasks.make.returns.box}"}}\n',
      'm.py': 'class Box:\n    pass\n\n\ndef make():\n    if open("in.txt").read() == "bad":\n        raise ValueError("bad")\n    return {"box": Box()}\n\n\ndef use(box):\n    return {"kind": type(box).__name__}\n\n\ndef unused():\n    return 1\n',
      'in.txt': 'good',
    });
    assert.equal((await place.run()).code, 0);
    place.write('in.txt', 'bad');
    assert.equal((await place.run()).code, 1);
    place.write('in.txt', 'good');
    const plan = JSON.parse((await place.runweave('plan', '--json')).stdout) as { readonly entries: readonly { readonly task: string; readonly action: string }[] };
    assert.deepEqual(plan.entries.map(({ task, action }) => [task, action]), [['make', 'run'], ['use', 'maybe']]);
    const { executed } = await place.run();
    assert.deepEqual(executed, ['make']);
  });

  it('that hold a secret, stand within a text, or cannot be pickled fail with what to do', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `
name: mistakes
secrets: [TOKEN_OF_TEST]
on_failure: continue
tasks:
  secret: {call: "steps:secret"}
  rule: {call: "steps:rule"}
  ids: {call: "steps:ids"}
  text: {shell: "true", params: {ids: "ids: \${tasks.ids.returns.value}"}}
`,
      'steps.py': 'import os\ndef secret():\n    return {"it": {os.environ["TOKEN_OF_TEST"]}}\ndef rule():\n    return {"rule": lambda: 1}\ndef ids():\n    return {1, 2}\n',
    });
    process.env['TOKEN_OF_TEST'] = 'hunter2hunter2';
    context.after(() => delete process.env['TOKEN_OF_TEST']);
    const { code, lines } = await place.run();
    assert.equal(code, 1, JSON.stringify(lines));
    const failures = Object.fromEntries(lines.flatMap((line) => (line.type === 'task-ended' ? [[line.task, line.failure?.message]] : [])));
    assert.equal(failures['secret'], 'what it returned as it (set) could not be kept: it is not text, and the value of a secret is in it');
    assert.match(failures['rule'] ?? '', /^call steps:rule: returned 'rule': a value of type function is not JSON and cannot be pickled/);
    assert.equal(failures['ids'], undefined);
    assert.equal(failures['text'], "${tasks.ids.returns.value} is an object of Python, which can't be a part of a text: let the parameter be the reference alone");
    for (const file of pickles(place)) assert.ok(!place.read(path.relative(place.folder, file)).includes('hunter2'));
  });
});

describe('JSON that is too long for a line of the log', () => {
  it('reaches the next task as it is, and a shell by a file', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `tasks:
  make: {call: "m:make"}
  use: {call: "m:use", params: &given {huge: "\${tasks.make.returns.huge}", list: "\${tasks.make.returns.list}", n: "\${tasks.make.returns.n}"}}
  script: {python: script.py, params: *given}
  shell: {shell: 'wc -c < "$RUNWEAVE_PARAM_HUGE" > shell.txt', params: *given, outputs: [shell.txt]}
`,
      'm.py': 'def make():\n    return {"huge": "x" * 50_000_000, "list": [(1.0, 2), "x" * 17_000_000], "n": 1}\ndef use(huge, list, n):\n    return {"got": [len(huge), len(list), repr(list[0]), n]}\n',
      'script.py': 'import m, runweave\nrunweave.returns(**m.use(**runweave.params))\n',
    });
    const { code, lines } = await place.run();
    assert.equal(code, 0);
    const returns = Object.fromEntries(lines.flatMap((line) => (line.type === 'task-ended' ? [[line.task, line.returns]] : [])));
    const got = [50_000_000, 2, '[1.0, 2]', 1];
    assert.deepEqual([returns['use'], returns['script'], returns['make']?.['n']], [{ got }, { got }, 1]);
    assert.match(JSON.stringify(returns['make']?.['huge']), /^"str \(pickle, 50\.0 MB, sha256:/);
    assert.ok(Number(place.read('shell.txt')) > 50_000_000);
    assert.deepEqual((await place.run()).executed, []);
  });
});

describe('values that the environment has no room for', () => {
  for (const [name, env] of [['fresh', 'env: {RUNWEAVE_WARM: "off"}'], ['warm', '']] as const) {
    it(`reach tasks in the file, also ${name} ones`, async (context) => {
      const place = workspace(context, {
        'runweave.yaml': `${env}
tasks:
  make: {call: "m:make"}
  use: {call: "m:use", params: &given {rows: "\${tasks.make.returns.rows}", nul: "\${tasks.make.returns.nul}", n: 1}}
  script: {python: script.py, params: *given}
  shell: {shell: 'echo "\${RUNWEAVE_PARAM_ROWS-none}" $(wc -c < "$RUNWEAVE_PARAMS") > shell.txt', params: *given, outputs: [shell.txt]}
  many: {call: "m:many", params: {objects: [${Array.from({ length: 500 }, () => '"\${tasks.make.returns.object}"').join(', ')}]}}
`,
        'm.py': `
import os
def make():
    return {"rows": list(range(40000)), "nul": "a\\0b", "object": {1}}
def use(rows, nul, n):
    return {"got": [sum(rows), nul, n, sorted(each for each in os.environ if each.startswith("RUNWEAVE_PARAM_"))]}
def many(objects):
    return {"got": len(objects) + sum(map(len, objects))}
`,
        'script.py': 'import m, runweave\nrunweave.returns(**m.use(**runweave.params))\n',
      });
      const { code, lines } = await place.run();
      const got = Object.fromEntries(lines.flatMap((line) => (line.type === 'task-ended' && line.task !== 'make' ? [[line.task, line.returns['got']]] : [])));
      assert.equal(code, 0, JSON.stringify(lines.flatMap((line) => (line.type === 'task-ended' ? [line.failure ?? null] : []))));
      const used = [799_980_000, 'a\0b', 1, ['RUNWEAVE_PARAM_N']];
      assert.deepEqual(got, { use: used, script: used, shell: undefined, many: 1000 });
      assert.match(place.read('shell.txt'), /^none 2\d{5}\n$/);
    });
  }
});

describe('names that JavaScript has of its own', () => {
  it('are names like any other, of returns, inputs and tasks', async (context) => {
    const place = workspace(context, {
      'runweave.yaml': `tasks:
  __proto__: {python: a.py, inputs: [__proto__]}
  called: {call: "b:f"}
  constructor: {shell: 'cat "$RUNWEAVE_PARAMS" > seen.json', params: {a: "\${tasks.__proto__.returns.__proto__}", b: "\${tasks.called.returns.__proto__}"}, outputs: [seen.json]}
  lost: {shell: 'true', params: {a: "\${tasks.called.returns.toString}"}}
`,
      'a.py': 'import runweave\nrunweave.returns(**{"__proto__": len(open("__proto__").read())})\n',
      'b.py': 'def f():\n    return {"__proto__": 9.0}\n',
      ['__proto__']: 'four',
    });
    await place.run('constructor');
    assert.equal(place.read('seen.json'), '{"a":4,"b":9.0}');
    assert.match((await place.runweave('show', 'latest/__proto__')).stdout, /^Returns\n {2}__proto__ {2}4$/m);
    place.write('__proto__', 'five!');
    assert.deepEqual((await place.run('constructor')).executed, ['__proto__', 'constructor']);
    assert.equal(place.read('seen.json'), '{"a":5,"b":9.0}');
    assert.deepEqual((await place.run('constructor')).executed, []);
    const lost = await place.runweave('run', 'lost');
    assert.equal(lost.code, 1);
    assert.match(lost.stdout, /\$\{tasks\.called\.returns\.toString\} is not known: the task did not return it/);
  });
});
