/**
 * Commands of the shell that are a program and plain words, started without it where `/bin/sh` is dash. As
 * `spawn_without_shell` in `src/python/_runweave/spawner.py`; docs/decisions/0045-a-plain-command-needs-no-shell.md says
 * which and why.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, realpathSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { statOf } from '../../fingerprint/stat-of.ts';
import type { ProcessRequest } from './backend.ts';
import type { OutputPipes } from './output-pipes.ts';

/** Nothing in it means something to a shell, but `=` in the first word, and `>`. */
const plain = /^[\w\-+,./:%@= >]+$/;
/** Its own commands and keywords. */
const shellWords = new Set(
  '. : alias bg break case cd chdir command continue do done echo elif else esac eval exec exit export false fc fg fi for getopts hash if in jobs kill local printf pwd read readonly return set shift test then times trap true type ulimit umask unalias unset until wait while'.split(
    ' ',
  ),
);
/** What it does not hand on as it was. */
const shellVariables = ['IFS', 'OPTIND', 'PPID'];

let isDash: boolean | undefined;

/** `undefined` where a shell is needed. */
export function spawnWithoutShell({ command, cwd, env }: Pick<ProcessRequest, 'command' | 'cwd' | 'env'>, { stdout, stderr }: OutputPipes): ChildProcess | undefined {
  const [shell, e, c, text = ''] = command;
  if (command.length !== 4 || shell !== '/bin/sh' || e !== '-e' || c !== '-c') return undefined;
  const words = plainWords(text);
  if (words === undefined || shellVariables.some((name) => env[name] !== undefined) || !hasDash()) return undefined;
  const output = words.at(-2) === '>' ? words.splice(-2)[1] : undefined;
  const [name = '', ...args] = words;
  let file: number | undefined;
  try {
    const here = statSync(cwd);
    const program = programOf(name, cwd, env['PATH'] ?? '', here);
    if (program === undefined) return undefined;
    // What is there already may be a pipe, at which this process would wait for a reader.
    if (output !== undefined) file = openSync(from(cwd, output), 'wx', 0o666);
    const said = env['PWD'] ?? '';
    const there = said.startsWith('/') ? statOf(said) : undefined;
    const PWD = there?.ino === here.ino && there.dev === here.dev ? said : realpathSync(cwd);
    const seen = Object.fromEntries(Object.entries(env).filter(([each]) => /^[A-Za-z_]\w*$/.test(each)));
    const child = spawn(program, args, { argv0: name, cwd, env: { ...seen, PWD }, detached: true, stdio: ['ignore', file ?? stdout.writing, stderr.writing] });
    if (child.pid !== undefined) return child;
    child.on('error', () => undefined);
  } catch {
    // The shell says what is wrong, or knows what to do.
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return undefined;
}

function hasDash(): boolean {
  isDash ??= process.platform === 'linux' && path.basename(realpathSync('/bin/sh')) === 'dash';
  return isDash;
}

/** The last but one may be `>`. */
function plainWords(command: string): string[] | undefined {
  const text = command.replace(/^[ \n]+|[ \n]+$/g, '');
  if (!plain.test(text)) return undefined;
  const words = text.split(/ +/);
  const [name = ''] = words;
  const isRedirected = words.at(-2) === '>';
  if (words.some((word, at) => (word.includes('>') && !(isRedirected && at === words.length - 2)) || word.endsWith('setsid'))) return undefined;
  return /^[-+>]|=/.test(name) || shellWords.has(name) ? undefined : words;
}

/** As dash finds it. On a file system that is neither the system's nor the task's, it may be waited for. */
function programOf(name: string, cwd: string, search: string, here: Stats): string | undefined {
  if (search === '' || search.includes('%')) return undefined;
  for (const folder of name.includes('/') ? [''] : search.split(':')) {
    const candidate = folder === '' ? name : `${folder}/${name}`;
    const stats = statOf(from(cwd, candidate));
    if (stats?.isFile() !== true) continue;
    try {
      accessSync(from(cwd, candidate), constants.X_OK);
    } catch {
      continue;
    }
    return stats.dev === here.dev || stats.dev === statOf('/')?.dev ? candidate : undefined;
  }
  return undefined;
}

/** Not joined, which would resolve `..` before links. */
function from(cwd: string, file: string): string {
  return file.startsWith('/') ? file : `${cwd}/${file}`;
}
