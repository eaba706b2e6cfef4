import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDiagnostic } from '../../../src/model/diagnostic.ts';
import type { Diagnostic } from '../../../src/model/diagnostic.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import { taskParams, type Pipeline, type Task } from '../../../src/model/pipeline.ts';
import { jsonText } from '../../../src/model/whole-float.ts';
import { parseSetOptions } from '../../../src/cli/set-option.ts';
import { loadPipeline } from '../../../src/definition/load-pipeline.ts';
import type { LoadOptions, LoadedPipeline } from '../../../src/definition/load-pipeline.ts';

function load(text: string, options: Partial<LoadOptions> = {}): LoadedPipeline {
  return loadPipeline({ file: '/project/runweave.yaml', text, environment: {}, disk: { fileExists: () => true, exists: () => true }, ...options });
}

function good(text: string, options: Partial<LoadOptions> = {}): Pipeline {
  const { pipeline, graph } = load(text, options);
  assert.deepEqual(said(graph.diagnostics), []);
  assert.ok(pipeline);
  return pipeline;
}

function task(pipeline: Pipeline, id: string): Task {
  const found = pipeline.tasks.find((each) => each.id === id);
  assert.ok(found, `no task ${id} in ${pipeline.tasks.map((each) => each.id).join(' ')}`);
  return found;
}

const said = (diagnostics: readonly Diagnostic[]): readonly string[] => diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, 'f'));
const edges = (pipeline: Pipeline): Record<string, readonly string[]> => Object.fromEntries(pipeline.tasks.map((each) => [each.id, [...each.dependencies].sort()]));

const example = `
name: digits
params: {data_dir: build/data, train_ratio: 0.7}
env: {OMP_NUM_THREADS: "1"}
secrets: [HF_TOKEN]
defaults: {retries: 0, timeout: 10m, cpus: 1}
tasks:
  ingest:
    python: tasks/ingest.py
    outputs: ["\${params.data_dir}/digits.npz"]
    retries: {max: 3, delay: 1s, backoff: 2}
    timeout: 30s
    owner: data-team
    tags: [etl]
  split:
    call: tasks.prepare:split
    needs: [ingest]
    params: {ratio: "\${params.train_ratio}"}
  eda: {notebook: notebooks/eda.py, needs: [ingest]}
  train:
    notebook: notebooks/train.py
    needs: [split]
    matrix: {nr_train_images: [400, 500, 600]}
  benchmark: {notebook: notebooks/benchmark.py, needs: [train], matrix: {nr_train_images: [400, 500, 600]}}
  summary: {notebook: notebooks/summary.py, needs: [benchmark]}
  publish: {shell: ./publish.sh, needs: [summary], watch: manual}
`;

describe('loadPipeline', () => {
  it('loads every part of a pipeline', () => {
    const pipeline = good(example);
    const { tasks: _, ...rest } = pipeline;
    assert.deepEqual(rest, {
      name: 'digits',
      file: '/project/runweave.yaml',
      folder: '/project',
      params: { data_dir: 'build/data', train_ratio: 0.7 },
      secrets: ['HF_TOKEN'],
      record: { env: [], inline: 65536 },
      onFailure: 'stop',
      slots: {},
    });
    assert.deepEqual(task(pipeline, 'ingest'), {
      id: 'ingest',
      name: 'ingest',
      source: { kind: 'python', script: 'tasks/ingest.py' },
      matrix: {},
      params: {},
      dependencies: [],
      inputs: [],
      outputs: ['build/data/digits.npz'],
      env: { OMP_NUM_THREADS: '1' },
      cwd: '.',
      retries: { max: 3, delay: 1000, backoff: 2 },
      timeout: 30_000,
      cpus: 1,
      gpus: 0,
      memory: 0,
      watch: 'auto',
      cache: true,
      keep: true,
      compare: 'meaning',
      checks: [],
      owner: 'data-team',
      tags: ['etl'],
      range: { start: { line: 7, character: 2 }, end: { line: 7, character: 8 } },
    });
    const split = task(pipeline, 'split');
    assert.deepEqual(split.source, { kind: 'call', module: 'tasks.prepare', function: 'split' });
    assert.deepEqual(split.params, { ratio: 0.7 });
    assert.deepEqual([split.timeout, split.retries], [600_000, { max: 0, delay: 0, backoff: 1 }]);
    assert.deepEqual(task(pipeline, 'publish').watch, 'manual');
    assert.deepEqual(edges(pipeline), {
      ingest: [],
      split: ['ingest'],
      eda: ['ingest'],
      'train[nr_train_images=400]': ['split'],
      'train[nr_train_images=500]': ['split'],
      'train[nr_train_images=600]': ['split'],
      'benchmark[nr_train_images=400]': ['train[nr_train_images=400]'],
      'benchmark[nr_train_images=500]': ['train[nr_train_images=500]'],
      'benchmark[nr_train_images=600]': ['train[nr_train_images=600]'],
      summary: ['benchmark[nr_train_images=400]', 'benchmark[nr_train_images=500]', 'benchmark[nr_train_images=600]'],
      publish: ['summary'],
    });
  });

  it('gives the editor what each task runs', () => {
    const { graph } = load(example, { disk: { fileExists: (path) => path !== '/project/tasks/prepare.py', exists: () => true } });
    const sources = Object.fromEntries(graph.tasks.map((each) => [each.id, [each.kind, each.source, each.sourceFile]]));
    assert.deepEqual(sources['split'], ['call', 'tasks/prepare/__init__.py', '/project/tasks/prepare/__init__.py']);
    assert.deepEqual(sources['publish'], ['shell', './publish.sh', undefined]);
    assert.deepEqual(sources['eda'], ['notebook', 'notebooks/eda.py', '/project/notebooks/eda.py']);
  });

  it('takes its name from the folder', () => {
    assert.equal(good('tasks: {a: {shell: x}}', { file: '/home/My project/runweave.yaml' }).name, 'My-project');
  });

  it('orders tasks after what they need, otherwise as in the file', () => {
    const pipeline = good('tasks:\n  c: {shell: x, needs: [z]}\n  a: {shell: x}\n  z: {shell: x, needs: [y]}\n  b: {shell: x}\n  y: {shell: x}\n');
    assert.deepEqual(pipeline.tasks.map((each) => each.id), ['y', 'z', 'c', 'a', 'b']);
  });
});

describe('matrix', () => {
  it('expands several keys, pairs on those that both have, and names single tasks', () => {
    const pipeline = good(`
tasks:
  data: {shell: x, matrix: {lang: [de, en]}}
  train: {shell: x, needs: [data], matrix: {lang: [de, en], n: [1, 2]}}
  merge: {shell: x, needs: [train], matrix: {n: [1, 2]}}
  other: {shell: x, needs: [data], matrix: {flag: [true]}}
  one: {shell: x, needs: ["train[lang=en,n=2]"]}
`);
    assert.deepEqual(edges(pipeline), {
      'data[lang=de]': [],
      'data[lang=en]': [],
      'train[lang=de,n=1]': ['data[lang=de]'],
      'train[lang=de,n=2]': ['data[lang=de]'],
      'train[lang=en,n=1]': ['data[lang=en]'],
      'train[lang=en,n=2]': ['data[lang=en]'],
      'merge[n=1]': ['train[lang=de,n=1]', 'train[lang=en,n=1]'],
      'merge[n=2]': ['train[lang=de,n=2]', 'train[lang=en,n=2]'],
      'other[flag=true]': ['data[lang=de]', 'data[lang=en]'],
      one: ['train[lang=en,n=2]'],
    });
    assert.deepEqual(task(pipeline, 'train[lang=en,n=2]').matrix, { lang: 'en', n: 2 });
  });

  it('takes its values from a param', () => {
    const text = 'params: {sizes: [1, 2]}\ntasks:\n  a: {shell: x, matrix: {n: "${params.sizes}"}}\n';
    assert.deepEqual(good(text).tasks.map((each) => each.id), ['a[n=1]', 'a[n=2]']);
    assert.deepEqual(good(text, { set: { sizes: [7] } }).tasks.map((each) => each.id), ['a[n=7]']);
    assert.match(said(load(text, { set: { sizes: 7 } }).graph.diagnostics).join(), /"n" must be a list, not 7/);
  });

  it('is bounded, and keeps the task in the graph', () => {
    const axis = `[${Array.from({ length: 101 }, (_, index) => index).join(', ')}]`;
    const { graph } = load(`tasks:\n  a: {shell: "x \${matrix.x}", matrix: {x: ${axis}, y: ${axis}}}\n`);
    assert.deepEqual([graph.tasks.map((each) => each.id), graph.diagnostics.map((each) => each.code)], [['a'], ['too-large']]);
  });
});

describe('references', () => {
  const params = (text: string, options: Partial<LoadOptions> = {}): JsonObject => task(good(text, options), 'a').params;

  it('keep the type when they are the whole value', () => {
    const text = `
params: {n: 3, list: [1, {x: 2}], nested: {a: {b: true}}, copy: "\${params.nested.a}", text: "n is \${params.n}"}
tasks:
  a: {shell: x, params: {n: "\${params.n}", list: "\${params.list}", b: "\${params.nested.a.b}", through: "\${params.copy.b}", part: "<\${params.text} \${params.list}>"}}
`;
    assert.deepEqual(params(text), { n: 3, list: [1, { x: 2 }], b: true, through: true, part: '<n is 3 [1,{"x":2}]>' });
  });

  it('reach the environment: first the file\'s, which itself refers to the one outside', () => {
    const text = 'env: {PATH: "bin:${env.PATH}", N: 1.10}\ntasks:\n  a: {shell: x, env: {N: 2.50, B: true, ID: 9007199254740993}, params: {p: "${env.PATH}", n: "${env.N}", h: "${env.HOME}"}}\n';
    const a = task(good(text, { environment: { PATH: '/usr/bin', HOME: '/h' } }), 'a');
    assert.deepEqual(a.params, { p: 'bin:/usr/bin', n: '1.10', h: '/h' });
    assert.deepEqual(a.env, { PATH: 'bin:/usr/bin', N: '2.50', B: 'true', ID: '9007199254740993' });
  });

  it('are filled in everywhere, and checked as what they become', () => {
    const text = (cpus: string): string => `params: {cpus: ${cpus}, limit: 1m}\ndefaults: {timeout: "\${params.limit}"}\ntasks:\n  a: {python: "\${matrix.s}.py", cpus: "\${params.cpus}", matrix: {s: [x]}, cwd: "d/\${matrix.s}"}\n`;
    const [a] = good(text('2')).tasks;
    assert.deepEqual([a?.cpus, a?.timeout, a?.cwd, a?.source], [2, 60_000, 'd/x', { kind: 'python', script: 'x.py' }]);
    assert.deepEqual(said(load(text('-2')).graph.diagnostics), ['f:4:39: error: "cpus" must be more than 0']);
  });

  it('can be escaped, and leave the shell its own', () => {
    const text = 'params: {x: 1}\ntasks:\n  a: {shell: "echo ${HOME} ${x:-${params.x}} $${params.x} $$", params: {x: "$${params.x}"}}\n';
    const a = task(good(text), 'a');
    assert.deepEqual(a.source, { kind: 'shell', command: 'echo ${HOME} ${x:-1} ${params.x} $$' });
    assert.deepEqual(a.params, { x: '${params.x}' });
  });

  it('to returns name one task and make it a dependency', () => {
    const pipeline = good(`
tasks:
  split: {shell: x}
  train: {shell: x, matrix: {n: [1, 2]}, params: {rows: "\${tasks.split.returns.rows}"}}
  bench: {shell: x, matrix: {n: [1, 2]}, params: {model: "m \${tasks.train.returns.path}"}}
  best: {shell: x, params: {one: "\${tasks.train[n=2].returns.score}"}}
`);
    assert.deepEqual(edges(pipeline)['train[n=1]'], ['split']);
    assert.deepEqual(task(pipeline, 'train[n=1]').params, { rows: '${tasks.split.returns.rows}' });
    assert.deepEqual([task(pipeline, 'bench[n=2]').params, task(pipeline, 'bench[n=2]').dependencies], [{ model: 'm ${tasks.train[n=2].returns.path}' }, ['train[n=2]']]);
    assert.deepEqual(task(pipeline, 'best').dependencies, ['train[n=2]']);
  });
});

describe('floats that are whole', () => {
  const file = `
params: {a: 1.0, b: [1, 2., 1e3, -0.0, 0.5], c: {d: "\${params.a}"}, e: "\${params.a}", hex: 0x1E, text: "1.0"}
tasks:
  t:
    shell: echo \${params.a} "\${params.b}" \${matrix.rate}
    matrix: {rate: [0.5, 1.0, 1]}
    params: {own: 2.0, all: "\${params.c}", deep: "\${params.c.d}", rate: "\${matrix.rate}", said: "rate \${matrix.rate}", list: "\${params.b}"}
    env: {A: "\${params.a}", B: 1.0}
    outputs: ["\${matrix.rate}/\${params.a}"]
    cpus: 2.0
    retries: "\${params.a}"
`;
  const check = (text: string): void => {
    const pipeline = good(text);
    assert.equal(jsonText(pipeline.params), '{"a":1.0,"b":[1,2.0,1000.0,-0.0,0.5],"c":{"d":1.0},"e":1.0,"hex":30,"text":"1.0"}');
    assert.deepEqual(pipeline.tasks.map(({ id }) => id), ['t[rate=0.5]', 't[rate=1.0]', 't[rate=1]']);
    const t = task(pipeline, 't[rate=1.0]');
    assert.equal(jsonText(taskParams(t)), '{"rate":1.0,"own":2.0,"all":{"d":1.0},"deep":1.0,"said":"rate 1.0","list":[1,2.0,1000.0,-0.0,0.5]}');
    assert.equal(jsonText(taskParams(task(pipeline, 't[rate=1]'))['rate']), '1');
    assert.deepEqual([t.source, t.env, t.outputs, t.cpus, t.retries.max], [{ kind: 'shell', command: 'echo 1.0 "[1,2.0,1000.0,-0.0,0.5]" 1.0' }, { A: '1.0', B: '1.0' }, ['1.0/1.0'], 2, 1]);
  };

  it('stay that through references and the matrix, and are numbers where a number is asked for', () => check(file));
  it('with the other parser too', () => check(file.replace('a: 1.0,', 'a: &one 1.0,')));

  it('stay that when they are set from outside', () => {
    const set = parseSetOptions(['a=3.0', 'c.d=4']);
    assert.ok(set.type === 'set');
    assert.equal(jsonText(good('params: {a: 1, c: {d: 1.0}}\ntasks: {t: {shell: x}}', { set: set.values }).params), '{"a":3.0,"c":{"d":4}}');
  });

  it('pair tasks with equal ones, and are told from whole numbers', () => {
    const two = (above: string, below: string): string => `tasks:\n  a: {shell: x, matrix: {n: ${above}}}\n  b: {shell: x, matrix: {n: ${below}}, needs: [a]}\n`;
    assert.deepEqual(edges(good(two('[1.0, 2]', '[2, 1.00]'))), { 'a[n=1.0]': [], 'a[n=2]': [], 'b[n=1.0]': ['a[n=1.0]'], 'b[n=2]': ['a[n=2]'] });
    assert.match(said(load(two('[1.0]', '[1]')).graph.diagnostics).join(), /matrix key "n": "b" has 1, "a" does not/);
    assert.match(said(load('tasks: {a: {shell: x, matrix: {n: [1.0, 1.00]}}}').graph.diagnostics).join(), /1\.0 is twice/);
  });
});

describe('params set from outside', () => {
  const text = 'params: {ratio: 0.7, model: {depth: 3}, twice: "${params.ratio}"}\ntasks:\n  a: {shell: x, params: {p: "${params.twice}", d: "${params.model.depth}"}}\n';

  it('replace those of the file, also inside of one, before references are resolved', () => {
    const pipeline = good(text, { set: { ratio: 'a ${params.model}', 'model.depth': 5 } });
    assert.deepEqual(pipeline.params, { ratio: 'a ${params.model}', model: { depth: 5 }, twice: 'a ${params.model}' });
    assert.deepEqual(task(pipeline, 'a').params, { p: 'a ${params.model}', d: 5 });
  });

  it('must be there', () => {
    assert.deepEqual(said(load(text, { set: { 'model.dept': 5, __proto__x: 1 } }).graph.diagnostics), [
      // Not the file's mistake: without a place.
      'error: --set model.dept: the pipeline has no such param (did you mean "model.depth"?)',
      'error: --set __proto__x: the pipeline has no such param (it has ratio, model, model.depth, twice; new ones are declared under params: in the file)',
    ]);
    assert.deepEqual(said(load('tasks: {a: {shell: x}}', { set: { x: 1 } }).graph.diagnostics), ['error: --set x: the pipeline has no such param (it has none; new ones are declared under params: in the file)']);
  });
});

describe('what is not on disk', () => {
  const text = (lines: readonly string[]): string => ['tasks:', ...lines.map((line) => `  ${line}`)].join('\n');
  const said = (lines: readonly string[], there: readonly string[], folders: readonly string[] = []): readonly string[] => {
    const has = (names: readonly string[]) => (path: string) => names.some((name) => path === `/project/${name}`);
    const { graph } = load(text(lines), { disk: { fileExists: has(there), exists: has([...there, ...folders]) } });
    return graph.diagnostics.map((each) => formatDiagnostic(each, 'f').replace(/^f:/, ''));
  };

  it('is a warning where it is an input that no task makes', () => {
    const make = 'make: {shell: x, outputs: [out/a.csv, models, "parts/*.csv"]}';
    assert.deepEqual(said([make, 'use: {shell: x, inputs: [raw.csv, data, out/a.csv, models/m.onnx, parts/1.csv, "none/*.csv"]}'], ['raw.csv'], ['data']), []);
    assert.deepEqual(said([make, 'use: {shell: x, inputs: [raw.csv, out/b.csv]}'], []), [
      '3:28: warning: input "raw.csv" does not exist, and no task has it as output (create it, or correct the path)',
      '3:37: warning: input "out/b.csv" does not exist, and no task has it as output (did you mean "out/a.csv"?)',
    ]);
    // What an upstream task makes and does not list.
    assert.deepEqual(said([make, 'use: {shell: x, needs: [make], inputs: [elsewhere.parquet]}'], []), [
      '3:43: warning: input "elsewhere.parquet" does not exist, and no task has it as output (list it as output of the task that makes it, or correct the path)',
    ]);
    assert.equal(said(['use: {shell: x, matrix: {n: [1, 2, 3]}, inputs: ["raw-${matrix.n}.csv"]}'], []).length, 1);
  });

  it('is a mistake where it is a folder in the place of a script or a notebook', () => {
    assert.deepEqual(said(['a: {python: pkg}', 'b: {notebook: pkg}', 'c: {python: app}'], ['app/__main__.py'], ['pkg', 'app']), [
      '2:15: error: "pkg" is a folder, not a script (name the script in it)',
      '3:17: error: "pkg" is a folder, not a notebook (name the notebook in it)',
      '4:15: error: "app" is a folder, not a script (did you mean "app/__main__.py"?)',
    ]);
  });
});

describe('edges by files', () => {
  it('come from equal paths, folders, and globs on either side', () => {
    const pipeline = good(`
tasks:
  file: {shell: x, outputs: [./build/a.csv]}
  folder: {shell: x, outputs: [models/]}
  glob: {shell: x, outputs: ["plots/*.png"]}
  each: {shell: x, outputs: ["out/\${matrix.n}/m.json"], matrix: {n: [1, 2]}}
  by-path: {shell: x, inputs: [build//a.csv]}
  inside: {shell: x, inputs: [models/deep/x.onnx]}
  by-glob: {shell: x, inputs: ["out/*/m.json", "bui*/**"]}
  of-glob: {shell: x, inputs: [plots/a.png]}
  around: {shell: x, inputs: [out, plots]}
  not: {shell: x, inputs: [plots/a.jpg, models2/x, out/1/other, build]}
`);
    assert.deepEqual(Object.fromEntries(Object.entries(edges(pipeline)).slice(5)), {
      'by-path': ['file'],
      inside: ['folder'],
      'by-glob': ['each[n=1]', 'each[n=2]', 'file'],
      'of-glob': ['glob'],
      around: ['each[n=1]', 'each[n=2]', 'glob'],
      not: ['file'],
    });
  });

  it('come from globs and folders that may have files in common', () => {
    const pipeline = good(`
tasks:
  use: {shell: x, inputs: ["build/**/*.csv"]}
  make: {shell: x, outputs: [build/a]}
  report: {shell: x, outputs: [build/report.html]}
  best: {shell: x, inputs: ["m/best-*.json"]}
  models: {shell: x, outputs: ["m/*.json"]}
  folder: {shell: x, inputs: [plots/a]}
  plots: {shell: x, outputs: ["plots/*/*.png"]}
  crossed: {shell: x, inputs: ["logs/x-*"]}
  logs: {shell: x, outputs: ["logs/*-1.txt"]}
  not: {shell: x, inputs: ["m/*.csv", "build/*.csv", plots/a.svg, "{log,plot}/*"]}
`);
    assert.deepEqual(Object.fromEntries(Object.entries(edges(pipeline)).filter(([, needs]) => needs.length > 0)), { use: ['make'], best: ['models'], folder: ['plots'], crossed: ['logs'] });
    assert.ok(pipeline.tasks.findIndex(({ id }) => id === 'make') < pipeline.tasks.findIndex(({ id }) => id === 'use'));
  });

  it('that are only possible make no cycle', () => {
    const pipeline = good(`
tasks:
  own: {shell: x, inputs: ["data/**/*.csv"], outputs: [data/own]}
  first: {shell: x, inputs: ["m/best-*.json"], outputs: [first.txt]}
  between: {shell: x, inputs: [first.txt], outputs: [between.txt]}
  last: {shell: x, inputs: [between.txt, "one/*-a"], outputs: ["m/*.json", "two/b-*"]}
  each: {shell: x, inputs: ["two/*-b"], outputs: ["one/a-*"]}
`);
    assert.deepEqual(edges(pipeline), { own: [], first: [], between: ['first'], last: ['between'], each: [] });
  });

  it('that are only possible are none of a matrix, and none where all files of a kind are the input', () => {
    const pipeline = good(`
tasks:
  lint: {shell: x, inputs: ["**/*.py"], outputs: [lint]}
  train: {shell: x, inputs: ["**/*.py"], outputs: ["models/\${matrix.s}"], matrix: {s: [1, 2]}}
  configs: {shell: x, inputs: ["runs/*/config.json"], outputs: ["runs/\${matrix.m}/*.json"], matrix: {m: [a, b]}}
  packed: {shell: x, inputs: ["models/**/*.bin"]}
`);
    assert.deepEqual(Object.fromEntries(Object.entries(edges(pipeline)).filter(([, needs]) => needs.length > 0)), { packed: ['train[s=1]', 'train[s=2]'] });
  });

  it('are warned of where two tasks may write the same files, and a mistake where they do', () => {
    const told = (first: string, second: string): readonly string[] => load(`tasks:\n  a: {shell: x, outputs: ["${first}"]}\n  b: {shell: x, outputs: ["${second}"]}\n`).graph.diagnostics.map(({ code, severity, message }) => `${code} ${severity}: ${message}`);
    for (const [first, second] of [['m/*.json', 'm/best-*.json'], ['m/best-*.json', 'm/*.json']] as const) {
      assert.deepEqual(told(first, second), [`same-output error: task "a" already writes "${first}", and this one "${second}"`]);
    }
    assert.deepEqual(told('build/a', 'build/**/*.csv'), ['same-output warning: "build/**/*.csv" can be the same files as the output "build/a" of task "a"']);
    assert.deepEqual(told('build/a.html', 'build/**/*.csv'), []);
  });

  it('may lead out of the folder on the side of inputs only', () => {
    assert.deepEqual(good('tasks:\n  a: {shell: x, inputs: [/data/x, ../y]}\n').tasks[0]?.inputs, ['/data/x', '../y']);
  });
});

describe('a file with mistakes', () => {
  it('still has the graph that can be understood', () => {
    const { pipeline, graph } = load('tasks:\n  a: {shell: x, needs: [nothing]}\n  b: {pyhton: b.py, needs: [a]}\n  c:\n  d: {shell: x, needs: [b, c, e], cpus: many}\n  e: {shell: x, needs: [d]}\n');
    assert.equal(pipeline, undefined);
    assert.deepEqual(graph.tasks.map(({ id, kind, dependencies }) => [id, kind, ...dependencies]), [
      ['a', 'shell'],
      ['b', 'shell', 'a'],
      ['c', 'shell'],
      ['d', 'shell', 'b', 'c', 'e'],
      ['e', 'shell', 'd'],
    ]);
  });

  it('says once what is wrong with all tasks of a matrix', () => {
    const values = Array.from({ length: 300 }, (_, index) => index).join(', ');
    const { graph } = load(`params: {x: 1, size: 2}\ntasks:\n  a: {shell: x, matrix: {n: [${values}]}, params: {a: "\${params.siez}", b: "\${tasks.bb.returns.x}"}}\n  b: {shell: x, params: {a: "\${params.szie}"}}\n`);
    assert.deepEqual(graph.diagnostics.map((each) => each.suggestion), ['did you mean ${params.size}?', 'did you mean "b"?', 'did you mean ${params.size}?']);
  });

  it('says nothing but what is wrong with the syntax, and goes on drawing', () => {
    const { graph } = load('tasks:\n  a: {shell: x}\n  b: {shell: y, needs: [a]\n');
    assert.deepEqual([...new Set(graph.diagnostics.map((each) => each.code))], ['syntax']);
    assert.deepEqual(graph.tasks.map((each) => [each.id, ...each.dependencies]), [['a'], ['b', 'a']]);
  });
});

describe('anchors, aliases and merge keys', () => {
  it('are written out; own keys come before merged ones, earlier merges before later ones', () => {
    const pipeline = good(`
tasks:
  a: &base {shell: x, cpus: 2, tags: &tags [etl]}
  b: {<<: *base, cpus: 3}
  c: {<<: [{cpus: 4}, *base], tags: *tags}
`);
    assert.deepEqual(pipeline.tasks.map(({ id, cpus, tags }) => [id, cpus, tags]), [['a', 2, ['etl']], ['b', 3, ['etl']], ['c', 4, ['etl']]]);
  });

  it('are bounded', () => {
    const lines = ['params:', '  a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++) lines.push(`  a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    const { graph } = load([...lines, 'tasks:', '  t: {shell: x, params: {x: "${params.a8}"}}'].join('\n'));
    assert.deepEqual([...new Set(graph.diagnostics.map((each) => each.code))], ['too-large']);
    assert.match(said(load('params: {a: &a [*a]}\ntasks: {t: {shell: x}}').graph.diagnostics).join(), /\*a is inside of what it stands for/);
    assert.match(said(load(`# ${'x'.repeat(1 << 20)}`).graph.diagnostics).join(), /larger than 1 MiB/);
  });

  it('doubling references are bounded too', () => {
    const params = Array.from({ length: 60 }, (_, index) => `  p${index + 1}: "\${params.p${index}}\${params.p${index}}"`);
    const { graph } = load(['params:', '  p0: xx', ...params, 'tasks: {t: {shell: x}}'].join('\n'));
    assert.deepEqual([...new Set(graph.diagnostics.map((each) => each.code))], ['too-large']);

    const lists = Array.from({ length: 60 }, (_, index) => `  p${index + 1}: ["\${params.p${index}}", "\${params.p${index}}"]`);
    assert.deepEqual([...new Set(load(['params:', '  p0: xx', ...lists, 'tasks: {t: {shell: x}}'].join('\n')).graph.diagnostics.map((each) => each.code))], ['too-large']);
  });
});

describe('positions', () => {
  it('count as editors do: UTF-16, any line end, no byte order mark', () => {
    const { graph } = load('\uFEFFtasks:\r\n  "😀":\r\n    shell: x\n    nees: []\n');
    assert.deepEqual(said(graph.diagnostics).map((line) => line.slice(0, 26)), ['f:2:3: error: the name "😀', 'f:4:5: error: unknown key ']);
  });
});

describe('any text', () => {
  it('gives diagnostics inside of the text and never throws', () => {
    // xorshift: the same texts each time.
    let state = 0x9e3779b9;
    const random = (below: number): number => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    };
    const pieces = ['${', '}', '[', ']', '{', ': ', '- ', '&a ', '*a', '<<: ', '"', "'", '\n', '\t', '  ', '#', '|', '>', '!x ', '---\n', '%', '? ', '\0', '\uFEFF', '\r', '😀', '\uD800', '${tasks.train.returns.x}', '${params.', '${matrix.n}', 'needs: [train]', '__proto__', 'constructor: 1', '1e999', '.nan', '*', '../', 'matrix: {n: [1]}'];
    const check = (text: string): void => {
      const { graph, pipeline } = load(text);
      const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
      for (const { range, message } of graph.diagnostics) {
        for (const { line, character } of [range.start, range.end]) {
          assert.ok(line >= 0 && line < lines.length && character >= 0 && character <= (lines[line] ?? '').length, `${message} at ${line}:${character} of ${JSON.stringify(text)}`);
        }
        assert.ok(range.start.line < range.end.line || range.start.character <= range.end.character);
      }
      assert.equal(pipeline === undefined, graph.diagnostics.some((each) => each.severity === 'error'));
    };
    for (let length = 0; length < example.length; length += 7) check(example.slice(0, length));
    for (let round = 0; round < 600; round++) {
      let text = example;
      for (let change = 0; change <= random(4); change++) {
        const at = random(text.length);
        const removed = random(3) === 0 ? random(30) : 0;
        text = text.slice(0, at) + (pieces[random(pieces.length)] ?? '') + text.slice(at + removed);
      }
      check(text);
    }
  });
});

describe('a large file', () => {
  const chain = (count: number): string => `tasks:\n${Array.from({ length: count }, (_, index) => `  t${index}: {python: t.py, inputs: [in/${index}.csv, "b/${index - 1}/*"], outputs: [b/${index}/x], needs: [${index === 0 ? '' : `t${index - 1}`}]}`).join('\n')}\n`;

  it('takes time in proportion', () => {
    assert.equal(good(chain(3000)).tasks.length, 3000);
    const matrix = `tasks:\n  a: {shell: x, matrix: {n: [${Array.from({ length: 4999 }, (_, index) => index).join(',')}]}, outputs: ["o/\${matrix.n}"]}\n`;
    const all = good(`${matrix}  b: {shell: x, inputs: ["o/*"]}\n`);
    assert.equal(task(all, 'b').dependencies.length, 4999);
  });

  it('is bounded in its dependencies', () => {
    const values = Array.from({ length: 1000 }, (_, index) => index).join(',');
    const { graph } = load(`tasks:\n  a: {shell: x, matrix: {a: [${values}]}}\n  b: {shell: x, needs: [a], matrix: {b: [${values}]}}\n`);
    assert.deepEqual(said(graph.diagnostics), ['f:3:25: error: the pipeline has more than 500,000 dependencies (give both matrices a common key, or put a task between them)']);
  });
});
