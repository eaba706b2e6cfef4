/**
 * Processes of this machine. Each attempt leads a process group of its own, so that its whole tree can be ended and
 * an interrupt typed in the terminal reaches the executor alone, which then ends the tasks in order.
 *
 * Windows has no process groups in this sense: there the tree is ended with `taskkill /T`, and there is no polite
 * signal, so tasks end at once.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import type { Backend, ProcessEnd, ProcessRequest, RunningProcess } from './backend.ts';
import { killProcessesWith, lookAfter } from './descendants.ts';
import { takeOutputPipes, type OutputPipe } from './output-pipes.ts';
import { spawnWithoutShell } from './plain-command.ts';

/** How long a task may take to end after SIGTERM. */
export const grace = 3000;
/** How long output is waited for after the process has ended, when something still holds its pipes open. */
export const drain = 500;

/** Bytes of one argument or variable, with the zero at its end (MAX_ARG_STRLEN, execve(2)). */
const longestOnLinux = 128 * 1024;

/** What is started is there when `start` returns. */
export interface DirectBackend extends Backend {
  readonly start: (request: ProcessRequest) => RunningProcess;
}

export function localBackend(): DirectBackend {
  return { start };
}

function start(request: ProcessRequest): RunningProcess {
  const [program = '', ...args] = request.command;
  const pipes = takeOutputPipes();
  const began = performance.now();
  let child: ChildProcess;
  try {
    child =
      (pipes && spawnWithoutShell(request, pipes)) ??
      spawn(program, args, {
        cwd: request.cwd,
        env: request.env,
        detached: process.platform !== 'win32',
        stdio: ['ignore', pipes?.stdout.writing ?? 'pipe', pipes?.stderr.writing ?? 'pipe'],
        windowsHide: true,
        // cmd.exe parses the command itself, as `npm run` has it.
        windowsVerbatimArguments: process.platform === 'win32' && /cmd(\.exe)?$/i.test(program),
      });
  } catch (error) {
    if (pipes !== undefined) for (const { reading } of [pipes.stdout, pipes.stderr]) closeSync(reading);
    return { pid: 0, ended: Promise.resolve({ type: 'start-failed', message: startFailure(error as NodeJS.ErrnoException, request) }), stop: () => false };
  } finally {
    if (pipes !== undefined) for (const { writing } of [pipes.stdout, pipes.stderr]) closeSync(writing);
  }
  const outputs = { stdout: readable(pipes?.stdout) ?? child.stdout, stderr: readable(pipes?.stderr) ?? child.stderr };
  const pid = child.pid ?? 0;
  let killTimer: NodeJS.Timeout | undefined;
  const ended = new Promise<ProcessEnd>((resolve) => {
    let end: ProcessEnd | undefined;
    let open = 2;
    let hasExited = false;
    let drainTimer: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(drainTimer);
      clearTimeout(killTimer);
      resolve(end ?? { type: 'start-failed', message: 'the process ended without a status' });
    };
    const finishIfOver = (): void => {
      if (hasExited && open === 0) finish();
    };
    for (const stream of ['stdout', 'stderr'] as const) {
      // Bytes of one character may come in two pieces; what is no UTF-8 becomes U+FFFD.
      const decoder = new StringDecoder('utf8');
      outputs[stream]?.on('data', (chunk: Buffer) => request.onOutput(stream, decoder.write(chunk)));
      outputs[stream]?.on('end', () => {
        const rest = decoder.end();
        if (rest !== '') request.onOutput(stream, rest);
      });
      // As if it had ended.
      outputs[stream]?.on('error', () => undefined);
      outputs[stream]?.on('close', () => {
        open -= 1;
        finishIfOver();
      });
    }
    child.on('error', (error) => {
      end ??= { type: 'start-failed', message: startFailure(error, request) };
      if (pid === 0) finish();
    });
    child.on('exit', (code, signal) => {
      end ??= signal !== null ? { type: 'signal', signal } : { type: 'exit', code: code ?? 0 };
      // What the task left behind in its group ends with it: nothing of a task outlives the task.
      // (Windows can't tell which processes were started by one that is gone, and gives its id to the next.)
      if (process.platform !== 'win32') signalGroup(pid, 'SIGKILL');
      killProcessesWith(marksOf(request), lookAfter(pid, began));
      drainTimer = setTimeout(() => {
        // After a turn of the loop, in which what is in the pipes is read even if other work held it up until now.
        setImmediate(() => {
          outputs.stdout?.destroy();
          outputs.stderr?.destroy();
          finish();
        });
      }, drain);
      hasExited = true;
      finishIfOver();
    });
  });
  const stop = (): boolean => {
    if (pid === 0 || child.exitCode !== null || child.signalCode !== null) return false;
    if (killTimer === undefined) {
      signalGroup(pid, 'SIGTERM');
      killTimer = setTimeout(() => signalGroup(pid, 'SIGKILL'), grace);
    }
    return true;
  };
  return { pid, ended, stop };
}

function readable(pipe: OutputPipe | undefined): Socket | undefined {
  return pipe && new Socket({ fd: pipe.reading, readable: true, writable: false });
}

/** What a task's processes inherit and no others have; empty for a process that is no task. */
export function marksOf({ env }: Pick<ProcessRequest, 'env'>): readonly string[] {
  return env['RUNWEAVE_TASK'] === undefined ? [] : ['RUNWEAVE_RUN_ID', 'RUNWEAVE_TASK'].map((name) => `${name}=${env[name] ?? ''}`);
}

/** Signals a task's whole group; that it is gone already is what one hopes for. */
export function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid <= 0) return;
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { windowsHide: true, stdio: 'ignore' }).on('error', () => undefined);
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: nobody is left in the group.
  }
}

/** What is told when a program could not be started. */
export function startFailure(error: NodeJS.ErrnoException, { command, cwd, env }: Pick<ProcessRequest, 'command' | 'cwd' | 'env'>): string {
  const [program = ''] = command;
  if (error.code === 'ENOENT') return `${program} or the working directory ${cwd} does not exist`;
  if (error.code === 'EACCES') return `${program} may not be executed: check its permissions`;
  if (error.code === 'E2BIG') return tooLong(command, env);
  return error.message;
}

function tooLong(command: readonly string[], env: ProcessRequest['env']): string {
  const parts = [
    ...command.map((text) => ({ of: 'its command', text })),
    ...Object.entries(env).map(([name, value]) => ({ of: `its environment variable ${name}`, text: `${name}=${value}` })),
  ].map(({ of, text }) => ({ of, bytes: Buffer.byteLength(text) + 1 }));
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const { of, bytes } = parts.reduce((longest, part) => (part.bytes > longest.bytes ? part : longest));
  const limit = bytes > longestOnLinux ? `${of} has ${bytes} bytes, and Linux takes ${longestOnLinux} (128 KiB) for one argument or variable` : `its command and environment variables have ${total} bytes together, and the system takes no more than \`getconf ARG_MAX\` says`;
  return `could not be started: ${limit}. Do not write a long parameter into it by \${params.…}: give it to the task as one of its params, which are in the JSON file that $RUNWEAVE_PARAMS names`;
}
