/** Drives the bundled command line as a user does: arguments in, output and exit code out. Never sleeps: it waits for output. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';

export const cliFile = join(import.meta.dirname, '..', '..', 'dist', 'cli.cjs');

// Of the whole file: `after` within another hook would come right after that hook.
const folders: string[] = [];
const children: ChildProcess[] = [];
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 })));
});

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProcess {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when `pattern` is in stdout; rejects when the process ends before. */
  readonly until: (pattern: RegExp) => Promise<void>;
  readonly finished: Promise<Finished>;
}

export interface CliOptions {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Variables of the machine that would change what is printed. */
const neutral = { NO_COLOR: undefined, FORCE_COLOR: undefined, CI: undefined, VIRTUAL_ENV: undefined, NODE_OPTIONS: undefined };

export function startCli(args: readonly string[], { cwd, environment = {} }: CliOptions): CliProcess {
  return follow(spawn(process.execPath, [cliFile, ...args], { cwd, env: { ...process.env, ...neutral, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] }));
}

export function runCli(args: readonly string[], options: CliOptions): Promise<Finished> {
  return startCli(args, options).finished;
}

const python = `import pty, sys, os
status = pty.spawn(sys.argv[1:])
sys.exit(os.waitstatus_to_exitcode(status))`;

/** The same on a pseudo-terminal: stdin, stdout and stderr are one. */
export function startCliOnTerminal(args: readonly string[], { cwd, environment = {} }: CliOptions): CliProcess {
  return follow(
    spawn('python3', ['-c', python, process.execPath, cliFile, ...args], { cwd, env: { ...process.env, ...neutral, TERM: 'xterm-256color', ...environment }, stdio: ['pipe', 'pipe', 'pipe'] }),
  );
}

function follow(child: ChildProcess): CliProcess {
  const text = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      for (const look of waiting) look();
    });
  }
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(limit);
      resolve({ code, ...text });
    });
  });
  // A command that hangs fails its test with what it printed, instead of keeping all tests waiting.
  const limit = setTimeout(() => child.kill('SIGKILL'), 300_000);
  children.push(child);
  return {
    process: child,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(text.stdout)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        void finished.then(({ code }) => reject(new Error(`ended with ${String(code)} before ${String(pattern)} was printed:\n${text.stdout}\n${text.stderr}`)));
        look();
      }),
    finished,
  };
}

/** A temporary folder with these files, gone after the tests of the calling file. */
export async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'runweave-e2e-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** A line of a stack trace of ours; those of the user's tasks are Python's. */
export const stackTrace = /^\s+at .*(\.[cm]?js|\.ts|node:)/m;
