import assert from 'node:assert/strict';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { unsettledOr, withObserved, type ObservationContext, type ObservedUse } from '../../../src/fingerprint/executed-fingerprint.ts';
import { createFileDigests, digestOf } from '../../../src/fingerprint/file-digests.ts';
import { fileStamp, lookAtStart } from '../../../src/fingerprint/held-still.ts';
import { filesUsed, fingerprintTask, observedKey } from '../../../src/fingerprint/task-fingerprint.ts';
import { describeReason, hasMisfit, isUnsettled, unsettled, unsettledAgain, type Fingerprint } from '../../../src/model/fingerprint.ts';
import type { Task, TaskId } from '../../../src/model/pipeline.ts';
import { taskOf } from '../sketch.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runweave-executed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
let written = 0;
/** Of another inode and of times in the past, however soon it follows. */
function write(name: string, content: string): void {
  written += 1;
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(`staged-${written}`), content);
  utimesSync(at(`staged-${written}`), written, written);
  renameSync(at(`staged-${written}`), at(name));
}

interface Seen {
  readonly modules?: readonly string[];
  readonly read?: readonly string[];
  readonly written?: readonly string[];
  readonly misfit?: string;
}
type Look = (...names: readonly string[]) => void;

/** One execution of a task: `during` is what happens while it runs, and says what it was seen to use, and when. */
async function execute(task: Task, during: (looks: Look) => Seen | undefined, last?: Fingerprint, more: Partial<ObservationContext> = {}): Promise<Fingerprint> {
  const digests = createFileDigests();
  const decided = await fingerprintTask({ task, folder, params: {}, interpreter: undefined, upstream: () => undefined, last }, digests);
  const startedAt = Date.now();
  const atStart = lookAtStart({ folder, used: filesUsed(decided), startedAt, digests });
  const stamps: Record<string, string> = {};
  const seen = during((...names) => {
    for (const name of names) stamps[name] ??= fileStamp(at(name));
  });
  const use: ObservedUse = { modules: [], read: [], packages: {}, lookups: {}, listed: {}, ...seen, stamps };
  return withObserved(decided, use, { task, folder, startedAt, last, isInput: (file) => task.inputs.includes(file), isMade: () => false, atStart, movedUpstream: [], isCut: false, written: new Set(seen?.written), isOwnOutput: (file) => task.outputs.includes(file), ...more }, digests);
}

const shell = taskOf({ inputs: ['in.txt', 'data/*.csv'], source: { kind: 'shell', command: 'sh tool.sh' } });
const python = taskOf({ inputs: ['in.txt'], source: { kind: 'python', script: 'a.py' }, compare: 'bytes' });
const read = observedKey('read.txt');

describe('what is not known', () => {
  it('is a digest that no content has, and is said in words', () => {
    assert.deepEqual([unsettled, unsettledAgain], [digestOf('changed while the task ran'), digestOf('changed while the task ran, as the time before')]);
    const [from, to] = [unsettled, digestOf('now')];
    assert.deepEqual(
      [
        { type: 'input-changed', path: 'in.csv', from, to } as const,
        { type: 'source-changed', path: 'lib.py', from: unsettledAgain, to } as const,
        { type: 'upstream-changed', task: 'a' as TaskId, from, to } as const,
        { type: 'listing-changed', folder: 'data', pattern: '*.csv', from, to } as const,
      ].map(describeReason),
      ['input in.csv changed while the task ran', 'source lib.py changed while the task ran', 'outputs of a changed while the task ran', 'files in data/ (*.csv) changed while the task ran'],
    );
  });
});

describe('a module that does not fit the task', () => {
  it('makes its result one of an interpreter that there is not, until a fresh process made it', async () => {
    write('a.py', '1');
    const first = await execute(python, () => ({ modules: ['a.py'], misfit: 'numpy loaded before it was imported after A was set' }));
    assert.deepEqual([first.interpreter, hasMisfit(first.interpreter)], [', warm: numpy loaded before it was imported after A was set', true]);
    const second = await execute(python, () => ({ modules: ['a.py'] }), first);
    assert.deepEqual([second.interpreter, hasMisfit(second.interpreter)], ['', false]);
  });
});

describe('what is declared and changes while a task runs', () => {
  it('is as it was where only its mode or the number of its names is another', async () => {
    const result = await execute(shell, () => {
      chmodSync(path.join(folder, 'in.txt'), 0o755);
      linkSync(path.join(folder, 'in.txt'), path.join(folder, 'other name'));
    }, undefined, { startedAt: Date.now() - 1000 });
    assert.equal(result.inputs['in.txt'], digestOf('A'));
  });

  beforeEach(() => {
    for (const name of ['in.txt', 'data/a.csv', 'tool.sh', 'a.py']) write(name, 'A');
  });

  it('equals nothing, though the change is undone, of any file that counts', async () => {
    for (const [name, of] of [['in.txt', 'inputs'], ['data/a.csv', 'inputs'], ['tool.sh', 'sources']] as const) {
      const result = await execute(shell, () => {
        write(name, 'B');
        write(name, 'A');
        return undefined;
      });
      const key = name === 'data/a.csv' ? 'data/*.csv' : name;
      assert.deepEqual(Object.entries({ ...result.inputs, ...result.sources }).filter(([, digest]) => isUnsettled(digest)).map(([each]) => each), [key]);
      assert.ok(isUnsettled(result[of][key]));
    }
  });

  it('equals nothing also if it is undone after the end', async () => {
    const result = await execute(shell, () => {
      write('in.txt', 'B');
      rmSync(at('data/a.csv'));
      return undefined;
    });
    assert.deepEqual(Object.values(result.inputs).map(isUnsettled), [true, true]);
  });

  it('is what it was if it was saved just before, or changed between decision and start', async () => {
    const result = await execute(shell, () => undefined);
    assert.deepEqual([result.inputs['in.txt'], isUnsettled(result.inputs['data/*.csv']), result.sources['tool.sh']], [digestOf('A'), false, digestOf('A')]);
    const digests = createFileDigests();
    const decided = await fingerprintTask({ task: shell, folder, params: {}, interpreter: undefined, upstream: () => undefined, last: undefined }, digests);
    write('in.txt', 'B');
    const startedAt = Date.now();
    const atStart = lookAtStart({ folder, used: filesUsed(decided), startedAt, digests });
    const use = { modules: [], read: [], stamps: {}, packages: {}, lookups: {}, listed: {} };
    const after = await withObserved(decided, use, { task: shell, folder, startedAt, last: undefined, isInput: () => true, isMade: () => false, atStart, movedUpstream: [], isCut: false, written: new Set(), isOwnOutput: () => false }, digests);
    assert.equal(after.inputs['in.txt'], digestOf('B'));
  });

  it('is taken for what the task does itself the third time, if it is as it was; never if it is another', async () => {
    const formats = () => {
      write('in.txt', 'A');
      return undefined;
    };
    let last: Fingerprint | undefined;
    const states: boolean[] = [];
    for (let time = 0; time < 4; time += 1) {
      last = await execute(shell, formats, last);
      states.push(isUnsettled(last.inputs['in.txt']));
    }
    assert.deepEqual(states, [true, true, false, false]);
    for (const content of ['B', 'C', 'D', 'A']) {
      last = await execute(shell, () => (write('in.txt', content), undefined), last);
      assert.ok(isUnsettled(last.inputs['in.txt']), content);
    }
    const cut = await execute(shell, () => undefined, last, { isCut: true });
    last = await execute(shell, formats, cut);
    assert.ok(!isUnsettled(last.inputs['in.txt']), 'it wrote it every time that it could');
    // Counted anew after a time that it did not.
    last = await execute(shell, () => undefined, last);
    last = await execute(shell, formats, last);
    assert.ok(isUnsettled(last.inputs['in.txt']));
  });

  it('is known file by file to be what the task does itself', async () => {
    const writes = (...names: readonly string[]) => () => {
      for (const name of names) write(name, 'A');
      return undefined;
    };
    write('data/b.csv', 'A');
    let last: Fingerprint | undefined;
    const states: boolean[] = [];
    for (const names of [['data/a.csv'], ['data/a.csv'], ['data/a.csv'], ['data/a.csv'], ['data/a.csv', 'data/b.csv'], ['data/a.csv']]) {
      last = await execute(shell, writes(...names), last);
      states.push(isUnsettled(last.inputs['data/*.csv']));
    }
    assert.deepEqual(states, [true, true, false, false, true, false]);
  });

  it('is waited for as often as it takes for all of it, and not for each in turn', async () => {
    const writes = (...names: readonly string[]) => () => {
      for (const name of names) write(name, 'A');
      return undefined;
    };
    const upstream = { movedUpstream: ['other' as TaskId] };
    let last: Fingerprint | undefined;
    const states: boolean[][] = [];
    for (const [names, more] of [[['in.txt'], {}], [['in.txt', 'tool.sh'], {}], [['in.txt', 'tool.sh'], upstream], [['in.txt', 'tool.sh'], upstream], [['in.txt', 'tool.sh'], upstream]] as const) {
      last = await execute(shell, writes(...names), last, more);
      states.push([last.inputs['in.txt'], last.sources['tool.sh'], last.upstream['other']].map(isUnsettled));
    }
    assert.deepEqual(states, [
      [true, false, false],
      [true, true, false],
      [true, true, true],
      [false, true, true],
      [false, false, false],
    ]);
  });

  it('is known by what Python was seen to read', async () => {
    const use = (looks: Look): Seen => {
      looks('a.py', 'in.txt');
      return { modules: ['a.py'], read: ['in.txt'] };
    };
    const before = await execute(python, (looks) => {
      const seen = use(looks);
      write('in.txt', 'B');
      write('a.py', 'B');
      return seen;
    });
    assert.deepEqual([before.inputs['in.txt'], before.sources['a.py']], [digestOf('A'), digestOf('A')], 'it read them before they changed');
    const after = await execute(python, (looks) => {
      write('in.txt', 'C');
      return use(looks);
    });
    assert.equal(after.inputs['in.txt'], digestOf('C'), 'it read it after it had changed');
    const between = await execute(python, (looks) => {
      write('in.txt', 'D');
      const seen = use(looks);
      write('in.txt', 'C');
      return seen;
    });
    assert.ok(isUnsettled(between.inputs['in.txt']));
  });

  it('is what the task left, if it wrote it itself', async () => {
    const result = await execute(python, (looks) => {
      looks('a.py', 'in.txt');
      write('in.txt', 'B');
      return { modules: ['a.py'], read: ['in.txt'], written: ['in.txt'] };
    });
    assert.equal(result.inputs['in.txt'], digestOf('B'));
  });
});

describe('what a task was only seen to read', () => {
  beforeEach(() => {
    for (const name of ['in.txt', 'a.py', 'read.txt']) write(name, 'A');
  });

  it('is what it read, whoever made it meanwhile: then a change does not start the task again while it runs', async () => {
    const result = await execute(python, (looks) => {
      write('read.txt', 'made by a program that the task started');
      looks('a.py', 'read.txt');
      return { modules: ['a.py'], read: ['read.txt'] };
      // Times of files lag behind the clock.
    }, undefined, { startedAt: Date.now() - 1000 });
    assert.deepEqual([result.inputs[read], result.moving], [digestOf('made by a program that the task started'), [read]]);
    const still = await execute(python, (looks) => {
      looks('a.py', 'read.txt');
      return { modules: ['a.py'], read: ['read.txt'] };
    }, result, { startedAt: Date.now() + 60_000 });
    assert.equal(still.moving, undefined);
  });

  it('equals nothing if it changed after it was read, twice at most', async () => {
    let last: Fingerprint | undefined;
    const states: boolean[] = [];
    for (const content of ['B', 'C', 'D']) {
      last = await execute(python, (looks) => {
        looks('a.py', 'read.txt');
        write('read.txt', content);
        return { modules: ['a.py'], read: ['read.txt'] };
      }, last);
      states.push(isUnsettled(last.inputs[read]));
    }
    assert.deepEqual(states, [true, true, false]);
    assert.equal(last?.inputs[read], digestOf('D'));
  });

  it('counts as the task left it, if it wrote it afterwards', async () => {
    const result = await execute(python, (looks) => {
      looks('a.py', 'read.txt');
      write('read.txt', 'left');
      return { modules: ['a.py'], read: ['read.txt'], written: ['read.txt'] };
    });
    assert.deepEqual([result.inputs[read], result.moving], [digestOf('left'), [read]]);
  });

  it('counts with every byte, also where it is a module that is compared by its meaning', async () => {
    write('a.py', 'x = 1 # one');
    const meaning = { ...python, compare: 'meaning' as const };
    const result = await execute(meaning, (looks) => {
      looks('a.py');
      return { modules: ['a.py'], read: ['a.py'] };
    });
    assert.deepEqual([result.inputs[observedKey('a.py')], result.sources['a.py'] === digestOf('x = 1 # one')], [digestOf('x = 1 # one'), false]);
  });

  it('counts as absent if it came and went while the task ran, and equals nothing if it was there before', async () => {
    const first = await execute(python, (looks) => {
      looks('a.py', 'read.txt');
      return { modules: ['a.py'], read: ['read.txt'] };
    });
    const result = await execute(python, (looks) => {
      write('temporary.txt', '');
      looks('a.py', 'read.txt', 'temporary.txt');
      for (const name of ['temporary.txt', 'read.txt']) rmSync(at(name));
      return { modules: ['a.py'], read: ['read.txt', 'temporary.txt'] };
    }, first);
    assert.equal(result.inputs[observedKey('temporary.txt')], digestOf('absent'));
    assert.ok(isUnsettled(result.inputs[read]));
    assert.equal(result.moving, undefined);
  });
});

describe('tasks before it, of which an output changed meanwhile', () => {
  it('equal nothing, twice at most', async () => {
    const task = taskOf({ dependencies: ['up' as TaskId] });
    let last: Fingerprint | undefined;
    const states: boolean[] = [];
    for (let time = 0; time < 3; time += 1) {
      last = await execute(task, () => undefined, last, { movedUpstream: ['up' as TaskId] });
      states.push(isUnsettled(last.upstream['up']));
    }
    assert.deepEqual(states, [true, true, false]);
    assert.equal(unsettledOr(digestOf('a'), digestOf('b')), unsettledOr(digestOf('c'), undefined), 'whatever it was');
  });
});
