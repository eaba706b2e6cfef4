/** Files in folders of outputs that have to go: what is the task's own, and what may be somebody's. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { describe, it } from 'node:test';
import { digestOf } from '../../../src/fingerprint/file-digests.ts';
import type { KeepOptions } from '../../../src/fingerprint/kept-results.ts';
import { unsettled } from '../../../src/model/fingerprint.ts';
import type { TaskResult } from '../../../src/model/task-result.ts';
import { taskOf } from '../sketch.ts';
import { at, earlier, nobody, world, write } from './kept-world.ts';

describe('files that a task made in its folders', () => {
  const asideFile = (name: string): string => at(`.runweave/set-aside/run-x/${name}`);
  const replacedFile = (name: string): string => at(`.runweave/set-aside/replaced/${name}`);
  const seen = (...names: readonly string[]): Partial<KeepOptions> => ({ written: new Set(names) });

  it('are taken away before the task makes others, and put back if it does not', async () => {
    for (const who of [seen(), seen('out/deep/a', 'out/b')]) {
      const { keep, kept, task, aside, told } = world();
      write('in.txt', 'one');
      write('out/deep/a', 'a', 0o755);
      write('out/b', 'b');
      await keep({}, earlier, who);
      write('out/b', 'by hand');
      const { putBack } = await kept.clear(task, aside, undefined);
      assert.deepEqual([existsSync(at('out/deep/a')), existsSync(at('out/b'))], [false, true]);
      await putBack();
      assert.equal(statSync(at('out/deep/a')).mode & 0o777, 0o755);
      assert.equal(readFileSync(at('out/b'), 'utf8'), 'by hand');
      assert.equal(existsSync(at('.runweave/set-aside')), false);
      assert.deepEqual(told, []);
    }
  });

  it('that nobody saw the task write are set aside, and told of when it does not make them again', async () => {
    const { keep, kept, task, aside, told } = world();
    write('out/made', '1');
    write('out/seen', '1');
    write('out/deep/notes', 'mine');
    await keep({}, earlier, seen('out/seen'));
    const { settle } = await kept.clear(task, aside, undefined);
    assert.deepEqual(readdirSync(at('out')), ['deep']);
    assert.equal(existsSync(asideFile('out/seen')), false);
    write('out/made', '2');
    await settle();
    assert.equal(existsSync(asideFile('out/made')), false);
    assert.equal(readFileSync(asideFile('out/deep/notes'), 'utf8'), 'mine');
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /out\/deep\/notes \(now \.runweave\/set-aside\/run-x\/out\/deep\/notes\).* make /);
  });

  it('are set aside also where they came again before, as whoever saves a file again does the same', async () => {
    const { keep, kept, task, aside, told } = world();
    write('out/notes', 'mine');
    await keep();
    const first = await kept.clear(task, aside, undefined);
    write('out/notes', 'mine, saved again');
    await first.settle();
    await keep();
    assert.deepEqual(told, []);
    const second = await kept.clear(task, aside, undefined);
    await second.settle();
    assert.deepEqual([existsSync(at('out/notes')), readFileSync(asideFile('out/notes'), 'utf8'), told.length], [false, 'mine, saved again', 1]);
  });

  it('that were there before the task, and that it wrote to, stay aside when it makes others', async () => {
    const { keep, kept, task, aside, told } = world();
    write('out/log', 'mine');
    write('out/seen', 'mine');
    write('out/overwritten', 'mine');
    const first = await kept.clear(task, aside, undefined);
    assert.deepEqual([...first.stayed].sort(), ['out/log', 'out/overwritten', 'out/seen']);
    for (const name of ['log', 'seen']) write(`out/${name}`, 'mine, and more');
    write('out/overwritten', 'made');
    await first.settle();
    await keep({}, earlier, { stayed: first.stayed, written: new Set(['out/seen', 'out/overwritten']), continued: new Set(['out/seen']) });
    const second = await kept.clear(task, aside, undefined);
    assert.deepEqual([readdirSync(at('out')), [...second.stayed]], [[], []]);
    write('out/log', 'more');
    await second.settle();
    await second.putBack();
    assert.deepEqual([readFileSync(asideFile('out/log'), 'utf8'), readFileSync(asideFile('out/seen'), 'utf8'), readdirSync(at('out'))], ['mine, and more', 'mine, and more', ['log']]);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /out\/log .*out\/seen .*were in the outputs of make before .*which wrote to them/);
  });

  it('count as there before unless an execution that did not succeed left them', async () => {
    const { kept, task, aside } = world();
    let left: TaskResult['left'];
    const stayed = async (...names: readonly string[]): Promise<readonly string[]> => {
      const cleared = await kept.clear(task, aside, left && { left });
      for (const name of names) write(`out/${name}`, `${name}${Math.random()}`);
      left = await cleared.putBack();
      return [...cleared.stayed];
    };
    assert.deepEqual(await stayed('cut'), []);
    assert.deepEqual(await stayed(), []);
    write('out/mine', 'by hand');
    assert.deepEqual(await stayed('cut', 'mine'), ['out/mine']);
    assert.deepEqual(Object.keys(left ?? {}), ['out/cut']);
    utimesSync(at('out/cut'), new Date(), new Date());
    assert.deepEqual(await stayed(), ['out/cut', 'out/mine']);
    assert.equal(left, undefined);
  });

  it('are set aside where only the record names them, and told of unless they come again as they were', async () => {
    const { kept, task, aside, told } = world();
    const made = Object.fromEntries(['alike', 'gone', 'other', 'edited', 'missing'].map((name) => [`out/${name}`, digestOf(name)]));
    for (const name of ['alike', 'gone', 'other', 'mine']) write(`out/${name}`, name);
    write('out/edited', 'by hand');
    const failed = await kept.clear(task, aside, { made });
    assert.deepEqual([readdirSync(at('out')).sort(), [...failed.stayed].sort()], [['edited', 'mine'], ['out/edited', 'out/mine']]);
    await failed.putBack();
    assert.deepEqual([readdirSync(at('out')).sort(), told, existsSync(at('.runweave/set-aside'))], [['alike', 'edited', 'gone', 'mine', 'other'], [], false]);
    const { settle } = await kept.clear(task, aside, { made });
    write('out/alike', 'alike');
    write('out/other', 'another');
    await settle();
    assert.deepEqual(readdirSync(at('out')).sort(), ['alike', 'edited', 'mine', 'other']);
    assert.deepEqual(['alike', 'gone', 'other'].map((name) => existsSync(asideFile(`out/${name}`)) && readFileSync(asideFile(`out/${name}`), 'utf8')), [false, 'gone', 'other']);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^set aside: out\/gone .*out\/other .*of which nothing is kept/);
  });

  it('that can not be taken away are told of', async () => {
    const { keep, kept, task, aside, told } = world();
    write('out/x', 'made');
    await keep();
    write('.runweave/set-aside/run-x', 'in the way');
    const { stayed } = await kept.clear(task, aside, undefined);
    assert.deepEqual([readFileSync(at('out/x'), 'utf8'), [...stayed], told.length], ['made', ['out/x'], 1]);
    assert.match(told[0] ?? '', /what make made in an earlier state could not be taken out of its outputs, .*run-x/);
  });

  it('that came as a folder did not come again', async () => {
    const { keep, kept, task, aside, told } = world();
    write('out/x', 'mine');
    await keep();
    const { settle } = await kept.clear(task, aside, undefined);
    write('out/x/y', 'made');
    await settle();
    assert.deepEqual([readFileSync(asideFile('out/x'), 'utf8'), told.length], ['mine', 1]);
  });

  it('that were restored are the task\'s own, as long as they are what was put there', async () => {
    const { keep, kept, restore, task, aside, told } = world();
    const state = async (name: string, isNew = true): Promise<void> => {
      write('in.txt', name);
      if (!isNew) {
        assert.equal(await restore(), true);
        return;
      }
      const cleared = await kept.clear(task, aside, undefined);
      write(`out/${name}`, name);
      write('out/same', 'same');
      await cleared.settle();
      await keep();
    };
    await state('one');
    await state('two');
    assert.equal(told.length, 1);
    await state('one', false);
    assert.equal(told.length, 2, 'two was made by who knows whom');
    for (const name of ['two', 'one', 'two', 'one']) await state(name, false);
    assert.equal(told.length, 2);
    const failed = await kept.clear(task, aside, undefined);
    assert.deepEqual(readdirSync(at('out')), []);
    await failed.putBack();
    assert.deepEqual([readdirSync(at('out')).sort(), existsSync(asideFile('out/same'))], [['one', 'same'], false]);
    await state('two', false);
    assert.deepEqual([told.length, readdirSync(at('out')).sort()], [2, ['same', 'two']]);
    rmSync(at('out/two'));
    write('out/two', 'two');
    await state('one', false);
    assert.deepEqual([told.length, readFileSync(asideFile('out/two.2'), 'utf8')], [3, 'two']);
  });

  it('make room for what is restored and stay aside, told of once for each name', async () => {
    const { keep, restore, told } = world();
    const state = async (name: string): Promise<void> => {
      write('in.txt', name);
      write('out/notes', name);
      await keep();
    };
    await state('one');
    await state('two');
    write('in.txt', 'one');
    assert.equal(await restore(), true);
    assert.deepEqual([readFileSync(at('out/notes'), 'utf8'), readFileSync(replacedFile('out/notes'), 'utf8')], ['one', 'two']);
    assert.match(told[0] ?? '', /out\/notes \(now \.runweave\/set-aside\/replaced\/out\/notes\)/);
    rmSync(at('out/notes'));
    await state('three');
    write('in.txt', 'one');
    assert.equal(await restore(), true);
    assert.deepEqual([readFileSync(at('out/notes'), 'utf8'), readFileSync(replacedFile('out/notes'), 'utf8'), told.length], ['one', 'three', 1]);
    rmSync(at('out/notes'));
    await state('four');
    rmSync(replacedFile('out/notes'));
    mkdirSync(replacedFile('out/notes'));
    write('in.txt', 'one');
    assert.equal(await restore(), true);
    assert.deepEqual([readFileSync(at('out/notes'), 'utf8'), readFileSync(asideFile('out/notes'), 'utf8'), told.length], ['one', 'four', 2]);
  });

  it('are not those that another task was seen to write, which stay', async () => {
    const { keep, kept, task, aside, find, ended, told } = world();
    const other = taskOf({ id: 'other', outputs: ['other.txt'] });
    const inputs = { task: other, folder: at('.'), params: {}, interpreter: undefined, upstream: () => undefined };
    write('in.txt', 'one');
    write('out/log', 'of another');
    write('out/made', '1');
    await kept.keep(other, await ended(), { inputs, startedAt: earlier, isCertain: true, ...nobody, ...seen('out/log') });
    await keep();
    assert.equal(await find(), undefined);
    await kept.clear(task, aside, undefined);
    assert.deepEqual([readdirSync(at('out')), told], [['log'], []]);
    await kept.keep(other, await ended(), { inputs, startedAt: earlier, isCertain: true, ...nobody });
    await keep();
    assert.ok(await find(), 'the other writes it no more');
  });

  it('of an execution that nobody knows what it read are taken away, too, and do not come back', async () => {
    const { keep, kept, task, aside, ended, find } = world();
    write('in.txt', 'one');
    write('out/deep/a', 'a');
    await keep({ fingerprint: { ...(await ended()).fingerprint, moving: ['mid.txt (read)'] } });
    assert.equal(await find(), undefined);
    write('out/b', 'b');
    await keep({ fingerprint: { ...(await ended()).fingerprint, inputs: { 'in.txt': unsettled } } });
    assert.equal(await find(), undefined);
    await kept.clear(task, aside, undefined);
    assert.deepEqual([existsSync(at('out/deep/a')), existsSync(at('out/b'))], [false, false]);
  });
});
