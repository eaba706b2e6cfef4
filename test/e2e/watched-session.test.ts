/** What a session that watches does with changes that come at a bad moment. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openSession, type Session } from '../../src/app/session.ts';
import type { TaskId } from '../../src/model/pipeline.ts';
import type { RunEvent } from '../../src/model/run-event.ts';
import type { SessionMessage } from '../../src/protocol/session.ts';
import { eventually } from '../eventually.ts';
import { workspace, type Workspace } from './runweave.ts';

// The Python of who runs the tests is not the workspace's.
delete process.env['VIRTUAL_ENV'];

interface Watched {
  readonly place: Workspace;
  readonly session: Session;
  /** Of run events since the last `forget`: each as `type task`. */
  readonly events: () => readonly string[];
  readonly seen: (event: string, times?: number) => Promise<void>;
  readonly sealed: () => Promise<void>;
  /** Nothing has happened for a while, and the plan was told. */
  readonly quiet: () => Promise<void>;
  readonly messages: () => readonly SessionMessage[];
  readonly forget: () => void;
}

async function watch(context: TestContext, files: Readonly<Record<string, string>>, before: (place: Workspace) => void = () => undefined): Promise<Watched> {
  const place = workspace(context, files);
  before(place);
  let messages: SessionMessage[] = [];
  const session = await openSession({ file: path.join(place.folder, 'runweave.yaml') }, (message) => messages.push(message));
  context.after(() => session.close());
  const told = (event: RunEvent): string => ('task' in event ? `${event.type} ${event.task}` : event.type);
  const events = (): readonly string[] => messages.flatMap((message) => (message.type === 'event' ? [told(message.event)] : []));
  const seen: Watched['seen'] = (event, times = 1) => eventually(() => assert.equal(events().filter((each) => each === event).length, times));
  const sealed = (): Promise<void> => eventually(() => assert.ok(messages.some(({ type }) => type === 'sealed')));
  const quiet = (): Promise<void> => eventually(() => assert.ok(messages.some(({ type }) => type === 'plan')));
  const started = await session.watch([]);
  assert.ok(!('code' in started));
  return { place, session, events, seen, sealed, quiet, messages: () => messages, forget: () => (messages = []) };
}

/** Each once. */
const executed = (events: readonly string[]): readonly string[] => [...new Set(events.flatMap((event) => (event.startsWith('task-started ') ? [event.slice('task-started '.length)] : [])))];
/** Takes what is in `name.txt`, and waits until the test lets it go on with that, by a file that is not watched. */
const slow = (name: string): string => `text=$(cat ${name}.txt); echo $text > out-${name}.txt; until [ -e .runweave/go-${name}-$text ]; do sleep 0.05; done`;

describe('a run that is asked for while watching', () => {
  it('takes up a change that the system does not tell of: one that keeps size and times', async (context) => {
    const { place, session, quiet } = await watch(context, { 'runweave.yaml': 'tasks: {a: {shell: cat in.txt > out.txt, inputs: [in.txt], outputs: [out.txt]}}', 'in.txt': 'one' });
    await quiet();
    // The look at all files that follows would find it as well.
    await pause(200);
    const file = path.join(place.folder, 'in.txt');
    const { mtime } = statSync(file);
    place.write('in.txt', 'two');
    // chokidar takes a file that was read since, and is not newer, for one that was only read.
    utimesSync(file, new Date(mtime.getTime() + 60_000), mtime);
    const result = await session.run({ tasks: [], force: false });
    assert.ok(!('code' in result));
    assert.equal(place.read('out.txt'), 'two');
  });
});

describe('a run of a watch in which a task fails', () => {
  it('is followed by one for what changed while another task used it', async (context) => {
    const { place, seen } = await watch(context, {
      'runweave.yaml': 'on_failure: continue\ntasks: {failing: {shell: exit 1}, reading: {python: reading.py, outputs: [out.txt]}}',
      'reading.py': "import os, time\ntext = open('in.txt').read()\nopen('.runweave/read', 'w').close()\nwhile not os.path.exists('.runweave/go'):\n    time.sleep(0.02)\nopen('out.txt', 'w').write(text)\n",
      'in.txt': 'one',
    });
    await eventually(() => assert.ok(place.read('.runweave/read') === ''));
    await seen('task-ended failing');
    place.write('in.txt', 'two');
    place.write('.runweave/go', '');
    await eventually(() => assert.equal(place.read('out.txt'), 'two'));
  });

  it('does not start it again for a change of something else, now that it is known what it uses', async (context) => {
    const { place, seen, events, sealed } = await watch(context, {
      'runweave.yaml': `on_failure: continue\ntasks:\n  failing: {python: failing.py}\n  other: {shell: "${slow('a')}", inputs: [a.txt]}\n`,
      'failing.py': 'import helper\nopen("read.txt").read()\nraise SystemExit(1)\n',
      'helper.py': '',
      'read.txt': '',
      'a.txt': 'one',
    });
    await seen('task-ended failing');
    place.write('a.txt', 'two');
    await seen('attempt-started other', 2);
    place.write('.runweave/go-a-two', '');
    await sealed();
    assert.equal(events().filter((event) => event === 'attempt-started failing').length, 1);
  });
});

describe('a task of a run of a watch that somebody cancels', () => {
  it('waits for a change of what it uses that comes after that', async (context) => {
    const { place, session, seen, events, sealed, forget } = await watch(context, {
      'runweave.yaml': `tasks:\n  a: {shell: "${slow('a')}", inputs: [a.txt], outputs: [out-a.txt]}\n  b: {shell: "${slow('b')}", inputs: [b.txt], outputs: [out-b.txt]}\n`,
      'a.txt': 'one',
      'b.txt': 'one',
    });
    await seen('attempt-started a');
    await seen('attempt-started b');
    place.write('a.txt', 'before');
    // More than the times of files lag behind the clock.
    await pause(30);
    session.cancel('a' as TaskId);
    await seen('task-ended a');
    forget();
    place.write('b.txt', 'two');
    await seen('attempt-started b');
    assert.equal(events().includes('attempt-started a'), false);
    place.write('a.txt', 'after');
    await seen('attempt-started a');
    for (const go of ['a-after', 'b-two']) place.write(`.runweave/go-${go}`, '');
    await sealed();
    assert.deepEqual([place.read('out-a.txt'), place.read('out-b.txt')], ['after\n', 'two\n']);
  });
});

describe('what a watch is told of', () => {
  const saved = async (file: string, place: Workspace, output: string): Promise<void> => {
    saves += 1;
    writeFileSync(file, String(saves));
    await eventually(() => assert.equal(place.read(output), String(saves)));
  };
  let saves = 0;

  it('is also what links lead to elsewhere, and an input in a folder of a tool', async (context) => {
    const elsewhere = mkdtempSync(path.join(tmpdir(), 'runweave-e2e-'));
    context.after(() => rmSync(elsewhere, { recursive: true, force: true }));
    const other = (name: string): string => path.join(elsewhere, name);
    for (const name of ['v1', 'v2', 'glob']) mkdirSync(other(name));
    for (const name of ['v1/a.csv', 'v2/a.csv', 'glob/a.csv', 'file']) writeFileSync(other(name), name);
    symlinkSync('v1', other('latest'));
    const task = (name: string, input: string): string => `  ${name}: {shell: "cat ${input.endsWith('.csv') ? input : `${input}/*.csv`} > ${name}.txt", inputs: ["${input}"], outputs: [${name}.txt]}\n`;
    const { place, quiet } = await watch(
      context,
      { 'runweave.yaml': `tasks:\n${task('chain', 'chain')}${task('glob', 'glob/*.csv')}${task('tool', '.venv/a.csv')}  file: {shell: "cat file > file.txt", inputs: [file], outputs: [file.txt]}`, '.venv/a.csv': '' },
      ({ folder }) => {
        for (const [name, target] of Object.entries({ chain: 'latest', glob: 'glob', file: 'file' })) symlinkSync(other(target), path.join(folder, name));
      },
    );
    await quiet();
    // Each by itself: some time after a change, all files are looked at.
    await saved(other('v1/a.csv'), place, 'chain.txt');
    await saved(other('glob/a.csv'), place, 'glob.txt');
    await saved(other('file'), place, 'file.txt');
    await saved(path.join(place.folder, '.venv/a.csv'), place, 'tool.txt');
    symlinkSync('v2', other('next'));
    renameSync(other('next'), other('latest'));
    await eventually(() => assert.equal(place.read('chain.txt'), 'v2/a.csv'));
    await saved(other('v2/a.csv'), place, 'chain.txt');
    rmSync(other('file'));
    await eventually(() => assert.equal(place.read('file.txt'), ''));
    await saved(other('file'), place, 'file.txt');
  });

  it('is also what links in an input folder lead to, files and folders', async (context) => {
    const elsewhere = mkdtempSync(path.join(tmpdir(), 'runweave-e2e-'));
    context.after(() => rmSync(elsewhere, { recursive: true, force: true }));
    const other = (name: string): string => path.join(elsewhere, name);
    for (const name of ['one.csv', 'two.csv', 'deep.csv', 'folder/a.csv', 'glob.csv']) {
      mkdirSync(path.dirname(other(name)), { recursive: true });
      writeFileSync(other(name), name);
    }
    const all = 'data/one.csv data/sub/folder/a.csv data/sub/folder/deep.csv';
    const { place, quiet } = await watch(
      context,
      { 'runweave.yaml': `tasks:\n  all: {shell: "cat ${all} > all.txt", inputs: [data/], outputs: [all.txt]}\n  glob: {shell: "cat globbed/*/glob.csv > glob.txt", inputs: ["globbed/*/*.csv"], outputs: [glob.txt]}\n`, 'data/sub/b.csv': '', 'globbed/a/b.csv': '' },
      ({ folder }) => {
        symlinkSync(other('one.csv'), path.join(folder, 'data/one.csv'));
        symlinkSync(other('folder'), path.join(folder, 'data/sub/folder'));
        symlinkSync('../deep.csv', other('folder/deep.csv'));
        symlinkSync('..', path.join(folder, 'data/sub/up'));
        symlinkSync(other('glob.csv'), path.join(folder, 'globbed/a/glob.csv'));
      },
    );
    const changed = async (name: string, output: string): Promise<void> => {
      saves += 1;
      writeFileSync(other(name), `${saves}\n`);
      await eventually(() => assert.ok(place.read(output).split('\n').includes(String(saves))));
    };
    await quiet();
    await changed('one.csv', 'all.txt');
    await changed('folder/a.csv', 'all.txt');
    await changed('deep.csv', 'all.txt');
    await changed('glob.csv', 'glob.txt');
    // One that comes, or leads elsewhere, from then on.
    symlinkSync(other('two.csv'), path.join(place.folder, 'data/next'));
    renameSync(path.join(place.folder, 'data/next'), path.join(place.folder, 'data/one.csv'));
    await eventually(() => assert.ok(place.read('all.txt').includes('two.csv')));
    await changed('two.csv', 'all.txt');
  });
});

describe('a task that writes to what it reads', () => {
  it('is not run without end: there are rests, which a change by hand does not wait for', async (context) => {
    const { place, events, messages } = await watch(context, { 'runweave.yaml': 'tasks: {growing: {shell: "date +%N >> in.txt; cp in.txt out.txt", inputs: [in.txt], outputs: [out.txt]}, other: {shell: cat other.txt > other-out.txt, inputs: [other.txt], outputs: [other-out.txt]}}', 'in.txt': '', 'other.txt': 'one' });
    await eventually(() => assert.ok(messages().some((message) => message.type === 'notice' && message.message.startsWith('growing runs again and again: input in.txt'))));
    const runs = events().filter((event) => event === 'run-started').length;
    place.write('other.txt', 'two');
    await eventually(() => assert.equal(place.read('other-out.txt'), 'two'));
    assert.equal(events().filter((event) => event === 'run-started').length, runs + 1);
  });

  it('is not run without end if it fails', async (context) => {
    const { messages } = await watch(context, { 'runweave.yaml': 'tasks: {failing: {shell: "echo x >> in.txt; exit 1", inputs: [in.txt]}}', 'in.txt': '' });
    await eventually(() => assert.ok(messages().some((message) => message.type === 'notice' && message.message.startsWith('failing runs again and again: ') && message.message.includes('input in.txt changed while the task ran'))));
  });
});

describe('a pipeline file that is a link', () => {
  for (const isInside of [true, false]) {
    it(`is used anew when what it leads to is saved, ${isInside ? 'in its folder' : 'elsewhere'}`, async (context) => {
      const elsewhere = mkdtempSync(path.join(tmpdir(), 'runweave-e2e-'));
      context.after(() => rmSync(elsewhere, { recursive: true, force: true }));
      let target = path.join(elsewhere, 'pipeline.yaml');
      const save = (text: string): void => writeFileSync(target, `tasks: {a: {shell: echo ${text} > out.txt, outputs: [out.txt]}}`);
      const { place, quiet } = await watch(context, {}, ({ folder }) => {
        if (isInside) target = path.join(folder, 'pipeline.yaml');
        save('one');
        symlinkSync(target, path.join(folder, 'runweave.yaml'));
      });
      await quiet();
      // Nothing else changes: a change would be followed by a look at all files.
      save('two');
      await eventually(() => assert.equal(place.read('out.txt'), 'two\n'));
    });
  }
});

describe('a pipeline file of which a script is missing', () => {
  it('is used as soon as the script is there', async (context) => {
    const { place, quiet, events, messages, forget } = await watch(context, { 'runweave.yaml': 'tasks: {a: {python: a.py, outputs: [out.txt]}}', 'a.py': "open('out.txt', 'w').write('one')\n" });
    await quiet();
    forget();
    rmSync(path.join(place.folder, 'a.py'));
    place.write('runweave.yaml', `${place.read('runweave.yaml')}\n# saved\n`);
    await eventually(() => assert.ok(messages().some((message) => message.type === 'graph' && message.graph.diagnostics.length > 0)));
    place.write('a.py', "open('out.txt', 'w').write('two')\n");
    await eventually(() => assert.equal(place.read('out.txt'), 'two'));
    // That a task was started may be told after it has written.
    await eventually(() => assert.deepEqual(executed(events()), ['a']));
  });
});

describe('a pipeline file that is saved during a run of a watch', () => {
  const file = `
tasks:
  a: {shell: "${slow('a')}", inputs: [a.txt], outputs: [out-a.txt], watch: lazy}
  publish: {shell: "${slow('publish')}", inputs: [publish.txt, out-a.txt], outputs: [out-publish.txt], watch: manual}
  other: {shell: cat other.txt > out-other.txt, inputs: [other.txt], outputs: [out-other.txt], watch: lazy}
  auto: {shell: cat auto.txt > out-auto.txt, inputs: [auto.txt], outputs: [out-auto.txt]}
`;
  const files = { 'runweave.yaml': file, 'a.txt': 'one', 'publish.txt': 'one', 'other.txt': 'one', 'auto.txt': 'one' };

  it('leaves the first run what was asked for: lazy tasks as well', async (context) => {
    const { place, events, seen, sealed } = await watch(context, { ...files, 'runweave.yaml': file.replace('other.txt]', 'out-a.txt]') });
    await seen('attempt-started a');
    place.write('runweave.yaml', `${place.read('runweave.yaml')}# saved\n`);
    await seen('tasks-changed');
    place.write('.runweave/go-a-one', '');
    await sealed();
    assert.deepEqual(executed(events()).filter((task) => task !== 'auto'), ['a', 'other']);
  });

  it('leaves a run that was asked for its tasks, and the others to the watch', async (context) => {
    const { place, session, events, seen, sealed, forget } = await watch(context, { ...files, '.runweave/go-a-one': '' });
    await sealed();
    forget();
    place.write('a.txt', 'two');
    place.write('other.txt', 'two');
    await eventually(async () => {
      const plan = await session.plan(['publish', 'other']);
      assert.ok(!('code' in plan) && plan.every(({ action }) => action !== 'skip'));
    });
    const run = session.run({ tasks: ['publish'], force: false });
    await seen('attempt-started a');
    place.write('runweave.yaml', `${file}# saved\n`);
    await seen('tasks-changed');
    place.write('auto.txt', 'two');
    // Told no earlier than the other.
    place.write('a.txt', 'three');
    await seen('attempt-started a', 2);
    place.write('.runweave/go-a-three', '');
    await seen('attempt-started publish');
    place.write('.runweave/go-publish-one', '');
    assert.ok(!('code' in (await run)));
    assert.deepEqual(executed(events()), ['a', 'publish']);
    await eventually(() => assert.equal(place.read('out-auto.txt'), 'two'));
  });

  it('does not keep the run from what else changes when it has mistakes', async (context) => {
    const { place, session, seen, sealed } = await watch(context, { ...files, 'runweave.yaml': file.replaceAll('lazy', 'auto') });
    await seen('attempt-started a');
    place.write('runweave.yaml', 'tasks: {a: {shel: x}}');
    await eventually(() => assert.ok(session.graph().diagnostics.length > 0));
    place.write('a.txt', 'two');
    await seen('attempt-started a', 2);
    place.write('.runweave/go-a-two', '');
    await sealed();
    assert.equal(place.read('out-a.txt'), 'two\n');
  });
});

describe('a virtual environment that is made while watching', () => {
  it('is used from the next change on', async (context) => {
    const { place, seen, sealed, forget } = await watch(context, {
      'runweave.yaml': 'tasks:\n  t: {python: t.py, inputs: [a.txt], outputs: [out.txt]}\n',
      't.py': "import sys\nopen('out.txt', 'w').write(sys.prefix)\n",
      'a.txt': 'one',
    });
    await sealed();
    const environment = path.join(place.folder, '.venv');
    assert.notEqual(place.read('out.txt'), environment);
    execFileSync('python3', ['-m', 'venv', '--without-pip', environment]);
    forget();
    place.write('a.txt', 'two');
    await seen('task-ended t');
    assert.equal(place.read('out.txt'), environment);
  });
});
