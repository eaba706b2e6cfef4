/** Real processes: the executor's end of what `test/python/test_warm.py` compares with fresh processes. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { ProcessRequest } from '../../../../src/execution/backend/backend.ts';
import { processesWith } from '../../../../src/execution/backend/descendants.ts';
import { localBackend } from '../../../../src/execution/backend/local.ts';
import { warmBackend, type WarmBackend, type WarmProfile } from '../../../../src/execution/backend/warm.ts';
import { untilGone, withoutFiles } from '../processes.ts';

const isLinux = process.platform === 'linux';
const source = path.join(import.meta.dirname, '../../../../src/python');
const bootstrap = path.join(source, 'runweave_task.py');
const interpreter = 'python3';
let folder = '';
before(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-warm-test-')));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', PYTHONPATH: source, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1', RUNWEAVE_RUN_ID: `run-${process.pid}`, RUNWEAVE_TASK: 'task' };
const profile = (more: Partial<WarmProfile> = {}): WarmProfile => ({ interpreter, bootstrap, cwd: folder, env, imports: ['json'], isNotebook: false, ...more });

/** Started processes say by which of these they were. */
function backend(context: TestContext): WarmBackend & { readonly fresh: () => number } {
  let fresh = 0;
  const local = localBackend();
  const warm = warmBackend({
    start: (request) => {
      fresh += 1;
      return local.start(request);
    },
  });
  context.after(warm.close);
  return { ...warm, fresh: () => fresh };
}

let scripts = 0;
async function start(warm: WarmBackend, script: string, more: Partial<ProcessRequest> = {}) {
  scripts += 1;
  mkdirSync(path.join(folder, 'tasks'), { recursive: true });
  const file = path.join(folder, 'tasks', `script-${scripts}.py`);
  writeFileSync(file, script);
  const output = { stdout: '', stderr: '', all: '' };
  let wake: () => void = () => undefined;
  const running = await warm.start({
    command: [interpreter, bootstrap, 'script', file],
    cwd: folder,
    env,
    onOutput: (stream, text) => {
      output[stream] += text;
      output.all += text;
      wake();
    },
    ...more,
  });
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = pattern.exec(output.all);
      if (found !== null) return found[1] ?? found[0];
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return { ...running, output, until };
}

/** The process that a forked one comes from. */
function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function prepared(context: TestContext, ...profiles: readonly WarmProfile[]): Promise<ReturnType<typeof backend>> {
  const warm = backend(context);
  warm.prepare(profiles.length === 0 ? [profile()] : profiles);
  await warm.settled();
  return warm;
}

describe('a warm process', { timeout: 300_000, skip: !isLinux && 'only Linux forks tasks' }, () => {
  it('starts a source fresh that a module did not fit', async (context) => {
    const known = new Map<string, string>();
    let fresh = 0;
    const local = localBackend();
    const warm = warmBackend({ start: (request) => ((fresh += 1), local.start(request)) }, { of: (name) => known.get(name), set: (name, reason) => void known.set(name, reason) });
    context.after(warm.close);
    warm.prepare([profile({ imports: ['zoneinfo'] })]);
    await warm.settled();
    const script = 'import os\nset_it = os.environ.__setitem__\nset_it("PYTHONTZPATH", "/nowhere")\nimport zoneinfo\n';
    const log = { ...env, RUNWEAVE_LOG: path.join(folder, 'misfit-log.jsonl'), RUNWEAVE_WORKSPACE: folder };
    const first = await start(warm, script, { env: log });
    await first.ended;
    assert.deepEqual([fresh, [...known.values()]], [0, ['zoneinfo is imported after PYTHONTZPATH was set']]);
    const [name = ''] = known.keys();
    const again = await start(warm, '', { command: [interpreter, bootstrap, 'script', name], env: log });
    await again.ended;
    assert.deepEqual([fresh, again.note], [1, 'started in a fresh process: zoneinfo is imported after PYTHONTZPATH was set']);
  });

  it('starts tasks that end with what they end with, in a group of their own', async (context) => {
    const warm = await prepared(context);
    const ended = await start(warm, 'import os, sys\nprint("pid", os.getpid(), os.getpgid(0), os.getsid(0))\nprint("é", file=sys.stderr)\nsys.exit(7)');
    assert.deepEqual(await ended.ended, { type: 'exit', code: 7 });
    assert.deepEqual(ended.output, { stdout: `pid ${ended.pid} ${ended.pid} ${ended.pid}\n`, stderr: 'é\n', all: ended.output.all });
    assert.equal(ended.stop(), false);
    assert.deepEqual(await (await start(warm, 'import os; os.kill(os.getpid(), 9)')).ended, { type: 'signal', signal: 'SIGKILL' });
    assert.equal((await (async () => { const long = await start(warm, 'print("x" * 5_000_000 + "end")'); await long.ended; return long.output.stdout; })()).length, 5_000_004);
    assert.equal(warm.fresh(), 0);
  });

  it('ends a task with all that it started, politely first', async (context) => {
    const warm = await prepared(context);
    const polite = await start(warm, 'import signal, sys\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\nprint("ready", flush=True)\nsys.exit(4 if signal.sigwait([signal.SIGTERM]) == signal.SIGTERM else 5)');
    await polite.until(/ready/);
    assert.equal(polite.stop(), true);
    assert.deepEqual(await polite.ended, { type: 'exit', code: 4 });

    const daemon = await start(warm, 'import os, signal\nsaid, say = os.pipe()\nif os.fork() == 0:\n    os.setsid()\n    print("daemon", os.getpid(), flush=True)\n    os.write(say, b"1")\n    signal.pause()\nos.read(said, 1)');
    const pid = Number(await daemon.until(/daemon (\d+)\n/));
    await daemon.ended;
    await untilGone(pid);
    assert.equal(warm.fresh(), 0);
  });

  it('that is killed before it told of a task leaves none beside the one that is started in its place', async (context) => {
    const killed = path.join(folder, 'killed.py');
    writeFileSync(killed, `
import json, os, signal, subprocess
for line in os.fdopen(os.dup(3), "rb", buffering=0):
    message = json.loads(line)
    if "preload" in message:
        os.write(3, b'{"type": "ready", "failed": {}}\\n')
    elif message["type"] == "start":
        subprocess.Popen(["sleep", "1000"], env=message["env"], start_new_session=True)
        os.kill(os.getpid(), signal.SIGKILL)
`);
    const marks = { RUNWEAVE_RUN_ID: `lost-${process.pid}`, RUNWEAVE_TASK: 'lost' };
    let left: readonly number[] | undefined;
    const warm = warmBackend({
      start: (request) => {
        left = processesWith(Object.entries(marks).map(([name, value]) => `${name}=${value}`));
        return localBackend().start({ ...request, command: ['true'] });
      },
    });
    context.after(warm.close);
    warm.prepare([profile({ bootstrap: killed })]);
    await warm.settled();
    await (await warm.start({ command: [interpreter, killed, 'script', 'x.py'], cwd: folder, env: { ...env, ...marks }, onOutput: () => undefined })).ended;
    assert.ok(left !== undefined);
    await Promise.all(left.map(untilGone));
  });

  it('hands on what a task wrote that was over before anybody looked', async (context) => {
    const warm = await prepared(context);
    for (let round = 0; round < 5; round += 1) {
      const starting = start(warm, 'print("here")');
      await new Promise((resolve) => setImmediate(resolve));
      // This process has no time, as when it decides about thousands of tasks: the end and the output come at once.
      for (const until = Date.now() + 200; Date.now() < until; );
      const ended = await starting;
      assert.deepEqual(await ended.ended, { type: 'exit', code: 0 });
      assert.equal(ended.output.stdout, 'here\n');
    }
    assert.equal(warm.fresh(), 0);
  });

  it('has the variables of a task that are not of one attempt, whatever their names', async (context) => {
    const packages = path.join(folder, 'asking', 'site-packages');
    mkdirSync(packages, { recursive: true });
    writeFileSync(path.join(packages, 'asking.py'), 'import os\nV = [os.environ.get(n) for n in ("OTEL_A", "MLFLOW_A", "RUNWEAVE_A")]\n');
    const own = { ...env, PYTHONPATH: `${source}:${packages}`, OTEL_A: '1', MLFLOW_A: '2', RUNWEAVE_A: '3' };
    const warm = await prepared(context, profile({ env: own, imports: ['asking'] }));
    const ended = await start(warm, 'import asking; print(asking.V)', { env: { ...own, OTEL_RESOURCE_ATTRIBUTES: 'a=b', MLFLOW_TRACKING_URI: 'http://x' } });
    await ended.ended;
    assert.deepEqual([ended.output.stdout, ended.note, warm.fresh()], ["['1', '2', '3']\n", undefined, 0]);
  });

  it('is not used for another environment, folder or program, nor where it is switched off', async (context) => {
    const warm = await prepared(context);
    const script = 'import os; print(os.environ.get("A"), os.environ["RUNWEAVE_TASK"])';
    const other = await start(warm, script, { env: { ...env, RUNWEAVE_TASK: 'other', TRACEPARENT: '00-0-0-01' } });
    await other.ended;
    assert.equal(other.output.stdout, 'None other\n');
    assert.equal(warm.fresh(), 0);
    for (const more of [{ env: { ...env, A: '1' } }, { cwd: tmpdir() }, { env: { ...env, RUNWEAVE_WARM: 'off' } }, { command: [interpreter, '-c', 'pass'] }]) {
      const before = warm.fresh();
      await (await start(warm, script, more)).ended;
      assert.equal(warm.fresh(), before + 1);
    }
    warm.prepare([profile({ env: { ...env, RUNWEAVE_WARM: 'off' } })]);
    await warm.settled();
    await (await start(warm, script)).ended;
    assert.equal(warm.fresh(), 5, 'nobody wants it any more');
  });

  it('loads other imports anew, and without what can not be in it, which is told', async (context) => {
    const site = path.join(folder, 'site-packages');
    mkdirSync(site, { recursive: true });
    writeFileSync(path.join(site, 'threads.py'), 'import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n');
    const inSite = { ...env, PYTHONPATH: `${source}:${site}` };
    const warm = await prepared(context, profile({ env: inSite }));
    const parents: number[] = [];
    const notes: (string | undefined)[] = [];
    for (const imports of [['json'], ['json', 'threads', 'no_such_module', 'decimal']]) {
      warm.prepare([profile({ env: inSite, imports })]);
      await warm.settled();
      const task = await start(warm, 'print("on", flush=True)\nimport signal; signal.pause()', { env: inSite });
      await task.until(/on/);
      parents.push(parentOf(task.pid));
      notes.push(task.note);
      task.stop();
      await task.ended;
    }
    assert.notEqual(parents[0], parents[1]);
    assert.equal(warm.fresh(), 0);
    assert.deepEqual([...warm.leftOut().keys()].sort(), ['no_such_module', 'threads']);
    assert.equal(warm.leftOut().get('threads'), 'leaves threads running');
    assert.equal(notes[0], undefined);
    // What is not installed is left to the task that misses it.
    assert.equal(notes[1], 'threads is not loaded ahead of the tasks that import it: leaves threads running');
  });

  it('says once why a task is started fresh, and is replaced when a file that it has loaded changes', async (context) => {
    const site = path.join(folder, 'changing', 'site-packages');
    mkdirSync(site, { recursive: true });
    writeFileSync(path.join(site, 'alpha.py'), 'VALUE = 1\n');
    const inSite = { ...env, PYTHONPATH: `${source}:${site}` };
    const wanted = profile({ env: inSite, imports: ['alpha'] });
    const warm = await prepared(context, wanted);
    const value = async (): Promise<readonly [string, string | undefined]> => {
      const task = await start(warm, 'import alpha; print(alpha.VALUE)', { env: inSite });
      await task.ended;
      return [task.output.stdout, task.note];
    };
    assert.deepEqual(await value(), ['1\n', undefined]);
    writeFileSync(path.join(site, 'alpha.py'), 'VALUE = 22\n');
    assert.equal((await value())[0], '22\n');
    assert.equal(warm.fresh(), 1);
    warm.prepare([wanted]);
    await warm.settled();
    assert.equal((await value())[0], '22\n');
    assert.equal(warm.fresh(), 1);

    writeFileSync(path.join(folder, 'tasks', 'alpha.py'), 'VALUE = 333\n');
    const notes = [await value(), await value()];
    rmSync(path.join(folder, 'tasks', 'alpha.py'));
    assert.deepEqual(notes.map(([text]) => text), ['333\n', '333\n']);
    assert.match(notes[0]?.[1] ?? '', /^started in a fresh process: .*alpha\.py has the name of a module/);
    assert.equal(notes[1]?.[1], undefined);
  });

  it('that is killed costs the task that runs, and no other', async (context) => {
    const warm = await prepared(context);
    const task = await start(warm, 'print("on", flush=True)\nimport signal; signal.pause()');
    await task.until(/on/);
    process.kill(parentOf(task.pid), 'SIGKILL');
    assert.deepEqual(await task.ended, { type: 'start-failed', message: 'the process that had started the task was ended from outside' });
    await untilGone(task.pid);
    const next = await start(warm, 'print(1)');
    assert.deepEqual(await next.ended, { type: 'exit', code: 0 });
    assert.match(next.note ?? '', /was ended from outside$/);
    assert.equal(warm.fresh(), 1);
    warm.prepare([profile()]);
    await warm.settled();
    await (await start(warm, 'print(1)')).ended;
    assert.equal(warm.fresh(), 1);
  });

  it('ends with its executor', async (context) => {
    const warm = await prepared(context);
    const task = await start(warm, 'print("on", flush=True)\nimport signal; signal.pause()');
    await task.until(/on/);
    const parent = parentOf(task.pid);
    warm.close();
    await untilGone(parent);
    await untilGone(task.pid);
  });
});

it('a warm process that can not be started leaves the tasks to fresh ones', { skip: !isLinux }, () => {
  const script = `
    const warm = warmBackend({ start: () => { throw new Error(); } });
    warm.prepare([${JSON.stringify(profile())}]);
    await warm.settled();
    console.log(warm.leftOut().get('*'));
    warm.close();`;
  assert.equal(withoutFiles({ 'execution/backend/warm.ts': 'warmBackend' }, script), 'the process that loads their packages could not be started: spawn python3 EMFILE\n');
});
