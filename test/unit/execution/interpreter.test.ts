import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { environmentsStamp, findInterpreter, type FoundInterpreter, type InterpreterQuestion } from '../../../src/execution/interpreter.ts';

/** Of the machine; what `python3` on the path really is. */
const real = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
const realVersion = execFileSync('python3', ['-c', 'import platform; print("CPython " + platform.python_version())'], { encoding: 'utf8' }).trim();

let root = '';
let workspace = '';
let venv = '';
before(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'runweave-interpreter-')));
  venv = path.join(root, 'made');
  execFileSync('python3', ['-m', 'venv', '--without-pip', venv]);
});
after(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  workspace = mkdtempSync(path.join(root, 'workspace-'));
  mkdirSync(path.join(workspace, 'pipelines', 'one'), { recursive: true });
});

/** An executable script. */
function program(file: string, text: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return file;
}

/** A virtual environment, as far as it matters which one is taken. */
function environmentAt(folder: string): string {
  const python = path.join(folder, 'bin', 'python');
  program(python, `echo "${python}"; echo "CPython 3.12.0"`);
  writeFileSync(path.join(folder, 'pyvenv.cfg'), '');
  return python;
}

function find(more: Partial<InterpreterQuestion> = {}): Promise<FoundInterpreter> {
  return findInterpreter({ folder: path.join(workspace, 'pipelines', 'one'), workspace, environment: { PATH: process.env['PATH'] }, ...more });
}

async function found(more?: Partial<InterpreterQuestion>): Promise<{ readonly path: string; readonly version: string; readonly origin: string }> {
  const answer = await find(more);
  assert.ok(answer.ok, answer.ok ? '' : answer.message);
  return answer.interpreter;
}

async function notFound(more: Partial<InterpreterQuestion>): Promise<string> {
  const answer = await find(more);
  assert.ok(!answer.ok);
  return answer.message;
}

describe('the interpreter', () => {
  it('is python3 on the path when there is nothing nearer', async () => {
    assert.deepEqual(await found(), { path: real, version: realVersion, origin: 'python3 on PATH' });
  });

  it('is the real one behind a shim', async () => {
    const calls = path.join(workspace, 'calls');
    const shim = program(path.join(workspace, 'shims', 'python3'), `echo x >> "${calls}"; exec "${real}" "$@"`);
    assert.equal((await found({ environment: { PATH: `${path.dirname(shim)}:${process.env['PATH'] ?? ''}` } })).path, real);
    assert.equal(readFileSync(calls, 'utf8'), 'x\n', 'the shim was asked once');
  });

  it("is a virtual environment's own, not the one that it was made from", async () => {
    const python = path.join(venv, 'bin', 'python');
    assert.deepEqual(await found({ environment: { VIRTUAL_ENV: venv, PATH: process.env['PATH'] } }), { path: python, version: realVersion, origin: 'VIRTUAL_ENV' });
    symlinkSync(venv, path.join(workspace, '.venv'));
    const { path: inWorkspace, origin } = await found();
    assert.equal(origin, '.venv');
    assert.equal(execFileSync(inWorkspace, ['-c', 'import sys; print(sys.prefix != sys.base_prefix)'], { encoding: 'utf8' }).trim(), 'True');
  });

  it('is asked for without the modules of the pipeline in its way', async () => {
    writeFileSync(path.join(workspace, 'pipelines', 'one', 'platform.py'), 'raise SystemExit("the wrong platform")');
    assert.equal((await found()).path, real);
    assert.equal((await found({ environment: { PATH: process.env['PATH'], PYTHONPATH: path.join(workspace, 'pipelines', 'one') } })).path, real);
  });

  it('is found behind what its start-up prints', async () => {
    const noisy = program(path.join(workspace, 'noisy'), `echo welcome; exec "${real}" "$@"`);
    assert.equal((await found({ chosen: noisy })).path, real);
  });

  it('is the first of: chosen, VIRTUAL_ENV, environments from the folder up to the workspace, CONDA_PREFIX, python3, python', async () => {
    const bin = path.join(workspace, 'bin');
    const conda = path.join(workspace, 'conda');
    const active = environmentAt(path.join(workspace, 'active'));
    const candidates: (readonly [origin: string, python: string])[] = [
      ['my choice', program(path.join(workspace, 'chosen'), `echo "${workspace}/chosen"; echo "PyPy 3.10.1"`)],
      ['VIRTUAL_ENV', active],
      ['.venv', environmentAt(path.join(workspace, 'pipelines/one/.venv'))],
      ['venv', environmentAt(path.join(workspace, 'pipelines/one/venv'))],
      ['env', environmentAt(path.join(workspace, 'pipelines/env'))],
      ['.venv', environmentAt(path.join(workspace, '.venv'))],
      ['CONDA_PREFIX', environmentAt(conda)],
      ['python3 on PATH', program(path.join(bin, 'python3'), `echo "${bin}/python3"; echo "CPython 3.9.0"`)],
      ['python on PATH', program(path.join(bin, 'python'), `echo "${bin}/python"; echo "CPython 4.0.0"`)],
    ];
    // Above the workspace: never looked at.
    environmentAt(path.join(root, '.venv'));
    for (const [index, [origin, python]] of candidates.entries()) {
      const interpreter = await found({ ...(index === 0 && { chosen: python, chosenBy: origin }), environment: { PATH: bin, VIRTUAL_ENV: path.join(workspace, 'active'), CONDA_PREFIX: conda } });
      assert.deepEqual([interpreter.origin, interpreter.path], [origin, python]);
      rmSync(python);
    }
    rmSync(path.join(root, '.venv'), { recursive: true });
  });

  it('that was chosen and is none is said, and no other is taken', async () => {
    assert.equal(
      await notFound({ chosen: '/no/python', chosenBy: "VS Code's Python extension" }),
      "no Python interpreter could be started. Tried /no/python (VS Code's Python extension): not found. Install Python 3.9 or newer, make a virtual environment in .venv, or choose an interpreter.",
    );
    assert.match(await notFound({ chosen: '/no/python' }), /\(setting\)/);
  });

  it('may be chosen by a path relative to the pipeline', async () => {
    symlinkSync(venv, path.join(workspace, 'pipelines', 'one', 'mine'));
    assert.equal((await found({ chosen: './mine/bin/python' })).version, realVersion);
  });

  it('must be new enough, and say what it is', async () => {
    const old = program(path.join(workspace, 'old'), 'echo /usr/bin/python; echo "CPython 3.8.18"');
    assert.match(await notFound({ chosen: old }), /is CPython 3\.8\.18, which is too old/);
    const silent = program(path.join(workspace, 'silent'), 'exit 0');
    assert.match(await notFound({ chosen: silent }), /did not say where it is/);
    const broken = program(path.join(workspace, 'broken'), 'exit 9');
    assert.match(await notFound({ chosen: broken }), /\(setting\): ended with 9\. /);
    const loud = program(path.join(workspace, 'loud'), 'echo "a library is missing" >&2; exit 127');
    assert.match(await notFound({ chosen: loud }), /\(setting\): ended with 127: a library is missing\. /);
    const killed = program(path.join(workspace, 'killed'), 'kill -KILL $$');
    assert.match(await notFound({ chosen: killed }), /\(setting\): was ended by SIGKILL\. /);
  });

  it('of an environment that is broken is passed over, which is said', async () => {
    const passedOver = async (more?: Partial<InterpreterQuestion>): Promise<string | undefined> => {
      const answer = await find(more);
      return answer.ok ? answer.passedOver : answer.message;
    };
    const instead = `tasks run with ${realVersion} (python3 on PATH) instead: make the environment anew, or remove it`;
    assert.equal(await passedOver(), undefined);
    const near = path.join(workspace, 'pipelines', 'one', '.venv');
    const python = environmentAt(near);
    assert.equal(await passedOver(), undefined);
    rmSync(python);
    assert.equal(await passedOver(), `the Python environment .venv can't be used: its bin/python is missing; ${instead}`);
    symlinkSync(path.join(root, 'python3.9 that was removed'), python);
    assert.equal(await passedOver(), `the Python environment .venv can't be used: its bin/python leads to a Python that is no longer there; ${instead}`);
    rmSync(near, { recursive: true });
    const active = path.join(workspace, 'active');
    program(path.join(active, 'bin', 'python'), 'echo "no libpython" >&2; exit 127');
    assert.equal(await passedOver({ environment: { PATH: process.env['PATH'], VIRTUAL_ENV: active } }), `the Python environment ${active} can't be used: its bin/python ended with 127: no libpython; ${instead}`);
  });

  it('that does not start lets the next have its turn', async () => {
    environmentAt(path.join(workspace, '.venv'));
    rmSync(path.join(workspace, '.venv', 'bin', 'python'));
    assert.equal((await found()).origin, 'python3 on PATH');
    assert.match(await notFound({ environment: { PATH: path.join(workspace, 'empty') } }), /\(\.venv\): not found; python3 \(python3 on PATH\): not found; python \(python on PATH\): not found/);
  });

  it('may be another when an environment comes or goes, and not when one was chosen', () => {
    const stamp = (more: Partial<InterpreterQuestion> = {}): string => environmentsStamp({ folder: path.join(workspace, 'pipelines', 'one'), workspace, environment: { VIRTUAL_ENV: path.join(workspace, 'active') }, ...more });
    const before = stamp();
    const seen = new Set([before]);
    for (const place of [path.join(workspace, 'env'), path.join(workspace, 'pipelines', '.venv'), path.join(workspace, 'active')]) {
      mkdirSync(place, { recursive: true });
      // First it is known as one, then it has a Python.
      writeFileSync(path.join(place, 'pyvenv.cfg'), '');
      seen.add(stamp());
      environmentAt(place);
      seen.add(stamp());
    }
    assert.equal(seen.size, 7);
    for (const place of ['env', 'pipelines/.venv', 'active']) rmSync(path.join(workspace, place), { recursive: true });
    assert.equal(stamp(), before);
    const chosen = stamp({ chosen: real });
    environmentAt(path.join(workspace, '.venv'));
    assert.equal(stamp({ chosen: real }), chosen);
  });
});
