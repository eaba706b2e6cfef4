/**
 * Never stale, never needless: random pipelines under random edits, against a model that knows what each file should
 * hold. A task's output is the text of everything that it reads, so anything that was missed shows in the bytes.
 *
 * `ORACLE_STEPS` and `ORACLE_SEED` make it longer or repeat one run; the seed is printed.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { openSession } from '../../src/app/session.ts';
import type { RunEvent } from '../../src/model/run-event.ts';
import { unsettled } from '../../src/fingerprint/task-fingerprint.ts';

const steps = Number(process.env['ORACLE_STEPS'] ?? 60);
const seed = Number(process.env['ORACLE_SEED'] ?? 20261121);

/** Marsaglia's xorshift32: small, and the same everywhere. */
function random(start: number): (below: number) => number {
  let state = start === 0 ? 1 : start;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

interface ModelTask {
  readonly name: string;
  readonly kind: 'shell' | 'python';
  needs: string[];
  param: number;
  /** Declared input files. */
  inputs: string[];
  /** Python only: a module imported inside a function, and a file that is read without being declared. */
  module: string;
  undeclared: string;
  /** Stands in the script or command. */
  constant: number;
  /** Python only: what says nothing. */
  comment: string;
  isLoose: boolean;
}

it(`agrees with the model (ORACLE_SEED=${seed}, ${steps} steps)`, async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-oracle-'));
  context.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const pick = random(seed);
  const files = new Map<string, string>();
  const tasks: ModelTask[] = [];
  for (let n = 0; n < 3; n += 1) files.set(`modules/m${n}.py`, `def text():\n    return 'module ${n}'\n`);
  files.set('modules/__init__.py', '');
  for (let n = 0; n < 4; n += 1) files.set(`data/d${n}.txt`, `data ${n}`);
  const addTask = (): void => {
    const name = `t${tasks.length}`;
    const upstream = tasks.map((task) => task.name).filter(() => pick(3) === 0);
    tasks.push({ name, kind: pick(3) === 0 ? 'python' : 'shell', needs: upstream.slice(0, 3), param: pick(3), inputs: pick(2) === 0 ? ['data/d0.txt'] : ['data/d1.txt', 'data/d2.txt'], module: `m${pick(3)}`, undeclared: `data/d${pick(4)}.txt`, constant: pick(5), comment: '', isLoose: false });
  };
  for (let n = 0; n < 6; n += 1) addTask();

  const scriptOf = (task: ModelTask): string =>
    [
      `import os  ${task.comment}`,
      '',
      `CONSTANT = ${task.isLoose ? '\\\n    ' : ''}${task.constant}${task.isLoose ? '\n\n' : ''}`,
      'def main():',
      `    from modules import ${task.module} as module`,
      "    parts = [str(CONSTANT), os.environ['RUNWEAVE_PARAM_P'], module.text()]".replaceAll(', ', task.isLoose ? ',\n        ' : ', '),
      `    for file in ${JSON.stringify([task.undeclared, ...task.inputs, ...task.needs.map((need) => `out/${need}.txt`)])}:`,
      '        with open(file) as stream:',
      '            parts.append(stream.read())',
      `    with open('out/${task.name}.txt', 'w') as stream:`,
      "        stream.write('|'.join(parts))",
      'import sys',
      "sys.path.insert(0, '.')",
      'main()',
      '',
    ].join('\n');
  const commandOf = (task: ModelTask): string =>
    `printf '%s' '${task.constant}|'"$RUNWEAVE_PARAM_P" > out/${task.name}.txt; for f in ${[...task.inputs, ...task.needs.map((need) => `out/${need}.txt`)].join(' ')}; do printf '|' >> out/${task.name}.txt; cat $f >> out/${task.name}.txt; done`;
  const expected = (task: ModelTask): string => {
    const read = (file: string): string => {
      const need = /^out\/(.*)\.txt$/.exec(file)?.[1];
      const upstream = tasks.find((other) => other.name === need);
      return upstream === undefined ? (files.get(file) ?? '') : expected(upstream);
    };
    const declared = [...task.inputs, ...task.needs.map((need) => `out/${need}.txt`)];
    if (task.kind === 'shell') return [String(task.constant), String(task.param), ...declared.map(read)].join('|');
    const module = /return '(.*)'/.exec(files.get(`modules/${task.module}.py`) ?? '')?.[1] ?? '';
    return [String(task.constant), String(task.param), module, ...[task.undeclared, ...declared].map(read)].join('|');
  };
  const pipelineText = (): string =>
    JSON.stringify({
      name: 'oracle',
      tasks: Object.fromEntries(
        tasks.map((task) => [
          task.name,
          { ...(task.kind === 'shell' ? { shell: commandOf(task) } : { python: `scripts/${task.name}.py` }), needs: task.needs, inputs: task.inputs, outputs: [`out/${task.name}.txt`], params: { p: task.param } },
        ]),
      ),
    });
  const write = (name: string, text: string): void => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
  };
  const writeAll = (): void => {
    for (const [name, text] of files) write(name, text);
    for (const task of tasks) if (task.kind === 'python') write(`scripts/${task.name}.py`, scriptOf(task));
    write('runweave.yaml', pipelineText());
  };

  const anyTask = (): ModelTask => tasks[pick(tasks.length)] ?? assert.fail();
  const anyFile = (prefix: string): string => {
    const names = [...files.keys()].filter((name) => name.startsWith(prefix) && !name.endsWith('__init__.py'));
    return names[pick(names.length)] ?? assert.fail();
  };
  /** What the files and the pipeline were after each step. */
  const history: { readonly files: ReadonlyMap<string, string>; readonly tasks: readonly ModelTask[] }[] = [];
  const edits: Readonly<Record<string, () => void>> = {
    data: () => void files.set(anyFile('data/'), `data ${pick(1000)}`),
    module: () => void files.set(anyFile('modules/'), `def text():\n    return 'module ${pick(1000)}'\n`),
    constant: () => void (anyTask().constant = pick(1000)),
    param: () => void (anyTask().param = pick(1000)),
    'imported module': () => void (anyTask().module = `m${pick(3)}`),
    'undeclared file': () => void (anyTask().undeclared = `data/d${pick(4)}.txt`),
    need: () => {
      const at = 1 + pick(tasks.length - 1);
      const task = tasks[at] ?? assert.fail();
      const upstream = tasks[pick(at)]?.name ?? assert.fail();
      task.needs = task.needs.includes(upstream) ? task.needs.filter((need) => need !== upstream) : [...task.needs, upstream];
    },
    'new task': addTask,
    revert: () => {
      const before = structuredClone(history[pick(history.length)]);
      if (before === undefined) return;
      for (const [name, text] of before.files) files.set(name, text);
      tasks.splice(0, tasks.length, ...before.tasks);
    },
    'deleted output': () => rmSync(path.join(folder, `out/${anyTask().name}.txt`), { force: true }),
    'changed output': () => writeFileSync(path.join(folder, `out/${anyTask().name}.txt`), 'damaged'),
    'module comment': () => {
      const name = anyFile('modules/');
      files.set(name, `# ${pick(1000)}\n${files.get(name) ?? ''}\n`);
    },
    'module docstring': () => {
      const name = anyFile('modules/');
      files.set(name, (files.get(name) ?? '').replace(/def text\(\):\n(?: +""".*\n)?/, `def text():\n    """${pick(1000)}"""\n`));
    },
    'script comment': () => void (anyTask().comment = `# ${pick(1000)}`),
    reformatting: () => {
      const task = anyTask();
      task.isLoose = !task.isLoose;
    },
    touch: () => utimesSync(path.join(folder, anyFile('data/')), new Date(), new Date()),
    nothing: () => undefined,
  };
  const harmless = new Set(['module comment', 'module docstring', 'script comment', 'reformatting', 'touch', 'nothing']);

  let events: RunEvent[] = [];
  const session = await openSession({ file: path.join(folder, 'runweave.yaml') }, (message) => {
    if (message.type === 'event') events.push(message.event);
  });
  context.after(() => session.close());
  const run = async (): Promise<readonly string[]> => {
    events = [];
    const result = await session.run({ tasks: [], force: false });
    assert.ok(!('code' in result) && result.outcome === 'success', JSON.stringify(result));
    return events.flatMap((event) => (event.type === 'task-started' ? [event.task as string] : []));
  };

  writeAll();
  await run();
  let executed = 0;
  let restored = 0;
  let needless = 0;
  let atTheTick = 0;
  for (let step = 0; step < steps; step += 1) {
    const names = Object.keys(edits);
    const name = names[pick(names.length)] ?? assert.fail();
    edits[name]?.();
    writeAll();
    const ran = await run();
    history.push(structuredClone({ files, tasks }));
    executed += ran.length;
    restored += events.filter((event) => event.type === 'task-skipped' && event.reason === 'restored').length;
    if (harmless.has(name)) needless += ran.length;
    for (const task of tasks) {
      assert.equal(readFileSync(path.join(folder, `out/${task.name}.txt`), 'utf8'), expected(task), `step ${step} (${name}): ${task.name} is stale; executed: ${ran.join(', ')}`);
    }
    for (const event of events) if (event.type === 'task-stale') assert.ok(event.reasons.length > 0, `${event.task} ran without a reason`);
    const again = await run();
    // An edit within the clock's tick before a task starts that was not known to read the file: it counts once more.
    for (const event of events) {
      if (event.type !== 'task-stale') continue;
      const isUnsettled = event.reasons.some((reason) => 'from' in reason && reason.from === unsettled) || event.reasons.every((reason) => reason.type === 'upstream-changed');
      assert.ok(isUnsettled, `step ${step} (${name}): a second run executes ${event.task}: ${JSON.stringify(event.reasons)}`);
    }
    atTheTick += again.length;
    assert.deepEqual(again.length === 0 ? [] : await run(), [], `step ${step} (${name}): a further run executes nothing`);
  }
  context.diagnostic(`${steps} edits, ${executed} executions, ${restored} restored, stale 0, needless ${needless}, once more for an edit at the tick ${atTheTick}`);
  assert.equal(needless, 0);
});
