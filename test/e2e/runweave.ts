/** Drives the command line as it ships: `dist/cli.cjs` in a process of its own, on a workspace in a temporary folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { RunEvent } from '../../src/model/run-event.ts';
import type { RunResult } from '../../src/protocol/session.ts';

export const repository = path.join(import.meta.dirname, '..', '..');
const cli = path.join(repository, 'dist', 'cli.cjs');

export type JsonLine = RunEvent | { readonly type: 'sealed' | 'recovered'; readonly result: RunResult } | { readonly type: 'problem'; readonly code: string; readonly message: string };

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Workspace {
  readonly folder: string;
  readonly write: (relative: string, text: string) => void;
  readonly read: (relative: string) => string;
  /** Runs to the end. */
  readonly runweave: (...args: readonly string[]) => Promise<Ended>;
  /** `run --json`: the tasks that were executed, sorted, and all lines. */
  readonly run: (...args: readonly string[]) => Promise<{ readonly code: number | null; readonly executed: readonly string[]; readonly lines: readonly JsonLine[] }>;
  /** Starts a command with `--json` and hands its lines on as they come. */
  readonly start: (...args: readonly string[]) => Running;
}

export interface Running {
  readonly process: ChildProcess;
  readonly lines: readonly JsonLine[];
  /** Resolves with the first line, from `from` on, of which `match` holds; rejects when the process ends before. */
  readonly until: (match: (line: JsonLine) => boolean, from?: number) => Promise<JsonLine>;
  readonly ended: Promise<Ended>;
}

/** A folder with these files, removed after the test. */
export function workspace(context: TestContext, files: Readonly<Record<string, string>>): Workspace {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-e2e-'));
  context.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const [name, text] of Object.entries(files)) writeInto(folder, name, text);
  return workspaceIn(context, folder);
}

/** A copy of an example, with the environment of the original. */
export function exampleWorkspace(context: TestContext, name: string): Workspace {
  const folder = mkdtempSync(path.join(tmpdir(), 'runweave-e2e-'));
  context.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const source = path.join(repository, 'examples', name);
  cpSync(source, folder, { recursive: true, filter: (file) => !/[/\\](\.venv|\.runweave|build|__pycache__)([/\\]|$)/.test(file.slice(source.length)) });
  symlinkSync(path.join(source, '.venv'), path.join(folder, '.venv'), 'junction');
  return workspaceIn(context, folder);
}

function writeInto(folder: string, relative: string, text: string): void {
  const file = path.join(folder, relative);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function workspaceIn(context: TestContext, folder: string): Workspace {
  const start: Workspace['start'] = (...args) => {
    const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } });
    context.after(() => child.kill('SIGKILL'));
    const lines: JsonLine[] = [];
    let waiters: (() => void)[] = [];
    const wake = (): void => {
      const woken = waiters;
      waiters = [];
      for (const each of woken) each();
    };
    let stdout = '';
    let stderr = '';
    let rest = '';
    let isOver = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) if (part.startsWith('{')) lines.push(JSON.parse(part) as JsonLine);
      wake();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<Ended>((resolve) => {
      child.on('close', (code) => {
        isOver = true;
        wake();
        resolve({ code, stdout, stderr });
      });
    });
    const until: Running['until'] = async (match, from = 0) => {
      for (;;) {
        const found = lines.slice(from).find(match);
        if (found !== undefined) return found;
        if (isOver) throw new Error(`runweave ${args.join(' ')} ended before the awaited line.\n${stdout.slice(-3000)}\n${stderr}`);
        await new Promise<void>((resolve) => waiters.push(resolve));
      }
    };
    return { process: child, lines, until, ended };
  };
  const runweave: Workspace['runweave'] = (...args) => start(...args).ended;
  const run: Workspace['run'] = async (...args) => {
    const running = start('run', '--json', ...args);
    const { code, stderr } = await running.ended;
    if (code === 2) throw new Error(stderr);
    return { code, lines: running.lines, executed: executedTasks(running.lines) };
  };
  return { folder, write: (relative, text) => writeInto(folder, relative, text), read: (relative) => readFileSync(path.join(folder, relative), 'utf8'), runweave, run, start };
}

/** Ids of the tasks of which an attempt was started, sorted, each once. */
export function executedTasks(lines: readonly JsonLine[]): readonly string[] {
  return [...new Set(lines.flatMap((line) => (line.type === 'attempt-started' ? [line.task as string] : [])))].sort();
}
