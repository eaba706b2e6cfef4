/**
 * The user's own Python: what was chosen (setting, VS Code's Python extension), an activated environment, the
 * workspace's virtual environment, then python3.
 *
 * A version manager's shim is resolved by asking the interpreter for `sys.executable`, once: starting through a shim
 * costs three times as much for every task. A virtual environment's `bin/python` is a link to its base interpreter
 * and must not be resolved further, or the environment would be lost.
 */
import { execFile, type ExecFileException } from 'node:child_process';
import { lstatSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Interpreter } from '../protocol/session.ts';

const run = promisify(execFile);

export interface InterpreterQuestion {
  /** Chosen by the user; a name on PATH or a path. */
  readonly chosen?: string;
  readonly chosenBy?: string;
  /** Absolute; where virtual environments are looked for, upwards to `workspace`. */
  readonly folder: string;
  readonly workspace: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** `passedOver` is what the user would expect to be taken and can't be, in a sentence. */
export type FoundInterpreter = { readonly ok: true; readonly interpreter: Interpreter; readonly passedOver?: string } | { readonly ok: false; readonly message: string };

const oldest = [3, 9] as const;
/** Milliseconds. One that hangs is no interpreter; one on a machine with other things to do is slow, a shim above all. */
const longestAnswer = 120_000;
/** The last two lines count: what a site's start-up prints comes before them. */
const script = 'import sys, platform; print(sys.executable); print(platform.python_implementation() + " " + platform.python_version())';

export async function findInterpreter(question: InterpreterQuestion): Promise<FoundInterpreter> {
  const tried: string[] = [];
  let broken: string | undefined;
  for (const { program, origin, required, environment } of candidates(question)) {
    const answer = await ask(program, question.folder, question.environment);
    if ('executable' in answer) {
      const { executable, version } = answer;
      const passedOver = broken && `${broken}; tasks run with ${version} (${origin}) instead: make the environment anew, or remove it`;
      return { ok: true, interpreter: { path: executable, version, origin }, ...(passedOver !== undefined && { passedOver }) };
    }
    if (environment !== undefined) broken ??= `the Python environment ${nameOf(environment, question.folder)} can't be used: its ${nameOf(program, environment)} ${isDangling(program) ? 'leads to a Python that is no longer there' : answer.message === 'not found' ? 'is missing' : answer.message}`;
    tried.push(`${program} (${origin}): ${answer.message}`);
    if (required) break;
  }
  return { ok: false, message: `no Python interpreter could be started. Tried ${tried.join('; ')}. Install Python 3.9 or newer, make a virtual environment in .venv, or choose an interpreter.` };
}

/** Changes when the interpreter is removed or replaced, or its virtual environment is made anew. */
export function interpreterStamp({ path: executable }: Interpreter): string {
  return stampOf([executable, path.join(path.dirname(executable), '..', 'pyvenv.cfg')]);
}

/** Changes when a virtual environment is made, or removed, that may be taken in the place of what was found. */
export function environmentsStamp({ chosen, folder, workspace, environment }: InterpreterQuestion): string {
  if (chosen !== undefined) return '';
  const active = environment['VIRTUAL_ENV'] ?? '';
  const places = [...(active === '' ? [] : [active]), ...environmentsAt(folder, workspace)];
  return stampOf(places.flatMap((place) => [path.join(place, 'pyvenv.cfg'), pythonIn(place)]));
}

function stampOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats === undefined ? '' : `${stats.ino} ${stats.mtimeMs}`;
    })
    .join();
}

interface Candidate {
  readonly program: string;
  readonly origin: string;
  readonly required: boolean;
  /** The virtual environment that it is the Python of: absolute. */
  readonly environment?: string;
}

function* candidates(question: InterpreterQuestion): Generator<Candidate> {
  if (question.chosen !== undefined) yield { program: question.chosen, origin: question.chosenBy ?? 'setting', required: true };
  const active = question.environment['VIRTUAL_ENV'];
  if (active !== undefined && active !== '') yield { program: pythonIn(active), origin: 'VIRTUAL_ENV', required: false, environment: active };
  for (const environment of environmentsAt(question.folder, question.workspace)) {
    if (statSync(path.join(environment, 'pyvenv.cfg'), { throwIfNoEntry: false })?.isFile() === true) yield { program: pythonIn(environment), origin: path.basename(environment), required: false, environment };
  }
  const conda = question.environment['CONDA_PREFIX'];
  if (conda !== undefined && conda !== '') yield { program: process.platform === 'win32' ? path.join(conda, 'python.exe') : path.join(conda, 'bin', 'python'), origin: 'CONDA_PREFIX', required: false };
  if (process.platform !== 'win32') yield { program: 'python3', origin: 'python3 on PATH', required: false };
  yield { program: 'python', origin: 'python on PATH', required: false };
  // The installer of python.org puts its launcher on PATH, and Python itself only if asked to.
  if (process.platform === 'win32') yield { program: 'py', origin: 'py launcher', required: false };
}

function pythonIn(environment: string): string {
  return process.platform === 'win32' ? path.join(environment, 'Scripts', 'python.exe') : path.join(environment, 'bin', 'python');
}

/** Where virtual environments are looked for, in this order. */
function* environmentsAt(folder: string, workspace: string): Generator<string> {
  for (const place of upwards(folder, workspace)) for (const name of ['.venv', 'venv', 'env']) yield path.join(place, name);
}

/** As people in `folder` would write it. */
function nameOf(file: string, folder: string): string {
  const relative = path.relative(folder, file);
  return relative.startsWith('..') ? file : relative;
}

/** As after an upgrade, or the removal, of the Python that an environment was made with. */
function isDangling(program: string): boolean {
  return statSync(program, { throwIfNoEntry: false }) === undefined && lstatSync(program, { throwIfNoEntry: false }) !== undefined;
}

/** `folder` and its parents, up to `last` included. */
function* upwards(folder: string, last: string): Generator<string> {
  for (let current = folder; ; current = path.dirname(current)) {
    yield current;
    if (current === last || current === path.dirname(current) || path.relative(last, current).startsWith('..')) return;
  }
}

async function ask(program: string, cwd: string, env: InterpreterQuestion['environment']): Promise<{ readonly executable: string; readonly version: string } | { readonly message: string }> {
  try {
    // -I: a `platform.py` of the user's must not be imported in place of Python's own.
    const { stdout } = await run(program, ['-I', '-c', script], { cwd, env: { ...env }, timeout: longestAnswer, windowsHide: true });
    const [executable = '', version = ''] = stdout.trim().split(/\r?\n/).slice(-2);
    const [, major = 0, minor = 0] = (/ (\d+)\.(\d+)/.exec(version) ?? []).map(Number);
    if (!path.isAbsolute(executable) || major === 0) return { message: 'did not say where it is' };
    if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) return { message: `is ${version}, which is too old` };
    return { executable, version };
  } catch (error) {
    return { message: whyNot(error as ExecFileException & { readonly stderr?: string }) };
  }
}

function whyNot({ code, signal, stderr = '' }: ExecFileException & { readonly stderr?: string }): string {
  if (code === 'ENOENT') return 'not found';
  if (code === 'EACCES') return 'may not be executed';
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return `${signal ? `was ended by ${signal}` : `ended with ${code ?? 'an error'}`}${last === '' ? '' : `: ${last}`}`;
}
