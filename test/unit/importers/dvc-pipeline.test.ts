import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { pipelineOfDvc, type ConvertedPipeline } from '../../../src/importers/dvc-pipeline.ts';
import type { SourceFile } from '../../../src/importers/source.ts';

interface Task {
  readonly shell: string;
  readonly description?: string;
  readonly inputs?: readonly string[];
  readonly matrix?: unknown;
}

function converted(stages: unknown, params: unknown = {}): Promise<ConvertedPipeline> {
  // JSON is YAML.
  const fileOf = (name: string, value: unknown): SourceFile => {
    const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    return { path: name, size: bytes.length, read: () => Promise.resolve(bytes), stream: () => Readable.from([bytes]) };
  };
  const file = fileOf('p/dvc.yaml', typeof stages === 'string' ? stages : { stages });
  return pipelineOfDvc('p', file, (path) => (path === 'params.yaml' ? fileOf('p/params.yaml', params) : undefined));
}

function tasksOf({ text }: ConvertedPipeline): Readonly<Record<string, Task>> {
  return (parse(text) as { readonly tasks: Readonly<Record<string, Task>> }).tasks;
}

async function shellOf(cmd: unknown, params: unknown = {}): Promise<string | undefined> {
  return tasksOf(await converted({ s: { cmd } }, params))['s']?.shell;
}

describe('pipelineOfDvc', () => {
  it('quotes for the shell what DVC quotes, and says that it does not follow the param', async () => {
    const options = { name: 'a b; echo INJECTED', tick: '`id` $(id) ${x}', lines: 'a\nb', quote: "it's", empty: '', none: null, plain: 'dir/x.y', n: 3, list: ['x y', true, null, '$(id)', 2], 'k; ls': 1, nothing: [], deep: { z: 'p q' } };
    const result = await converted({ s: { cmd: 'run ${options} end' } }, { options });
    assert.equal(
      tasksOf(result)['s']?.shell,
      `run --name 'a b; echo INJECTED' --tick '\`id\` $(id) $\${x}' --lines 'a\nb' --quote 'it'"'"'s' --empty '' --none None --plain \${params.options.plain} --n \${params.options.n} --list 'x y' True None '$(id)' 2 '--k; ls' 1 --deep.z 'p q' end`,
    );
    assert.deepEqual(
      result.notes.filter((note) => note.includes('does not follow')).map((note) => note.split(' ')[1]),
      ['--name', '--tick', '--lines', '--quote', '--empty', '--none', '--deep.z'],
    );
    assert.ok(result.notes.includes('s: --name is written as DVC writes its value now, and does not follow the param options.name'));
  });

  it('refers only to what has a name, and writes what is text as text', async () => {
    const params = { x: 'v', brace: '{y}', list: ['${HOME}'], o: { 'a.b': 'q' } };
    assert.equal(await shellOf('echo ${list[0]} ${list.0} ${o} "${x}"', params), 'echo $${HOME} $${HOME} --a.b q "${params.x}"');
    // `$${` would be no reference.
    assert.equal(await shellOf('echo $${x} $${brace}', params), 'echo $v $${y}');
    assert.match((await converted({ s: { cmd: 'echo $${x}' } }, params)).notes[0] ?? '', /^s: \$\$\{params\.x\} is written with the value as it is now/);
  });

  it('keeps the commands of a list apart, as DVC starts a shell for each', async () => {
    assert.equal(await shellOf(['one ${x}', '', 'two\n']), 'one ${x} && two');
    assert.equal(await shellOf(['a # b', 'cd /tmp', 'a || b', 'cat <<E\nx\nE\n', 'X=1', 'end']), '(\na # b\n) && (\ncd /tmp\n) && (\na || b\n) && (\ncat <<E\nx\nE\n) && (\nX=1\n) && end');
  });

  it('gives every stage a name of its own, and says which', async () => {
    const result = await converted({
      fit: { foreach: { x: { lr: 1 }, y: { lr: 2 } }, do: { cmd: 'fit ${item.lr}', outs: ['${key}.txt'] } },
      'fit-x': { cmd: 'own', deps: ['x.txt'] },
      train: { foreach: { 'a/b': { lr: 1 }, 'a b': { lr: 2 }, 'a?b': { lr: 3 } }, do: { cmd: 'train ${item.lr}' } },
      'u v': { cmd: 'other' },
      u_v: { foreach: ['a', 'b'], do: { cmd: 'm ${item}' } },
    });
    assert.deepEqual(
      Object.entries(tasksOf(result)).map(([name, { shell }]) => `${name}: ${shell}`),
      ['fit-x-2: fit 1', 'fit-y: fit 2', 'fit-x: own', 'train-a_b: train 1', 'train-a_b-2: train 2', 'train-a_b-3: train 3', 'u_v-2: other', 'u_v: m ${matrix.item}'],
    );
    assert.deepEqual(result.notes, [
      'fit@x is the task fit-x-2: there is another fit-x',
      'train@a b is the task train-a_b-2: there is another train-a_b',
      'train@a?b is the task train-a_b-3: there is another train-a_b',
      'u v is the task u_v-2: there is another u_v',
    ]);
  });

  it('fills in what items refer to, and makes tasks of items that no id can have', async () => {
    const tasks = tasksOf(await converted({ c: { foreach: ['${x}', 'a-${n}'], do: { cmd: 'c ${item}' } }, d: { matrix: { k: ['[1]', '\\${q}'] }, cmd: 'd ${item.k}' } }, { x: 'v', n: 1 }));
    assert.deepEqual(tasks['c'], { shell: 'c ${matrix.item}', matrix: { item: ['v', 'a-1'] } });
    assert.deepEqual(Object.values(tasks).map(({ shell }) => shell), ['c ${matrix.item}', 'd [1]', 'd $${q}']);
  });

  it('leaves paths from the root where they are, in any wdir', async () => {
    const tasks = tasksOf(await converted({ s: { cmd: 'ls', wdir: 'my dir', deps: ['a b', '/abs/c', '../d'] } }));
    assert.deepEqual(tasks['s']?.inputs, ['my dir/a b', '/abs/c', 'my dir/../d']);
  });

  it('has descriptions that refer to nothing, and says where there is no command', async () => {
    const result = await converted({ s: { desc: 'costs ${x}', cmd: { a: 1 } } }, { x: 1 });
    assert.equal(tasksOf(result)['s']?.description, 'costs $${x}');
    assert.deepEqual(result.notes, ['s: there is no command']);
  });

  it('ends no comment with a line break of a note', async () => {
    const { text } = await converted({ s: { cmd: 'x ${a\ntasks: {evil: 1}' } });
    assert.deepEqual(text.split('\n').filter((line) => /^(#|tasks:)/.test(line)), ['# s: ${a tasks: {evil: 1} could not be resolved', 'tasks:']);
  });

  it('says where a value contains itself', async () => {
    const stages = 'stages: {s: {cmd: ls}}\n';
    await assert.rejects(converted(`${stages}vars: [{a: &a [*a]}]`), { file: 'p/dvc.yaml', message: 'the alias *a is inside of what it stands for at line 2, column 16' });
    await assert.rejects(converted(stages, 'x: 1\na: &a {b: [*a]}'), { file: 'p/params.yaml', message: 'the alias *a is inside of what it stands for at line 2, column 12' });
    assert.deepEqual(tasksOf(await converted(`${stages}vars: [{a: &a [1], b: *a, c: &a [2], d: *a}]`)), { s: { shell: 'ls' } });
  });
});
